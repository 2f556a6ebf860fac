import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend.evaluate import combined_ftest_5x2cv as mlxtend_ftest
from mlxtend.evaluate import mcnemar as mlxtend_mcnemar
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from ensemble_hwr.evaluation.statistics import (
    bca_interval,
    combined_ftest_5x2cv,
    holm,
    holm_confidence,
    mcnemar,
    mcnemar_interval,
)

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)
CORRECT = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def correct(seed=0, n=400, a=0.9, b=0.85):
    rng = np.random.default_rng(seed)
    luck = rng.random(n)
    return luck + rng.normal(0, 0.05, n) < a, luck + rng.normal(0, 0.05, n) < b


def table(a, b):
    return np.array([[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]])


@pytest.mark.parametrize("seed", range(4))
def test_mcnemar_agrees_with_statsmodels_and_mlxtend(seed):
    a, b = correct(seed)
    found = mcnemar(a, b)
    assert found.p_value == pytest.approx(statsmodels_mcnemar(table(a, b), exact=True).pvalue)
    assert found.p_value == pytest.approx(mlxtend_mcnemar(table(a, b), exact=True)[1])
    assert found.name == "McNemar's exact test"


def test_sample_ids_without_repetitions_give_the_exact_test():
    a, b = correct()
    assert mcnemar(a, b, sample_ids=np.arange(len(a))[::-1] * 7) == mcnemar(a, b)


def test_clustered_statistic_is_durkalskis_sum_over_samples():
    rng = np.random.default_rng(0)
    a, b = rng.random((5, 120)) < 0.8, rng.random((5, 120)) < 0.7
    d = (a.sum(axis=0) - b.sum(axis=0)).astype(float)
    found = mcnemar(a.ravel(), b.ravel(), sample_ids=np.tile(np.arange(120), 5))
    assert found.statistic == pytest.approx(d.sum() ** 2 / (d**2).sum())
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))


def test_repeated_predictions_do_not_count_as_more_samples():
    a, b = correct(n=2000)
    once = statsmodels_mcnemar(table(a, b), exact=False, correction=False)
    found = mcnemar(np.tile(a, 5), np.tile(b, 5), sample_ids=np.tile(np.arange(2000), 5))
    assert (found.statistic, found.p_value) == pytest.approx((once.statistic, once.pvalue))
    assert mcnemar(np.tile(a, 5), np.tile(b, 5)).p_value < found.p_value


def test_few_discordant_samples_are_tested_exactly():
    d = [3, 2, -1, 2, 1, 3]
    a = np.concatenate([np.repeat([k > 0], abs(k)) for k in d])
    sample_ids = np.repeat(np.arange(len(d)), np.abs(d))
    signed = [abs(sum(s * k for s, k in zip(signs, d, strict=True))) for signs in itertools.product([1, -1], repeat=6)]
    expected = np.mean(np.array(signed) >= abs(sum(d)))
    found = mcnemar(a, ~a, sample_ids=sample_ids)
    assert found.p_value == pytest.approx(expected)
    assert found.name == "exact clustered McNemar test"


def test_exact_clustered_test_is_the_binomial_test_if_samples_differ_by_one():
    a = np.array([1] * 9 + [0] * 3 + [1, 1], dtype=bool)
    b = np.array([0] * 9 + [1] * 3 + [1, 1], dtype=bool)
    sample_ids = [*range(12), 12, 12]
    assert mcnemar(a, b, sample_ids).p_value == pytest.approx(stats.binomtest(9, 12).pvalue)


@given(CORRECT, st.integers(1, 60))
def test_mcnemar_is_a_probability_and_symmetric(pairs, n_samples):
    a, b = np.array(pairs).T
    for sample_ids in (None, np.arange(len(a)) % n_samples):
        p = mcnemar(a, b, sample_ids).p_value
        assert 0.0 <= p <= 1.0
        assert p == pytest.approx(mcnemar(b, a, sample_ids).p_value)
        assert mcnemar(a, a, sample_ids).p_value == 1.0


def test_bca_agrees_with_scipy():
    a, b = correct(n=150)
    d = a.astype(int) - b.astype(int)
    reference = stats.bootstrap(
        (d,), np.mean, n_resamples=50_000, method="BCa", random_state=np.random.default_rng(1), batch=1000
    )
    found = bca_interval(a, b, n_resamples=50_000)
    assert found == pytest.approx(tuple(reference.confidence_interval), abs=1 / 150)


