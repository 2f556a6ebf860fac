import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.evaluation.metrics import (
    confused_pairs,
    expected_calibration_error,
    hierarchical_scores,
    log_loss,
    per_class,
    predicted_labels,
    scores,
)
from ensemble_hwr.hierarchy import class_paths, resolve_groups

CLASSES = np.array(list("ABCDE"))


def sample(seed=0, n=300):
    rng = np.random.default_rng(seed)
    return rng.choice(CLASSES, n), rng.dirichlet(np.full(5, 0.4), n)


@pytest.mark.parametrize("seed", range(5))
def test_scores_agree_with_sklearn(seed):
    y, p = sample(seed)
    predicted = CLASSES[p.argmax(axis=1)]
    found = scores(y, p, CLASSES)
    assert found["accuracy"] == sklearn.metrics.accuracy_score(y, predicted)
    assert found["macro_f1"] == pytest.approx(sklearn.metrics.f1_score(y, predicted, average="macro"))
    assert found["log_loss"] == pytest.approx(sklearn.metrics.log_loss(y, p, labels=CLASSES))


def test_log_loss_of_no_probability_is_finite():
    p = np.array([[0.0, 1.0]])
    classes = np.array(["A", "B"])
    assert log_loss(np.array(["A"]), p, classes) == pytest.approx(36.04, abs=0.01)
    assert log_loss(np.array(["A"]), p.astype(np.float32), classes) == pytest.approx(36.04, abs=0.01)


def test_calibration_error_of_given_bins():
    y, p = sample(3)
    top, correct = p.max(axis=1), predicted_labels(p, CLASSES) == y
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (top > low) & (top <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - top[inside].mean())
    assert expected_calibration_error(y, p, CLASSES) == pytest.approx(expected)


def test_calibration_error_of_certain_predictions_is_0_or_1():
    classes = np.array(["A", "B"])
    p = np.array([[1.0, 0.0]] * 4)
    assert expected_calibration_error(np.array(["A"] * 4), p, classes) == 0.0
    assert expected_calibration_error(np.array(["B"] * 4), p, classes) == 1.0


def test_calibration_bins_are_closed_on_the_right():
    p = np.array([[0.6, 0.4], [0.59, 0.41]])  # 0.6 is the right end of the ninth bin, in which 0.59 lies
    assert expected_calibration_error(np.array(["A", "B"]), p, np.array(["A", "B"])) == pytest.approx((1.19 - 1) / 2)


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_calibration_error_is_between_0_and_1(seed, n_bins):
    y, p = sample(seed, n=20)
    assert 0.0 <= expected_calibration_error(y, p, CLASSES, n_bins=n_bins) <= 1.0


def test_scores_without_samples_are_none():
    assert set(scores(np.array([], dtype=str), np.empty((0, 5)), CLASSES).values()) == {None}


def test_per_class_agrees_with_the_confusion_matrix():
    y, p = sample()
    predicted = predicted_labels(p, CLASSES)
    table = per_class(y, predicted, CLASSES)
    matrix = sklearn.metrics.confusion_matrix(y, predicted, labels=CLASSES)
    for i, true in enumerate(CLASSES):
        row = table[true]
        assert row["support"] == matrix[i].sum()
        assert row["correct"] == matrix[i, i]
        assert row["accuracy"] == matrix[i, i] / matrix[i].sum()
        assert row["misclassified_with"] == {CLASSES[j]: matrix[i, j] for j in range(5) if j != i and matrix[i, j]}
        assert list(row["misclassified_with"].values()) == sorted(row["misclassified_with"].values(), reverse=True)


def test_per_class_without_samples_has_no_accuracy():
    table = per_class(np.array(["A"]), np.array(["A"]), CLASSES)
    assert table["B"] == {"support": 0, "correct": 0, "accuracy": None, "misclassified_with": {}}


def test_confused_pairs_sum_both_directions_most_frequent_first():
    y = np.array(list("AABBCCC"))
    predicted = np.array(list("BABACDA"))
    assert confused_pairs(y, predicted) == [
        {"a": "A", "b": "B", "count": 2, "a_as_b": 1, "b_as_a": 1},
        {"a": "A", "b": "C", "count": 1, "a_as_b": 0, "b_as_a": 1},
        {"a": "C", "b": "D", "count": 1, "a_as_b": 1, "b_as_a": 0},
    ]
    assert len(confused_pairs(y, predicted, n=1)) == 1
    assert confused_pairs(y, y) == []


@pytest.mark.parametrize("measure", [scores, log_loss, expected_calibration_error])
@pytest.mark.parametrize(
    ("y", "probabilities"),
    [(["B"], [[0.5, 0.5]]), (["A"], [[np.nan, 0.5]]), (["A"], [[0.5]]), (["A", "C"], [[0.5, 0.5]])],
)
def test_invalid_labels_or_probabilities_are_an_error(measure, y, probabilities):
    with pytest.raises(ValueError, match=r"not one of the classes|must be finite, of shape"):
        measure(np.array(y), np.array(probabilities), np.array(["A", "C"]))


TREE = resolve_groups({"x": {"a": "AB", "b": {"c": "CD", "d": "E"}}, "y": "FGH"}, list("ABCDEFGH"))


def ancestors(label):
    return {label} | {name for name, members in TREE.items() if label in members}


@given(st.lists(st.tuples(st.sampled_from("ABCDEFGH"), st.sampled_from("ABCDEFGH")), min_size=1, max_size=20))
def test_hierarchical_scores_equal_the_overlap_of_sets_of_ancestors(pairs):
    true, predicted = zip(*pairs, strict=True)
    common = [len(ancestors(t) & ancestors(p)) for t, p in pairs]
    n_true, n_predicted = [len(ancestors(t)) for t in true], [len(ancestors(p)) for p in predicted]
    precision, recall = sum(common) / sum(n_predicted), sum(common) / sum(n_true)
    expected = {"precision": precision, "recall": recall, "f1": 0.0}
    if common != [0] * len(common):
        expected["f1"] = 2 * precision * recall / (precision + recall)
    assert hierarchical_scores(true, predicted, TREE) == pytest.approx(expected)
    macro = hierarchical_scores(true, predicted, TREE, average="macro")
    assert macro["precision"] == pytest.approx(np.mean(np.divide(common, n_predicted)))
    assert macro["recall"] == pytest.approx(np.mean(np.divide(common, n_true)))


@pytest.mark.parametrize("average", ["micro", "macro"])
def test_hierarchical_scores_equal_those_of_hiclass(average):
    hiclass = pytest.importorskip("hiclass.metrics")
    rng = np.random.default_rng(0)
    true, predicted = rng.choice(list("ABCDEFGH"), (2, 200))
    paths = class_paths(TREE, list("ABCDEFGH"))

    def as_paths(labels):
        rows = [[*paths[label], label] for label in labels.tolist()]
        return np.array([row + [""] * (4 - len(row)) for row in rows])

    found = hierarchical_scores(true, predicted, TREE, average=average)
    for score in ("precision", "recall"):
        own = getattr(hiclass, score)(as_paths(true), as_paths(predicted), average=average)
        assert found[score] == pytest.approx(own)


def test_hierarchical_scores_reject_other_input():
    with pytest.raises(ValueError, match="'micro', 'macro'"):
        hierarchical_scores(["A"], ["A"], TREE, average="weighted")
    with pytest.raises(ValueError, match="one label per sample"):
        hierarchical_scores(["A"], ["A", "B"], TREE)
