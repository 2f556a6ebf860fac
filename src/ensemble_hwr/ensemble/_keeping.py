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


class Keeper(Protocol):
    """Who keeps finished fits, such as :class:`~ensemble_hwr.persistence.KeptMembers`."""

    def recall(self, key: str) -> Any | None:
        """Return what was kept under a key, or None."""

    def keep(self, key: str, name: str, fitted: Any) -> None:
        """Keep a fitted estimator under a key; `name` is for people."""


_keeper: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


@contextmanager
def keeping(keeper: Keeper) -> Iterator[None]:
    """Give `keeper` every member that is fitted while the block runs, as soon as it is, and ask it before fitting one.

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
    >>> from ensemble_hwr.ensemble import keeping
    >>> from ensemble_hwr.persistence import KeptMembers
    >>> X, y = load_digits(return_X_y=True)
    >>> lr = LogisticRegression(max_iter=1000)
    >>> model = HierarchicalEnsembleClassifier(lr, lr, random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     with keeping(KeptMembers(Path(folder, "kept"))) as _:
    ...         _ = model.fit(X[:600] / 16, y[:600])  # stopped here and begun again, it would fit what is missing
    ...     print(len(KeptMembers(Path(folder, "kept"))))
    12
    """
    before = _keeper.set(keeper)
    try:
        yield
    finally:
        _keeper.reset(before)


def current_keeper() -> Keeper | None:
    """Return who keeps what is fitted, if anybody does."""
    return _keeper.get()


@dataclass(frozen=True)
class Keeping:
    """A keeper and the jobs it is to keep; without a keeper, nobody's."""

    keeper: Keeper | None
    keys: Sequence[str]
    names: Sequence[str]

    @classmethod
    def of(cls, keeper: Keeper | None, jobs: Sequence[Job], X: Any) -> Keeping:
        """Compute the jobs' keys, if anybody asks for them."""
        if keeper is None:
            return cls(None, [""] * len(jobs), [job.name for job in jobs])
        shared = [version(package) for package in _PACKAGES], _hashed(X)
        keys = [_hashed((shared, job.rows, job.target, dict(job.params), job.estimator)) for job in jobs]
        return cls(keeper, keys, [job.name for job in jobs])

    def recall_all(self) -> list[Any | None]:
        """Return what is kept of each job, None where there is nothing."""
        return [None if self.keeper is None else self.keeper.recall(key) for key in self.keys]

    def keep(self, number: int, fitted: Any) -> None:
        """Keep one job's fit."""
        if self.keeper is not None:
            self.keeper.keep(self.keys[number], self.names[number], fitted)


def _hashed(anything: Any) -> str:
    try:
        return str(joblib.hash(anything, hash_name="sha1", coerce_mmap=True))
    except PicklingError as error:
        raise FittingError(
            f"members cannot be kept: {error}; give members of importable classes and functions, or keep nothing."
        ) from error