def test_bca_resamples_samples_with_all_their_predictions():
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 120)) < 0.9, rng.random((3, 120)) < 0.8
    d = (a.sum(axis=0) - b.sum(axis=0)) / 3
    reference = stats.bootstrap(
        (d,), np.mean, n_resamples=50_000, method="BCa", random_state=np.random.default_rng(1), batch=1000
    )
    found = bca_interval(a.ravel(), b.ravel(), np.tile(np.arange(120), 3), n_resamples=50_000)
    assert found == pytest.approx(tuple(reference.confidence_interval), abs=1 / 360)


def test_bca_with_unequal_numbers_of_predictions():
    a, b = correct(n=300)
    sample_ids = np.repeat(np.arange(200), [1] * 100 + [2] * 100)
    low, high = bca_interval(a, b, sample_ids)
    assert -1 < low < a.mean() - b.mean() < high < 1


def test_bca_has_about_the_nominal_coverage():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        a, b = rng.random(250) < 0.9, rng.random(250) < 0.8
        low, high = bca_interval(a, b, n_resamples=999)
        covered += low <= 0.1 <= high
    assert 178 <= covered <= 200


def test_bca_of_equal_differences_is_that_point():
    assert bca_interval([1, 0, 1], [1, 0, 1]) == (0.0, 0.0)
    assert bca_interval([1, 1, 1], [0, 0, 0]) == (1.0, 1.0)
    assert bca_interval([1], [0]) == (1.0, 1.0)


@given(CORRECT)
def test_bca_is_ordered_and_within_bounds(pairs):
    a, b = np.array(pairs).T
    low, high = bca_interval(a, b, n_resamples=200)
    assert -1 <= low <= high <= 1


def test_bca_of_many_samples_is_deterministic():
    a, b = correct(n=300_000)
    assert bca_interval(a, b) == bca_interval(a, b)


