"""Moment normalization: scale letters to one size by their moments, with an adaptive aspect ratio."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import Interval, StrOptions
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer, without_negative

Edges: TypeAlias = NDArray[np.float32]  # (n, length + 1): new coordinates of the borders between pixels

ASPECTS: dict[str, Callable[[Any], Any]] = {
    "keep": lambda ratio: ratio,
    "root": np.sqrt,
    "cube root": np.cbrt,
    "root sine": lambda ratio: np.sqrt(np.sin(np.pi / 2 * ratio)),
    "fill": np.ones_like,
}
"""Aspect functions by name: the new ratio of the narrow to the long side, as a function of the old one."""


class SizeNormalizer(PictureTransformer):
    """Normalize the size and position of letters by their moments, with an adaptive aspect ratio.

    The bounding box of a letter depends on every stray stroke; four standard deviations of its ink per axis do not.
    The centre of mass moves to the centre of the frame, the longer side is scaled to `box` pixels, and the ratio of
    the sides changes by an aspect function [1]_. Ink far from the centre may be cut off. Each pixel becomes the mean
    of the area that is mapped to it.

    Parameters
    ----------
    aspect : {"keep", "root", "cube root", "root sine", "fill"}, default="root"
        How the ratio r of the narrow to the long side changes: to r, sqrt(r), cbrt(r), sqrt(sin(pi r / 2)), or 1.
    box : float, default=None
        Length of the longer side in pixels, above 0. None means 6/7 of the shorter side of the frame: 24 pixels of 28.
    image_shape : tuple of int, default=None
        ``(height, width)`` of the pictures in the rows. None means that they are square.

    Attributes
    ----------
    n_features_in_ : int
        Pixels in a row.
    image_shape_ : tuple of int
        Height and width of the pictures.
    box_ : float
        Length of the longer side in pixels.

    See Also
    --------
    GradientFeatures : Set its `aspect` to normalize the gradient without resampled pixels in between.

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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
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

    @property
    def box_(self) -> float:
        """Length of the longer side in pixels."""
        return default_box(self.image_shape_) if self.box is None else self.box

    def macs_per_row(self) -> float:
        """Return the number of multiply-accumulates (MACs) per row.

        The sums along both axes take 2 per pixel, the overlaps 3 per pair of an old and a new row or column of pixels,
        and the two matrix products one per product.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        overlaps = 3 * (height**2 + width**2)
        return float(2 * height * width + overlaps + height * width * (height + width))

    def _change(self, pictures: Pictures) -> Pictures:
        down, across = (_overlaps(edges) for edges in moment_edges(pictures, self.aspect, self.box_))
        changed: Pictures = np.matmul(np.matmul(down, pictures), across.transpose(0, 2, 1))
        return changed


def moment_edges(pictures: Pictures, aspect: str, box: float) -> tuple[Edges, Edges]:
    """Map the pixel grid of letters into a box by the moments of their ink.

    On each axis, the centre of a letter is its centre of mass, and its length is four standard deviations of its ink.
    The centre moves to the centre of the frame, the longer side is scaled to the box, and the other side follows from
    the aspect function [1]_. Ink far from the centre may be mapped outside of the frame.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    aspect : {"keep", "root", "cube root", "root sine", "fill"}
        Aspect function.
    box : float
        Length of the longer side in pixels.

    Returns
    -------
    down, across : ndarray of float32, shapes (n, height + 1) and (n, width + 1)
        New coordinates of the upper and left borders of the pixels and of the last border, in pixels of the frame. A
        picture without ink is not moved.

    References
    ----------
    .. [1] C.-L. Liu, K. Nakashima, H. Sako, H. Fujisawa, "Handwritten digit recognition: investigation of
       normalization and feature extraction techniques", Pattern Recognition 37 (2004) 265-279.
    """
    ink = without_negative(pictures)
    by_row = ink.sum(axis=2)
    middle_y, height = _extent(by_row)
    middle_x, width = _extent(ink.sum(axis=1))
    longer = np.maximum(height, width)
    adapted = ASPECTS[aspect](np.minimum(height, width) / longer) * longer
    unit = np.float32(box) / longer
    scale_y = np.where(height < width, adapted / height, 1) * unit
    scale_x = np.where(width < height, adapted / width, 1) * unit
    scale_y, scale_x = (np.where(by_row.any(axis=1), scale, np.float32(1)) for scale in (scale_y, scale_x))
    return _scaled_borders(middle_y, scale_y, pictures.shape[1]), _scaled_borders(middle_x, scale_x, pictures.shape[2])


def default_box(image_shape: tuple[int, int]) -> float:
    """Return 6/7 of the shorter side: 24 pixels of 28."""
    return 6 / 7 * min(image_shape)


def _extent(profile: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean (from the middle) and four standard deviations of profiles (n, length); ink fills its pixels."""
    length = profile.shape[1]
    position = np.arange(length, dtype=np.float32) - np.float32((length - 1) / 2)
    mass = np.maximum(profile.sum(axis=1), np.float32(1e-6))
    mean = (profile * position).sum(axis=1) / mass
    distance = position - mean[:, None]
    distance *= distance
    distance *= profile
    variance = distance.sum(axis=1) / mass
    return mean, 4 * np.sqrt(variance + np.float32(1 / 12))


def _scaled_borders(middle: NDArray[np.float32], scale: NDArray[Any], length: int) -> Edges:
    """Return the borders of the pixels of a side, scaled around `middle`, which moves to the middle of the side."""
    borders = np.arange(length + 1, dtype=np.float32) - np.float32(length / 2)
    moved: Edges = ((borders - middle[:, None]) * scale[:, None] + length / 2).astype(np.float32)
    return moved


def _overlaps(edges: Edges) -> NDArray[np.float32]:
    """Return the share of each new pixel that each old one covers, (n, length, length)."""
    new = np.arange(edges.shape[1] - 1, dtype=np.float32)[:, None]
    lower = np.maximum(edges[:, None, :-1], new)
    shares: NDArray[np.float32] = np.minimum(edges[:, None, 1:], new + 1) - lower
    return np.maximum(shares, np.float32(0), out=shares)
