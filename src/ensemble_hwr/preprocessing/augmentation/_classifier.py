"""Any classifier, fitted on rows, on further letters of the same labels, and on variations of them."""

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

from ensemble_hwr._sklearn import HasMethods, Interval, _check_sample_weight, _fit_context
from ensemble_hwr._weights import weight_params
from ensemble_hwr.preprocessing.augmentation._augmenter import Augmenter


def _has(method: str) -> Callable[[Any], bool]:
    """Whether the wrapped classifier has a method; it is asked for it, so that its own reason is told."""

    def check(wrapper: Any) -> bool:
        getattr(getattr(wrapper, "estimator_", wrapper.estimator), method)
        return True

    return check


class AugmentedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit a classifier on rows of ink, on further letters, and on random variations of all.

    Rows are varied when the classifier is fitted, never when it predicts. What the classifier makes of rows, such
    as features, belongs into it: give a Pipeline.

    Parameters
    ----------
    estimator : classifier
        Is cloned and fitted; Pipelines included.
    augmenter : Augmenter, default=None
        Anything with ``augment(rows, random_state)`` that returns as many rows. None is ``Augmenter()``.
    copies : int, default=4
        Variations of each row.
    include_original : bool, default=True
        Whether the rows themselves are learned from too.
    extra : object, default=None
        Further letters: anything with ``letters_of(labels)`` that returns rows and their labels, all of them among
        the sorted labels that it is given. They are learned from, and varied, like the rows.
    random_state : int, RandomState or None, default=None
        Seeds the variations; the classifier has its own.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (n_classes,)
        Its labels.
    n_features_in_ : int
        Pixels in a row.

    See Also
    --------
    Augmenter : What can be done to letters.

    Notes
    -----
    All variations are in memory at once, 3 kB for each of 28x28. A classifier that holds out a part of its rows to
    stop early holds out variations of letters that it learns, and stops late: better give it a number of epochs.

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

    _answers_by = "estimator_"  # an ensemble that this is a member of may ask it instead, and share its features

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
            Weights; a row's variations weigh what it weighs, and extra letters what rows of their label do on average.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            If the rows are not square pictures of ink, or there is nothing to learn from.
        """
        times = self.copies + self.include_original
        if not times:
            raise ValueError("copies=0 and include_original=False leave no rows to fit on; let there be some")
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
        """Return the label of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._ask("predict", X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each label, where the classifier can.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_proba", X)

    @available_if(_has("predict_log_proba"))
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the logarithms of the probabilities, where the classifier can.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return self._ask("predict_log_proba", X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Return the scores of the labels, where the classifier can.

        Parameters
        ----------
        X : array-like of shape (n_samples, side * side)
            Rows of ink.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        return self._ask("decision_function", X)

    def _ask(self, method: str, X: ArrayLike) -> NDArray[Any]:
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=[np.float32, np.float64], reset=False)
        answer: NDArray[Any] = getattr(self.estimator_, method)(rows)
        return answer

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = get_tags(self.estimator).classifier_tags.multi_class
        return tags


def _with_extra(
    rows: NDArray[Any], labels: NDArray[Any], weight: NDArray[Any] | None, extra: Any
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """Append further letters to rows, labels and weights."""
    known, codes = np.unique(labels, return_inverse=True)
    more, of = extra.letters_of(known)
    more = check_array(more, dtype=rows.dtype, ensure_min_samples=0)
    if more.shape != (len(of), rows.shape[1]):
        raise ValueError(
            f"extra gave rows of shape {more.shape} and {len(of)} labels; give {rows.shape[1]} values each."
        )
    if not np.isin(of, known).all():
        raise ValueError(f"extra gave the labels {np.unique(of).tolist()}; give none but {known.tolist()}.")
    if weight is not None:
        mean = np.bincount(codes, weight) / np.bincount(codes)
        weight = np.concatenate([weight, mean[np.searchsorted(known, of)].astype(weight.dtype)])
    return np.concatenate([rows, more]), np.concatenate([labels, np.asarray(of, dtype=labels.dtype)]), weight
