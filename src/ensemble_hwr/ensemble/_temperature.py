"""One number that makes probabilities as bold as they have earned to be: a temperature, learned from held-out rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ensemble_hwr.ensemble._redistribution import FloatArray, IntArray

SMALLEST = 1e-15
BOLDEST, MEEKEST = 0.1, 10.0


def learn_temperature(
    probabilities: FloatArray, truth: IntArray, sample_weight: NDArray[np.floating] | None = None
) -> float:
    r"""Find the temperature that makes the true classes most probable.

    Log-loss of ``normalise(P ** b)`` is convex in ``b = 1 / T``, with the derivative

    .. math:: \sum_i s_i \Big(\sum_c p_b(c) \log P_{ic} - \log P_{i y_i}\Big),

    so the best temperature is a bound or the derivative's only zero. The method is temperature scaling of Guo et al.
    (2017), "On calibration of modern neural networks".

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
    weight = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    logs = np.log(np.maximum(probabilities, SMALLEST))
    log_of_truth = logs[np.arange(len(truth)), truth]

    def slope(power: float) -> float:
        share = np.exp(power * (logs - logs.max(axis=1, keepdims=True)))
        expected = (share * logs).sum(axis=1) / share.sum(axis=1)
        return float(weight @ (expected - log_of_truth))

    if slope(1 / MEEKEST) >= 0:
        return MEEKEST
    if slope(1 / BOLDEST) <= 0:
        return BOLDEST
    return 1 / float(brentq(slope, 1 / MEEKEST, 1 / BOLDEST, xtol=1e-6))


def tempered(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return ``normalise(P ** (1 / T))`` of each row: the order of the classes stays, how sure they are changes."""
    if temperature == 1:
        return probabilities
    # the largest is made 1 first, so that no power of a row can vanish whole
    powers = np.power(probabilities / probabilities.max(axis=1, keepdims=True), 1 / temperature)
    result: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return result
