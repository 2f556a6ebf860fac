"""Letter probabilities as evidence that adds up, so that readings of different lengths compare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

DOUBT = 0.005
"""Share of a classifier's answers that may be anything at all: no letter is impossible."""

WEIGHT = 0.45
"""Weight of the evidence against junk: candidates share their pieces, so that what is said of them is not independent.

This one and `DOUBT` are about the likeliest for words of letters of a source that no model has seen.
"""

_SURE = 12.0  # log odds: a classifier of junk is not believed to be surer


def letter_evidence(probability: NDArray[np.floating]) -> Scores:
    """Logarithms of letter probabilities, none of them impossible.

    Parameters
    ----------
    probability : ndarray of shape (n, n_letters)

    Returns
    -------
    ndarray of float, shape (n, n_letters)
    """
    p = np.asarray(probability, dtype=np.float64)
    return np.asarray(np.log((1 - DOUBT) * p + DOUBT / p.shape[1]), dtype=np.float64)


def evidence_by_pieces(probability: NDArray[np.floating], spans: Sequence[tuple[int, int]]) -> Scores:
    """Weigh each letter with its pieces, so that every reading of a word has the same weight in all.

    Parameters
    ----------
    probability : ndarray of shape (n_spans, n_letters)
    spans : sequence of (int, int)

    Returns
    -------
    ndarray of float, shape (n_spans, n_letters)
    """
    start, stop = np.array(spans).T
    return np.asarray(letter_evidence(probability) * (stop - start)[:, None], dtype=np.float64)


def non_letter_log_odds(probability: NDArray[np.floating], is_letter: NDArray[np.floating]) -> Scores:
    """Explain every candidate: those of a reading as letters, all others as junk.

    A reading's likelihood, over the likelihood that all is junk, is the product over its letters of what each has for
    being that letter and against being junk. So the candidates that a reading leaves out count as well, and readings
    of different lengths compare.

    Parameters
    ----------
    probability : ndarray of shape (n_spans, n_letters)
        Of each letter, where it is one.
    is_letter : ndarray of shape (n_spans,)
        Probability that it is a letter at all.

    Returns
    -------
    ndarray of float, shape (n_spans, n_letters)
    """
    p = np.clip(np.asarray(is_letter, dtype=np.float64), 1e-9, 1 - 1e-9)
    odds = np.clip(np.log(p) - np.log1p(-p), -_SURE, _SURE)
    return np.asarray(letter_evidence(probability) + WEIGHT * odds[:, None], dtype=np.float64)
