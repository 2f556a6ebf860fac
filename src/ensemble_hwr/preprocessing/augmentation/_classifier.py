"""Fit any classifier on rows of ink, on additional training letters, and on random variations of both."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags, check_array, check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._composites import weight_params
from ensemble_hwr._sklearn import HasMethods, Interval, _check_sample_weight, _fit_context
from ensemble_hwr.preprocessing.augmentation._augmenter import Augmenter


def _has(method: str) -> Callable[[Any], bool]:
    """Return a check for `available_if`: the wrapped classifier has a method, or raises its own error."""

    def check(wrapper: Any) -> bool:
        getattr(getattr(wrapper, "estimator_", wrapper.estimator), method)
        return True

    return check


class AugmentedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit a classifier on augmented rows: the rows of ink, additional letters, and random variations of all.

    Rows are augmented in ``fit`` only, not in ``predict``. Features are computed after augmentation: pass a Pipeline.

    Parameters
    ----------
    estimator : classifier
        Classifier or Pipeline; it is cloned and fitted.
    augmenter : Augmenter, default=None
        Object with a method ``augment(rows, random_state)`` that returns as many rows. None means ``Augmenter()``.
    copies : int, default=4
        Variations of each row, at least 0.
    include_original : bool, default=True
        Whether the classifier is also fitted on the rows themselves.
    extra : object, default=None
        Additional training letters: an object with a method ``letters_of(labels)`` that takes the sorted labels and
        returns rows and their labels, which must be among them. They are augmented like the rows.
    random_state : int, RandomState or None, default=None
        Seeds the variations. The classifier has its own.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of the columns of probabilities.
    n_features_in_ : int
        Pixels in a row.

    See Also
    --------
    Augmenter : Random variations of letters.

    Notes
    -----
    All variations are in memory at once; one of 28x28 pixels takes 3 kB. A classifier with early stopping holds out
    variations of letters that it is trained on, and stops late. Prefer a fixed number of epochs.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import GradientFeatures, generate_letters
    >>> from ensemble_hwr.preprocessing import AugmentedClassifier
    >>> letters = generate_letters(80, letters="ABC", writers=4, random_state=0)
    >>> reader = make_pipeline(GradientFeatures(grid=4), LogisticRegression())
    >>> model = AugmentedClassifier(reader, copies=2, random_state=0).fit(letters.to_rows(), letters.target)
    >>> model.predict(letters.to_rows()[:3]).tolist()
    ['A', 'B', 'C']
    """

    _wraps = "estimator"  # read by _composites

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "augmenter": [HasMethods(["augment"]), None],
        "copies": [Interval(Integral, 0, None, closed="left")],
        "include_original": ["boolean"],
        "extra": [HasMethods(["letters_of"]), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        augmenter: Augmenter | None = None,
        *,
        copies: int = 4,
        include_original: bool = True,
        extra: Any = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.augmenter = augmenter
        self.copies = copies
        self.include_original = include_original
        self.extra = extra
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink, from 0 to 1.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights. Variations have the weight of their row, and additional letters the mean weight of the rows of
            their label.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is invalid, the rows are not square pictures of ink, or there are no rows to fit on.
        """
        times = self.copies + self.include_original
        if not times:
            raise ValueError("copies=0 and include_original=False leave no rows to fit on; change one of them")
        rows, labels = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(labels)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, rows, ensure_non_negative=True)
        if self.extra is not None:
            rows, labels, weight = _with_extra(rows, labels, weight, self.extra)
        params = {}
        if weight is not None:
            params = weight_params(self.estimator, np.tile(weight, times), "estimator of AugmentedClassifier")
        self.estimator_ = clone(self.estimator)
        self.estimator_.fit(self._all_rows(rows), np.tile(labels, times), **params)
        return self

    def _all_rows(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return all variations of the rows, and the rows themselves last."""
        augmenter = Augmenter() if self.augmenter is None else self.augmenter
        rng = check_random_state(self.random_state)
        times = self.copies + self.include_original
        every = np.empty((times * len(rows), rows.shape[1]), dtype=rows.dtype)
        if self.include_original:
            every[-len(rows) :] = rows
        for first in range(0, self.copies * len(rows), len(rows)):
            every[first : first + len(rows)] = augmenter.augment(rows, rng)
        return every

    @property
    def classes_(self) -> NDArray[Any]:
        """Labels, in the order of the columns of probabilities."""
        check_is_fitted(self)
        classes: NDArray[Any] = self.estimator_.classes_
        return classes

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._call("predict", X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the probability of each label; available if the classifier has this method.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._call("predict_proba", X)

    @available_if(_has("predict_log_proba"))
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the log-probability of each label; available if the classifier has this method.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._call("predict_log_proba", X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Return the decision function of each label; available if the classifier has this method.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        return self._call("decision_function", X)

    def _call(self, method: str, X: ArrayLike) -> NDArray[Any]:
        """Validate rows and call a method of the fitted classifier."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=[np.float32, np.float64], reset=False)
        result: NDArray[Any] = getattr(self.estimator_, method)(rows)
        return result

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = get_tags(self.estimator).classifier_tags.multi_class
        return tags


def _with_extra(
    rows: NDArray[Any], labels: NDArray[Any], weight: NDArray[Any] | None, extra: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """Append additional letters to rows, labels and weights."""
    known, codes = np.unique(labels, return_inverse=True)
    more, of = extra.letters_of(known)
    more = check_array(more, dtype=rows.dtype, ensure_min_samples=0)
    if more.shape != (len(of), rows.shape[1]):
        raise ValueError(
            f"extra returned rows of shape {more.shape} and {len(of)} labels; "
            f"it must return as many labels as rows, with {rows.shape[1]} values per row"
        )
    if not np.isin(of, known).all():
        raise ValueError(f"extra returned the labels {np.unique(of).tolist()}; allowed are {known.tolist()}")
    if weight is not None:
        mean = np.bincount(codes, weight) / np.bincount(codes)
        weight = np.concatenate([weight, mean[np.searchsorted(known, of)].astype(weight.dtype)])
    return np.concatenate([rows, more]), np.concatenate([labels, np.asarray(of, dtype=labels.dtype)]), weight
