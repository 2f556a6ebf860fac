"""LetterSet, the data structure that all loaders return."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from ensemble_hwr.exceptions import DataError, PictureError

PIXELS = 784
SPLITS = ("train", "test", "")
BATCH = 1024  # letters between two reports of progress


@dataclass(frozen=True, eq=False, repr=False)
class LetterSet:
    """Letters with labels and metadata: source, writer, train/test split and suspected label errors.

    Parameters
    ----------
    data : ndarray
        Either rows of shape (n, 784): 28x28 pixels, uint8 (0 = paper, 255 = ink) or floating point
        (0 = paper, 1 = ink); or pictures, of shape (n,) and dtype object: paths, encoded bytes or arrays of any size.
        A list is read as pictures.
    target : ndarray of str, shape (n,)
        Class labels.
    source : ndarray of str, shape (n,), optional
        Collection that each letter comes from; ``""`` if unknown.
    writer : ndarray of str, shape (n,), optional
        Writer of each letter; ``""`` if unknown. The same name in two sources means two writers.
    split : ndarray of str, shape (n,), optional
        ``"train"`` or ``"test"`` if the data set defines a split; ``""`` if it does not.
    suspect : ndarray of bool, shape (n,), optional
        True for suspected label errors.
    name : str, default=""
        Name for messages and reports.

    Raises
    ------
    DataError
        If lengths differ, or a field has a type, shape or value that is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet
    >>> letters = LetterSet(np.zeros((3, 784), np.uint8), np.array(["A", "B", "A"]), name="blank")
    >>> letters
    LetterSet('blank': 3 letters of 2 classes, rows)
    >>> letters.take(letters.target == "A").counts()
    {'A': 2}
    """

    data: NDArray[Any]
    target: NDArray[np.str_]
    source: NDArray[np.str_] | None = None
    writer: NDArray[np.str_] | None = None
    split: NDArray[np.str_] | None = None
    suspect: NDArray[np.bool_] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        where = f"letters {self.name!r}" if self.name else "letters"
        data = _check_data(self.data, where)
        checked = {"data": data, "target": _check_text(self.target, len(data), f"{where}: target")}
        for field in ("source", "writer", "split"):
            value = getattr(self, field)
            if value is not None:
                checked[field] = _check_text(value, len(data), f"{where}: {field}")
        if self.split is not None:
            _check_splits(checked["split"], where)
        if self.suspect is not None:
            checked["suspect"] = _check_flags(self.suspect, len(data), f"{where}: suspect")
        for field, value in checked.items():
            object.__setattr__(self, field, value)

    def __len__(self) -> int:
        return len(self.target)

    def __repr__(self) -> str:
        name = f"{self.name!r}: " if self.name else ""
        form = "rows" if self.is_rows else "pictures"
        return f"LetterSet({name}{len(self)} letters of {len(np.unique(self.target))} classes, {form})"

    @property
    def is_rows(self) -> bool:
        """Whether ``data`` contains rows of 784 pixels, not pictures that need normalization."""
        return self.data.ndim == 2

    def counts(self) -> dict[str, int]:
        """Count the letters of each class.

        Returns
        -------
        dict of str to int
            In label order.
        """
        labels, counts = np.unique(self.target, return_counts=True)
        return dict(zip(labels.tolist(), counts.tolist(), strict=True))

    def take(self, index: ArrayLike | slice) -> LetterSet:
        """Select letters by position, mask or slice.

        Parameters
        ----------
        index : array-like of int or bool, or slice
            Positions in the order of the result, a mask with one entry per letter, or a slice.

        Returns
        -------
        LetterSet

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.datasets import LetterSet
        >>> letters = LetterSet(np.zeros((3, 784), np.uint8), np.array(["A", "B", "C"]))
        >>> letters.take([2, 0]).target.tolist()
        ['C', 'A']
        >>> letters.take(slice(1, None)).target.tolist()
        ['B', 'C']
        """
        chosen = np.arange(len(self))[index] if isinstance(index, slice) else np.asarray(index)
        if chosen.size == 0 and chosen.dtype != np.bool_:
            chosen = chosen.astype(np.intp)
        if chosen.dtype == np.bool_ and chosen.shape != (len(self),):
            raise DataError(f"a mask for {len(self)} letters must have that length, got shape {chosen.shape}")
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "name"}
        taken = {key: None if value is None else value[chosen] for key, value in values.items()}
        return LetterSet(**taken, name=self.name)  # type: ignore[arg-type]

    def to_rows(
        self,
        normalizer: Any = None,
        n_jobs: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Convert the letters to rows of ink.

        Parameters
        ----------
        normalizer : transformer, optional
            Converts pictures to rows of 784 floats; a clone of it is fitted. By default pictures are converted by
            :class:`~ensemble_hwr.preprocessing.LetterNormalizer`. Rows are normalized again only if a normalizer is
            given.
        n_jobs : int, optional
            Number of processes of the default normalizer; a given one has its own setting.
        on_progress : callable, optional
            Called with the number of letters done and the number of all letters after every 1024 letters. The
            normalizer is fitted on each such batch then.

        Returns
        -------
        ndarray of float32, shape (n, 784)
            28x28 pixels, 0 = paper, 1 = ink.

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.datasets import LetterSet
        >>> float(LetterSet(np.full((1, 784), 255, np.uint8), np.array(["A"])).to_rows().max())
        1.0
        """
        if self.is_rows and normalizer is None:
            return as_ink(self.data)
        if len(self) == 0:
            return np.empty((0, PIXELS), np.float32)
        normalizer = _default_normalizer(n_jobs) if normalizer is None else clone(normalizer)
        pictures = list(self.data.reshape(-1, 28, 28)) if self.is_rows else list(self.data)
        if on_progress is not None:
            return _normalize_in_batches(pictures, normalizer, on_progress)
        return np.asarray(normalizer.fit_transform(pictures), dtype=np.float32)


