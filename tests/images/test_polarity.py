import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ensemble_hwr.images._polarity import _balance, _pieces, _thickness, dark_is_ink


def letter(name, size=40, width=4):
    pen = np.zeros((size, size), bool)
    near, far, middle = size // 5, size - size // 5, size // 2
    if name in "HLE":
        pen[near:far, near : near + width] = True
    if name == "H":
        pen[near:far, far - width : far] = pen[middle : middle + width, near:far] = True
    if name in "LE":
        pen[far - width : far, near:far] = True
    if name == "E":
        pen[near : near + width, near:far] = pen[middle : middle + width, near:far] = True
    if name == "O":
        y, x = np.mgrid[:size, :size] - (size - 1) / 2
        radius = np.hypot(y, x)
        pen = (radius < size * 0.35) & (radius > size * 0.35 - width)
    return pen


@pytest.mark.parametrize("name", "HLEO")
@pytest.mark.parametrize(("width", "cut_close"), [(2, False), (5, False), (8, False), (2, True)])
def test_letters_are_dark_on_light_and_light_on_dark(name, width, cut_close):
    pen = letter(name, width=width)
    if cut_close:
        rows, columns = np.flatnonzero(pen.any(axis=1)), np.flatnonzero(pen.any(axis=0))
        pen = pen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grey = np.where(pen, 30, 220).astype(np.uint8)
    assert dark_is_ink(grey)
    assert not dark_is_ink(255 - grey)


def test_a_shadow_over_half_the_paper_is_not_ink():
    grey = np.where(letter("E"), 60, 200) * np.linspace(1, 0.5, 40)
    assert dark_is_ink(grey.astype(np.uint8))


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=20)))
def test_any_pixels_get_an_answer(grey):
    assert dark_is_ink(grey) in (True, False)


@given(st.floats(0, 100), st.floats(0, 100))
def test_balance_changes_its_sign_with_its_sides(first, second):
    assert -1 <= _balance(first, second) <= 1
    assert _balance(first, second) == -_balance(second, first)


def test_thickness_is_the_mean_distance_to_the_other_part():
    line = np.zeros((5, 9), bool)
    line[2] = True
    assert _thickness(line) == 1
    assert _thickness(~line) == 2  # rows at 1 and 2, and the frame at 3
    assert _thickness(np.zeros((3, 3), bool)) == 0


def test_pieces_touch_at_corners():
    board = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 1]], bool)
    assert _pieces(board) == 3
    assert _pieces(~board) == 1
