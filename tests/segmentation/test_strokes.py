import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.datasets.handwriting import letter_strokes
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation import cut_strokes
from ensemble_hwr.segmentation._strokes import MAX_STROKES

STEM, FAR_STEM, BAR = [(0, 0), (0, 100)], [(60, 0), (60, 100)], [(0, 50), (60, 50)]
H = [STEM, FAR_STEM, BAR]


def moved(strokes, right):
    return [np.add(stroke, (right, 0)) for stroke in strokes]


def test_stems_that_a_later_bar_joins_are_one_letter():
    spans = cut_strokes(H).spans
    assert (0, 3) in spans
    assert (0, 2) not in spans  # two stems far apart


def test_a_candidate_is_drawn_from_its_strokes_only():
    alone = cut_strokes(H, slant=0)
    crowded = cut_strokes([*H, *moved(H, 40)], slant=0)  # letters that overlap
    ink = dict(zip(crowded.spans, crowded.candidates, strict=True))[0, 3].ink
    np.testing.assert_allclose(ink, alone.candidates[alone.spans.index((0, 3))].ink)


def test_boxes_bound_the_points():
    lattice = cut_strokes(moved(H, 7))
    assert tuple(lattice.candidates[lattice.spans.index((0, 3))].box) == (7, 0, 67, 100)


def test_a_delayed_bar_is_moved_to_its_letter():
    lattice = cut_strokes([STEM, FAR_STEM, *moved(H, 120), BAR])
    assert lattice.order == (0, 1, 5, 2, 3, 4)
    assert (0, 3) in lattice.spans


def test_a_delayed_letter_is_moved_to_its_place():
    assert cut_strokes([*moved([STEM], 0), *moved([STEM], 200), *moved([STEM], 100)]).order == (0, 2, 1)
    assert cut_strokes([*moved([STEM], 200), *moved([STEM], 0)]).order == (1, 0)


def test_gaps_and_cut_costs():
    lattice = cut_strokes(H, slant=0)
    assert lattice.gaps[0] < 0  # the bar, which is written later, fills it
    assert lattice.cut_costs.tolist() == [0.0, 1.0]
    assert cut_strokes([STEM, FAR_STEM], slant=0).gaps[0] == pytest.approx(0.5)


def test_slant_is_removed():
    leaning = [np.asarray(s, float) + np.outer(-0.4 * np.asarray(s, float)[:, 1], (1, 0)) for s in [*H, *moved(H, 90)]]
    lattice = cut_strokes(leaning)
    assert lattice.slant == pytest.approx(0.4, abs=0.06)
    assert lattice.candidates[0].width < 0.25


def test_the_lattice_does_not_depend_on_the_unit():
    small, large = (
        cut_strokes([np.asarray(stroke) * (0.9 * unit, unit) for stroke in H], slant=0) for unit in (0.013, 40)
    )
    assert small.spans == large.spans
    np.testing.assert_allclose(small.candidates[0].ink, large.candidates[0].ink, atol=0.05)


def test_a_bar_under_a_letter_is_not_cut_from_it():
    stem, top, bottom = [(0, 0), (0, 100)], [(0, 0), (75, 0)], [(0, 100), (75, 100)]
    lattice = cut_strokes([stem, top, bottom, *moved([STEM], 90)])
    assert (0, 2) not in lattice.spans
    assert (2, 4) not in lattice.spans
    assert (0, 3) in lattice.spans


def test_letters_written_over_each_other_are_cut_at_every_stroke():
    lattice = cut_strokes([*H, *H, *H])
    assert {(0, 3), (3, 6), (6, 9)} <= set(lattice.spans)


def test_letters_that_overlap_by_half_their_height_are_candidates():
    lattice = cut_strokes([*H, *moved(H, 10)], slant=0)
    assert {(0, 3), (3, 6)} <= set(lattice.spans)


@pytest.mark.parametrize("stroke", [[(5, 5)], [(0, 0), (90, 0)], [(3, 3)] * 4])
def test_dots_and_bars_are_candidates(stroke):
    lattice = cut_strokes([stroke])
    assert lattice.spans == ((0, 1),)
    assert lattice.candidates[0].ink.max() == 1


@pytest.mark.parametrize("strokes", [[[]], [[1, 2]], [[(0, np.nan)]], [[("a", "b")]], [STEM, None], [[(1,)]]])
def test_an_invalid_stroke_is_named(strokes):
    with pytest.raises(PictureError, match=f"stroke {len(strokes) - 1} is not a list of points"):
        cut_strokes(strokes)


def test_no_stroke_raises_an_error():
    with pytest.raises(PictureError, match="no stroke"):
        cut_strokes([])


@given(st.text("ABEHIKMTWX", min_size=1, max_size=5), st.floats(-0.3, 0.5), st.integers(0, 99))
def test_every_stroke_is_a_piece_and_there_is_always_a_path(text, gap, seed):
    rng = np.random.default_rng(seed)
    strokes = [
        np.add(s, (n * (0.8 + gap), 0, 0))
        for n, letter in enumerate(text)
        for s in letter_strokes(letter, random_state=rng)
    ]
    lattice = cut_strokes(strokes)
    assert sorted(lattice.order) == list(range(len(strokes))) == list(range(lattice.n_pieces))
    reached = {0}
    for start, stop in lattice.spans:
        reached |= {stop} if start in reached else set()
    assert lattice.n_pieces in reached
    assert all(1 <= stop - start <= MAX_STROKES for start, stop in lattice.spans)
    assert len(lattice.gaps) == len(lattice.cut_costs) == lattice.n_pieces - 1


def test_dots_that_are_written_last_belong_to_the_strokes_below_them():
    stems = [[(right, 40), (right, 100)] for right in (0, 40, 80, 120)]
    dots = [[(right + 8, 10), (right + 9, 12)] for right in (0, 80, 120)]
    lattice = cut_strokes([*stems, *dots], slant=0)
    assert lattice.order == (0, 4, 1, 2, 5, 3, 6)
    dotted = lattice.with_dots()
    bare = {span: found.bare for span, found in zip(dotted.spans, dotted.candidates, strict=True)}
    assert bare[2, 3] is None
    assert (bare[0, 2].top, bare[0, 2].bottom) == pytest.approx((lattice.candidates[0].top, bare[0, 2].bottom))
    assert bare[0, 2].width < dict(zip(lattice.spans, lattice.candidates, strict=True))[0, 2].width
    assert bare[1, 2] is None  # the dot alone
    assert {found.mark > 0 for found in dotted.candidates if found.bare is not None} == {True}
    assert cut_strokes(stems).with_dots().candidates[0].bare is None


def test_bars_that_are_written_last_follow_the_letters_that_they_cross():
    letters = [[(right, 0), (right, 100)] for right in (0, 90, 180)]
    bars = [[(right - 30, 0), (right + 30, 0)] for right in (0, 90, 180)]
    assert cut_strokes([*letters, *bars], slant=0).order == (0, 3, 1, 4, 2, 5)
