"""Generate synthetic handwriting: letters as pen strokes of simulated writers.

The letters serve demonstrations, tests and examples without a download, and give access to the pen strokes.
"""

from ensemble_hwr.datasets.handwriting._generate import generate_letters
from ensemble_hwr.datasets.handwriting._render import render_strokes
from ensemble_hwr.datasets.handwriting._strokes import letter_strokes
from ensemble_hwr.datasets.handwriting._style import WriterStyle, allograph_names

__all__ = [
    "WriterStyle",
    "allograph_names",
    "generate_letters",
    "letter_strokes",
    "render_strokes",
]
