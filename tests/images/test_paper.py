import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ensemble_hwr.images._paper import _balance, _count_components, _thickness, dark_is_ink, is_flat, paper_level

SHAPE = (60, 80)
Y, X = np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
PEN = np.zeros(SHAPE, bool)
PEN[10:50, 20:26] = PEN[10:50, 55:61] = PEN[28:33, 20:61] = True


def picture(paper, contrast=0.6, noise=0.0):
    rng = np.random.default_rng(0)
    grey = paper * np.where(PEN, 1 - contrast, 1) + rng.normal(0, noise or 1e-9, SHAPE)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("level", [90, 200, 255])
def test_flat_paper_is_detected_with_its_level(level):
    assert is_flat(picture(np.full(SHAPE, float(level)))) == (True, level)


@pytest.mark.parametrize("slope", [15, 50])
def test_shaded_or_noisy_paper_is_not_flat(slope):
    assert is_flat(picture(180 + slope * X))[0] is False
    assert is_flat(picture(np.full(SHAPE, 180.0), noise=8))[0] is False


@pytest.mark.parametrize(
    "paper",
    [np.full(SHAPE, 200.0), 180 + 40 * X, 170 - 30 * X + 35 * Y, 200 - 15 * (X**2 + Y**2)],
    ids=["even", "across", "aslant", "vignette"],
)
@pytest.mark.parametrize("noise", [0, 3])
def test_paper_is_estimated_around_and_under_the_ink(paper, noise):
    found = paper_level(picture(paper, noise=noise))
    assert found.dtype == np.float32
    error = np.abs(found - paper)
    assert np.median(error) < 5
    assert error[PEN].mean() < 8


def test_paper_is_never_darker_than_one():
    black = np.zeros((30, 30), np.uint8)
    black[::7] = 2
    assert paper_level(black).min() >= 1


@pytest.mark.parametrize("shape", [(1, 8), (8, 1), (2, 2)])
def test_paper_of_thin_pictures(shape):
    grey = np.full(shape, 200, np.uint8)
    grey.flat[0] = 20
    paper = paper_level(grey)
    assert paper.shape == shape
    assert np.isfinite(paper).all()


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
def test_polarity_of_dark_and_of_light_letters(name, width, cut_close):
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
def test_polarity_of_any_pixels_is_boolean(grey):
    assert dark_is_ink(grey) in (True, False)


@given(st.floats(0, 100), st.floats(0, 100))
def test_balance_is_antisymmetric(first, second):
    assert -1 <= _balance(first, second) <= 1
    assert _balance(first, second) == -_balance(second, first)


def test_thickness_is_the_mean_distance_to_the_other_part():
    line = np.zeros((5, 9), bool)
    line[2] = True
    assert _thickness(line) == 1
    assert _thickness(~line) == 2  # rows at 1 and 2, and the frame at 3
    assert _thickness(np.zeros((3, 3), bool)) == 0


def test_components_are_connected_at_corners():
    board = np.array([[1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 1]], bool)
    assert _count_components(board) == 3
    assert _count_components(~board) == 1
