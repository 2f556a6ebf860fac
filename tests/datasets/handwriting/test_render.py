import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.datasets.handwriting import WriterStyle, allograph_names, letter_strokes, render_strokes
from ensemble_hwr.datasets.handwriting._render import paper_picture, stroke_bounds
from ensemble_hwr.datasets.handwriting._skeletons import SKELETONS
from ensemble_hwr.exceptions import DataError

LINE = [np.array([[0.0, 0.0], [0.0, 1.0]])]


@pytest.mark.parametrize("letter", SKELETONS)
@pytest.mark.parametrize("difficulty", [0.0, 2.0])
def test_every_allograph_is_inked_whole_inside_the_frame(letter, difficulty):
    rng = np.random.default_rng(ord(letter))
    for name in allograph_names(letter):
        style = WriterStyle.random(rng, difficulty=difficulty)
        strokes = letter_strokes(letter, style, allograph=name, random_state=rng)
        ink = render_strokes(strokes, pen=style.pen, pen_width=style.pen_width, random_state=rng)
        border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert border.max() == 0
        assert ink.dtype == np.float32
        assert 0.3 < ink.max() <= 1
        rows, columns = ink.any(axis=1), ink.any(axis=0)
        assert rows[3]
        assert rows[-4]
        assert columns[3]
        assert columns[-4]


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 4, 1.2])
@pytest.mark.parametrize("width", [0.05, 0.1, 0.3])
def test_a_line_has_the_area_of_a_line(angle, width):
    strokes = [np.array([[0.0, 0.0], [np.cos(angle), np.sin(angle)]])]
    ink = render_strokes(strokes, scale=60, pen_width=width, pen="felt")
    expected = (width + np.pi * width**2 / 4) * 60**2
    assert ink.sum() == pytest.approx(expected, rel=0.03)


def test_more_points_on_the_same_path_change_nothing():
    corners = np.array([[0.0, 1.0], [0.4, 0.0], [0.8, 1.0]])
    places = np.linspace(0, 2, 41)
    finer = np.stack([np.interp(places, [0, 1, 2], corners[:, axis]) for axis in (0, 1)], axis=1)
    coarse, fine = (render_strokes([path], pen="felt") for path in (corners, finer))
    np.testing.assert_allclose(coarse, fine, atol=0.02)


def test_the_pen_is_up_between_strokes():
    two = [[(0.0, 0.0), (0.0, 1.0)], [(1.0, 0.0), (1.0, 1.0)]]
    ink = render_strokes(two, scale=40, pen_width=0.1, pen="felt")
    assert ink[:, 15:30].max() == 0
    np.testing.assert_allclose(ink, ink[:, ::-1], atol=1e-5)


def test_a_single_point_is_a_dot():
    ink = render_strokes([[(5.0, 5.0)]], scale=40, pen_width=0.2, pen="felt")
    assert ink.sum() == pytest.approx(np.pi * 16, rel=0.03)


def test_a_dot_next_to_a_line_is_kept():
    ink = render_strokes([*LINE, [(0.5, 0.5)]], pen="felt")
    assert ink[:, -8:].max() > 0.9


def test_pressure_widens_and_darkens():
    light = [np.array([[0.0, 0.0, 0.2], [0.0, 1.0, 0.2]])]
    for pen in ("ball", "pencil", "felt"):
        faint, full = (render_strokes(strokes, pen_width=0.15, pen=pen, random_state=0) for strokes in (light, LINE))
        assert faint.sum() < 0.9 * full.sum()
        assert faint.max() < full.max()


def test_softness_blurs_and_keeps_the_ink():
    sharp, soft = (render_strokes(LINE, pen_width=0.2, softness=s, margin=5, pen="felt") for s in (1.0, 3.0))
    assert soft.sum() == pytest.approx(sharp.sum(), rel=0.05)
    assert np.abs(np.diff(soft, axis=1)).max() < 0.6 * np.abs(np.diff(sharp, axis=1)).max()


def test_frame_shows_a_part_of_the_plane():
    whole = render_strokes(LINE, scale=20, pen_width=0.2, frame=(-1, -1, 1, 2), pen="felt")
    part = render_strokes(LINE, scale=20, pen_width=0.2, frame=(-1, 0, 1, 0.5), pen="felt")
    assert whole.shape == (60, 40)
    np.testing.assert_allclose(part, whole[20:30], atol=1e-5)
    assert render_strokes(LINE, frame=(5, 5, 6, 6)).max() == 0


def test_grain_is_reproducible_with_a_random_state():
    first, second = (render_strokes(LINE, pen="pencil", random_state=seed) for seed in (0, 1))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, render_strokes(LINE, pen="pencil", random_state=0))


def test_bounds_hold_the_ink_tightly():
    strokes = letter_strokes("S", WriterStyle.random(1), random_state=1)
    left, top, right, bottom = stroke_bounds(strokes, pen_width=0.1, pen="felt")
    ink = render_strokes(strokes, scale=100, pen_width=0.1, pen="felt", margin=0)
    assert ink.shape == (int(np.ceil((bottom - top) * 100)), int(np.ceil((right - left) * 100)))
    assert min(ink[:2].max(), ink[-2:].max(), ink[:, :2].max(), ink[:, -2:].max()) > 0.3


@pytest.mark.parametrize(
    ("strokes", "settings", "message"),
    [
        ([], {}, "there are no strokes"),
        ([[(0, 0, 0, 0)]], {}, r"stroke 0 has shape \(1, 4\)"),
        ([*LINE, np.empty((0, 2))], {}, "stroke 1 has shape"),
        ([[(0, np.nan)]], {}, "stroke 0 holds a value that is not a finite number"),
        (LINE, {"pen": "quill"}, "pen is 'quill'"),
        (LINE, {"pen_width": 0}, "pen_width is 0"),
        (LINE, {"scale": -1}, "scale is -1"),
        (LINE, {"softness": 0}, "softness is 0"),
        (LINE, {"frame": (0, 0, 0, 1)}, "frame is"),
    ],
)
def test_invalid_strokes_are_rejected(strokes, settings, message):
    with pytest.raises(DataError, match=message):
        render_strokes(strokes, **settings)


@given(
    paper=st.floats(0.5, 1),
    contrast=st.floats(0.1, 1),
    shading=st.floats(0, 0.2),
    noise=st.floats(0, 0.1),
    seed=st.integers(0, 1000),
)
def test_ink_is_darker_than_its_paper(paper, contrast, shading, noise, seed):
    ink = np.zeros((20, 20), np.float32)
    ink[5:15, 5:15] = 1
    settings = {"paper": paper, "contrast": contrast, "shading": shading, "noise": noise}
    grey = paper_picture(ink, **settings, random_state=seed)
    assert grey.dtype == np.uint8
    assert grey.shape == ink.shape
    assert grey[ink == 1].mean() < grey[ink == 0].mean()
    np.testing.assert_array_equal(grey, paper_picture(ink, **settings, random_state=seed))


def test_paper_takes_one_picture():
    with pytest.raises(DataError, match=r"ink has shape \(1, 2, 3\)"):
        paper_picture(np.zeros((1, 2, 3), np.float32))
