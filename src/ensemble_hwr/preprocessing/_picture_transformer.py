"""What transformers from rows to rows have in common: checks and blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._shape import picture_shape

_BLOCK_BYTES = 1 << 18  # pictures worked on at a time, to stay in the cache with what is made of them


class PictureTransformer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of the transformers that change pictures and keep their shape.

    A subclass says what becomes of a block of pictures in ``_change``, and has a parameter ``image_shape``.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the settings and learn the shape of the pictures.

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
            If the rows do not have the pixels of `image_shape`, or of a square.
        """
        self._validate_params()
        X = validate_data(self, X, dtype=np.float32)
        self.image_shape_ = self._shape_of(X.shape[1])
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Change rows of ink.

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

    def _transform_checked(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Change rows that are known to be finite, of float32 and of the right length."""
        changed: NDArray[np.float32] = np.empty_like(X)
        block = max(1, _BLOCK_BYTES // (4 * X.shape[1]))
        for start in range(0, len(X), block):
            pictures = X[start : start + block].reshape(-1, *self.image_shape_)
            changed[start : start + block] = self._change(pictures).reshape(len(pictures), -1)
        return changed

    @abstractmethod
    def macs_per_row(self) -> float:
        """Arithmetic spent on one row, in MACs.

        Returns
        -------
        float
        """

    @abstractmethod
    def _change(self, pictures: Pictures) -> Pictures:
        """Change pictures (n, height, width), each by itself."""

    def _shape_of(self, n_features: int) -> tuple[int, int]:
        return picture_shape(n_features, self.image_shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
