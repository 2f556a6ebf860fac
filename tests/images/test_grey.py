import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._grey import grey_of_array, grey_of_image, lay_on_paper

PIXELS = arrays(np.uint8, (5, 6))


@given(PIXELS)
def test_all_ways_to_hold_the_same_grey_are_the_same_picture(grey):
    same = [
        grey[..., None],
        np.stack([grey] * 3, axis=-1),
        grey.astype(np.int64),
        grey / 255,
        (grey / 255).astype(np.float32),
        np.asfortranarray(grey),
    ]
    for array in same:
        np.testing.assert_array_equal(grey_of_array(array), grey)
    np.testing.assert_array_equal(grey_of_image(Image.fromarray(grey)), grey)


def test_truth_is_black_and_white():
    assert grey_of_array(np.array([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize("most", [255, 1023, 4095, 65535])
def test_deep_pixels_are_scaled_by_their_bit_depth(most):
    deep = np.array([[0, most // 2, most]], np.uint16)
    assert grey_of_array(deep).tolist() == [[0, 127, 255]]
    assert grey_of_image(Image.fromarray(deep)).tolist() == [[0, 127, 255]]


@given(PIXELS, PIXELS)
def test_laying_on_paper_is_the_weighted_mean_of_ink_and_one_paper(grey, alpha):
    alpha[0, :2] = 255, 0
    laid = lay_on_paper(grey, alpha)
    share = alpha / 255
    errors = [np.abs(laid - (grey * share + paper * (1 - share))).max() for paper in range(256)]
    assert min(errors) <= 0.51
    assert (laid[alpha == 255] == grey[alpha == 255]).all()


@given(st.integers(0, 255), st.integers(1, 255))
def test_strokes_on_nothing_contrast_with_their_paper(ink, alpha):
    grey, opacity = np.full((9, 9), ink, np.uint8), np.zeros((9, 9), np.uint8)
    opacity[2:7, 4] = alpha
    laid = lay_on_paper(grey, opacity).astype(int)
    assert abs(laid[4, 4] - laid[0, 0]) >= 127 * alpha // 255


def test_evenly_transparent_is_opaque_and_wholly_transparent_is_nothing():
    grey = np.arange(30, dtype=np.uint8).reshape(5, 6)
    np.testing.assert_array_equal(lay_on_paper(grey, np.full((5, 6), 9, np.uint8)), grey)
    with pytest.raises(PictureError, match="every pixel is transparent"):
        lay_on_paper(grey, np.zeros((5, 6), np.uint8))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((0, 4)), "is empty"),
        (np.zeros(4), "shape"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.full((2, 2), 256), "range from 256 to 256"),
        (np.full((2, 2), -1), "range from -1"),
        (np.array([[0.0, 1.5]]), "floats must lie in 0..1"),
        (np.array([[-0.5, 1.0]]), "floats must lie in 0..1"),
        (np.array([[np.nan, 1.0]]), "NaN"),
        (np.array([["a"]]), "dtype"),
    ],
)
def test_what_is_no_picture_says_why(array, said):
    with pytest.raises(PictureError, match=said):
        grey_of_array(array)
