import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.preprocessing import Deskewer
from ensemble_hwr.preprocessing._deskewer import lean
from ensemble_hwr.preprocessing._shear import shear


def slow_lean(picture):
    """Moments by their definition, one pixel at a time."""
    pixels = [(y, x, ink) for (y, x), ink in np.ndenumerate(picture.astype(float))]
    mass = sum(ink for _, _, ink in pixels)
    mean_y = sum(ink * y for y, _, ink in pixels) / mass
    mean_x = sum(ink * x for _, x, ink in pixels) / mass
    mu_11 = sum(ink * (x - mean_x) * (y - mean_y) for y, x, ink in pixels)
    mu_02 = sum(ink * (y - mean_y) ** 2 for y, _, ink in pixels)
    return mu_11 / mu_02, mean_y


def bar(slope, side=28):
    """A stroke of the given lean in the middle of the frame."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (np.clip(2 - abs(x - slope * y), 0, 1) * (abs(y) < side / 4)).astype(np.float32)


@pytest.mark.parametrize("shape", [(28, 28), (7, 12)])
def test_lean_against_the_slow_way(shape):
    pictures = np.random.default_rng(0).random((20, *shape), dtype=np.float32) ** 3
    for found, picture in zip(zip(*lean(pictures), strict=True), pictures, strict=True):
        np.testing.assert_allclose(found, slow_lean(picture), atol=1e-4)


@given(st.floats(-0.6, 0.6))
def test_a_leaning_stroke_gets_upright(slope):
    upright = Deskewer().fit_transform(bar(slope).reshape(1, -1)).reshape(28, 28)
    assert abs(slow_lean(bar(slope))[0] - slope) < 0.02
    assert abs(slow_lean(upright)[0]) < 0.02
    assert abs(upright.sum() - bar(slope).sum()) < 1e-2


@pytest.mark.parametrize("slope", [-0.8, 0.8])
def test_no_more_than_the_limit_is_taken_out(slope):
    picture = bar(slope)[None]
    found = Deskewer(0.3).fit_transform(picture.reshape(1, -1))
    expected = shear(picture, np.float32([np.sign(slope) * 0.3]), np.float32([13.5]))
    np.testing.assert_allclose(found, expected.reshape(1, -1), atol=1e-4)


@given(arrays(np.float32, (2, 64), elements=st.floats(0, 1, width=16)))
def test_any_ink_stays_ink(X):
    rows = Deskewer().fit_transform(X)
    assert rows.shape == X.shape
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= X.max(axis=1, keepdims=True)).all()


@pytest.mark.parametrize("row", [np.zeros(36), np.kron([0, 0, 1, 0, 0, 0], np.ones(6)), -np.ones(36)])
def test_what_leans_nowhere_is_left_as_it_is(row):
    np.testing.assert_array_equal(Deskewer().fit_transform([row]), [row])


def test_a_row_does_not_depend_on_the_others():
    """To the bit, in whichever block of whichever batch it comes."""
    X = np.random.default_rng(0).random((300, 784), dtype=np.float32)
    deskewer = Deskewer().fit(X)
    together = deskewer.transform(X)
    for rows in (slice(0, 1), slice(36, 43), slice(50, 237)):
        np.testing.assert_array_equal(deskewer.transform(X[rows]), together[rows])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(deskewer)).transform(X), together)


@pytest.mark.parametrize(
    ("parameters", "columns", "problem"),
    [
        ({}, 783, "783 pixels are not square"),
        ({"image_shape": (28, 27)}, 784, "does not fit"),
        ({"limit": 0}, 784, "'limit'"),
    ],
)
def test_wrong_settings(parameters, columns, problem):
    with pytest.raises(ValueError, match=problem):
        Deskewer(**parameters).fit(np.zeros((2, columns)))


def test_costs_and_names():
    deskewer = Deskewer(image_shape=(2, 3)).fit(np.zeros((1, 6)))
    assert deskewer.macs_per_row() == 24
    assert deskewer.get_feature_names_out().tolist() == [f"x{pixel}" for pixel in range(6)]


class _TwoHigh(Deskewer):
    """Takes rows of any width, two pixels high if it can, where scikit-learn's checks choose widths of their own."""

    def _shape_of(self, n_features):
        return (2, n_features // 2) if n_features % 2 == 0 else (1, n_features)


@parametrize_with_checks([_TwoHigh()])
def test_sklearn_checks(estimator, check):
    check(estimator)
