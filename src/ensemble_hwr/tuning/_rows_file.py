"""Rows laid out in a file for worker processes, and taken away again even after a process that was killed."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import numpy as np

from ensemble_hwr.exceptions import DataError

try:
    import fcntl
except ImportError:  # Windows, which refuses to remove a file that somebody has open
    fcntl = None  # type: ignore[assignment]

NAME = ".letters-{}.npy"


class RowsFile:
    """A file of rows in a folder, held by the process that wrote it for as long as it lives.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME.format(uuid4().hex)
        self._held: IO[bytes] | None = None

    def write(self, rows: Any) -> None:
        """Write the rows, after removing files whose processes are gone.

        Raises
        ------
        DataError
            When they cannot be written.
        """
        for file in self.path.parent.glob(NAME.format("*")):
            with contextlib.suppress(OSError):
                _remove_unless_held(file)
        try:
            self._held = self.path.open("xb")
            _hold(self._held)
            np.save(self._held, rows)
            self._held.flush()
        except OSError as error:
            self.remove()
            raise DataError(
                f"{self.path.parent}: {np.asarray(rows).nbytes / 2**20:.0f} MB of letters for the workers cannot be "
                f"written there ({error.strerror or error}); make room, or choose another folder."
            ) from error

    def remove(self) -> None:
        """Let go of the file, and remove it."""
        if self._held is not None:
            with contextlib.suppress(OSError):  # what was not written for lack of room is not missed
                self._held.close()
        self.path.unlink(missing_ok=True)


def _hold(stream: IO[bytes]) -> None:
    if fcntl is not None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_unless_held(file: Path) -> None:
    with file.open("rb") as stream:
        _hold(stream)
    file.unlink()
