"""The learned temperature, against a fine grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.ensemble._trust import learn_temperature, temper

GRID = np.geomspace(0.1, 10, 301)


def draw(seed, boldness, n=80, k=4):
    rng = np.random.default_rng(seed)
    truth = rng.integers(k, size=n)
    logits = boldness * (rng.normal(size=(n, k)) + 1.5 * np.eye(k)[truth])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), truth, rng.random(n) + 0.1


@given(st.integers(0, 500), st.floats(0.2, 6))
def test_it_is_the_best_of_a_fine_grid(seed, boldness):
    probabilities, truth, weight = draw(seed, boldness)

    def loss(temperature):
        of_truth = temper(probabilities, temperature)[np.arange(len(truth)), truth]
        return -np.average(np.log(of_truth), weights=weight)

    assert loss(learn_temperature(probabilities, truth, weight)) <= min(map(loss, GRID)) + 1e-9


@given(st.integers(0, 500), st.floats(0.1, 10))
def test_order_and_sums_stay(seed, temperature):
    probabilities, _, _ = draw(seed, 1.0)
    after = temper(probabilities, temperature)
    assert np.allclose(after.sum(axis=1), 1)
    assert (after.argsort(axis=1) == probabilities.argsort(axis=1)).all()


def test_the_bold_are_cooled_and_the_meek_made_bolder():
    probabilities, truth, _ = draw(0, 5.0, n=2000)
    assert learn_temperature(probabilities, truth) > 2
    probabilities, truth, _ = draw(0, 0.3, n=2000)
    assert learn_temperature(probabilities, truth) < 0.7


def test_it_undoes_what_was_done():
    probabilities, truth, _ = draw(1, 1.0, n=2000)
    own = learn_temperature(probabilities, truth)
    assert learn_temperature(temper(probabilities, 0.5), truth) == pytest.approx(2 * own, rel=1e-3)


def test_nothing_to_learn_from_changes_nothing():
    assert learn_temperature(np.empty((0, 3)), np.empty(0, dtype=int)) == 1


def test_certainty_of_the_wrong_and_of_the_right_end_at_a_bound():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert learn_temperature(sure, np.array([1, 0])) == 10
    assert learn_temperature(np.array([[0.6, 0.4], [0.4, 0.6]]), np.array([0, 1])) == 0.1
    assert np.array_equal(temper(sure, 10), sure)
