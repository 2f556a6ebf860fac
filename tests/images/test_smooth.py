import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from ensemble_hwr.images._smooth import smooth


def random(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width), dtype=np.float32)


@pytest.mark.parametrize("shape", [(40, 48), (48, 20), (5, 3)])
def test_small_pictures_get_the_gaussian_itself(shape):
    pixels = random(*shape)
    wanted = ndimage.gaussian_filter(pixels, (shape[0] / 4, shape[1] / 4), mode="nearest", truncate=2)
    np.testing.assert_allclose(smooth(pixels), wanted, rtol=1e-5)


def test_large_pictures_get_nearly_the_gaussian():
    y, x = np.mgrid[0:1:300j, 0:1:400j]
    pixels = (100 + 60 * x - 30 * y**2 + 20 * np.sin(9 * x)).astype(np.float32)
    wanted = ndimage.gaussian_filter(pixels, (75, 100), mode="nearest", truncate=2)
    assert np.abs(smooth(pixels) - wanted).max() < 0.02 * np.ptp(pixels)


@given(st.integers(1, 120), st.integers(1, 120), st.integers(0, 99))
def test_the_mean_lies_within_the_pixels_and_keeps_their_shape(height, width, seed):
    pixels = random(height, width, seed)
    mean = smooth(pixels)
    assert (mean.shape, mean.dtype) == (pixels.shape, np.float32)
    assert pixels.min() - 1e-5 <= mean.min() <= mean.max() <= pixels.max() + 1e-5


@pytest.mark.parametrize("shape", [(1, 1), (30, 30), (200, 90)])
def test_an_even_picture_stays_even(shape):
    np.testing.assert_allclose(smooth(np.full(shape, 7.5, np.float32)), 7.5, rtol=1e-5)


@pytest.mark.parametrize(("shape", "atol"), [((33, 47), 1e-4), ((150, 201), 5e-3)])  # thumbnails are cut unevenly
def test_turned_and_inverted_pictures_have_turned_and_inverted_means(shape, atol):
    pixels = random(*shape)
    np.testing.assert_allclose(smooth(pixels.T.copy()), smooth(pixels).T, atol=atol)
    np.testing.assert_allclose(smooth(pixels[::-1].copy()), smooth(pixels)[::-1], atol=atol)
    np.testing.assert_allclose(smooth(1 - pixels), 1 - smooth(pixels), atol=1e-4)
