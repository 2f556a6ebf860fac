"""Paired tests of two classifiers, bootstrap intervals, and correction for multiple comparisons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import beta, binomtest, chi2, f

FEW_DISCORDANT = 25


@dataclass(frozen=True)
class PairedTest:
    """Result of a test of the hypothesis that two contenders are equally good.

    Attributes
    ----------
    statistic : float
        Statistic of the test: discordant samples that only the first contender classified correctly, chi-squared, or F.
    p_value : float
        Between 0 and 1.
    name : str
        Name of the test.
    """

    statistic: float
    p_value: float
    name: str


def mcnemar(a_correct: ArrayLike, b_correct: ArrayLike, sample_ids: ArrayLike | None = None) -> PairedTest:
    """Test whether two contenders have the same accuracy on the same samples (McNemar's test).

    If every sample is tested once this is McNemar's exact test: of the samples on which exactly one contender is
    correct, the number that the first classified correctly is binomial with probability 1/2 under the null hypothesis.

    If `sample_ids` has repeated values, as when several seeds tested the same samples, predictions of one sample are
    not independent, and the sample is the unit: d_k is the number of times sample k was classified correctly by the
    first minus the number of times by the second, and (sum d_k)^2 / (sum d_k^2) is chi-squared with one degree of
    freedom (Durkalski et al., "Analysis of clustered matched-pair data", Statistics in Medicine 22, 2003, which is
    equal to this for clusters of equal size). With fewer than 25 samples of non-zero d_k that approximation is poor:
    the p-value is then exact, over all sign changes of the d_k.

    Parameters
    ----------
    a_correct, b_correct : array-like of shape (n,) of bool
        Whether each prediction of the contenders was correct.
    sample_ids : array-like of shape (n,) of int, default=None
        The sample of each prediction. None: all different.

    Returns
    -------
    PairedTest
        Two-sided.

    Raises
    ------
    ValueError
        If the arrays differ in shape or hold other values than True and False.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import mcnemar
    >>> mcnemar([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0])
    PairedTest(statistic=6.0, p_value=0.03125, name="McNemar's exact test")

    Six predictions of one sample are weak evidence:

    >>> mcnemar([1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], sample_ids=[0] * 6).p_value
    1.0
    """
    differences, _ = _by_sample(a_correct, b_correct, sample_ids)
    discordant = differences[differences != 0]
    if _all_different(sample_ids):
        wins = int((discordant > 0).sum())
        p = binomtest(wins, len(discordant)).pvalue if len(discordant) else 1.0
        return PairedTest(float(wins), float(p), "McNemar's exact test")
    total, squares = float(discordant.sum()), float((discordant**2).sum())
    statistic = total**2 / squares if squares else 0.0
    if len(discordant) < FEW_DISCORDANT:
        return PairedTest(statistic, _exact_sign_p(discordant), "exact clustered McNemar test")
    return PairedTest(statistic, float(chi2.sf(statistic, 1)), "clustered McNemar test")


def mcnemar_interval(
    a_correct: ArrayLike, b_correct: ArrayLike, sample_ids: ArrayLike | None = None, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the confidence interval of a difference of two accuracies that belongs to McNemar's test.

    It excludes 0 exactly if the p-value of :func:`mcnemar` is below ``1 - confidence``. It is the set of differences
    that the (clustered) test does not reject: with d_k and m_k the difference of correct predictions and the number of
    predictions of sample k, all D with (sum d_k - D m_k)^2 / sum (d_k - D m_k)^2 at most the quantile of chi-squared.
    Where the exact test is used, the interval also includes the exact (Clopper-Pearson) interval of the share of
    discordant samples that the first contender classified correctly.

    Parameters
    ----------
    a_correct, b_correct : array-like of shape (n,) of bool
        Whether each prediction of the contenders was correct; n >= 1.
    sample_ids : array-like of shape (n,) of int, default=None
        The sample of each prediction. None: all different.
    confidence : float, default=0.95
        Coverage, between 0 and 1, ends excluded.

    Returns
    -------
    low, high : float
        Interval of the accuracy of the first minus the accuracy of the second, between -1 and 1. Both ends are 0 if
        the contenders are correct on the same samples.

    Raises
    ------
    ValueError
        If the arrays differ in shape or are empty, or `confidence` is out of range.

    Examples
    --------
    >>> from ensemble_hwr.evaluation.statistics import mcnemar_interval
    >>> low, high = mcnemar_interval([1] * 90 + [0] * 10, [1] * 80 + [0] * 20)
    >>> 0.03 < low < 0.1 < high < 0.18
    True
    """
    differences, attempts = _by_sample(a_correct, b_correct, sample_ids)
    if not len(differences) or not 0 < confidence < 1:
        raise ValueError(
            "mcnemar_interval needs at least one prediction and confidence between 0 and 1; "
            f"got {len(differences)} samples, confidence={confidence!r}"
        )
    low, high = _score_interval(differences, attempts, float(chi2.isf(1 - confidence, 1)))
    discordant = differences[differences != 0]
    if not _all_different(sample_ids) and len(discordant) >= FEW_DISCORDANT:
        return low, high
    weight = float(np.abs(discordant).sum() / attempts.sum())
    exact_low, exact_high = (weight * (2 * share - 1) for share in _exact_share_interval(discordant, 1 - confidence))
    # the exact test decides whether 0 is excluded
    low = exact_low if low <= 0 < exact_low else min(low, exact_low)
    high = exact_high if exact_high < 0 <= high else max(high, exact_high)
    return low, high


def bca_interval(
    a_correct: ArrayLike,
    b_correct: ArrayLike,
    sample_ids: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    n_resamples: int = 9999,
    random_state: int | None = 0,
) -> tuple[float, float]:
    """Return a bootstrap confidence interval of the difference between two accuracies on the same samples.

    Samples are resampled with replacement, each with all its predictions; the interval is bias-corrected and
    accelerated (Efron, "Better bootstrap confidence intervals", JASA 82, 1987). The statistic depends on a sample only
    through its number of predictions and its difference of correct predictions. Resamples are therefore drawn from the
    counts of these pairs: the same distribution, in time and memory that do not grow with the number of samples.

    Parameters
    ----------
    a_correct, b_correct : array-like of shape (n,) of bool
        Whether each prediction of the contenders was correct; n >= 1.
    sample_ids : array-like of shape (n,) of int, default=None
        The sample of each prediction. None: all different.
    confidence : float, default=0.95
        Coverage, between 0 and 1, ends excluded.
    n_resamples : int, default=9999
        Number of bootstrap resamples.
    random_state : int or None, default=0
        Seed of the resampling.

    Returns
    -------
    low, high : float
        Interval of the accuracy of the first minus the accuracy of the second, between -1 and 1. Both ends equal the
        difference if all samples have the same difference.

    Raises
    ------
    ValueError
        If the arrays differ in shape or are empty, or a parameter is out of range.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import bca_interval
    >>> low, high = bca_interval([1] * 90 + [0] * 10, [1] * 80 + [0] * 20)
    >>> 0.04 < low < 0.1 < high < 0.19
    True
    """
    differences, attempts = _by_sample(a_correct, b_correct, sample_ids)
    if not len(differences) or not 0 < confidence < 1 or n_resamples < 1:
        raise ValueError(
            "bca_interval needs at least one prediction, confidence between 0 and 1 and n_resamples >= 1; "
            f"got {len(differences)} samples, confidence={confidence!r}, n_resamples={n_resamples!r}"
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
    """Correct p-values for multiple comparisons (Holm, Scandinavian Journal of Statistics 6, 1979).

    Parameters
    ----------
    p_values : array-like of shape (n,)
        Each between 0 and 1.

    Returns
    -------
    ndarray of shape (n,)
        Corrected p-values in the given order, to be compared with the level of significance.

    Raises
    ------
    ValueError
        If a value is not between 0 and 1.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import holm
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p_values must be a list of numbers from 0 to 1; got {p_values!r}")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def holm_confidence(p_values: ArrayLike, level: float = 0.05) -> NDArray[np.float64]:
    """Return the confidence levels at which intervals agree with p-values that Holm's method corrects.

    Holm's method compares the smallest of n p-values with level / n, the next with level / (n - 1), and so on, and
    stops at the first that is not smaller. An interval of a hypothesis has one minus the level that its p-value was
    compared with; after the stop, that of the hypothesis that stopped it. Therefore it excludes the null value exactly
    if the corrected p-value is below `level`.

    Parameters
    ----------
    p_values : array-like of shape (n,)
        Each between 0 and 1, not corrected.
    level : float, default=0.05
        Level of significance of the whole family.

    Returns
    -------
    ndarray of shape (n,)
        Between ``1 - level`` and ``1 - level / n``.

    Examples
    --------
    >>> from ensemble_hwr.evaluation.statistics import holm_confidence
    >>> holm_confidence([0.001, 0.04, 0.03]).round(4).tolist()
    [0.9833, 0.975, 0.975]
    """
    p = np.asarray(p_values, dtype=np.float64)
    levels = np.empty_like(p)
    left = len(p)
    for i in np.argsort(p, kind="stable"):
        levels[i] = 1 - level / left
        if p[i] * left < level:
            left = max(left - 1, 1)
    return levels


def combined_ftest_5x2cv(scores_a: ArrayLike, scores_b: ArrayLike) -> PairedTest:
    """Test whether two estimators differ, by the combined 5x2cv F-test.

    Unlike McNemar's test it includes the variance between training sets (Alpaydin, "Combined 5x2cv F test for comparing
    supervised classification learning algorithms", Neural Computation 11, 1999).

    Parameters
    ----------
    scores_a, scores_b : array-like of shape (5, 2)
        Accuracies; a row holds the two folds of one repetition of two-fold cross-validation.

    Returns
    -------
    PairedTest
        F with 10 and 5 degrees of freedom: 0 with p = 1 if no fold differs, infinite with p = 0 if all folds differ by
        the same amount.

    Raises
    ------
    ValueError
        If the scores are not five rows of two.

    Examples
    --------
    >>> from ensemble_hwr.evaluation.statistics import combined_ftest_5x2cv
    >>> a = [[0.90, 0.92], [0.91, 0.89], [0.92, 0.90], [0.90, 0.91], [0.93, 0.90]]
    >>> b = [[0.85, 0.88], [0.87, 0.85], [0.86, 0.87], [0.84, 0.88], [0.88, 0.85]]
    >>> combined_ftest_5x2cv(a, b).p_value < 0.05
    True
    """
    a, b = np.asarray(scores_a, dtype=np.float64), np.asarray(scores_b, dtype=np.float64)
    if a.shape != (5, 2) or b.shape != (5, 2) or not np.isfinite([a, b]).all():
        raise ValueError(f"the 5x2cv test needs finite scores of shape (5, 2); got shapes {a.shape} and {b.shape}")
    difference = a - b
    name = "5x2cv F test"
    squares = float((difference**2).sum())
    # the two halves of a repetition lie symmetrically around their mean
    variance = float(((difference[:, 0] - difference[:, 1]) ** 2 / 2).sum())
    if variance == 0:
        return PairedTest(np.inf, 0.0, name) if squares else PairedTest(0.0, 1.0, name)
    statistic = squares / (2 * variance)
    return PairedTest(statistic, float(f.sf(statistic, 10, 5)), name)


def _by_sample(
    a_correct: ArrayLike, b_correct: ArrayLike, sample_ids: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each sample the difference of correct predictions and the number of predictions."""
    a, b = np.asarray(a_correct), np.asarray(b_correct)
    if a.ndim != 1 or a.shape != b.shape or not all(np.isin(correct, (0, 1)).all() for correct in (a, b)):
        raise ValueError(
            "a_correct and b_correct must be boolean arrays of one shape (n,); "
            f"got shapes {a.shape} and {b.shape}, dtypes {a.dtype} and {b.dtype}"
        )
    difference = a.astype(np.int64) - b.astype(np.int64)
    if sample_ids is None:
        return difference, np.ones_like(difference)
    if np.shape(sample_ids) != a.shape:
        raise ValueError(f"sample_ids must have shape ({len(a)},); got shape {np.shape(sample_ids)}")
    _, which = np.unique(np.asarray(sample_ids), return_inverse=True)
    attempts = np.bincount(which)
    summed = np.zeros(len(attempts), dtype=np.int64)
    np.add.at(summed, which, difference)
    return summed, attempts


def _exact_sign_p(differences: NDArray[np.int64]) -> float:
    """Return the probability that random signs give a sum at least as far from 0."""
    sizes = np.abs(differences)
    total = int(sizes.sum())
    chances = _chances_of_sum(sizes, 0.5)
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= abs(int(differences.sum()))].sum()))


