"""Multi-layer perceptron for members: scikit-learn's, with epoch callbacks and accurate small probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr.ensemble._hooks import on_epoch_end

_HIDDEN: dict[str, Callable[[NDArray[Any]], Any]] = {
    "identity": lambda values: values,
    "relu": lambda values: np.maximum(values, 0, out=values),
    "tanh": lambda values: np.tanh(values, out=values),
    "logistic": lambda values: expit(values, out=values),
}


class MemberMLPClassifier(MLPClassifier):
    """scikit-learn's MLPClassifier with three changes for members of an ensemble.

    Training is the same, bit for bit, and parameters and attributes are those of
    :class:`~sklearn.neural_network.MLPClassifier`. The changes:

    - ``early_stopping`` works with text labels under every supported release of scikit-learn.
    - Reaching ``max_iter`` raises no ConvergenceWarning, since the number of epochs is fixed on purpose; ``n_iter_`` is
      the number of epochs run.
    - With two classes, both probabilities are computed by a sigmoid, so that small ones are accurate.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.where(X[:, 0] > 0, "B", "P")
    >>> MemberMLPClassifier((10,), early_stopping=True, random_state=0).fit(X, y).classes_.tolist()
    ['B', 'P']
    """

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        self
            The fitted network.
        """
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

    def _score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        return accuracy_score(y, self._predict(X, check_input=False), sample_weight=sample_weight)

    def _update_no_improvement_count(self, *held_out: Any) -> None:
        """Finish an epoch as scikit-learn does, then call the epoch callback."""
        super()._update_no_improvement_count(*held_out)
        on_epoch_end(self)


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
