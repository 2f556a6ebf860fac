"""Fit members side by side in processes, each with one BLAS thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples
from threadpoolctl import threadpool_limits

from ensemble_hwr.ensemble._members import Member, check_classes, default_estimator, seeded
from ensemble_hwr.ensemble._redistribution import IntArray


@dataclass(frozen=True)
class Trainer:
    """Everything that the fits of one ensemble share.

    Attributes
    ----------
    X : array-like of shape (n_samples, n_features)
        Training rows.
    codes : ndarray of shape (n_samples,)
        Column of each row's class.
    params_of : callable
        Returns what a member's fit is given beside rows and target, for all rows.
    n_jobs, verbose : int
        For joblib.
    rng : RandomState or None
        Where members' seeds are drawn from.
    """

    X: Any
    codes: IntArray
    params_of: Callable[[Member], Mapping[str, Any]]
    n_jobs: int | None
    verbose: int
    rng: np.random.RandomState | None

    def fit(self, members: Sequence[Member], target: NDArray[Any], parts: Sequence[IntArray]) -> list[list[Member]]:
        """Fit every member on every part of the rows, each on those whose class is in its set.

        Returns
        -------
        list of list of Member
            For each part the fitted members; an estimator is None where a part had no row for it.
        """
        jobs = [self._job(member, target, rows) for rows in parts for member in members]
        fitted = iter(Parallel(n_jobs=self.n_jobs, verbose=self.verbose)(delayed(_fit)(job, self.X) for job in jobs))
        return [[replace(member, estimator=next(fitted)) for member in members] for _ in parts]

    def _job(self, member: Member, target: NDArray[Any], rows: IntArray) -> _Job:
        mine = rows[np.isin(self.codes[rows], member.columns)]
        n_targets = len(np.unique(target[mine]))
        if n_targets < 2:
            return _Job(member.name, DummyClassifier() if n_targets else None, mine, target[mine], {})
        template = default_estimator(len(mine)) if member.estimator is None else member.estimator
        params = {name: _rows_of(value, mine, len(target)) for name, value in self.params_of(member).items()}
        return _Job(member.name, seeded(template, self.rng), mine, target[mine], params)


@dataclass(frozen=True)
class _Job:
    """One fit; `estimator` is None where there is no row."""

    name: str
    estimator: BaseEstimator | None
    rows: IntArray
    target: NDArray[Any]
    params: Mapping[str, Any]


def _fit(job: _Job, X: Any) -> BaseEstimator | None:
    if job.estimator is None:
        return None
    with threadpool_limits(1):
        job.estimator.fit(_safe_indexing(X, job.rows), job.target, **job.params)
    check_classes(job.name, job.estimator, job.target)
    return job.estimator


def _rows_of(value: Any, rows: IntArray, n_samples: int) -> Any:
    """Return the rows of a parameter that has one value a sample, and any other parameter whole."""
    per_sample = hasattr(value, "__len__") and not isinstance(value, str) and _num_samples(value) == n_samples
    return _safe_indexing(value, rows) if per_sample else value
