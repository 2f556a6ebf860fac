import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_sample_weight

from ensemble_hwr.datasets import LetterSet, balance_indices, class_sample_weight, split_letters
from ensemble_hwr.exceptions import DataError

labels = st.lists(st.sampled_from("OOOOOOIAZ"), min_size=1, max_size=80).map(np.array)


def counts(y):
    return dict(zip(*np.unique(y, return_counts=True), strict=True))


@settings(deadline=None)
@given(y=labels, limit=st.integers(1, 30), seed=st.integers(0, 5))
def test_cap_leaves_at_most_limit_and_repeats_nothing(y, limit, seed):
    chosen = balance_indices(y, "cap", limit=limit, random_state=seed)
    assert len(np.unique(chosen)) == len(chosen)
    assert (np.diff(chosen) > 0).all()
    assert counts(y[chosen]) == {label: min(n, limit) for label, n in counts(y).items()}


@settings(deadline=None)
@given(y=labels, limit=st.integers(1, 30), seed=st.integers(0, 5))
def test_oversample_loses_nothing_and_repeats_evenly(y, limit, seed):
    chosen = balance_indices(y, "oversample", limit=limit, random_state=seed)
    assert counts(y[chosen]) == {label: max(n, limit) for label, n in counts(y).items()}
    times = np.bincount(chosen, minlength=len(y))
    assert times.min() >= 1
    for label in np.unique(y):
        assert np.ptp(times[y == label]) <= 1


def test_default_limits():
    y = np.array(["O"] * 51 + ["A"] * 10 + ["I"])
    assert counts(y[balance_indices(y)]) == {"O": 10, "A": 10, "I": 1}
    assert counts(y[balance_indices(y, "oversample")]) == {"O": 51, "A": 51, "I": 51}


@pytest.mark.parametrize("method", ["cap", "oversample"])
def test_random_state_repeats_and_varies(method):
    y = np.repeat(["O", "I"], [60, 41])
    first = balance_indices(y, method, limit=50, random_state=3)
    assert (balance_indices(y, method, limit=50, random_state=3) == first).all()
    assert (balance_indices(y, method, limit=50, random_state=4) != first).any()


def test_oversampling_a_training_part_never_reaches_the_test_part():
    y = np.repeat(["O", "I"], [51, 6])
    letters = LetterSet(np.zeros((57, 784), np.uint8), y)
    train, test = split_letters(letters, random_state=0)
    balanced = train[balance_indices(y[train], "oversample", random_state=0)]
    assert set(balanced) == set(train)
    assert not set(balanced) & set(test)
    assert len(set(counts(y[balanced]).values())) == 1


def test_labels_may_be_numbers():
    assert balance_indices([3, 3, 1], "cap", limit=1, random_state=0).shape == (2,)


@given(y=labels)
def test_weights_are_those_of_scikit_learn_and_even(y):
    weights = class_sample_weight(y)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", y))
    np.testing.assert_allclose(weights.mean(), 1)


@pytest.mark.parametrize(
    ("y", "settings_", "message"),
    [
        ([], {}, "one or more rows"),
        ([["A"]], {}, r"\(1, 1\)"),
        (["A"], {"method": "smote"}, "'cap', 'oversample', got 'smote'"),
        (["A"], {"limit": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_balanced(y, settings_, message):
    with pytest.raises(DataError, match=message):
        balance_indices(y, **settings_)
