import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_sample_weight

from ensemble_hwr.datasets import (
    LetterSet,
    balance_indices,
    class_sample_weight,
    predefined_split,
    split_by_source,
    split_letters,
    writer_groups,
)
from ensemble_hwr.exceptions import DataError


def make(target, **fields):
    texts = {key: np.array(list(value)) for key, value in fields.items()}
    return LetterSet(np.zeros((len(target), 784), np.uint8), np.array(list(target)), **texts)


@st.composite
def known_letters(draw):
    """Letters with imbalanced labels, three sources and at least twelve writers of every label."""
    target, source, writer = list("ABC" * 12), ["p"] * 36, [f"{i // 3}" for i in range(36)]
    for _ in range(draw(st.integers(0, 60))):
        target.append(draw(st.sampled_from("AAAABC")))
        source.append(draw(st.sampled_from("pqr")))
        writer.append(str(draw(st.integers(0, 15))))
    return make(target, source=source, writer=writer)


def assert_partition(letters, train, test):
    assert sorted([*train, *test]) == list(range(len(letters)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    assert len(test) > 0
    assert set(letters.target[train]) == set(letters.target)


@settings(deadline=None)
@given(
    letters=known_letters(), by=st.sampled_from(["sample", "source", "writer"]),
    test_size=st.floats(0.05, 0.6), seed=st.integers(0, 9),
)  # fmt: skip
def test_a_split_is_a_partition_with_every_label_in_training_and_reproducible(letters, by, test_size, seed):
    train, test = split_letters(letters, test_size, by=by, random_state=seed)
    assert_partition(letters, train, test)
    again = split_letters(letters, test_size, by=by, random_state=seed)
    assert (again[0] == train).all()
    assert (again[1] == test).all()


@settings(deadline=None)
@given(letters=known_letters(), by=st.sampled_from(["sample", "source"]), test_size=st.floats(0.05, 0.95))
def test_stratified_fractions(letters, by, test_size):
    _, test = split_letters(letters, test_size, by=by, random_state=0)
    strata = letters.target if by == "sample" else np.char.add(letters.source, letters.target)
    for stratum in np.unique(strata):
        n, drawn = np.sum(strata == stratum), np.sum(strata[test] == stratum)
        if n == 1:
            assert drawn == 0
        else:
            assert 1 <= drawn <= n - 1
            assert abs(drawn - test_size * n) <= 0.5 or drawn in (1, n - 1)


@settings(deadline=None)
@given(letters=known_letters(), test_size=st.floats(0.1, 0.6), seed=st.integers(0, 9))
def test_writers_are_in_one_part_only(letters, test_size, seed):
    train, test = split_letters(letters, test_size, by="writer", random_state=seed)
    people = np.char.add(np.char.add(letters.source, "/"), letters.writer)
    assert not set(people[train]) & set(people[test])
    largest = np.unique(people, return_counts=True)[1].max()
    assert len(test) <= test_size * len(letters) + largest / 2


def test_seeds_differ():
    letters = make("A" * 50)
    assert (split_letters(letters, random_state=0)[1] != split_letters(letters, random_state=1)[1]).any()


def test_the_only_writer_of_a_label_stays_in_training():
    letters = make("AAAAAZ", writer="112233")
    for seed in range(20):
        train, _ = split_letters(letters, 0.3, by="writer", random_state=seed)
        assert "Z" in letters.target[train]


def test_the_same_name_in_two_sources_is_two_writers():
    assert writer_groups(make("AAAA", source="ppqq", writer="1212")).tolist() == [0, 1, 2, 3]


def test_unknown_writers_of_a_source_stay_together():
    groups = writer_groups(make("AAAAA", source="ppqqq", writer=["", "", "", "x", ""]))
    assert groups.tolist() == [0, 0, 1, 2, 1]


@pytest.mark.parametrize(
    ("letters", "settings_", "message"),
    [
        (make("AABB"), {"by": "writer"}, "no writer is known"),
        (make("AABB", writer=["", "", "", ""]), {"by": "writer"}, "no writer is known"),
        (make("AABB"), {"by": "source"}, "no source is known"),
        (make("AABB", writer="1111"), {"by": "writer"}, "1 writers"),
        (make("AABB", writer="1122"), {"by": "writer", "test_size": 0.5}, "2 writers"),
        (make("AB"), {"by": "page"}, "by must be one of 'sample', 'source', 'writer', got 'page'"),
        (make("AB"), {"test_size": 0}, "between 0 and 1, got 0"),
        (make("AB"), {"test_size": 1.0}, "between 0 and 1"),
        (make("AB"), {"test_size": float("nan")}, "between 0 and 1"),
        (make(""), {}, "no letters"),
    ],
)
def test_impossible_splits_are_rejected(letters, settings_, message):
    with pytest.raises(DataError, match=message):
        split_letters(letters, **settings_)


def test_predefined_split_of_the_data_set():
    train, test = predefined_split(make("AAAA", split=["test", "train", "", "train"]))
    assert train.tolist() == [1, 3]
    assert test.tolist() == [0]
    with pytest.raises(DataError, match="no predefined split"):
        predefined_split(make("AA"))
    with pytest.raises(DataError, match="2 letters for training and 0 for testing"):
        predefined_split(make("AA", split=["train", "train"]))


def test_split_by_source():
    letters = make("ABCD", source="pqrp")
    train, test = split_by_source(letters, ["p", "r"], "q")
    assert train.tolist() == [0, 2, 3]
    assert test.tolist() == [1]
    with pytest.raises(DataError, match="both"):
        split_by_source(letters, ["p"], ["p"])
    with pytest.raises(DataError, match=r"\['p', 'q', 'r'\].*'x'"):
        split_by_source(letters, ["p"], ["x"])
    with pytest.raises(DataError, match=r"\[\] for testing"):
        split_by_source(letters, ["p"], [])
    with pytest.raises(DataError, match="no source is known"):
        split_by_source(make("AB"), ["p"], ["q"])


labels = st.lists(st.sampled_from("OOOOOOIAZ"), min_size=1, max_size=80).map(np.array)


def counts(y):
    return dict(zip(*np.unique(y, return_counts=True), strict=True))


@settings(deadline=None)
@given(y=labels, limit=st.integers(1, 30), seed=st.integers(0, 5))
def test_cap_keeps_at_most_limit_without_repeats(y, limit, seed):
    chosen = balance_indices(y, "cap", limit=limit, random_state=seed)
    assert len(np.unique(chosen)) == len(chosen)
    assert (np.diff(chosen) > 0).all()
    assert counts(y[chosen]) == {label: min(n, limit) for label, n in counts(y).items()}


@settings(deadline=None)
@given(y=labels, limit=st.integers(1, 30), seed=st.integers(0, 5))
def test_oversample_keeps_all_rows_and_repeats_evenly(y, limit, seed):
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
def test_balance_depends_on_random_state(method):
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
def test_invalid_input_of_balance(y, settings_, message):
    with pytest.raises(DataError, match=message):
        balance_indices(y, **settings_)
