"""Letters set upright by their moments."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import Interval
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer
from ensemble_hwr.preprocessing._shear import shear


class Deskewer(PictureTransformer):
    """Shear letters until their ink leans neither way.

    The line from which the ink has the least horizontal square distance gets upright: its slope is the ratio of the
    central moments ``mu_11 / mu_02``, and the centre of mass stays where it is [1]_. It removes slant as writers
    differ in it, and the lean that a letter's form has (an L) along with it, for every writer alike.

    Parameters
    ----------
    limit : float, default=1.0
        Largest slope that is taken out, in pixels sideways for each pixel down; 1 is 45 degrees.
    image_shape : tuple of int, default=None
        ``(height, width)`` of the pictures in the rows. None: they are square.

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

    _parameter_constraints: dict[str, list[Any]] = {
        "limit": [Interval(Real, 0, None, closed="neither")],
        "image_shape": [tuple, list, None],
    }

    def __init__(self, limit: float = 1.0, *, image_shape: tuple[int, int] | None = None) -> None:
        self.limit = limit
        self.image_shape = image_shape

    def macs_per_row(self) -> float:
        """Arithmetic spent on one row, in MACs.

        Two sums along x and two values between pixels take 4 for each pixel.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        return float(4 * height * width)

    def _change(self, pictures: Pictures) -> Pictures:
        slope, middle = lean(pictures)
        return shear(pictures, np.clip(slope, -self.limit, self.limit), middle)


def lean(pictures: Pictures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slope and middle height of the ink of pictures (n, height, width); 0 and the frame's middle without ink."""
    _, height, width = pictures.shape
    ink = pictures.clip(0)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    in_row = ink.sum(axis=2)
    along = (ink * x).sum(axis=2)
    mass = np.maximum(in_row.sum(axis=1), np.float32(1e-6))
    middle = (in_row * y).sum(axis=1) / mass
    off = y - middle[:, None]
    spread = (in_row * off**2).sum(axis=1)
    together = (along * off).sum(axis=1)  # off has mean 0, so the mean of x drops out
    slope = np.divide(together, spread, out=np.zeros_like(spread), where=spread > 1e-3 * mass)
    return slope, middle + np.float32((height - 1) / 2)
