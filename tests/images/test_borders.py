import numpy as np
import pytest

from ensemble_hwr.images.borders import may_have_bars, remove_borders, remove_boxes


def letter(side=60, width=5):
    """A letter H with paper around it."""
    ink = np.zeros((side, side), np.float32)
    ink[15:45, 18 : 18 + width] = ink[15:45, 40 : 40 + width] = ink[28 : 28 + width, 18:45] = 1.0
    return ink


def test_a_letter_without_borders_is_unchanged():
    ink = letter()
    assert remove_borders(ink) is ink


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("first", [0, 1])
def test_a_bar_along_an_edge_is_removed(turns, first):
    ink = letter()
    barred = ink.copy()
    barred[first : first + 3] = 1.0
    np.testing.assert_array_equal(remove_borders(np.rot90(barred, turns)), np.rot90(ink, turns))


def test_bars_along_all_edges_are_removed():
    ink = letter()
    barred = ink.copy()
    barred[:3] = barred[-3:] = barred[:, :3] = barred[:, -3:] = 1.0
    np.testing.assert_array_equal(remove_borders(barred), ink)


def test_a_bar_that_touches_the_letter_is_removed():
    ink = letter()
    ink[44:60, 18:23] = 1.0
    barred = ink.copy()
    barred[-3:] = 1.0
    cleaned = remove_borders(barred)
    assert cleaned[-3:].sum() == 0
    np.testing.assert_array_equal(cleaned[:-4], ink[:-4])


def test_a_frame_around_the_letter_is_removed():
    ink = letter()
    framed = ink.copy()
    framed[5:7, 5:55] = framed[53:55, 5:55] = framed[5:55, 5:7] = framed[5:55, 53:55] = 1.0
    np.testing.assert_array_equal(remove_borders(framed), ink)


@pytest.mark.parametrize("name", "ELFHTZIDU")
def test_letters_that_fill_their_picture_are_unchanged(name):
    """Their own strokes lie along the edges."""
    ink = np.zeros((40, 34), np.float32)
    if name in "ELFHDU":
        ink[:, :4] = 1.0
    if name in "ELZIDU":
        ink[-4:] = 1.0
    if name in "EFTZID":
        ink[:4] = 1.0
    if name in "HDU":
        ink[:, -4:] = 1.0
    if name in "EFH":
        ink[18:22, : 24 if name == "F" else None] = 1.0
    if name in "TI":
        ink[:, 15:19] = 1.0
    if name == "Z":
        for row in range(40):
            ink[row, max(0, 30 - row * 30 // 39) : 34 - row * 30 // 39] = 1.0
    assert remove_borders(ink) is ink


def test_a_letter_inside_a_round_letter_is_kept():
    """A Q or an @ encloses other ink, but not as a rectangle."""
    y, x = np.mgrid[:60, :60] - 29.5
    ink = (np.abs(np.hypot(y, x) - 24) < 2.5).astype(np.float32)
    ink[28:32, 25:35] = 1.0
    assert remove_borders(ink) is ink


def letters_in_boxes(count=3):
    """Letters H in boxes of 60 pixels that do not touch; the ink of the letters, and that of all."""
    ink = np.concatenate([np.zeros((66, 3), np.float32)] + [np.pad(letter(), 3)] * count, axis=1)
    boxes = np.zeros_like(ink)
    for place in range(count):
        left = 7 + 66 * place
        boxes[4:62, left : left + 58] = 1.0
        boxes[6:60, left + 2 : left + 56] = 0.0
    return ink, np.maximum(ink, boxes)


def test_boxes_of_letters_are_removed():
    ink, boxed = letters_in_boxes()
    cleaned, boxes = remove_boxes(boxed)
    np.testing.assert_array_equal(cleaned, ink)
    assert [(box.left, box.width) for box in boxes] == [(7 + 66 * place, 58) for place in range(len(boxes))]


def test_a_box_that_its_letter_touches_is_removed_like_the_others():
    ink, boxed = letters_in_boxes()
    ink[40:61, 3 + 18 : 3 + 23] = boxed[40:61, 3 + 18 : 3 + 23] = 1.0
    cleaned, _ = remove_boxes(boxed)
    assert (cleaned[:60] == ink[:60]).mean() > 0.995
    assert (cleaned[45, 21:26] > 0).any()
    assert cleaned[:, 7].sum() < 8


def test_round_shapes_and_a_single_box_are_no_boxes_of_letters():
    """Letters that enclose nothing, and a single box, stay."""
    ink = np.zeros((60, 130), np.float32)
    y, x = np.mgrid[:60, :65]
    ring = np.abs(np.hypot(y - 30, x - 32) - 20) < 2.5
    ink[:, :65][ring] = ink[:, 65:][ring] = 1.0
    assert remove_boxes(ink)[0] is ink
    boxed = letters_in_boxes(1)[1]
    assert remove_boxes(boxed)[0] is boxed


def test_bars_of_pictures_of_several_sizes_are_those_of_each_size():
    rng = np.random.default_rng(0)
    masks = [rng.random((height, width)) < 0.6 for height, width in rng.integers(1, 9, (200, 2))]
    together = np.zeros((len(masks), 9, 9), np.bool_)
    for whole, mask in zip(together, masks, strict=True):
        whole[: mask.shape[0], : mask.shape[1]] = mask
    sizes = np.array([mask.shape for mask in masks]).T
    found = may_have_bars(together.sum(axis=2), together.sum(axis=1), *sizes)
    expected = [may_have_bars(mask[None].sum(axis=2), mask[None].sum(axis=1))[0] for mask in masks]
    assert found.tolist() == expected
    assert 0 < sum(expected) < len(masks)
