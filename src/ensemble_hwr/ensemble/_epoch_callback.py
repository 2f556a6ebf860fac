"""Let somebody look on while a network learns, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Callback = Callable[[Any], None]
_watcher: ContextVar[Callback | None] = ContextVar("watcher", default=None)


@contextmanager
def epoch_callback(watcher: Callback) -> Iterator[None]:
    """Call `watcher` with the network after each of its epochs, in this process and while the block runs.

    MLP and AugmentedMLPClassifier tell, wherever they are within a Pipeline or an ensemble. What the watcher raises ends the fit.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.ensemble import epoch_callback
    >>> losses = []
    >>> with epoch_callback(lambda network: losses.append(network.loss_)):
    ...     _ = MemberMLPClassifier((4,), max_iter=3, random_state=0).fit(np.eye(4), list("ABAB"))
    >>> len(losses)
    3
    """
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def on_epoch_end(network: Any) -> None:
    """Tell whoever looks on that `network` has learned from its rows once more."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(network)
