"""Learned trust, against a fine grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.ensemble._trust import learn_trust

GRID = np.linspace(0, 1, 1001)


def draw(seed, n=60, k=3, skill=1.0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)

    def opinion(strength):
        logits = rng.normal(size=(n, k)) + strength * np.eye(k)[truth]
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    return opinion(1.0), opinion(skill), truth, rng.random(n)


def loss(trust, prior, opinion, truth, weight):
    pooled = prior ** (1 - trust) * opinion**trust
    pooled /= pooled.sum(axis=1, keepdims=True)
    return -np.average(np.log(pooled[np.arange(len(truth)), truth]), weights=weight)


@given(st.integers(0, 500), st.floats(-1, 2))
def test_it_is_the_best_of_a_fine_grid(seed, skill):
    prior, opinion, truth, weight = draw(seed, skill=skill)
    best = min(loss(trust, prior, opinion, truth, weight) for trust in GRID)
    assert loss(learn_trust(prior, opinion, truth, weight), prior, opinion, truth, weight) <= best + 1e-9


def test_a_member_that_is_always_wrong_is_not_trusted_and_one_always_right_is():
    truth = np.array([0, 1, 0, 1])
    right, even = np.where(np.eye(2)[truth] > 0, 0.999, 0.001), np.full((4, 2), 0.5)
    assert learn_trust(even, right[:, ::-1], truth) == 0
    assert learn_trust(even, right, truth) == 1
    assert learn_trust(even, even, truth) == 0


def test_a_weight_of_two_is_the_row_twice():
    prior, opinion, truth, _ = draw(0)
    weight = np.ones(60)
    weight[:20] = 2
    twice = np.r_[np.arange(60), np.arange(20)]
    assert learn_trust(prior, opinion, truth, weight) == pytest.approx(
        learn_trust(prior[twice], opinion[twice], truth[twice]), abs=1e-5
    )


def test_nothing_to_learn_from_is_no_trust():
    assert learn_trust(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, dtype=int)) == 0


def test_absent_columns_and_zeros_do_not_break_it():
    prior = np.array([[0.7, 0.3, 0.0], [0.4, 0.6, 0.0], [1.0, 0.0, 0.0]])
    opinion = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.0, 1.0, 0.0]])
    assert 0 <= learn_trust(prior, opinion, np.array([0, 1, 1])) <= 1
