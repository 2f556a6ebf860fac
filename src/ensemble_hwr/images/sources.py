"""Accepted forms of one picture and of many, and a loop over pictures of which some are unreadable."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import sparse

from ensemble_hwr.exceptions import PictureError


@dataclass(frozen=True, eq=False)
class FilePage:
    """A page of a file: a picture with its place in the file.

    Attributes
    ----------
    name : str
        Description of the file, and the number of the page where the file has several, for error messages.
    number : int
        Number of the page in its file, from 1.
    several : bool
        Whether the file has more than one page.
    pixels : ndarray of uint8, shape (height, width), or None
        The picture; None if the page cannot be decoded.
    problem : str
        The reason why the page cannot be decoded, or an empty string.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import open_picture
    >>> from ensemble_hwr.images.sources import FilePage
    >>> open_picture(FilePage("'scan.tiff', page 2", 2, True, np.zeros((3, 4), np.uint8))).shape
    (3, 4)
    """

    name: str
    number: int
    several: bool
    pixels: NDArray[np.uint8] | None = field(repr=False)
    problem: str = ""

    @property
    def grey(self) -> NDArray[np.uint8]:
        """The picture, 0 is black; raises ``PictureError`` if the page cannot be decoded."""
        if self.pixels is None:
            raise PictureError(f"{self.name}: {self.problem}")
        return self.pixels


Picture: TypeAlias = str | os.PathLike[str] | bytes | NDArray[np.generic] | Image.Image | FilePage

Result = TypeVar("Result")


def describe(picture: object) -> str:
    """Return a short description of a picture, for error messages.

    Parameters
    ----------
    picture : object
        A picture in any accepted form, or any other object.

    Returns
    -------
    str
        The path, or the type and size.

    Examples
    --------
    >>> from ensemble_hwr.images.sources import describe
    >>> describe("letters/A/0001.png")
    "'letters/A/0001.png'"
    >>> describe(b"GIF89a")
    'picture of 6 bytes'
    """
    if isinstance(picture, FilePage):
        return picture.name
    if isinstance(picture, np.ndarray):
        return f"array of shape {picture.shape}"
    if isinstance(picture, Image.Image):
        file_name = getattr(picture, "filename", "")
        size = f"{picture.mode} image of {picture.width}x{picture.height} pixels"
        return f"{size} from {os.fspath(file_name)!r}" if file_name else size
    if isinstance(picture, bytes | bytearray | memoryview):
        return f"picture of {len(picture)} bytes"
    if isinstance(picture, str | os.PathLike):
        return repr(os.fspath(picture))
    return f"object of type {type(picture).__name__}"


def as_pictures(X: Any) -> Sequence[Picture]:
    """Return many pictures as a sequence of single pictures.

    Parameters
    ----------
    X : sequence of pictures, or array
        Paths, bytes, PIL images or arrays of any sizes; or one array of shape (n, height, width),
        (n, height, width, channels), or (n, k * k) with a flattened square picture in each row.

    Returns
    -------
    sequence of pictures
        Pictures are not opened.

    Raises
    ------
    TypeError
        If X is a single picture, a sparse matrix, or not a sequence.
    ValueError
        If X is empty, or its rows are not square pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.sources import as_pictures
    >>> [picture.shape for picture in as_pictures(np.zeros((2, 784)))]
    [(28, 28), (28, 28)]
    """
    if isinstance(X, str | bytes | os.PathLike | Image.Image | FilePage):
        raise TypeError(f"expected a sequence of pictures, got one ({describe(X)}); put it into a list")
    if sparse.issparse(X):
        raise TypeError("expected a sequence of pictures, got a sparse matrix; use X.toarray()")
    if not (hasattr(X, "__len__") and hasattr(X, "__getitem__")):
        raise TypeError(f"expected a sequence of pictures, got an object of type {type(X).__name__}")
    if len(X) == 0:
        raise ValueError("expected at least one picture, found 0 sample(s) (length 0)")
    array = _as_array(X)
    return list(X) if array is None else _split(array)


def map_pictures(
    function: Callable[[Picture], Result],
    X: Any,
    *,
    blank: Callable[[], Result] | None = None,
    n_jobs: int | None = None,
    batch_size: int = 1,
) -> tuple[list[Result], dict[int, str]]:
    """Apply a function to each of many pictures, some of which may be unreadable.

    Parameters
    ----------
    function : callable
        Takes one picture; raises ``PictureError`` if it cannot be read. With several processes, it must be picklable.
    X : sequence of pictures, or array
        As `as_pictures` takes them.
    blank : callable, default=None
        Returns the result for an unreadable picture. None: an unreadable picture raises an error;
        with one process, it is the first.
    n_jobs : int, default=None
        Number of processes; None means 1, -1 means one per processor.
    batch_size : int, default=1
        Pictures per task. No more processes are started than there are batches.

    Returns
    -------
    results : list
        One result per picture, in the order of X.
    failures : dict of int to str
        Position of each unreadable picture, and the reason.

    Raises
    ------
    PictureError
        If a picture cannot be read and `blank` is None; the message starts with the picture's position.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import open_picture
    >>> from ensemble_hwr.images.sources import map_pictures
    >>> results, failures = map_pictures(open_picture, [np.eye(2), "missing.png"], blank=lambda: None)
    >>> results[1] is None, failures
    (True, {1: "'missing.png': there is no such file"})
    """
    done = map_batches(partial(_map_batch, function, blank), X, n_jobs=n_jobs, batch_size=batch_size)
    failures = {index: reason for _, of_batch in done for index, reason in of_batch.items()}
    return [result for results, _ in done for result in results], failures


def map_batches(
    function: Callable[[Sequence[Picture], int], Result], X: Any, *, n_jobs: int | None, batch_size: int
) -> list[Result]:
    """Apply a function to batches of pictures, in this process or in several.

    Parameters
    ----------
    function : callable
        Takes the pictures of a batch, and the position of the first one. With several processes, it must be picklable.
    X : sequence of pictures, or array
        As `as_pictures` takes them.
    n_jobs : int or None
        Number of processes; None means 1, -1 means one per processor.
    batch_size : int
        Pictures per batch. No more processes are started than there are batches.

    Returns
    -------
    list
        One result per batch, in order.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.sources import map_batches
    >>> map_batches(lambda pictures, start: (len(pictures), start), np.zeros((5, 9)), n_jobs=1, batch_size=2)
    [(2, 0), (2, 2), (1, 4)]
    """
    from joblib import effective_n_jobs  # slow to import, and not needed for single pictures
    from sklearn.utils.parallel import Parallel, delayed

    from ensemble_hwr._processes import worker_backend

    pictures = as_pictures(X)
    batches = [(pictures[start : start + batch_size], start) for start in range(0, len(pictures), batch_size)]
    workers = min(effective_n_jobs(n_jobs), len(batches))
    if workers > 1:
        pool = Parallel(n_jobs=workers, backend=worker_backend())
        return list(pool(delayed(function)(*batch) for batch in batches))
    return [function(*batch) for batch in batches]  # without Parallel, which takes as long as the work on one letter


def _map_batch(
    function: Callable[[Picture], Result], blank: Callable[[], Result] | None, pictures: Sequence[Picture], start: int
) -> tuple[list[Result], dict[int, str]]:
    """Apply a function to pictures that start at a position of the whole sequence."""
    results: list[Result] = []
    failures = {}
    for index, picture in enumerate(pictures, start):
        try:
            results.append(function(picture))
        except PictureError as error:
            if blank is None:
                raise PictureError(f"picture {index}: {error}") from error
            results.append(blank())
            failures[index] = str(error)
    return results, failures


def _as_array(X: Any) -> np.ndarray[Any, Any] | None:
    """Return X as one array of pixels, or None if it is a sequence of separate pictures."""
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
    """Return the pictures of an array of 2, 3 or 4 dimensions."""
    if array.ndim == 2:
        side = math.isqrt(array.shape[1])
        if side * side != array.shape[1] or side == 0:
            raise ValueError(
                "each row must be a square picture, for example 784 pixels for 28x28; "
                f"got {array.shape[1]} columns; put a single picture into a list"
            )
        if len(array) == array.shape[1] > 1:
            warnings.warn(
                f"an array of {len(array)} rows and {len(array)} columns is read as {len(array)} pictures of "
                f"{side}x{side} pixels; put a single picture into a list",
                stacklevel=4,
            )
        array = array.reshape(len(array), side, side)
    if array.ndim not in (3, 4):
        raise ValueError(
            f"expected an array of 2 (rows), 3 or 4 dimensions, got shape {array.shape}; "
            "put a single picture into a list. Reshape your data"
        )
    return list(array)
