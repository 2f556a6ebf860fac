"""A classifier with hyperparameter search by Optuna, with the interface of GridSearchCV."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import joblib
import numpy as np
import optuna
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from optuna.storages import InMemoryStorage
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.utils import Tags, assert_all_finite, check_random_state, column_or_1d, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._processes import worker_backend
from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _check_sample_weight, _fit_context
from ensemble_hwr._typing import Fold
from ensemble_hwr.config.search_space import NEG_LOG_LOSS, Space, read_entry
from ensemble_hwr.ensemble.held_out import Member, MemberProblem
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._objective import FoldRows, Objective, TrainingData, loss_function, steps_per_fold
from ensemble_hwr.tuning._storage import JOURNAL, open_storage
from ensemble_hwr.tuning._study import Budget, StudySpec, best_trial, digest, first_error, open_study
from ensemble_hwr.tuning._trials import run_trials

NAME = "tuned classifier"


@dataclass(frozen=True)
class EstimatorFactory:
    """Make an estimator with given parameters.

    Attributes
    ----------
    estimator : estimator
        It is cloned.
    """

    estimator: Any

    def __call__(self, params: Mapping[str, Any]) -> Any:
        """Return the estimator, not fitted."""
        return clone(self.estimator).set_params(**params)


class TunedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classifier whose hyperparameters are searched with Optuna in cross-validation.

    Afterwards it is fitted with the best parameters on all rows. Trials that are not promising are pruned: after any
    epoch for the networks of this library, alone or in a Pipeline, and after any fold for other classifiers.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``.
    space : mapping of str to list or dict
        Search space by parameter, named as for ``set_params``: a list of choices,
        ``{"low": 1e-5, "high": 0.1, "log": True}`` (also ``"step"``), or for lists of integers
        ``{"n": [1, 3], "width": {"low": 16, "high": 256}}``. With ``"when": {"solver": "sgd"}`` a parameter is searched
        only if an earlier one has that value.
    n_trials : int or None, default=20
        Number of trials, without failed ones; None is no limit.
    timeout : float or None, default=None
        Seconds after which no trial is started; None is no limit.
    n_trials_no_improvement : int or None, default=None
        Number of trials without improvement after which the search ends; None is no limit.
    scoring : str, default="neg_log_loss"
        Name of a scorer of scikit-learn.
    cv : int, splitter or iterable, default=3
        Folds, as in scikit-learn; the same for all trials, and shuffled if it is a number.
    sampler : {"tpe", "random"}, default="tpe"
        How parameters are drawn: by the tree-structured Parzen estimator, or at random.
    pruner : {"percentile", "median", "hyperband", "none"}, default="percentile"
        Which trials are pruned: those outside the best 40 % of the finished trials, those below their median, by
        Hyperband, or none.
    storage : str, default=None
        A path, a database URL or ``grpc://HOST:PORT`` where the study is stored, so that the next fit resumes it; by
        default it is in memory.
    study_name : str, default="tuned classifier"
        Name of the study in the storage.
    n_jobs : int, default=None
        Number of processes that run trials in parallel.
    random_state : int, RandomState or None, default=None
        Seed of the sampler, of the folds and of every ``random_state`` of the classifier. With one process the trials
        are reproducible.

    Attributes
    ----------
    best_estimator_ : classifier
        The classifier with the best parameters, fitted on all rows.
    best_params_ : dict
        The best parameters.
    best_score_ : float
        Their mean cross-validated score; greater is better.
    cv_results_ : dict of str to array or list
        ``params``, ``mean_test_score``, ``rank_test_score``, ``state`` and ``seconds`` of all trials.
    study_ : optuna.Study
        All trials. It is not part of a copied, pickled or saved model.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of features in ``fit``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.tuning import TunedClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> space = {"C": {"low": 0.01, "high": 100.0, "log": True}}
    >>> model = TunedClassifier(LogisticRegression(max_iter=500), space, n_trials=5, random_state=0).fit(X, y)
    >>> sorted(model.best_params_), len(model.study_.trials)
    (['C'], 5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        "space": [Mapping],
        "n_trials": [Interval(Integral, 1, None, closed="left"), None],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "n_trials_no_improvement": [Interval(Integral, 1, None, closed="left"), None],
        "scoring": [str],
        "cv": ["cv_object"],
        "sampler": [StrOptions({"tpe", "random"})],
        "pruner": [StrOptions({"percentile", "median", "hyperband", "none"})],
        "storage": [str, None],
        "study_name": [str],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        space: Mapping[str, Any],
        *,
        n_trials: int | None = 20,
        timeout: float | None = None,
        n_trials_no_improvement: int | None = None,
        scoring: str = NEG_LOG_LOSS,
        cv: Any = 3,
        sampler: str = "tpe",
        pruner: str = "percentile",
        storage: str | None = None,
        study_name: str = NAME,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_trials = n_trials
        self.timeout = timeout
        self.n_trials_no_improvement = n_trials_no_improvement
        self.scoring = scoring
        self.cv = cv
        self.sampler = sampler
        self.pruner = pruner
        self.storage = storage
        self.study_name = study_name
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Search the parameters, then fit the classifier with the best ones on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, or whatever the classifier accepts.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights in the fits and in the score. With metadata routing, the fits get them if the classifier requests
            them, and the score is weighted unless ``set_fit_request(sample_weight=False)`` was called.
        **fit_params : dict
            ``groups`` for `cv`; with metadata routing anything that `estimator` or `cv` requests.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ConfigError
            If the space is not valid.
        ValueError
            If there is no budget, or every trial failed.
        """
        if y is None:
            raise ValueError("TunedClassifier requires y to be passed, but the target y is None")
        rows, given = indexable(X, y)
        labels = column_or_1d(given, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        if self.n_trials is None and self.timeout is None and self.n_trials_no_improvement is None:
            raise ValueError(
                "n_trials, timeout and n_trials_no_improvement are all None, so the search would never end; set one"
            )
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, rows, dtype=np.float64)
        data, split_params = self._routed(rows, labels, sample_weight, fit_params)
        spec = self._spec(data, self._folds(rows, labels, split_params, seed), seed)
        self._study = _search(spec, self.estimator, self.storage, effective_n_jobs(self.n_jobs))
        best = best_trial(self._study)
        if best is None or best.value is None:
            clone(self.estimator).fit(rows, labels)  # raises the classifier's own error, if rows or labels are wrong
            raise ValueError(f"no trial was completed; {first_error(self._study) or 'increase the timeout'}")
        self.best_params_ = spec.params_of(best)
        self.best_score_ = -best.value
        self.cv_results_ = _results(spec, self._study)
        self.best_estimator_ = spec.make(self.best_params_)
        if self.random_state is not None:
            names = [name for name in self.best_estimator_.get_params() if name.split("__")[-1] == "random_state"]
            self.best_estimator_.set_params(**dict.fromkeys(names, seed))
        params = data.params_of_fit(self.best_estimator_, np.arange(len(labels)), "estimator")
        self.best_estimator_.fit(rows, labels, **params)
        return self

    @property
    def study_(self) -> optuna.Study:
        """Study with all trials."""
        if not hasattr(self, "_study"):
            state = "was copied or loaded without its study" if hasattr(self, "best_estimator_") else "is not fitted"
            raise AttributeError(f"study_: this {type(self).__name__} {state}")
        return self._study

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, in the order of the columns of probabilities."""
        check_is_fitted(self)
        classes: NDArray[Any] = self.best_estimator_.classes_
        return classes

    @property
    def n_features_in_(self) -> int:
        """Number of features in ``fit``."""
        try:
            check_is_fitted(self)
        except ValueError as error:
            raise AttributeError(f"{type(self).__name__} has no n_features_in_ before it is fitted") from error
        return int(self.best_estimator_.n_features_in_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        check_is_fitted(self)
        labels: NDArray[Any] = self.best_estimator_.predict(X)
        return labels

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, in the order of ``classes_``.
        """
        check_is_fitted(self)
        probabilities: NDArray[Any] = self.best_estimator_.predict_proba(X)
        return probabilities

    def get_metadata_routing(self) -> MetadataRouter:
        """Return the metadata that `fit` uses itself, and those that it passes to `estimator` and `cv`.

        Returns
        -------
        MetadataRouter
            Requests of this object, of ``estimator.fit`` and of ``cv.split``.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(estimator=self.estimator, method_mapping=MethodMapping().add(caller="fit", callee="fit"))
        return router.add(
            splitter=check_cv(self.cv, classifier=True),
            method_mapping=MethodMapping().add(caller="fit", callee="split"),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        wrapped = get_tags(self.estimator)
        tags.classifier_tags.multi_class = wrapped.classifier_tags.multi_class
        tags.input_tags = wrapped.input_tags
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_study", None)  # it holds a storage, which cannot always be copied
        return state

    def _routed(
        self, rows: Any, labels: NDArray[Any], weight: Any, fit_params: Mapping[str, Any]
    ) -> tuple[TrainingData, Mapping[str, Any]]:
        """Return the data with the keywords of the fits, and the keywords of the splitter."""
        if not get_config()["enable_metadata_routing"]:
            unknown = sorted(set(fit_params) - {"groups"})
            if unknown:
                raise TypeError(
                    f"fit got {unknown}; without metadata routing it accepts sample_weight and groups only, enable "
                    "routing with sklearn.set_config(enable_metadata_routing=True)"
                )
            return TrainingData(rows, labels, weight), {"groups": fit_params.get("groups")}
        metadata = {**fit_params, **({} if weight is None else {"sample_weight": weight})}
        routed = process_routing(self, "fit", **metadata)
        is_scored = super().get_metadata_routing().fit.requests.get("sample_weight") is not False
        data = TrainingData(rows, labels, weight if is_scored else None, dict(routed.estimator.fit))
        return data, routed.splitter.split

    def _folds(self, rows: Any, labels: NDArray[Any], split_params: Mapping[str, Any], seed: int) -> list[Fold]:
        cv = check_cv(self.cv, labels, classifier=True)
        if isinstance(self.cv, Integral):
            cv = StratifiedKFold(int(self.cv), shuffle=True, random_state=seed)
        return [(np.asarray(train), np.asarray(valid)) for train, valid in cv.split(rows, labels, **split_params)]

    def _spec(self, data: TrainingData, folds: list[Fold], seed: int) -> StudySpec:
        classes = np.unique(data.y)
        member = Member(NAME, NAME, np.arange(len(classes)), self.estimator)
        space = _checked_space(self.space, self.estimator)
        deadline = None if self.timeout is None else time.time() + self.timeout
        return StudySpec(
            self.study_name,
            space,
            EstimatorFactory(self.estimator),
            Objective(MemberProblem.of_member(member, classes), [FoldRows(train, valid) for train, valid in folds]),
            data,
            self.scoring,
            self.sampler,
            self.pruner,
            seed,
            Budget(self.n_trials, deadline, self.n_trials_no_improvement),
            steps_per_fold(self.estimator, space),
        )


def _checked_space(space: Mapping[str, Any], estimator: BaseEstimator) -> Space:
    """Parse a search space, and reject parameters that the estimator does not have."""
    known = estimator.get_params()
    checked: Space = {}
    for name, raw in space.items():
        if name not in known:
            raise ConfigError(f"space: {name!r} is not a parameter of {type(estimator).__name__}; see its get_params()")
        checked[name] = read_entry(name, raw)
        for other in checked[name].when:
            if other not in checked or other == name:
                raise ConfigError(f"space: {name}.when: {other!r} is not declared before it; declare it first")
    if not checked:
        raise ConfigError("space: has no parameter; give at least one")
    return checked


def _search(spec: StudySpec, estimator: BaseEstimator, storage: str | None, n_jobs: int) -> optuna.Study:
    """Run the trials of a study in `n_jobs` processes; the first trial has the estimator's own parameters."""
    loss_function(spec.scoring)  # rejects an unknown scorer before anything is fitted
    not_searched = clone(estimator).set_params(**dict.fromkeys(spec.space))
    fingerprint = {
        "the space": digest({name: entry.model_dump(mode="json") for name, entry in spec.space.items()}),
        "the rows": joblib.hash(spec.data.X),
        "the labels": digest(np.asarray(spec.data.y).astype("U")),
        "parameters that are not searched": joblib.hash(not_searched),
        "the folds": digest([digest(fold.train) + digest(fold.valid) for fold in spec.objective.folds]),
        "the scoring": digest(spec.scoring),
    }
    baseline = {name: value for name, value in estimator.get_params().items() if name in spec.space}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if n_jobs == 1:
        opened = InMemoryStorage() if storage is None else open_storage(storage)
        study = open_study(opened, spec, fingerprint, baseline)
        run_trials(spec, opened, _never)
        return study
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder, JOURNAL)) if storage is None else storage
        study = open_study(open_storage(address), spec, fingerprint, baseline)
        pool = Parallel(n_jobs=n_jobs, backend=worker_backend())
        pool(delayed(_run_trials)(spec, address) for _ in range(n_jobs))
        if storage is not None:
            return study
        memory = InMemoryStorage()
        optuna.copy_study(from_study_name=spec.study_name, from_storage=open_storage(address), to_storage=memory)
        return optuna.load_study(study_name=spec.study_name, storage=memory)


def _results(spec: StudySpec, study: optuna.Study) -> dict[str, Any]:
    """Return all finished trials as columns."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    losses = np.array(
        [t.value if t.value is not None and t.state.name == "COMPLETE" else np.inf for t in trials], dtype=float
    )
    return {
        "params": [spec.params_of(trial) if trial.state.name != "FAIL" else {} for trial in trials],
        "mean_test_score": np.where(np.isinf(losses), np.nan, -losses),
        "rank_test_score": 1 + np.array([int((losses < loss).sum()) for loss in losses], dtype=int),
        "state": np.array([trial.state.name.lower() for trial in trials]),
        "seconds": np.array([trial.duration.total_seconds() if trial.duration else np.nan for trial in trials]),
    }


def _never() -> bool:
    return False


def _run_trials(spec: StudySpec, address: str) -> None:
    run_trials(spec, open_storage(address), _never)
