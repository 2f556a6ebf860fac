"""Numbers that several packages share: frames, ink levels and the geometry of handwritten letters, with their units.

A letter height is the median height of the letters of a word, in pixels of its picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_SIDE = 28
"""Pixels per side of the frame of a normalized letter, as in MNIST and EMNIST."""

LETTER_BOX = 20
"""Pixels of the longer side of a normalized letter in its frame, as in MNIST and EMNIST."""

INK_THRESHOLD = 0.25
"""Ink (0 to 1) above which a pixel belongs to a letter: below half, so that thin and faint strokes stay connected."""

FAINT_INK = 0.1
"""Ink (0 to 1) above which a pixel of a frame counts in random variations. Soft edges of strokes are above it."""

MAX_LETTER_WIDTH = 1.7
"""Letter heights: greatest width of one letter, that of a wide M or W. Two letters side by side are wider."""

MAX_GAP_IN_LETTER = 0.3
"""Letter heights: greatest blank gap between two pieces or pen strokes of one letter, such as those of an H or a K."""

MIN_FULL_HEIGHT = 0.6
"""Letter heights: least height of a shape that spans the line, such as an I. Dots, accents and hyphens are lower."""

SUPERSAMPLING = 4
"""Factor by which pen strokes are drawn larger before they are averaged to pixels, for smooth edges."""

EIGHT_CONNECTED: NDArray[np.bool_] = np.ones((3, 3), dtype=bool)
"""Structuring element by which pixels that share an edge or a corner are connected."""
