"""Learn how far a member is to be trusted, from rows it was not fitted on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._weighing import SMALLEST, best_weight


def learn_trust(
    prior: FloatArray, opinion: FloatArray, truth: IntArray, sample_weight: NDArray[np.floating] | None = None
) -> float:
    """Find the trust that makes the true letters most probable.

    Redistribution leaves letters outside the set as they were, so only rows whose letter is in the set count. For
    them ``normalise(q**(1-w) * e**w)`` is the softmax of ``log q + w * (log e - log q)``, and the best ``w`` is found.

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
    absent = (prior <= 0) & (opinion <= 0)
    log_prior = np.where(absent, -np.inf, np.log(np.maximum(prior, SMALLEST)))
    gain = np.where(absent, 0.0, np.log(np.maximum(opinion, SMALLEST)) - np.where(absent, 0.0, log_prior))
    return best_weight(log_prior, gain, truth, sample_weight, (0.0, 1.0))
