"""Context managers around fits: a callback after each epoch, and a cache of finished fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pickle import PicklingError
from typing import Any, Protocol

import joblib

from ensemble_hwr.exceptions import FittingError

Callback = Callable[[Any], None]
_PACKAGES = ("ensemble_hwr", "scikit-learn", "numpy", "scipy")


class FitCache(Protocol):
    """A store of finished fits, such as :class:`~ensemble_hwr.persistence.DiskFitCache`."""

    def get(self, key: str) -> Any | None:
        """Return the fitted estimator stored under a key, or None."""

    def put(self, key: str, name: str, fitted: Any) -> None:
        """Store a fitted estimator under a key; `name` is for display."""


_epoch_callback: ContextVar[Callback | None] = ContextVar("epoch_callback", default=None)
_fit_cache: ContextVar[FitCache | None] = ContextVar("fit_cache", default=None)


@contextmanager
def epoch_callback(callback: Callback) -> Iterator[None]:
    """Call a function after each training epoch of every network that is fitted inside the block.

    The networks are :class:`~ensemble_hwr.MemberMLPClassifier` and :class:`~ensemble_hwr.AugmentedMLPClassifier`, also
    inside a Pipeline or an ensemble, if they are fitted in this process.

    Parameters
    ----------
    callback : callable
        Gets the network, fitted so far. An exception that it raises ends the fit.

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
    before = _epoch_callback.set(callback)
    try:
        yield
    finally:
        _epoch_callback.reset(before)


def on_epoch_end(network: Any) -> None:
    """Call the current epoch callback, if there is one."""
    callback = _epoch_callback.get()
    if callback is not None:
        callback(network)


@contextmanager
def fit_cache(cache: FitCache) -> Iterator[None]:
    """Reuse and store the fits of ensemble members that happen inside the block.

    Every member is looked up in the cache before it is fitted, and stored as soon as it is. The key of a fit is a hash
    of everything it depends on: the member with its parameters and random states, its rows, labels and weights, and the
    versions of the packages. A fit is therefore reused only if fitting again would give the same result. A member
    without a ``random_state`` is reused too, although another fit of it would differ.

    Parameters
    ----------
    cache : object with ``get(key)`` and ``put(key, name, fitted)``
        Such as :class:`~ensemble_hwr.persistence.DiskFitCache`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.ensemble import fit_cache
    >>> from ensemble_hwr.persistence import DiskFitCache
    >>> X, y = load_digits(return_X_y=True)
    >>> lr = LogisticRegression(max_iter=1000)
    >>> model = HierarchicalEnsembleClassifier(lr, lr, random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     with fit_cache(DiskFitCache(Path(folder, "kept"))):
    ...         _ = model.fit(X[:600] / 16, y[:600])  # if it is interrupted, the next run fits what is missing
    ...     print(len(DiskFitCache(Path(folder, "kept"))))
    12
    """
    before = _fit_cache.set(cache)
    try:
        yield
    finally:
        _fit_cache.reset(before)


@dataclass(frozen=True)
class CachedFits:
    """The current cache and the keys of some fits; without a cache nothing is found and nothing is stored."""

    cache: FitCache | None
    keys: Sequence[str]
    names: Sequence[str]

    @classmethod
    def of(cls, names: Sequence[str], contents: Sequence[tuple[Any, ...]], X: Any) -> CachedFits:
        """Compute the keys of fits on the rows `X`, each from its other inputs; empty without a cache."""
        cache = _fit_cache.get()
        if cache is None:
            return cls(None, [""] * len(names), names)
        shared = [version(package) for package in _PACKAGES], _hashed(X)
        return cls(cache, [_hashed((shared, *content)) for content in contents], names)

    def get_all(self) -> list[Any | None]:
        """Return the stored fit of each key, or None."""
        return [None if self.cache is None else self.cache.get(key) for key in self.keys]

    def put(self, number: int, fitted: Any) -> None:
        """Store a finished fit."""
        if self.cache is not None:
            self.cache.put(self.keys[number], self.names[number], fitted)


def _hashed(value: Any) -> str:
    try:
        return str(joblib.hash(value, hash_name="sha1", coerce_mmap=True))
    except PicklingError as error:
        raise FittingError(
            f"fits cannot be cached: {error.args[0]}; use members whose classes and functions can be imported, or no "
            "fit_cache"
        ) from error
