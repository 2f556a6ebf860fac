"""Files that are written whole or not at all, and folders that can be written to."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from ensemble_hwr.exceptions import DataError


@contextmanager
def whole_files(*files: Path) -> Iterator[list[IO[bytes]]]:
    """Open files beside their places; all take their places when the block ends well, and else none is left.

    Parameters
    ----------
    *files : Path
        In folders that exist. Older files of these names are replaced.

    Yields
    ------
    list of binary file
        To write to, one for each file.

    Raises
    ------
    OSError
        If one cannot be written.

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
    parts = [file.with_name(f".{file.name}.{secrets.token_hex(4)}.part") for file in files]
    try:
        with ExitStack() as stack:
            streams: list[IO[bytes]] = [stack.enter_context(part.open("xb")) for part in parts]
            yield streams
            for stream in streams:
                stream.flush()
                os.fsync(stream.fileno())
        for part, file in zip(parts, files, strict=True):
            part.replace(file)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


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
