import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ensemble_hwr import compose_words, generate_letters
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation import cut_page, cut_word
from ensemble_hwr.segmentation._lattice import MAX_PIECES, boundary_gaps, join_pieces
from ensemble_hwr.segmentation._word import shift_rows

LETTERS = generate_letters(26 * 6, writers=6, random_state=3)
words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=6)


def recall(word):
    """Share of the letters that match a candidate: intersection over union of at least 0.8."""
    lattice = cut_word(word.picture, polarity="dark")
    rows = slice(lattice.upright.origin.top, lattice.upright.origin.top + len(lattice.pieces))
    owner = shift_rows(word.owner[rows] + 1, lattice.upright.shifts)
    found = []
    for letter in word.letters:
        mine = owner == letter.number + 1
        shared = []
        for start, stop in lattice.spans:
            candidate = (lattice.pieces >= start) & (lattice.pieces < stop)
            shared.append((mine & candidate).sum() / (mine | candidate).sum())
        found.append(max(shared) >= 0.8)
    return float(np.mean(found))


def test_letters_are_among_the_candidates(wide, tight):
    assert np.mean([recall(word) for word in wide]) > 0.99
    assert np.mean([recall(word) for word in tight]) > 0.88


def test_pieces_are_few(wide, tight):
    for word in [*wide, *tight]:
        assert cut_word(word.picture).n_pieces <= MAX_PIECES * len(word.letters)


@settings(max_examples=40)
@given(words, st.floats(-0.1, 0.4), st.floats(-0.5, 0.5), st.integers(0, 1000))
@example("AACZZ", 0.0, 0.0, 1)  # the bars of C, Z and Z touch, like a line
def test_no_ink_is_lost(text, gap, slant, seed):
    (word,) = compose_words(LETTERS, [text], gap=gap, slant=slant, random_state=seed)
    lattice = cut_word(word.picture)
    pieces = [candidate for candidate in lattice.candidates if candidate.stop - candidate.start == 1]
    assert [piece.start for piece in pieces] == list(range(lattice.n_pieces))
    labels = lattice.upright.components.labels
    np.testing.assert_array_equal(lattice.pieces >= 0, labels > 0)
    assert np.count_nonzero(labels) > 0.98 * np.count_nonzero(word.owner >= 0)
    total = sum(float(piece.ink[piece.ink > 0.25].sum()) for piece in pieces)
    assert total == pytest.approx(float(lattice.upright.ink[labels > 0].sum()), rel=0.001)
    height, width = word.picture.shape
    for candidate in lattice.candidates:
        box = candidate.box
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height
        assert candidate.ink.max() <= 1
        assert candidate.width > 0
        assert candidate.height == pytest.approx(box.height / lattice.letter_height, abs=1e-6)


def test_cuts_in_blank_columns_cost_nothing(wide):
    for word in wide:
        lattice = cut_word(word.picture)
        assert len(lattice.cut_costs) == len(lattice.gaps) == lattice.n_pieces - 1
        clear = lattice.gaps > 0.1
        assert (lattice.cut_costs[clear] < 0.3).all()
        assert clear.sum() >= len(word.letters) - 2


gaps = st.just(0.0) | st.floats(0, 0.5)
extents = st.lists(st.tuples(gaps, st.floats(0.05, 1.0)), min_size=1, max_size=12)


@given(extents)
def test_join_pieces_equals_the_reference(gaps_and_widths):
    left, right, place = [], [], 0.0
    for gap, width in gaps_and_widths:
        left.append(place + gap)
        right.append(place + gap + width)
        place += gap + width
    spans = join_pieces(np.array(left), np.array(right))

    def could_be_a_letter(start, stop):
        near = all(left[i] - right[i - 1] <= 0.3 for i in range(start + 1, stop))
        unbroken = all(left[i] <= right[i - 1] for i in range(start + 1, stop))
        alone = (start == 0 or left[start] > right[start - 1]) and (stop == len(left) or left[stop] > right[stop - 1])
        width = right[stop - 1] - left[start]
        return stop == start + 1 or (near and width <= 1.7) or (unbroken and alone and width <= 2.4)

    expected = [
        (start, stop)
        for start in range(len(left))
        for stop in range(start + 1, min(start + MAX_PIECES, len(left)) + 1)
        if could_be_a_letter(start, stop)
    ]
    assert spans == expected


def test_a_wide_letter_between_blank_columns_is_a_candidate():
    left, right = np.array([0.0, 1.0, 1.6, 2.4]), np.array([0.8, 1.6, 3.0, 3.2])
    assert (1, 4) in join_pieces(left, right)
    touching, wider = np.array([0, -0.2, 0, 0]), np.array([0, 0, 0, 0.3])
    assert (1, 4) not in join_pieces(left + touching, right)
    assert (1, 4) not in join_pieces(left, right + wider)


def test_boundary_gaps():
    gaps = boundary_gaps(np.array([0.0, 2.0, 1.5]), np.array([1.0, 3.0, 1.8]))
    np.testing.assert_allclose(gaps, [0.5, -1.5])


