"""Let somebody keep every finished fit, so that a run that was stopped need not make it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pickle import PicklingError
from typing import TYPE_CHECKING, Any, Protocol

import joblib

from ensemble_hwr.exceptions import FittingError

if TYPE_CHECKING:
    from ensemble_hwr.ensemble._seats import Job

_PACKAGES = ("ensemble_hwr", "scikit-learn", "numpy", "scipy")


class FitCache(Protocol):
    """Who keeps finished fits, such as :class:`~ensemble_hwr.persistence.DiskFitCache`."""

    def get(self, key: str) -> Any | None:
        """Return what was kept under a key, or None."""

    def put(self, key: str, name: str, fitted: Any) -> None:
        """Keep a fitted estimator under a key; `name` is for people."""


_fit_cache: ContextVar[FitCache | None] = ContextVar("fit_cache", default=None)


@contextmanager
def fit_cache(cache: FitCache) -> Iterator[None]:
    """Give `cache` every member that is fitted while the block runs, as soon as it is, and ask it before fitting one.

    The key of a fit is a hash of everything it depends on: the member with its settings and seeds, its rows, labels
    and weights, and the versions of the packages. So another config, seed or set of letters never meets a member that
    is not its own. Members without a ``random_state`` come out differently each time they are fitted; a kept one is
    as good as any.

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
    ...     with fit_cache(DiskFitCache(Path(folder, "kept"))) as _:
    ...         _ = model.fit(X[:600] / 16, y[:600])  # stopped here and begun again, it would fit what is missing
    ...     print(len(DiskFitCache(Path(folder, "kept"))))
    12
    """
    before = _fit_cache.set(cache)
    try:
        yield
    finally:
        _fit_cache.reset(before)


def current_fit_cache() -> FitCache | None:
    """Return who keeps what is fitted, if anybody does."""
    return _fit_cache.get()


@dataclass(frozen=True)
class CachedFits:
    """A cache and the jobs it is to keep; without a cache, nobody's."""

    cache: FitCache | None
    keys: Sequence[str]
    names: Sequence[str]

    @classmethod
    def of(cls, cache: FitCache | None, jobs: Sequence[Job], X: Any) -> CachedFits:
        """Compute the jobs' keys, if anybody asks for them."""
        if cache is None:
            return cls(None, [""] * len(jobs), [job.name for job in jobs])
        shared = [version(package) for package in _PACKAGES], _hashed(X)
        keys = [_hashed((shared, job.rows, job.target, dict(job.params), job.estimator)) for job in jobs]
        return cls(cache, keys, [job.name for job in jobs])

    def get_all(self) -> list[Any | None]:
        """Return what is kept of each job, None where there is nothing."""
        return [None if self.cache is None else self.cache.get(key) for key in self.keys]

    def put(self, number: int, fitted: Any) -> None:
        """Keep one job's fit."""
        if self.cache is not None:
            self.cache.put(self.keys[number], self.names[number], fitted)


def _hashed(anything: Any) -> str:
    try:
        return str(joblib.hash(anything, hash_name="sha1", coerce_mmap=True))
    except PicklingError as error:
        raise FittingError(
            f"members cannot be kept: {error}; give members of importable classes and functions, or keep nothing."
        ) from error
