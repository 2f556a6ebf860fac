"""Fit one contender with one seed on one core, and measure its predictions and costs."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib.externals.loky.backend.reduction import dumps
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits

from ensemble_hwr._composites import children, weight_params
from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import Fold
from ensemble_hwr.evaluation._cost import count_macs, count_parameters
from ensemble_hwr.evaluation._trace import trace_hierarchy
from ensemble_hwr.evaluation.contenders import EncodedLabelsClassifier, with_seed
from ensemble_hwr.evaluation.results import Run
from ensemble_hwr.exceptions import ConfigError, EnsembleHwrError


@dataclass(frozen=True)
class ContenderFit:
    """One fit: a contender, a seed, the indices of training and test samples, and warnings issued before."""

    name: str
    contender: BaseEstimator
    seed: int
    fold: Fold
    warnings: tuple[Warning, ...] = ()


def measure(task: ContenderFit, rows: Any, labels: NDArray[Any], weight: NDArray[Any] | None) -> Run:
    """Fit one contender with one seed on one core, and measure it; errors name contender and seed."""
    try:
        return _measured(task, rows, labels, weight)
    except Exception as error:
        where = f"contender {task.name!r}, seed {task.seed}: "
        if isinstance(error, EnsembleHwrError) and not isinstance(error, ImportError):
            raise type(error)(f"{where}{error}") from error
        raise ConfigError(f"{where}fit or prediction failed: {type(error).__name__}: {error}") from error


def _measured(task: ContenderFit, rows: Any, labels: NDArray[Any], weight: NDArray[Any] | None) -> Run:
    train, test = task.fold
    estimator = _prepared(task.contender, task.seed)
    settings = " ".join(repr(estimator).split())
    params = {} if weight is None else weight_params(estimator, weight[train], task.name)
    classes = np.unique(labels)
    tested = _safe_indexing(rows, test)
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator, fit_seconds = _fitted(estimator, _safe_indexing(rows, train), labels[train], params)
        start = time.process_time()
        predicted = estimator.predict_proba(tested)
        predict_seconds = time.process_time() - start
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same that were recorded, and those of parts that are counted alone
        trace = trace_hierarchy(estimator, tested, labels[test])
        cost = count_macs(estimator, tested) if trace is None else trace.macs
    return Run(
        contender=task.name,
        seed=task.seed,
        test=test,
        probabilities=_in_columns(predicted, estimator, classes, len(test)),
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        size_bytes=len(dumps(estimator)),  # pickle cannot take a class defined in a notebook
        parameters=count_parameters(estimator),
        macs=cost,
        hierarchy=trace,
        warnings=(*task.warnings, *(_portable(w.message) for w in caught if isinstance(w.message, Warning))),
        loss_fell=_loss_fell(estimator),
        settings=settings,
    )


def _fitted(
    estimator: BaseEstimator, rows: Any, labels: NDArray[Any], params: dict[str, Any]
) -> tuple[BaseEstimator, float]:
    """Fit an estimator, on codes of the labels if it refuses the labels; return it with its seconds."""
    start = time.process_time()
    try:
        return estimator.fit(rows, labels, **params), time.process_time() - start
    except (TypeError, ValueError):
        codes = np.unique(labels, return_inverse=True)[1]
        if np.array_equal(codes, labels):
            raise
        encoded = EncodedLabelsClassifier(estimator)
        start = time.process_time()
        with suppress(Exception):  # the first error is the one to report
            return encoded.fit(rows, labels, **params), time.process_time() - start
        raise


def _loss_fell(estimator: Any) -> bool | None:
    """Return whether the loss of each network fell below that of its first epoch; None if there is none to look at."""
    found = [_loss_fell(part) for part in children(estimator)]
    curve: Sequence[float] = getattr(estimator, "loss_curve_", ())
    if len(curve) > 1:
        found.append(bool(min(curve[1:]) < curve[0]))
    known = [fell for fell in found if fell is not None]
    return all(known) if known else None


def _portable(warning: Warning) -> Warning:
    """Return the warning, or its text if it cannot be pickled."""
    try:
        pickle.loads(pickle.dumps(warning))
    except Exception:  # a warning class may raise anything
        return UserWarning(f"{type(warning).__name__}: {warning}")
    return warning


def _in_columns(predicted: Any, estimator: BaseEstimator, classes: NDArray[Any], n_samples: int) -> NDArray[np.float64]:
    """Return probabilities in the columns of all classes, checked."""
    probabilities = np.asarray(predicted, dtype=np.float64)
    known = np.asarray(estimator.classes_)
    foreign = set(known.tolist()) - set(classes.tolist())
    if foreign:
        raise ConfigError(
            f"classes_ of the estimator are {known.tolist()[:10]}, but the labels in y are {classes.tolist()[:10]}"
        )
    if probabilities.shape != (n_samples, len(known)):
        raise ConfigError(f"predict_proba returned shape {probabilities.shape}; expected {(n_samples, len(known))}")
    if not (probabilities >= 0).all() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        raise ConfigError("predict_proba returned rows with NaN or negative values, or rows that do not sum to 1")
    placed = np.zeros((n_samples, len(classes)))
    placed[:, np.searchsorted(classes, known)] = probabilities
    return placed


def _prepared(contender: BaseEstimator, seed: int) -> BaseEstimator:
    """Return a clone with the seed set and every number of jobs set to 1; None, which some classes refuse, stays."""
    estimator = with_seed(contender, seed)
    jobs = {
        name: 1
        for name, value in estimator.get_params().items()
        if name.split("__")[-1] == "n_jobs" and value is not None
    }
    return estimator.set_params(**jobs)
