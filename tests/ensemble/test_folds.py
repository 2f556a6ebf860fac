"""Held-out rows: every way to ask for them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold

from ensemble_hwr.ensemble.held_out import DEFAULT_FOLDS, MANY_ROWS, held_out_folds
from ensemble_hwr.exceptions import HierarchyError

CODES = np.repeat(np.arange(4), 12)
X = np.zeros((len(CODES), 1))


def folds_of(cv, codes=CODES, seed=0, **params):
    return held_out_folds(cv, np.zeros((len(codes), 1)), codes, np.random.RandomState(seed), **params)


@given(st.one_of(st.none(), st.integers(2, 9)), st.lists(st.integers(0, 5), min_size=12, max_size=60))
def test_every_row_is_judged_once_and_never_fitted_on_where_it_is_judged(cv, codes):
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
def test_a_share_is_one_part_of_about_that_size(share, held_out):
    ((train, test),) = folds_of(share)
    assert len(test) == held_out
    assert len(train) == len(CODES) - held_out


def test_of_many_rows_one_half_is_held_out_unless_folds_are_asked_for():
    many = np.arange(MANY_ROWS) % 7
    ((train, test),) = folds_of(None, many)
    assert abs(len(train) - len(test)) <= 7
    assert len(folds_of(None, many[1:])) == DEFAULT_FOLDS
    assert len(folds_of(3, many)) == 3


def test_rows_are_shuffled_by_the_seed_and_by_nothing_else():
    first, again, other = (folds_of(3, seed=seed)[0][1].tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_a_rare_class_lowers_nothing_and_is_absent_from_some_folds():
    codes = np.r_[CODES, 4]
    folds = folds_of(5, codes)
    assert len(folds) == 5
    assert sum(4 in codes[train] for train, _ in folds) == 4


def test_splitters_and_lists_of_folds_are_taken_as_they_are():
    writers = np.arange(len(CODES)) % 5
    for train, test in folds_of(GroupKFold(5), groups=writers):
        assert not set(writers[train]) & set(writers[test])
    given_folds = [(np.arange(10), np.arange(10, 48)), (np.arange(40, 48), np.arange(5))]
    for (train, test), expected in zip(folds_of(given_folds), given_folds, strict=True):
        np.testing.assert_array_equal(train, expected[0])
        np.testing.assert_array_equal(test, expected[1])
    unshuffled = held_out_folds(KFold(4), X, CODES, None)
    assert unshuffled[0][1].tolist() == list(range(12))


def test_nothing_can_be_held_out_of_classes_of_one_row():
    with pytest.raises(HierarchyError, match="no class has two rows"):
        folds_of(None, np.arange(6))


@pytest.mark.parametrize(
    ("folds", "said"),
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
def test_folds_that_are_none_are_refused_by_number(folds, said):
    with pytest.raises(HierarchyError, match=f"cv: .*{said}"):
        folds_of(folds)


def test_masks_are_folds_too():
    first = np.arange(48) < 20
    ((train, test),) = folds_of([(first, ~first)])
    assert (train.tolist(), test.tolist()) == (list(range(20)), list(range(20, 48)))
