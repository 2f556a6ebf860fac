"""Run the trials of studies in parallel processes of one thread each, and replace processes that die."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import numpy as np

from ensemble_hwr._processes import EndsWithParent, call, terminal_signals_blocked
from ensemble_hwr.exceptions import DataError, EnsembleHwrError
from ensemble_hwr.tuning._objective import TrainingData
from ensemble_hwr.tuning._storage import open_storage
from ensemble_hwr.tuning._study import StudySpec
from ensemble_hwr.tuning._trials import run_trials

try:
    import fcntl
except ImportError:  # Windows, which does not remove a file that is open
    fcntl = None  # type: ignore[assignment]

ROWS_FILE = ".letters-{}.npy"
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR")
}
SECONDS_BETWEEN_POLLS = 0.25
SECONDS_TO_STOP = 120.0
MAX_DEATHS_PER_WORKER = 5

_spawn = multiprocessing.get_context("spawn")


class WorkerError(EnsembleHwrError, RuntimeError):
    """Worker processes died again and again, or raised an unexpected error."""


class WorkerPool:
    """Worker processes that share the rows through a file.

    Parameters
    ----------
    n_workers : int
        Number of processes.
    data : TrainingData
        Rows and labels.
    address : str
        Address of the storage.
    folder : Path
        Folder for the file of the rows, which the workers map into memory.
    """

    def __init__(self, n_workers: int, data: TrainingData, address: str, folder: Path) -> None:
        self._n_workers = n_workers
        self._data = data
        self._address = address
        self._file = RowsFile(folder)
        self._stop = _spawn.RawValue("b", 0)
        self._workers: list[_Worker] = []
        self._deaths = 0

    def __enter__(self) -> WorkerPool:
        self._file.write(self._data.X)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.value = 1
        deadline = time.monotonic() + SECONDS_TO_STOP
        for worker in self._workers:
            worker.stop(max(0.0, deadline - time.monotonic()))
        self._file.remove()

    def run(self, spec: StudySpec) -> Iterator[None]:
        """Run trials of a study in all workers until it is done; yield a few times per second meanwhile.

        Parameters
        ----------
        spec : StudySpec
            The study.

        Raises
        ------
        WorkerError
            If workers die again and again.
        """
        spec = without_data(spec)
        while len(self._workers) < self._n_workers:
            self._workers.append(self._start())
        for worker in self._workers:
            worker.send(spec)
        while any(worker.busy for worker in self._workers):
            time.sleep(SECONDS_BETWEEN_POLLS)
            for i, worker in enumerate(self._workers):
                if worker.busy and not worker.poll():
                    self._workers[i] = self._replace(worker)
                    self._workers[i].send(spec)
            yield

    def _start(self) -> _Worker:
        ours, theirs = _spawn.Pipe()
        labels = {"labels": self._data.y, "weight": self._data.sample_weight}
        settings = {"stop": self._stop, "address": self._address, "rows": self._file.path, **labels}
        process = _spawn.Process(target=call, args=(EndsWithParent(), _serve, theirs), kwargs=settings, daemon=True)
        with _environment(ONE_THREAD), terminal_signals_blocked():
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _replace(self, dead: _Worker) -> _Worker:
        """Return a new worker in place of a dead one."""
        self._deaths += 1
        dead.process.join()
        if self._deaths > MAX_DEATHS_PER_WORKER * self._n_workers:
            raise WorkerError(
                f"worker processes died {self._deaths} times, the last one with exit code {dead.process.exitcode}; "
                "if memory is short, use fewer --jobs"
            )
        return self._start()


class RowsFile:
    """A file of rows, locked while the process that wrote it runs, so that others can remove it afterwards.

    Parameters
    ----------
    folder : Path
        Where it is written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / ROWS_FILE.format(uuid4().hex)
        self._stream: IO[bytes] | None = None

    def write(self, rows: Any) -> None:
        """Write the rows, after removing the files of processes that have ended.

        Raises
        ------
        DataError
            If they cannot be written.
        """
        for file in self.path.parent.glob(ROWS_FILE.format("*")):
            with contextlib.suppress(OSError):
                _remove_unless_locked(file)
        try:
            self._stream = self.path.open("xb")
            _lock(self._stream)
            np.save(self._stream, rows)
            self._stream.flush()
        except OSError as error:
            self.remove()
            size = np.asarray(rows).nbytes / 2**20
            raise DataError(
                f"{self.path.parent}: {size:.0f} MB of letters for the workers cannot be written to this folder "
                f"({error.strerror or error}); free some space, or choose another folder"
            ) from error

    def remove(self) -> None:
        """Unlock and remove the file."""
        if self._stream is not None:
            with contextlib.suppress(OSError):  # rows that did not fit on the disk
                self._stream.close()
        self.path.unlink(missing_ok=True)


def without_data(spec: StudySpec) -> StudySpec:
    """Return a study without rows and labels, for workers that have them already."""
    return replace(spec, data=TrainingData(None, spec.data.y[:0]))


class _Worker:
    """A worker process and the connection to it."""

    def __init__(self, process: Any, connection: Connection) -> None:
        self.process = process
        self.busy = False
        self._connection = connection

    def send(self, spec: StudySpec) -> None:
        self.busy = True
        with contextlib.suppress(BrokenPipeError, ConnectionError):  # `poll` detects its death
            self._connection.send(spec)

    def poll(self) -> bool:
        """Return whether the process is alive; raise an error that it could not handle."""
        try:
            if self._connection.poll():
                error = self._connection.recv()
                self.busy = False
                if error is not None:
                    raise error
                return True
        except (EOFError, ConnectionError):
            return False
        return bool(self.process.is_alive())

    def stop(self, seconds: float) -> None:
        self._connection.close()
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(
    connection: Connection, *, ended: threading.Event, stop: Any, address: str, rows: Path, labels: Any, weight: Any
) -> None:
    """Run the trials of one study after the other until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it cannot be blocked

    def should_stop() -> bool:
        return bool(stop.value) or ended.is_set()

    storage = open_storage(address)
    data = TrainingData(np.load(rows, mmap_mode="r"), labels, weight)
    while not should_stop():
        try:
            spec = connection.recv()
        except (EOFError, ConnectionError):
            return
        result: Exception | None = None
        try:
            run_trials(replace(spec, data=data), storage, should_stop)
        except EnsembleHwrError as error:
            result = error
        except Exception as error:
            result = WorkerError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        try:
            connection.send(result)
        except (BrokenPipeError, ConnectionError):
            return


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Set environment variables while the block runs."""
    before = {key: os.environ.get(key) for key in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _lock(stream: IO[bytes]) -> None:
    if fcntl is not None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_unless_locked(file: Path) -> None:
    with file.open("rb") as stream:
        _lock(stream)
    file.unlink()
