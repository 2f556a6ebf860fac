"""Load the Kaggle A-Z data set: 372,450 uppercase letters as comma-separated numbers, about 700 MB of text."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded
from ensemble_hwr.datasets._files import Cached, cache_folder, reading, require_file
from ensemble_hwr.datasets._letters import PIXELS, LetterSet
from ensemble_hwr.exceptions import DataError

WIDTH = PIXELS + 1
WHAT = "a CSV table of letters: a label 0 to 25, then 784 pixels 0 to 255"
_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 16
_BOM = b"\xef\xbb\xbf"
_COMMA, _NEWLINE, _ZERO = b",\n0"


def load_kaggle_az(
    path: PathLike, *, header: bool | None = None, name: str = "kaggle-az", cache: bool | PathLike = True
) -> LetterSet:
    r"""Load the Kaggle A-Z data set of handwritten letters, or another CSV file of the same format.

    Each line contains a label (0 = A to 25 = Z), then 784 pixels (28x28, row by row, 0 = paper, 255 = ink). The file is
    parsed in blocks into a uint8 array, so memory stays at the size of the result. The parsed arrays of a file of more
    than 20 MB are cached as long as its size and modification time stay the same; the full data set takes 294 MB there.

    Parameters
    ----------
    path : path-like
        The unpacked CSV file.
    header : bool, optional
        Whether line 1 contains column names. By default this is detected: it does if its 785 fields are all
        different, which is impossible for values from 0 to 255. A row that a program has turned into column
        names (``0,0.1,0.2``) raises an error; pass True to ignore that line.
    name : str, default="kaggle-az"
        Name of the set.
    cache : bool or path-like, default=True
        Folder of the cache. True means the folder in the environment variable ``ENSEMBLE_HWR_CACHE`` if set, else
        ``ensemble_hwr`` in the user's cache folder; False disables the cache. Files there can be deleted at any time.

    Returns
    -------
    LetterSet
        Rows of uint8.

    Raises
    ------
    DataError
        If a line does not have 785 values, or a value is out of range; the message contains the line number.

    Warns
    -----
    UserWarning
        If the cache cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ensemble_hwr.datasets import load_kaggle_az
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder, "table.csv")
    ...     _ = table.write_text("25" + ",0" * 783 + ",255\n")
    ...     letters = load_kaggle_az(table)
    >>> letters.target.tolist(), int(letters.data.max())
    (['Z'], 255)
    """
    file = require_file(path, WHAT)
    with reading(file, WHAT):
        cached = Cached(file, {"header": header}, _folder(cache))
        found = cached.load()
        data, labels = _read(file, header) if found is None else (found["data"], found["labels"])
        if found is None:
            cached.save(data=data, labels=labels)
    return LetterSet(data, np.array(list(string.ascii_uppercase))[labels], name=name)


def _folder(cache: bool | PathLike) -> Path | None:
    if isinstance(cache, bool):
        return cache_folder() if cache else None
    return expanded(cache)


def _read(file: Path, header: bool | None) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return pixels and labels."""
    with open(file, "rb") as stream:
        count = _count_lines(stream)
        skip = _has_header(stream, file) if header is None else header
        count -= skip
        if count < 1:
            raise DataError(f"{file}: contains no letters; expected {WHAT}")
        data = np.empty((count, PIXELS), np.uint8)
        labels = np.empty(count, np.uint8)
        start = 0
        for line, block in _blocks(stream, file, skip):
            rows = _parse(block)
            if rows is None:
                raise _explain(block, line, file)
            labels[start : start + len(rows)] = rows[:, 0]
            data[start : start + len(rows)] = rows[:, 1:]
            start += len(rows)
    return data, labels


def _count_lines(stream: BinaryIO) -> int:
    count, last = 0, b"\n"
    while block := stream.read(_BLOCK):
        count += block.count(b"\n")
        last = block[-1:]
    stream.seek(0)
    return count + (last != b"\n")


def _has_header(stream: BinaryIO, file: Path) -> bool:
    line = stream.readline(_LONGEST_LINE).removeprefix(_BOM)
    stream.seek(0)
    fields = line.decode("utf-8", errors="replace").rstrip("\r\n").split(",")
    if len(fields) != WIDTH or len(set(fields)) < WIDTH:
        return False  # a row, or not a valid header: the parser reports the error
    if fields == [str(i) for i in range(WIDTH)]:
        return True
    if all(_is_number(field) for field in fields):
        raise DataError(
            f"{file}, line 1: got a row that was converted to column names "
            f"({','.join(fields[:4])},...); correct the line, or pass header=True to ignore it"
        )
    return True


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _blocks(stream: BinaryIO, file: Path, skip: bool) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of complete lines, about a megabyte each, with the number of the first line."""
    line, rest = 1, stream.read(len(_BOM)).removeprefix(_BOM)
    if skip:
        if b"\n" not in rest:
            stream.readline()
        rest, line = rest.partition(b"\n")[2], 2
    while block := stream.read(_BLOCK):
        block = rest + block
        end = block.rfind(b"\n") + 1
        if not end and len(block) > _LONGEST_LINE:
            raise DataError(f"{file}, line {line}: is longer than a row can be; expected {WHAT}")
        if end:
            yield line, block[:end]
        line, rest = line + block.count(b"\n"), block[end:]
    if rest:
        yield line, rest + b"\n"


def _parse(block: bytes) -> NDArray[np.uint8] | None:
    """Return the rows of a block of complete lines; None if the block is malformed."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    text = np.frombuffer(block, np.uint8)
    digits = text - np.uint8(_ZERO)  # other characters wrap around to 10 or more
    ends = np.flatnonzero(digits > 9)
    if len(ends) % WIDTH:
        return None
    marks = text[ends].reshape(-1, WIDTH)
    if (marks[:, :-1] != _COMMA).any() or (marks[:, -1] != _NEWLINE).any():
        return None
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.min() < 1 or lengths.max() > 3:
        return None
    values = digits[ends - 1]
    several = np.flatnonzero(lengths > 1)  # most pixels are a single digit 0
    at = ends[several]
    numbers = values[several] + np.multiply(digits[at - 2], 10, dtype=np.uint16)
    hundreds = lengths[several] > 2
    numbers[hundreds] += np.multiply(digits[at[hundreds] - 3], 100, dtype=np.uint16)
    if (numbers > 255).any():
        return None
    values[several] = numbers
    rows = values.reshape(-1, WIDTH)
    return rows if (rows[:, 0] < 26).all() else None


def _explain(block: bytes, first_line: int, file: Path) -> DataError:
    """Return the error for the first malformed line of a block."""
    for number, line in enumerate(block.decode("utf-8", errors="replace").split("\n")[:-1], first_line):
        fields = line.removesuffix("\r").split(",")
        where = f"{file}, line {number}"
        if len(fields) != WIDTH:
            return DataError(f"{where}: {len(fields)} values; expected {WIDTH}: a label, then {PIXELS} pixels")
        for i, field in enumerate(fields):
            if not (field.isascii() and field.isdigit() and len(field) <= 3 and int(field) <= 255):
                what = "the label" if i == 0 else f"pixel {i}"
                return DataError(f"{where}: {what} is {field[:20]!r}; expected an integer from 0 to 255")
        if int(fields[0]) > 25:
            return DataError(f"{where}: the label is {fields[0]}; expected 0 (A) to 25 (Z)")
    return DataError(f"{file}, from line {first_line}: not {WHAT}")
