"""The objective of a study: the cross-validated loss of one member, given the members before it.

The loss is a scorer of scikit-learn with the opposite sign.
"""

from __future__ import annotations

import pickle
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.model_selection import PredefinedSplit
from threadpoolctl import threadpool_limits

from ensemble_hwr._composites import params_of_rows, seed_all, unwrap, weight_params
from ensemble_hwr._sklearn import _num_samples, _safe_indexing
from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.config.search_space import NEG_LOG_LOSS, Range, Space
from ensemble_hwr.ensemble import AugmentedMLPClassifier, MemberMLPClassifier, epoch_callback, fit_cache
from ensemble_hwr.ensemble.held_out import HeldOutOpinion, MemberProblem, optimal_trust, pool_within

HELD_OUT_SHARE = 0.2
MAX_CACHE_BYTES = 512 * 2**20
MAX_EPOCHS = "max_iter"
STOCHASTIC_SOLVERS = ("sgd", "adam")
Loss = Callable[[NDArray[Any], FloatArray, NDArray[Any], FloatArray | None], float]


class Monitor(Protocol):
    """An object to which a running trial reports its loss, such as `TrialMonitor`."""

    def report(self, fold: int, epoch: int | None, loss: float | None) -> None:
        """Take a loss after an epoch or a fold; an exception ends the cross-validation."""


@dataclass(frozen=True)
class TrainingData:
    """Rows and labels to tune on.

    Attributes
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : ndarray of shape (n_samples,)
        Labels.
    sample_weight : ndarray of shape (n_samples,), or None
        Weights in the loss, and in the fits if `fit_params` is None.
    fit_params : mapping of str to object, or None
        Routed keywords of the estimator's fit.
    """

    X: Any
    y: NDArray[Any]
    sample_weight: FloatArray | None = None
    fit_params: Mapping[str, Any] | None = None

    def weight_of(self, rows: IntArray) -> FloatArray | None:
        """Return the weights of some rows."""
        return None if self.sample_weight is None else self.sample_weight[rows]

    def params_of_fit(self, estimator: Any, rows: IntArray, name: str) -> dict[str, Any]:
        """Return the keywords with which an estimator is fitted on some rows."""
        if self.fit_params is None:
            weight = self.weight_of(rows)
            return {} if weight is None else weight_params(estimator, weight, name)
        return params_of_rows(self.fit_params, rows, len(self.y))


@dataclass(frozen=True)
class FoldRows:
    """The rows of one fold for one member.

    Attributes
    ----------
    train, valid : ndarray of int
        Rows to train on, and rows to evaluate on.
    prior : ndarray of shape (n_valid, n_classes), or None
        Probabilities of the evaluated rows before the member is applied; None for the first member.
    """

    train: IntArray
    valid: IntArray
    prior: FloatArray | None = None


@dataclass(frozen=True)
class Objective:
    """What is minimised for one member or for the whole ensemble.

    Attributes
    ----------
    problem : MemberProblem
        The member's classes and targets.
    folds : sequence of FoldRows
        Rows of each fold.
    trust : float or None
        The member's trust; None if it is optimised on the evaluated rows, as in the ensemble.
    """

    problem: MemberProblem
    folds: Sequence[FoldRows]
    trust: float | None = None

    @property
    def name(self) -> str:
        """Name of the member."""
        return self.problem.name

    @property
    def n_valid(self) -> int:
        """Number of evaluated rows in all folds."""
        return sum(len(fold.valid) for fold in self.folds)

    def trust_of(self, data: TrainingData, predictions: Sequence[FloatArray]) -> float:
        """Return the member's trust: the given one, or the best one for the folds that have predictions."""
        if self.trust is not None:
            return self.trust
        opinions = [
            HeldOutOpinion(
                fold.prior,
                prediction,
                np.searchsorted(self.problem.classes, data.y[fold.valid]),
                data.weight_of(fold.valid),
            )
            for fold, prediction in zip(self.folds, predictions, strict=False)
            if fold.prior is not None
        ]
        return optimal_trust(self.problem.columns, opinions)

    def loss(self, data: TrainingData, predictions: Sequence[FloatArray], loss: Loss) -> float:
        """Return the mean loss of the folds that have predictions, weighted by their rows; 0 without any row."""
        evaluated = [pair for pair in zip(self.folds, predictions, strict=False) if len(pair[0].valid)]
        if not evaluated:
            return 0.0
        trust = 1.0 if self.folds[0].prior is None else self.trust_of(data, predictions)
        losses = []
        for fold, prediction in evaluated:
            pooled = prediction
            if fold.prior is not None:
                pooled = pool_within(fold.prior, self.problem.columns, prediction, trust)
            labels, weight = data.y[fold.valid], data.weight_of(fold.valid)
            losses.append(loss(labels, np.nan_to_num(pooled), self.problem.labels, weight))
        return float(np.average(losses, weights=[len(fold.valid) for fold, _ in evaluated]))


