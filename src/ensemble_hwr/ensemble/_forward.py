"""The pass of rows through a fitted network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.neural_network import MLPClassifier

_HIDDEN: dict[str, Callable[[NDArray[Any]], Any]] = {
    "identity": lambda values: values,
    "relu": lambda values: np.maximum(values, 0, out=values),
    "tanh": lambda values: np.tanh(values, out=values),
    "logistic": lambda values: expit(values, out=values),
}


def probabilities(network: MLPClassifier, rows: Any) -> NDArray[Any]:
    """Return what ``predict_proba`` of a fitted network does, of rows that need no checks.

    Of two classes each is told by a sigmoid of its own. scikit-learn tells the first as 1 less the second; in float32
    a millionth is then rounding for the most part, which a member that is trusted little would make larger.

    Parameters
    ----------
    network : MLPClassifier
        Fitted.
    rows : {ndarray, sparse matrix} of shape (n_rows, n_features)
        In float32 where the network is, and so is the answer then.
    """
    *hidden, last = zip(network.coefs_, network.intercepts_, strict=True)
    activate = _HIDDEN[network.activation]
    for weights, offsets in hidden:
        rows = rows @ weights
        rows += offsets
        activate(rows)
    answered: NDArray[Any] = rows @ last[0]
    answered += last[1]
    if network.out_activation_ == "softmax":
        return _softmax(answered)
    if network.n_outputs_ == 1:
        answered = np.hstack([-answered, answered])
    expit(answered, out=answered)
    return answered


def _softmax(values: NDArray[Any]) -> NDArray[Any]:
    values -= values.max(axis=1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=1, keepdims=True)
    return values
