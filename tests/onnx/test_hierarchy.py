import copy

import numpy as np
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import GaussianNB

from ensemble_hwr import HierarchicalEnsembleClassifier, MemberMLPClassifier

LETTERS = list("ABCDEFGH")


@st.composite
def hierarchies(draw):
    """Draw parameters of an ensemble over the first few letters."""
    n = draw(st.integers(2, len(LETTERS)))
    labels = LETTERS[:n]
    numbers = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    groups = [
        [label for label, k in zip(labels, numbers, strict=True) if k == number] for number in sorted(set(numbers))
    ]
    sets = st.sets(st.sampled_from(labels), min_size=2).map(sorted)
    confusables = draw(st.lists(sets, max_size=3, unique_by=tuple))
    share = st.floats(0, 1)
    return {
        "groups": groups,
        "confusables": confusables or None,
        "router_target": draw(st.sampled_from(["classes", "groups"])) if len(groups) > 1 else "classes",
        "routing": draw(st.sampled_from(["soft", "top_down"])),
        "trust": draw(share | st.sampled_from([0.0, 1.0])),
        "min_mass": draw(share | st.just(0.0)),
        "confidence_threshold": draw(share | st.just(1.0)),
        "random_state": draw(st.integers(0, 1000)),
    }


def rows_of(labels, seed, times):
    rng = np.random.default_rng(seed)
    middles = 2 * np.random.default_rng(1).normal(size=(len(LETTERS), 6))
    codes = np.arange(len(labels) * times) % len(labels)
    return (middles[codes] + rng.normal(size=(len(codes), 6))).astype(np.float32), np.array(labels)[codes]


def fitted(settings_of, member=None):
    labels = sorted(label for group in settings_of["groups"] for label in group)
    member = MemberMLPClassifier((4,), max_iter=8, batch_size=8, learning_rate_init=0.05) if member is None else member
    model = HierarchicalEnsembleClassifier(member, member, member, **settings_of)
    return model.fit(*rows_of(labels, 0, 6)), rows_of(labels, 1, 8)[0]


def rows_with_clear_gates(model, rows):
    """Return the rows on which no gate depends on rounding in float32."""
    results = []
    for shift in (-1e-4, 1e-4):
        for gate in ("confidence_threshold", "min_mass"):
            other = copy.copy(model)
            setattr(other, gate, np.clip(getattr(model, gate) + shift, 0, 1))
            results.append(other.predict_proba(rows))
    return rows[np.all([np.abs(result - results[0]).max(axis=1) < 1e-9 for result in results], axis=0)]


SMALL_TRUST_IN_A_MILLIONTH = {
    "groups": [["B"], ["D", "E"], ["A"], ["C", "F"]],
    "confusables": [list("ABCDEF"), list("BCF"), list("ABEF")],
    "router_target": "classes",
    "routing": "soft",
    "trust": 0.16733524891422039,
    "min_mass": 0.34437407251506685,
    "confidence_threshold": 0.8990341157448436,
    "random_state": 169,
}


@given(hierarchies())
@example(SMALL_TRUST_IN_A_MILLIONTH)
@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])
def test_exported_random_hierarchies_equal_predict_proba(session, settings_of):
    model, rows = fitted(settings_of)
    rows = rows_with_clear_gates(model, rows)
    assume(len(rows) > 5)
    ready = session(model)
    label, probabilities = ready.run(None, {"rows": rows})
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), rtol=0, atol=1e-5)
    assert set(label.tolist()) <= set(model.classes_.tolist())
    alone = np.vstack([ready.run(["probabilities"], {"rows": row[None]})[0] for row in rows[:5]])
    np.testing.assert_allclose(alone, probabilities[:5], rtol=0, atol=1e-6)


@pytest.mark.parametrize("routing", ["soft", "top_down"])
@pytest.mark.parametrize("router_target", ["classes", "groups"])
def test_exported_hierarchies_of_other_members(routing, router_target, assert_same):
    groups = {"groups": [["A", "B"], ["C"], ["D", "E"]], "routing": routing, "router_target": router_target}
    model, rows = fitted({**groups, "trust": 0.5, "confidence_threshold": 1, "confusables": [["B", "D"]]}, GaussianNB())
    assert_same(model, rows)


