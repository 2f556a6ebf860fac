"""Fit contenders on the same letters with the same seeds, and record what they answer and cost."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

from ensemble_hwr._weights import weight_params
from ensemble_hwr.evaluation._contenders import EqualParameters
from ensemble_hwr.evaluation._cost import count_parameters, multiply_adds
from ensemble_hwr.evaluation._result import Comparison, Run
from ensemble_hwr.evaluation._trace import trace_hierarchy
from ensemble_hwr.exceptions import ConfigError, DataError

Contender: TypeAlias = Any  # a classifier or EqualParameters; scikit-learn is untyped
Division = tuple[NDArray[np.intp], NDArray[np.intp]]
Split = tuple[ArrayLike, ArrayLike] | Callable[[int], tuple[ArrayLike, ArrayLike]]


@dataclass(frozen=True)
class Progress:
    """One finished fit of a comparison.

    Attributes
    ----------
    contender : str
        Who was fitted.
    seed : int
        With which seed.
    done, total : int
        Fits finished, and fits in all.
    seconds : float
        Wall time of this fit.
    """

    contender: str
    seed: int
    done: int
    total: int
    seconds: float


@dataclass(frozen=True)
class _Task:
    name: str
    contender: BaseEstimator
    seed: int
    division: Division


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
    on_progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Fit every contender with every seed on the same letters and record what it answers on the others.

    Parameters
    ----------
    contenders : mapping of str to classifier or EqualParameters
        At least one. Classifiers need ``predict_proba``. Every ``random_state`` in them is set by the seed, and
        every ``n_jobs`` to one core, so that seconds compare.
    X : array-like of shape (n_letters, n_features)
        Rows.
    y : array-like of shape (n_letters,)
        Labels.
    split : (train, test) or callable
        Indices of the letters to fit on and to test on, for every seed; or a function from seed to such a pair.
    seeds : iterable of int
        Different seeds. Five at least make the variance of the fits visible.
    suspect : array-like of shape (n_letters,) of bool, optional
        Letters whose label is doubted.
    sample_weight : array-like of shape (n_letters,), optional
        Weights for fitting, for all letters.
    data : mapping, optional
        What the letters are, for the report.
    n_jobs : int, optional
        Processes; each fits one contender at a time on one core.
    on_progress : callable, optional
        Called with a :class:`Progress` after each fit.

    Returns
    -------
    Comparison
        Every run, in the order of contenders and seeds.

    Raises
    ------
    DataError
        If rows, labels or the split do not fit together.
    ConfigError
        If a contender cannot be compared.

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
    >>> result.contenders
    ('logistic', 'bayes')
    """
    rows, labels = np.asarray(X), np.asarray(y)
    given = dict(contenders)
    _check_contenders(given)
    chosen = tuple(dict.fromkeys(int(seed) for seed in seeds))
    divisions = {seed: _division(split, seed, rows, labels) for seed in chosen}
    weight = None if sample_weight is None else np.asarray(sample_weight)
    report = _Reporter(len(given) * len(chosen), on_progress)

    def run_all(names: Sequence[str], sized: Callable[[str, int], BaseEstimator]) -> list[Run]:
        tasks = [_Task(name, sized(name, seed), seed, divisions[seed]) for seed in chosen for name in names]
        pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        return [report(run) for run in pool(delayed(_run)(task, rows, labels, weight) for task in tasks)]

    free = [name for name, contender in given.items() if not isinstance(contender, EqualParameters)]
    runs = run_all(free, lambda name, _: given[name])
    parameters = {(run.contender, run.seed): run.parameters for run in runs}
    runs += run_all(
        [name for name in given if name not in free],
        lambda name, seed: given[name].sized(
            _budget(name, given[name].reference, parameters[given[name].reference, seed]),
            rows[divisions[seed][0][:100]],
            len(np.unique(labels)),
        ),
    )
    order = list(given)
    runs.sort(key=lambda run: (order.index(run.contender), chosen.index(run.seed)))
    flags = None if suspect is None else np.asarray(suspect, dtype=bool)
    return Comparison(tuple(runs), labels, rows, flags, dict(data or {}))


