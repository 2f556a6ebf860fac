import numpy as np
import pytest

from ensemble_hwr.images import to_ink
from ensemble_hwr.images.patterns import remove_dots, without_pale_lines


def letter():
    """A letter H of 30 pixels on 90 x 110 pixels."""
    ink = np.zeros((90, 110), np.float32)
    ink[31:61, 41:45] = ink[31:61, 60:64] = ink[44:48, 41:64] = 1.0
    return ink


def dotted(ink, pitch=14, size=2, tone=1.0):
    ink = ink.copy()
    for shift in np.ndindex(size, size):
        place = ink[4 + shift[0] :: pitch, 4 + shift[1] :: pitch]
        place[...] = np.maximum(place, tone)
    return ink


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("tone", [0.3, 1.0])
def test_dots_at_regular_distances_are_removed(size, tone):
    ink = letter()
    cleaned = remove_dots(dotted(ink, size=size, tone=tone))
    assert (cleaned >= ink).all()
    assert (cleaned != ink).sum() <= 5 * size**2  # dots that touch the letter


def test_dots_with_gaps_and_specks_between_them_are_removed():
    rng = np.random.default_rng(0)
    dots = dotted(np.zeros((180, 220), np.float32), size=2)
    rows, columns = np.nonzero(rng.random((13, 16)) < 0.3)
    for row, column in zip(rows, columns, strict=True):
        dots[4 + 14 * row :, 4 + 14 * column :][:2, :2] = 0  # nearly a third of the dots are missing
    specks = np.zeros_like(dots)
    specks[rng.integers(0, 180, 25), rng.integers(0, 220, 25)] = 1.0
    ink = np.zeros_like(dots)
    ink[80:110, 91:95] = 1.0
    cleaned = remove_dots(np.maximum(np.maximum(dots, specks), ink))
    assert (cleaned[ink > 0] == 1).all()
    assert cleaned.sum() - ink.sum() < 0.1 * dots.sum()


def test_soft_edges_of_dots_are_removed():
    ink = np.zeros((90, 110), np.float32)
    soft = np.maximum(dotted(ink, size=1), 0.0)
    soft[5::14, 4::14] = 0.2
    assert remove_dots(soft).sum() == 0


def test_few_or_irregular_dots_stay():
    few = letter()
    few[10, 10::40] = 1.0
    assert remove_dots(few) is few
    scattered = letter()
    rng = np.random.default_rng(0)
    scattered[rng.integers(0, 90, 40), rng.integers(0, 110, 40)] = 1.0
    assert remove_dots(scattered) is scattered


SHAPE = (96, 160)


def letters():
    """Two letters H of 30 pixels."""
    ink = np.zeros(SHAPE, np.float32)
    for left in (45, 85):
        ink[33:63, left : left + 4] = ink[33:63, left + 20 : left + 24] = ink[46:50, left : left + 24] = 1.0
    return ink


def lined(ink, across=(), down=(), *, tone=0.4, slope=0.0):
    """Draw lines of two pixels from edge to edge."""
    ink = ink.copy()
    columns = np.arange(SHAPE[1])
    for row in across:
        place = np.rint(row + slope * (columns - SHAPE[1] / 2)).astype(int)
        for shift in (0, 1):
            ink[place + shift, columns] = np.maximum(ink[place + shift, columns], tone)
    for column in down:
        ink[:, column : column + 2] = np.maximum(ink[:, column : column + 2], tone)
    return ink


@pytest.mark.parametrize("tone", [0.2, 0.4, 0.6])
@pytest.mark.parametrize("slope", [0.0, 0.04])
def test_pale_ruled_lines_are_removed_and_strokes_that_cross_them_stay(tone, slope):
    ink = letters()
    cleaned = without_pale_lines(lined(ink, (20, 55, 80), tone=tone, slope=slope))
    np.testing.assert_array_equal(cleaned, ink)


def test_squared_paper_is_removed():
    ink = letters()
    cleaned = without_pale_lines(lined(ink, range(5, 95, 14), range(3, 159, 14)))
    np.testing.assert_array_equal(cleaned, ink)


def test_a_margin_is_removed_with_the_ruled_lines():
    ink = letters()
    cleaned = without_pale_lines(lined(ink, (20, 65), (30,)))
    np.testing.assert_array_equal(cleaned, ink)


