"""Trusts are learned in the order of speaking, on what is left by those before, where a member would speak."""

import numpy as np
import pytest

from ensemble_hwr.ensemble._pooling import Gate, apply_members
from ensemble_hwr.ensemble._trust import learn_trust
from ensemble_hwr.ensemble.held_out import HeldOutFold, Member, learn_trusts, opinion_of

CLASSES = np.array(list("ABCD"))
GATE = Gate(min_mass=0.05, confidence_threshold=0.97, group_of=np.array([0, 0, 1, 1]))
NAMES = ("specialist:A-B", "specialist:C-D", "expert:A/C/D")
COLUMNS = (np.array([0, 1]), np.array([2, 3]), np.array([0, 2, 3]))


class Says:
    def __init__(self, columns, table):
        self.classes_, self.table = CLASSES[columns], table

    def predict_proba(self, X):
        return self.table[np.asarray(X)[:, 0].astype(int)]


def noisy(rng, y, columns, strength):
    """Opinions over some columns, about right where the true one is among them."""
    logits = rng.normal(size=(len(y), len(columns))) + strength * (columns == y[:, None])
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def fold(seed, n=80, strengths=(1.0, 1.5, 2.0)):
    """Held-out rows, with members of known skill."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    members = [
        Member(name, name.split(":")[0], columns, Says(columns, noisy(rng, y, columns, strength)))
        for name, columns, strength in zip(NAMES, COLUMNS, strengths, strict=True)
    ]
    return HeldOutFold(np.arange(n)[:, None], y, rng.random(n), noisy(rng, y, np.arange(4), 1.0), members)


def consulted(one, members, trusts, probabilities):
    def ask(member, rows):
        return opinion_of(member, one.X[rows], CLASSES)

    return list(apply_members(members, trusts, probabilities, predict=ask, gate=GATE))


def learned(folds, fixed=None, gate=GATE):
    return learn_trusts(folds, fixed or {}, classes=CLASSES, gate=gate)


def test_each_is_judged_on_what_prediction_would_hand_it():
    folds = [fold(0), fold(1)]
    before = [one.probabilities.copy() for one in folds]
    trusts = learned(folds)
    for k, (name, columns) in enumerate(zip(NAMES, COLUMNS, strict=True)):
        evidence = []
        for one, start in zip(folds, before, strict=True):
            result = start.copy()
            steps = consulted(one, one.members[: k + 1], trusts, result)
            step = next(step for step in steps if step.member.name == name)
            rows = np.isin(one.y[step.rows], columns)
            inside = step.before[rows][:, columns]
            said = one.members[k].estimator.table[step.rows[rows]]
            truth = np.searchsorted(columns, one.y[step.rows[rows]])
            evidence.append((inside / inside.sum(axis=1, keepdims=True), said, truth, one.weight[step.rows[rows]]))
        assert trusts[name] == pytest.approx(learn_trust(*map(np.concatenate, zip(*evidence, strict=True))), abs=1e-9)
        assert 0 < trusts[name] < 1


def test_the_probabilities_end_as_prediction_would_leave_them():
    one = fold(2)
    expected = one.probabilities.copy()
    trusts = learned([one])
    consulted(one, one.members, trusts, expected)
    np.testing.assert_allclose(one.probabilities, expected, atol=1e-12)


def test_a_trust_that_is_given_is_kept_and_heard():
    free, given = learned([fold(3)]), learned([fold(3)], {NAMES[0]: 0.0})
    assert given[NAMES[0]] == 0
    assert given[NAMES[1]] == free[NAMES[1]]  # its letters are not touched by the first
    assert given[NAMES[2]] != free[NAMES[2]]


def test_skill_earns_trust_and_noise_none():
    wise, blind = learned([fold(4, 400, (3, 3, 3))]), learned([fold(4, 400, (0, 0, 0))])
    assert min(wise.values()) > 0.5
    assert max(blind.values()) < 0.15


def test_rows_that_nobody_weighs_teach_nothing():
    heavy = fold(5)
    heavy.weight[40:] = 0
    short = fold(5)
    half = HeldOutFold(short.X[:40], short.y[:40], heavy.weight[:40], short.probabilities[:40], short.members)
    assert learned([heavy]) == pytest.approx(learned([half]), abs=1e-5)


def test_a_fold_whose_member_is_missing_or_knows_fewer_classes_is_no_harm():
    whole, without, partly = fold(6), fold(7), fold(8)
    absent = Member(NAMES[2], "expert", COLUMNS[2], None)
    without = HeldOutFold(without.X, without.y, without.weight, without.probabilities, [*without.members[:2], absent])
    two = np.array([0, 3])
    knows = Says(two, noisy(np.random.default_rng(0), partly.y, two, 2.0))
    fewer = Member(NAMES[2], "expert", COLUMNS[2], knows)
    partly = HeldOutFold(partly.X, partly.y, partly.weight, partly.probabilities, [*partly.members[:2], fewer])
    trusts = learned([whole, without, partly])
    assert 0 < trusts[NAMES[2]] < 1
    for one in (without, partly):
        np.testing.assert_allclose(one.probabilities.sum(axis=1), 1)


def test_a_member_that_is_nowhere_heard_is_not_trusted():
    assert learned([fold(9)], gate=Gate(1.0, 0.01, GATE.group_of)) == dict.fromkeys(NAMES, 0.0)
