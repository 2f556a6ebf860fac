"""Canvas: a window in which handwritten words are read while they are written, and the drawings it saves.

All parts except the window itself work without a screen.
"""

from ensemble_hwr.canvas._drawing import Drawing, load_drawing, save_drawing
from ensemble_hwr.canvas._drawing import render as render
from ensemble_hwr.canvas._window import open_window

__all__ = ["Drawing", "load_drawing", "open_window", "save_drawing"]
