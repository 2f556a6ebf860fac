"""How sure a difference is: paired tests, intervals, and the price of asking several questions at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binomtest, chi2, f

FEW_DISCORDANT = 25


@dataclass(frozen=True)
class PairedTest:
    """Result of a test whether two contenders differ.

    Attributes
    ----------
    statistic : float
        The statistic of the test: discordant letters won by the first contender, chi-squared, or F.
    p_value : float
        Between 0 and 1.
    name : str
        The test that was done, in words.
    """

    statistic: float
    p_value: float
    name: str


def mcnemar(a_right: ArrayLike, b_right: ArrayLike, letters: ArrayLike | None = None) -> PairedTest:
    """Test whether two contenders are equally often right on the same letters.

    Where every letter is tested once this is McNemar's exact test: of the letters on which just one
    contender is right, the number won by the first is binomial with probability 1/2 if they are equally good.

    Where `letters` says that several seeds tested the same letters, their answers are not independent and must
    not count as so many letters. Then the letter is the unit: d_k is the number of times letter k was read
    right by the first minus the number of times by the second, and (sum d_k)^2 / (sum d_k^2) is chi-squared with
    one degree of freedom (Durkalski et al., "Analysis of clustered matched-pair data", Statistics in Medicine
    22, 2003, which for clusters of equal size, and for one attempt per letter, is this and McNemar's statistic).
    With fewer than 25 letters of which d_k is not 0 that approximation is poor: then the p-value is exact
    over all ways to turn the signs of the d_k round.

    Parameters
    ----------
    a_right, b_right : array-like of shape (n,) of bool
        Whether each contender was right, attempt by attempt.
    letters : array-like of shape (n,) of int, default=None
        Which letter each attempt was at. None: a different one each.

    Returns
    -------
    PairedTest
        Two-sided.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import mcnemar
    >>> mcnemar([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0])
    PairedTest(statistic=6.0, p_value=0.03125, name="McNemar's exact test")

    The same letter read six times proves next to nothing:

    >>> mcnemar([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], letters=[0] * 6).p_value
    1.0
    """
    differences, _ = _by_letter(a_right, b_right, letters)
    discordant = differences[differences != 0]
    if letters is None or len(np.unique(np.asarray(letters))) == np.size(letters):
        wins = int((discordant > 0).sum())
        p = binomtest(wins, len(discordant)).pvalue if len(discordant) else 1.0
        return PairedTest(float(wins), float(p), "McNemar's exact test")
    total, squares = float(discordant.sum()), float((discordant**2).sum())
    statistic = total**2 / squares if squares else 0.0
    if len(discordant) < FEW_DISCORDANT:
        return PairedTest(statistic, _exact_sign_p(discordant), "exact clustered McNemar test")
    return PairedTest(statistic, float(chi2.sf(statistic, 1)), "clustered McNemar test")


def bca_interval(
    a_right: ArrayLike,
    b_right: ArrayLike,
    letters: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    n_resamples: int = 9999,
    random_state: int | None = 0,
) -> tuple[float, float]:
    """Return a bootstrap interval of the difference between two accuracies on the same letters.

    Letters are drawn anew with replacement, each with all its attempts; the interval is bias-corrected and
    accelerated (Efron, "Better bootstrap confidence intervals", JASA 82, 1987). A letter matters only through its
    number of attempts and its difference of right answers, so that the draws are made from the counts of these
    pairs: the same distribution as drawing letter by letter, in time and memory that do not grow with their number.

    Parameters
    ----------
    a_right, b_right : array-like of shape (n,) of bool
        Whether each contender was right, attempt by attempt; n >= 1.
    letters : array-like of shape (n,) of int, default=None
        Which letter each attempt was at. None: a different one each.
    confidence : float, default=0.95
        Coverage, between 0 and 1, ends excluded.
    n_resamples : int, default=9999
        Number of bootstrap draws.
    random_state : int or None, default=0
        Seed of the draws.

    Returns
    -------
    low, high : float
        Ends of the interval of accuracy of the first minus accuracy of the second, between -1 and 1. Both are
        the difference itself where every letter says the same.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import bca_interval
    >>> low, high = bca_interval([1] * 90 + [0] * 10, [1] * 80 + [0] * 20)
    >>> 0.04 < low < 0.1 < high < 0.19
    True
    """
    differences, attempts = _by_letter(a_right, b_right, letters)
    if not len(differences) or not 0 < confidence < 1 or n_resamples < 1:
        raise ValueError(
            "bca_interval needs one attempt or more, confidence between 0 and 1, and one resample or more; "
            f"got {len(differences)} letters, confidence={confidence!r}, n_resamples={n_resamples!r}."
        )
    kinds, counts = np.unique(np.column_stack([differences, attempts]), axis=0, return_counts=True)
    d, m = kinds.T
    n = counts.sum()
    observed = float(counts @ d / (counts @ m))
    if len(np.unique(d / m)) == 1:
        return observed, observed
    drawn = np.random.default_rng(random_state).multinomial(n, counts / n, size=n_resamples)
    replicates = (drawn @ d) / (drawn @ m)
    left_out = (counts @ d - d) / (counts @ m - m)
    influence = counts @ left_out / n - left_out
    acceleration = float(counts @ influence**3 / (6 * (counts @ influence**2) ** 1.5))
    below = ((replicates < observed).mean() + (replicates <= observed).mean()) / 2
    bias = ndtri(np.clip(below, 0.5 / n_resamples, 1 - 0.5 / n_resamples))
    z = bias + ndtri([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(replicates, ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for having asked several questions (Holm, Scandinavian Journal of Statistics 6, 1979).

    Parameters
    ----------
    p_values : array-like of shape (n,)
        Each between 0 and 1.

    Returns
    -------
    ndarray of shape (n,)
        Corrected p-values in the order given: to be held against the level as they are.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import holm
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values must be a list of numbers from 0 to 1; got {p_values!r}.")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def combined_ftest_5x2cv(scores_a: ArrayLike, scores_b: ArrayLike) -> PairedTest:
    """Test whether two estimators differ, from five times two-fold cross-validation.

    Unlike McNemar's test this takes in what another training half would change (Alpaydin, "Combined 5x2cv F test for
    comparing supervised classification learning algorithms", Neural Computation 11, 1999).

    Parameters
    ----------
    scores_a, scores_b : array-like of shape (5, 2)
        Accuracies; a row holds the two folds of one division into halves.

    Returns
    -------
    PairedTest
        F with 10 and 5 degrees of freedom: 0 with p = 1 where no fold differs, infinite with p = 0 where all
        folds differ by the very same amount.

    Raises
    ------
    ValueError
        If the scores are not five rows of two.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import combined_ftest_5x2cv
    >>> a = [[0.90, 0.92], [0.91, 0.89], [0.92, 0.90], [0.90, 0.91], [0.93, 0.90]]
    >>> b = [[0.85, 0.88], [0.87, 0.85], [0.86, 0.87], [0.84, 0.88], [0.88, 0.85]]
    >>> combined_ftest_5x2cv(a, b).p_value < 0.05
    True
    """
    a, b = np.asarray(scores_a, dtype=np.float64), np.asarray(scores_b, dtype=np.float64)
    if a.shape != (5, 2) or b.shape != (5, 2) or not np.isfinite([a, b]).all():
        raise ValueError(f"The 5x2cv test needs finite scores of shape (5, 2); got shapes {a.shape} and {b.shape}.")
    difference = a - b
    name = "5x2cv F test"
    squares = float((difference**2).sum())
    # the two halves of a division lie symmetrically around their mean
    variance = float(((difference[:, 0] - difference[:, 1]) ** 2 / 2).sum())
    if variance == 0:
        return PairedTest(np.inf, 0.0, name) if squares else PairedTest(0.0, 1.0, name)
    statistic = squares / (2 * variance)
    return PairedTest(statistic, float(f.sf(statistic, 10, 5)), name)


def _by_letter(
    a_right: ArrayLike, b_right: ArrayLike, letters: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each letter the difference of right answers and the number of attempts."""
    a, b = np.asarray(a_right), np.asarray(b_right)
    if a.ndim != 1 or a.shape != b.shape or not all(np.isin(right, (0, 1)).all() for right in (a, b)):
        raise ValueError(
            "a_right and b_right must say of the same attempts whether they were right, True or False; "
            f"got shapes {a.shape} and {b.shape}, dtypes {a.dtype} and {b.dtype}."
        )
    difference = a.astype(np.int64) - b.astype(np.int64)
    if letters is None:
        return difference, np.ones_like(difference)
    if np.shape(letters) != a.shape:
        raise ValueError(f"letters must name the letter of each of {len(a)} attempts; got shape {np.shape(letters)}.")
    _, which = np.unique(np.asarray(letters), return_inverse=True)
    attempts = np.bincount(which)
    summed = np.zeros(len(attempts), dtype=np.int64)
    np.add.at(summed, which, difference)
    return summed, attempts


def _exact_sign_p(differences: NDArray[np.int64]) -> float:
    """Return how often random signs give a sum at least as far from 0."""
    sizes = np.abs(differences)
    total = int(sizes.sum())
    chances = np.zeros(total + 1)  # of the sum of the positive ones
    chances[0] = 1.0
    for size in sizes:
        chances = (chances + np.roll(chances, size)) / 2
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= abs(int(differences.sum()))].sum()))
