"""Generate synthetic handwriting: letters, digits and marks as pen strokes of simulated writers.

The letters serve demonstrations, tests and examples without a download, and give access to the pen strokes.
"""

from ensemble_hwr.datasets.handwriting._curves import CHARACTERS as CHARACTERS
from ensemble_hwr.datasets.handwriting._generate import generate_letters as generate_letters
from ensemble_hwr.datasets.handwriting._render import render_strokes
from ensemble_hwr.datasets.handwriting._strokes import letter_strokes
from ensemble_hwr.datasets.handwriting._style import WriterStyle
from ensemble_hwr.datasets.handwriting._style import allograph_names as allograph_names

__all__ = [
    "WriterStyle",
    "letter_strokes",
    "render_strokes",
]
