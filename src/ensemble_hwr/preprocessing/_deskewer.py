"""Deskew letters by their moments: a horizontal shear that makes them upright."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import Interval
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer, without_negative

Values = NDArray[np.float32]


class Deskewer(PictureTransformer):
    """Deskew letters: shear them horizontally until their ink has no slant.

    The line with the least mean square horizontal distance to the ink becomes vertical: its slope is the ratio of the
    central moments ``mu_11 / mu_02``. The centre of mass stays in place [1]_. Deskewing removes the slant by which
    writers differ. It also removes the slant that belongs to the shape of a letter, such as an L, for all writers
    equally.

    Parameters
    ----------
    limit : float, default=1.0
        Greatest slope that is removed, in pixels to the side per pixel downwards, above 0; 1 is 45 degrees.
    image_shape : tuple of int, default=None
        ``(height, width)`` of the pictures in the rows. None means that they are square.

    Attributes
    ----------
    n_features_in_ : int
        Pixels in a row.
    image_shape_ : tuple of int
        Height and width of the pictures.

    See Also
    --------
    GradientFeatures : Features of the rows.

    References
    ----------
    .. [1] R. G. Casey, "Moment normalization of handprinted characters", IBM Journal of Research and Development 14
       (1970) 548-557; as in Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
       recognition", Proceedings of the IEEE 86 (1998) 2278-2324.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing import Deskewer
    >>> leaning = np.eye(5, dtype=np.float32)
    >>> Deskewer().fit_transform(leaning.reshape(1, -1)).reshape(5, 5)
    array([[0., 0., 1., 0., 0.],
           [0., 0., 1., 0., 0.],
           [0., 0., 1., 0., 0.],
           [0., 0., 1., 0., 0.],
           [0., 0., 1., 0., 0.]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "limit": [Interval(Real, 0, None, closed="neither")],
        "image_shape": [tuple, list, None],
    }

    def __init__(self, limit: float = 1.0, *, image_shape: tuple[int, int] | None = None) -> None:
        self.limit = limit
        self.image_shape = image_shape

    def macs_per_row(self) -> float:
        """Return the number of multiply-accumulates (MACs) per row.

        Two sums along x and two interpolations take 4 per pixel.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        return float(4 * height * width)

    def _change(self, pictures: Pictures) -> Pictures:
        slope, middle = estimate_slant(pictures)
        return shear(pictures, np.clip(slope, -self.limit, self.limit), middle)


def estimate_slant(pictures: Pictures) -> tuple[Values, Values]:
    """Estimate the slant of letters by the moments of their ink.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)

    Returns
    -------
    slope : ndarray of float32, shape (n,)
        Columns to the right per row downwards; 0 for pictures without ink.
    middle : ndarray of float32, shape (n,)
        Row of the centre of mass; the middle of the frame for pictures without ink.
    """
    _, height, width = pictures.shape
    ink = without_negative(pictures)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    in_row = ink.sum(axis=2)
    along = (ink * x).sum(axis=2)
    mass = np.maximum(in_row.sum(axis=1), np.float32(1e-6))
    middle = (in_row * y).sum(axis=1) / mass
    off = y - middle[:, None]
    variance = (in_row * off**2).sum(axis=1)
    covariance = (along * off).sum(axis=1)  # off has mean 0, so the mean of x is not needed
    slope = np.divide(covariance, variance, out=np.zeros_like(variance), where=variance > 1e-3 * mass)
    return slope, middle + np.float32((height - 1) / 2)


def shear(pictures: Pictures, slope: Values, pivot: Values) -> Pictures:
    """Shear pictures horizontally, with linear interpolation; outside of the pictures is paper.

    Pixel (y, x) of the result is the value at (y, x + slope * (y - pivot)).

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    slope : ndarray of float32, shape (n,)
        Columns to the left per row downwards.
    pivot : ndarray of float32, shape (n,)
        Row that stays in place, in pixels from the centre of the first row.

    Returns
    -------
    ndarray of float32, shape (n, height, width)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing._deskewer import shear
    >>> shear(np.eye(3, dtype=np.float32)[None], np.float32([1]), np.float32([1]))[0]
    array([[0., 1., 0.],
           [0., 1., 0.],
           [0., 1., 0.]], dtype=float32)
    """
    n, height, width = pictures.shape
    shift = slope[:, None] * (np.arange(height, dtype=np.float32) - pivot[:, None])
    whole = np.floor(shift)
    fraction = (shift - whole)[:, :, None]
    # windows of a row and one more pixel; the padding is as wide as a row can be shifted
    before = width + 1
    padded = np.zeros((n, height, before + 2 * width + 1), dtype=np.float32)
    padded[:, :, before : before + width] = pictures
    start = np.clip(whole, -before, width).astype(np.intp) + before
    windows = sliding_window_view(padded, width + 1, axis=2)
    shifted = windows[np.arange(n)[:, None], np.arange(height), start]
    step = shifted[:, :, 1:] - shifted[:, :, :-1]
    step *= fraction
    sheared: Pictures = np.add(shifted[:, :, :-1], step, out=step)
    return sheared
