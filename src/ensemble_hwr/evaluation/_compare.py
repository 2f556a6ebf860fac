"""Fit classifiers on the same samples with the same seeds, and record predictions and costs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import RepeatedStratifiedKFold

from ensemble_hwr._processes import worker_backend
from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import Fold
from ensemble_hwr.evaluation._checks import (
    SCALED,
    Contender,
    Split,
    check_contenders,
    checked_samples,
    checked_seeds,
    checked_split,
    one_per_sample,
)
from ensemble_hwr.evaluation._measure import ContenderFit, measure
from ensemble_hwr.evaluation.metrics import predicted_labels
from ensemble_hwr.evaluation.results import CompareProgress, Comparison, Run
from ensemble_hwr.evaluation.scaling import EqualMacs, EqualParameters
from ensemble_hwr.evaluation.statistics import PairedTest, combined_ftest_5x2cv
from ensemble_hwr.exceptions import ConfigError

N_FITS_5X2CV = 10

_LOGGER = logging.getLogger(__name__)


def compare(
    contenders: Mapping[str, Contender],
    X: ArrayLike,
    y: ArrayLike,
    *,
    split: Split,
    seeds: Iterable[int] = (0, 1, 2, 3, 4),
    suspect: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    data: Mapping[str, object] | None = None,
    n_jobs: int | None = None,
    on_progress: Callable[[CompareProgress], None] | None = None,
) -> Comparison:
    """Fit every contender with every seed on the same samples and record its predictions on the test samples.

    Parameters
    ----------
    contenders : mapping of str to classifier, EqualParameters or EqualMacs
        At least one. Classifiers need ``predict_proba``. Every ``random_state`` in them is set by the seed, and
        every ``n_jobs`` to one core, so that times are comparable. A classifier that refuses the labels is fitted on
        the codes 0, 1, 2, ... of the labels.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Features. Contenders get a DataFrame as it is, so that they can select columns by name.
    y : array-like of shape (n_samples,)
        Labels.
    split : (train, test) or callable
        Indices of the training and the test samples for all seeds; or a function from a seed to such a pair.
    seeds : iterable of int
        Different seeds. Use five or more to estimate the variance between fits.
    suspect : array-like of shape (n_samples,) of bool, optional
        Samples with a suspected label error. Scores are then also given without them.
    sample_weight : array-like of shape (n_samples,), optional
        Weights for fitting, for all samples.
    data : mapping, optional
        Description of the data, for the report.
    n_jobs : int, optional
        Number of processes; each fits one contender at a time on one core.
    on_progress : callable, optional
        Called with a :class:`CompareProgress` after each fit.

    Returns
    -------
    Comparison
        All runs, in the order of contenders and seeds.

    Raises
    ------
    DataError
        If X, y or the split do not match.
    ConfigError
        If a contender cannot be compared, or its fit or prediction fails.

    See Also
    --------
    summarise : Scores, costs, paired tests and conclusions as a dict.
    comparison_table : The summary as a table for the terminal.
    write_report : The report as HTML and JSON.
    FrontierDisplay, PerClassDisplay, ConfusionDisplay : Plots with matplotlib.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr import compare
    >>> X, y = load_iris(return_X_y=True)
    >>> contenders = {"logistic": LogisticRegression(max_iter=1000), "bayes": GaussianNB()}
    >>> result = compare(contenders, X, y, split=(np.arange(0, 150, 2), np.arange(1, 150, 2)), seeds=[0])
    >>> result
    Comparison(logistic, bayes; 1 seeds, 150 samples)
    >>> from ensemble_hwr.evaluation import summarise
    >>> summarise(result)["contenders"]["bayes"]["accuracy"]
    [0.96]
    """
    check_contenders(contenders)
    table, values, labels = checked_samples(X, y)
    folds = {seed: checked_split(split, seed, labels) for seed in checked_seeds(seeds)}
    weight = None if sample_weight is None else one_per_sample(sample_weight, "sample_weight", "fiu", len(labels))
    flags = None if suspect is None else one_per_sample(suspect, "suspect", "b", len(labels))
    bench = _Bench(table, labels, weight, folds, n_jobs, _Reporter(len(contenders) * len(folds), on_progress))

    free = {name: contender for name, contender in contenders.items() if not isinstance(contender, SCALED)}
    bound = {name: contender for name, contender in contenders.items() if name not in free}
    runs = bench.run([ContenderFit(name, free[name], seed, folds[seed]) for seed in folds for name in free])
    measured = {(run.contender, run.seed): run for run in runs}
    runs += bench.run([bench.sized(name, bound[name], seed, measured) for seed in folds for name in bound])
    order, seeds_in_order = list(contenders), list(folds)
    runs.sort(key=lambda run: (order.index(run.contender), seeds_in_order.index(run.seed)))
    return Comparison(tuple(runs), labels, values, flags, dict(data or {}), folds[seeds_in_order[0]][0])


def five_by_two(
    contenders: Mapping[str, Contender],
    X: ArrayLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    on_progress: Callable[[CompareProgress], None] | None = None,
) -> dict[tuple[str, str], PairedTest]:
    """Test all pairs of contenders by the combined 5x2cv F-test, on the same five repetitions of two-fold CV.

    Parameters
    ----------
    contenders : mapping of str to classifier, EqualParameters or EqualMacs
        As for :func:`compare`; each is fitted ten times, regardless of the number of pairs.
    X : array-like or DataFrame of shape (n_samples, n_features)
        Features. Contenders get a DataFrame as it is, so that they can select columns by name.
    y : array-like of shape (n_samples,)
        Labels, with at least two samples of each class.
    sample_weight : array-like of shape (n_samples,), optional
        Weights for fitting, for all samples.
    random_state : int, default=0
        Seed of the five stratified splits into halves.
    n_jobs, on_progress
        As for :func:`compare`.

    Returns
    -------
    dict of (str, str) to PairedTest
        See :func:`combined_ftest_5x2cv`; pairs in the order of the contenders.

    Raises
    ------
    DataError, ConfigError
        As for :func:`compare`.

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
    labels = np.asarray(y)
    n_repeats = N_FITS_5X2CV // 2
    splitter = RepeatedStratifiedKFold(n_splits=2, n_repeats=n_repeats, random_state=random_state)
    halves: list[Any] = list(splitter.split(np.zeros(len(labels)), labels))
    comparison = compare(
        contenders,
        X,
        labels,
        split=lambda fit: halves[fit],
        seeds=range(N_FITS_5X2CV),
        sample_weight=sample_weight,
        n_jobs=n_jobs,
        on_progress=on_progress,
    )
    accuracy = {
        name: np.reshape([_accuracy(run, comparison) for run in comparison.of(name)], (n_repeats, 2))
        for name in contenders
    }
    return {(a, b): combined_ftest_5x2cv(accuracy[a], accuracy[b]) for a, b in combinations(contenders, 2)}


