"""Multi-layer perceptron that is trained on newly augmented rows in every epoch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from math import cos, pi
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _check_sample_weight, _fit_context
from ensemble_hwr.ensemble._hooks import on_epoch_end
from ensemble_hwr.ensemble._mlp import continue_fit, network_probabilities, zero_tiny_weights

ROWS_AT_ONCE = 16_384
Weights = tuple[list[NDArray[Any]], list[NDArray[Any]]]


class AugmentedMLPClassifier(ClassifierMixin, BaseEstimator):
    """Multi-layer perceptron with data augmentation, built-in features and a decaying learning rate.

    Every epoch trains on newly augmented copies of the rows, which are transformed into features in parts of about
    16,000 rows, so memory does not grow with the number of epochs. Each part is one epoch of scikit-learn's
    :class:`~sklearn.neural_network.MLPClassifier` with the Adam solver, as its ``partial_fit`` trains it, bit for bit.
    After each epoch, weights that the penalty has shrunk to nearly 0 (below 1e-32 in float32) are set to 0, since some
    processors multiply slowly by the smallest numbers.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Number of units of each hidden layer.
    features : transformer, default=None
        Transforms the rows after augmentation. It is cloned, and fitted on the rows without augmentation. If None, the
        network is trained on the rows themselves.
    augmenter : object with ``augment(rows, random_state)``, default=None
        Returns a random variation of each row, such as :class:`Augmenter`. If None, rows are not varied.
    max_iter : int, default=40
        Number of epochs, at most.
    batch_size : int, default=100
        Number of rows per gradient step.
    learning_rate_init : float, default=0.001
        Learning rate of the first epoch.
    learning_rate : {"cosine", "constant"}, default="cosine"
        Schedule: ``"cosine"`` decays to 0 over `max_iter` epochs.
    average_last : int, default=0
        Number of final epochs whose weights are averaged; 0 and 1 keep the last weights. Ignored with a held-out part.
    validation_fraction : float, default=0.0
        Share of the rows in [0, 1) that is held out, stratified and without augmentation. The weights of the epoch
        with the smallest log-loss on it are kept. 0 holds out nothing.
    n_iter_no_change : int, default=None
        With a held-out part, number of epochs without improvement after which training stops. None never stops early.
    activation : {"relu", "tanh", "logistic"}, default="relu"
        Activation of the hidden units.
    alpha : float, default=0.0001
        Strength of the L2 penalty.
    random_state : int, RandomState instance or None, default=None
        Determines initial weights, batches, augmentation and the held-out part. Pass an int for reproducible results.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted class labels.
    mlp_ : MLPClassifier
        The fitted network; its classes are positions in ``classes_``.
    features_ : transformer or None
        The fitted features.
    n_iter_ : int
        Number of epochs run.
    loss_curve_ : list of float
        Training loss of each epoch.
    validation_curve_ : list of float
        Log-loss of the held-out part after each epoch.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, if `X` has names that are all strings.

    See Also
    --------
    AugmentedClassifier : Augmentation for any classifier.
    MemberMLPClassifier : A network without augmentation.

    Examples
    --------
    >>> from ensemble_hwr import AugmentedMLPClassifier, GradientFeatures, generate_letters
    >>> letters = generate_letters(520, writers=4, random_state=0)
    >>> rows = letters.to_rows()
    >>> features = GradientFeatures(grid=5)
    >>> model = AugmentedMLPClassifier((30,), features=features, max_iter=20, batch_size=10, random_state=0)
    >>> model.fit(rows[:390], letters.target[:390]).score(rows[390:], letters.target[390:]) > 0.8
    True
    """

    _features_network = ("features", "features_", "mlp_")  # read by _composites

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "features": [HasMethods(["fit", "transform"]), None],
        "augmenter": [HasMethods(["augment"]), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [StrOptions({"cosine", "constant"})],
        "average_last": [Interval(Integral, 0, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "activation": [StrOptions({"relu", "tanh", "logistic"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hidden_layer_sizes: ArrayLike = (100,),
        *,
        features: Any = None,
        augmenter: Any = None,
        max_iter: int = 40,
        batch_size: int = 100,
        learning_rate_init: float = 1e-3,
        learning_rate: str = "cosine",
        average_last: int = 0,
        validation_fraction: float = 0.0,
        n_iter_no_change: int | None = None,
        activation: str = "relu",
        alpha: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.features = features
        self.augmenter = augmenter
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.average_last = average_last
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.activation = activation
        self.alpha = alpha
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Class labels of one sortable type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, 0 or more; rows of weight 0 are left out.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        ValueError
            If `y` holds one class only, all weights are 0, or `validation_fraction` cannot hold out every class.
        """
        rows, labels = validate_data(self, X, y, dtype=[np.float32, np.float64])
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"fit needs two classes or more, but y holds 1 class only: {self.classes_.tolist()[0]!r}")
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, rows, dtype=rows.dtype, ensure_non_negative=True)
            if not weight.any():
                raise ValueError("sample_weight is 0 for every row; give some rows a weight above 0")
            weighted = weight > 0  # a batch of rows without any weight has no loss
            rows, codes, weight = rows[weighted], codes[weighted], weight[weighted]
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        train, held_out = self._split(codes, seed)
        self.features_ = None if self.features is None else clone(self.features).fit(rows[train], codes[train])
        self.mlp_ = self._network(len(train), seed)
        self.loss_curve_: list[float] = []
        self.validation_curve_: list[float] = []
        draw = np.random.default_rng(seed)
        kept: list[Weights] = []
        for epoch in range(self.max_iter):
            self._set_rate(epoch)
            self._train_epoch(rows, codes, weight, draw.permutation(train), draw)
            kept = self._kept(kept, rows[held_out], codes[held_out])
            self.n_iter_ = epoch + 1
            on_epoch_end(self)
            if self.n_iter_no_change is not None and self._epochs_since_best() >= self.n_iter_no_change:
                break
        self._set_average(kept)
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
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=[np.float32, np.float64], reset=False)
        return network_probabilities(self.mlp_, self._features_of(rows))

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

    def _split(self, codes: NDArray[np.intp], seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Split rows into those to train on and the held-out part."""
        everything = np.arange(len(codes))
        if self.validation_fraction == 0:
            return everything, everything[:0]
        try:
            train, held_out = train_test_split(
                everything, test_size=self.validation_fraction, stratify=codes, random_state=seed
            )
        except ValueError as error:
            least = np.argmin(np.where(counts := np.bincount(codes), counts, len(codes)))
            raise ValueError(
                f"validation_fraction={self.validation_fraction} cannot hold out rows of every class: there are "
                f"{len(codes)} rows, {counts[least]} of them of class {self.classes_[least].item()!r}; "
                "give more rows, or set validation_fraction=0"
            ) from error
        return train, held_out

    def _network(self, n_rows: int, seed: int) -> MLPClassifier:
        return MLPClassifier(
            np.atleast_1d(np.asarray(self.hidden_layer_sizes)).tolist(),
            activation=self.activation,
            alpha=self.alpha,
            batch_size=min(self.batch_size, n_rows),
            learning_rate_init=self.learning_rate_init,
            random_state=seed,
        )

    def _set_rate(self, epoch: int) -> None:
        """Set the learning rate of one epoch."""
        if epoch and self.learning_rate == "cosine":
            # Adam reads its learning rate from here; there is no public way to change it between epochs.
            self.mlp_._optimizer.learning_rate_init = (
                self.learning_rate_init * (1 + cos(pi * epoch / self.max_iter)) / 2
            )

    def _train_epoch(
        self,
        rows: NDArray[np.floating],
        codes: NDArray[np.intp],
        weight: NDArray[np.floating] | None,
        order: NDArray[np.intp],
        draw: np.random.Generator,
    ) -> None:
        """Train one epoch, on the rows in this order."""
        losses = []
        for part in _parts(order):
            copies = rows[part] if self.augmenter is None else self.augmenter.augment(rows[part], draw)
            features = self._features_of(copies)
            if weight is None and self._can_continue(features):
                continue_fit(self.mlp_, features, codes[part])
            else:
                self._fit_part(features, codes[part], None if weight is None else weight[part])
            losses.append(self.mlp_.loss_)
        zero_tiny_weights(self.mlp_)
        self.loss_curve_.append(float(np.mean(losses)))

    def _can_continue(self, features: Any) -> bool:
        """Return whether the network is initialized, and the features are such that `continue_fit` takes them."""
        mlp = self.mlp_
        is_initialized = hasattr(mlp, "coefs_") and mlp.out_activation_ == "softmax"
        return is_initialized and isinstance(features, np.ndarray) and features.dtype == mlp.coefs_[0].dtype

    def _fit_part(self, features: Any, codes: NDArray[np.intp], sample_weight: NDArray[np.floating] | None) -> None:
        """Train the network on a part of the rows by scikit-learn."""
        with warnings.catch_warnings():
            # scikit-learn 1.7 checks the classes as if they were labels, and warns that so many are unique.
            warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
            self.mlp_.partial_fit(features, codes, classes=np.arange(len(self.classes_)), sample_weight=sample_weight)

    def _features_of(self, rows: NDArray[np.floating]) -> Any:
        if self.features_ is None:
            return rows
        features = self.features_.transform(rows)
        return features.to_numpy() if hasattr(features, "to_numpy") else features  # a frame with set_output

    def _kept(self, kept: list[Weights], rows: NDArray[np.floating], codes: NDArray[np.intp]) -> list[Weights]:
        """Return the weights to keep after this epoch: those of the best epoch, or of the last ones."""
        if len(rows):
            predicted = self.mlp_.predict_proba(self._features_of(rows)).astype(np.float64)
            predicted /= predicted.sum(axis=1, keepdims=True)
            self.validation_curve_.append(log_loss(codes, predicted, labels=np.arange(len(self.classes_))))
            return kept if self._epochs_since_best() else [_copied(self.mlp_)]
        return [*kept, _copied(self.mlp_)][-max(self.average_last, 1) :]

    def _epochs_since_best(self) -> int:
        if not self.validation_curve_:
            return 0
        return len(self.validation_curve_) - 1 - int(np.argmin(self.validation_curve_))

    def _set_average(self, kept: list[Weights]) -> None:
        """Set the weights of the network to the average of those kept."""
        for name, layers in zip(("coefs_", "intercepts_"), zip(*kept, strict=True), strict=True):
            setattr(
                self.mlp_, name, [np.mean(layer, axis=0, dtype=layer[0].dtype) for layer in zip(*layers, strict=True)]
            )


def _parts(order: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Split rows into parts of nearly equal size that are transformed at once."""
    yield from np.array_split(order, -(-len(order) // ROWS_AT_ONCE))


def _copied(mlp: MLPClassifier) -> Weights:
    return [layer.copy() for layer in mlp.coefs_], [layer.copy() for layer in mlp.intercepts_]
