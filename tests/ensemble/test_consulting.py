"""Members speak in turn, each on what the one before it left, against the same written out row by row."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.ensemble._pooling import Gate, apply_members
from ensemble_hwr.ensemble.held_out import Member, opinion_of

CLASSES = np.array(list("ABCD"))
GROUP_OF = np.array([0, 0, 1, 1])
OPEN = Gate(min_mass=0, confidence_threshold=1, group_of=GROUP_OF)
ROUTER = np.array([[0.4, 0.3, 0.2, 0.1], [0.05, 0.05, 0.2, 0.7], [0.3, 0.19, 0.26, 0.25]])


class Says:
    """Answers the row of `table` whose number is in the first column of X, and remembers which it was asked."""

    def __init__(self, letters, table):
        self.classes_ = np.array(list(letters))
        self.table = np.asarray(table, dtype=float)
        self.asked = []

    def predict_proba(self, X):
        rows = np.asarray(X)[:, 0].astype(int)
        self.asked += rows.tolist()
        return self.table[rows]


def member(name, says):
    columns = np.searchsorted(CLASSES, says.classes_)
    return Member(f"{name}:{''.join(says.classes_)}", name, columns, says)


def told(members, trust, gate=OPEN, router=ROUTER):
    """Return the steps and the result."""
    result = router.copy()
    X = np.arange(float(len(router)))[:, None]
    given = dict(zip([m.name for m in members], trust, strict=True))
    return list(
        apply_members(members, given, result, predict=lambda m, rows: opinion_of(m, X[rows], CLASSES), gate=gate)
    ), result


def test_each_hears_what_the_one_before_it_left():
    first = member("specialist", Says("AB", [[0.5, 0.5]] * 3))
    second = member("expert", Says("BC", [[0.9, 0.1]] * 3))
    steps, result = told([first, second], [1.0, 1.0])
    np.testing.assert_array_equal(steps[0].before, ROUTER)
    np.testing.assert_array_equal(steps[1].before, steps[0].after)
    np.testing.assert_array_equal(steps[1].after, result)
    np.testing.assert_allclose(result[0], [0.35, 0.9 * 0.55, 0.1 * 0.55, 0.1])


@given(st.integers(0, 10_000), st.floats(0.01, 1), st.floats(0, 0.5), st.floats(0.5, 1))
def test_it_is_the_same_row_by_row(seed, trust, min_mass, confidence_threshold):
    rng = np.random.default_rng(seed)
    router = rng.dirichlet(np.full(4, 0.5), size=6)
    members = [
        member("specialist", Says("AB", rng.dirichlet([1, 1], size=6))),
        member("specialist", Says("CD", rng.dirichlet([1, 1], size=6))),
        member("expert", Says("ACD", rng.dirichlet([1, 1, 1], size=6))),
    ]
    _, together = told(members, [trust] * 3, Gate(min_mass, confidence_threshold, GROUP_OF), router)
    for row, expected in enumerate(router.copy()):
        for speaker in members:
            inside = expected[speaker.columns]
            if inside.sum() >= min_mass and (
                confidence_threshold == 1 or inside.max() < confidence_threshold * inside.sum()
            ):
                pooled = (inside / inside.sum()) ** (1 - trust) * speaker.estimator.table[row] ** trust
                expected[speaker.columns] = inside.sum() * pooled / pooled.sum()
        np.testing.assert_allclose(together[row], expected, atol=1e-9)


def test_only_rows_whose_question_is_open_are_handed_over():
    says = Says("AB", [[0.5, 0.5]] * 3)
    (step,), _ = told([member("expert", says)], [0.5], Gate(0.2, 0.6, GROUP_OF))
    assert says.asked == step.rows.tolist() == [0]  # row 1 holds too little, row 2 is clear


def test_nobody_is_asked_who_is_not_trusted_or_has_no_row():
    mute, idle = Says("AB", [[0.5, 0.5]] * 3), Says("AC", [[0.5, 0.5]] * 3)
    steps, result = told([member("expert", mute), member("expert", idle)], [0, 1.0], Gate(0.9, 1, GROUP_OF))
    assert mute.asked == idle.asked == []
    assert [(step.member.name, len(step.rows), step.after.shape) for step in steps] == [("expert:AC", 0, (0, 4))]
    np.testing.assert_array_equal(result, ROUTER)


def test_an_estimator_that_knows_part_of_its_set_speaks_of_that_part():
    partial = Says("AC", [[0.0, 1.0]] * 3)
    wide = Member("expert:ABC", "expert", np.array([0, 1, 2]), partial)
    _, result = told([wide], [1.0])
    np.testing.assert_allclose(result[0], [0, 0.3, 0.6, 0.1])


@pytest.mark.parametrize(("letters", "rows"), [("AB", [0]), ("CD", [1, 2])])
def test_hard_routing_lets_the_winning_groups_specialist_speak_alone(letters, rows):
    gate = Gate(0, 1, GROUP_OF, top_down=True)
    (step,), _ = told([member("specialist", Says(letters, [[0.5, 0.5]] * 3))], [1.0], gate)
    assert step.rows.tolist() == rows
    (step,), _ = told([member("expert", Says(letters, [[0.5, 0.5]] * 3))], [1.0], gate)
    assert step.rows.tolist() == [0, 1, 2]


def test_hard_routing_goes_by_the_router_whatever_members_say_first():
    expert = Says("ABCD", [[0.01, 0.01, 0.97, 0.01]] * 3)
    specialist = Says("AB", [[0.5, 0.5]] * 3)
    members = [member("expert", expert), member("specialist", specialist)]
    steps, _ = told(members, [0.5, 1.0], Gate(0, 1, GROUP_OF, top_down=True))
    assert steps[1].rows.tolist() == [0]


def test_the_most_probable_group_is_the_one_that_holds_most_not_the_one_with_the_first_letter():
    gate = Gate(0, 1, np.array([1, 0, 0, 1]))
    assert gate.winners(np.array([[0.4, 0.3, 0.3, 0.0], [0.3, 0.2, 0.2, 0.3]])).tolist() == [0, 1]


def test_a_blind_routers_specialists_speak_however_certain_it_looks():
    sure = np.array([[0.99, 0.01, 0.0, 0.0]])
    says = SimpleNamespace(role="specialist", columns=np.array([0, 1]))
    expert = SimpleNamespace(role="expert", columns=np.array([0, 1]))
    for blind, rows in ((False, 0), (True, 1)):
        gate = Gate(0.1, 0.9, GROUP_OF, router_of_groups=blind)
        assert len(gate.rows(says, sure, gate.winners(sure))) == rows
        assert len(gate.rows(expert, sure, gate.winners(sure))) == 0
