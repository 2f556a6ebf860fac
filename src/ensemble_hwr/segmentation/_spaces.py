"""Which gaps of a line are between words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# What gaps are expected to be, in letter heights: mean and spread of those inside words and of those between them,
# and how many gaps each expectation counts for. They keep a line of one word, or of one-letter words, sane.
_MEANS = np.array([0.2, 1.2])
_SPREADS = np.array([0.2, 0.3])
_WEIGHTS = np.array([3.0, 3.0])
_COUNTS = np.array([4.0, 1.0])  # of gaps of each kind, before any is seen
_ROUNDS = 50
_LOWEST, _HIGHEST = -0.2, 3.0  # gaps beyond count as these


def space_threshold(gaps: NDArray[np.float64]) -> float:
    """Find the size from which on gaps are between words.

    A mixture of two normal distributions is fitted to the gaps, by expectation and maximisation, with what is expected
    of handwriting as its prior; the threshold is where a gap is as likely to be the one as the other.

    Parameters
    ----------
    gaps : ndarray of float, shape (n,)
        Gaps of one line between letters, in letter heights; there may be none.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation._spaces import space_threshold
    >>> 0.3 < space_threshold(np.array([0.1, 0.2, 0.1, 0.9, 0.2, 0.15])) < 0.8
    True
    """
    gaps = np.clip(gaps, _LOWEST, _HIGHEST)[:, None]
    means, spreads, shares = _MEANS, _SPREADS, np.array([0.8, 0.2])
    for _ in range(_ROUNDS):
        belong = _belong(gaps, means, spreads, shares)
        count = belong.sum(axis=0)
        means = (_WEIGHTS * _MEANS + (belong * gaps).sum(axis=0)) / (_WEIGHTS + count)
        scatter = (belong * (gaps - means) ** 2).sum(axis=0) + _WEIGHTS * (_SPREADS**2 + (means - _MEANS) ** 2 / 4)
        spreads = np.sqrt(scatter / (_WEIGHTS + count))
        shares = (count + _COUNTS) / (len(gaps) + _COUNTS.sum())
    between = np.linspace(means[0], max(means[1], means[0] + 1e-6), 201)
    inside = _belong(between[:, None], means, spreads, shares)[:, 0] >= 0.5
    return float(between[int(np.flatnonzero(inside)[-1])]) if inside.any() else float(means.mean())


def _belong(
    gaps: NDArray[np.float64], means: NDArray[np.float64], spreads: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability that each gap is of either kind, (n, 2)."""
    log = np.log(shares / spreads) - ((gaps - means) / spreads) ** 2 / 2
    odds = np.exp(log - log.max(axis=1, keepdims=True))
    probability: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return probability
