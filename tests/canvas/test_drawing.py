import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.canvas import Drawing, Point, render
from ensemble_hwr.canvas._drawing import INK, PEN, History, corner, zoom_to_fit

LINE = (Point(100, 50, 0), Point(100, 150, 1))


def test_strokes_are_drawn_on_paper_of_their_size():
    grey = render(Drawing((LINE,)))
    assert grey.shape == (132, 32)
    assert grey[66, 16] == INK
    assert grey[0].min() == grey[:, 0].min() == 255
    assert np.count_nonzero(grey[66] < 128) == pytest.approx(PEN, abs=1)


def test_a_larger_zoom_draws_everything_larger():
    grey = render(Drawing((LINE,)), zoom=2.0)
    assert grey.shape == (264, 64)
    assert np.count_nonzero(grey[132] < 128) == pytest.approx(2 * PEN, abs=1)
    assert render(Drawing(picture=np.zeros((10, 20), np.uint8)), zoom=1.5).shape == (15, 30)
    assert corner(Drawing((LINE,))) == (84, 34)


def test_strokes_are_drawn_on_their_picture_and_leave_it_as_it_was():
    picture = np.full((160, 90), 200, np.uint8)  # the stroke is outside
    grey = render(Drawing(((Point(40, 20, 0),), LINE), picture))
    assert grey.shape == picture.shape
    assert grey[20, 40] == INK
    assert (picture == 200).all()


def test_extent_holds_picture_and_strokes():
    assert Drawing().extent == (0, 0)
    assert Drawing((LINE,), np.zeros((10, 300), np.uint8)).extent == (300, 150 + PEN)


@given(st.lists(st.sampled_from(["write", "undo", "redo"])))
def test_undo_and_redo_go_the_same_way(steps):
    history, written = History(), 0
    for step in steps:
        before = history.now
        if step == "write":
            written += 1
            history.change(history.now.with_stroke(LINE))
            assert not history.redo()
        elif step == "undo" and history.undo():
            history.redo()
            assert history.now is before
            history.undo()
        elif step == "redo" and history.redo():
            history.undo()
            assert history.now is before
            history.redo()
    assert len(history.now.strokes) <= written


def test_there_is_nothing_before_the_beginning():
    assert not History().undo()


def test_what_is_larger_than_the_window_is_shown_smaller_and_nothing_larger():
    assert zoom_to_fit((100, 100), (200, 150), 2.0) == pytest.approx(1.5)
    assert zoom_to_fit((10, 10), (200, 200), 2.0) == 2.0
    assert zoom_to_fit((0, 0), (1, 1), 1.0) == 1.0
