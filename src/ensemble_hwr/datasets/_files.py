"""Common parts of all loaders: check paths, report read errors, cache parsed tables."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded, whole_files
from ensemble_hwr.exceptions import DataError

CACHE_VARIABLE = "ENSEMBLE_HWR_CACHE"
WORTH_IT = 20_000_000  # bytes of text; parsing a smaller file takes less than a second
_FORM = 1  # version of the parser; increase it when cached tables become invalid

Arrays = dict[str, NDArray[Any]]
# errors of open, gzip and zipfile for damaged files; zipfile raises RuntimeError for encrypted members
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
    """Return the path if it is a file; else raise an error that names what is expected."""
    found = expanded(path)
    with reading(found, what):
        if found.is_dir():
            raise DataError(f"{found}: is a folder; expected {what}")
        if not found.is_file():
            raise DataError(f"{found}: no such file; expected {what}")
    return found


def require_folder(path: PathLike, what: str) -> Path:
    """Return the path if it is a folder; else raise an error that names what is expected."""
    found = expanded(path)
    with reading(found, what):
        if found.is_file():
            raise DataError(f"{found}: is a file; expected {what}")
        if not found.is_dir():
            raise DataError(f"{found}: no such folder; expected {what}")
    return found


@contextmanager
def reading(path: PathLike, what: str) -> Iterator[None]:
    """Convert read errors in the block to a DataError with the path and the expected contents."""
    try:
        yield
    except UNREADABLE as error:
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{path}: cannot be read as {what} ({reason}); check that it is complete and readable"
        ) from error


def require_choice(value: str, allowed: tuple[str, ...], setting: str) -> None:
    """Raise an error if the value is not allowed."""
    if value not in allowed:
        raise DataError(f"{setting} must be one of {', '.join(map(repr, allowed))}, got {value!r}")


def cache_folder() -> Path:
    """Return the cache folder: ``ENSEMBLE_HWR_CACHE`` if set, else the folder of the user's platform."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return expanded(named)
    if sys.platform == "win32":
        return expanded(os.environ.get("LOCALAPPDATA", "~")) / "ensemble_hwr" / "Cache"
    if sys.platform == "darwin":
        return expanded("~/Library/Caches/ensemble_hwr")
    return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "ensemble_hwr"


class Cached:
    """Cached arrays of one parsed file, valid as long as its size and modification time stay the same.

    Parameters
    ----------
    file : Path
        The file that is parsed.
    options : mapping
        Options of the parser; must be serializable as JSON.
    folder : Path or None
        Folder of the cache; None disables it.
    """

    def __init__(self, file: Path, options: Mapping[str, Any], folder: Path | None) -> None:
        self._file, self._options = file, dict(options)
        self._stamp = self._stamped()
        key = json.dumps([str(file.resolve()), self._options])
        name = f"{file.stem}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
        self._cached = None if folder is None or self._stamp["size"] < WORTH_IT else folder / name

    def load(self) -> Arrays | None:
        """Return the cached arrays; None if there are none, or if the file or the cache entry has changed."""
        if self._cached is None:
            return None
        try:
            with open(self._cached, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
                if json.loads(str(archive["stamp"])) != self._stamp:
                    return None
                return {name: archive[name] for name in archive.files if name != "stamp"}
        except Exception:  # a missing, truncated or damaged cache file raises many types of errors
            return None

    def save(self, **arrays: NDArray[Any]) -> None:
        """Write arrays to the cache atomically; warn if that fails."""
        if self._cached is None or self._stamped() != self._stamp:
            return
        try:
            self._cached.parent.mkdir(parents=True, exist_ok=True)
            with whole_files(self._cached) as (stream,):
                named: Any = {"stamp": np.array(json.dumps(self._stamp)), **arrays}
                np.savez(stream, **named)
        except OSError as error:
            reason = error.strerror or error
            warnings.warn(
                f"{self._file.name} cannot be cached in {self._cached.parent} ({reason}); "
                f"set {CACHE_VARIABLE} to another folder, or pass cache=False",
                stacklevel=3,
            )

    def _stamped(self) -> dict[str, Any]:
        found = self._file.stat()
        return {"form": _FORM, "size": found.st_size, "changed": found.st_mtime_ns, **self._options}