@st.composite
def families(draw):
    """Draw the reference's and other contenders' correct predictions of samples that some seeds test."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_seeds, n_samples = draw(st.integers(1, 5)), draw(st.integers(2, 150))
    ids = np.tile(np.arange(n_samples), n_seeds)
    ids = ids[rng.random(len(ids)) < draw(st.sampled_from([0.5, 1.0]))]
    ids = ids if len(ids) else np.arange(2)
    luck = rng.random(n_samples)[ids]
    rates = draw(st.lists(st.floats(0, 1), min_size=2, max_size=8))
    spread = draw(st.sampled_from([0.0, 0.1, 1.0]))
    return ids, [luck + spread * (rng.random(len(ids)) - 0.5) < rate for rate in rates]


@given(families(), st.sampled_from([0.001, 0.05, 0.2]))
@settings(max_examples=300)
def test_corrected_p_values_and_intervals_never_contradict_each_other(family, level):
    ids, (reference, *others) = family
    p = [mcnemar(reference, other, ids).p_value for other in others]
    for other, p_holm, confidence in zip(others, holm(p), holm_confidence(p, level), strict=True):
        low, high = mcnemar_interval(reference, other, ids, confidence=confidence)
        assert -1 <= low <= reference.mean() - other.mean() <= high <= 1 or low == pytest.approx(high)
        assert (p_holm < level) == (low > 0 or high < 0)


@given(P_VALUES)
def test_confidences_are_between_those_of_one_comparison_and_bonferroni(p):
    found = holm_confidence(p)
    assert ((found >= 0.95) & (found <= 1 - 0.05 / max(len(p), 1))).all()


def test_intervals_of_mcnemars_test_agree_with_the_bootstrap_on_many_samples():
    a, b = correct(n=4000)
    ids = np.tile(np.arange(800), 5)
    for sample_ids in (None, ids):
        found, expected = mcnemar_interval(a, b, sample_ids), bca_interval(a, b, sample_ids)
        assert found == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize(("n", "n_seeds"), [(60, 1), (200, 1), (60, 3), (300, 3)])
def test_intervals_of_mcnemars_test_have_at_least_about_the_nominal_coverage(n, n_seeds):
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(n), n_seeds)
    covered = 0
    for _ in range(400):
        luck = rng.normal(size=n)[ids]
        a, b = (luck + 0.6 * rng.normal(size=len(ids)) < stats.norm.ppf(share) * np.sqrt(1.36) for share in (0.95, 0.9))
        low, high = mcnemar_interval(a, b, ids)
        covered += low <= 0.05 <= high
    assert covered / 400 > 0.93


def test_intervals_without_discordant_samples_are_a_point_unless_there_are_very_few_samples():
    assert mcnemar_interval([1, 0, 1] * 9, [1, 0, 1] * 9) == (0, 0)
    assert mcnemar_interval([1, 0, 1], [1, 0, 1]) == (-1, 1)


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"confidence": 0.0}])
def test_intervals_with_confidence_out_of_range_are_an_error(wrong):
    with pytest.raises(ValueError, match="mcnemar_interval needs"):
        mcnemar_interval([1], [0], **wrong)


def test_intervals_of_no_predictions_are_an_error():
    with pytest.raises(ValueError, match="at least one prediction"):
        mcnemar_interval([], [])


@settings(max_examples=20)  # statsmodels collects garbage in each call
@given(P_VALUES)
def test_holm_agrees_with_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@given(P_VALUES)
def test_holm_values_are_at_most_1_and_at_least_the_p_value(p):
    corrected = holm(p)
    assert (corrected >= np.array(p)).all()
    assert (corrected <= 1).all()


def test_holm_of_no_p_values_is_empty():
    assert len(holm([])) == 0


def test_ftest_agrees_with_mlxtend_on_the_same_halves():
    X, y = load_digits(return_X_y=True)
    X, y = X[:300], y[:300]
    first, second = GaussianNB(), DecisionTreeClassifier(max_depth=4, random_state=0)
    rng = np.random.RandomState(5)
    results = np.empty((2, 5, 2))
    for i in range(5):
        halves = train_test_split(X, y, test_size=0.5, random_state=rng.randint(low=0, high=32767))
        for k, (X1, X2, y1, y2) in enumerate([halves, [halves[j] for j in (1, 0, 3, 2)]]):
            for m, model in enumerate((first, second)):
                results[m, i, k] = model.fit(X1, y1).score(X2, y2)
    found = combined_ftest_5x2cv(*results)
    expected = mlxtend_ftest(first, second, X, y, random_seed=5)
    assert (found.statistic, found.p_value) == pytest.approx(expected)


def test_ftest_without_variance():
    same = np.full((5, 2), 0.9)
    assert combined_ftest_5x2cv(same, same).p_value == 1.0
    assert combined_ftest_5x2cv(same, same - 0.5).p_value == 0.0


def test_ftest_of_other_shapes_is_an_error():
    with pytest.raises(ValueError, match=r"\(5, 2\); got shapes \(2, 5\)"):
        combined_ftest_5x2cv(np.zeros((2, 5)), np.zeros((2, 5)))


@pytest.mark.parametrize("test", [mcnemar, bca_interval])
@pytest.mark.parametrize(("a", "b"), [([1, 0], [1]), ([0.5, 0.2], [0, 1]), ([2, 0], [0, 1]), ([np.nan], [1])])
def test_tests_need_boolean_arrays_of_one_shape(test, a, b):
    with pytest.raises(ValueError, match="must be boolean arrays of one shape"):
        test(a, b)
    with pytest.raises(ValueError, match=r"sample_ids must have shape \(2,\)"):
        test([1, 0], [0, 1], sample_ids=[0])


@pytest.mark.parametrize("wrong", [{"confidence": 95}, {"confidence": 0}, {"n_resamples": 0}])
def test_bca_with_parameters_out_of_range_is_an_error(wrong):
    with pytest.raises(ValueError, match="bca_interval needs"):
        bca_interval([1, 0, 1], [0, 1, 1], **wrong)


@pytest.mark.parametrize("p", [[2.0], [-0.1], [np.nan, 0.1], 0.5, [[0.1, 0.2]]])
def test_holm_needs_p_values(p):
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm(p)


def test_ftest_of_missing_scores_is_an_error():
    with pytest.raises(ValueError, match="finite"):
        combined_ftest_5x2cv(np.full((5, 2), np.nan), np.zeros((5, 2)))
