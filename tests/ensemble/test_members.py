"""Declaration, templates, checks and probabilities of members."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ensemble_hwr._composites import seed_all
from ensemble_hwr.ensemble._members import (
    Member,
    check_classes,
    check_prefit,
    declare_members,
    default_estimator,
    fixed_trusts,
)
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.ensemble.held_out import MemberProblem, opinion_of
from ensemble_hwr.exceptions import HierarchyError

CLASSES = np.array(list("ABCDE"))
GROUPS = {"x": np.array(["A", "D", "E"]), "y": np.array(["B", "C"])}
SETS = {"A-B": np.array(["A", "B"]), "C": np.array(["C"]), "D-E": np.array(["D", "E"])}


class FixedProbabilities:
    def __init__(self, labels, answer):
        self.classes_, self.answer = np.asarray(labels), np.asarray(answer, dtype=float)

    def predict_proba(self, X):
        return self.answer


def names(members):
    return [member.name for member in members]


@pytest.mark.parametrize("n", [512, 1000, 5000, 12_800, 20_000])
def test_the_default_mlp_takes_the_same_number_of_steps_for_any_number_of_rows(n):
    mlp = default_estimator(n)
    assert isinstance(mlp, MemberMLPClassifier)
    assert mlp.max_iter * n / mlp.batch_size == pytest.approx(3000, rel=0.05)


@pytest.mark.parametrize("n", [2, 31, 32, 1_000_000])
def test_the_default_mlp_has_a_valid_batch_size_for_any_number_of_rows(n):
    mlp = default_estimator(n)
    assert 1 <= mlp.batch_size <= n
    assert 30 <= mlp.max_iter <= 200


def test_sets_of_one_class_and_groups_of_all_have_no_specialist():
    template = LogisticRegression()
    members = declare_members("specialist", template, SETS, CLASSES)
    assert names(members) == ["specialist:A-B", "specialist:D-E"]
    assert [member.columns.tolist() for member in members] == [[0, 1], [3, 4]]
    assert all(member.estimator is template for member in members)
    assert declare_members("specialist", template, {"all": CLASSES}, CLASSES) == []
    assert names(declare_members("expert", template, {"all": CLASSES}, CLASSES)) == ["expert:all"]


def test_a_mapping_may_name_a_set_of_one_class_but_no_unknown_set():
    one, other = LogisticRegression(), DecisionTreeClassifier()
    members = declare_members("specialist", {"D-E": other, "C": one, "A-B": one}, SETS, CLASSES)
    assert [(member.name, member.estimator) for member in members] == [
        ("specialist:A-B", one),
        ("specialist:D-E", other),
    ]
    with pytest.raises(HierarchyError, match=r"specialist: .*\['D-E'\] without an estimator; \['Z'\] not a set"):
        declare_members("specialist", {"A-B": one, "Z": one}, SETS, CLASSES)


def test_every_random_state_is_drawn_inside_a_pipeline_too():
    template = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=3))
    first, again = (seed_all(template, np.random.RandomState(0)) for _ in range(2))
    assert first[-1].random_state == again[-1].random_state != 3
    assert seed_all(template, None)[-1].random_state == 3
    assert template[-1].random_state == 3


def test_an_opinion_has_the_columns_of_the_classes_of_its_estimator():
    member = Member("expert:B/E", "expert", np.array([1, 4]), FixedProbabilities(["B", "E"], [[0.2, 0.8]]))
    columns, opinion = opinion_of(member, [[0.0]], CLASSES)
    assert columns.tolist() == [1, 4]
    np.testing.assert_array_equal(opinion, [[0.2, 0.8]])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[0.2, 0.8]], r"shape \(1, 2\), where 2 rows of 2 classes need \(2, 2\)"),
        ([[0.2], [0.8]], r"shape \(2, 1\)"),
        ([0.2, 0.8], r"shape \(2,\)"),
        ([[0.5, 0.5], [np.nan, 1]], "NaN"),
        ([[0.5, 0.5], [np.inf, 1]], "infinite"),
        ([[0.5, 0.5], [-0.1, 1.1]], "negative"),
        ([[0.5, 0.5], [0, 0]], "no probability to any class of row 1"),
    ],
)
def test_invalid_probabilities_raise_with_the_name_of_the_member(answer, message):
    member = Member("expert:B/E", "expert", np.array([1, 4]), FixedProbabilities(["B", "E"], answer))
    with pytest.raises(HierarchyError, match=f"member 'expert:B/E': predict_proba of its .* gave .*{message}"):
        opinion_of(member, [[0.0], [1.0]], CLASSES)


def test_a_member_must_keep_its_labels():
    y = np.array(list("ABAB"))
    check_classes("expert:A/B", FixedProbabilities(["A", "B"], []), y)
    with pytest.raises(HierarchyError, match=r"fitted on \['A', 'B'\], but its classes_ are \[0, 1\]"):
        check_classes("expert:A/B", FixedProbabilities([0, 1], []), y)
    with pytest.raises(HierarchyError, match="its object has no classes_ after fit"):
        check_classes("expert:A/B", object(), y)


@given(st.integers(0, 1000))
def test_a_router_of_groups_shares_evenly_and_rows_sum_to_one(seed):
    answer = np.random.default_rng(seed).dirichlet([1, 1], size=4)
    found = MemberProblem.of_router(CLASSES, "groups", GROUPS).predict(FixedProbabilities(["x", "y"], answer), answer)
    np.testing.assert_allclose(found[:, [0, 3, 4]], np.repeat(answer[:, :1] / 3, 3, axis=1))
    np.testing.assert_allclose(found[:, [1, 2]], np.repeat(answer[:, 1:] / 2, 2, axis=1))


def test_a_router_without_a_class_gives_it_probability_0():
    found = MemberProblem.of_router(CLASSES).predict(FixedProbabilities(["A", "D"], [[0.3, 0.3]]), [[0.0]])
    np.testing.assert_allclose(found, [[0.5, 0, 0, 0.5, 0]])


def test_fixed_trusts():
    members = [*declare_members("specialist", None, SETS, CLASSES), *declare_members("expert", None, SETS, CLASSES)]
    specialists, experts = names(members)[:2], names(members)[2:]
    assert fixed_trusts("learned", members, router_of_groups=False) == {}
    assert fixed_trusts("learned", members, router_of_groups=True) == dict.fromkeys(specialists, 1.0)
    assert fixed_trusts(0.25, members, router_of_groups=True) == dict.fromkeys(specialists, 1.0) | dict.fromkeys(
        experts, 0.25
    )
    given_trust = {name: i / 4 for i, name in enumerate(names(members))}
    assert fixed_trusts(given_trust, members, router_of_groups=False) == given_trust
    for broken in (dict(list(given_trust.items())[1:]), given_trust | {"router": 1.0}):
        with pytest.raises(HierarchyError, match="name each once"):
            fixed_trusts(broken, members, router_of_groups=False)
    for value in (-0.1, 1.1, float("nan"), "1"):
        with pytest.raises(HierarchyError, match="trust is a number from 0 to 1"):
            fixed_trusts(given_trust | {experts[0]: value}, members, router_of_groups=False)


def test_prefit_members_must_be_fitted_on_the_labels_of_their_set():
    X, y = np.eye(4), np.array(list("ABAB"))
    fitted = LogisticRegression().fit(X, y)
    check_prefit(Member("expert:A/B", "expert", np.array([0, 1]), fitted), ["B", "A"])
    with pytest.raises(HierarchyError, match=r"'expert:A/C' was fitted on \['A', 'B'\], but its set is \['A', 'C'\]"):
        check_prefit(Member("expert:A/C", "expert", np.array([0, 2]), fitted), ["A", "C"])
    with pytest.raises(NotFittedError):
        check_prefit(Member("expert:A/B", "expert", np.array([0, 1]), LogisticRegression()), ["A", "B"])
    with pytest.raises(HierarchyError, match="needs a fitted estimator for 'router'; got None"):
        check_prefit(Member("router", "router", np.array([0, 1]), None), ["A", "B"])
