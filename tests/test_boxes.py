import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.boxes import Box, union

corners = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9))
boxes = corners.map(lambda c: Box(c[0], c[1], c[0] + c[2], c[1] + c[3]))


def painted(found):
    sheet = np.zeros((20, 20), bool)
    for box in found:
        sheet[box.slices] = True
    return sheet


@given(boxes)
def test_slices_are_the_pixels(box):
    sheet = painted([box])
    assert sheet.sum() == box.width * box.height
    assert np.flatnonzero(sheet.any(axis=0))[[0, -1]].tolist() == [box.left, box.right - 1]
    assert np.flatnonzero(sheet.any(axis=1))[[0, -1]].tolist() == [box.top, box.bottom - 1]


@given(st.lists(boxes, min_size=1, max_size=5))
def test_union_is_the_smallest_box_around_all(found):
    rows, columns = np.nonzero(painted(found))
    assert union(found) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_moved():
    assert Box(1, 2, 3, 5).moved(10, -2) == Box(11, 0, 13, 3)
