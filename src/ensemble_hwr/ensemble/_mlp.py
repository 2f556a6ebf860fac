"""The multi-layer perceptron that members are made of."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier


class MLP(MLPClassifier):
    """scikit-learn's MLPClassifier, able to stop early on letters under every supported release.

    Up to 1.8, scikit-learn asks whether the labels answered for the held-out part are NaN, which text cannot tell
    (``TypeError: ufunc 'isnan' not supported``). This class scores that part without asking and is otherwise the
    same, bit for bit; all parameters and attributes are those of :class:`~sklearn.neural_network.MLPClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MLP
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = np.where(X[:, 0] > 0, "B", "P")
    >>> MLP((10,), early_stopping=True, random_state=0).fit(X, y).classes_.tolist()
    ['B', 'P']
    """

    def _score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        return accuracy_score(y, self._predict(X, check_input=False), sample_weight=sample_weight)
