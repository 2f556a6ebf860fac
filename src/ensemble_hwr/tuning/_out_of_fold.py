"""Out-of-fold predictions of members between two studies: their fits, their progress and their time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ensemble_hwr._composites import seed_all
from ensemble_hwr._processes import worker_backend
from ensemble_hwr._typing import FloatArray
from ensemble_hwr.tuning._objective import Objective, TrainingData, fit_predict, without_batch_warnings
from ensemble_hwr.tuning._params import ROUTER

MIN_SHARE = 1e-3

OnFit = Callable[[str, int, int], None]  # gets a member, the number of its finished fits and that of all its fits


class OutOfFold:
    """Fit members in every fold and predict the evaluated rows, on which the objectives of later members depend.

    Parameters
    ----------
    data : TrainingData
        Rows and labels.
    random_state : int
        Seed of the fits.
    n_jobs : int
        Number of processes.
    on_fit : callable
        Called before and after every fit with the member, the number of its finished fits and that of all its fits.
    """

    def __init__(self, data: TrainingData, *, random_state: int, n_jobs: int, on_fit: OnFit) -> None:
        self._data = data
        self._random_state = random_state
        self._n_jobs = n_jobs
        self._on_fit = on_fit
        self._measured: dict[str, list[tuple[float, float]]] = {}  # seconds and shares of fits, by role
        self._of_trials: dict[str, float] = {}  # seconds per share, by role

    def predictions(self, estimator: Any, objective: Objective) -> list[FloatArray]:
        """Fit a member in every fold; return its predictions of the evaluated rows.

        Parameters
        ----------
        estimator : classifier
            The member, not fitted.
        objective : Objective
            Its problem and its folds.

        Returns
        -------
        list of ndarray
            Probabilities of each fold.
        """
        n_folds = len(objective.folds)
        jobs = [
            delayed(_fit_predict)(
                seed_all(estimator, np.random.RandomState([self._random_state, number])), objective, number, self._data
            )
            for number in range(n_folds)
        ]
        began = time.monotonic()
        self._on_fit(objective.name, 0, n_folds)
        predictions: list[FloatArray] = []
        for predicted in Parallel(self._n_jobs, backend=worker_backend(), return_as="generator")(jobs):
            predictions.append(predicted)
            self._on_fit(objective.name, len(predictions), n_folds)
        measured = time.monotonic() - began, self.share(objective.problem.labels)
        self._measured.setdefault(role_of(objective.name), []).append(measured)
        return predictions

    def share(self, labels: NDArray[Any]) -> float:
        """Return the share of the letters that have some labels."""
        return float(np.isin(self._data.y, labels).mean())

    def add_trials(self, objective: Objective, seconds: float) -> None:
        """Take the time of a trial of a member, from which that of fits of its role is estimated before the first one.

        A trial fits one fold after the other; `predictions` fits them in parallel.
        """
        share = max(self.share(objective.problem.labels), MIN_SHARE)
        self._of_trials[role_of(objective.name)] = seconds * self.relative_time(len(objective.folds)) / share

    def expected_trial_seconds(self, objective: Objective) -> float:
        """Estimate the time of a trial of a member; 0 if no member was fitted before."""
        share = self.share(objective.problem.labels)
        return self.expected_seconds({role_of(objective.name): share}) / self.relative_time(len(objective.folds))

    def relative_time(self, n_folds: int) -> float:
        """Return the time of the parallel fits of all folds, relative to that of fits one after the other."""
        n_rounds: int = math.ceil(n_folds / effective_n_jobs(self._n_jobs))
        return n_rounds / n_folds

    def expected_seconds(self, shares: Mapping[str, float]) -> float:
        """Estimate the time of the fits of members, from earlier fits and trials of their role or else of the router.

        Parameters
        ----------
        shares : mapping of str to float
            Sum of the shares of the letters of all members of each role.

        Returns
        -------
        float
            Seconds; 0 if no member was fitted before.
        """
        rates = dict(self._of_trials)
        for role, measured in self._measured.items():
            rates[role] = sum(seconds for seconds, _ in measured) / max(sum(share for _, share in measured), MIN_SHARE)
        default = rates.get(ROUTER, max(rates.values(), default=0.0))
        return float(sum(share * rates.get(role, default) for role, share in shares.items()))


def role_of(name: str) -> str:
    """Return the role of a member: ``"expert"`` for ``"expert:B/P"``."""
    return name.partition(":")[0]


def _fit_predict(estimator: Any, objective: Objective, number: int, data: TrainingData) -> FloatArray:
    with threadpool_limits(1), without_batch_warnings():
        return fit_predict(estimator, objective.problem, objective.folds[number], data)
