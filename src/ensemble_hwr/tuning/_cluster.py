"""Work on a cluster of Dask: the same worker loops, on whatever machines its workers are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any
from uuid import uuid4

import joblib

from ensemble_hwr.exceptions import ConfigError, MissingExtraError
from ensemble_hwr.tuning._question import Letters
from ensemble_hwr.tuning._storage import open_storage
from ensemble_hwr.tuning._study import Task, work
from ensemble_hwr.tuning._workers import WorkerError

SECONDS_TO_CONNECT = 10
SECONDS_BETWEEN_LOOKS = 0.5
MOST_LOSSES = 3
EXTRA = "distributed"


@contextmanager
def on_cluster(address: str | None) -> Iterator[Any]:
    """Let whatever joblib does in parallel be done by the workers of a Dask scheduler while the block runs.

    Parameters
    ----------
    address : str or None
        Of the scheduler, such as ``"tcp://10.0.0.1:8786"``; with None everything stays on this machine.

    Yields
    ------
    distributed.Client or None

    Raises
    ------
    MissingExtraError
        When Dask is not installed.
    ConfigError
        When no scheduler answers.
    """
    if address is None:
        yield None
        return
    with _connected(address) as client, joblib.parallel_config(backend="dask", client=client):
        yield client


class Cluster:
    """The workers of a Dask scheduler, which are sent the letters once.

    Parameters
    ----------
    client : distributed.Client
    letters : Letters
    address : str
        Of the storage; every worker must reach it.
    """

    def __init__(self, client: Any, letters: Letters, address: str) -> None:
        self._client = client
        self._letters = letters
        self._address = address
        self._sent: Any = None
        self._stop = f"ensemble-hwr-stop-{uuid4().hex}"

    def __enter__(self) -> Cluster:
        self._send()
        return self

    def __exit__(self, *_: object) -> None:
        distributed: Any = import_module("distributed")
        distributed.Event(self._stop, client=self._client).set()
        self._sent = None

    def run(self, task: Task, tick: Callable[[], None]) -> None:
        """Let every thread of every worker work on a task until nobody finds anything more to do.

        A worker that dies is missed by the scheduler, which gives its work to another; its trial is made again. Where
        it was the only one to hold something that the others need, the letters are sent again.

        Raises
        ------
        WorkerError
            When workers die again and again.
        """
        light = replace(task, letters=Letters(None, self._letters.labels[:0]))
        for _ in range(MOST_LOSSES):
            if self._work_together(light, tick):
                return
            self._send()
        raise WorkerError(
            f"workers of the cluster died {MOST_LOSSES} times with work in hand; is there enough memory on their "
            "machines? Finished trials are kept, and the same command goes on."
        )

    def _send(self) -> None:
        self._sent = self._client.scatter(self._letters, broadcast=True, hash=False)

    def _work_together(self, light: Task, tick: Callable[[], None]) -> bool:
        """Let everybody work; return whether nobody's work was lost."""
        distributed: Any = import_module("distributed")
        n_threads = max(1, sum(self._client.nthreads().values()))
        futures = [
            self._client.submit(_work, light, self._sent, self._address, self._stop, pure=False, retries=3)
            for _ in range(n_threads)
        ]
        while not all(future.done() for future in futures):
            time.sleep(SECONDS_BETWEEN_LOOKS)
            tick()
        try:
            self._client.gather(futures)
        except (distributed.CancelledError, distributed.KilledWorker):
            return False
        return True


def _work(task: Task, letters: Letters, address: str, stop: str) -> None:
    """Make trials until the study is done or the tuning stopped."""
    distributed: Any = import_module("distributed")
    event = distributed.Event(stop)
    work(replace(task, letters=letters), open_storage(address), event.is_set)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise MissingExtraError("distributed", EXTRA) from None
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--scheduler {address}: no Dask scheduler answers there; start one with: dask scheduler"
        ) from error
    with client:
        if not client.nthreads():
            raise ConfigError(f"--scheduler {address}: it has no workers; start some with: dask worker {address}")
        yield client
