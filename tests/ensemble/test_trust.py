"""Learned trust and temperature, against fine grids and a general minimiser."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ensemble_hwr.ensemble._trust import learn_temperature, learn_trust, optimal_pool_weight, temper

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
def test_trust_is_optimal_on_a_fine_grid(seed, skill):
    prior, opinion, truth, weight = draw(seed, skill=skill)
    best = min(loss(trust, prior, opinion, truth, weight) for trust in GRID)
    assert loss(learn_trust(prior, opinion, truth, weight), prior, opinion, truth, weight) <= best + 1e-9


def test_trust_is_0_for_a_member_that_is_always_wrong_and_1_for_one_always_right():
    truth = np.array([0, 1, 0, 1])
    right, even = np.where(np.eye(2)[truth] > 0, 0.999, 0.001), np.full((4, 2), 0.5)
    assert learn_trust(even, right[:, ::-1], truth) == 0
    assert learn_trust(even, right, truth) == 1
    assert learn_trust(even, even, truth) == 0


def test_a_weight_of_2_equals_two_rows():
    prior, opinion, truth, _ = draw(0)
    weight = np.ones(60)
    weight[:20] = 2
    twice = np.r_[np.arange(60), np.arange(20)]
    assert learn_trust(prior, opinion, truth, weight) == pytest.approx(
        learn_trust(prior[twice], opinion[twice], truth[twice]), abs=1e-5
    )


def test_without_rows_trust_is_0():
    assert learn_trust(np.empty((0, 2)), np.empty((0, 2)), np.empty(0, dtype=int)) == 0


def test_absent_columns_and_zeros_are_allowed():
    prior = np.array([[0.7, 0.3, 0.0], [0.4, 0.6, 0.0], [1.0, 0.0, 0.0]])
    opinion = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.0, 1.0, 0.0]])
    assert 0 <= learn_trust(prior, opinion, np.array([0, 1, 1])) <= 1


GRID_TEMPERATURE = np.geomspace(0.1, 10, 301)


def draw_temperature(seed, sharpness, n=80, k=4):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    logits = sharpness * (rng.normal(size=(n, k)) + 1.5 * np.eye(k)[truth])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), truth, rng.random(n) + 0.1


@given(st.integers(0, 500), st.floats(0.2, 6))
def test_the_temperature_is_optimal_on_a_fine_grid(seed, sharpness):
    probabilities, truth, weight = draw_temperature(seed, sharpness)

    def loss(temperature):
        of_truth = temper(probabilities, temperature)[np.arange(len(truth)), truth]
        return -np.average(np.log(of_truth), weights=weight)

    assert loss(learn_temperature(probabilities, truth, weight)) <= min(map(loss, GRID_TEMPERATURE)) + 1e-9


@given(st.integers(0, 500), st.floats(0.1, 10))
def test_tempering_keeps_order_and_sums(seed, temperature):
    probabilities, _, _ = draw_temperature(seed, 1.0)
    after = temper(probabilities, temperature)
    assert np.allclose(after.sum(axis=1), 1)
    assert (after.argsort(axis=1) == probabilities.argsort(axis=1)).all()


def test_overconfident_probabilities_get_a_temperature_above_1():
    probabilities, truth, _ = draw_temperature(0, 5.0, n=2000)
    assert learn_temperature(probabilities, truth) > 2
    probabilities, truth, _ = draw_temperature(0, 0.3, n=2000)
    assert learn_temperature(probabilities, truth) < 0.7


def test_the_temperature_of_tempered_probabilities_is_recovered():
    probabilities, truth, _ = draw_temperature(1, 1.0, n=2000)
    own = learn_temperature(probabilities, truth)
    assert learn_temperature(temper(probabilities, 0.5), truth) == pytest.approx(2 * own, rel=1e-3)


def test_without_rows_the_temperature_is_1():
    assert learn_temperature(np.empty((0, 3)), np.empty(0, dtype=int)) == 1


def test_certain_probabilities_give_a_temperature_at_a_bound():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert learn_temperature(sure, np.array([1, 0])) == 10
    assert learn_temperature(np.array([[0.6, 0.4], [0.4, 0.6]]), np.array([0, 1])) == 0.1
    assert np.array_equal(temper(sure, 10), sure)


def draw_weight(seed, n=50, k=3):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    base, gain = rng.normal(size=(2, n, k)) + rng.uniform(-0.5, 1.5) * np.eye(k)[truth]
    return base, gain, truth, rng.random(n)


@given(st.integers(0, 500))
def test_the_optimal_weight_minimises_log_loss(seed):
    base, gain, truth, weight = draw_weight(seed)

    def loss(w):
        return -weight @ log_softmax(base + w * gain, axis=1)[np.arange(len(truth)), truth]

    found = optimal_pool_weight(base, gain, truth, weight, (0.0, 2.0))
    oracle = minimize_scalar(loss, bounds=(0.0, 2.0), method="bounded", options={"xatol": 1e-7})
    assert 0 <= found <= 2
    assert loss(found) <= oracle.fun + 1e-9


@given(st.integers(0, 500), st.floats(-5, 5))
def test_a_constant_added_to_a_row_changes_nothing(seed, constant):
    base, gain, truth, weight = draw_weight(seed)
    moved = np.where(np.arange(len(truth))[:, None] % 2, gain + constant, gain)
    assert optimal_pool_weight(base, moved, truth, weight, (0.0, 1.0)) == pytest.approx(
        optimal_pool_weight(base, gain, truth, weight, (0.0, 1.0)), abs=1e-5
    )


def test_bounds_are_returned_exactly():
    truth = np.array([0, 1])
    right = np.log(np.where(np.eye(2) > 0, 0.9, 0.1))
    assert optimal_pool_weight(0.0, right, truth, None, (0.1, 0.7)) == 0.7
    assert optimal_pool_weight(0.0, right[::-1], truth, None, (0.1, 0.7)) == 0.1