def test_noise_does_not_hide_lines():
    ink = letters()
    noise = np.random.default_rng(0).normal(0, 0.05, SHAPE).astype(np.float32)
    cleaned = without_pale_lines(lined(ink, (20, 65)) + noise)
    assert np.abs(cleaned - ink)[20:22].mean() < 0.1


def test_tables_dark_lines_and_clean_writing_are_left():
    ink = letters()
    table = lined(ink, (20, 75), (10, 75, 140))
    dark = lined(ink, (20, 65), tone=0.9)
    for darkness in (ink, table, dark, ink[:50, :50]):
        assert without_pale_lines(darkness) is darkness


def test_a_little_writing_on_squared_paper_is_darker_than_its_lines():
    ink = np.zeros(SHAPE, np.float32)
    ink[30:62, 61:63] = 0.6  # with its soft edges, a short word with a thin pen
    ink[30:62, 62] = 1.0
    cleaned = without_pale_lines(lined(ink, range(5, 95, 14), range(3, 159, 14), tone=0.45))
    np.testing.assert_array_equal(cleaned > 0.7, ink > 0.7)
    assert np.count_nonzero(cleaned) <= np.count_nonzero(ink)


def test_boxes_whose_lines_across_differ_slightly_in_tone_are_left():
    darkness = np.zeros((80, 260), np.float32)
    for left in range(10, 250, 40):
        darkness[15:65, [left, left + 1, left + 34, left + 35]] = 0.69
        darkness[15:17, left : left + 36] = 0.69
        darkness[63:65, left : left + 36] = 0.71
        darkness[25:55, left + 16 : left + 19] = 1.0
    darkness = np.pad(darkness, ((40, 40), (0, 0)))  # the sides are shorter than half of the picture
    assert without_pale_lines(darkness) is darkness


def test_strokes_on_squared_paper_are_full_ink():
    grey = np.rint(210 * (1 - 0.8 * lined(letters(), range(5, 95, 14), range(3, 159, 14)))).astype(np.uint8)
    ink = to_ink(grey)
    np.testing.assert_array_equal(ink > 0.5, letters() > 0.5)


def test_pale_sides_of_cells_of_different_widths_keep_their_lines_across():
    darkness = np.zeros((180, 400), np.float32)
    for row in range(4):
        darkness[15 + 45 * row : 17 + 45 * row] = 0.3
    ruled = darkness.copy()
    for row, columns in enumerate(((40, 150, 300), (40, 90, 210), (40, 180, 330))):
        for column in columns:
            darkness[15 + 45 * row : 61 + 45 * row, column : column + 2] = 0.3
    for picture in (darkness, ruled):
        picture[30:50, 60:390:20] = picture[75:95, 60:390:20] = picture[30:50, 61:390:20] = 1.0
    assert without_pale_lines(darkness) is darkness
    assert not without_pale_lines(ruled)[15].any()


@pytest.mark.parametrize("tone", [0.25, 0.4])
def test_the_pale_sides_of_a_cell_go_with_its_lines_across(tone):
    cell = lined(letters(), (20, 75), tone=tone)
    cell[20:77, 8:10] = cell[20:77, 150:152] = tone
    around = ((40, 40), (0, 0))  # the sides are shorter than half of the picture
    cleaned = without_pale_lines(np.pad(cell, around))
    assert np.abs(cleaned - np.pad(letters(), around)).max() < 0.5 * tone


def thin_writing(shape, lefts):
    """Letters H of a thin pen with soft edges, of which a third of the ink is dark."""
    ink = np.zeros(shape, np.float32)
    for left in lefts:
        ink[33:63, left : left + 3] = ink[33:63, left + 15 : left + 18] = 0.5
        ink[33:63, [left + 1, left + 16]] = ink[47, left : left + 18] = 1.0
    return ink


def test_a_comb_keeps_its_line_with_its_teeth():
    comb = np.zeros((96, 400), np.float32)
    comb[74:76] = 0.62
    for column in range(20, 400, 36):
        comb[63:75, column : column + 2] = 0.62
    darkness = np.maximum(comb, thin_writing(comb.shape, range(27, 170, 36)))
    assert without_pale_lines(darkness) is darkness
