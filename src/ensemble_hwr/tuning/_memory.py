"""Members of a whole that are fitted once: trials of the whole differ mostly in when members speak."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from threading import Lock
from typing import Any

MOST_BYTES = 512 * 2**20


class Memory:
    """Fitted members of this process; the least recently used make room for new ones.

    A keeper as :func:`~ensemble_hwr.ensemble.keeping` takes it.

    Parameters
    ----------
    most : int
        Bytes that they may take.

    Examples
    --------
    >>> from ensemble_hwr.tuning._memory import Memory
    >>> memory = Memory(most=1000)
    >>> memory.put("key", "router", [1, 2])
    >>> memory.get("key"), memory.get("another")
    ([1, 2], None)
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Any | None:
        """Return a copy of what was kept under a key, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            kept = self._kept[key]
        return pickle.loads(kept)  # what this process wrote itself

    def put(self, key: str, name: str, fitted: Any) -> None:
        """Keep a fitted estimator under a key."""
        with self._lock:
            self._kept[key] = pickle.dumps(fitted)
            while self.n_bytes > self._most:
                self._kept.popitem(last=False)

    @property
    def n_bytes(self) -> int:
        """Return how many bytes are taken."""
        return sum(map(len, self._kept.values()))


of_this_process = Memory()
