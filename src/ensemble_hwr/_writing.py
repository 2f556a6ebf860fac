"""Files that are written whole or not at all, and folders that can be written to."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from ensemble_hwr.exceptions import DataError

_NOT_A_FILE = "is a device or a pipe, which no file may take the place of"


@contextmanager
def whole_files(*files: Path) -> Iterator[list[IO[bytes]]]:
    """Open files beside their places; all take their places when the block ends well, and else none is left.

    Parameters
    ----------
    *files : Path
        In folders that exist. Older files of these names are replaced, and their permissions kept; of a symbolic link,
        the file that it leads to.

    Yields
    ------
    list of binary file
        To write to, one for each file.

    Raises
    ------
    OSError
        If one cannot be written, or its name is that of a folder, a device or a pipe.

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


def check_replaceable(file: Path, *read: Path) -> None:
    """Refuse to write where a device would be replaced, or a file that the same work reads.

    Parameters
    ----------
    file : Path
        Need not exist.
    *read : Path
        What is read; need not exist.

    Raises
    ------
    DataError
        If it must not be written.
    """
    if _is_device(file):
        raise DataError(f"{file}: {_NOT_A_FILE}; give the name of a file.")
    for other in read:
        if file.exists() and other.exists() and file.samefile(other):
            raise DataError(f"{file}: is read here, and would be replaced; give the name of another file to write.")


def _is_device(file: Path) -> bool:
    return file.exists() and not file.is_file() and not file.is_dir()


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before work is spent on what should go there.

    Parameters
    ----------
    folder : Path
        Need not exist, if it could be made.

    Raises
    ------
    DataError
        If nothing could be written there.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise DataError(f"{folder}: cannot be a folder, {nearest} is a file; choose another.")
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            f"{folder}: cannot be written to ({reason}); choose another folder, or change its permissions."
        ) from None
