"""Run the trials of studies on the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any
from uuid import uuid4

import joblib

from ensemble_hwr._cluster import send
from ensemble_hwr.exceptions import ConfigError, MissingExtraError
from ensemble_hwr.tuning._objective import TrainingData
from ensemble_hwr.tuning._storage import open_storage
from ensemble_hwr.tuning._study import StudySpec
from ensemble_hwr.tuning._trials import run_trials
from ensemble_hwr.tuning._workers import WorkerError, without_data

SECONDS_TO_CONNECT = 10
SECONDS_BETWEEN_POLLS = 0.5
MAX_ATTEMPTS = 3
EXTRA = "distributed"


@contextmanager
def on_cluster(address: str | None) -> Iterator[Any]:
    """Use the workers of a Dask scheduler for everything that joblib runs in parallel while the block runs.

    Parameters
    ----------
    address : str or None
        Address of the scheduler, such as ``"tcp://10.0.0.1:8786"``; with None everything runs on this machine.

    Yields
    ------
    distributed.Client or None
        The connection to the scheduler.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    ConfigError
        If there is no scheduler at the address, or it has no workers.

    Examples
    --------
    >>> from ensemble_hwr.tuning import on_cluster
    >>> with on_cluster(None) as client:
    ...     print(client)
    None
    """
    if address is None:
        yield None
        return
    with _connected(address) as client, joblib.parallel_config(backend="dask", client=client):
        yield client


class ClusterPool:
    """The workers of a Dask scheduler, to which the data are sent once.

    Parameters
    ----------
    client : distributed.Client
        The connection to the scheduler.
    data : TrainingData
        Rows and labels.
    address : str
        Address of the storage, which every worker must be able to reach.
    """

    def __init__(self, client: Any, data: TrainingData, address: str) -> None:
        self._client = client
        self._data = data
        self._address = address
        self._sent: Any = None
        self._stop = f"ensemble-hwr-stop-{uuid4().hex}"

    def __enter__(self) -> ClusterPool:
        self._sent = send(self._client, self._data)
        return self

    def __exit__(self, *_: object) -> None:
        distributed: Any = import_module("distributed")
        distributed.Event(self._stop, client=self._client).set()
        self._sent = None

    def run(self, spec: StudySpec) -> Iterator[None]:
        """Run trials of a study in every thread of every worker until it is done; yield twice per second meanwhile.

        The scheduler gives the work of a dead worker to another one, and its trial is queued again. If the dead worker
        held the only copy of data that others need, the data are sent again.

        Raises
        ------
        WorkerError
            If workers die again and again.
        """
        distributed: Any = import_module("distributed")
        for _ in range(MAX_ATTEMPTS):
            futures = self._submit(without_data(spec))
            while not all(future.done() for future in futures):
                time.sleep(SECONDS_BETWEEN_POLLS)
                yield
            try:
                self._client.gather(futures)
            except (distributed.CancelledError, distributed.KilledWorker):
                self._sent = send(self._client, self._data)
            else:
                return
        raise WorkerError(
            f"workers of the cluster died {MAX_ATTEMPTS} times while running trials; check the memory of their "
            "machines; finished trials are kept, and the same command continues"
        )

    def _submit(self, spec: StudySpec) -> list[Any]:
        n_threads = max(1, sum(self._client.nthreads().values()))
        return [
            self._client.submit(_run_trials, spec, self._sent, self._address, self._stop, pure=False, retries=3)
            for _ in range(n_threads)
        ]


def _run_trials(spec: StudySpec, data: TrainingData, address: str, stop: str) -> None:
    """Run trials on a worker until the study is done or the search stops."""
    distributed: Any = import_module("distributed")
    event = distributed.Event(stop)
    run_trials(replace(spec, data=data), open_storage(address), event.is_set)


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise MissingExtraError("distributed", EXTRA) from None
    _check_scheduler(address)
    with distributed.Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False) as client:
        if not client.nthreads():
            raise ConfigError(f"--scheduler {address}: has no workers; start some with: dask worker {address}")
        yield client


def _check_scheduler(address: str) -> None:
    """Raise a ConfigError if the server at an address does not answer as a Dask scheduler within a few seconds.

    ``distributed.Client`` waits for minutes for a server that does not answer.
    """
    try:
        identity = asyncio.run(asyncio.wait_for(_identity(address), SECONDS_TO_CONNECT))
        if identity.get("type") == "Scheduler":
            return
        found = f"the server at this address is a {identity.get('type')}, not a Dask scheduler"
    except Exception:  # the bytes of another server can raise any exception, MemoryError included
        found = "there is no Dask scheduler at this address"
    raise ConfigError(f"--scheduler {address}: {found}; start one with: dask scheduler")


async def _identity(address: str) -> dict[str, Any]:
    """Return how the server at an address describes itself."""
    distributed: Any = import_module("distributed")
    credentials = distributed.Security().get_connection_args("client")
    async with distributed.rpc(address, timeout=SECONDS_TO_CONNECT, connection_args=credentials) as server:
        found: dict[str, Any] = await server.identity()
    return found
