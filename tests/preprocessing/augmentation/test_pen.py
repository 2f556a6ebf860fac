import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from ensemble_hwr.preprocessing.augmentation._pen import change_width
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch

INK = arrays(np.float32, (2, 8, 7), elements=st.floats(0, 1, width=16))
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)


def slow_change(picture, change):
    """One blend with scipy's grey dilation or erosion after the other."""
    changed = picture.astype(float)
    left = abs(change) / 2
    while left > 0:
        if change > 0:
            other, share = ndimage.grey_dilation(changed, footprint=CROSS, mode="constant", cval=0), min(left, 1)
        else:
            other, share = ndimage.grey_erosion(changed, footprint=CROSS, mode="constant", cval=9), min(left, 0.9)
        changed = (1 - share) * changed + share * other
        left -= 1
    return changed * picture.max() / changed.max() if changed.max() else changed


@settings(max_examples=40)
@given(INK, arrays(float, 2, elements=st.floats(-5, 5)))
def test_against_scipy(pictures, change):
    found = change_width(pictures, change, Scratch())
    assert found.dtype == np.float32
    for picture, amount, one in zip(pictures, change, found, strict=True):
        np.testing.assert_allclose(one, slow_change(picture, amount), atol=1e-4)


@settings(max_examples=25)
@given(INK)
def test_no_change_changes_nothing(pictures):
    np.testing.assert_array_equal(change_width(pictures, np.zeros(2), Scratch()), pictures)


@settings(max_examples=25)
@given(INK, arrays(float, 2, elements=st.floats(-5, 5)))
def test_the_darkest_pixel_keeps_its_darkness(pictures, change):
    found = change_width(pictures, change, Scratch())
    np.testing.assert_allclose(found.max(axis=(1, 2)), pictures.max(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize("change", [-4.0, -2.0, -0.5])
def test_lines_of_one_pixel_do_not_get_thinner(change):
    pictures = np.zeros((1, 9, 9), dtype=np.float32)
    pictures[0, :, 4] = 0.75
    np.testing.assert_allclose(change_width(pictures, np.array([change]), Scratch()), pictures, rtol=1e-5)


@pytest.mark.parametrize(("change", "width"), [(2, 5), (4, 7), (1, 4), (-1, 2), (-1.8, 1.2)])
def test_what_strokes_gain(change, width):
    pictures = np.zeros((1, 12, 12), dtype=np.float32)
    pictures[0, :, 4:7] = 1
    assert change_width(pictures, np.array([change]), Scratch())[0, 5].sum() == pytest.approx(width, rel=1e-5)
