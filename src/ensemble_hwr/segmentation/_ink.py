"""Pictures of words and pages as ink of a size that can be worked on."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from ensemble_hwr._typing import Ink
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import Picture, Polarity, open_picture, to_ink
from ensemble_hwr.images.sources import describe

_MOST_PIXELS = 4_000_000  # larger pictures are averaged over blocks: writing on them is far larger than it need be


def read_ink(picture: Picture, *, polarity: Polarity = "auto", max_pixels: int = 50_000_000) -> tuple[Ink, int]:
    """Open a picture as ink.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
    polarity : {"auto", "dark", "light"}, default="auto"
    max_pixels : int, default=50_000_000
        Larger pictures are refused.

    Returns
    -------
    ink : ndarray of float32, shape (height, width)
    factor : int
        How many of the picture's pixels, in each direction, one of the ink's stands for.

    Raises
    ------
    PictureError
        If the picture cannot be opened or holds no ink; the message names it.
    """
    grey = open_picture(picture, max_pixels=max_pixels)
    factor = max(1, math.ceil(math.sqrt(grey.size / _MOST_PIXELS)))
    if factor > 1:
        grey = np.asarray(Image.fromarray(grey).reduce(factor))
    try:
        return to_ink(grey, polarity=polarity), factor
    except PictureError as error:
        raise PictureError(str(error).replace(describe(grey), describe(picture), 1)) from None
