"""Fit contenders on the same letters with the same seeds, and record what they answer and cost."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from ensemble_hwr._weights import weight_params
from ensemble_hwr.evaluation._contenders import EqualParameters, with_seed
from ensemble_hwr.evaluation._cost import count_parameters, multiply_adds
from ensemble_hwr.evaluation._result import Comparison, Run
from ensemble_hwr.evaluation._trace import trace_hierarchy
from ensemble_hwr.exceptions import ConfigError, DataError, EnsembleHwrError

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
    _check_contenders(contenders)
    given = dict(contenders)
    _check_letters(rows, labels)
    chosen = _seeds(seeds)
    divisions = {seed: _division(split, seed, rows, labels) for seed in chosen}
    weight = None if sample_weight is None else _of_each_letter(sample_weight, "sample_weight", "fiu", len(rows))
    flags = None if suspect is None else _of_each_letter(suspect, "suspect", "b", len(rows))
    report = _Reporter(len(given) * len(chosen), on_progress)

    def run_all(names: Sequence[str], sized: Callable[[str, int], BaseEstimator]) -> list[Run]:
        tasks = [_Task(name, sized(name, seed), seed, divisions[seed]) for seed in chosen for name in names]
        pool = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        try:
            return [report(run) for run in pool(delayed(_run)(task, rows, labels, weight) for task in tasks)]
        except BrokenExecutor as error:
            raise ConfigError(
                f"a process that was fitting one of the contenders {', '.join(names)} ended without a word, as when "
                "memory runs out; use fewer jobs, or find the contender with one job."
            ) from error

    free = [name for name, contender in given.items() if not isinstance(contender, EqualParameters)]
    runs = run_all(free, lambda name, _: given[name])
    parameters = {(run.contender, run.seed): run.parameters for run in runs}
    runs += run_all(
        [name for name in given if name not in free],
        lambda name, seed: given[name].sized(
            _budget(name, given[name].reference, parameters[given[name].reference, seed]),
            rows[divisions[seed][0]],
            len(np.unique(labels[divisions[seed][0]])),
        ),
    )
    order = list(given)
    runs.sort(key=lambda run: (order.index(run.contender), chosen.index(run.seed)))
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
    """Fit one contender with one seed on one core, and measure it; say whose fault it is if that fails."""
    try:
        return _measured(task, rows, labels, weight)
    except Exception as error:
        where = f"contender {task.name!r}, seed {task.seed}: "
        if isinstance(error, EnsembleHwrError) and not isinstance(error, ImportError):
            raise type(error)(f"{where}{error}") from error
        raise ConfigError(f"{where}its fit or prediction failed: {type(error).__name__}: {error}") from error


def _measured(task: _Task, rows: NDArray[Any], labels: NDArray[Any], weight: NDArray[Any] | None) -> Run:
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
    return Run(
        contender=task.name,
        seed=task.seed,
        test=test,
        probabilities=_in_columns(answered, estimator, classes, len(test)),
        fit_seconds=fitted - start,
        predict_seconds=predicted - fitted,
        size_bytes=len(pickle.dumps(estimator, protocol=pickle.HIGHEST_PROTOCOL)),
        parameters=count_parameters(estimator),
        multiply_adds=cost,
        hierarchy=trace,
        warnings=tuple(_portable(warning.message) for warning in caught if isinstance(warning.message, Warning)),
    )


def _portable(warning: Warning) -> Warning:
    """Return a warning that can leave the process: itself, or its text where it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(warning))
    except Exception:  # a warning of anyone's may raise anything
        return UserWarning(f"{type(warning).__name__}: {warning}")
    return warning


def _in_columns(answered: Any, estimator: BaseEstimator, classes: NDArray[Any], n_letters: int) -> NDArray[np.float64]:
    """Put probabilities into the columns of all classes; refuse what is none."""
    probabilities = np.asarray(answered, dtype=np.float64)
    known = np.asarray(estimator.classes_)
    foreign = set(known.tolist()) - set(classes.tolist())
    if foreign:
        raise ConfigError(
            f"it calls its classes {known.tolist()[:10]}, the letters have the labels {classes.tolist()[:10]}."
        )
    if probabilities.shape != (n_letters, len(known)):
        raise ConfigError(f"predict_proba gave shape {probabilities.shape}; needed is {(n_letters, len(known))}.")
    if not (probabilities >= 0).all() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        raise ConfigError("predict_proba gave rows that hold NaN or negative values, or do not sum to 1.")
    placed = np.zeros((n_letters, len(classes)))
    placed[:, np.searchsorted(classes, known)] = probabilities
    return placed


def _prepared(contender: BaseEstimator, seed: int) -> BaseEstimator:
    """Clone a contender, seeded, and kept to one core."""
    estimator = with_seed(contender, seed)
    return estimator.set_params(**{name: None for name in estimator.get_params() if name.split("__")[-1] == "n_jobs"})


