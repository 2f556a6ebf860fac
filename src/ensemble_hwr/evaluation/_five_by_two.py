"""Five divisions into halves, for every pair of contenders at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import RepeatedStratifiedKFold

from ensemble_hwr.evaluation._checks import Contender
from ensemble_hwr.evaluation._compare import Progress, compare
from ensemble_hwr.evaluation._metrics import answers
from ensemble_hwr.evaluation._statistics import PairedTest, combined_ftest_5x2cv

FITS = 10


def five_by_two(
    contenders: Mapping[str, Contender],
    X: ArrayLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[tuple[str, str], PairedTest]:
    """Fit every contender on the same ten stratified halves, and test every pair by the combined 5x2cv F-test.

    Parameters
    ----------
    contenders : mapping
        As :func:`compare` takes them; each is fitted ten times, however many pairs there are.
    X : array-like of shape (n_letters, n_features)
        Rows.
    y : array-like of shape (n_letters,)
        Labels, at least two letters of each.
    sample_weight : array-like of shape (n_letters,), optional
        Weights for fitting, for all letters.
    random_state : int, default=0
        Seed of the five divisions.
    n_jobs, on_progress
        As for :func:`compare`.

    Returns
    -------
    dict of (str, str) to PairedTest
        See :func:`combined_ftest_5x2cv`; pairs in the order of the contenders.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.evaluation import five_by_two
    >>> tests = five_by_two({"bayes": GaussianNB(), "dummy": DummyClassifier()}, *load_iris(return_X_y=True))
    >>> tests["bayes", "dummy"].p_value < 0.001
    True
    """
    rows, labels = np.asarray(X), np.asarray(y)
    divisions = RepeatedStratifiedKFold(n_splits=2, n_repeats=FITS // 2, random_state=random_state)
    halves: list[Any] = list(divisions.split(np.zeros(len(labels)), labels))
    comparison = compare(
        contenders,
        rows,
        labels,
        split=lambda fit: halves[fit],
        seeds=range(FITS),
        sample_weight=sample_weight,
        n_jobs=n_jobs,
        on_progress=on_progress,
    )
    accuracy = {
        name: np.reshape(
            [
                np.mean(answers(run.probabilities, comparison.classes) == labels[run.test])
                for run in comparison.of(name)
            ],
            (FITS // 2, 2),
        )
        for name in contenders
    }
    return {(a, b): combined_ftest_5x2cv(accuracy[a], accuracy[b]) for a, b in combinations(contenders, 2)}