def _accuracy(run: Run, comparison: Comparison) -> float:
    return float(np.mean(predicted_labels(run.probabilities, comparison.classes) == comparison.y[run.test]))


@dataclass(frozen=True)
class _Bench:
    """Data, splits and processes that all fits of a comparison share."""

    rows: Any  # an array or a data frame
    labels: NDArray[Any]
    weight: NDArray[Any] | None
    folds: Mapping[int, Fold]
    n_jobs: int | None
    report: _Reporter

    def run(self, tasks: list[ContenderFit]) -> list[Run]:
        """Fit and measure in parallel; return the runs in the order in which they finish."""
        pool = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered", backend=worker_backend())
        try:
            runs = pool(delayed(measure)(task, self.rows, self.labels, self.weight) for task in tasks)
            return [self.report(run) for run in runs]
        except BrokenExecutor as error:
            names = ", ".join(dict.fromkeys(task.name for task in tasks))
            raise ConfigError(
                f"a process that fitted one of the contenders {names} ended without a message, as when memory runs "
                "out; use fewer jobs, or find the contender with n_jobs=1"
            ) from error

    def sized(
        self, name: str, contender: EqualParameters | EqualMacs, seed: int, measured: Mapping[tuple[str, int], Run]
    ) -> ContenderFit:
        """Return the fit of a contender scaled to the parameters or the MACs of its reference with this seed."""
        train, _ = self.folds[seed]
        try:
            cost = getattr(measured[contender.reference, seed], contender.cost)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                estimator = contender.sized(cost, _safe_indexing(self.rows, train), len(np.unique(self.labels[train])))
        except ConfigError as error:
            raise ConfigError(f"contender {name!r}: {error}") from error
        issued = tuple(warning.message for warning in caught if isinstance(warning.message, Warning))
        return ContenderFit(name, estimator, seed, self.folds[seed], issued)


@dataclass
class _Reporter:
    """Count finished fits, call the progress callback, and raise the recorded warnings again."""

    total: int
    on_progress: Callable[[CompareProgress], None] | None
    done: int = 0

    def __call__(self, run: Run) -> Run:
        self.done += 1
        _LOGGER.info(
            "%s, seed %s: fit %s of %s, %.1f s", run.contender, run.seed, self.done, self.total, run.fit_seconds
        )
        for warning in run.warnings:
            warnings.warn(warning, stacklevel=4)
        if self.on_progress is not None:
            self.on_progress(CompareProgress(run.contender, run.seed, self.done, self.total, run.fit_seconds))
        return run
