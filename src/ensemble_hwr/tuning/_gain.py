"""What tuning gained: the tuned ensemble against the untuned one, in repeated cross-validation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from ensemble_hwr._typing import Fold
from ensemble_hwr._composites import weight_params
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.tuning._folds import with_folds_of
from ensemble_hwr.tuning._question import Letters
from ensemble_hwr.tuning._score import loss_of

LEVEL = 0.95


@dataclass(frozen=True)
class Gain:
    """Losses of two ensembles on the same folds.

    Attributes
    ----------
    score : str
        What was measured.
    untuned, tuned : list of float
        Loss of each ensemble in each fold of each repetition.
    untuned_accuracy, tuned_accuracy : list of float
        Their accuracies.
    ratio : float
        Letters judged in a fold for each letter learned from, on average.
    """

    score: str
    untuned: list[float]
    tuned: list[float]
    untuned_accuracy: list[float]
    tuned_accuracy: list[float]
    ratio: float

    @property
    def difference(self) -> float:
        """Return by how much the loss fell."""
        return float(np.mean(self.untuned) - np.mean(self.tuned))

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the fall."""
        return corrected_interval(np.subtract(self.untuned, self.tuned).tolist(), self.ratio)


def corrected_interval(differences: Sequence[float], ratio: float) -> tuple[float, float]:
    """Return the interval of a mean difference over folds whose training parts overlap.

    The variance is corrected after Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52
    (2003): folds share most of what they learn from, so their differences are not independent.

    Parameters
    ----------
    differences : sequence of float
        One for each fold of each repetition.
    ratio : float
        Rows judged for each row learned from.

    Returns
    -------
    low, high : float
        Infinite where there is one difference alone.

    Examples
    --------
    >>> from ensemble_hwr.tuning._gain import corrected_interval
    >>> [round(bound, 3) for bound in corrected_interval([0.02, 0.03, 0.01, 0.02], 0.5)]
    [-0.003, 0.043]
    """
    n = len(differences)
    mean = float(np.mean(differences))
    if n < 2:
        return -math.inf, math.inf
    spread = float(np.std(differences, ddof=1)) * math.sqrt(1 / n + ratio)
    reach = float(student.ppf((1 + LEVEL) / 2, n - 1)) * spread
    return mean - reach, mean + reach


def measure_gain(
    untuned: HierarchicalEnsembleClassifier,
    tuned: HierarchicalEnsembleClassifier,
    letters: Letters,
    repeats: Sequence[Sequence[Fold]],
    *,
    score: str,
    n_jobs: int,
    on_progress: Callable[[int, int], None],
) -> Gain:
    """Fit both ensembles on the same folds, each process with one thread.

    Parameters
    ----------
    untuned, tuned : HierarchicalEnsembleClassifier
    letters : Letters
    repeats : sequence of folds
        Other folds than those tuned on: the same would flatter what was chosen on them.
    score : str
    n_jobs : int
    on_progress : callable
        Told how many fits are done, and how many there are.

    Returns
    -------
    Gain
    """
    folds = [(number, fold) for number, repeat in enumerate(repeats) for fold in repeat]
    jobs = [
        delayed(_loss_of_fit)(with_seed(ensemble, number), letters, fold, score)
        for number, fold in folds
        for ensemble in (untuned, tuned)
    ]
    figures = []
    for figure in Parallel(n_jobs=n_jobs, return_as="generator")(jobs):
        figures.append(figure)
        on_progress(len(figures), len(jobs))
    losses, accuracies = zip(*figures, strict=True)
    ratio = float(np.mean([len(judge) / len(fit) for _, (fit, judge) in folds]))
    return Gain(score, list(losses[::2]), list(losses[1::2]), list(accuracies[::2]), list(accuracies[1::2]), ratio)


def _loss_of_fit(ensemble: Any, letters: Letters, fold: Fold, score: str) -> tuple[float, float]:
    fit, judge = fold
    params = {} if letters.weight is None else weight_params(ensemble, letters.weight[fit], "ensemble")
    with threadpool_limits(1):
        with_folds_of(ensemble, fit).fit(letters.rows[fit], letters.labels[fit], **params)
        answered = ensemble.predict_proba(letters.rows[judge])
    weight = None if letters.weight is None else letters.weight[judge]
    known = np.unique(letters.labels)
    wide = np.zeros((len(judge), len(known)))
    wide[:, np.searchsorted(known, ensemble.classes_)] = answered
    right = known[wide.argmax(axis=1)] == letters.labels[judge]
    return loss_of(score)(letters.labels[judge], wide, known, weight), float(right.mean())
