"""Folds of every kind, and trusts that are learned on what prediction would use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold

from ensemble_hwr.ensemble._pooling import Gate, apply_members
from ensemble_hwr.ensemble._trust import learn_trust
from ensemble_hwr.ensemble.held_out import (
    DEFAULT_FOLDS,
    MANY_ROWS,
    HeldOutFold,
    Member,
    held_out_folds,
    learn_trusts,
    opinion_of,
)
from ensemble_hwr.exceptions import HierarchyError

CLASSES = np.array(list("ABCD"))
GATE = Gate(min_mass=0.05, confidence_threshold=0.97, group_of=np.array([0, 0, 1, 1]))
NAMES = ("specialist:A-B", "specialist:C-D", "expert:A/C/D")
COLUMNS = (np.array([0, 1]), np.array([2, 3]), np.array([0, 2, 3]))


class FixedProbabilities:
    def __init__(self, columns, table):
        self.classes_, self.table = CLASSES[columns], table

    def predict_proba(self, X):
        return self.table[np.asarray(X)[:, 0].astype(int)]


def noisy(rng, y, columns, strength):
    """Opinions over some columns, about right where the true one is among them."""
    logits = rng.normal(size=(len(y), len(columns))) + strength * (columns == y[:, None])
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def fold(seed, n=80, strengths=(1.0, 1.5, 2.0)):
    """Held-out rows, with members of known skill."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    members = [
        Member(name, name.split(":")[0], columns, FixedProbabilities(columns, noisy(rng, y, columns, strength)))
        for name, columns, strength in zip(NAMES, COLUMNS, strengths, strict=True)
    ]
    return HeldOutFold(np.arange(n)[:, None], y, rng.random(n), noisy(rng, y, np.arange(4), 1.0), members)


def apply_all(one, members, trusts, probabilities):
    def ask(member, rows):
        return opinion_of(member, one.X[rows], CLASSES)

    return list(apply_members(members, trusts, probabilities, predict=ask, gate=GATE))


def learned(folds, fixed=None, gate=GATE):
    return learn_trusts(folds, fixed or {}, classes=CLASSES, gate=gate)


def test_trust_is_optimal_on_the_rows_and_priors_of_prediction():
    folds = [fold(0), fold(1)]
    before = [one.probabilities.copy() for one in folds]
    trusts = learned(folds)
    for k, (name, columns) in enumerate(zip(NAMES, COLUMNS, strict=True)):
        evidence = []
        for one, start in zip(folds, before, strict=True):
            result = start.copy()
            steps = apply_all(one, one.members[: k + 1], trusts, result)
            step = next(step for step in steps if step.member.name == name)
            rows = np.isin(one.y[step.rows], columns)
            inside = step.before[rows][:, columns]
            message = one.members[k].estimator.table[step.rows[rows]]
            truth = np.searchsorted(columns, one.y[step.rows[rows]])
            evidence.append((inside / inside.sum(axis=1, keepdims=True), message, truth, one.weight[step.rows[rows]]))
        assert trusts[name] == pytest.approx(learn_trust(*map(np.concatenate, zip(*evidence, strict=True))), abs=1e-9)
        assert 0 < trusts[name] < 1


def test_the_final_probabilities_equal_those_of_prediction():
    one = fold(2)
    expected = one.probabilities.copy()
    trusts = learned([one])
    apply_all(one, one.members, trusts, expected)
    np.testing.assert_allclose(one.probabilities, expected, atol=1e-12)


def test_a_fixed_trust_is_kept_and_used():
    free, given = learned([fold(3)]), learned([fold(3)], {NAMES[0]: 0.0})
    assert given[NAMES[0]] == 0
    assert given[NAMES[1]] == free[NAMES[1]]  # its letters are not touched by the first
    assert given[NAMES[2]] != free[NAMES[2]]


def test_accurate_members_get_trust_and_noise_gets_little():
    accurate, noise = learned([fold(4, 400, (3, 3, 3))]), learned([fold(4, 400, (0, 0, 0))])
    assert min(accurate.values()) > 0.5
    assert max(noise.values()) < 0.15


def test_rows_of_weight_0_do_not_change_trust():
    heavy = fold(5)
    heavy.weight[40:] = 0
    short = fold(5)
    half = HeldOutFold(short.X[:40], short.y[:40], heavy.weight[:40], short.probabilities[:40], short.members)
    assert learned([heavy]) == pytest.approx(learned([half]), abs=1e-5)


