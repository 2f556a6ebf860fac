"""What all loaders share: finding files, and turning every way of failing to read one into one error."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ensemble_hwr._typing import PathLike
from ensemble_hwr.exceptions import DataError

# what files, gzip and zip raise when bytes are missing or wrong; RuntimeError: zip's "encrypted", "not supported"
UNREADABLE = (
    OSError,
    EOFError,
    MemoryError,
    RuntimeError,
    UnicodeDecodeError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def require_file(path: PathLike, what: str) -> Path:
    """Return the path of an existing file, or say what was expected there."""
    found = Path(path).expanduser()
    with reading(found, what):
        if found.is_dir():
            raise DataError(f"{found}: is a folder; expected {what}")
        if not found.is_file():
            raise DataError(f"{found}: no such file; expected {what}")
    return found


def require_folder(path: PathLike, what: str) -> Path:
    """Return the path of an existing folder, or say what was expected there."""
    found = Path(path).expanduser()
    with reading(found, what):
        if found.is_file():
            raise DataError(f"{found}: is a file; expected {what}")
        if not found.is_dir():
            raise DataError(f"{found}: no such folder; expected {what}")
    return found


@contextmanager
def reading(path: PathLike, what: str) -> Iterator[None]:
    """Name the file and what it should be when reading it fails."""
    try:
        yield
    except UNREADABLE as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{path}: cannot be read as {what} ({reason}); check that it is whole and readable") from error


def require_choice(value: str, allowed: tuple[str, ...], setting: str) -> None:
    """Refuse an option that is not among the allowed ones."""
    if value not in allowed:
        raise DataError(f"{setting} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
