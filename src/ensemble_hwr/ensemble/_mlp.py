"""Multi-layer perceptron for members: scikit-learn's, with epoch callbacks and accurate small probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.utils import assert_all_finite, check_random_state, shuffle
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._composites import is_tiny
from ensemble_hwr._sklearn import DERIVATIVES, AdamOptimizer, _check_sample_weight, _safe_indexing
from ensemble_hwr.ensemble._hooks import on_epoch_end

_HIDDEN: dict[str, Callable[[NDArray[Any]], Any]] = {
    "identity": lambda values: values,
    # NumPy compares with an array faster than with a number
    "relu": lambda values: np.maximum(values, np.zeros(values.shape[-1:], values.dtype), out=values),
    "tanh": lambda values: np.tanh(values, out=values),
    "logistic": lambda values: expit(values, out=values),
}


class MemberMLPClassifier(MLPClassifier):
    """scikit-learn's MLPClassifier with five changes for members of an ensemble.

    But for these changes, training is the same, bit for bit, and parameters and attributes are those of
    :class:`~sklearn.neural_network.MLPClassifier`:

    - ``early_stopping`` works with text labels under every supported release of scikit-learn.
    - Reaching ``max_iter`` raises no ConvergenceWarning, since the number of epochs is fixed on purpose; ``n_iter_`` is
      the number of epochs run.
    - Rows of weight 0 are left out, and negative weights are an error.
    - With two classes, both probabilities are computed by a sigmoid, so that small ones are accurate.
    - After each epoch, weights that the penalty has shrunk to nearly 0 (below 1e-32 in float32) are set to 0, since
      some processors multiply slowly by the smallest numbers.

    A step takes less time, too: batches are taken without checks, and Adam changes its means in place.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.where(X[:, 0] > 0, "B", "P")
    >>> MemberMLPClassifier((10,), early_stopping=True, random_state=0).fit(X, y).classes_.tolist()
    ['B', 'P']
    """

    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, 0 or more; rows of weight 0 are left out.

        Returns
        -------
        self
            The fitted network.

        Raises
        ------
        ValueError
            If all weights are 0, one is negative, or `early_stopping` cannot hold out every class.
        """
        if sample_weight is not None:
            X, y, sample_weight = _with_weight(X, y, sample_weight)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                super().fit(X, y, sample_weight=sample_weight)
        except ValueError as error:
            if self.early_stopping and ("least populated class" in str(error) or "number of classes" in str(error)):
                raise ValueError(
                    f"early_stopping=True cannot hold out rows of every class: {error}; give more rows, or set "
                    "early_stopping=False"
                ) from error
            raise
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; columns follow ``classes_``.
        """
        check_is_fitted(self)
        return network_probabilities(self, validate_data(self, X, accept_sparse=["csr", "csc"], reset=False))

    def _fit_stochastic(self, X: Any, y: Any, sample_weight: Any, *buffers: Any) -> None:
        """Train as scikit-learn does, with the same bits and less time per step, for dense rows and Adam."""
        incremental = buffers[-1]
        if incremental or self.solver != "adam" or not isinstance(X, np.ndarray) or self.verbose:
            super()._fit_stochastic(X, y, sample_weight, *buffers)
            return
        params = [*self.coefs_, *self.intercepts_]
        self._optimizer = AdamOptimizer(params, self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon)
        train, held_out = [X, y, sample_weight], [None, None, None]
        if self.early_stopping:
            train, held_out = self._with_held_out(X, y, sample_weight)
        if self.batch_size != "auto" and self.batch_size > len(train[0]):
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
            )
        try:
            self._train(_Batches(*train), held_out, buffers[:4])
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        if self.early_stopping:
            self.coefs_, self.intercepts_ = self._best_coefs, self._best_intercepts

    def _with_held_out(self, X: Any, y: Any, sample_weight: Any) -> tuple[list[Any], list[Any]]:
        """Split rows, targets and weights into those to train on and those that decide when to stop."""
        given = [X, y] if sample_weight is None else [X, y, sample_weight]
        stratify = y if self.n_outputs_ == 1 else None
        parts = train_test_split(
            *given, random_state=self._random_state, test_size=self.validation_fraction, stratify=stratify
        )
        if len(parts[1]) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        parts[3] = self._label_binarizer.inverse_transform(parts[3])
        return [*parts[::2], None][:3], [*parts[1::2], None][:3]

    def _train(self, batches: _Batches, held_out: list[Any], buffers: tuple[Any, ...]) -> None:
        """Train epoch by epoch."""
        n_rows = len(batches.rows)
        batch_size = min(200 if self.batch_size == "auto" else max(self.batch_size, 1), n_rows)
        params = [*self.coefs_, *self.intercepts_]
        self.n_iter_ = 0
        for _ in range(self.max_iter):
            loss = 0.0
            order = shuffle(batches.order, random_state=self._random_state) if self.shuffle else batches.order
            batches.order = order
            for rows, target, weight in batches.of_size(batch_size):
                of_batch, gradients = self._step(rows, target, weight, buffers)
                loss += of_batch * len(rows)
                _update(self._optimizer, params, gradients)
            self.n_iter_ += 1
            self.loss_ = loss / n_rows
            self.t_ += n_rows
            self.loss_curve_.append(self.loss_)
            self._update_no_improvement_count(self.early_stopping, *held_out)
            self._optimizer.iteration_ends(self.t_)
            if self._no_improvement_count > self.n_iter_no_change:
                break

    def _step(self, rows: Any, target: Any, weight: Any, buffers: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        """Return the loss of a batch and the gradients of all weights and intercepts."""
        if weight is not None or self.out_activation_ != "softmax":
            activations, *others = buffers
            activations[0] = rows
            loss, coefs, intercepts = self._backprop(rows, target, weight, activations, *others)
            return loss, [*coefs, *intercepts]
        return _softmax_step(self, rows, target)

    def _score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        return accuracy_score(y, self._predict(X, check_input=False), sample_weight=sample_weight)

    def _update_no_improvement_count(self, *held_out: Any) -> None:
        """Finish an epoch as scikit-learn does, without tiny weights, then call the epoch callback."""
        zero_tiny_weights(self)
        super()._update_no_improvement_count(*held_out)
        on_epoch_end(self)


def _with_weight(X: Any, y: Any, sample_weight: ArrayLike) -> tuple[Any, Any, ArrayLike]:
    """Return the rows, labels and weights of the rows whose weight is above 0: a batch without any has no loss."""
    if not np.any(sample_weight):
        raise ValueError("sample_weight is 0 for every row; give some rows a weight above 0")
    weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if weight.all():
        return X, y, sample_weight
    kept = np.flatnonzero(weight)
    return _safe_indexing(X, kept), _safe_indexing(y, kept), weight[kept]


@dataclass
class _Batches:
    """Rows with targets and weights, in an order that changes from epoch to epoch."""

    rows: NDArray[Any]
    target: NDArray[Any]
    weight: NDArray[Any] | None

    def __post_init__(self) -> None:
        self.order = np.arange(len(self.rows))

    def of_size(self, size: int) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]]:
        """Yield batches."""
        for start in range(0, len(self.order), size):
            part = self.order[start : start + size]
            weight = None if self.weight is None else self.weight[part]
            yield self.rows.take(part, axis=0), self.target.take(part, axis=0), weight


def continue_fit(network: MLPClassifier, rows: NDArray[Any], codes: NDArray[np.intp]) -> None:
    """Train a network for one epoch, as its ``partial_fit`` does: with the same bits and less time per step.

    Parameters
    ----------
    network : MLPClassifier
        With the solver Adam and three classes or more, on which ``partial_fit`` was called before.
    rows : ndarray of shape (n_rows, n_features)
        Of the dtype of the weights.
    codes : ndarray of shape (n_rows,)
        Labels.

    Raises
    ------
    ValueError
        If rows, or the weights at the end, are not finite.
    """
    assert_all_finite(rows, input_name="X")
    target = network._label_binarizer.transform(codes).astype(bool)
    params = [*network.coefs_, *network.intercepts_]
    network._random_state = check_random_state(network.random_state)
    batches = _Batches(rows, target, None)
    batches.order = shuffle(batches.order, random_state=network._random_state)
    loss = 0.0
    for of_batch, targets, _ in batches.of_size(min(network.batch_size, len(rows))):
        loss_of_batch, gradients = _softmax_step(network, of_batch, targets)
        loss += loss_of_batch * len(of_batch)
        _update(network._optimizer, params, gradients)
    network.n_iter_ = 1
    network.loss_ = loss / len(rows)
    network.t_ += len(rows)
    network.loss_curve_.append(network.loss_)
    network._update_no_improvement_count(False, None, None, None)
    if not all(np.isfinite(param).all() for param in params):
        raise ValueError("training led to weights that are not finite; scale the rows, or lower learning_rate_init")


def zero_tiny_weights(network: MLPClassifier) -> None:
    """Set tiny weights of a network and tiny means of its optimizer to 0, in place: such means would make new ones.

    Parameters
    ----------
    network : MLPClassifier
    """
    means = [getattr(network._optimizer, name, []) for name in ("ms", "vs", "velocities")]
    for array in chain(network.coefs_, network.intercepts_, *means):
        array[is_tiny(array)] = 0


def _softmax_step(network: MLPClassifier, rows: NDArray[Any], target: NDArray[np.bool_]) -> tuple[Any, list[Any]]:
    """Return the loss of a batch and the gradients of weights and intercepts, for three classes or more."""
    n_layers = len(network.coefs_)
    outputs = [rows]
    for weights, offsets in zip(network.coefs_, network.intercepts_, strict=True):
        made = outputs[-1] @ weights
        made += offsets
        outputs.append(_HIDDEN[network.activation](made) if len(outputs) < n_layers else _softmax(made))
    loss = _log_loss(target, outputs[-1])
    loss += (0.5 * network.alpha) * sum(np.dot(flat, flat) for flat in map(np.ravel, network.coefs_)) / len(rows)
    delta = outputs.pop()
    delta -= target
    gradients: list[Any] = [None] * (2 * n_layers)
    for layer in range(n_layers - 1, -1, -1):
        gradient = outputs[layer].T @ delta
        gradient += network.alpha * network.coefs_[layer]
        gradient /= len(rows)
        gradients[layer], gradients[n_layers + layer] = gradient, np.add.reduce(delta, axis=0) / len(rows)
        if layer:
            delta = delta @ network.coefs_[layer].T
            DERIVATIVES[network.activation](outputs[layer], delta)
    return loss, gradients


def _log_loss(target: NDArray[np.bool_], probabilities: NDArray[Any]) -> Any:
    """Return the loss of probabilities of several classes, in the order of operations of scikit-learn."""
    least = np.finfo(probabilities.dtype).eps
    logarithms = xlogy(target, np.clip(probabilities, least, 1 - least))
    return -(np.add.reduce(logarithms, axis=0) / len(target)).sum()


def _update(optimizer: AdamOptimizer, params: list[NDArray[Any]], gradients: list[NDArray[Any]]) -> None:
    """Make one step of Adam, with the operations of scikit-learn in place; the gradients are overwritten."""
    if any(gradient.dtype != mean.dtype for gradient, mean in zip(gradients, optimizer.ms, strict=True)):
        optimizer.update_params(params, gradients)  # the first step with weights, which makes the means float64
        return
    optimizer.t += 1
    first, second = optimizer.beta_1, optimizer.beta_2
    optimizer.learning_rate = optimizer.learning_rate_init * np.sqrt(1 - second**optimizer.t) / (1 - first**optimizer.t)
    for param, gradient, mean, square in zip(params, gradients, optimizer.ms, optimizer.vs, strict=True):
        np.multiply(mean, first, out=mean)
        np.add(mean, (1 - first) * gradient, out=mean)
        np.multiply(gradient, gradient, out=gradient)
        np.multiply(gradient, 1 - second, out=gradient)
        np.multiply(square, second, out=square)
        np.add(square, gradient, out=square)
        step = -optimizer.learning_rate * mean
        np.sqrt(square, out=gradient)
        np.add(gradient, optimizer.epsilon, out=gradient)
        step /= gradient
        np.add(param, step, out=param, casting="same_kind")


def network_probabilities(network: MLPClassifier, rows: Any) -> NDArray[Any]:
    """Compute ``predict_proba`` of a fitted network, without validating the rows.

    With two classes each probability is a sigmoid of its own. scikit-learn computes the first as 1 minus the second;
    in float32 a probability of one millionth is then mostly rounding error, which a small trust would amplify.

    Parameters
    ----------
    network : MLPClassifier
        Fitted.
    rows : {ndarray, sparse matrix} of shape (n_rows, n_features)
        Of float32 if the network is, and then so is the result.
    """
    *hidden, last = zip(network.coefs_, network.intercepts_, strict=True)
    activate = _HIDDEN[network.activation]
    for weights, offsets in hidden:
        rows = rows @ weights
        rows += offsets
        activate(rows)
    out: NDArray[Any] = rows @ last[0]
    out += last[1]
    if network.out_activation_ == "softmax":
        return _softmax(out)
    if network.n_outputs_ == 1:
        out = np.hstack([-out, out])
    expit(out, out=out)
    return out


def _softmax(values: NDArray[Any]) -> NDArray[Any]:
    values -= values.max(axis=1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=1, keepdims=True)
    return values
