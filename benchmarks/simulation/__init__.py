"""Simulation of ordinary paper: composed writing, printed lines, light, surroundings and a camera.

The simulation is a part of the benchmarks, not of the library: no estimator is trained on it, its strengths define a
benchmark and are no settings for users, and the distortions that move pixels would have to move the ground truth of
`compose_words` as well. The library composes the writing; this package puts it on paper.
"""

from benchmarks.simulation.catalogue import DISTORTIONS as DISTORTIONS
from benchmarks.simulation.catalogue import MIXTURES as MIXTURES
from benchmarks.simulation.catalogue import STRENGTHS as STRENGTHS
from benchmarks.simulation.sheet import Grey as Grey
from benchmarks.simulation.sheet import Sheet as Sheet
from benchmarks.simulation.surface import blank_sheet as blank_sheet
