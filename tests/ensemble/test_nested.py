"""Groups within groups: the same result as applying each level in turn, top-down descent, and single members."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.persistence import load_model, save_model

TREE = {"low": {"a": "AB", "b": {"c": "CD", "d": "E"}}, "high": "FGH"}
SETS = {"low": "ABCDE", "high": "FGH", "low/a": "AB", "low/b": "CDE", "low/b/c": "CD"}
MEMBERS = ["router", *(f"specialist:{name}" for name in SETS), "expert:B/F"]


def ensemble(**settings):
    linear = LogisticRegression(max_iter=500)
    given = {"groups": TREE, "confusables": ["BF"], "random_state": 0, **settings}
    return HierarchicalEnsembleClassifier(linear, linear, linear, **given)


@pytest.fixture(scope="module")
def letters():
    X, codes = make_blobs(640, centers=8, n_features=6, cluster_std=4.5, random_state=3)
    return X, np.array(list("ABCDEFGH"))[codes]


def pooled(probabilities, columns, opinion, trust):
    """The pool of the user guide, for one row and in plain steps."""
    mass = probabilities[columns].sum()
    share = (probabilities[columns] / mass) ** (1 - trust) * opinion**trust
    result = probabilities.copy()
    result[columns] = mass * share / share.sum()
    return result


@pytest.mark.parametrize("trust", [0.0, 0.4, 1.0])
def test_members_redistribute_level_by_level(letters, trust):
    X, y = letters
    model = ensemble(trust=trust, min_mass=0, confidence_threshold=1).fit(X, y)
    assert list(model.members_) == MEMBERS
    found = model.predict_proba(X[:40])
    sets = {**{f"specialist:{name}": labels for name, labels in SETS.items()}, "expert:B/F": "BF"}
    for row, routed in enumerate(model.members_["router"].predict_proba(X[:40])):
        expected = routed
        for name, labels in sets.items():
            opinion = model.members_[name].predict_proba(X[row : row + 1])[0]
            expected = pooled(expected, np.searchsorted(model.classes_, list(labels)), opinion, trust)
        np.testing.assert_allclose(found[row], expected, atol=1e-12)


def test_top_down_routing_descends_one_path(letters):
    X, y = letters
    model = ensemble(routing="top_down", trust=1.0, confusables=None, min_mass=0, confidence_threshold=1).fit(X, y)
    explained = model.explain(X)
    applied = np.zeros((len(X), 4), dtype=int)
    for step in explained.steps:
        applied[step.rows, step.member.level] += 1
    assert applied.max() == 1  # at most one group of each level
    members = {step.member.name: set(step.rows.tolist()) for step in explained.steps}
    assert members["specialist:low/a"] | members["specialist:low/b"] == members["specialist:low"]
    assert members["specialist:low/b/c"] <= members["specialist:low/b"]
    after = {step.member.name: step for step in explained.steps}["specialist:low"]
    sums = np.stack([after.after[:, :2].sum(axis=1), after.after[:, 2:5].sum(axis=1)])
    expected = set(after.rows[sums.argmax(axis=0) == 0].tolist())
    assert members["specialist:low/a"] == expected


def test_members_have_levels_and_route_counts(letters):
    X, y = letters
    model = ensemble().fit(X, y)
    assert list(model.levels_.values()) == [0, 1, 1, 2, 2, 3, 4]
    assert list(model.levels_) == list(model.route_counts(X)) == MEMBERS
    assert list(model.groups_) == ["low", "high"]
    assert list(model.subgroups_) == ["low/a", "low/b", "low/b/c", "low/b/d"]
    assert set(model.trust_) == set(MEMBERS[1:])


def test_the_trust_of_deeper_specialists_is_learned_with_a_router_of_groups(letters):
    X, y = letters
    model = ensemble(router_target="groups", confusables=None).fit(X, y)
    assert list(model.members_["router"].classes_) == ["high", "low"]
    assert [model.trust_[f"specialist:{name}"] for name in ("low", "high")] == [1.0, 1.0]
    assert max(model.trust_[f"specialist:{name}"] for name in ("low/a", "low/b", "low/b/c")) < 1


def test_flat_groups_are_a_tree_of_one_level(letters):
    X, y = letters
    flat = {"low": "ABCDE", "high": "FGH"}
    paths = {label: [name] for name, labels in flat.items() for label in labels}
    edges = [(name, label) for name, labels in flat.items() for label in labels]
    expected = ensemble(groups=flat).fit(X, y).predict_proba(X)
    for groups in (paths, edges):
        np.testing.assert_array_equal(ensemble(groups=groups).fit(X, y).predict_proba(X), expected)


@pytest.mark.parametrize("encode", [lambda y: y, lambda y: np.searchsorted(list("ABCDEFGH"), y)])
def test_label_types_do_not_matter(letters, encode):
    X, y = letters
    groups = {"low": {"a": [0, 1], "b": {"c": [2, 3], "d": [4]}}, "high": [5, 6, 7]}
    labels = encode(y)
    settings = {} if labels.dtype.kind == "U" else {"groups": groups, "confusables": {"B/F": [1, 5]}}
    found = ensemble(**settings).fit(X, labels).predict_proba(X)
    np.testing.assert_array_equal(found, ensemble().fit(X, y).predict_proba(X))


def test_a_specialist_may_be_a_hierarchy(letters):
    X, y = letters
    inner = HierarchicalEnsembleClassifier(
        GaussianNB(), GaussianNB(), groups={"a": "AB", "b": {"c": "CD", "d": "E"}}, trust=0.5
    )
    outer = ensemble(groups={"low": "ABCDE", "high": "FGH"}, trust=1.0, min_mass=0, confidence_threshold=1)
    outer.set_params(specialist={"low": inner, "high": GaussianNB()}, confusables=None)
    outer.fit(X, y)
    found = outer.members_["specialist:low"]
    alone = clone(found).fit(X[np.isin(y, list("ABCDE"))], y[np.isin(y, list("ABCDE"))])
    np.testing.assert_allclose(found.predict_proba(X), alone.predict_proba(X), atol=1e-12)
    low = outer.predict_proba(X)[:, :5]
    np.testing.assert_allclose(low / low.sum(axis=1, keepdims=True), found.predict_proba(X), atol=1e-9)
    assert list(found.subgroups_) == ["b/c", "b/d"]


def test_a_mapping_names_specialists_of_every_level(letters):
    with pytest.raises(HierarchyError, match=r"'low/b/c'.* without an estimator"):
        ensemble(confusables=None).set_params(specialist={"low": None, "high": None}).fit(*letters)


def test_saved_trees_are_loaded_again(letters, tmp_path):
    X, y = letters
    model = ensemble(routing="top_down").fit(X, y)
    save_model(model, tmp_path / "model.zip")
    loaded = load_model(tmp_path / "model.zip")
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert list(loaded.subgroups_) == list(model.subgroups_)


def test_ensembles_saved_without_subgroups_still_predict(letters):
    X, y = letters
    model = ensemble(groups={"low": "ABCDE", "high": "FGH"}).fit(X, y)
    expected = model.predict_proba(X)
    del model.subgroups_
    np.testing.assert_array_equal(model.predict_proba(X), expected)
