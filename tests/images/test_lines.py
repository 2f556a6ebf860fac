import numpy as np
import pytest
from scipy import ndimage

from ensemble_hwr.images._traces import run_lengths
from ensemble_hwr.images.lines import find_lines, find_ruling, remove_lines

LETTER = 28


def word():
    """Four letters H of 28 pixels with strokes of 3 pixels."""
    ink = np.zeros((60, 150), np.float32)
    for left in (15, 47, 79, 111):
        ink[16:44, left : left + 3] = ink[16:44, left + 20 : left + 23] = 1.0
        ink[29:32, left : left + 23] = 1.0
    return ink


def with_line(ink, rows, width=2):
    """Draw a line with its top at a row for each column."""
    ink = ink.copy()
    for column, row in enumerate(np.broadcast_to(rows, ink.shape[1])):
        ink[int(row) : int(row) + width, column] = 1.0
    return ink


def test_run_lengths_down_the_columns():
    mask = np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1]], bool)
    np.testing.assert_array_equal(run_lengths(mask), [[2, 0, 3], [2, 2, 3], [0, 2, 3]])


def test_ink_without_lines_is_unchanged():
    ink = word()
    assert remove_lines(ink, LETTER) is ink


@pytest.mark.parametrize(
    "rows",
    [
        48,
        40,
        np.linspace(52, 44, 150),
        48 + 3 * np.sin(np.arange(150) / 16),
    ],
    ids=["below", "through", "rising", "wavy"],
)
def test_a_line_is_removed_and_strokes_that_cross_it_stay(rows):
    ink = word()
    cleaned = remove_lines(with_line(ink, rows), LETTER)
    assert np.abs(cleaned - ink).sum() < 0.03 * ink.sum() + 12
    assert (cleaned[16:44, 16] == 1).all()


def test_double_underline_is_removed():
    ink = word()
    cleaned = remove_lines(with_line(with_line(ink, 47), 54), LETTER)
    np.testing.assert_array_equal(cleaned, ink)


def test_a_box_around_a_word_is_removed():
    ink = word()
    boxed = ink.copy()
    boxed[8:10, 6:146] = boxed[50:52, 6:146] = boxed[8:52, 6:8] = boxed[8:52, 144:146] = 1.0
    np.testing.assert_array_equal(remove_lines(boxed, LETTER), ink)


def test_a_margin_is_removed_from_edge_to_edge():
    written = np.pad(word(), ((24, 24), (20, 0)))
    ruled = written.copy()
    ruled[17:19] = ruled[-19:-17] = 1.0  # closer to the edges than a letter is high
    ruled[:, 5:7] = 1.0
    np.testing.assert_array_equal(remove_lines(ruled, letter=28), written)


def test_bars_of_letters_in_a_row_are_no_line():
    """The bars of HHHH are at one height, with gaps between the letters and stems across."""
    assert not find_lines(word() > 0, 2 * LETTER, 7).any()


def test_soft_edges_of_a_line_are_removed():
    ink = with_line(word(), 48)
    ink[47] = ink[50] = 0.2
    assert remove_lines(ink, LETTER)[46:].sum() == 0


def test_the_underline_of_a_short_word_is_removed():
    ink = word()[:, :74]
    ink[48:50, 13:72] = 1.0
    np.testing.assert_array_equal(remove_lines(ink, LETTER), word()[:, :74])


def test_the_foot_of_a_single_letter_is_no_underline():
    ink = np.zeros((60, 60), np.float32)
    ink[16:44, 15:18] = ink[41:44, 15:45] = 1.0
    assert remove_lines(ink, LETTER) is ink


def test_the_foot_of_a_letter_that_lies_on_a_line_stays():
    ink = word()
    ink[42:44, 55:67] = 1.0
    cleaned = remove_lines(with_line(ink, 44, width=3), LETTER)
    assert (cleaned[42:44, 55:67] == 1).mean() > 0.9
    assert not cleaned[44:, 51:66].any()


def test_a_line_that_many_feet_touch_is_removed():
    ink = word()
    for left in (15, 47, 79, 111):
        ink[39:44, left : left + 23] = 1.0
    ink = np.pad(ink, ((0, 0), (50, 50)))
    cleaned = remove_lines(with_line(ink, 44), LETTER)
    assert not cleaned[44:46, :40].any()
    assert (cleaned[39:43] == ink[39:43]).all()


def test_a_thin_foot_just_above_a_line_stays():
    ink = word()
    ink[42:44, 55:67] = 1.0
    cleaned = remove_lines(with_line(ink, 45, width=3), LETTER)
    np.testing.assert_array_equal(cleaned, ink)


def page_of_words(gap=30):
    """Two words side by side: four letters H and two letters H of 28 pixels."""
    return np.concatenate([word(), np.zeros((60, gap), np.float32), word()[:, :79]], axis=1)


def test_underlines_of_neighbouring_words_are_two_lines():
    """The gap between the words is no part of a line; one path crosses it."""
    ink = page_of_words()
    lined = ink.copy()
    lined[48:50, 8:140] = lined[48:50, 190:256] = 1.0
    np.testing.assert_array_equal(remove_lines(lined, LETTER / 1.2), ink)


@pytest.mark.parametrize("wave", [0.0, 2.0], ids=["straight", "wavy"])
def test_an_underline_that_every_letter_touches_is_removed(wave):
    ink = word()
    ink[32:44] = np.repeat(ink[43:44], 12, axis=0)
    course = np.rint(43 + wave * np.sin(np.arange(150) / 16)).astype(int)
    lined = ink.copy()
    for column in range(10, 140):
        lined[course[column] : course[column] + 3, column] = 1.0
    cleaned = remove_lines(lined, LETTER)
    assert np.abs(cleaned - ink).sum() < 0.12 * ink.sum()
    assert ndimage.label(cleaned > 0)[1] == 4


def test_an_underline_of_a_short_word_is_found_by_its_likeness_to_another():
    ink = page_of_words()
    lined = ink.copy()
    lined[43:46, 8:140] = lined[43:46, 190:256] = 1.0
    cleaned = remove_lines(lined, LETTER)
    assert ndimage.label(cleaned > 0)[1] == 6


def test_flat_feet_of_letters_are_no_underline():
    ink = np.zeros((60, 150), np.float32)
    for left in (15, 47, 79, 111):
        ink[16:44, left : left + 3] = ink[41:44, left : left + 23] = 1.0
    assert remove_lines(ink, LETTER) is ink


def test_a_comb_is_removed_with_its_teeth():
    ink = word()
    combed = ink.copy()
    combed[50:52, 8:141] = 1.0
    for left in (8, 41, 73, 105, 139):
        combed[40:52, left : left + 2] = 1.0
    np.testing.assert_array_equal(remove_lines(combed, LETTER), ink)


def test_teeth_whose_line_was_removed_are_like_others():
    ink = np.zeros((120, 150), np.float32)
    ink[52:54, 8:141] = 1.0
    for left in (8, 40, 72, 104, 136):
        ink[42:52, left : left + 2] = ink[100:110, left : left + 2] = 1.0
    assert not remove_lines(ink, LETTER).any()
    ink[52:54] = 0.0
    assert remove_lines(ink, LETTER) is ink


def test_lines_between_letters_of_a_few_pixels_are_found():
    mask = np.zeros((60, 200), bool)
    mask[::6] = mask[:, 50] = mask[:, 120] = True
    assert find_ruling(mask, 5).pixels[30].mean() > 0.9