def concatenate(sets: Sequence[LetterSet], *, name: str = "") -> LetterSet:
    """Concatenate letter sets.

    Parameters
    ----------
    sets : sequence of LetterSet
        All with rows, or all with pictures. A set without ``source`` gets its name as source. Other missing fields
        are filled with ``""`` or False if another set has them.
    name : str, default=""
        Name of the result.

    Returns
    -------
    LetterSet

    Raises
    ------
    DataError
        If `sets` is empty, or rows and pictures are mixed.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet, concatenate
    >>> a = LetterSet(np.zeros((2, 784), np.uint8), np.array(["A", "A"]), name="first")
    >>> b = LetterSet(np.zeros((1, 784), np.uint8), np.array(["B"]), name="second")
    >>> concatenate([a, b]).source.tolist()
    ['first', 'first', 'second']
    """
    if not sets:
        raise DataError("no letters to concatenate; pass at least one LetterSet")
    if len({letters.is_rows for letters in sets}) > 1:
        raise DataError("rows and pictures cannot be concatenated; convert the pictures to rows with to_rows()")
    blocks = [letters.data for letters in sets]
    if len({block.dtype for block in blocks}) > 1:
        blocks = [as_ink(block) for block in blocks]
    named = len(sets) > 1 and any(letters.name for letters in sets)
    return LetterSet(
        np.concatenate(blocks),
        np.concatenate([letters.target for letters in sets]),
        source=_join(sets, "source", [letters.name for letters in sets], always=named),
        writer=_join(sets, "writer", [""] * len(sets)),
        split=_join(sets, "split", [""] * len(sets)),
        suspect=_join(sets, "suspect", [False] * len(sets)),
        name=name,
    )


def as_ink(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows as float32 between 0 (paper) and 1 (ink)."""
    if rows.dtype != np.uint8:
        return rows.astype(np.float32, copy=False)
    ink = rows.astype(np.float32)
    ink /= 255
    return ink


def pictures_array(pictures: Sequence[Any] | NDArray[Any]) -> NDArray[np.object_]:
    """Return an (n,) object array, even if all pictures have the same shape."""
    array = np.empty(len(pictures), dtype=object)
    for i, picture in enumerate(pictures):
        array[i] = picture
    return array


def _normalize_in_batches(
    pictures: list[Any], normalizer: Any, on_progress: Callable[[int, int], None]
) -> NDArray[np.float32]:
    rows = np.empty((len(pictures), PIXELS), np.float32)
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        try:
            rows[start : start + len(batch)] = clone(normalizer).fit_transform(batch)
        except PictureError as error:
            raise PictureError(_with_offset(str(error), start)) from error
        on_progress(start + len(batch), len(pictures))
    return rows


def _with_offset(message: str, start: int) -> str:
    """Add `start` to the number of the picture in a message."""
    return re.sub(r"^picture (\d+)", lambda match: f"picture {int(match[1]) + start}", message)


def _default_normalizer(n_jobs: int | None) -> Any:
    from ensemble_hwr.preprocessing import LetterNormalizer

    return LetterNormalizer(n_jobs=n_jobs)


def _join(sets: Sequence[LetterSet], field: str, fill: Sequence[Any], *, always: bool = False) -> NDArray[Any] | None:
    parts = [getattr(letters, field) for letters in sets]
    if not always and all(part is None for part in parts):
        return None
    filled = [
        np.full(len(letters), value) if part is None else part
        for letters, part, value in zip(sets, parts, fill, strict=True)
    ]
    return np.concatenate(filled)


def _check_data(data: Any, where: str) -> NDArray[Any]:
    array = pictures_array(data) if isinstance(data, list | tuple) else np.asarray(data)
    if array.ndim == 1 and array.dtype == object:
        return array
    if array.ndim != 2 or array.shape[1] != PIXELS:
        raise DataError(
            f"{where}: data must be rows of shape (n, {PIXELS}) or an object array of n pictures, "
            f"got shape {array.shape} and dtype {array.dtype}"
        )
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(f"{where}: rows must be uint8 (0 to 255) or floats (0 to 1), got dtype {array.dtype}")
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise DataError(
            f"{where}: rows of floats must lie between 0 (paper) and 1 (ink), "
            f"got {array.min()} to {array.max()}; divide by 255 if that is the scale"
        )
    return array


def _check_length(array: NDArray[Any], n: int, where: str) -> None:
    if array.shape != (n,):
        raise DataError(f"{where} must have one entry for each of the {n} letters, got shape {array.shape}")


def _check_text(values: Any, n: int, where: str) -> NDArray[np.str_]:
    array = np.asarray(values)
    _check_length(array, n, where)
    if array.dtype.kind == "U":
        return array
    if array.dtype == object or n == 0:
        odd = next((value for value in array.tolist() if not isinstance(value, str)), None)
        if odd is None:
            return array.astype(np.str_)
        raise DataError(f"{where} must be text, got {odd!r}")
    raise DataError(f"{where} must be text, got dtype {array.dtype}")


def _check_flags(values: Any, n: int, where: str) -> NDArray[np.bool_]:
    array = np.asarray(values)
    _check_length(array, n, where)
    if array.dtype != np.bool_:
        if n:
            raise DataError(f"{where} must be True or False, got dtype {array.dtype}")
        array = array.astype(np.bool_)
    return array


def _check_splits(split: NDArray[np.str_], where: str) -> None:
    odd = sorted(set(np.unique(split).tolist()) - set(SPLITS))
    if odd:
        raise DataError(f"{where}: split must be 'train', 'test' or '' for each letter, got {odd[0]!r}")
