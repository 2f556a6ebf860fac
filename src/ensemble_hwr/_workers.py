"""Work on many pictures in several processes or on a cluster: results in order, also if a picture ends its process."""

from __future__ import annotations

import gc
import os
import pickle
import queue
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, Generic, TypeVar

from ensemble_hwr._cluster import Cluster, dask_client
from ensemble_hwr._processes import EndsWithParent, call, terminal_signals_blocked, worker_backend
from ensemble_hwr.exceptions import DataError, EnsembleHwrError, PictureError
from ensemble_hwr.images.sources import describe

AHEAD = 2  # items that a process has at once, so that it never waits for the next one
WINDOW = 16  # items per process whose results are not yet returned
MOST_WEIGHT = 50_000_000  # of these items together
SECONDS_TO_END = 5.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

Item = TypeVar("Item")
Result = TypeVar("Result")
Failure = PictureError | DataError


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    n_jobs: int | None = None,
    least: int = 1,
    weigh: Callable[[Item], int] | None = None,
    split: Callable[[Item], Sequence[Item]] | None = None,
    name: Callable[[Item], str] = describe,
) -> Generator[tuple[Item, Result | Failure], None, None]:
    """Apply a function to items in several processes, and yield the results in order as they come.

    Every process uses one thread of BLAS, and so does this one, so that results do not depend on `n_jobs`. Items are
    taken from the iterable as they are needed. A process that ends, as by a signal, is replaced. The processes end when
    the generator is closed.

    Parameters
    ----------
    function : callable
        Takes one item. It is pickled once per process.
    items : iterable
    n_jobs : int, default=None
        Number of processes; None means 1, -1 all processors. With another backend of joblib than processes, the work is
        done there; with that of Dask, by all threads of its workers.
    least : int, default=1
        Number of items per process from which on another process is started; with fewer, this process does the work.
    weigh : callable, default=None
        Returns the size of an item; items with more than 50 million together are not taken at once.
    split : callable, default=None
        Returns the parts of an item that ended its process; they are tried one by one. An item with one part, and every
        item by default, is not tried again.
    name : callable
        Returns the description of an item for the error that it ended its process.

    Yields
    ------
    item : object
        In the order of `items`, or one of its parts.
    result : object, PictureError or DataError
        Return value of the function; or its error, or a ``PictureError`` if the process has ended. Other errors are
        raised.

    Raises
    ------
    EnsembleHwrError
        If processes cannot start, or a Dask cluster loses its workers.

    Examples
    --------
    >>> from ensemble_hwr._workers import map_in_order
    >>> [result for _, result in map_in_order(abs, [-1, 2])]
    [1, 2]
    """
    options: dict[str, Any] = {"weigh": weigh, "split": split, "name": name}
    if n_jobs not in (None, 1) and (client := dask_client()) is not None:
        yield from _run(Cluster(client, partial(_outcome, function), **options), items)
        return
    n_workers, items = _n_workers(n_jobs, least, items)
    if n_workers == 1:
        yield from _map_here(function, items)
    elif (backend := worker_backend()) is None:  # the user has chosen another one
        from sklearn.utils.parallel import Parallel, delayed

        taken = list(items)
        results = Parallel(n_jobs=n_workers, backend=backend)(delayed(_outcome)(function, item) for item in taken)
        yield from zip(taken, results, strict=True)
    else:
        yield from _run(_Pool(function, n_workers, **options), items)