def loss_function(scoring: str) -> Loss:
    """Return the loss of a scorer as a function of labels, probabilities, classes and weights.

    Parameters
    ----------
    scoring : str
        The name of a scorer of scikit-learn, such as ``"neg_log_loss"``.

    Returns
    -------
    callable
        It returns minus the score.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.tuning._objective import loss_function
    >>> labels, probabilities = np.array(["B", "P"]), np.array([[0.8, 0.2], [0.6, 0.4]])
    >>> loss_function("accuracy")(labels, probabilities, np.array(["B", "P"]), None)
    -0.5
    """
    if scoring == NEG_LOG_LOSS:
        return _log_loss
    scorer = get_scorer(scoring)

    def loss(
        labels: NDArray[Any], probabilities: FloatArray, classes: NDArray[Any], weight: FloatArray | None
    ) -> float:
        weighted = {} if weight is None else {"sample_weight": weight}
        return -float(scorer(_Predicted(classes), probabilities, labels, **weighted))

    return loss


def metric_name(scoring: str) -> str:
    """Return the name of a scorer's metric for reports, such as "log-loss" for ``"neg_log_loss"``."""
    return "log-loss" if scoring == NEG_LOG_LOSS else scoring.removeprefix("neg_").replace("_", " ")


def metric_value(scoring: str, loss: float) -> float:
    """Return the metric of a loss: the loss itself for scorers named ``"neg_..."``, else the score."""
    return loss if scoring.startswith("neg_") else -loss


def cross_validate(
    estimator: Any, objective: Objective, data: TrainingData, loss: Loss, *, random_state: int, monitor: Monitor
) -> float:
    """Return the cross-validated loss of an estimator, and report it after every epoch and every fold.

    Parameters
    ----------
    estimator : classifier
        Not fitted; a clone is fitted in every fold.
    objective : Objective
        The member's problem and folds.
    data : TrainingData
        Rows and labels.
    loss : callable
        As `loss_function` returns it.
    random_state : int
        Seed of the fits, the same in all trials, so that trials differ by their parameters only.
    monitor : Monitor
        Gets fold, epoch (None at the end of the fold) and mean loss so far (None after an epoch of one member of a
        whole ensemble). An exception that it raises ends the cross-validation.

    Returns
    -------
    float
        Mean loss of the folds, weighted by the number of evaluated rows.
    """
    predictions: list[FloatArray] = []
    value = 0.0
    for number, fold in enumerate(objective.folds):
        fitted = seed_all(estimator, np.random.RandomState([random_state, number]))
        observer = _EpochObserver(fitted, _safe_indexing(data.X, fold.valid))
        epochs = 0

        def on_epoch_end(network: Any, number: int = number, observer: _EpochObserver = observer) -> None:
            nonlocal epochs
            probabilities = observer.predict_proba(network) if observer.n_rows else None
            if probabilities is None:
                monitor.report(number, epochs, None)
                return
            current = objective.problem.expand(probabilities, network.classes_)
            monitor.report(number, epochs, objective.loss(data, [*predictions, current], loss))
            epochs += 1

        with epoch_callback(on_epoch_end), fit_cache(process_cache), threadpool_limits(1):
            predictions.append(fit_predict(fitted, objective.problem, fold, data))
        value = objective.loss(data, predictions, loss)
        monitor.report(number, None, value)
    return value


def fit_predict(estimator: Any, problem: MemberProblem, fold: FoldRows, data: TrainingData) -> FloatArray:
    """Fit a member on the training rows of a fold; return its probabilities of the evaluated rows over its set.

    They are NaN for a class of which the fold has no training row.
    """
    target = problem.target(data.y[fold.train])
    params = data.params_of_fit(estimator, fold.train, problem.name)
    fitted = restrict_cv(estimator, fold.train).fit(_safe_indexing(data.X, fold.train), target, **params)
    return problem.predict(fitted, _safe_indexing(data.X, fold.valid))


