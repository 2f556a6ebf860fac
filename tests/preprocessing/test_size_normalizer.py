import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.preprocessing import SizeNormalizer

ASPECTS = {
    "keep": lambda ratio: ratio,
    "root": math.sqrt,
    "cube root": lambda ratio: ratio ** (1 / 3),
    "root sine": lambda ratio: math.sqrt(math.sin(math.pi / 2 * ratio)),
    "fill": lambda ratio: 1.0,
}


def slow_edges(picture, aspect, box):
    """Moments by their definition, the ink of a pixel spread evenly over it."""
    pixels = [(y + 0.5, x + 0.5, ink) for (y, x), ink in np.ndenumerate(picture.astype(float))]
    mass = sum(ink for _, _, ink in pixels)
    middle = [sum(ink * place[axis] for *place, ink in pixels) / mass for axis in (0, 1)]
    variance = [sum(ink * (place[axis] - middle[axis]) ** 2 for *place, ink in pixels) / mass for axis in (0, 1)]
    sides = [4 * math.sqrt(found + 1 / 12) for found in variance]
    narrow = ASPECTS[aspect](min(sides) / max(sides)) * box
    new = [box if side == max(sides) else narrow for side in sides]
    return [
        [(edge - middle[axis]) * new[axis] / sides[axis] + length / 2 for edge in range(length + 1)]
        for axis, length in enumerate(picture.shape)
    ]


def slow_normalize(picture, aspect, box):
    """Each old pixel laid as a rectangle on each new one."""
    down, across = slow_edges(picture, aspect, box)
    out = np.zeros(picture.shape)
    for new_y, new_x in np.ndindex(picture.shape):
        for (y, x), ink in np.ndenumerate(picture):
            high = min(down[y + 1], new_y + 1) - max(down[y], new_y)
            wide = min(across[x + 1], new_x + 1) - max(across[x], new_x)
            if high > 0 and wide > 0:
                out[new_y, new_x] += ink * high * wide
    return out


def block(top, left, height, width, side=28):
    picture = np.zeros((side, side), dtype=np.float32)
    picture[top : top + height, left : left + width] = 1
    return picture


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize(("shape", "box"), [((9, 9), 7.0), ((6, 11), 5.5)])
def test_against_the_slow_way(aspect, shape, box):
    pictures = np.random.default_rng(0).random((4, *shape), dtype=np.float32) ** 3
    pictures[0, :, shape[1] // 2 :] = 0  # a tall one
    found = SizeNormalizer(aspect, box, image_shape=shape).fit_transform(pictures.reshape(4, -1))
    for picture, row in zip(pictures, found, strict=True):
        np.testing.assert_allclose(row.reshape(shape), slow_normalize(picture, aspect, box), atol=1e-4)


@given(st.integers(2, 14), st.integers(2, 14), st.integers(0, 14), st.integers(0, 14))
def test_place_and_size_do_not_matter_only_the_aspect_does(height, width, top, left):
    rows = np.stack([block(top, left, height, width), block(3, 3, height, width)]).reshape(2, -1)
    found = SizeNormalizer().fit_transform(rows)
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


@pytest.mark.parametrize(
    ("aspect", "width"), [("keep", 6), ("root", 12), ("cube root", 24 / 4 ** (1 / 3)), ("fill", 24)]
)
def test_a_narrow_letter_gets_as_wide_as_the_aspect_says(aspect, width):
    """An even bar is the square root of 12 standard deviations long: 4 of them in 24 pixels make it 20.8 long."""
    found = SizeNormalizer(aspect).fit_transform(block(8, 12, 12, 3).reshape(1, -1)).reshape(28, 28)
    assert found.max(axis=1).sum() == pytest.approx(24 * math.sqrt(12) / 4, abs=0.01)
    assert found.max(axis=0).sum() == pytest.approx(width * math.sqrt(12) / 4, abs=0.01)


@given(arrays(np.float32, (2, 64), elements=st.floats(0, 1, width=16)))
def test_any_ink_stays_ink(X):
    rows = SizeNormalizer().fit_transform(X)
    assert rows.shape == X.shape
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= X.max(axis=1, keepdims=True) * 1.0001).all()


def test_blank_rows_stay_blank():
    assert (SizeNormalizer().fit_transform(np.zeros((2, 784))) == 0).all()


def test_a_row_does_not_depend_on_the_others():
    """To the bit, in whichever block of whichever batch it comes."""
    X = np.random.default_rng(0).random((300, 784), dtype=np.float32)
    normalizer = SizeNormalizer().fit(X)
    together = normalizer.transform(X)
    for rows in (slice(0, 1), slice(36, 43), slice(50, 237)):
        np.testing.assert_array_equal(normalizer.transform(X[rows]), together[rows])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(normalizer)).transform(X), together)


@pytest.mark.parametrize(
    ("parameters", "columns", "problem"),
    [
        ({}, 783, "783 pixels are not square"),
        ({"image_shape": (28, 27)}, 784, "does not fit"),
        ({"aspect": "wide"}, 784, "'aspect'"),
        ({"box": 0}, 784, "'box'"),
    ],
)
def test_wrong_settings(parameters, columns, problem):
    with pytest.raises(ValueError, match=problem):
        SizeNormalizer(**parameters).fit(np.zeros((2, columns)))


def test_costs():
    """Sums along both axes, overlaps, and two matrix products."""
    normalizer = SizeNormalizer(image_shape=(2, 3)).fit(np.zeros((1, 6)))
    assert normalizer.macs_per_row() == 2 * 6 + 3 * (4 + 9) + (2 * 2 * 3 + 2 * 3 * 3)


class _AnyWidth(SizeNormalizer):
    """Takes rows of any width as one line of pixels, where scikit-learn's checks choose widths of their own."""

    def _shape_of(self, n_features):
        return (1, n_features)


@parametrize_with_checks([_AnyWidth()])
def test_sklearn_checks(estimator, check):
    check(estimator)
