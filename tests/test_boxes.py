import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.boxes import COLOURS, Box, draw_boxes, union

corners = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9))
boxes = corners.map(lambda c: Box(c[0], c[1], c[0] + c[2], c[1] + c[3]))


def painted(found):
    sheet = np.zeros((20, 20), bool)
    for box in found:
        sheet[box.slices] = True
    return sheet


@given(boxes)
def test_slices_select_the_pixels_of_the_box(box):
    sheet = painted([box])
    assert sheet.sum() == box.width * box.height
    assert np.flatnonzero(sheet.any(axis=0))[[0, -1]].tolist() == [box.left, box.right - 1]
    assert np.flatnonzero(sheet.any(axis=1))[[0, -1]].tolist() == [box.top, box.bottom - 1]


@given(st.lists(boxes, min_size=1, max_size=5))
def test_union_is_the_smallest_enclosing_box(found):
    rows, columns = np.nonzero(painted(found))
    assert union(found) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_moved():
    assert Box(1, 2, 3, 5).moved(10, -2) == Box(11, 0, 13, 3)


def test_draw_boxes_outlines_each_box_in_its_colour():
    grey = np.full((200, 40), 255, np.uint8)
    drawn = draw_boxes(grey, [Box(2, 3, 10, 20), Box(20, 30, 38, 60)])
    assert drawn.shape == (200, 40, 3)
    assert tuple(drawn[3, 2]) == tuple(drawn[19, 9]) == COLOURS[0]
    assert tuple(drawn[30, 20]) == tuple(drawn[59, 37]) == COLOURS[1]
    assert (drawn[4:19, 3:9] == 255).all()


def test_draw_boxes_enlarges_low_pictures():
    drawn = draw_boxes(np.full((40, 30), 255, np.uint8), [Box(1, 1, 5, 5)])
    assert drawn.shape == (160, 120, 3)
    assert tuple(drawn[4, 4]) == tuple(drawn[19, 19]) == COLOURS[0]


def test_draw_boxes_dashes_left_edges():
    drawn = draw_boxes(np.zeros((200, 40), np.uint8), [Box(2, 0, 10, 60), Box(20, 0, 30, 60)], dashed=[1])
    white = (drawn == 255).all(axis=2)
    assert not white[:, 2].any()
    assert white[:60, 20].sum() == 30


def test_draw_boxes_writes_labels_above_in_the_given_colours():
    grey = np.full((200, 40), 255, np.uint8)
    drawn = draw_boxes(grey, [Box(5, 0, 25, 40), Box(26, 0, 36, 40)], labels=["A", ""], colours=[(9, 8, 7)])
    assert drawn.shape == (214, 40, 3)
    assert (drawn[:14] < 255).any()
    assert tuple(drawn[14, 5]) == tuple(drawn[14, 26]) == (9, 8, 7)


@pytest.mark.parametrize(("size", "line", "label"), [((30, 28), 1, 14), ((900, 1000), 1, 14), ((3000, 4000), 4, 56)])
def test_lines_and_labels_are_in_proportion_to_the_picture(size, line, label):
    box = Box(size[1] // 4, size[0] // 2, size[1] // 2, size[0] - 1)
    drawn = draw_boxes(np.full(size, 255, np.uint8), [box], labels=["A"], colours=[(0, 0, 0)])
    factor = drawn.shape[1] // size[1]
    assert drawn.shape[0] - factor * size[0] == label
    below = drawn[factor * box.top + label :]
    assert (below[20 * line, :, 0] == 0).sum() == 2 * line
    rows = np.flatnonzero((drawn[: factor * box.top + label] < 128).all(axis=2).any(axis=1))
    assert 0.4 * label < rows[-1] - rows[0] + 1 < label


def test_labels_of_large_pictures_are_no_higher_than_the_boxes():
    boxes = [Box(100 * i, 500, 100 * i + 60, 530) for i in range(9)]
    drawn = draw_boxes(np.full((3000, 4000), 255, np.uint8), boxes, labels=["W"] * 9)
    assert drawn.shape[0] == 3030


def test_labels_at_the_right_edge_are_whole():
    picture = np.full((200, 60), 255, np.uint8)
    inside, edge = (
        (draw_boxes(picture, [Box(x, 50, x + 4, 90)], labels=["WWW"])[:60] < 128).any(axis=2).sum() for x in (28, 56)
    )
    assert inside == edge


def test_pictures_without_boxes_are_unchanged():
    assert (draw_boxes(np.full((2000, 3000), 255, np.uint8), [], labels=[]) == 255).all()
