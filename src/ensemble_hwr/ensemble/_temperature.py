"""One number that makes probabilities as bold as they have earned to be: a temperature, learned from held-out rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._weighing import SMALLEST, best_weight

BOLDEST, MEEKEST = 0.1, 10.0


def learn_temperature(
    probabilities: FloatArray, truth: IntArray, sample_weight: NDArray[np.floating] | None = None
) -> float:
    """Find the temperature that makes the true classes most probable.

    ``normalise(P ** (1 / T))`` is the softmax of ``log P / T``, and the best ``1 / T`` is found. The method is
    temperature scaling of Guo et al. (2017), "On calibration of modern neural networks".

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Of rows that nobody was fitted on.
    truth : ndarray of shape (n_rows,)
        Column of each row's true class.
    sample_weight : ndarray of shape (n_rows,), optional
        Weight of each row.

    Returns
    -------
    float
        Temperature in [0.1, 10]; above 1 it makes probabilities more even. 1 if there is no row to learn from.
    """
    if len(truth) == 0:
        return 1.0
    logs = np.log(np.maximum(probabilities, SMALLEST))
    return 1 / best_weight(0.0, logs, truth, sample_weight, (1 / MEEKEST, 1 / BOLDEST))


def tempered(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return ``normalise(P ** (1 / T))`` of each row: the order of the classes stays, how sure they are changes."""
    if temperature == 1:
        return probabilities
    # the largest is made 1 first, so that no power of a row can vanish whole
    powers = np.power(probabilities / probabilities.max(axis=1, keepdims=True), 1 / temperature)
    result: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return result
