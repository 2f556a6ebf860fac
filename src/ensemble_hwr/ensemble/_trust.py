"""Trust of a member and temperature of the probabilities, both fitted on held-out rows.

Both are the weight of a second log-opinion that minimises log-loss: a convex problem in one variable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ensemble_hwr._typing import FloatArray, IntArray

SMALLEST = 1e-15  # smaller probabilities are clipped to this, so that the logarithm is finite
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.1, 10.0


def learn_trust(
    prior: FloatArray, opinion: FloatArray, truth: IntArray, sample_weight: NDArray[np.floating] | None = None
) -> float:
    """Find the trust that minimises log-loss.

    Redistribution leaves classes outside the set as they were, so only rows whose class is in the set count. For
    them ``normalise(q**(1-w) * e**w)`` is the softmax of ``log q + w * (log e - log q)``, and the best ``w`` is found.

    Parameters
    ----------
    prior, opinion : ndarray of shape (n_rows, n_set)
        Probabilities over the set before the member is applied, and the member's own. A column in which both are 0
        does not exist for that row.
    truth : ndarray of shape (n_rows,)
        Column of each row's true class.
    sample_weight : ndarray of shape (n_rows,), optional
        Weight of each row.

    Returns
    -------
    float
        Trust in [0, 1]; 0 without rows.
    """
    if len(truth) == 0:
        return 0.0
    absent = (prior <= 0) & (opinion <= 0)
    log_prior = np.where(absent, -np.inf, np.log(np.maximum(prior, SMALLEST)))
    gain = np.where(absent, 0.0, np.log(np.maximum(opinion, SMALLEST)) - np.where(absent, 0.0, log_prior))
    return optimal_pool_weight(log_prior, gain, truth, sample_weight, (0.0, 1.0))


def learn_temperature(
    probabilities: FloatArray, truth: IntArray, sample_weight: NDArray[np.floating] | None = None
) -> float:
    """Find the temperature that minimises log-loss.

    ``normalise(P ** (1 / T))`` is the softmax of ``log P / T``, and the best ``1 / T`` is found. The method is
    temperature scaling of Guo et al. (2017), "On calibration of modern neural networks".

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Of held-out rows.
    truth : ndarray of shape (n_rows,)
        Column of each row's true class.
    sample_weight : ndarray of shape (n_rows,), optional
        Weight of each row.

    Returns
    -------
    float
        Temperature in [0.1, 10]; above 1 it makes probabilities more even. 1 without rows.
    """
    if len(truth) == 0:
        return 1.0
    logs = np.log(np.maximum(probabilities, SMALLEST))
    return 1 / optimal_pool_weight(0.0, logs, truth, sample_weight, (1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE))


def temper(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return ``normalise(P ** (1 / T))`` of each row: the order of the classes stays, their spread changes."""
    if temperature == 1:
        return probabilities
    # the largest becomes 1 first, so that not all powers of a row underflow
    powers = np.power(probabilities / probabilities.max(axis=1, keepdims=True), 1 / temperature)
    result: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return result


def optimal_pool_weight(
    base: FloatArray | float,
    gain: FloatArray,
    truth: IntArray,
    sample_weight: NDArray[np.floating] | None,
    within: tuple[float, float],
) -> float:
    r"""Find the weight of a second log-opinion that minimises log-loss.

    Log-loss of ``p_w = softmax(base + w * gain)`` is convex in ``w``, with the derivative

    .. math:: \sum_i s_i \Big(\sum_c p_w(c) g_{ic} - g_{i y_i}\Big),

    so the best weight is a bound or the derivative's only zero.

    Parameters
    ----------
    base, gain : ndarray of shape (n_rows, n_classes), or a number
        Logarithms of probabilities, up to a constant for each row; ``base`` may be -inf where a class does not exist.
    truth : ndarray of shape (n_rows,)
        Column of each row's true class.
    sample_weight : ndarray of shape (n_rows,) or None
        Weight of each row; None is 1 for all.
    within : (float, float)
        Smallest and largest weight.

    Returns
    -------
    float
        To within 1e-6.
    """
    weight = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    gain_of_truth = gain[np.arange(len(truth)), truth]

    def slope(w: float) -> float:
        score = base + w * gain
        share = np.exp(score - score.max(axis=1, keepdims=True))
        expected = (share * gain).sum(axis=1) / share.sum(axis=1)
        return float(weight @ (expected - gain_of_truth))

    least, most = within
    if slope(least) >= 0:
        return least
    if slope(most) <= 0:
        return most
    return float(brentq(slope, least, most, xtol=1e-6))
