import math

import numpy as np
import pytest

from ensemble_hwr.preprocessing._shear import shear


def slow_shear(picture, slope, pivot):
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
def test_against_the_slow_way(shape):
    rng = np.random.default_rng(0)
    pictures = rng.random((20, *shape), dtype=np.float32)
    slope = rng.uniform(-3, 3, 20).astype(np.float32)
    pivot = rng.uniform(-2, shape[0] + 2, 20).astype(np.float32)
    for found, *given in zip(shear(pictures, slope, pivot), pictures, slope, pivot, strict=True):
        np.testing.assert_allclose(found, slow_shear(*given), atol=1e-5)


def test_slope_0_changes_nothing():
    pictures = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
    np.testing.assert_array_equal(shear(pictures, np.zeros(3, np.float32), np.ones(3, np.float32)), pictures)


def test_all_may_leave_the_frame():
    pictures = np.ones((1, 3, 4), dtype=np.float32)
    assert (shear(pictures, np.float32([1000]), np.float32([-1])) == 0).all()
