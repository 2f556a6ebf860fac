"""Redistribution and sequential application of members, against loops over rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.ensemble._pooling import Gate, apply_members, open_rows, redistribute
from ensemble_hwr.ensemble.held_out import Member, opinion_of


def distributions(n_rows, n_classes, seed, sharpness=1.0):
    raw = np.random.default_rng(seed).gamma(sharpness, size=(n_rows, n_classes)) + 1e-12
    return raw / raw.sum(axis=1, keepdims=True)


def slow_redistribute(P, columns, opinion, trust):
    result = P.copy()
    for row in range(len(P)):
        mass = sum(P[row, c] for c in columns)
        shares = [(P[row, c] / mass) ** (1 - trust) * opinion[row, j] ** trust for j, c in enumerate(columns)]
        for j, c in enumerate(columns):
            result[row, c] = mass * shares[j] / sum(shares)
    return result


@given(st.integers(2, 9), st.data())
def test_redistribution_equals_the_formula_in_loops(n_classes, data):
    columns = np.array(sorted(data.draw(st.sets(st.integers(0, n_classes - 1), min_size=1))))
    trust, seed = data.draw(st.floats(0, 1)), data.draw(st.integers(0, 1000))
    P, opinion = distributions(5, n_classes, seed), distributions(5, len(columns), seed + 1)
    moved = redistribute(P, columns, opinion, trust)
    np.testing.assert_allclose(moved, slow_redistribute(P, columns, opinion, trust), atol=1e-12)
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    np.testing.assert_allclose(moved[:, columns].sum(axis=1), P[:, columns].sum(axis=1))
    outside = np.setdiff1d(np.arange(n_classes), columns)
    np.testing.assert_array_equal(moved[:, outside], P[:, outside])


def test_trust_1_is_the_top_down_product_even_with_a_prior_of_0():
    P, opinion = np.array([[0.6, 0.0, 0.4]]), np.array([[0.25, 0.75]])
    np.testing.assert_allclose(redistribute(P, np.array([0, 1]), opinion, 1.0), [[0.15, 0.45, 0.4]])


def test_opinions_that_exclude_each_other_change_nothing():
    P = np.array([[0.6, 0.0, 0.4]])
    np.testing.assert_array_equal(redistribute(P, np.array([0, 1]), np.array([[0.0, 1.0]]), 0.5), P)


def test_a_row_is_open_where_the_set_holds_enough_and_no_class_nearly_all_of_it():
    P = np.array([[0.5, 0.45, 0.05], [0.01, 0.01, 0.98], [0.94, 0.01, 0.05], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    pair = np.array([0, 1])
    assert open_rows(P, pair, 0.1, 0.98).tolist() == [0]
    assert open_rows(P, pair, 0.0, 0.98).tolist() == [0, 1]
    assert open_rows(P, pair, 0.0, 1.0).tolist() == [0, 1, 2, 4]
    assert open_rows(P, pair, 0.0, 1.0, np.array([False, True, True, True, False])).tolist() == [1, 2]


CLASSES = np.array(list("ABCD"))
GROUP_OF = np.array([0, 0, 1, 1])
OPEN = Gate(min_mass=0, confidence_threshold=1, group_of=GROUP_OF)
ROUTER = np.array([[0.4, 0.3, 0.2, 0.1], [0.05, 0.05, 0.2, 0.7], [0.3, 0.19, 0.26, 0.25]])


class FixedProbabilities:
    """Predicts the row of `table` whose number is in the first column of X, and records the numbers."""

    def __init__(self, letters, table):
        self.classes_ = np.array(list(letters))
        self.table = np.asarray(table, dtype=float)
        self.calls = []

    def predict_proba(self, X):
        rows = np.asarray(X)[:, 0].astype(int)
        self.calls += rows.tolist()
        return self.table[rows]


def member(name, model):
    columns = np.searchsorted(CLASSES, model.classes_)
    return Member(f"{name}:{''.join(model.classes_)}", name, columns, model)


def applied(members, trust, gate=OPEN, router=ROUTER):
    """Return the steps and the result."""
    result = router.copy()
    X = np.arange(float(len(router)))[:, None]
    given = dict(zip([m.name for m in members], trust, strict=True))
    return list(
        apply_members(members, given, result, predict=lambda m, rows: opinion_of(m, X[rows], CLASSES), gate=gate)
    ), result


def test_each_member_is_applied_to_the_result_of_the_one_before():
    first = member("specialist", FixedProbabilities("AB", [[0.5, 0.5]] * 3))
    second = member("expert", FixedProbabilities("BC", [[0.9, 0.1]] * 3))
    steps, result = applied([first, second], [1.0, 1.0])
    np.testing.assert_array_equal(steps[0].before, ROUTER)
    np.testing.assert_array_equal(steps[1].before, steps[0].after)
    np.testing.assert_array_equal(steps[1].after, result)
    np.testing.assert_allclose(result[0], [0.35, 0.9 * 0.55, 0.1 * 0.55, 0.1])


@given(st.integers(0, 10_000), st.floats(0.01, 1), st.floats(0, 0.5), st.floats(0.5, 1))
def test_applying_members_equals_a_loop_over_rows(seed, trust, min_mass, confidence_threshold):
    rng = np.random.default_rng(seed)
    router = rng.dirichlet(np.full(4, 0.5), size=6)
    members = [
        member("specialist", FixedProbabilities("AB", rng.dirichlet([1, 1], size=6))),
        member("specialist", FixedProbabilities("CD", rng.dirichlet([1, 1], size=6))),
        member("expert", FixedProbabilities("ACD", rng.dirichlet([1, 1, 1], size=6))),
    ]
    _, together = applied(members, [trust] * 3, Gate(min_mass, confidence_threshold, GROUP_OF), router)
    for row, expected in enumerate(router.copy()):
        for applied_member in members:
            inside = expected[applied_member.columns]
            if inside.sum() >= min_mass and (
                confidence_threshold == 1 or inside.max() < confidence_threshold * inside.sum()
            ):
                pooled = (inside / inside.sum()) ** (1 - trust) * applied_member.estimator.table[row] ** trust
                expected[applied_member.columns] = inside.sum() * pooled / pooled.sum()
        np.testing.assert_allclose(together[row], expected, atol=1e-9)


def test_members_predict_only_open_rows():
    model = FixedProbabilities("AB", [[0.5, 0.5]] * 3)
    (step,), _ = applied([member("expert", model)], [0.5], Gate(0.2, 0.6, GROUP_OF))
    assert model.calls == step.rows.tolist() == [0]  # row 1 holds too little, row 2 is clear


def test_a_member_without_trust_or_without_open_rows_is_not_called():
    untrusted, idle = FixedProbabilities("AB", [[0.5, 0.5]] * 3), FixedProbabilities("AC", [[0.5, 0.5]] * 3)
    steps, result = applied([member("expert", untrusted), member("expert", idle)], [0, 1.0], Gate(0.9, 1, GROUP_OF))
    assert untrusted.calls == idle.calls == []
    assert [(step.member.name, len(step.rows), step.after.shape) for step in steps] == [("expert:AC", 0, (0, 4))]
    np.testing.assert_array_equal(result, ROUTER)


def test_a_member_fitted_on_part_of_its_set_redistributes_only_that_part():
    partial = FixedProbabilities("AC", [[0.0, 1.0]] * 3)
    wide = Member("expert:ABC", "expert", np.array([0, 1, 2]), partial)
    _, result = applied([wide], [1.0])
    np.testing.assert_allclose(result[0], [0, 0.3, 0.6, 0.1])


@pytest.mark.parametrize(("letters", "rows"), [("AB", [0]), ("CD", [1, 2])])
def test_top_down_routing_applies_only_the_specialist_of_the_most_probable_group(letters, rows):
    gate = Gate(0, 1, GROUP_OF, top_down=True)
    (step,), _ = applied([member("specialist", FixedProbabilities(letters, [[0.5, 0.5]] * 3))], [1.0], gate)
    assert step.rows.tolist() == rows
    (step,), _ = applied([member("expert", FixedProbabilities(letters, [[0.5, 0.5]] * 3))], [1.0], gate)
    assert step.rows.tolist() == [0, 1, 2]


def test_top_down_routing_depends_on_the_router_alone():
    expert = FixedProbabilities("ABCD", [[0.01, 0.01, 0.97, 0.01]] * 3)
    specialist = FixedProbabilities("AB", [[0.5, 0.5]] * 3)
    members = [member("expert", expert), member("specialist", specialist)]
    steps, _ = applied(members, [0.5, 1.0], Gate(0, 1, GROUP_OF, top_down=True))
    assert steps[1].rows.tolist() == [0]


def test_the_most_probable_group_has_the_largest_sum_and_not_the_most_probable_class():
    gate = Gate(0, 1, np.array([1, 0, 0, 1]))
    assert gate.winners(np.array([[0.4, 0.3, 0.3, 0.0], [0.3, 0.2, 0.2, 0.3]])).tolist() == [0, 1]


def test_specialists_of_a_router_of_groups_ignore_the_confidence_threshold():
    sure = np.array([[0.99, 0.01, 0.0, 0.0]])
    model = SimpleNamespace(role="specialist", columns=np.array([0, 1]), level=1)
    expert = SimpleNamespace(role="expert", columns=np.array([0, 1]))
    for router_of_groups, rows in ((False, 0), (True, 1)):
        gate = Gate(0.1, 0.9, GROUP_OF, router_of_groups=router_of_groups)
        assert len(gate.rows(model, sure, gate.winners(sure))) == rows
        assert len(gate.rows(expert, sure, gate.winners(sure))) == 0


def test_members_of_disjoint_sets_are_prepared_together():
    pair = member("specialist", FixedProbabilities("AB", [[0.5, 0.5]] * 3))
    other = member("specialist", FixedProbabilities("CD", [[0.9, 0.1]] * 3))
    expert = member("expert", FixedProbabilities("BC", [[0.9, 0.1]] * 3))
    overlapping = member("expert", FixedProbabilities("CD", [[0.2, 0.8]] * 3))
    members = [pair, other, expert, overlapping]
    trust = {m.name: 0.5 for m in members}
    gate = Gate(min_mass=0.25, confidence_threshold=0.95, group_of=GROUP_OF)
    prepared = []
    X = np.arange(3.0)[:, None]
    steps = list(
        apply_members(
            members,
            trust,
            ROUTER.copy(),
            predict=lambda m, rows: opinion_of(m, X[rows], CLASSES),
            gate=gate,
            prepare=lambda run: prepared.append([(m.name, rows.tolist()) for m, rows in run]),
        )
    )
    assert [[name for name, _ in run] for run in prepared] == [
        ["specialist:AB", "specialist:CD"],
        ["expert:BC"],
        ["expert:CD"],
    ]
    assert [rows for run in prepared for _, rows in run] == [step.rows.tolist() for step in steps]
    current = ROUTER.copy()
    for step in steps:  # each member has the rows that its gate opens when it is applied
        assert gate.rows(step.member, current, None).tolist() == step.rows.tolist()
        current[step.rows] = step.after