def _run(workers: Cluster | _Pool, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield items and results of workers, and end the workers."""
    try:
        yield from workers.run(items)
    finally:
        workers.close()


def _n_workers(n_jobs: int | None, least: int, items: Iterable[Item]) -> tuple[int, Iterator[Item]]:
    """Return the number of processes, and the items: only as many are taken as the number depends on."""
    rest = iter(items)
    if n_jobs in (None, 1):
        return 1, rest
    first = list(islice(rest, 2 * least))
    if len(first) < 2 * least:
        return 1, iter(first)
    from joblib import effective_n_jobs  # slow to import, and not needed for few pictures

    n_jobs = int(effective_n_jobs(n_jobs))
    first += islice(rest, max(n_jobs * least - len(first), 0))
    return min(n_jobs, len(first) // least), chain(first, rest)


def _map_here(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Failure]]:
    """Apply a function in this process, with one thread as in others: the last bits depend on their number."""
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController()
    for item in items:
        with controller.limit(limits=1):
            result = _outcome(function, item)
        yield item, result


def _outcome(function: Callable[[Item], Result], item: Item) -> Result | Failure:
    try:
        return function(item)
    except (PictureError, DataError) as error:
        return error


@dataclass(eq=False)
class _Slot(Generic[Item, Result]):
    """An item, and its result as soon as there is one."""

    item: Item
    weight: int = 0
    done: bool = False
    result: Any = None


@dataclass(eq=False)
class _Worker:
    """A process with the slots that were sent to it, in order."""

    process: Any
    connection: Any
    slots: deque[_Slot[Any, Any]] = field(default_factory=deque)
    ready: bool = False


class _Pool:
    """Processes that apply one function; `map_in_order` describes the parameters."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        n_workers: int,
        *,
        weigh: Callable[[Any], int] | None,
        split: Callable[[Any], Sequence[Any]] | None,
        name: Callable[[Any], str],
    ) -> None:
        from sklearn import get_config

        self._payload = _dumps((function, get_config()))
        self._n_workers, self._weigh, self._split, self._name = n_workers, weigh, split, name
        self._workers: list[_Worker] = []
        self._order: deque[_Slot[Any, Any]] = deque()  # all slots whose results are not yet returned
        self._waiting: deque[_Slot[Any, Any]] = deque()  # those of them that were sent to no process

    def run(self, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield items and results in order."""
        from multiprocessing.connection import wait

        items = iter(items)
        self._fill(items)
        while self._order:
            self._send()
            for connection in wait([worker.connection for worker in self._workers]):
                self._receive(next(worker for worker in self._workers if worker.connection is connection))
            while self._order and self._order[0].done:
                slot = self._order.popleft()
                if isinstance(slot.result, Exception) and not isinstance(slot.result, PictureError | DataError):
                    raise slot.result
                yield slot.item, slot.result
            self._fill(items)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.process.terminate()
            worker.connection.close()
        for worker in self._workers:
            worker.process.join(SECONDS_TO_END)
        self._workers.clear()

    def _fill(self, items: Iterator[Any]) -> None:
        """Take items, as many as the window and their weight allow, but one at least."""
        weight = sum(slot.weight for slot in self._order)
        while not self._order or (len(self._order) < WINDOW * self._n_workers and weight < MOST_WEIGHT):
            try:
                item = next(items)
            except StopIteration:
                return
            slot: _Slot[Any, Any] = _Slot(item, 0 if self._weigh is None else self._weigh(item))
            weight += slot.weight
            self._order.append(slot)
            self._waiting.append(slot)

    def _send(self) -> None:
        """Start the processes that are missing, and send them waiting items, evenly."""
        while len(self._workers) < min(self._n_workers, len(self._waiting) + len(self._workers)):
            self._workers.append(_start(self._payload))
        for ahead in range(AHEAD):
            for worker in self._workers:
                if self._waiting and len(worker.slots) <= ahead:
                    worker.slots.append(self._waiting.popleft())
                    with suppress(OSError):  # it has ended, which is found when its results are received
                        worker.connection.send_bytes(_dumps(worker.slots[-1].item))

    def _receive(self, worker: _Worker) -> None:
        """Receive one result, or the end of a process."""
        try:
            result, error = pickle.loads(worker.connection.recv_bytes())
        except (EOFError, OSError):
            self._replace(worker)
            return
        if error is not None and not worker.ready:
            raise error
        if not worker.ready:
            worker.ready = True
            return
        slot = worker.slots.popleft()
        slot.result, slot.done = result if error is None else error, True

    def _replace(self, worker: _Worker) -> None:
        """Give up the item that a process ended with, or split it; the others are sent to other processes."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join(SECONDS_TO_END)
        reason = _reason(worker.process.exitcode)
        if not worker.ready:
            raise EnsembleHwrError(f"a worker process ended when it started, by {reason}; use one process")
        self._waiting.extendleft(reversed(list(worker.slots)[1:]))
        if not worker.slots:
            return
        slot = worker.slots[0]
        parts = [slot.item] if self._split is None else list(self._split(slot.item))
        if len(parts) == 1:
            message = f"the process that read it ended by {reason}; check its size and the memory of this machine"
            slot.result, slot.done = PictureError(f"{self._name(slot.item)}: {message}"), True
            return
        slots: list[_Slot[Any, Any]] = [_Slot(part, slot.weight // len(parts)) for part in parts]
        place = self._order.index(slot)
        del self._order[place]
        for offset, part in enumerate(slots):
            self._order.insert(place + offset, part)
        self._waiting.extendleft(reversed(slots))


def _start(payload: bytes) -> _Worker:
    """Start a process that ends with this one, and that a Ctrl-C in the terminal does not interrupt."""
    from multiprocessing import Pipe

    from joblib.externals.loky.backend.process import LokyProcess

    ours, theirs = Pipe()
    with terminal_signals_blocked():
        process = LokyProcess(
            target=call, args=(EndsWithParent(), _work, theirs), daemon=True, env=dict.fromkeys(_THREADS, "1")
        )
        process.start()
    theirs.close()
    with suppress(OSError):
        ours.send_bytes(payload)
    return _Worker(process, ours)


def _work(connection: Any, *, ended: Any) -> None:
    """Apply the function that comes first to all items after it, and send the results."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive_all, args=(connection, inbox), daemon=True).start()
    try:
        from sklearn import set_config
        from threadpoolctl import threadpool_limits

        gc.disable()  # imports and models make many objects, and keep them
        function, config = pickle.loads(inbox.get())
        set_config(**config)
        threadpool_limits(1)
        gc.freeze()
        gc.enable()
    except Exception as error:
        connection.send_bytes(_dumps((None, _portable(error))))
        return
    connection.send_bytes(_dumps((None, None)))
    while True:
        try:
            message = _dumps((_outcome(function, pickle.loads(inbox.get())), None))
        except Exception as error:
            message = _dumps((None, _portable(error)))
        connection.send_bytes(message)


def _receive_all(connection: Any, inbox: queue.SimpleQueue[bytes]) -> None:
    """Receive at any time, so that two full pipes cannot wait for each other."""
    while True:
        try:
            inbox.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _dumps(value: Any) -> bytes:
    from joblib.externals.loky.backend.reduction import dumps  # also for classes of a script or a notebook

    return bytes(dumps(value))


def _portable(error: Exception) -> Exception:
    """Return an error with its traceback as a note; one that cannot be pickled as text."""
    note = f"In a worker process:\n{traceback.format_exc()}"
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(note)
    return error


def _reason(exit_code: int | None) -> str:
    """Describe the end of a process."""
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {-exit_code} ({signal.Signals(-exit_code).name})"
    except ValueError:
        return f"signal {-exit_code}"