def _all_different(sample_ids: ArrayLike | None) -> bool:
    return sample_ids is None or len(np.unique(np.asarray(sample_ids))) == np.size(sample_ids)


def _score_interval(
    differences: NDArray[np.int64], attempts: NDArray[np.int64], critical: float
) -> tuple[float, float]:
    """Return the differences D at which (sum d - D m)^2 <= critical * sum (d - D m)^2, a quadratic inequality in D."""
    d, m = differences.astype(np.float64), attempts.astype(np.float64)
    square = m.sum() ** 2 - critical * (m @ m)
    half_linear = d.sum() * m.sum() - critical * (d @ m)
    constant = d.sum() ** 2 - critical * (d @ d)
    observed = float(d.sum() / m.sum())
    if square <= 0:  # very few samples: no difference is rejected, or only some on the other side of 0
        if constant <= 0:
            return -1.0, 1.0
        root = np.sqrt(half_linear**2 - square * constant)
        end = (half_linear - root) / square if observed > 0 else (half_linear + root) / square
        return (float(end), 1.0) if observed > 0 else (-1.0, float(end))
    half_width = np.sqrt(max(half_linear**2 - square * constant, 0.0)) / square
    middle = half_linear / square
    return float(np.clip(middle - half_width, -1, observed)), float(np.clip(middle + half_width, observed, 1))


