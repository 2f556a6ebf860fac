import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.preprocessing import Deskewer
from ensemble_hwr.preprocessing._deskewer import estimate_slant, shear


def reference_slant(picture):
    """Moments by their definition, one pixel at a time."""
    pixels = [(y, x, ink) for (y, x), ink in np.ndenumerate(picture.astype(float))]
    mass = sum(ink for _, _, ink in pixels)
    mean_y = sum(ink * y for y, _, ink in pixels) / mass
    mean_x = sum(ink * x for _, x, ink in pixels) / mass
    mu_11 = sum(ink * (x - mean_x) * (y - mean_y) for y, x, ink in pixels)
    mu_02 = sum(ink * (y - mean_y) ** 2 for y, _, ink in pixels)
    return mu_11 / mu_02, mean_y


def bar(slope, side=28):
    """A stroke of a given slope in the middle of the frame."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (np.clip(2 - abs(x - slope * y), 0, 1) * (abs(y) < side / 4)).astype(np.float32)


@pytest.mark.parametrize("shape", [(28, 28), (7, 12)])
def test_slant_equals_the_reference(shape):
    pictures = np.random.default_rng(0).random((20, *shape), dtype=np.float32) ** 3
    for found, picture in zip(zip(*estimate_slant(pictures), strict=True), pictures, strict=True):
        np.testing.assert_allclose(found, reference_slant(picture), atol=1e-4)


@given(st.floats(-0.6, 0.6))
def test_a_slanted_stroke_becomes_upright(slope):
    upright = Deskewer().fit_transform(bar(slope).reshape(1, -1)).reshape(28, 28)
    assert abs(reference_slant(bar(slope))[0] - slope) < 0.02
    assert abs(reference_slant(upright)[0]) < 0.02
    assert abs(upright.sum() - bar(slope).sum()) < 1e-2


@pytest.mark.parametrize("slope", [-0.8, 0.8])
def test_limit_bounds_the_slope_that_is_removed(slope):
    picture = bar(slope)[None]
    found = Deskewer(0.3).fit_transform(picture.reshape(1, -1))
    expected = shear(picture, np.float32([np.sign(slope) * 0.3]), np.float32([13.5]))
    np.testing.assert_allclose(found, expected.reshape(1, -1), atol=1e-4)


@given(arrays(np.float32, (2, 64), elements=st.floats(0, 1, width=16)))
def test_the_result_is_ink_for_any_ink(X):
    rows = Deskewer().fit_transform(X)
    assert rows.shape == X.shape
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= X.max(axis=1, keepdims=True)).all()


@pytest.mark.parametrize("row", [np.zeros(36), np.kron([0, 0, 1, 0, 0, 0], np.ones(6)), -np.ones(36)])
def test_ink_without_slant_is_unchanged(row):
    np.testing.assert_array_equal(Deskewer().fit_transform([row]), [row])


def test_rows_are_independent():
    """Exactly, for any block and batch."""
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
def test_invalid_parameters_raise_an_error(parameters, columns, problem):
    with pytest.raises(ValueError, match=problem):
        Deskewer(**parameters).fit(np.zeros((2, columns)))


def test_macs_and_feature_names():
    deskewer = Deskewer(image_shape=(2, 3)).fit(np.zeros((1, 6)))
    assert deskewer.macs_per_row() == 24
    assert deskewer.get_feature_names_out().tolist() == [f"x{pixel}" for pixel in range(6)]


class _TwoHigh(Deskewer):
    """Accepts rows of any width, as two rows of pixels if possible, for the checks of scikit-learn."""

    def _shape_of(self, n_features):
        return (2, n_features // 2) if n_features % 2 == 0 else (1, n_features)


@parametrize_with_checks([_TwoHigh()])
def test_sklearn_checks(estimator, check):
    check(estimator)


def reference_shear(picture, slope, pivot):
    height, width = picture.shape
    out = np.zeros_like(picture)

    def pixel(y, x):
        return picture[y, x] if 0 <= x < width else 0.0

    for y in range(height):
        for x in range(width):
            at = x + slope * (y - pivot)
            left = math.floor(at)
            out[y, x] = pixel(y, left) * (left + 1 - at) + pixel(y, left + 1) * (at - left)
    return out


@pytest.mark.parametrize("shape", [(9, 7), (5, 12), (1, 6)])
def test_shear_equals_the_reference(shape):
    rng = np.random.default_rng(0)
    pictures = rng.random((20, *shape), dtype=np.float32)
    slope = rng.uniform(-3, 3, 20).astype(np.float32)
    pivot = rng.uniform(-2, shape[0] + 2, 20).astype(np.float32)
    for found, *arguments in zip(shear(pictures, slope, pivot), pictures, slope, pivot, strict=True):
        np.testing.assert_allclose(found, reference_shear(*arguments), atol=1e-5)


def test_slope_0_is_the_identity():
    pictures = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
    np.testing.assert_array_equal(shear(pictures, np.zeros(3, np.float32), np.ones(3, np.float32)), pictures)


def test_ink_sheared_out_of_the_frame_is_lost():
    pictures = np.ones((1, 3, 4), dtype=np.float32)
    assert (shear(pictures, np.float32([1000]), np.float32([-1])) == 0).all()
