"""Base class of the transformers from rows of ink to rows of ink; memory, checks and shapes of rows of pictures."""

from __future__ import annotations

import math
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import _fit_context
from ensemble_hwr._typing import Pictures, Rows

_BLOCK_BYTES = 1 << 18  # size of a block of pictures that stays in the processor's cache with its results

_THREAD = threading.local()

_LEAST_PIXELS = 256  # of a row that is checked: 16 x 16
_MOST_INK, _LEVELS = 1.5, 255.0  # interpolation can exceed 1 a little
_MOSTLY = 0.6  # mean ink of a row, and share of the rows


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
        check_ink(X)
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
        X = validate_data(self, X, dtype=np.float32, reset=False)
        check_ink(X)
        return self._transform_checked(X)

    def _transform_checked(self, X: Rows) -> Rows:
        """Transform rows that have been validated: finite, of float32 and of the right length."""
        changed: Rows = np.empty_like(X)
        block = max(1, _BLOCK_BYTES // (4 * X.shape[1]))
        for start in range(0, len(X), block):
            pictures = X[start : start + block].reshape(-1, *self.image_shape_)
            changed[start : start + block] = self._change(pictures).reshape(len(pictures), -1)
        return changed

    def _check_ink(self, X: Rows) -> None:
        """Warn about rows of pixels that are probably not ink."""
        check_ink(X)

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


class Scratch:
    """Reusable memory: named arrays for a loop over blocks, so that no memory is allocated per block.

    Page faults of fresh memory cost more than the arithmetic. Each call has its own instance; threads do not share it.

    Examples
    --------
    >>> from ensemble_hwr.preprocessing._picture_transformer import Scratch
    >>> scratch = Scratch()
    >>> scratch.array("sum", (2, 3)).shape
    (2, 3)
    """

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[Any]] = {}

    @classmethod
    def of_thread(cls) -> Scratch:
        """Return the memory that all calls of a thread share; arrays of one call must not be used after it."""
        if not hasattr(_THREAD, "scratch"):
            _THREAD.scratch = cls()
        scratch: Scratch = _THREAD.scratch
        return scratch

    def array(self, name: str, shape: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Return an array with arbitrary content; it shares memory with earlier arrays of this name.

        Parameters
        ----------
        name : str
        shape : sequence of int
        dtype : dtype, default=float32
            The same for all arrays of a name.

        Returns
        -------
        ndarray
        """
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name] = np.empty(size, dtype=dtype)
        return buffer[:size].reshape(shape)


def check_ink(X: Rows) -> None:
    """Warn about rows that are probably not ink from 0 (paper) to 1.

    Parameters
    ----------
    X : ndarray of float32, shape (n, n_pixels)
        Rows with fewer than 256 pixels are too small for letters, and are not checked.

    Warns
    -----
    UserWarning
        If the rows look like brightness from 0 to 255, or most of them are mostly ink.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing._picture_transformer import check_ink
    >>> check_ink(np.zeros((1, 784), np.float32))
    """
    if X.shape[1] < _LEAST_PIXELS or not len(X):
        return
    most = float(X.max())
    if _MOST_INK < most <= _LEVELS and X.min() >= 0:
        warnings.warn(
            f"rows have values up to {most:g}, but ink is from 0 (paper) to 1; divide rows of 0..255 by 255, or use "
            "LetterNormalizer, which takes pictures of any kind",
            stacklevel=4,
        )
    elif most <= _MOST_INK and X.mean() > _MOSTLY**2 and (X.mean(axis=1) > _MOSTLY).mean() > _MOSTLY:
        warnings.warn(
            "most rows are mostly ink, but ink is from 0 (paper) to 1; for rows of brightness use 1 - X, or "
            "LetterNormalizer, which finds out what is ink",
            stacklevel=4,
        )


def without_negative(pictures: Pictures) -> Pictures:
    """Return pictures in which negative pixels are 0: the same array if there are none."""
    return pictures if not pictures.size or pictures.min() >= 0 else pictures.clip(0)


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
