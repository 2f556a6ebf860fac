"""A picture that shows what was read, and where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ensemble_hwr.reading._document import Word

Rgb = NDArray[np.uint8]

_COLOURS = ((214, 40, 40), (0, 109, 176))  # of letters, in turn
_LOWEST, _LARGEST = 160, 4  # a smaller picture is enlarged to about this height, by this factor at most
_ROOM = 14  # pixels above for what the letters are


def draw_reading(grey: NDArray[np.uint8], words: Sequence[Word]) -> Rgb:
    """Draw the boxes of letters over their picture, and above each what it was read as.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    words : sequence of Word

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Small pictures are enlarged; there is a little room above.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Word, draw_reading
    >>> letter = Letter(Box(5, 5, 9, 20), "I", 0.9)
    >>> draw_reading(np.full((200, 60), 255, np.uint8), [Word(letter.box, (letter,), "I", 0.9)]).shape
    (214, 60, 3)
    """
    factor = min(_LARGEST, max(1, _LOWEST // grey.shape[0]))
    page = Image.fromarray(grey).convert("RGB")
    page = page.resize((page.width * factor, page.height * factor), Image.Resampling.NEAREST)
    image = Image.new("RGB", (page.width, page.height + _ROOM), "white")
    image.paste(page, (0, _ROOM))
    draw = ImageDraw.Draw(image)
    for place, letter in enumerate(letter for word in words for letter in word.letters):
        colour = _COLOURS[place % len(_COLOURS)]
        left, top, right, bottom = (edge * factor for edge in letter.box)
        draw.rectangle((left, top + _ROOM, right - 1, bottom - 1 + _ROOM), outline=colour)
        draw.text(((left + right) // 2 - 3, max(0, top)), letter.text, fill=colour)
    return np.array(image)