def _exact_share_interval(discordant: NDArray[np.int64], alpha: float) -> tuple[float, float]:
    """Return the exact interval of the probability that a discordant sample is in favour of the first contender."""
    sizes = np.abs(discordant)
    n, wins = int(sizes.sum()), int(discordant[discordant > 0].sum())
    if not n:
        return 0.5, 0.5
    if (sizes == 1).all():
        low = beta.ppf(alpha / 2, wins, n - wins + 1) if wins else 0.0
        high = beta.isf(alpha / 2, wins + 1, n - wins) if wins < n else 1.0
        return float(low), float(high)

    def excess(share: float, tail: slice) -> float:
        return float(_chances_of_sum(sizes, share)[tail].sum()) - alpha / 2

    low = brentq(excess, 0.0, 1.0, args=(slice(wins, None),), xtol=1e-12) if wins else 0.0
    high = brentq(excess, 0.0, 1.0, args=(slice(wins + 1),), xtol=1e-12) if wins < n else 1.0
    return float(low), float(high)


def _chances_of_sum(sizes: NDArray[np.int64], share: float) -> NDArray[np.float64]:
    """Return the probability of each sum of sizes, if each size is included with the probability `share`."""
    chances = np.zeros(int(sizes.sum()) + 1)
    chances[0] = 1.0
    for size in sizes:
        chances = (1 - share) * chances + share * np.roll(chances, size)
    return chances
