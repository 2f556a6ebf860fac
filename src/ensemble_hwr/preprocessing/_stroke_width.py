"""Normalize the stroke width of letters by dilation and erosion."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import Interval
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._picture_transformer import PictureTransformer


class StrokeWidthNormalizer(PictureTransformer):
    """Normalize the mean stroke width of letters by grey dilation and erosion.

    The outline of a long stroke is twice its length, so the mean stroke width of a letter is twice its ink divided by
    the length of its outline, which is the sum of the gradient of the ink [1]_. Half of the difference to `width` is
    added on each side of the strokes by dilation, or removed by erosion, in steps of one pixel and a last fractional
    step. Each step is the mean of a step with a cross and one with a square: on diagonals, the former is too short and
    the latter too long.

    Parameters
    ----------
    width : float, default=3.0
        Target width in pixels, above 0.
    limit : int, default=2
        Greatest change on each side of a stroke in pixels, at least 1.
    image_shape : tuple of int, default=None
        ``(height, width)`` of the pictures in the rows. None means that they are square.

    Attributes
    ----------
    n_features_in_ : int
        Pixels in a row.
    image_shape_ : tuple of int
        Height and width of the pictures.

    Notes
    -----
    Erosion breaks strokes that are thinner than the mean. Prefer a `width` that thickens most letters.

    References
    ----------
    .. [1] L. I. Rudin, S. Osher, E. Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 60
       (1992) 259-268, for the sum of the gradient; by the coarea formula, it is the mean length of the outlines.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing import StrokeWidthNormalizer
    >>> thin = np.zeros((1, 784), dtype=np.float32)
    >>> thin.reshape(28, 28)[4:24, 14] = 1.0
    >>> thick = StrokeWidthNormalizer(width=3.0).fit_transform(thin).reshape(28, 28)
    >>> thick[14, 11:18].round(1).tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "width": [Interval(Real, 0, None, closed="neither")],
        "limit": [Interval(Integral, 1, None, closed="left")],
        "image_shape": [tuple, list, None],
    }

    def __init__(
        self,
        width: float = 3.0,
        limit: int = 2,
        *,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.width = width
        self.limit = limit
        self.image_shape = image_shape

    def macs_per_row(self) -> float:
        """Return the number of multiply-accumulates (MACs) per row.

        The width takes 6 per pixel. Each step takes 4 and 6 comparisons, which count as one operation each.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        height, width = self.image_shape_
        return float(height * width * (6 + 10 * self.limit))

    def _change(self, pictures: Pictures) -> Pictures:
        missing = (np.float32(self.width) - stroke_width(pictures)) / 2
        # erosion of ink is dilation of its negative
        sign = np.where(missing < 0, np.float32(-1), np.float32(1))[:, None, None]
        radius = np.abs(missing)[:, None, None]
        changed = sign * pictures
        for step in range(self.limit):
            part = np.clip(radius - step, 0, 1)
            changed += part * (_dilated(changed) - changed)
        turned: Pictures = sign * changed
        return turned


def stroke_width(pictures: Pictures) -> NDArray[np.float32]:
    """Return the mean stroke width per picture.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
        Outside of the pictures is paper.

    Returns
    -------
    ndarray of float32, shape (n,)
        In pixels; infinite for pictures without an outline.
    """
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    right = np.diff(padded[:, :-1], axis=2)
    down = np.diff(padded[:, :, :-1], axis=1)
    outline = np.hypot(right, down).sum(axis=(1, 2))
    ink = 2 * pictures.sum(axis=(1, 2))
    width: NDArray[np.float32] = np.divide(ink, outline, out=np.full_like(ink, np.inf), where=outline > 0)
    return width


def _dilated(pictures: Pictures) -> Pictures:
    """Return the mean of the grey dilations by a cross and by a square of 3x3 pixels; the frame repeats outwards."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = np.maximum(np.maximum(padded[:, :-2], padded[:, 2:]), padded[:, 1:-1])
    middle = down[:, :, 1:-1]
    cross = np.maximum(np.maximum(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]), middle)
    square = np.maximum(np.maximum(down[:, :, :-2], down[:, :, 2:]), middle)
    dilated: Pictures = (cross + square) * np.float32(0.5)
    return dilated
