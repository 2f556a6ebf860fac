"""How answers are judged: a loss, the smaller the better, whatever the scorer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.config.search_space import LOG_LOSS

Loss = Callable[[NDArray[Any], FloatArray, NDArray[Any], FloatArray | None], float]


def loss_of(score: str) -> Loss:
    """Return a function of true labels, probabilities, classes and weights.

    Parameters
    ----------
    score : str
        ``"log_loss"``, or the name of a scorer of scikit-learn, which is taken with the opposite sign.

    Returns
    -------
    callable

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.tuning._score import loss_of
    >>> truth, sure = np.array(["B", "P"]), np.array([[0.8, 0.2], [0.6, 0.4]])
    >>> loss_of("accuracy")(truth, sure, np.array(["B", "P"]), None)
    -0.5
    """
    if score == LOG_LOSS:
        return _log_loss
    scorer = get_scorer(score)

    def loss(truth: NDArray[Any], probabilities: FloatArray, classes: NDArray[Any], weight: FloatArray | None) -> float:
        weighted = {} if weight is None else {"sample_weight": weight}
        return -float(scorer(_Answered(classes), probabilities, truth, **weighted))

    return loss


def shown(score: str, loss: float) -> float:
    """Return a loss as people know it: the log-loss itself, or the scorer's value."""
    return loss if score == LOG_LOSS else -loss


def _log_loss(
    truth: NDArray[Any], probabilities: FloatArray, classes: NDArray[Any], weight: FloatArray | None
) -> float:
    """Mean of minus the logarithm of the probability of the truth, clipped as scikit-learn does."""
    given = probabilities[np.arange(len(truth)), np.searchsorted(classes, truth)].astype(np.float64)
    return float(np.average(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)), weights=weight))


class _Answered(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are the probabilities that somebody answered already."""

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
        answered: NDArray[Any] = self.classes[np.argmax(X, axis=1)]
        return answered
