"""Learn how far a member is to be trusted, from rows it was not fitted on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from ensemble_hwr.ensemble._redistribution import FloatArray, IntArray

SMALLEST = 1e-15


def learn_trust(
    prior: FloatArray, opinion: FloatArray, truth: IntArray, sample_weight: NDArray[np.floating] | None = None
) -> float:
    r"""Find the trust that makes the true letters most probable.

    Redistribution leaves letters outside the set as they were, so only rows whose letter is in the set count. For
    them the log-loss of ``normalise(q**(1-w) * e**w)`` is convex in ``w``, with the derivative

    .. math:: \sum_i s_i \Big(\sum_c p_w(c) d_{ic} - d_{i y_i}\Big), \quad d_{ic} = \log e_{ic} - \log q_{ic},

    so the best trust is 0, 1 or the derivative's only zero.

    Parameters
    ----------
    prior, opinion : ndarray of shape (n_rows, n_set)
        Probabilities over the set before the member speaks, and the member's own. A column in which both are 0
        does not exist for that row.
    truth : ndarray of shape (n_rows,)
        Column of each row's true letter.
    sample_weight : ndarray of shape (n_rows,), optional
        Weight of each row.

    Returns
    -------
    float
        Trust in [0, 1]; 0 if there is no row to learn from.
    """
    if len(truth) == 0:
        return 0.0
    weight = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    absent = (prior <= 0) & (opinion <= 0)
    log_prior = np.where(absent, -np.inf, np.log(np.maximum(prior, SMALLEST)))
    gain = np.where(absent, 0.0, np.log(np.maximum(opinion, SMALLEST)) - np.where(absent, 0.0, log_prior))
    gain_of_truth = gain[np.arange(len(truth)), truth]

    def slope(trust: float) -> float:
        score = log_prior + trust * gain
        share = np.exp(score - score.max(axis=1, keepdims=True))
        expected = (share * gain).sum(axis=1) / share.sum(axis=1)
        return float(weight @ (expected - gain_of_truth))

    if slope(0.0) >= 0:
        return 0.0
    if slope(1.0) <= 0:
        return 1.0
    return float(brentq(slope, 0.0, 1.0, xtol=1e-6))
