"""Look up pictures at places between their pixels, many pictures at a time."""

from __future__ import annotations

import numpy as np

from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch


def resample(pictures: Pictures, x: Pictures, y: Pictures, scratch: Scratch) -> Pictures:
    """Interpolate bilinearly; paper surrounds each picture.

    Each value is ``a + fx * b + fy * (c + fx * d)`` of four planes that are differences of neighbouring pixels, so
    one index serves four look-ups and whole places give whole pixels to the bit.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
        Where to look.
    x, y : ndarray of float32, shape (n, m)
        Column and row at which to look, in pixels; the first pixel's middle is at (0, 0). They are overwritten.
    scratch : Scratch
        Lends what is returned, under "found".

    Returns
    -------
    ndarray of float32, shape (n, m)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing.augmentation._resample import Scratch, resample
    >>> picture = np.array([[[0.0, 1.0]]], dtype=np.float32)
    >>> resample(picture, np.float32([[0.25, 1.0, 1.5]]), np.float32([[0.0, 0.0, 0.0]]), Scratch())
    array([[0.25, 1.  , 0.5 ]], dtype=float32)
    """
    n, height, width = pictures.shape
    a, b, c, d = _planes(pictures, scratch)
    left = _split(x, width, scratch.array("left", x.shape))
    top = _split(y, height, scratch.array("top", y.shape))
    top *= np.float32(width + 2)
    top += left
    places = scratch.array("places", x.shape, np.intp)
    np.copyto(places, top, casting="unsafe")
    places += np.arange(0, len(a), len(a) // n)[:, None]
    # mode="clip" spares a check of bounds that _split has already seen to
    found = d.take(places, mode="clip", out=scratch.array("found", x.shape))
    found *= x
    part = c.take(places, mode="clip", out=left)
    found += part
    found *= y
    part = b.take(places, mode="clip", out=left)
    part *= x
    found += part
    part = a.take(places, mode="clip", out=left)
    found += part
    return found


def _planes(pictures: Pictures, scratch: Scratch) -> tuple[Pictures, ...]:
    """Pixels with a border of paper, and what changes to the right, downwards and on both ways; flat."""
    n, height, width = pictures.shape
    step = width + 2
    size = n * (height + 2) * step
    flat = scratch.array("flat", (size + step + 1,))
    flat[:] = 0
    flat[:size].reshape(n, height + 2, step)[:, 1:-1, 1:-1] = pictures
    here, below = flat[:size], flat[step : step + size]
    right, down, both = scratch.array("planes", (3, size))
    np.subtract(flat[1 : size + 1], here, out=right)
    np.subtract(below, here, out=down)
    np.subtract(flat[step + 1 :], below, out=both)
    both -= right
    return here, right, down, both


def _split(places: Pictures, length: int, whole: Pictures) -> Pictures:
    """Count places from the border, keep them within it, leave their fraction and return their whole part."""
    places += np.float32(1)
    np.clip(places, np.float32(0), np.float32(length + 1), out=places)
    np.floor(places, out=whole)
    places -= whole
    return whole
