import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from ensemble_hwr.images._histogram import Histogram, smooth


def slow_otsu_spread(values, threshold):
    """Variance between two classes, by its definition."""
    low, high = values[values <= threshold], values[values > threshold]
    if not low.size or not high.size:
        return 0.0
    return low.size * high.size / values.size**2 * (low.mean() - high.mean()) ** 2


@settings(deadline=None)
@given(arrays(np.uint8, st.integers(2, 60)))
def test_otsu_maximizes_variance_between_classes(pixels):
    values = pixels.astype(float)
    threshold = Histogram.of(pixels).otsu()
    best = max(slow_otsu_spread(values, t) for t in range(256))
    assert slow_otsu_spread(values, threshold) == pytest.approx(best, abs=1e-6)


def test_otsu_is_the_middle_of_a_gap():
    assert Histogram.of(np.array([10, 10, 20, 20], dtype=np.uint8)).otsu() == 15


@settings(deadline=None)
@given(arrays(np.uint8, st.integers(1, 60)))
def test_deviation_is_the_median_absolute_deviation(pixels):
    middle = np.sort(pixels)[(pixels.size - 1) // 2].astype(float)
    expected = 1.4826 * np.sort(np.abs(pixels - middle))[(pixels.size - 1) // 2]
    assert Histogram.of(pixels).deviation() == pytest.approx(expected)


def test_quantiles_of_the_parts_above_and_below_a_threshold():
    histogram = Histogram.of(np.array([1, 2, 3, 4, 200], dtype=np.uint8))
    assert histogram.quantile(0.5) == 3
    assert histogram.above(4).quantile(0.5) == 200
    assert histogram.below(3).quantile(1.0) == 3


def test_floats_are_counted_in_equal_bins():
    histogram = Histogram.of(np.linspace(-1, 1, 256, dtype=np.float32))
    assert (histogram.counts == 1).all()
    assert histogram.values[[0, -1]] == pytest.approx([-1, 1])


def random(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width), dtype=np.float32)


@pytest.mark.parametrize("shape", [(40, 48), (48, 20), (5, 3)])
def test_small_pictures_are_smoothed_exactly(shape):
    pixels = random(*shape)
    wanted = ndimage.gaussian_filter(pixels, (shape[0] / 4, shape[1] / 4), mode="nearest", truncate=2)
    np.testing.assert_allclose(smooth(pixels), wanted, rtol=1e-5)


def test_large_pictures_are_smoothed_approximately():
    y, x = np.mgrid[0:1:300j, 0:1:400j]
    pixels = (100 + 60 * x - 30 * y**2 + 20 * np.sin(9 * x)).astype(np.float32)
    wanted = ndimage.gaussian_filter(pixels, (75, 100), mode="nearest", truncate=2)
    assert np.abs(smooth(pixels) - wanted).max() < 0.02 * np.ptp(pixels)


@given(st.integers(1, 120), st.integers(1, 120), st.integers(0, 99))
def test_smoothing_keeps_range_and_shape(height, width, seed):
    pixels = random(height, width, seed)
    mean = smooth(pixels)
    assert (mean.shape, mean.dtype) == (pixels.shape, np.float32)
    assert pixels.min() - 1e-5 <= mean.min() <= mean.max() <= pixels.max() + 1e-5


@pytest.mark.parametrize("shape", [(1, 1), (30, 30), (200, 90)])
def test_smoothing_keeps_a_constant_picture(shape):
    np.testing.assert_allclose(smooth(np.full(shape, 7.5, np.float32)), 7.5, rtol=1e-5)


@pytest.mark.parametrize(("shape", "atol"), [((33, 47), 1e-4), ((150, 201), 5e-3)])  # thumbnails are cut unevenly
def test_smoothing_commutes_with_transposing_flipping_and_inverting(shape, atol):
    pixels = random(*shape)
    np.testing.assert_allclose(smooth(pixels.T.copy()), smooth(pixels).T, atol=atol)
    np.testing.assert_allclose(smooth(pixels[::-1].copy()), smooth(pixels)[::-1], atol=atol)
    np.testing.assert_allclose(smooth(1 - pixels), 1 - smooth(pixels), atol=1e-4)
