"""Letters brought to one size by their moments, narrow ones widened."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import Interval, StrOptions
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._coordinates import ASPECTS, Edges, default_box, moment_edges
from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer


class SizeNormalizer(PictureTransformer):
    """Bring letters to one size and place by their moments, with an aspect that depends on their own.

    A box around a letter follows every stray stroke; four standard deviations of its ink on each axis do not. The
    letter's middle, its centre of mass, goes to the frame's middle; its longer side gets as long as the box, and the
    ratio of its sides changes by an aspect function [1]_. What is far from the middle may be cut off. Each pixel
    becomes the mean of what comes to lie on it.

    Parameters
    ----------
    aspect : {"keep", "root", "cube root", "root sine", "fill"}, default="root"
        How the ratio r of the narrow to the long side changes: it stays r, or becomes sqrt(r), cbrt(r),
        sqrt(sin(pi r / 2)), or 1.
    box : float, default=None
        What the longer side gets, in pixels. None takes 6/7 of the shorter side of the frame: 24 pixels of 28.
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
    GradientFeatures : Has the same done to the gradient, sparing the detour through pixels: give it `aspect`.

    References
    ----------
    .. [1] C.-L. Liu, K. Nakashima, H. Sako, H. Fujisawa, "Handwritten digit recognition: investigation of
       normalization and feature extraction techniques", Pattern Recognition 37 (2004) 265-279.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing import SizeNormalizer
    >>> small = np.zeros((1, 784), dtype=np.float32)
    >>> small.reshape(28, 28)[4:10, 5:11] = 1.0
    >>> rows = SizeNormalizer().fit_transform(small)
    >>> picture = rows.reshape(28, 28)
    >>> int((picture.sum(axis=1) > 1).sum()), float(picture[14, 14])
    (22, 1.0)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "aspect": [StrOptions(set(ASPECTS))],
        "box": [Interval(Real, 0, None, closed="neither"), None],
        "image_shape": [tuple, list, None],
    }

    def __init__(
        self,
        aspect: str = "root",
        box: float | None = None,
        *,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.aspect = aspect
        self.box = box
        self.image_shape = image_shape

    def macs_per_row(self) -> float:
        """Arithmetic spent on one row, in MACs.

        The sums along both axes take 2 for each pixel, finding the overlaps 3 for each pair of an old and a new row
        or column of pixels, and the two matrix products one for each of their products.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        overlaps = 3 * (height**2 + width**2)
        return float(2 * height * width + overlaps + height * width * (height + width))

    def _change(self, pictures: Pictures) -> Pictures:
        box = default_box(self.image_shape_) if self.box is None else self.box
        down, across = (_overlaps(edges) for edges in moment_edges(pictures, self.aspect, box))
        changed: Pictures = np.matmul(np.matmul(down, pictures), across.transpose(0, 2, 1))
        return changed


def _overlaps(edges: Edges) -> NDArray[np.float32]:
    """Share of each new pixel that each old one covers, (n, length, length)."""
    new = np.arange(edges.shape[1] - 1, dtype=np.float32)[:, None]
    lower = np.maximum(edges[:, None, :-1], new)
    shares: NDArray[np.float32] = np.minimum(edges[:, None, 1:], new + 1) - lower
    return np.maximum(shares, np.float32(0), out=shares)