def test_given_slant(letters):
    (word,) = compose_words(letters, ["HILL"], slant=0.3, random_state=0)
    assert cut_word(word.picture, slant=0.3).slant == 0.3


@pytest.mark.parametrize("picture", [np.zeros((9, 9)), np.full((9, 9), 255, np.uint8), b"", np.full((3, 3), np.nan)])
def test_unreadable_pictures_raise_an_error(picture):
    with pytest.raises(PictureError):
        cut_word(picture)


@pytest.mark.parametrize("factor", [1, 4])
def test_align_maps_pixels_of_a_rotated_page_to_pieces(letters, factor):
    page = compose_words(letters, ["TWO WORDS"], gap=0.3, rotation=0.06, slant=0.2, random_state=0)[0].picture
    page = np.kron(page, np.ones((factor, factor), np.uint8))
    if factor > 1:  # more than 4 million pixels, so that the ink is reduced
        page = np.pad(page, ((0, 2400), (0, 2400)), constant_values=255)
    for line in cut_page(page).lines:
        for word in line.words:
            lattice = word.lattice()
            dark = lattice.align(page, fill=255)
            assert (dark[lattice.pieces < 0] == 255).all()
            assert np.median(dark[lattice.pieces >= 0]) < 128


def test_a_dot_belongs_to_the_stem_below_it():
    picture = np.zeros((70, 140))
    picture[30:60, 10:15] = picture[30:60, 30:35] = picture[30:60, 100:105] = 1.0
    picture[10:15, 40:45] = 1.0  # nearer to the second stem, not above it
    lattice = cut_word(picture, slant=0.0)
    dotted = lattice.with_dots()
    assert dotted.n_pieces == 3
    assert dotted.candidate(1, 2).box == Box(30, 10, 45, 60)
    assert len(dotted.cut_costs) == len(dotted.gaps) == 2
    assert all(0 <= start < stop <= 3 for start, stop in dotted.spans)


def test_a_lattice_without_dots_stays_as_it_is():
    picture = np.zeros((70, 140))
    picture[30:60, 10:15] = picture[30:60, 30:35] = 1.0
    lattice = cut_word(picture)
    assert lattice.with_dots() is lattice


def accented(height, width, gap):
    """A stem, and a wide letter with a mark above it."""
    picture = np.zeros((100, 130))
    picture[40:90, 10:15] = picture[40:90, 40:45] = picture[40:90, 65:70] = picture[84:90, 40:70] = 1.0
    picture[40 - gap - height : 40 - gap, 50 : 50 + width] = 1.0
    return cut_word(picture, slant=0.0)


@pytest.mark.parametrize(("height", "width"), [(6, 6), (12, 25), (25, 8)])
def test_accents_belong_to_the_letter_below_them_which_has_a_bare_form(height, width):
    lattice = accented(height, width, 8).with_dots()
    assert lattice.accents.sum() == height * width
    first, *others = lattice.candidates
    assert first.bare is None
    last = lattice.candidate(1, lattice.n_pieces)
    assert (last.box.top, last.bare.box.top) == (32 - height, 40)
    assert last.bare.bare is None
    assert last.mark == pytest.approx(max(height, width) / lattice.upright.scale.letter)
    assert first.mark == 0
    assert last.bare.ink.sum() < last.ink.sum()
    assert [found.stop for found in others if found.bare is not None]


@pytest.mark.parametrize(("height", "width", "gap"), [(40, 10, 8), (6, 60, 8), (12, 25, 35)])
def test_large_and_distant_marks_are_no_accents(height, width, gap):
    assert accented(height, width, gap).with_dots().accents is None


def test_the_dot_of_a_small_i_belongs_to_its_stem_also_next_to_a_capital():
    picture = np.zeros((120, 70))
    picture[10:110, 10:16] = picture[55:110, 45:51] = picture[30:42, 43:55] = 1.0
    lattice = cut_word(picture, slant=0.0).with_dots()
    assert lattice.n_pieces == 2
    assert (lattice.candidates[-1].box.top, lattice.candidates[-1].bare.box.top) == (30, 55)


def test_marks_above_marks_belong_to_the_letter_below_all_of_them():
    picture = np.zeros((110, 250))
    for left in (10, 60, 110, 160, 210):
        picture[60:100, left : left + 6] = picture[60:100, left + 20 : left + 26] = picture[78:84, left : left + 26] = 1
    picture[44:52, 26:44] = picture[28:36, 36:52] = picture[16:22, 50:56] = 1.0
    lattice = cut_word(picture, slant=0.0).with_dots()
    assert lattice.accents.sum() == 8 * 18 + 8 * 16 + 6 * 6
    marked = [found for found in lattice.candidates if found.bare is not None]
    assert {(found.box.top, found.bare.box.top) for found in marked} == {(16, 60)}
    assert all(found.box.left <= 30 for found in marked)
