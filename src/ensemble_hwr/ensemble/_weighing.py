"""The weight of an opinion that makes the true classes most probable: what trust and temperature have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ensemble_hwr._typing import FloatArray, IntArray

SMALLEST = 1e-15  # probabilities below count as this much, so that each has a logarithm


def best_weight(
    base: FloatArray | float,
    gain: FloatArray,
    truth: IntArray,
    sample_weight: NDArray[np.floating] | None,
    within: tuple[float, float],
) -> float:
    r"""Find the weight of a second log-opinion that makes the true classes most probable.

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
