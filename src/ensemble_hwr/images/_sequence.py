"""The forms in which many pictures are given."""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from scipy import sparse

from ensemble_hwr.images._open import Picture, describe


def as_pictures(X: Any) -> Sequence[Picture]:
    """Return pictures one by one, whatever they were given in.

    Parameters
    ----------
    X : sequence of pictures, or array
        Paths, bytes, PIL images or arrays of any sizes; an array of shape (n, height, width),
        (n, height, width, channels), or (n, k * k) with a flattened square picture in each row.

    Returns
    -------
    sequence of pictures

    Raises
    ------
    TypeError
        If X is one picture, or nothing that holds pictures.
    ValueError
        If X is empty, or its rows are not square pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import as_pictures
    >>> [picture.shape for picture in as_pictures(np.zeros((2, 784)))]
    [(28, 28), (28, 28)]
    """
    if isinstance(X, str | bytes | os.PathLike | Image.Image):
        raise TypeError(f"expected a sequence of pictures, got one ({describe(X)}); put it into a list")
    if sparse.issparse(X):
        raise TypeError("expected a sequence of pictures, got a sparse matrix; use X.toarray()")
    if not (hasattr(X, "__len__") and hasattr(X, "__getitem__")):
        raise TypeError(f"expected a sequence of pictures, got an object of type {type(X).__name__}")
    if len(X) == 0:
        raise ValueError("expected at least one picture, found 0 sample(s) (length 0)")
    array = _as_array(X)
    return list(X) if array is None else _split(array)


def _as_array(X: Any) -> np.ndarray[Any, Any] | None:
    """X as one array of pixels, or None where it is a sequence of separate pictures."""
    if not hasattr(X, "__array__"):
        first = X[0]
        flat = isinstance(first, list | tuple) or (isinstance(first, np.ndarray) and first.ndim == 1)
        if not flat and not isinstance(first, int | float | np.number):
            return None
    array = np.asarray(X)
    if array.dtype.kind in "OUS" and array.ndim == 1:
        return None
    return array.astype(np.float64) if array.dtype.kind == "O" else array


def _split(array: np.ndarray[Any, Any]) -> Sequence[Picture]:
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side != array.shape[1] or side == 0:
            raise ValueError(
                f"each row must be a square picture, for example 784 pixels for 28x28; got {array.shape[1]} columns"
            )
        array = array.reshape(len(array), side, side)
    if array.ndim not in (3, 4):
        raise ValueError(
            f"expected an array of 2 (rows), 3 or 4 dimensions, got shape {array.shape}; "
            "put a single picture into a list. Reshape your data"
        )
    return list(array)
