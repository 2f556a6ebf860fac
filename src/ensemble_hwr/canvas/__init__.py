"""A window to write in: what is written is read as the pen is lifted.

Everything but the window itself works without a screen.
"""

from ensemble_hwr.canvas._controller import Controller
from ensemble_hwr.canvas._drawing import Drawing, Point, Stroke, render
from ensemble_hwr.canvas._files import load_drawing, save_drawing
from ensemble_hwr.canvas._reading import LetterSeen, Reading
from ensemble_hwr.canvas._view import open_window
from ensemble_hwr.canvas._worker import Worker

__all__ = [
    "Controller",
    "Drawing",
    "LetterSeen",
    "Point",
    "Reading",
    "Stroke",
    "Worker",
    "load_drawing",
    "open_window",
    "render",
    "save_drawing",
]
