"""The loss that a study minimises: a scorer of scikit-learn with the opposite sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.config.search_space import NEG_LOG_LOSS

Loss = Callable[[NDArray[Any], FloatArray, NDArray[Any], FloatArray | None], float]


def loss_function(scoring: str) -> Loss:
    """Return the loss of a scorer as a function of labels, probabilities, classes and weights.

    Parameters
    ----------
    scoring : str
        The name of a scorer of scikit-learn, such as ``"neg_log_loss"``.

    Returns
    -------
    callable
        It returns minus the score.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.tuning._scoring import loss_function
    >>> labels, probabilities = np.array(["B", "P"]), np.array([[0.8, 0.2], [0.6, 0.4]])
    >>> loss_function("accuracy")(labels, probabilities, np.array(["B", "P"]), None)
    -0.5
    """
    if scoring == NEG_LOG_LOSS:
        return _log_loss
    scorer = get_scorer(scoring)

    def loss(
        labels: NDArray[Any], probabilities: FloatArray, classes: NDArray[Any], weight: FloatArray | None
    ) -> float:
        weighted = {} if weight is None else {"sample_weight": weight}
        return -float(scorer(_Predicted(classes), probabilities, labels, **weighted))

    return loss


def metric_name(scoring: str) -> str:
    """Return the name of a scorer's metric for reports, such as "log-loss" for ``"neg_log_loss"``."""
    return "log-loss" if scoring == NEG_LOG_LOSS else scoring.removeprefix("neg_").replace("_", " ")


def metric_value(scoring: str, loss: float) -> float:
    """Return the metric of a loss: the loss itself for scorers named ``"neg_..."``, else the score."""
    return loss if scoring.startswith("neg_") else -loss


def _log_loss(
    labels: NDArray[Any], probabilities: FloatArray, classes: NDArray[Any], weight: FloatArray | None
) -> float:
    """Return the log-loss, with probabilities clipped as in scikit-learn, also where they do not sum to 1."""
    of_label = probabilities[np.arange(len(labels)), np.searchsorted(classes, labels)].astype(np.float64)
    return float(np.average(-np.log(np.clip(of_label, np.finfo(np.float64).eps, 1.0)), weights=weight))


class _Predicted(ClassifierMixin, BaseEstimator):
    """A classifier for scorers, whose rows are the probabilities themselves."""

    def __init__(self, classes: NDArray[Any]) -> None:
        self.classes = classes

    @property
    def classes_(self) -> NDArray[Any]:
        return self.classes

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: FloatArray) -> FloatArray:
        return X

    def predict(self, X: FloatArray) -> NDArray[Any]:
        labels: NDArray[Any] = self.classes[np.argmax(X, axis=1)]
        return labels
