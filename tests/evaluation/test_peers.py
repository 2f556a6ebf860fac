"""The adapter of HiClass: labels of any type, groups of several depths, and the product of local classifiers."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from ensemble_hwr.evaluation.peers import HiClassClassifier
from ensemble_hwr.exceptions import HierarchyError, MissingExtraError

LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
TREE = {"low": {"a": [0, 1], "b": {"c": [2, 3], "d": [4]}}, "high": [9, 10, 11]}
pytestmark = pytest.mark.filterwarnings("ignore")
pytest.importorskip("hiclass")


def linear():
    return LogisticRegression(max_iter=500)


@pytest.fixture(scope="module")
def samples():
    return make_blobs(900, centers=26, n_features=8, cluster_std=1.5, random_state=3)


@pytest.fixture(scope="module")
def few(samples):
    X, codes = samples
    kept = np.isin(codes, [0, 1, 2, 3, 4, 9, 10, 11])
    return X[kept], codes[kept]


@pytest.mark.parametrize("policy", ["parent_node", "node"])
def test_integer_labels_give_the_accuracy_of_text_labels(samples, policy):
    X, codes = samples  # with labels sorted as texts, 10 is before 2, and most columns belong to other classes
    groups = [LETTERS[i : i + 5].tolist() for i in range(0, 26, 5)]
    numbers = [list(range(i, min(i + 5, 26))) for i in range(0, 26, 5)]
    of_letters = HiClassClassifier(linear(), groups=groups, policy=policy).fit(X, LETTERS[codes])
    of_numbers = HiClassClassifier(linear(), groups=numbers, policy=policy).fit(X, codes)
    np.testing.assert_allclose(of_numbers.predict_proba(X), of_letters.predict_proba(X))
    assert of_numbers.score(X, codes) == of_letters.score(X, LETTERS[codes]) > 0.7


def test_groups_with_the_name_of_a_class_do_not_collide(few):
    X, codes = few
    named = {"0": [0, 1, 2, 3, 4], "9": [9, 10, 11]}
    expected = HiClassClassifier(linear(), groups=list(named.values())).fit(X, codes).predict_proba(X)
    np.testing.assert_allclose(HiClassClassifier(linear(), groups=named).fit(X, codes).predict_proba(X), expected)


def test_two_levels_give_hiclass_s_own_probabilities(few):
    X, codes = few
    model = HiClassClassifier(linear(), groups=[[0, 1, 2, 3, 4], [9, 10, 11]]).fit(X, codes)
    own = model.model_.predict_proba(X)  # the codes are in the order of the classes
    np.testing.assert_allclose(model.predict_proba(X).argmax(axis=1), own.argmax(axis=1))


def test_deeper_groups_give_the_product_of_local_classifiers(few):
    X, codes = few
    model = HiClassClassifier(linear(), groups=TREE).fit(X, codes)
    expected = np.ones((len(X), 8))
    levels = [
        ([0, 1, 2, 3, 4, 9, 10, 11], {0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 9: 1, 10: 1, 11: 1}),
        ([0, 1, 2, 3, 4], {0: 0, 1: 0, 2: 1, 3: 1, 4: 1}),
        ([0, 1], {0: 0, 1: 1}),
        ([2, 3, 4], {2: 0, 3: 0, 4: 1}),
        ([2, 3], {2: 0, 3: 1}),
        ([9, 10, 11], {9: 0, 10: 1, 11: 2}),
    ]
    for inside, child_of in levels:
        rows = np.isin(codes, inside)
        local = clone(linear()).fit(X[rows], [child_of[code] for code in codes[rows].tolist()])
        columns = np.searchsorted(model.classes_, inside)
        expected[:, columns] *= local.predict_proba(X)[:, [child_of[code] for code in inside]]
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-6)
    assert list(model.groups_) == ["low", "high", "low/a", "low/b", "low/b/c", "low/b/d"]


@pytest.mark.parametrize("policy", ["parent_node", "node"])
def test_predictions_are_mostly_those_of_hiclass(few, policy):
    X, codes = few
    model = HiClassClassifier(linear(), groups=TREE, policy=policy).fit(X, codes)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    own = model.classes_[[int(path[-1].lstrip("c")) for path in model.model_.predict(X)]]
    assert np.mean(own == model.predict(X)) > 0.9  # HiClass descends greedily, the product weighs all paths


def test_a_random_state_seeds_the_local_classifiers(few):
    X, codes = few
    tree = DecisionTreeClassifier(splitter="random")
    one, two, other = (
        HiClassClassifier(tree, groups=TREE, random_state=seed).fit(X[::2], codes[::2]).predict_proba(X)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


@pytest.mark.parametrize("policy", ["parent_node", "node"])
def test_samples_of_weight_0_have_no_effect(few, policy):
    X, codes = few
    used = np.arange(len(codes)) % 3 > 0
    tree = DecisionTreeClassifier(random_state=0)
    weighed = HiClassClassifier(tree, groups=TREE, policy=policy).fit(X, codes, used.astype(float))
    alone = HiClassClassifier(tree, groups=TREE, policy=policy).fit(X[used], codes[used])
    assert np.mean(weighed.predict(X) == alone.predict(X)) > 0.95
    assert weighed.score(X[used], codes[used]) == 1


def test_weights_are_refused_if_the_local_classifiers_accept_none(few):
    X, codes = few
    with pytest.raises(TypeError, match="a Pipeline, whose fit has no such argument"):
        HiClassClassifier(make_pipeline(linear()), groups=TREE).fit(X, codes, np.ones(len(codes)))


def test_groups_are_checked(few):
    with pytest.raises(HierarchyError, match="in no group"):
        HiClassClassifier(linear(), groups=[[0, 1], [2, 3]]).fit(*few)


def test_without_hiclass_the_error_names_the_extra(few, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "hiclass", None)
    with pytest.raises(MissingExtraError, match="benchmarks"):
        HiClassClassifier(linear()).fit(*few)
