"""Fit members side by side in processes, each with one BLAS thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier

from ensemble_hwr._sklearn import _num_samples, _safe_indexing
from ensemble_hwr._typing import IntArray
from ensemble_hwr.ensemble._jobs import run_jobs
from ensemble_hwr.ensemble._members import Member, default_estimator, seeded
from ensemble_hwr.ensemble._seats import Job


@dataclass(frozen=True)
class Plan:
    """Fits that are to be made: of every member on every part of the rows.

    Attributes
    ----------
    members : sequence of Member
        Not fitted.
    jobs : sequence of sequence of Job or None
        For each part one of every member; None where the part had no row for it.
    """

    members: Sequence[Member]
    jobs: Sequence[Sequence[Job | None]]


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

    def plan(self, members: Sequence[Member], target: NDArray[Any], parts: Sequence[IntArray]) -> Plan:
        """Plan to fit every member on every part of the rows, each on those whose class is in its set.

        Seeds are drawn here, so they depend on the order of plans and not on that of fits.
        """
        return Plan(members, [[self._job(member, target, rows) for member in members] for rows in parts])

    def fit(self, *plans: Plan) -> list[list[list[Member]]]:
        """Make the fits of several plans, all side by side.

        Returns
        -------
        list of list of list of Member
            For each plan and each of its parts the fitted members; an estimator is None where a part had no row.
        """
        jobs = [job for plan in plans for part in plan.jobs for job in part if job is not None]
        fitted = iter(run_jobs(jobs, self.X, self.n_jobs, self.verbose))
        return [
            [
                [
                    replace(member, estimator=None if job is None else next(fitted))
                    for member, job in zip(plan.members, part, strict=True)
                ]
                for part in plan.jobs
            ]
            for plan in plans
        ]

    def _job(self, member: Member, target: NDArray[Any], rows: IntArray) -> Job | None:
        mine = rows[np.isin(self.codes[rows], member.columns)]
        n_targets = len(np.unique(target[mine]))
        if n_targets == 0:
            return None
        if n_targets == 1:
            return Job(member.name, DummyClassifier(), mine, target[mine], {})
        template = default_estimator(len(mine)) if member.estimator is None else member.estimator
        params = {name: _rows_of(value, mine, len(target)) for name, value in self.params_of(member).items()}
        return Job(member.name, seeded(template, self.rng), mine, target[mine], params)


def _rows_of(value: Any, rows: IntArray, n_samples: int) -> Any:
    """Return the rows of a parameter that has one value a sample, and any other parameter whole."""
    per_sample = hasattr(value, "__len__") and not isinstance(value, str) and _num_samples(value) == n_samples
    return _safe_indexing(value, rows) if per_sample else value
