import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr import compose_words
from ensemble_hwr.segmentation._word import find_slant, row_shifts, shift_rows


@given(arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.floats(-1, 1))
def test_shifting_rows_is_invertible(pixels, slant):
    shifts = row_shifts(len(pixels), slant)
    upright = shift_rows(pixels, shifts)
    back = [row[shift : shift + pixels.shape[1]] for row, shift in zip(upright, shifts, strict=True)]
    np.testing.assert_array_equal(back, pixels)
    assert np.count_nonzero(upright) == np.count_nonzero(pixels)


@pytest.mark.parametrize("slant", [-0.6, -0.2, 0.0, 0.3, 0.7])
def test_slant_of_a_stroke(slant):
    mask = np.zeros((40, 120), bool)
    for y in range(40):
        for x in (40, 41, 70, 71):
            mask[y, round(x + slant * (20 - y))] = True
    assert find_slant(mask) == pytest.approx(slant, abs=0.06)


def test_slant_of_words(letters):
    upright = compose_words(letters, ["HUMBLE", "THINK", "BRIDGE"] * 8, random_state=0)
    leaning = compose_words(letters, ["HUMBLE", "THINK", "BRIDGE"] * 8, slant=0.4, random_state=0)
    change = [find_slant(b.owner >= 0) - find_slant(a.owner >= 0) for a, b in zip(upright, leaning, strict=True)]
    assert np.median(change) == pytest.approx(0.4, abs=0.1)


def test_no_slant_without_ink():
    assert find_slant(np.zeros((5, 5), bool)) == 0.0
    assert find_slant(np.eye(1, dtype=bool)) == 0.0
