"""Classifier that is adapted to a writer: the meta-estimator."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from hashlib import blake2b
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, assert_all_finite, column_or_1d, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _fit_context, _num_samples, _safe_indexing
from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.adaptation._expert import (
    WEIGHTS,
    WriterSamples,
    fit_coefficients,
    gather_evidence,
    pooled,
    similarity,
)
from ensemble_hwr.adaptation._gain import estimate_gain
from ensemble_hwr.adaptation._representation import Representation, Vectors, evaluate, log_probabilities
from ensemble_hwr.exceptions import DataError

_SHOWN = 5  # examples in an error message


class AdaptedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Adapt a fitted classifier to a writer, by 1 to 20 samples of each class.

    The model itself is never changed. An expert is fitted on the writer's samples, and its opinion is pooled with that
    of the model by a weight between 0 and 1. The weight is estimated by cross-validation within the samples, with a
    prior that keeps it at 0 without evidence; with a weight of 0 the predictions are those of the model.

    Equal samples count once. Some classes may have no samples: the expert redistributes probability among the classes
    of the samples and the classes that the model predicted for them, and the probability of all others stays the same.

    Parameters
    ----------
    model : classifier
        Any fitted classifier with ``predict_proba``. Clones of this estimator share it. A classifier that is not fitted
        is cloned and fitted on the same samples first.
    representation : {"auto", "hidden", "probabilities", "rows"}, default="auto"
        What the similarity of two rows is measured on. "hidden" takes the last hidden layers of the networks in the
        model; "probabilities" the logarithms of its probabilities; "rows" the rows themselves. "auto" is "hidden" for
        models with networks for all classes, and "probabilities" for others.
    weight : "learned" or float, default="learned"
        Weight of the expert, from 0 to 1.
    new_classes : bool, default=False
        Whether samples may have labels that the model does not know, such as a sign of one's own.
    alpha : float, default=0.1
        Penalty on the distance of the expert from the model.
    temperature : float, default=3.0
        Divisor of the model's log-probabilities while the expert is fitted, at least 1.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels of the model, and new ones.
    model_ : classifier
        The model; `model` itself if that was fitted.
    weight_ : float
        Weight of the expert.
    gain_ : dict
        Estimated gain on samples that the expert was not fitted on, of the classes with two samples or more:
        ``n_samples``, ``error_before``, ``error_after``, the ``difference`` of the two, its 95 % confidence interval
        from ``low`` to ``high``, and whether it is ``significant``. All but the first and the last are NaN if there are
        no such classes.
    samples_per_class_ : dict
        Number of samples of each class that has any.
    confused_ : ndarray
        Classes without samples that the model predicted for samples of other classes. Samples of them help most.
    n_features_in_ : int
        Number of features, if the model has it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features, if the model has them.

    See Also
    --------
    adapt : Adapts models of pictures too.
    sklearn.frozen.FrozenEstimator : Keeps a fitted estimator from being fitted again.

    Notes
    -----
    The expert is a multinomial logistic regression on the hidden layers with the model's log-probabilities as offset,
    that is the last layer trained further with a penalty on its change, in dual form with a polynomial kernel. With
    `new_classes`, every new class has the probability of 1 among all classes before the expert is applied.

    The weight maximises the log-likelihood of the samples minus the weight itself. For a class with m samples this is a
    mean of the log-likelihood by an expert without the sample, with weight 1 - 1/m, and by the expert that is used.

    Examples
    --------
    >>> from ensemble_hwr import AdaptedClassifier, generate_letters, load_model
    >>> letters = generate_letters(26 * 6, writers=1, difficulty=2.0, random_state=7)
    >>> rows, labels = letters.to_rows(), letters.target
    >>> model = load_model("az")[-1]
    >>> adapted = AdaptedClassifier(model).fit(rows[:78], labels[:78])
    >>> adapted.score(rows[78:], labels[78:]) > model.score(rows[78:], labels[78:])
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [HasMethods(["fit", "predict_proba"])],
        "representation": [StrOptions({"auto", "hidden", "probabilities", "rows"})],
        "weight": [StrOptions({"learned"}), Interval(Real, 0, 1, closed="both")],
        "new_classes": ["boolean"],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "temperature": [Interval(Real, 1, None, closed="left")],
    }

    _not_exported = "an adapted model cannot be exported to ONNX; export the model that it was adapted from"

    def __init__(
        self,
        model: Any,
        *,
        representation: Representation = "auto",
        weight: str | float = "learned",
        new_classes: bool = False,
        alpha: float = 0.1,
        temperature: float = 3.0,
    ) -> None:
        self.model = model
        self.representation = representation
        self.weight = weight
        self.new_classes = new_classes
        self.alpha = alpha
        self.temperature = temperature

    def __sklearn_clone__(self) -> Self:
        """Return an unfitted copy that shares a fitted model."""
        params = self.get_params(deep=False)
        if not _is_fitted(self.model):
            params["model"] = clone(self.model)
        return type(self)(**params)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the expert on a writer's samples, and estimate its weight.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows as the model takes them.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If all samples have one class, the model does not know a label and `new_classes` is False, or equal rows
            have different labels.
        """
        X, labels = self._checked(X, y, reset=True)
        self._own_model = None if _is_fitted(self.model) else clone(self.model).fit(X, labels)
        if len(np.unique(labels)) < 2:
            raise DataError(
                f"all samples are of one class, {labels[0].item()!r}; give samples of at least 2 classes to adapt to"
            )
        self._forget()
        self._add(X, labels)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: Iterable[Any] | None = None) -> Self:
        """Add samples, and update the expert and its weight.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Further rows.
        y : array-like of shape (n_samples,)
            Their labels.
        classes : ignored
            The classes are those of the model. For compatibility with scikit-learn.

        Returns
        -------
        self

        Raises
        ------
        DataError
            As by `fit`. Further samples may be of one class.
        """
        if not hasattr(self, "coefficients_"):
            return self.fit(X, y)  # type: ignore[no-any-return]
        X, labels = self._checked(X, y, reset=False)
        self._add(X, labels)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; columns follow ``classes_``.
        """
        check_is_fitted(self, "coefficients_")
        _refuse_sparse(X)
        probability: NDArray[np.floating]
        if self.weight_ == 0.0 and len(self.classes_) == len(self.model_.classes_):
            probability = self.model_.predict_proba(X)
            validate_data(self, X, reset=False, skip_check_array=True)
            return probability
        probability, vectors = evaluate(self.model_, X, self.representation)
        validate_data(self, X, reset=False, skip_check_array=True)
        log_model = self._log_model(probability)
        corrections = self.temperature * (similarity(vectors, self._vectors().values()) @ self.coefficients_)
        found = np.exp(pooled(log_model, corrections, self.corrected_, self.weight_))
        normalised: FloatArray = found / found.sum(axis=1, keepdims=True)
        return normalised

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        codes = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[codes]
        return labels

    @property
    def model_(self) -> Any:
        """The fitted model."""
        check_is_fitted(self, "coefficients_")
        return self._used_model()

    def _used_model(self) -> Any:
        """Return the fitted model; only a model that was fitted here is an attribute of its own."""
        return self.model if self._own_model is None else self._own_model

    def _checked(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        """Return rows and labels, checked."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        _refuse_sparse(X)
        validate_data(self, X, reset=reset, skip_check_array=True)  # the model checks the values
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_consistent_length(X, labels)
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", "The number of unique classes", UserWarning
            )  # one sample of each is usual
            check_classification_targets(labels)
        if _num_samples(X) == 0:
            raise DataError("there are no samples; give at least one of each of 2 classes")
        return X, labels

    def _forget(self) -> None:
        """Remove all samples."""
        n_model = len(self._used_model().classes_)
        self.labels_ = self._used_model().classes_[:0]
        self.hashes_ = np.empty(0, np.uint64)
        self.codes_, self.scales_ = np.empty((0, 0), np.int8), np.empty((0, 1), np.float32)
        self.probability_ = np.empty((0, n_model), np.float32)
        self.coefficients_ = np.empty((0, n_model))
        self.classes_ = np.asarray(self._used_model().classes_)

    def _add(self, X: Any, labels: NDArray[Any]) -> None:
        """Add samples and fit the expert on all of them."""
        X, labels, added_hashes = self._distinct(X, labels)
        if not len(labels):
            return
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown) and not self.new_classes:
            raise DataError(
                f"the model does not know the labels {_listed(unknown)}; correct them, or set new_classes=True "
                f"(--new-classes) to add classes. Its classes are {_listed(self._used_model().classes_, 40)}"
            )
        found, vectors = evaluate(self._used_model(), X, self.representation)
        probability, added = np.asarray(found, dtype=np.float32), Vectors.of(vectors)
        kept = Vectors.joined(self._vectors(), added) if len(self.codes_) else added
        labels = np.concatenate([self.labels_, labels])
        hashes = np.concatenate([self.hashes_, added_hashes])
        classes = np.union1d(self.classes_, unknown)
        start = np.zeros((len(labels), len(classes)))
        start[: len(self.coefficients_), np.searchsorted(classes, self.classes_)] = self.coefficients_
        self.codes_, self.scales_, self.labels_, self.hashes_ = kept.codes, kept.scales, labels, hashes
        self.probability_ = np.concatenate([self.probability_, probability])
        self.classes_ = classes
        self._fit_expert(start)

    def _distinct(self, X: Any, labels: NDArray[Any]) -> tuple[Any, NDArray[Any], NDArray[np.uint64]]:
        """Return the rows that are not among the samples yet, each once; a second label of a row is an error."""
        hashes = _hash_rows(X)
        _refuse_contradictions(np.concatenate([self.hashes_, hashes]), np.concatenate([self.labels_, labels]))
        first = np.sort(np.unique(hashes, return_index=True)[1])
        kept = first[~np.isin(hashes[first], self.hashes_)]
        return _safe_indexing(X if hasattr(X, "shape") else np.asarray(X), kept), labels[kept], hashes[kept]

    def _fit_expert(self, start: FloatArray) -> None:
        values = self._vectors().values()
        codes = np.searchsorted(self.classes_, self.labels_)
        log_model = self._log_model(self.probability_)
        samples = WriterSamples(similarity(values, values), log_model, codes, self.alpha, self.temperature)
        self.coefficients_ = fit_coefficients(samples, start)
        self.corrected_ = samples.corrected()
        evidence = gather_evidence(samples, self.coefficients_)
        self.weight_ = float(WEIGHTS[evidence.weight()]) if self.weight == "learned" else float(self.weight)
        self.gain_ = estimate_gain(*evidence.before_and_after())
        present, counts = np.unique(self.labels_, return_counts=True)
        self.samples_per_class_ = dict(zip(present.tolist(), counts.tolist(), strict=True))
        self.confused_ = np.setdiff1d(self.classes_[self.corrected_], present)

    def _vectors(self) -> Vectors:
        return Vectors(self.codes_, self.scales_)

    def _log_model(self, probability: NDArray[np.floating]) -> FloatArray:
        """Return the model's log-probabilities of all classes; new classes have an even share."""
        n_classes, n_model = len(self.classes_), len(self._used_model().classes_)
        if n_classes == n_model:
            return log_probabilities(probability)
        found = np.full((len(probability), n_classes), -np.log(n_classes))
        columns: IntArray = np.searchsorted(self.classes_, self._used_model().classes_)
        found[:, columns] = log_probabilities(probability) + np.log(n_model / n_classes)
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefficients_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.model)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.string = inner.input_tags.string
        tags.classifier_tags.multi_class = inner.classifier_tags.multi_class if inner.classifier_tags else True
        return tags


