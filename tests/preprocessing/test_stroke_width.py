import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.preprocessing import StrokeWidthNormalizer
from ensemble_hwr.preprocessing._stroke_width import stroke_width

CROSS = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]
SQUARE = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]


def reference_width(picture):
    height, width = picture.shape

    def ink(y, x):
        return float(picture[y, x]) if 0 <= y < height and 0 <= x < width else 0.0

    places = [(y, x) for y in range(-1, height) for x in range(-1, width)]
    # a step to the right is counted in the row of its pixels, a step down in their column
    outline = sum(math.hypot(ink(y, x + 1) - ink(y, x), ink(y + 1, x) - ink(y, x)) for y, x in places)
    return 2 * float(picture.sum()) / outline


def reference_normalize(picture, width, limit):
    """Dilate or erode pixel by pixel, in whole steps and a last fractional one."""
    missing = (width - reference_width(picture)) / 2
    best = max if missing > 0 else min
    now = picture.astype(float)
    for step in range(limit):
        part = min(max(abs(missing) - step, 0), 1)
        then = now.copy()
        for y, x in np.ndindex(now.shape):
            for shape in (CROSS, SQUARE):
                around = [(y + v, x + u) for v, u in shape]
                inside = [place for place in around if 0 <= place[0] < now.shape[0] and 0 <= place[1] < now.shape[1]]
                then[y, x] += part / 2 * (best(now[place] for place in inside) - now[y, x])
        now = then
    return now


def stroke(width, angle, side=28):
    """A straight stroke with soft edges."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    across = abs(x * math.cos(angle) + y * math.sin(angle))
    along = abs(y * math.cos(angle) - x * math.sin(angle))
    return (np.clip(width / 2 + 0.5 - across, 0, 1) * np.clip(side * 0.4 - along, 0, 1)).astype(np.float32)


@pytest.mark.parametrize(("width", "limit"), [(2.0, 1), (6.0, 3), (0.5, 2)])
@pytest.mark.parametrize("shape", [(9, 9), (6, 11)])
def test_equals_the_reference(width, limit, shape):
    noise = np.random.default_rng(0).random(shape, dtype=np.float32)
    bar = np.zeros(shape, dtype=np.float32)
    bar[2:4, 1:-1] = 1
    pictures = np.stack([noise, bar])
    found = StrokeWidthNormalizer(width, limit, image_shape=shape).fit_transform(pictures.reshape(2, -1))
    for picture, row in zip(pictures, found, strict=True):
        np.testing.assert_allclose(row.reshape(shape), reference_normalize(picture, width, limit), atol=1e-4)


@pytest.mark.parametrize("shape", [(9, 9), (6, 11)])
def test_stroke_width_equals_the_reference(shape):
    pictures = np.random.default_rng(0).random((5, *shape), dtype=np.float32)
    np.testing.assert_allclose(stroke_width(pictures), [reference_width(picture) for picture in pictures], rtol=1e-4)


@given(st.floats(2, 4), st.floats(0, math.pi))
def test_strokes_of_every_direction_get_the_target_width(width, angle):
    drawn = stroke(width, angle)
    ends = 1 + width / (0.8 * 28)  # their outline makes a stroke look that much narrower
    assert stroke_width(drawn[None])[0] == pytest.approx(width / ends, rel=0.2)
    changed = StrokeWidthNormalizer(3.0).fit_transform(drawn.reshape(1, -1)).reshape(1, 28, 28)
    assert stroke_width(changed)[0] == pytest.approx(3.0, rel=0.2)


@given(arrays(np.float32, (2, 64), elements=st.floats(0, 1, width=16)), st.floats(0.5, 8))
def test_the_result_is_ink_for_any_ink(X, width):
    rows = StrokeWidthNormalizer(width).fit_transform(X)
    assert rows.shape == X.shape
    assert rows.dtype == np.float32
    assert (rows >= X.min(axis=1, keepdims=True) - 1e-6).all()
    assert (rows <= X.max(axis=1, keepdims=True) + 1e-6).all()


def test_blank_rows_stay_blank():
    assert (StrokeWidthNormalizer().fit_transform(np.zeros((2, 784))) == 0).all()


def test_rows_are_independent():
    """Exactly, for any block and batch."""
    X = np.random.default_rng(0).random((300, 784), dtype=np.float32)
    normalizer = StrokeWidthNormalizer().fit(X)
    together = normalizer.transform(X)
    for rows in (slice(0, 1), slice(36, 43), slice(50, 237)):
        np.testing.assert_array_equal(normalizer.transform(X[rows]), together[rows])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(normalizer)).transform(X), together)


@pytest.mark.parametrize(
    ("parameters", "columns", "problem"),
    [
        ({}, 783, "783 pixels are not square"),
        ({"image_shape": (28, 27)}, 784, "does not fit"),
        ({"width": 0}, 784, "'width'"),
        ({"limit": 0}, 784, "'limit'"),
    ],
)
def test_invalid_parameters_raise_an_error(parameters, columns, problem):
    with pytest.raises(ValueError, match=problem):
        StrokeWidthNormalizer(**parameters).fit(np.zeros((2, columns)))


def test_macs():
    assert StrokeWidthNormalizer(limit=3).fit(np.zeros((1, 784))).macs_per_row() == 784 * 36


class _AnyWidth(StrokeWidthNormalizer):
    """Accepts rows of any width, as one row of pixels, for the checks of scikit-learn."""

    def _shape_of(self, n_features):
        return (1, n_features)


@parametrize_with_checks([_AnyWidth()])
def test_sklearn_checks(estimator, check):
    check(estimator)
