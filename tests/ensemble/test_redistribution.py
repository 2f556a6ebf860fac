"""The formula, against itself written out in loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.ensemble._pooling import open_rows, redistribute


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
def test_it_is_the_formula(n_classes, data):
    columns = np.array(sorted(data.draw(st.sets(st.integers(0, n_classes - 1), min_size=1))))
    trust, seed = data.draw(st.floats(0, 1)), data.draw(st.integers(0, 1000))
    P, opinion = distributions(5, n_classes, seed), distributions(5, len(columns), seed + 1)
    moved = redistribute(P, columns, opinion, trust)
    np.testing.assert_allclose(moved, slow_redistribute(P, columns, opinion, trust), atol=1e-12)
    np.testing.assert_allclose(moved.sum(axis=1), 1)
    np.testing.assert_allclose(moved[:, columns].sum(axis=1), P[:, columns].sum(axis=1))
    outside = np.setdiff1d(np.arange(n_classes), columns)
    np.testing.assert_array_equal(moved[:, outside], P[:, outside])


def test_full_trust_is_the_top_down_product_even_against_a_prior_of_zero():
    P, opinion = np.array([[0.6, 0.0, 0.4]]), np.array([[0.25, 0.75]])
    np.testing.assert_allclose(redistribute(P, np.array([0, 1]), opinion, 1.0), [[0.15, 0.45, 0.4]])


def test_opinions_that_exclude_each_other_change_nothing():
    P = np.array([[0.6, 0.0, 0.4]])
    np.testing.assert_array_equal(redistribute(P, np.array([0, 1]), np.array([[0.0, 1.0]]), 0.5), P)


def test_a_question_is_open_where_the_set_holds_enough_and_nobody_in_it_nearly_all():
    P = np.array([[0.5, 0.45, 0.05], [0.01, 0.01, 0.98], [0.94, 0.01, 0.05], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    pair = np.array([0, 1])
    assert open_rows(P, pair, 0.1, 0.98).tolist() == [0]
    assert open_rows(P, pair, 0.0, 0.98).tolist() == [0, 1]
    assert open_rows(P, pair, 0.0, 1.0).tolist() == [0, 1, 2, 4]
    assert open_rows(P, pair, 0.0, 1.0, np.array([False, True, True, True, False])).tolist() == [1, 2]
