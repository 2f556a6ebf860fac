import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr.images._threshold import Histogram


def slow_otsu_spread(values, threshold):
    """Variance between two classes, by the book."""
    low, high = values[values <= threshold], values[values > threshold]
    if not low.size or not high.size:
        return 0.0
    return low.size * high.size / values.size**2 * (low.mean() - high.mean()) ** 2


@settings(deadline=None)
@given(arrays(np.uint8, st.integers(2, 60)))
def test_otsu_divides_best(pixels):
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


def test_quantile_and_parts():
    histogram = Histogram.of(np.array([1, 2, 3, 4, 200], dtype=np.uint8))
    assert histogram.quantile(0.5) == 3
    assert histogram.above(4).quantile(0.5) == 200
    assert histogram.below(3).quantile(1.0) == 3


def test_floats_are_counted_in_steps():
    histogram = Histogram.of(np.linspace(-1, 1, 256, dtype=np.float32))
    assert (histogram.counts == 1).all()
    assert histogram.values[[0, -1]] == pytest.approx([-1, 1])
