"""Rows of letters in one compressed numpy file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import whole_files
from ensemble_hwr.datasets._files import require_file
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.exceptions import DataError

OPTIONAL = ("source", "writer", "split", "suspect")
KEYS = ("data", "target", *OPTIONAL, "name")
WHAT = "an .npz file of letters"


def save_npz(path: PathLike, letters: LetterSet) -> None:
    """Save rows of letters with all that is known of them.

    The file appears whole or not at all; one that is there already is replaced.

    Parameters
    ----------
    path : path-like
        Where to save, conventionally with the ending ``.npz``.
    letters : LetterSet
        Rows; turn pictures into rows with :meth:`LetterSet.to_rows` first.

    Raises
    ------
    DataError
        When the letters are pictures, or the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet, load_npz, save_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "letters.npz")
    ...     save_npz(file, LetterSet(np.zeros((2, 784), np.uint8), np.array(["A", "B"]), name="blank"))
    ...     load_npz(file)
    LetterSet('blank': 2 letters of 2 classes, rows)
    """
    if not letters.is_rows:
        raise DataError("pictures cannot be saved in an .npz file: make a LetterSet of their to_rows() first")
    file = Path(path).expanduser()
    known = {key: getattr(letters, key) for key in OPTIONAL if getattr(letters, key) is not None}
    arrays = {"data": letters.data, "target": letters.target, "name": np.array(letters.name), **known}
    try:
        with whole_files(file) as (stream,):
            np.savez_compressed(stream, **arrays)
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error})") from error


def load_npz(path: PathLike) -> LetterSet:
    """Load letters from an .npz file.

    Parameters
    ----------
    path : path-like
        A file as :func:`save_npz` writes it: ``data`` of shape (n, 784), ``target`` of n texts, and where known
        ``source``, ``writer``, ``split``, ``suspect`` and ``name``. Pickled objects are refused.

    Returns
    -------
    LetterSet

    Raises
    ------
    DataError
        When the file is missing, cut short, or holds anything else.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import load_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "mine.npz")
    ...     np.savez(file, data=np.zeros((1, 784), np.uint8), target=np.array(["A"]))
    ...     load_npz(file)
    LetterSet(1 letters of 1 classes, rows)
    """
    file = require_file(path, WHAT)
    arrays = _read_arrays(file)
    name = str(arrays.pop("name", ""))
    try:
        return LetterSet(**arrays, name=name)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def _read_arrays(file: Path) -> dict[str, Any]:
    try:
        with open(file, "rb") as stream:
            if stream.read(2) != b"PK":
                raise DataError(f"{file}: not {WHAT}; save_npz writes them")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                _check_keys(file, set(archive.files))
                return {key: archive[key] for key in archive.files}
    except DataError:
        raise
    except Exception as error:  # numpy has no error of its own: a broken file raises whatever it led to
        raise DataError(
            f"{file}: cannot be read as {WHAT} ({error}); check that it is whole; pickled objects are not allowed"
        ) from error


def _check_keys(file: Path, keys: set[str]) -> None:
    for key in ("data", "target"):
        if key not in keys:
            raise DataError(f"{file}: no array {key!r} in it; allowed are {', '.join(KEYS)}")
    odd = sorted(keys - set(KEYS))
    if odd:
        raise DataError(f"{file}: unknown array {odd[0]!r}; allowed are {', '.join(KEYS)}")
