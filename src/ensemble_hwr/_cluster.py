"""Work on many items on the workers of a Dask cluster: results in order, also if an item ends its worker."""

from __future__ import annotations

import pickle
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from socket import gethostname
from typing import Any, TypeVar

from ensemble_hwr.exceptions import EnsembleHwrError, PictureError

AHEAD = 8  # items per thread that are submitted at once
MOST_WEIGHT = 50_000_000  # of these items together
MOST_LOSSES = 3  # times in a row that work is submitted again
SECONDS_BETWEEN_COUNTS = 5.0
SECONDS_WITHOUT_WORKERS = 60.0

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Slot:
    """An item with the future of its result, None as long as it is not submitted."""

    item: Any
    weight: int = 0
    result: Any = None
    alone: bool = False  # to be submitted when no other item is


def dask_client() -> Any:
    """Return the client of joblib's active backend if that is Dask, otherwise None."""
    if "distributed" not in sys.modules:
        return None
    from joblib.parallel import get_active_backend

    return getattr(get_active_backend()[0], "client", None)


def send(client: Any, value: Any) -> Any:
    """Send a value to the workers of a cluster once, and return its future.

    It is sent as a task. Workers get it from each other, and it is loaded again if one of them ends. ``scatter`` can
    hang if a worker ends while it sends.

    Parameters
    ----------
    client : distributed.Client
    value : object
        Anything that can be pickled, also functions and classes of a script or a notebook.

    Returns
    -------
    distributed.Future
    """
    from joblib.externals.loky.backend.reduction import dumps  # by value where a module cannot be imported

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        return client.submit(pickle.loads, bytes(dumps(value)), pure=False)


class Cluster:
    """Workers of a Dask scheduler that apply one function.

    Parameters
    ----------
    client : distributed.Client
    function : callable
        Takes one item and returns its result. It is sent to the workers once.
    weigh, split, name : callable
        As for `map_in_order`.
    """

    def __init__(
        self,
        client: Any,
        function: Callable[[Any], Any],
        *,
        weigh: Callable[[Any], int] | None,
        split: Callable[[Any], Sequence[Any]] | None,
        name: Callable[[Any], str],
    ) -> None:
        self._client, self._function = client, function
        self._weigh, self._split, self._name = weigh, split, name
        self._order: deque[_Slot] = deque()  # slots whose results are not yet returned; results are futures
        self._sent: Any = None
        self._n_threads, self._counted = 1, 0.0

    def run(self, items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield items and results in order."""
        from distributed import CancelledError, KilledWorker  # slow to import

        items, n_losses = iter(items), 0
        self._sent = send(self._client, self._function)
        while self._fill(items):
            slot = self._order[0]
            try:
                result = self._result_of(slot)
            except KilledWorker:
                if self._suspect(slot):
                    continue
                message = "the workers that read it have ended; check its size and the memory of their machines"
                result = PictureError(f"{self._name(slot.item)}: {message}")
            except CancelledError:  # the function was lost with the last worker that had it
                n_losses += 1
                self._recover(n_losses)
                continue
            n_losses = 0
            self._order.popleft()
            yield slot.item, result

    def close(self) -> None:
        """Give up what is not yet done."""
        with suppress(Exception):  # of a connection that is lost
            self._client.cancel([slot.result for slot in self._order if slot.result is not None], force=True)
        self._order.clear()
        self._sent = None

    def _fill(self, items: Iterator[Any]) -> bool:
        """Submit items, as many as the window and their weight allow, but one at least; return whether any is left."""
        if self._order and self._order[0].alone:
            return True
        weight = sum(slot.weight for slot in self._order)
        while not self._order or (len(self._order) < AHEAD * self._threads() and weight < MOST_WEIGHT):
            try:
                item = next(items)
            except StopIteration:
                break
            slot: _Slot = _Slot(item, 0 if self._weigh is None else self._weigh(item))
            slot.result = self._submit(item)
            weight += slot.weight
            self._order.append(slot)
        return bool(self._order)

    def _suspect(self, slot: _Slot) -> bool:
        """Replace an item whose workers have ended by its parts, each to be tried alone; False if it was alone.

        Other items that the same workers had may be the cause.
        """
        parts = [slot.item] if self._split is None else list(self._split(slot.item))
        if slot.alone and len(parts) == 1:
            return False
        self._order.popleft()
        self._order.extendleft(_Slot(part, slot.weight // len(parts), alone=True) for part in reversed(parts))
        return True

    def _submit(self, item: Any) -> Any:
        from ensemble_hwr import __version__

        return self._client.submit(_apply, self._sent, item, __version__, pure=False)

    def _result_of(self, slot: _Slot) -> Any:
        """Wait for a result as long as there are workers."""
        import distributed

        if slot.result is None:
            others = [other.result for other in self._order if other.result is not None]
            distributed.wait(others)  # type: ignore[no-untyped-call]
            slot.result = self._submit(slot.item)
        alone = 0.0
        while alone < SECONDS_WITHOUT_WORKERS:
            try:
                return slot.result.result(timeout=SECONDS_BETWEEN_COUNTS)
            except distributed.TimeoutError:
                alone = 0.0 if self._threads() else alone + SECONDS_BETWEEN_COUNTS
        raise EnsembleHwrError("the Dask scheduler has no workers any more; start some, and run the same command again")

    def _recover(self, n_losses: int) -> None:
        """Submit everything again that is not yet done."""
        if n_losses > MOST_LOSSES or self._client.status != "running":
            raise EnsembleHwrError(
                "the Dask scheduler or its workers were lost; check them, and run the same command again"
            )
        self._sent = send(self._client, self._function)
        for slot in self._order:
            if slot.result is not None and slot.result.status != "finished":
                slot.result = self._submit(slot.item)

    def _threads(self) -> int:
        """Return the number of threads of the workers, counted every few seconds."""
        if time.monotonic() - self._counted > SECONDS_BETWEEN_COUNTS:
            self._n_threads, self._counted = sum(self._client.nthreads().values()), time.monotonic()
        return self._n_threads


def _apply(function: Callable[[Item], Result], item: Item, version: str) -> Result:
    """Apply a function on a worker of a cluster."""
    from ensemble_hwr import __version__

    if version != __version__:
        raise EnsembleHwrError(
            f"the worker on {gethostname()} has ensemble_hwr {__version__}, this machine {version}; install the same"
        )
    with _threads_of_this_process().limit(limits=1):
        return function(item)


@lru_cache(maxsize=1)
def _threads_of_this_process() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