@dataclass
class _Reporter:
    """Counts finished fits, tells whoever wants to know, and passes on what they warned of."""

    total: int
    on_progress: Callable[[Progress], None] | None
    done: int = 0

    def __call__(self, run: Run) -> Run:
        self.done += 1
        for warning in run.warnings:
            warnings.warn(warning, stacklevel=4)
        if self.on_progress is not None:
            self.on_progress(Progress(run.contender, run.seed, self.done, self.total, run.fit_seconds))
        return run


def _run(task: _Task, rows: NDArray[Any], labels: NDArray[Any], weight: NDArray[Any] | None) -> Run:
    """Fit one contender with one seed on one core, and measure it."""
    train, test = task.division
    estimator = _prepared(task.contender, task.seed)
    params = {} if weight is None else weight_params(estimator, weight[train], task.name)
    classes = np.unique(labels)
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        estimator.fit(rows[train], labels[train], **params)
        fitted = time.perf_counter()
        answered = estimator.predict_proba(rows[test])
        predicted = time.perf_counter()
        cost = multiply_adds(estimator, rows[test])
        trace = trace_hierarchy(estimator, rows[test], labels[test])
    probabilities = np.zeros((len(test), len(classes)))
    probabilities[:, np.searchsorted(classes, estimator.classes_)] = answered
    return Run(
        contender=task.name,
        seed=task.seed,
        test=test,
        probabilities=probabilities,
        fit_seconds=fitted - start,
        predict_seconds=predicted - fitted,
        size_bytes=len(pickle.dumps(estimator, protocol=pickle.HIGHEST_PROTOCOL)),
        parameters=count_parameters(estimator),
        multiply_adds=cost,
        hierarchy=trace,
        warnings=tuple(warning.message for warning in caught if isinstance(warning.message, Warning)),
    )


def _prepared(contender: BaseEstimator, seed: int) -> BaseEstimator:
    """Clone a contender, seeded, and kept to one core."""
    estimator = clone(contender)
    names = {name: name.split("__")[-1] for name in estimator.get_params()}
    settings = {name: seed for name, last in names.items() if last == "random_state"}
    return estimator.set_params(**settings, **{name: None for name, last in names.items() if last == "n_jobs"})


def _budget(name: str, reference: str, parameters: int | None) -> int:
    """Return how many parameters a contender may have."""
    if parameters is None:
        raise ConfigError(
            f"contender {name!r} is to have as many parameters as {reference!r}, "
            "but that one has none that can be counted; make its members MLPs or leave it out."
        )
    return parameters


def _check_contenders(contenders: Mapping[str, Contender]) -> None:
    if not contenders:
        raise ConfigError("there is no contender; name at least one.")
    for name, contender in contenders.items():
        if isinstance(contender, EqualParameters):
            reference = contenders.get(contender.reference)
            if reference is None or isinstance(reference, EqualParameters):
                raise ConfigError(
                    f"contender {name!r} is to have as many parameters as {contender.reference!r}, "
                    f"which is not among the contenders {sorted(contenders)}; add it."
                )
        elif not hasattr(contender, "predict_proba"):
            raise ConfigError(
                f"contender {name!r} is a {type(contender).__name__} without predict_proba; "
                "wrap it in sklearn.calibration.CalibratedClassifierCV."
            )


def _division(split: Split, seed: int, rows: NDArray[Any], labels: NDArray[Any]) -> Division:
    """Return the letters to fit on and to test on, checked."""
    if len(rows) != len(labels):
        raise DataError(f"there are {len(rows)} rows and {len(labels)} labels; every row needs one label.")
    train, test = (np.asarray(part) for part in (split(seed) if callable(split) else split))
    train, test = (np.flatnonzero(part) if part.dtype == bool else part.astype(np.intp) for part in (train, test))
    for name, part in (("train", train), ("test", test)):
        if len(part) == 0 or part.min() < 0 or part.max() >= len(rows):
            raise DataError(f"the {name} part must hold indices from 0 to {len(rows) - 1}, and at least one.")
    both = np.intersect1d(train, test)
    if len(both):
        raise DataError(
            f"{len(both)} letters are in the train part and in the test part, letter {both[0]} among them; "
            "a letter that was learned cannot test."
        )
    if len(np.unique(labels[train])) < 2:
        raise DataError(f"the train part holds 1 class only, {labels[train][0]!r}; it needs two or more.")
    return train, test
