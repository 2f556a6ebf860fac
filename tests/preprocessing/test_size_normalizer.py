import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr.preprocessing import SizeNormalizer
from ensemble_hwr.preprocessing._size_normalizer import ASPECTS, default_box, moment_edges

REFERENCE_ASPECTS = {
    "keep": lambda ratio: ratio,
    "root": math.sqrt,
    "cube root": lambda ratio: ratio ** (1 / 3),
    "root sine": lambda ratio: math.sqrt(math.sin(math.pi / 2 * ratio)),
    "fill": lambda ratio: 1.0,
}


def reference_edges(picture, aspect, box):
    """Moments by their definition, the ink of a pixel spread evenly over it."""
    pixels = [(y + 0.5, x + 0.5, ink) for (y, x), ink in np.ndenumerate(picture.astype(float))]
    mass = sum(ink for _, _, ink in pixels)
    middle = [sum(ink * place[axis] for *place, ink in pixels) / mass for axis in (0, 1)]
    variance = [sum(ink * (place[axis] - middle[axis]) ** 2 for *place, ink in pixels) / mass for axis in (0, 1)]
    sides = [4 * math.sqrt(found + 1 / 12) for found in variance]
    narrow = REFERENCE_ASPECTS[aspect](min(sides) / max(sides)) * box
    new = [box if side == max(sides) else narrow for side in sides]
    return [
        [(edge - middle[axis]) * new[axis] / sides[axis] + length / 2 for edge in range(length + 1)]
        for axis, length in enumerate(picture.shape)
    ]


def reference_normalize(picture, aspect, box):
    """The overlap of each old pixel, a rectangle, with each new one."""
    down, across = reference_edges(picture, aspect, box)
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


@pytest.mark.parametrize("aspect", REFERENCE_ASPECTS)
@pytest.mark.parametrize(("shape", "box"), [((9, 9), 7.0), ((6, 11), 5.5)])
def test_equals_the_reference(aspect, shape, box):
    pictures = np.random.default_rng(0).random((4, *shape), dtype=np.float32) ** 3
    pictures[0, :, shape[1] // 2 :] = 0  # a tall one
    found = SizeNormalizer(aspect, box, image_shape=shape).fit_transform(pictures.reshape(4, -1))
    for picture, row in zip(pictures, found, strict=True):
        np.testing.assert_allclose(row.reshape(shape), reference_normalize(picture, aspect, box), atol=1e-4)


@given(st.integers(2, 14), st.integers(2, 14), st.integers(0, 14), st.integers(0, 14))
def test_only_the_aspect_ratio_matters_not_position_and_size(height, width, top, left):
    rows = np.stack([block(top, left, height, width), block(3, 3, height, width)]).reshape(2, -1)
    found = SizeNormalizer().fit_transform(rows)
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


@pytest.mark.parametrize(
    ("aspect", "width"), [("keep", 6), ("root", 12), ("cube root", 24 / 4 ** (1 / 3)), ("fill", 24)]
)
def test_the_aspect_function_sets_the_width_of_a_narrow_letter(aspect, width):
    """A constant bar is sqrt(12) standard deviations long: with 4 of them in 24 pixels, it is 20.8 long."""
    found = SizeNormalizer(aspect).fit_transform(block(8, 12, 12, 3).reshape(1, -1)).reshape(28, 28)
    assert found.max(axis=1).sum() == pytest.approx(24 * math.sqrt(12) / 4, abs=0.01)
    assert found.max(axis=0).sum() == pytest.approx(width * math.sqrt(12) / 4, abs=0.01)


@given(arrays(np.float32, (2, 64), elements=st.floats(0, 1, width=16)))
def test_the_result_is_ink_for_any_ink(X):
    rows = SizeNormalizer().fit_transform(X)
    assert rows.shape == X.shape
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= X.max(axis=1, keepdims=True) * 1.0001).all()


def test_blank_rows_stay_blank():
    assert (SizeNormalizer().fit_transform(np.zeros((2, 784))) == 0).all()


def test_rows_are_independent():
    """Exactly, for any block and batch."""
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
def test_invalid_parameters_raise_an_error(parameters, columns, problem):
    with pytest.raises(ValueError, match=problem):
        SizeNormalizer(**parameters).fit(np.zeros((2, columns)))


def test_macs():
    """Sums along both axes, overlaps, and two matrix products."""
    normalizer = SizeNormalizer(image_shape=(2, 3)).fit(np.zeros((1, 6)))
    assert normalizer.macs_per_row() == 2 * 6 + 3 * (4 + 9) + (2 * 2 * 3 + 2 * 3 * 3)


class _AnyWidth(SizeNormalizer):
    """Accepts rows of any width, as one row of pixels, for the checks of scikit-learn."""

    def _shape_of(self, n_features):
        return (1, n_features)


@parametrize_with_checks([_AnyWidth()])
def test_sklearn_checks(estimator, check):
    check(estimator)


SHAPE = (9, 13)


def moments_after(profile, edges):
    """Mean and four standard deviations of ink that lies evenly between the moved borders."""
    lower, upper = edges[:-1].astype(float), edges[1:].astype(float)
    share = profile / profile.sum()
    mean = (share * (lower + upper) / 2).sum()
    square = (share * (lower**2 + lower * upper + upper**2) / 3).sum()
    return mean, 4 * np.sqrt(square - mean**2)


@pytest.mark.parametrize("aspect", ASPECTS)
@given(arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=16)).filter(lambda ink: ink.sum() > 1e-2))
def test_mapped_ink_has_the_target_moments(aspect, ink):
    down, across = moment_edges(ink[None], aspect, 7.0)
    middle_y, height = moments_after(ink.sum(axis=1), down[0])
    middle_x, width = moments_after(ink.sum(axis=0), across[0])
    assert (middle_y, middle_x) == pytest.approx((SHAPE[0] / 2, SHAPE[1] / 2), abs=1e-2)
    assert max(height, width) == pytest.approx(7.0, rel=1e-2)
    _, old_height = moments_after(ink.sum(axis=1), np.arange(SHAPE[0] + 1))
    _, old_width = moments_after(ink.sum(axis=0), np.arange(SHAPE[1] + 1))
    ratio = min(old_height, old_width) / max(old_height, old_width)
    assert min(height, width) / max(height, width) == pytest.approx(ASPECTS[aspect](ratio), rel=1e-2)


def test_pictures_without_ink_are_not_moved():
    down, across = moment_edges(np.zeros((1, *SHAPE), np.float32), "root", 7.0)
    np.testing.assert_allclose(down[0], np.arange(10))
    np.testing.assert_allclose(across[0], np.arange(14))


def test_negative_ink_counts_as_paper():
    ink = np.random.default_rng(0).normal(size=(1, *SHAPE)).astype(np.float32)
    for found, expected in zip(moment_edges(ink, "keep", 7), moment_edges(ink.clip(0), "keep", 7), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ASPECTS)
def test_aspect_functions_do_not_narrow_letters_or_swap_sides(name):
    ratios = np.linspace(0.01, 1, 50)
    assert (ASPECTS[name](ratios) >= ratios - 1e-12).all()
    assert ASPECTS[name](1.0) == pytest.approx(1)


def test_default_box():
    assert default_box((28, 28)) == 24
    assert default_box((14, 28)) == 12
