"""Paths of users, safe text, atomic writing of files, journals, and checks of output files before a long run."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ensemble_hwr.exceptions import DataError

try:
    import fcntl
except ImportError:  # Windows, where two commands can write one file
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from ensemble_hwr._typing import PathLike

DAMAGED = "is damaged, or another file; remove its folder, or give another one"
_NOT_A_FILE = "is a device or a pipe, and cannot be replaced by a file"


def expanded(path: PathLike) -> Path:
    """Return a path with ``~`` replaced by the home folder; unchanged if there is no such user."""
    return Path(os.path.expanduser(path))


def printable(text: str, *, kept: str = "") -> str:
    r"""Escape characters that could break a line or control a terminal: names and labels come from files of others.

    Parameters
    ----------
    text : str
    kept : str, default=""
        Characters that are not escaped, such as line breaks.

    Returns
    -------
    str

    Examples
    --------
    >>> from ensemble_hwr._writing import printable
    >>> print(printable("A\x1b[2J\n"))
    A\x1b[2J\n
    """
    return "".join(c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text)


@contextmanager
def whole_files(*files: Path) -> Iterator[list[IO[bytes]]]:
    """Write files atomically: all of them are replaced when the block ends without an error, otherwise none.

    Parameters
    ----------
    *files : Path
        In existing folders. Existing files are replaced and keep their permissions; for a symbolic link, the file that
        it points to is replaced.

    Yields
    ------
    list of binary file
        Temporary files in the same folders, open for writing, one per file.

    Raises
    ------
    OSError
        If a file cannot be written, or is a folder, a device or a pipe.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr._writing import whole_files
    >>> with TemporaryDirectory() as folder:
    ...     with whole_files(Path(folder, "a"), Path(folder, "b")) as (a, b):
    ...         written = a.write(b"one") + b.write(b"two")
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['a', 'b']
    """
    for file in files:
        if _is_device(file):
            raise OSError(errno.EINVAL, _NOT_A_FILE, str(file))
    places = [Path(os.path.realpath(file)) for file in files]
    parts = [place.with_name(f".{place.name}.{secrets.token_hex(4)}.part") for place in places]
    try:
        with ExitStack() as stack:
            streams: list[IO[bytes]] = [stack.enter_context(part.open("xb")) for part in parts]
            yield streams
            for stream in streams:
                stream.flush()
                os.fsync(stream.fileno())
        for part, place in zip(parts, places, strict=True):
            if place.exists():
                shutil.copymode(place, part)
            part.replace(place)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


class Journal:
    """Records of a long run, in a file with one JSON object per line, each of which is on the disk once it is added.

    A last record that was not completely written, as before a power failure, is dropped.

    Parameters
    ----------
    file : Path
        In an existing folder; need not exist.

    Attributes
    ----------
    records : list of dict
        In the order in which they were added.

    Raises
    ------
    DataError
        If the file is no journal.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr._writing import Journal
    >>> with TemporaryDirectory() as folder:
    ...     Journal(Path(folder, "_journal.jsonl")).add({"part": 0})
    ...     Journal(Path(folder, "_journal.jsonl")).records
    [{'part': 0}]
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.records: list[dict[str, Any]] = []
        if not file.exists():
            return
        with file.open("rb") as stream:
            end = 0
            for line in stream:
                if line.endswith(b"\n"):
                    self.records.append(self._parsed(line))
                    end += len(line)
        if end < file.stat().st_size:
            os.truncate(file, end)

    def add(self, record: dict[str, Any]) -> None:
        """Add a record, and wait until it is on the disk."""
        with self._file.open("ab") as stream:
            stream.write(json.dumps(record).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.records.append(record)

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise DataError(f"{self._file}: {DAMAGED}")
        return record


def check_replaceable(file: Path, *read: Path) -> None:
    """Raise an error if an output file would replace a device or an input file.

    Parameters
    ----------
    file : Path
        Output file; need not exist.
    *read : Path
        Input files; need not exist.

    Raises
    ------
    DataError
        If the output file is a device, a pipe or one of the input files.

    Examples
    --------
    >>> from pathlib import Path
    >>> from ensemble_hwr._writing import check_replaceable
    >>> check_replaceable(Path("missing.model"), Path("letters.npz"))
    """
    if _is_device(file):
        raise DataError(f"{file}: {_NOT_A_FILE}; give the name of a file")
    for other in read:
        if file.exists() and other.exists() and file.samefile(other):
            raise DataError(f"{file}: is an input file and would be replaced; give another name for the output")


@contextmanager
def writing_alone(file: Path) -> Iterator[None]:
    """Hold a lock while a command works on an output file; it is released if the process dies.

    Parameters
    ----------
    file : Path
        Output file; need not exist.

    Raises
    ------
    DataError
        If another process holds the lock.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr._writing import writing_alone
    >>> with TemporaryDirectory() as folder, writing_alone(Path(folder, "letters.model")):
    ...     pass
    """
    place = file.with_name(f".{file.name}.lock")
    try:
        stream = place.open("ab")
    except OSError:  # the error is raised when the file is written
        yield
        return
    with stream:
        if fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(
                    f"{file}: another command is working on this file; wait until it has ended, or give another output"
                ) from None
            except OSError:  # a file system without locks
                pass
        try:
            yield
        finally:
            place.unlink(missing_ok=True)


def _is_device(file: Path) -> bool:
    """Return whether a path exists and is neither a file nor a folder."""
    return file.exists() and not file.is_file() and not file.is_dir()


def check_folder(folder: Path) -> None:
    """Raise an error if no file can be written to an output folder.

    Parameters
    ----------
    folder : Path
        Need not exist; it is not created.

    Raises
    ------
    DataError
        If the folder cannot be created, or no file can be written to it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr._writing import check_folder
    >>> with TemporaryDirectory() as folder:
    ...     check_folder(Path(folder, "results"))
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise DataError(f"{folder}: cannot be a folder, since {nearest} is a file; choose another folder")
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"{folder}: cannot be written to ({reason}); choose another folder, or change its permissions"
        ) from None
