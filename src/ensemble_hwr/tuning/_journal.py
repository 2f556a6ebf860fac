"""A journal of studies that a killed process or a full disk cannot spoil."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalFileOpenLock

from ensemble_hwr.exceptions import DataError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


_FIRST = b'{"op_code":'  # how every line of a journal begins


class SafeJournal(BaseJournalBackend):
    """Optuna's journal file, whose half-written end is cut off before anything is added.

    Optuna refuses to read on where a line is broken off in the middle of the file. Here whoever adds a line first
    takes away what a killed process left of its own, and takes back its own line where the disk is full.

    Parameters
    ----------
    file : Path
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._backend = JournalFileBackend(str(file))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """Yield what was added from a line on."""
        return self._backend.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add lines: all of them, or none."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        try:
            with _locked(self._file), self._file.open("r+b") as stream:
                end = _end_of_last_line(stream)
                stream.truncate(end)
                stream.seek(end)
                try:
                    stream.write(text)
                    stream.flush()
                    os.fsync(stream.fileno())
                except OSError:
                    os.ftruncate(stream.fileno(), end)
                    raise
        except OSError as error:
            raise DataError(
                f"{self._file}: cannot be written to ({error.strerror or error}); no finished trial is lost: "
                "make room, then give the same command again."
            ) from error


def check_is_journal(file: Path) -> None:
    """Refuse a file that is no journal, before a line is cut off or added.

    Parameters
    ----------
    file : Path
        Need not exist.

    Raises
    ------
    DataError
        If its first line is not a journal's. Of a journal's very first line a killed process may have left a part.
    """
    if not file.exists():
        return
    start = b""
    if file.is_file():
        with file.open("rb") as stream:
            start = stream.read(len(_FIRST))
        if _FIRST.startswith(start):
            return
    raise DataError(
        f"{file}: is no journal of studies, which begins with {_FIRST.decode()}, but "
        f"{f'begins with {start!r}' if start else 'no ordinary file'}; name another file, which need not exist."
    )


def _end_of_last_line(stream: Any) -> int:
    """Return the position behind the last line that is whole."""
    position = int(stream.seek(0, os.SEEK_END))
    while position > 0:
        start = max(0, position - 65_536)
        stream.seek(start)
        newline = stream.read(position - start).rfind(b"\n")
        if newline >= 0:
            return int(start + newline + 1)
        position = start
    return 0


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Keep other processes from adding meanwhile; the system lets go of the lock when its holder dies."""
    if fcntl is None:
        lock = JournalFileOpenLock(str(file))
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
        return
    with open(f"{file}.lock", "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
