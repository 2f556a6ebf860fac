"""Cells between ruled lines."""

import numpy as np
import pytest
from scipy import ndimage

from ensemble_hwr.boxes import Box
from ensemble_hwr.images.cells import cells_of_boxes, find_cells
from ensemble_hwr.images.lines import find_ruling

LETTER = 28


def grid(n_rows, n_columns, size=60):
    """Lines of two pixels around square cells, with paper around them."""
    height, width = size * n_rows, size * n_columns
    mask = np.zeros((height + 22, width + 22), bool)
    for row in range(n_rows + 1):
        mask[10 + size * row : 12 + size * row, 10 : 12 + width] = True
    for column in range(n_columns + 1):
        mask[10 : 12 + height, 10 + size * column : 12 + size * column] = True
    return mask


def cells_of(mask):
    ruling = find_ruling(mask, LETTER)
    return None if ruling is None else find_cells(ruling, LETTER)


def test_cells_of_a_grid_are_numbered_row_by_row():
    cells = cells_of(grid(2, 3))
    assert cells.rows.tolist() == [0, 0, 0, 1, 1, 1]
    assert cells.labels[40:140:60, 40:220:60].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert not cells.labels[:10].any()


def test_a_letter_across_a_line_does_not_join_two_cells():
    mask = grid(2, 3)
    ink = mask.copy()
    ink[30:56, 60:84] |= np.eye(26, 24, dtype=bool) | np.eye(26, 24, 1, dtype=bool)
    ink[55:100, 40:44] = True
    assert cells_of(ink).rows.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("degrees", [-4, 3])
def test_cells_of_a_sloping_grid(degrees):
    turned = ndimage.rotate(grid(3, 4).astype(float), degrees, order=1) > 0.4
    assert cells_of(turned).rows.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_the_edges_of_the_picture_close_cells():
    mask = grid(2, 3)[12:130, 12:190]
    assert cells_of(mask).rows.tolist() == [0, 0, 0, 1, 1, 1]


def test_ruled_lines_and_a_frame_have_no_cells():
    mask = np.zeros((140, 200), bool)
    mask[40:42] = mask[90:92] = True
    assert cells_of(mask) is None
    frame = np.zeros((100, 200), bool)
    frame[20:80, 20:180] = True
    frame[22:78, 22:178] = False
    assert cells_of(frame) is None


def comb(missing=()):
    """Two combs of 3 and 2 fields of 40 pixels, with an empty field between them, below 4 fields in a row."""
    mask = np.zeros((150, 300), bool)
    for bottom, fields in ((60, [0, 1, 2, 3]), (120, [0, 1, 2, 4, 5])):
        for field in fields:
            left = 20 + 40 * field
            mask[bottom : bottom + 2, left : left + 41] = True
            for x in (left, left + 40):
                if (bottom, x) not in missing:
                    mask[bottom - 12 : bottom, x : x + 2] = True
    return mask


@pytest.mark.parametrize("missing", [(), ((120, 60), (60, 140))], ids=["whole", "without some teeth"])
def test_fields_of_combs_are_cells(missing):
    cells = cells_of(comb(missing))
    assert cells.rows.tolist() == [0] * 4 + [1] * 6
    assert cells.labels[40, 40:200:40].tolist() == [1, 2, 3, 4]
    assert cells.labels[100, 40:260:40].tolist() == [5, 6, 7, 8, 9, 10]
    assert cells.opens.tolist() == [True, *[False] * 3, True, *[False] * 5]


def test_boxes_of_letters_are_cells_and_distances_separate_words():
    boxes = [Box(left, top, left + 30, top + 40) for top in (60, 5) for left in (5, 40, 110, 145)]
    cells = cells_of_boxes(boxes, np.zeros((110, 180), bool))
    assert cells.rows.tolist() == [0] * 4 + [1] * 4
    assert cells.opens.tolist() == [True, False, True, False] * 2
    assert cells.labels[20, 10:150:35].tolist() == [1, 2, 0, 3]
    assert cells_of_boxes([boxes[0], boxes[2]], np.zeros((110, 180), bool)) is None
    assert cells_of_boxes([], np.zeros((110, 180), bool)) is None
