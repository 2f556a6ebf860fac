"""Measure the improvement by tuning: the tuned ensemble and the baseline in repeated cross-validation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from ensemble_hwr._processes import worker_backend
from ensemble_hwr._typing import Fold
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.tuning._objective import (
    TrainingData,
    loss_function,
    metric_value,
    restrict_cv,
    without_batch_warnings,
)

LEVEL = 0.95

NumberedFold = tuple[int, Fold]  # a fold with the number of its repetition


@dataclass(frozen=True)
class Improvement:
    """Losses of the baseline and of the tuned ensemble on the same folds.

    Attributes
    ----------
    scoring : str
        Name of the scorer; losses are minus its scores.
    baseline, tuned : list of float
        Loss of each ensemble in each fold of each repetition.
    baseline_accuracy, tuned_accuracy : list of float
        Accuracy of each ensemble, from 0 to 1.
    ratio : float
        Mean number of evaluated letters per training letter of a fold.
    """

    scoring: str
    baseline: list[float]
    tuned: list[float]
    baseline_accuracy: list[float]
    tuned_accuracy: list[float]
    ratio: float

    @property
    def differences(self) -> list[float]:
        """Decrease of the loss in each fold."""
        differences: list[float] = np.subtract(self.baseline, self.tuned).tolist()
        return differences

    @property
    def difference(self) -> float:
        """Decrease of the mean loss."""
        return float(np.mean(self.baseline) - np.mean(self.tuned))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of the decrease."""
        return corrected_interval(self.differences, self.ratio)

    @property
    def metrics(self) -> tuple[float, float]:
        """Mean metric of the baseline and of the tuned ensemble, as reports show them."""
        before, after = (sum(losses) / len(losses) for losses in (self.baseline, self.tuned))
        return metric_value(self.scoring, before), metric_value(self.scoring, after)


def corrected_interval(differences: Sequence[float], ratio: float) -> tuple[float, float]:
    """Return the confidence interval of a mean difference over folds with overlapping training parts.

    The differences are not independent, since folds share most of their training rows. The variance is corrected
    after Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52 (2003).

    Parameters
    ----------
    differences : sequence of float
        Difference in each fold of each repetition.
    ratio : float
        Evaluated rows per training row.

    Returns
    -------
    low, high : float
        Infinite for a single difference.

    Examples
    --------
    >>> from ensemble_hwr.tuning._improvement import corrected_interval
    >>> [round(bound, 3) for bound in corrected_interval([0.02, 0.03, 0.01, 0.02], 0.5)]
    [-0.003, 0.043]
    """
    n = len(differences)
    mean = float(np.mean(differences))
    if n < 2:
        return -math.inf, math.inf
    error = float(np.std(differences, ddof=1)) * math.sqrt(1 / n + ratio)
    reach = float(student.ppf((1 + LEVEL) / 2, n - 1)) * error
    return mean - reach, mean + reach


def measure_improvement(
    baseline: HierarchicalEnsembleClassifier,
    tuned: HierarchicalEnsembleClassifier,
    data: TrainingData,
    repetitions: Sequence[Sequence[Fold]],
    *,
    scoring: str,
    n_jobs: int,
    on_progress: Callable[[int, int], None],
    deadline: float | None = None,
    expected_seconds: float = 0.0,
) -> Improvement | None:
    """Evaluate both ensembles on the same folds.

    Parameters
    ----------
    baseline, tuned : HierarchicalEnsembleClassifier
        Not fitted.
    data : TrainingData
        Rows and labels.
    repetitions : sequence of folds
        Other folds than those of the search, on which the tuned parameters would have an advantage.
    scoring : str
        Name of a scorer.
    n_jobs : int
        Processes, each with one thread.
    on_progress : callable
        Called with the number of finished fits and of all fits.
    deadline : float, default=None
        Seconds since the epoch. Folds whose fits would not end before it are left out.
    expected_seconds : float, default=0.0
        Estimated time of one fit, for the first folds.

    Returns
    -------
    Improvement or None
        None if the deadline leaves no fold.
    """
    folds = [(number, fold) for number, repetition in enumerate(repetitions) for fold in repetition]
    results: list[tuple[float, float]] = []
    for batch in _batches(folds, n_jobs, deadline, expected_seconds):
        jobs = [
            delayed(_evaluate)(with_seed(ensemble, number), data, fold, scoring)
            for number, fold in batch
            for ensemble in (baseline, tuned)
        ]
        for result in Parallel(n_jobs=n_jobs, return_as="generator", backend=worker_backend())(jobs):
            results.append(result)
            on_progress(len(results), 2 * len(folds))
    if not results:
        return None
    losses, accuracies = zip(*results, strict=True)
    ratio = float(np.mean([len(valid) / len(train) for _, (train, valid) in folds]))
    return Improvement(
        scoring, list(losses[::2]), list(losses[1::2]), list(accuracies[::2]), list(accuracies[1::2]), ratio
    )


def seconds_per_fold(seconds_per_fit: float, n_jobs: int) -> float:
    """Return the time of a fold, which has the fits of two ensembles."""
    return seconds_per_fit * (2 if n_jobs == 1 else 1)


def _batches(
    folds: list[NumberedFold], n_jobs: int, deadline: float | None, expected_seconds: float
) -> Iterator[list[NumberedFold]]:
    """Yield folds while there is time for them: all at once without a deadline, else as many as run in parallel."""
    size = len(folds) if deadline is None or n_jobs < 1 else max(1, n_jobs // 2)
    slowest = seconds_per_fold(expected_seconds, n_jobs)
    for start in range(0, len(folds), size):
        began = time.time()
        if deadline is not None and began + slowest >= deadline:
            return
        yield folds[start : start + size]
        slowest = max(slowest, time.time() - began)


def _evaluate(ensemble: Any, data: TrainingData, fold: Fold, scoring: str) -> tuple[float, float]:
    """Return loss and accuracy of an ensemble in one fold."""
    train, valid = fold
    params = data.params_of_fit(ensemble, train, "ensemble")
    with threadpool_limits(1), without_batch_warnings():
        restrict_cv(ensemble, train).fit(data.X[train], data.y[train], **params)
        predicted = ensemble.predict_proba(data.X[valid])
    labels = np.unique(data.y)
    probabilities = np.zeros((len(valid), len(labels)))
    probabilities[:, np.searchsorted(labels, ensemble.classes_)] = predicted
    correct = labels[probabilities.argmax(axis=1)] == data.y[valid]
    loss = loss_function(scoring)(data.y[valid], probabilities, labels, data.weight_of(valid))
    return loss, float(correct.mean())
