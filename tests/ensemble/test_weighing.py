"""The best weight, against a general minimiser."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ensemble_hwr.ensemble._trust import optimal_pool_weight


def draw(seed, n=50, k=3):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    base, gain = rng.normal(size=(2, n, k)) + rng.uniform(-0.5, 1.5) * np.eye(k)[truth]
    return base, gain, truth, rng.random(n)


@given(st.integers(0, 500))
def test_it_is_where_log_loss_is_least(seed):
    base, gain, truth, weight = draw(seed)

    def loss(w):
        return -weight @ log_softmax(base + w * gain, axis=1)[np.arange(len(truth)), truth]

    found = optimal_pool_weight(base, gain, truth, weight, (0.0, 2.0))
    oracle = minimize_scalar(loss, bounds=(0.0, 2.0), method="bounded", options={"xatol": 1e-7})
    assert 0 <= found <= 2
    assert loss(found) <= oracle.fun + 1e-9


@given(st.integers(0, 500), st.floats(-5, 5))
def test_a_constant_added_to_a_row_changes_nothing(seed, constant):
    base, gain, truth, weight = draw(seed)
    moved = np.where(np.arange(len(truth))[:, None] % 2, gain + constant, gain)
    assert optimal_pool_weight(base, moved, truth, weight, (0.0, 1.0)) == pytest.approx(
        optimal_pool_weight(base, gain, truth, weight, (0.0, 1.0)), abs=1e-5
    )


def test_bounds_are_given_back_exactly():
    truth = np.array([0, 1])
    right = np.log(np.where(np.eye(2) > 0, 0.9, 0.1))
    assert optimal_pool_weight(0.0, right, truth, None, (0.1, 0.7)) == 0.7
    assert optimal_pool_weight(0.0, right[::-1], truth, None, (0.1, 0.7)) == 0.1
