"""Context managers around fits: a callback after each epoch, the progress of fits, a cache of finished fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
_fit_progress: ContextVar[Callable[[float], None] | None] = ContextVar("fit_progress", default=None)
_fit_work: ContextVar[FitWork | None] = ContextVar("fit_work", default=None)


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
    """Call the current epoch callback, if there is one, and report the progress of the fits."""
    callback, work = _epoch_callback.get(), _fit_work.get()
    if callback is not None:
        callback(network)
    if work is not None:
        work.on_epoch_end(network)


@contextmanager
def fit_progress(callback: Callable[[float], None]) -> Iterator[None]:
    """Call a function while fits of members run inside the block.

    Parameters
    ----------
    callback : callable
        Gets the part of the work that is done, from 0 to 1: of the members that are fitted together.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.ensemble import fit_classifier, fit_progress
    >>> shares = []
    >>> with fit_progress(shares.append):
    ...     _ = fit_classifier(MemberMLPClassifier((4,), max_iter=4, random_state=0), np.eye(4), list("ABAB"))
    >>> shares
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    before = _fit_progress.set(callback)
    try:
        yield
    finally:
        _fit_progress.reset(before)


@contextmanager
def fits_reported(efforts: Mapping[int, float]) -> Iterator[Callable[[int], None]]:
    """Report the progress of some fits, which run inside the block; yield a function to call after each fit.

    Fits inside one of these fits are not reported.
    """
    report = _fit_progress.get()
    if report is None or _fit_work.get() is not None or not efforts:
        yield lambda number: None
        return
    work = FitWork(report, efforts)
    before = _fit_work.set(work)
    try:
        yield work.finish
    finally:
        _fit_work.reset(before)


class FitWork:
    """The work of some fits, reported whenever one of them or one of their epochs ends.

    Parameters
    ----------
    report : callable
        Gets the part that is done; it never decreases.
    efforts : mapping of int to float
        Relative duration of each fit, in the order in which they run.
    """

    def __init__(self, report: Callable[[float], None], efforts: Mapping[int, float]) -> None:
        self._report = report
        self._left = dict(efforts)
        self._total = sum(efforts.values())
        self._done = 0.0

    def finish(self, number: int) -> None:
        """Count a finished fit."""
        del self._left[number]
        self._show(0.0)

    def on_epoch_end(self, network: Any) -> None:
        """Count an epoch of the running fit: fits of this process run in their order."""
        running = next(iter(self._left.values()), 0.0)
        self._show(running * min(1.0, network.n_iter_ / network.max_iter))

    def _show(self, running: float) -> None:
        self._done = max(self._done, 1 - (sum(self._left.values()) - running) / self._total)
        self._report(self._done)


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
