"""The one formula of the ensemble: a member moves probability inside its set, and only there.

With ``P(S)`` the probability a row's set holds, ``q = P / P(S)`` inside the set, ``e`` the member's opinion and
``w`` its trust, the set keeps ``P(S)`` and shares it as ``P(S) * normalise(q**(1-w) * e**w)``: a logarithmic
opinion pool of two experts (Genest and Zidek, 1986) with ``w = 0`` the prior and ``w = 1`` the member alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray, IntArray


def open_rows(
    probabilities: FloatArray,
    columns: IntArray,
    min_mass: float,
    confidence_threshold: float,
    allowed: NDArray[np.bool_] | None = None,
) -> IntArray:
    """Rows in which a set's question is open: it holds enough probability, and no letter of it nearly all.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Current probabilities.
    columns : ndarray of shape (n_set,)
        Columns of the set.
    min_mass : float
        The set must hold at least this probability.
    confidence_threshold : float
        Its leading letter must hold less than this share of the set; at 1 every row is open.
    allowed : ndarray of shape (n_rows,) of bool, optional
        Rows that may be open at all.

    Returns
    -------
    ndarray of shape (n_open,)
        Indices of the open rows.
    """
    inside = probabilities.take(columns, axis=1)
    mass = inside.sum(axis=1)
    is_open = (mass >= min_mass) & (mass > 0)
    if confidence_threshold < 1 and is_open.any():
        is_open &= inside.max(axis=1) < confidence_threshold * mass
    if allowed is not None:
        is_open &= allowed
    return np.flatnonzero(is_open)


def redistribute(probabilities: FloatArray, columns: IntArray, opinion: FloatArray, trust: float) -> FloatArray:
    """Share each row's probability inside a set anew, by a member's opinion.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Probabilities before the member speaks; not changed.
    columns : ndarray of shape (n_set,)
        Columns of the member's set.
    opinion : ndarray of shape (n_rows, n_set)
        The member's probabilities over its set.
    trust : float
        Weight of the opinion in [0, 1].

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Probabilities after it spoke. Rows in which opinion and prior exclude each other are left as they were.
    """
    inside = probabilities[:, columns]
    mass = inside.sum(axis=1, keepdims=True)
    share = np.power(inside / np.where(mass > 0, mass, 1), 1 - trust) * np.power(opinion, trust)
    total = share.sum(axis=1, keepdims=True)
    result = probabilities.copy()
    result[:, columns] = np.where(total > 0, mass * share / np.where(total > 0, total, 1), inside)
    return result