@contextmanager
def without_batch_warnings() -> Iterator[None]:
    """Ignore scikit-learn's warning about clipped batch sizes, for fits outside trials."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got `batch_size`", UserWarning)
        yield


def restrict_cv(estimator: Any, train: IntArray) -> Any:
    """Restrict the ``cv`` of an ensemble to the rows of a fold, if it is a predefined split of all rows.

    If the fold has no row to hold out, or only such rows, a random fifth is held out instead.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    train : ndarray of int
        Rows to fit on.

    Returns
    -------
    estimator

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import PredefinedSplit
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.tuning._objective import restrict_cv
    >>> ensemble = HierarchicalEnsembleClassifier(cv=PredefinedSplit([0, 0, -1, -1]))
    >>> restrict_cv(ensemble, np.array([1, 2, 3])).cv.test_fold
    array([ 0, -1, -1])
    >>> restrict_cv(ensemble, np.array([1, 2])).cv
    0.2
    """
    if isinstance(getattr(estimator, "cv", None), PredefinedSplit):
        fold = estimator.cv.test_fold[train]
        estimator.set_params(cv=PredefinedSplit(fold) if len(np.unique(fold)) > 1 else HELD_OUT_SHARE)
    return estimator


def epochs_parameter(estimator: Any) -> str | None:
    """Return the name of the parameter that limits the epochs of the network in an estimator; None without one."""
    classifier = unwrap(estimator)[1]
    if isinstance(classifier, MemberMLPClassifier):
        return MAX_EPOCHS if classifier.solver in STOCHASTIC_SOLVERS else None
    return MAX_EPOCHS if isinstance(classifier, AugmentedMLPClassifier) else None


def steps_per_fold(estimator: Any, space: Space) -> int:
    """Return how often a trial reports in each fold: the largest number of epochs that it may have, or once."""
    parameter = epochs_parameter(estimator)
    if parameter is None:
        return 1
    entry = next((entry for name, entry in space.items() if name.rpartition("__")[2] == parameter), None)
    if isinstance(entry, Range):
        return int(entry.high)
    return int(getattr(unwrap(estimator)[1], parameter) if entry is None else max(entry.probes()))


class MemoryFitCache:
    """A cache of fitted members in memory; the least recently used are removed if it is full.

    Most trials of a whole ensemble differ in how its members are combined, so that their fits are the same. Used with
    :func:`~ensemble_hwr.ensemble.fit_cache`.

    Parameters
    ----------
    max_bytes : int
        Size of the cache.

    Examples
    --------
    >>> from ensemble_hwr.tuning._objective import MemoryFitCache
    >>> cache = MemoryFitCache(max_bytes=1000)
    >>> cache.put("key", "router", [1, 2])
    >>> cache.get("key"), cache.get("another")
    ([1, 2], None)
    """

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._fits: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Any | None:
        """Return a copy of a fitted estimator, or None."""
        with self._lock:
            if key not in self._fits:
                return None
            self._fits.move_to_end(key)
            pickled = self._fits[key]
        return pickle.loads(pickled)  # written by this process

    def put(self, key: str, name: str, fitted: Any) -> None:
        """Store a fitted estimator."""
        with self._lock:
            self._fits[key] = pickle.dumps(fitted)
            while self.n_bytes > self._max_bytes:
                self._fits.popitem(last=False)

    @property
    def n_bytes(self) -> int:
        """Number of bytes in the cache."""
        return sum(map(len, self._fits.values()))


process_cache = MemoryFitCache()


class _EpochObserver:
    """Predict the same rows after each epoch of a network, with features that are computed once."""

    def __init__(self, estimator: Any, X: Any) -> None:
        self.n_rows = _num_samples(X)
        self._estimator = estimator
        self._X = X
        self._features: Any = None

    def predict_proba(self, network: Any) -> Any:
        """Return the network's probabilities; None if it is not the one that the estimator ends in."""
        transformers, classifier = unwrap(self._estimator)
        if classifier is not network:
            return None
        own_transformers, mlp = unwrap(network, networks=True)
        if self._features is None:
            self._features = self._X
            for transformer in (*transformers, *own_transformers):
                self._features = transformer.transform(self._features)
        return np.asarray(mlp.predict_proba(self._features), dtype=float)


def _log_loss(
    labels: NDArray[Any], probabilities: FloatArray, classes: NDArray[Any], weight: FloatArray | None
) -> float:
    """Return the log-loss, with probabilities clipped as in scikit-learn, also where they do not sum to 1."""
    of_label = probabilities[np.arange(len(labels)), np.searchsorted(classes, labels)].astype(np.float64)
    return float(np.average(-np.log(np.clip(of_label, np.finfo(np.float64).eps, 1.0)), weights=weight))


class _Predicted(ClassifierMixin, BaseEstimator):
    """A classifier for scorers, whose rows are the probabilities themselves."""

    def __init__(self, classes: NDArray[Any]) -> None:
        self.classes = classes

    @property
    def classes_(self) -> NDArray[Any]:
        return self.classes

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: FloatArray) -> FloatArray:
        return X

    def predict(self, X: FloatArray) -> NDArray[Any]:
        labels: NDArray[Any] = self.classes[np.argmax(X, axis=1)]
        return labels
