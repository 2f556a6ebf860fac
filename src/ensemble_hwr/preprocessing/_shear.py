"""Pictures pushed sideways, each row of pixels as far as it is high."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures

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
    # windows of a row and one pixel more, between as much paper on each side as a row may be pushed
    before = width + 1
    padded = np.zeros((n, height, before + 2 * width + 1), dtype=np.float32)
    padded[:, :, before : before + width] = pictures
    start = np.clip(whole, -before, width).astype(np.intp) + before
    windows = sliding_window_view(padded, width + 1, axis=2)
    moved = windows[np.arange(n)[:, None], np.arange(height), start]
    between = moved[:, :, 1:] - moved[:, :, :-1]
    between *= part
    sheared: Pictures = np.add(moved[:, :, :-1], between, out=between)
    return sheared
