"""Processes that work on a study side by side, each with one thread, and are replaced when they die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ensemble_hwr.exceptions import EnsembleHwrError
from ensemble_hwr.tuning._question import Letters
from ensemble_hwr.tuning._rows_file import RowsFile
from ensemble_hwr.tuning._storage import open_storage
from ensemble_hwr.tuning._study import Task, work

ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR")
}
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_STOP = 120.0
MOST_DEATHS = 5  # of each worker's place, before its death is taken for more than bad luck

_spawn = multiprocessing.get_context("spawn")


class WorkerError(EnsembleHwrError, RuntimeError):
    """Worker processes that ended without having been asked to."""


class Crew:
    """A number of worker processes that have the letters already.

    Parameters
    ----------
    n_workers : int
    letters : Letters
    address : str
        Of the storage.
    work : Path
        Folder where the letters are laid out for the workers, to be read and not copied.
    """

    def __init__(self, n_workers: int, letters: Letters, address: str, work: Path) -> None:
        self._n_workers = n_workers
        self._letters = letters
        self._address = address
        self._file = RowsFile(work)
        self._stop = _spawn.RawValue("b", 0)
        self._workers: list[_Worker] = []
        self._deaths = 0

    def __enter__(self) -> Crew:
        self._file.write(self._letters.rows)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.value = 1
        deadline = time.monotonic() + SECONDS_TO_STOP
        for worker in self._workers:
            worker.end(max(0.0, deadline - time.monotonic()))
        self._file.remove()

    def run(self, task: Task, tick: Callable[[], None]) -> None:
        """Let everybody work on a task until nobody finds anything more to do.

        Parameters
        ----------
        task : Task
        tick : callable
            Called a few times a second meanwhile.

        Raises
        ------
        WorkerError
            When workers die again and again.
        """
        light = replace(task, letters=Letters(None, self._letters.labels[:0]))
        while len(self._workers) < self._n_workers:
            self._workers.append(self._start())
        for worker in self._workers:
            worker.give(light)
        while any(worker.busy for worker in self._workers):
            time.sleep(SECONDS_BETWEEN_LOOKS)
            for i, worker in enumerate(self._workers):
                if not worker.busy:
                    continue
                if not worker.look():
                    self._bury(worker)
                    self._workers[i] = self._start()
                    self._workers[i].give(light)
            tick()

    @property
    def pids(self) -> list[int]:
        """Return the process numbers of the workers."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def _start(self) -> _Worker:
        ours, theirs = _spawn.Pipe()
        known = {"labels": self._letters.labels, "weight": self._letters.weight}
        settings = {"stop": self._stop, "address": self._address, "rows": self._file.path, **known}
        process = _spawn.Process(target=_serve, args=(theirs,), kwargs=settings, daemon=True)
        with _environment(ONE_THREAD):
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _bury(self, worker: _Worker) -> None:
        self._deaths += 1
        worker.process.join()
        if self._deaths > MOST_DEATHS * self._n_workers:
            raise WorkerError(
                f"worker processes ended {self._deaths} times without having been asked to, the last with exit code "
                f"{worker.process.exitcode}; is there enough memory? Use fewer --jobs."
            )


class _Worker:
    """One process and the way to it."""

    def __init__(self, process: Any, connection: Connection) -> None:
        self.process = process
        self.busy = False
        self._connection = connection

    def give(self, task: Task) -> None:
        self.busy = True
        try:
            self._connection.send(task)
        except (BrokenPipeError, ConnectionError):  # it died: this shows when it is looked at
            return

    def look(self) -> bool:
        """Hear whether it is done; return False if it died, raise what it could not cope with."""
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

    def end(self, seconds: float) -> None:
        self._connection.close()
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(connection: Connection, *, stop: Any, address: str, rows: Path, labels: Any, weight: Any) -> None:
    """Do one task after the other until nobody gives any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one tells the others
    parent = multiprocessing.parent_process()

    def should_stop() -> bool:
        return bool(stop.value) or (parent is not None and not parent.is_alive())

    storage = open_storage(address)
    letters = Letters(np.load(rows, mmap_mode="r"), labels, weight)
    while not should_stop():
        try:
            task = connection.recv()
        except (EOFError, ConnectionError):
            return
        answer: Exception | None = None
        try:
            work(replace(task, letters=letters), storage, should_stop)
        except EnsembleHwrError as error:
            answer = error
        except Exception as error:
            answer = WorkerError(f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        try:
            connection.send(answer)
        except (BrokenPipeError, ConnectionError):
            return


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment while the block runs."""
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