def _budget(name: str, reference: str, parameters: int | None) -> int:
    """Return how many parameters a contender may have."""
    if parameters is None:
        raise ConfigError(
            f"contender {name!r} is to have as many parameters as {reference!r}, "
            "but that one has none that can be counted; make its members MLPs or leave it out."
        )
    return parameters


def _check_contenders(contenders: Mapping[str, Contender]) -> None:
    if not isinstance(contenders, Mapping) or not contenders:
        raise ConfigError(
            f"there is no contender in {contenders!r}; give a mapping of names to classifiers, one at least."
        )
    for name, contender in contenders.items():
        if not isinstance(name, str) or not name:
            raise ConfigError(f"contender {name!r} has no name; a name is a text of one character or more.")
        if isinstance(contender, EqualParameters):
            reference = contenders.get(contender.reference)
            if reference is None or isinstance(reference, EqualParameters):
                raise ConfigError(
                    f"contender {name!r} is to have as many parameters as {contender.reference!r}, "
                    f"which is not among the contenders {list(contenders)}; add it."
                )
        elif isinstance(contender, type):
            raise ConfigError(
                f"contender {name!r} is the class {contender.__name__}; give an object: {contender.__name__}()."
            )
        elif not hasattr(contender, "predict_proba"):
            raise ConfigError(
                f"contender {name!r} is a {type(contender).__name__} without predict_proba; "
                "wrap it in sklearn.calibration.CalibratedClassifierCV."
            )


def _check_letters(rows: NDArray[Any], labels: NDArray[Any]) -> None:
    if rows.ndim != 2 or labels.ndim != 1 or len(rows) != len(labels):
        raise DataError(
            f"there are rows of shape {rows.shape} and labels of shape {labels.shape}; "
            "rows are a table, and every row needs one label."
        )
    if rows.dtype.kind not in "fiub" or not np.isfinite(rows).all():
        raise DataError(
            f"rows, of dtype {rows.dtype}, must be finite numbers; mend or leave out the letters that are not."
        )
    missing = labels.dtype.kind == "f" and np.isnan(labels).any()
    if missing or len({type(label) for label in labels.tolist()}) > 1:
        raise DataError("labels must be all of one type, and none of them missing; make them all text.")


def _seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return the seeds, each once."""
    chosen = tuple(dict.fromkeys(seeds))
    odd = [seed for seed in chosen if not isinstance(seed, Integral) or not 0 <= seed < 2**32]
    if odd or not chosen:
        got = repr(odd[0]) if odd else "none"
        raise ConfigError(f"seeds: got {got}; give one or more whole numbers from 0 to {2**32 - 1}.")
    return tuple(int(seed) for seed in chosen)


def _of_each_letter(values: ArrayLike, name: str, kinds: str, n_letters: int) -> NDArray[Any]:
    """Return what must have one value for each letter."""
    array = np.asarray(values)
    if array.shape != (n_letters,) or array.dtype.kind not in kinds:
        allowed = "True or False" if kinds == "b" else "a number"
        raise DataError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; give {allowed} for each of the "
            f"{n_letters} letters."
        )
    return array


def _division(split: Split, seed: int, rows: NDArray[Any], labels: NDArray[Any]) -> Division:
    """Return the letters to fit on and to test on, checked."""
    parts = split(seed) if callable(split) else split
    if not isinstance(parts, Sequence) or len(parts) != 2:
        raise DataError(f"split: got {type(parts).__name__}; give a pair of indices to fit on and indices to test on.")
    train, test = (
        _positions(name, np.asarray(part), len(rows)) for name, part in zip(("train", "test"), parts, strict=True)
    )
    both = np.intersect1d(train, test)
    if len(both):
        raise DataError(
            f"{len(both)} letters are in the train part and in the test part, letter {both[0]} among them; "
            "a letter that was learned cannot test."
        )
    if len(np.unique(labels[train])) < 2:
        raise DataError(f"the train part holds 1 class only, {labels[train][0]!r}; it needs two or more.")
    return train, test


def _positions(name: str, part: NDArray[Any], n_letters: int) -> NDArray[np.intp]:
    """Return the letters of one part by position."""
    if part.dtype == bool and part.shape == (n_letters,):
        part = np.flatnonzero(part)
    if part.ndim != 1 or part.dtype.kind not in "iu" or not len(part) or part.min() < 0 or part.max() >= n_letters:
        raise DataError(
            f"the {name} part must hold indices from 0 to {n_letters - 1}, and at least one, or True or False for each "
            f"letter; got shape {part.shape} and dtype {part.dtype}."
        )
    return part.astype(np.intp)
