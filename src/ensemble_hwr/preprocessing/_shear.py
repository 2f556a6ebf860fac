"""Pictures pushed sideways, each row of pixels as far as it is high."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.float32]
Values = NDArray[np.float32]


def shear(pictures: Pictures, slope: Values, pivot: Values) -> Pictures:
    """Shear pictures horizontally; paper comes in from the sides.

    Pixel (y, x) becomes what was at (y, x + slope * (y - pivot)), between two pixels by linear interpolation.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    slope : ndarray of float32, shape (n,)
        Pixels to the left for each pixel down.
    pivot : ndarray of float32, shape (n,)
        The height that stays where it is, counted in pixels from the middle of the first.

    Returns
    -------
    ndarray of float32, shape (n, height, width)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing._shear import shear
    >>> shear(np.eye(3, dtype=np.float32)[None], np.float32([1]), np.float32([1]))[0]
    array([[0., 1., 0.],
           [0., 1., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    n, height, width = pictures.shape
    shift = slope[:, None] * (np.arange(height, dtype=np.float32) - pivot[:, None])
    whole = np.floor(shift)
    part = (shift - whole)[:, :, None]
    # one column of paper on each side stands for all paper beyond
    padded = np.zeros((n, height, width + 2), dtype=np.float32)
    padded[:, :, 1:-1] = pictures
    left = np.arange(1, width + 1) + whole.astype(np.intp)[:, :, None]
    first = np.take_along_axis(padded, np.clip(left, 0, width + 1), axis=2)
    second = np.take_along_axis(padded, np.clip(left + 1, 0, width + 1), axis=2)
    second -= first
    second *= part
    sheared: Pictures = np.add(first, second, out=second)
    return sheared
