"""Save letters to .npz files, and load letters from files and folders of any supported format."""

from __future__ import annotations

import csv
import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded, whole_files
from ensemble_hwr.datasets._files import require_file
from ensemble_hwr.datasets._folder import load_folder, load_index
from ensemble_hwr.datasets._kaggle import load_kaggle_az
from ensemble_hwr.datasets._letters import LetterSet, pictures_array
from ensemble_hwr.exceptions import DataError

OPTIONAL = ("source", "writer", "split", "suspect")
KEYS = ("data", "target", *OPTIONAL, "name")
WHAT = "an .npz file of letters"
KINDS = "biufU"  # booleans, integers, floats and text
MAX_ITEM_BYTES = 4 * 1000
SMALL_BYTES = 64 * 2**20
MAX_EXPANSION = 50  # blank rows are compressed to a thousandth of their size, letters to a tenth
MAX_CHARACTER = 0x10FFFF
HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def save_npz(path: PathLike, letters: LetterSet) -> None:
    """Save rows of letters and their metadata to a compressed .npz file.

    The file is written atomically; an existing file is replaced.

    Parameters
    ----------
    path : path-like
        The file to write, conventionally with the suffix ``.npz``.
    letters : LetterSet
        Rows; turn pictures into rows with :meth:`LetterSet.to_rows` first.

    Raises
    ------
    DataError
        If the letters are pictures, or the file cannot be written.

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
        raise DataError("pictures cannot be saved in an .npz file; make a LetterSet of their to_rows() first")
    file = expanded(path)
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
        Arrays ``data``, ``target`` of n strings, and optionally ``source``, ``writer``, ``split``, ``suspect`` and
        ``name``. ``data`` are rows of shape (n, 784), as :func:`save_npz` writes them, or pictures of one size: gray
        levels of shape (n, height, width) and type uint8. Pickled objects are rejected.

    Returns
    -------
    LetterSet
        Rows or pictures.

    Raises
    ------
    DataError
        If the file is missing, truncated, or has other contents.

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
    if arrays["data"].ndim == 3:
        arrays["data"] = _as_pictures(file, arrays["data"])
    try:
        return LetterSet(**arrays, name=name)
    except DataError as error:
        raise DataError(f"{file}: {error}") from error


def open_letters(path: PathLike) -> LetterSet:
    """Load letters from a file or folder whose format is detected.

    Parameters
    ----------
    path : path-like
        A folder with an ``index.csv``, a folder with one folder per class, a CSV file (an index, or labels and pixels
        in the format of Kaggle's A-Z), or an .npz file of :func:`save_npz`.

    Returns
    -------
    LetterSet

    Raises
    ------
    DataError
        If nothing exists at the path, or its format is not supported.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from ensemble_hwr.datasets import LetterSet, open_letters, save_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "letters.npz")
    ...     save_npz(file, LetterSet(np.zeros((2, 784), np.uint8), np.array(["A", "B"])))
    ...     open_letters(file)
    LetterSet(2 letters of 2 classes, rows)
    """
    place = Path(path)
    if not place.exists():
        raise DataError(f"{place}: there is no such file or folder")
    if place.is_dir():
        return load_index(place) if (place / "index.csv").is_file() else load_folder(place)
    suffix = place.suffix.lower()
    if suffix == ".npz":
        return load_npz(place)
    if suffix == ".csv":
        return load_index(place) if _is_index(place) else load_kaggle_az(place)
    raise DataError(
        f"{place}: got a file with the suffix {suffix or '(none)'}; expected a folder with index.csv, a folder with "
        "one folder per class, a .csv file or an .npz file"
    )


def _as_pictures(file: Path, data: NDArray[Any]) -> NDArray[np.object_]:
    if data.dtype != np.uint8 or 0 in data.shape[1:]:
        raise DataError(
            f"{file}: pictures must be of shape (n, height, width) and type uint8, got shape {data.shape} and type "
            f"{data.dtype}"
        )
    return pictures_array(data)


def _is_index(file: Path) -> bool:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        columns = next(csv.reader([stream.readline(100_000)]), [])
    return {"path", "label"} <= set(columns)


def _read_arrays(file: Path) -> dict[str, Any]:
    try:
        with open(file, "rb") as stream:
            if stream.read(2) != b"PK":
                raise DataError(f"{file}: not {WHAT}; save_npz writes them")
            with zipfile.ZipFile(stream) as archive:
                _check_members(file, archive)
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as loaded:
                arrays = {key: loaded[key] for key in loaded.files}
        _check_texts(file, arrays)
        return arrays
    except DataError:
        raise
    except Exception as error:  # numpy raises many types of errors for a damaged file
        raise DataError(
            f"{file}: cannot be read as {WHAT} ({error}); check that it is whole; pickled objects are not allowed"
        ) from error


def _check_members(file: Path, archive: zipfile.ZipFile) -> None:
    """Raise a DataError for unknown arrays, and for those that would take far more memory than the file has bytes."""
    _check_keys(file, {member.filename.removesuffix(".npy") for member in archive.infolist()})
    for member in archive.infolist():
        with archive.open(member) as stream:
            dtype, size = _declared(stream)
        if dtype.kind not in KINDS or dtype.itemsize > MAX_ITEM_BYTES:
            raise DataError(
                f"{file}: {member.filename} has values of type {dtype}; expected numbers, or text of at most "
                f"{MAX_ITEM_BYTES // 4:,} characters; pickled objects are not allowed"
            )
        if size > max(SMALL_BYTES, MAX_EXPANSION * member.compress_size):
            raise DataError(
                f"{file}: {member.filename} has {member.compress_size:,} bytes and would take {size:,} in memory; "
                f"letters take at most {MAX_EXPANSION} times their compressed bytes"
            )


def _check_texts(file: Path, arrays: dict[str, Any]) -> None:
    """Raise a DataError for texts beyond Unicode, which Python cannot hold, and for a name that is not one text."""
    name = arrays.get("name")
    if name is not None and (name.shape != () or name.dtype.kind != "U"):
        raise DataError(f"{file}: name must be one text, got values of type {name.dtype} and shape {name.shape}")
    for key, array in arrays.items():
        if array.dtype.kind != "U":
            continue
        points = np.frombuffer(array.astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
        if points.max(initial=0) > MAX_CHARACTER or ((points >= 0xD800) & (points <= 0xDFFF)).any():
            raise DataError(f"{file}: {key}.npy holds text that is not valid Unicode")


def _declared(stream: IO[bytes]) -> tuple[np.dtype[Any], int]:
    """Return the type of an array in a .npy file, and the bytes that its header declares."""
    read_header = HEADER_READERS[np.lib.format.read_magic(stream)]
    shape, _, dtype = read_header(stream)
    return dtype, math.prod(shape) * dtype.itemsize


def _check_keys(file: Path, keys: set[str]) -> None:
    for key in ("data", "target"):
        if key not in keys:
            raise DataError(f"{file}: no array {key!r} in it; allowed are {', '.join(KEYS)}")
    odd = sorted(keys - set(KEYS))
    if odd:
        raise DataError(f"{file}: unknown array {odd[0]!r}; allowed are {', '.join(KEYS)}")