def test_folds_without_a_member_or_with_fewer_classes_are_allowed():
    whole, without, partly = fold(6), fold(7), fold(8)
    absent = Member(NAMES[2], "expert", COLUMNS[2], None)
    without = HeldOutFold(without.X, without.y, without.weight, without.probabilities, [*without.members[:2], absent])
    two = np.array([0, 3])
    fitted_on_two = FixedProbabilities(two, noisy(np.random.default_rng(0), partly.y, two, 2.0))
    fewer = Member(NAMES[2], "expert", COLUMNS[2], fitted_on_two)
    partly = HeldOutFold(partly.X, partly.y, partly.weight, partly.probabilities, [*partly.members[:2], fewer])
    trusts = learned([whole, without, partly])
    assert 0 < trusts[NAMES[2]] < 1
    for one in (without, partly):
        np.testing.assert_allclose(one.probabilities.sum(axis=1), 1)


def test_a_member_without_open_rows_has_trust_0():
    assert learned([fold(9)], gate=Gate(1.0, 0.01, GATE.group_of)) == dict.fromkeys(NAMES, 0.0)


CODES = np.repeat(np.arange(4), 12)
X = np.zeros((len(CODES), 1))


def folds_of(cv, codes=CODES, seed=0, **params):
    return held_out_folds(cv, np.zeros((len(codes), 1)), codes, np.random.RandomState(seed), **params)


@given(st.one_of(st.none(), st.integers(2, 9)), st.lists(st.integers(0, 5), min_size=12, max_size=60))
def test_every_row_is_held_out_once_and_not_fitted_on_in_that_fold(cv, codes):
    codes = np.unique(codes, return_inverse=True)[1]
    folds = folds_of(cv, codes)
    assert len(folds) == min(cv or DEFAULT_FOLDS, np.bincount(codes).max())
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(codes)))
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(len(codes)))


def test_each_fold_has_its_share_of_every_class():
    for _, test in folds_of(3):
        assert np.bincount(CODES[test]).tolist() == [4, 4, 4, 4]


@pytest.mark.parametrize(("share", "held_out"), [(0.5, 24), (0.25, 12), (1 / 6, 8)])
def test_a_float_is_one_part_of_about_that_share(share, held_out):
    ((train, test),) = folds_of(share)
    assert len(test) == held_out
    assert len(train) == len(CODES) - held_out


def test_of_many_rows_one_half_is_held_out_by_default():
    many = np.arange(MANY_ROWS) % 7
    ((train, test),) = folds_of(None, many)
    assert abs(len(train) - len(test)) <= 7
    assert len(folds_of(None, many[1:])) == DEFAULT_FOLDS
    assert len(folds_of(3, many)) == 3


def test_the_shuffle_depends_on_the_random_state_alone():
    first, again, other = (folds_of(3, seed=seed)[0][1].tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_a_rare_class_is_absent_from_some_folds():
    codes = np.r_[CODES, 4]
    folds = folds_of(5, codes)
    assert len(folds) == 5
    assert sum(4 in codes[train] for train, _ in folds) == 4


def test_splitters_and_lists_of_folds_are_used_unchanged():
    writers = np.arange(len(CODES)) % 5
    for train, test in folds_of(GroupKFold(5), groups=writers):
        assert not set(writers[train]) & set(writers[test])
    given_folds = [(np.arange(10), np.arange(10, 48)), (np.arange(40, 48), np.arange(5))]
    for (train, test), expected in zip(folds_of(given_folds), given_folds, strict=True):
        np.testing.assert_array_equal(train, expected[0])
        np.testing.assert_array_equal(test, expected[1])
    unshuffled = held_out_folds(KFold(4), X, CODES, None)
    assert unshuffled[0][1].tolist() == list(range(12))


def test_classes_of_one_row_raise():
    with pytest.raises(HierarchyError, match="no class has two rows"):
        folds_of(None, np.arange(6))


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "got no folds"),
        ([(np.arange(5), np.arange(4, 9))], "fold 0: row 4 is on both sides"),
        ([(np.arange(5), np.arange(5, 9)), (np.arange(5), np.arange(40, 49))], "fold 1: got positions 40 to 48 of 48"),
        ([(np.arange(5), np.arange(-3, -1))], "got positions -3 to -2"),
        ([(np.arange(5), np.array([], dtype=int))], r"shape \(0,\)"),
        ([(np.arange(5.0), np.arange(5, 9))], "dtype float64"),
        ([(np.ones(48, dtype=bool), np.arange(3))], "dtype bool"),
    ],
)
def test_invalid_folds_raise_with_their_number(folds, message):
    with pytest.raises(HierarchyError, match=f"cv: .*{message}"):
        folds_of(folds)


def test_boolean_masks_are_accepted_as_folds():
    first = np.arange(48) < 20
    ((train, test),) = folds_of([(first, ~first)])
    assert (train.tolist(), test.tolist()) == (list(range(20)), list(range(20, 48)))
