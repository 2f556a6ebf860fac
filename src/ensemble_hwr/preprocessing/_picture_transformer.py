"""Base class of the transformers from rows of ink to rows of ink, and the shape of the pictures in rows."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import _fit_context
from ensemble_hwr._typing import Pictures, Rows

_BLOCK_BYTES = 1 << 18  # size of a block of pictures that stays in the processor's cache with its results


class PictureTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):
    """Base class of transformers that change pictures and keep their shape.

    A subclass has a parameter ``image_shape`` and implements ``_change``, which transforms a block of pictures.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameters and set the shape of the pictures.

        Parameters
        ----------
        X : array-like of shape (n, height * width)
            Rows of ink.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is invalid, or the rows do not have the pixels of `image_shape`, or of a square.
        """
        X = validate_data(self, X, dtype=np.float32)
        self.image_shape_ = self._shape_of(X.shape[1])
        return self

    def transform(self, X: Any) -> Rows:
        """Transform rows of ink.

        Parameters
        ----------
        X : array-like of shape (n, height * width)

        Returns
        -------
        ndarray of float32, shape (n, height * width)
            A row does not depend on the other rows.
        """
        check_is_fitted(self)
        return self._transform_checked(validate_data(self, X, dtype=np.float32, reset=False))

    def _transform_checked(self, X: Rows) -> Rows:
        """Transform rows that have been validated: finite, of float32 and of the right length."""
        changed: Rows = np.empty_like(X)
        block = max(1, _BLOCK_BYTES // (4 * X.shape[1]))
        for start in range(0, len(X), block):
            pictures = X[start : start + block].reshape(-1, *self.image_shape_)
            changed[start : start + block] = self._change(pictures).reshape(len(pictures), -1)
        return changed

    @abstractmethod
    def macs_per_row(self) -> float:
        """Return the number of multiply-accumulates (MACs) per row.

        Returns
        -------
        float
        """

    @abstractmethod
    def _change(self, pictures: Pictures) -> Pictures:
        """Transform pictures (n, height, width), each independently."""

    def _shape_of(self, n_features: int) -> tuple[int, int]:
        """Return height and width of the pictures in rows of `n_features` pixels."""
        return picture_shape(n_features, self.image_shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def picture_shape(n_pixels: int, image_shape: Sequence[int] | None) -> tuple[int, int]:
    """Return height and width of the pictures in rows.

    Parameters
    ----------
    n_pixels : int
        Pixels in a row.
    image_shape : sequence of int or None
        ``(height, width)``. None means that pictures are square.

    Returns
    -------
    tuple of int
        Height and width.

    Raises
    ------
    ValueError
        If the rows do not have the pixels of `image_shape`, or of a square.

    Examples
    --------
    >>> from ensemble_hwr.preprocessing._picture_transformer import picture_shape
    >>> picture_shape(784, None)
    (28, 28)
    """
    if image_shape is None:
        side = math.isqrt(n_pixels)
        if side * side != n_pixels:
            raise ValueError(
                f"rows of {n_pixels} pixels are not square pictures, such as 784 pixels of 28x28; "
                "set image_shape=(height, width)"
            )
        return side, side
    sides = [int(side) for side in image_shape]
    if len(sides) != 2 or min(sides) < 1 or math.prod(sides) != n_pixels:
        raise ValueError(
            f"image_shape={image_shape!r} does not fit rows of {n_pixels} pixels; "
            "it must be (height, width) with this product"
        )
    return sides[0], sides[1]