def _is_fitted(model: Any) -> bool:
    try:
        check_is_fitted(model)
    except (NotFittedError, TypeError):
        return False
    return hasattr(model, "classes_")


def _refuse_sparse(X: Any) -> None:
    if issparse(X):
        raise TypeError("X is sparse, but AdaptedClassifier takes dense rows only; convert it by X.toarray()")


def _hash_rows(X: Any) -> NDArray[np.uint64]:
    """Return a hash of each row."""
    rows = np.asarray(X)
    content = (repr(row.tolist()).encode() if row.dtype == object else row.tobytes() for row in rows)
    return np.array([int.from_bytes(blake2b(part, digest_size=8).digest(), "little") for part in content], np.uint64)


def _refuse_contradictions(hashes: NDArray[np.uint64], labels: NDArray[Any]) -> None:
    """Raise DataError if equal rows have different labels."""
    first: dict[int, int] = {}
    pairs = []
    for place, row in enumerate(hashes.tolist()):
        earlier = first.setdefault(row, place)
        if labels[earlier] != labels[place]:
            pairs.append(f"{earlier} ({labels[earlier].item()!r}) and {place} ({labels[place].item()!r})")
    if pairs:
        more = f" and {len(pairs) - _SHOWN} more pairs" if len(pairs) > _SHOWN else ""
        raise DataError(
            f"equal samples have different labels: {', '.join(pairs[:_SHOWN])}{more}; leave out or relabel one of each"
        )


def _listed(labels: NDArray[Any], limit: int = 2 * _SHOWN) -> str:
    shown = ", ".join(repr(label) for label in labels.tolist()[:limit])
    return f"{shown}, ..." if len(labels) > limit else shown
