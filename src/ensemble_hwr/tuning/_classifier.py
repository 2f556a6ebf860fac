"""A classifier that tunes itself when it is fitted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.utils import Tags, assert_all_finite, check_random_state, column_or_1d, get_tags, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _check_sample_weight, _fit_context
from ensemble_hwr._composites import weight_params
from ensemble_hwr.tuning._question import Letters, Part, Question
from ensemble_hwr.tuning._score import shown
from ensemble_hwr.tuning._search import EstimatorMaker, checked_space, results, search
from ensemble_hwr.tuning._study import Budget, Task, best_trial, settings_of

NAME = "tuned classifier"


class TunedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Search for the parameters of a classifier with Optuna, in cross-validation, then fit it with the best.

    Networks of this library, alone or in a Pipeline, are given up after any epoch that is not promising; other
    classifiers after a fold.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``.
    space : mapping of str to list or dict
        For each parameter, named as for ``set_params``, what is searched: a list of choices,
        ``{"low": 1e-5, "high": 0.1, "log": True}`` (also ``"step"``), or for lists of whole numbers
        ``{"n": [1, 3], "width": {"low": 16, "high": 256}}``. With ``"when": {"solver": "sgd"}`` a parameter is searched
        only if one above took that value.
    n_trials : int or None, default=20
        Trials, failed ones not counted. None is no limit.
    timeout : float, default=None
        Minutes after which no trial is begun.
    n_trials_no_improvement : int, default=None
        Trials without a better one after which to end.
    scoring : str, default="log_loss"
        Or the name of a scorer of scikit-learn.
    cv : int, splitter or iterable, default=3
        As in scikit-learn; folds are drawn once, and shuffled where a number is given.
    sampler : {"tpe", "random"}, default="tpe"
        How parameters are drawn.
    pruner : {"percentile", "median", "hyperband", "none"}, default="percentile"
        Which trials are given up: those behind the best four in ten of the finished ones, behind their median, by
        Hyperband, or none.
    storage : str, default=None
        A path, a database's URL or ``grpc://HOST:PORT`` where the study is kept and gone on with at the next fit; by
        default in memory.
    study_name : str, default="tuned classifier"
        Its name there.
    n_jobs : int, default=None
        Processes that make trials side by side.
    random_state : int, RandomState or None, default=None
        Seeds sampler, folds and every ``random_state`` of the classifier. With one process the same seed makes the
        same trials.

    Attributes
    ----------
    best_estimator_ : classifier
        Fitted on all rows.
    best_params_ : dict
        Its parameters.
    best_score_ : float
        Their cross-validated score; the smaller the better for ``"log_loss"``.
    study_ : optuna.Study
        All trials.
    cv_results_ : dict of str to array or list
        ``params``, ``mean_test_score``, ``rank_test_score``, ``state`` and ``seconds`` of all trials.
    classes_ : ndarray of shape (n_classes,)
        Labels.

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
        scoring: str = "log_loss",
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
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> Self:
        """Search, then fit the classifier with the best parameters on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, or whatever the classifier takes.
        y : array-like of shape (n_samples,)
            Labels.
        **fit_params : dict
            ``sample_weight``, for the fits and the score, and ``groups`` for `cv`.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ConfigError
            When the space is none.
        ValueError
            When there is no budget, or every trial failed.
        """
        if y is None:
            raise ValueError("TunedClassifier requires y to be passed, but the target y is None")
        rows, given = indexable(X, y)
        labels = column_or_1d(given, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        if self.n_trials is None and self.timeout is None and self.n_trials_no_improvement is None:
            raise ValueError(
                "n_trials, timeout and n_trials_no_improvement are all None, so the search would never end; give one"
            )
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        weight = fit_params.get("sample_weight")
        if weight is not None:
            weight = _check_sample_weight(weight, rows, dtype=np.float64)
        task = self._task(rows, labels, weight, seed, fit_params.get("groups"))
        self.study_ = search(task, self.estimator, self.storage, effective_n_jobs(self.n_jobs))
        best = best_trial(self.study_)
        if best is None:
            clone(self.estimator).fit(rows, labels)  # says itself what is wrong with rows or labels, if that is it
            errors = [trial.user_attrs["error"] for trial in self.study_.trials if "error" in trial.user_attrs]
            raise ValueError(f"no trial was completed; {errors[0] if errors else 'give it more time'}")
        self.best_params_ = settings_of(task, best)
        assert best.value is not None
        self.best_score_ = shown(self.scoring, best.value)
        self.cv_results_ = results(task, self.study_)
        self.best_estimator_ = EstimatorMaker(self.estimator)(self.best_params_)
        if self.random_state is not None:
            names = [name for name in self.best_estimator_.get_params() if name.split("__")[-1] == "random_state"]
            self.best_estimator_.set_params(**dict.fromkeys(names, seed))
        weighted = {} if weight is None else weight_params(self.best_estimator_, weight, "estimator")
        self.best_estimator_.fit(rows, labels, **weighted)
        return self

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, in the order of the columns of probabilities."""
        check_is_fitted(self)
        classes: NDArray[Any] = self.best_estimator_.classes_
        return classes

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in fit."""
        try:
            check_is_fitted(self)
        except ValueError as error:
            raise AttributeError(f"{type(self).__name__} has no n_features_in_ before it is fitted") from error
        return int(self.best_estimator_.n_features_in_)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
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
        """
        check_is_fitted(self)
        probabilities: NDArray[Any] = self.best_estimator_.predict_proba(X)
        return probabilities

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        wrapped = get_tags(self.estimator)
        tags.classifier_tags.multi_class = wrapped.classifier_tags.multi_class
        tags.input_tags = wrapped.input_tags
        return tags

    def _task(self, rows: Any, labels: NDArray[Any], weight: Any, seed: int, groups: Any) -> Task:
        cv = check_cv(self.cv, labels, classifier=True)
        if isinstance(self.cv, Integral):
            cv = StratifiedKFold(int(self.cv), shuffle=True, random_state=seed)
        classes = np.unique(labels)
        parts = [Part(np.asarray(fit), np.asarray(judge)) for fit, judge in cv.split(rows, labels, groups)]
        deadline = None if self.timeout is None else time.time() + self.timeout
        return Task(
            self.study_name,
            checked_space(self.space, self.estimator),
            EstimatorMaker(self.estimator),
            Question(NAME, classes, np.arange(len(classes)), parts),
            Letters(rows, labels, weight),
            self.scoring,
            self.sampler,
            self.pruner,
            seed,
            Budget(self.n_trials, deadline, self.n_trials_no_improvement),
        )