@pytest.mark.parametrize("routing", ["soft", "top_down"])
@pytest.mark.parametrize("router_target", ["classes", "groups"])
def test_exported_hierarchies_of_three_levels(routing, router_target, assert_same):
    model = HierarchicalEnsembleClassifier(
        *3 * [GaussianNB()],
        groups={"x": {"a": "AB", "b": {"c": "CD", "d": "E"}}, "y": "FGH"},
        confusables=["BF"],
        routing=routing,
        router_target=router_target,
        trust=0.7,
        confidence_threshold=0.97,
        min_mass=0.0,
    )
    assert_same(model.fit(*rows_of(LETTERS, 0, 10)), rows_of(LETTERS, 1, 20)[0])


def test_a_hierarchy_can_be_a_specialist(assert_same):
    member = MemberMLPClassifier((4,), max_iter=20, batch_size=8, learning_rate_init=0.05)
    inner = HierarchicalEnsembleClassifier(member, member, groups=["AB", "CD"], trust=0.6)
    specialists = {"A-D": inner, "E/F": member}
    outer = HierarchicalEnsembleClassifier(
        member, specialists, groups=["ABCD", "EF"], trust=0.7, min_mass=0, confidence_threshold=1, random_state=0
    )
    assert_same(outer.fit(*rows_of(LETTERS[:6], 0, 10)), rows_of(LETTERS[:6], 1, 20)[0])


def test_a_hierarchy_can_be_a_member(assert_same):
    inner = HierarchicalEnsembleClassifier(*3 * [GaussianNB()], groups=[["A", "B"], ["C", "D"]], trust=1.0)
    expert = {"A-D": inner}
    outer = HierarchicalEnsembleClassifier(
        GaussianNB(), GaussianNB(), expert, groups=[list("ABC"), list("DEF")], confusables=[list("ABCD")], trust=0.7
    )
    train, labels = rows_of(LETTERS[:6], 0, 10)
    assert_same(outer.fit(train, labels), rows_of(LETTERS[:6], 1, 20)[0])


def test_no_rows_give_empty_outputs(session):
    model, rows = fitted({"groups": [["A", "B"], ["C", "D"]], "confusables": [["B", "C"]], "trust": 0.5})
    label, probabilities = session(model).run(None, {"rows": rows[:0]})
    assert label.shape == (0,)
    assert probabilities.shape == (0, 4)


@pytest.mark.parametrize("routing", ["soft", "top_down"])
def test_a_nested_hierarchy_of_converted_members_may_get_no_rows(routing, exported):
    inner = HierarchicalEnsembleClassifier(*2 * [GaussianNB()], groups=["AB", "CD"], trust=0.6, routing=routing)
    specialists = {"A-D": inner, "E/F": GaussianNB()}
    outer = HierarchicalEnsembleClassifier(
        GaussianNB(), specialists, groups=["ABCD", "EF"], trust=0.7, min_mass=0.5, routing=routing, random_state=0
    )
    train, labels = rows_of(LETTERS[:6], 0, 10)
    outer.fit(train, labels)
    for rows in (train[labels == "F"], train[labels == "A"], train[:1]):
        _, probabilities = exported(outer, rows)
        np.testing.assert_allclose(probabilities, outer.predict_proba(rows), atol=1e-5)


@pytest.mark.parametrize("routing", ["soft", "top_down"])
def test_a_hierarchy_of_converted_members_of_three_levels_may_get_no_rows(routing, exported):
    groups = {"x": {"a": "AB", "b": {"c": "CD", "d": "E"}}, "y": "FGH"}
    model = HierarchicalEnsembleClassifier(*3 * [GaussianNB()], groups=groups, trust=0.7, routing=routing)
    train, labels = rows_of(LETTERS, 0, 10)
    model.fit(train, labels)
    rows = train[labels == "H"]
    _, probabilities = exported(model, rows)
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)


def test_a_temperature_is_exported(exported):
    groups = [["A", "B"], ["C", "D"]]
    member = GaussianNB()
    model, rows = fitted({"groups": groups, "calibration": "temperature", "cv": 2, "random_state": 0}, member)
    assert model.temperature_ != 1
    _, probabilities = exported(model, rows)
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)


def test_without_open_rows_the_output_is_the_routers(exported):
    model, rows = fitted({"groups": [["A", "B"], ["C", "D"]], "trust": 0.5, "min_mass": 1.0})
    assert sum(model.route_counts(rows).values()) == len(rows)
    _, probabilities = exported(model, rows)
    np.testing.assert_allclose(probabilities, model.route(rows), atol=1e-6)
