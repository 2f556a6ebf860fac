"""Cells between ruled lines."""

import numpy as np
import pytest
from scipy import ndimage

from ensemble_hwr.images.cells import find_cells
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
