from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr import compose_words, generate_letters
from ensemble_hwr.boxes import union
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.datasets.handwriting import CHARACTERS
from ensemble_hwr.exceptions import DataError

ROWS = generate_letters(26 * 12, writers=6, random_state=0)
PICTURES = generate_letters(26 * 2, writers=2, random_state=0, format="pictures")

words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=6)
texts = st.lists(st.lists(words, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=3).map("\n".join)
looks = st.fixed_dictionaries(
    {},
    optional={
        "gap": st.floats(-0.05, 0.6),
        "touching": st.floats(0, 1),
        "slant": st.floats(-0.6, 0.6),
        "baseline": st.floats(0, 0.2),
        "noise": st.floats(0, 1),
        "height": st.floats(12, 60),
        "rotation": st.floats(-0.2, 0.2),
    },
)


@settings(max_examples=60)
@given(texts, looks, st.integers(0, 2**40))
def test_ground_truth_matches_the_picture(text, look, seed):
    (made,) = compose_words(ROWS, [text], random_state=seed, **look)
    assert made.text == text
    assert [letter.number for letter in made.letters] == list(range(len(made.letters)))
    assert ROWS.target[[letter.index for letter in made.letters]].tolist() == list("".join(text.split()))
    assert made.picture.shape == made.owner.shape
    assert made.owner.max() < len(made.letters)
    for letter in made.letters:
        rows, columns = np.nonzero(made.owner == letter.number)
        assert letter.box.left >= 0
        assert letter.box.top >= 0
        assert letter.box.bottom <= made.picture.shape[0]
        assert letter.box.right <= made.picture.shape[1]
        if len(rows):
            assert letter.box.left <= columns.min() <= columns.max() < letter.box.right
            assert letter.box.top <= rows.min() <= rows.max() < letter.box.bottom
    for line in made.lines:
        assert line.box == union(word.box for word in line.words)
        for word in line.words:
            assert word.box == union(letter.box for letter in word.letters)
            assert len(word.touching) == len(word.letters) - 1


@given(texts, looks, st.integers(0, 100))
@settings(max_examples=20)
def test_every_pixel_of_clean_ink_has_a_letter(text, look, seed):
    (made,) = compose_words(ROWS, [text], random_state=seed, **(look | {"noise": 0.0}))
    owned = made.owner >= 0
    assert (made.picture[owned] < 192).all()
    assert (made.picture[~owned] >= 191).all()


def test_a_text_has_one_writer():
    for made in compose_words(ROWS, ["HELLO WORLD", "QUIZ"] * 8, random_state=1):
        writers = set(ROWS.writer[[letter.index for letter in made.letters]].tolist())
        assert writers == {made.writer}
        assert made.source == "generated"


def test_texts_have_different_writers():
    assert len({made.writer for made in compose_words(ROWS, ["ABC"] * 40, random_state=0)}) == 6


def test_letters_of_all_writers_are_mixed_if_no_writer_has_all_characters():
    few = ROWS.take(np.char.isalpha(ROWS.target) & ((ROWS.target == "A") == (ROWS.writer == "w000")))
    (made,) = compose_words(few, ["AB"], random_state=0)
    assert made.writer == ""
    assert made.source == "generated"


def test_texts_of_unknown_writers_are_from_one_source():
    source = np.where(np.arange(len(ROWS)) % 3 == 0, "pen", "scan")
    mixed = LetterSet(ROWS.data, ROWS.target, source=source)
    for made in compose_words(mixed, ["ABC", "LMNO"] * 5, random_state=2):
        assert made.source in ("pen", "scan")
        assert set(source[[letter.index for letter in made.letters]].tolist()) == {made.source}
        assert made.writer == ""


def test_a_text_does_not_depend_on_later_texts():
    alone = compose_words(ROWS, ["ABC"], random_state=5, gap=(0.0, 0.3), noise=(0.0, 1.0))[0]
    first = compose_words(ROWS, ["ABC", "XYZ"], random_state=5, gap=(0.0, 0.3), noise=(0.0, 1.0))[0]
    np.testing.assert_array_equal(alone.picture, first.picture)
    np.testing.assert_array_equal(alone.owner, first.owner)
    assert alone.lines == first.lines


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_random_state_may_be_a_generator(make):
    first, second = (compose_words(ROWS, ["ABC"], random_state=make(3))[0] for _ in range(2))
    np.testing.assert_array_equal(first.picture, second.picture)


def test_mean_gap_matches_the_setting():
    for gap in (0.12, 0.3, 0.5):
        measured = []
        for made in compose_words(ROWS, ["HUMBLE"] * 60, gap=gap, random_state=0):
            boxes = [letter.box for letter in made.letters]
            measured += [(b.left - a.right) / made.height for a, b in pairwise(boxes)]
        assert abs(np.mean(measured) - gap) < 0.02
        assert abs(np.std(measured) - 0.05) < 0.02


def test_touching_letters_touch():
    def share(**look):
        made = compose_words(ROWS, ["HUMBLE", "DOMINO"] * 30, random_state=0, **look)
        return np.mean([pair for word in made for pair in word.words[0].touching])

    assert share(gap=0.3) == 0
    assert share(gap=0.3, touching=1.0) > 0.9
    assert 0.3 < share(gap=0.3, touching=0.5) < 0.7
    assert share(gap=0.0) > share(gap=0.06) > share(gap=0.12)


def test_touching_matches_connected_components():
    """Two clean letters touch exactly if their ink is one component more than their own components."""
    from scipy import ndimage

    square = np.ones((3, 3))
    for made in compose_words(ROWS, ["HO", "DB", "UI", "LT"] * 15, gap=0.0, random_state=0):
        labels, _ = ndimage.label(made.owner >= 0, square)
        sets = [set(labels[made.owner == number].tolist()) for number in (0, 1)]
        assert bool(sets[0] & sets[1]) == made.words[0].touching[0]


def test_slant_and_rotation_move_the_ink():
    def tops(look):
        (made,) = compose_words(ROWS, ["HHHH"], gap=0.5, baseline=0.0, random_state=0, **look)
        return made, [letter.box for letter in made.letters]

    upright, boxes = tops({})
    leaning, leant = tops({"slant": 0.5})
    assert leant[0].width > boxes[0].width + 0.25 * upright.height
    climbing, climbed = tops({"rotation": 0.2})
    rise = (climbed[0].bottom - climbed[-1].bottom) / (climbed[-1].left - climbed[0].left)
    assert rise == pytest.approx(np.tan(0.2), abs=0.06)
    assert leaning.slant == 0.5
    assert climbing.rotation == 0.2


def test_from_pictures():
    made, again = compose_words(PICTURES, ["HELLO", "ICE"], height=40, random_state=0), None
    for word in made:
        assert all(0.8 < letter.box.height / 40 < 1.25 for letter in word.letters)
    again = compose_words(PICTURES, ["HELLO", "ICE"], height=40, random_state=0)
    np.testing.assert_array_equal(made[0].picture, again[0].picture)


def test_blank_letters_give_one_pixel():
    blank = LetterSet(np.zeros((1, 784), np.uint8), np.array(["A"]))
    assert compose_words(blank, ["A"], random_state=0)[0].letters[0].box.width > 0


@pytest.mark.parametrize(
    ("given_texts", "look", "problem"),
    [
        ("ABC", {}, "pass a list"),
        (["ABC", " "], {}, "text 1 is ' '"),
        ([None], {}, "text 0 is None"),
        (["ABc"], {}, "has no letter for 'c'"),
        (["A"], {"gap": 9}, "gap is 9, but it must be a number from -0.1 to 5"),
        (["A"], {"gap": "wide"}, "gap is 'wide'"),
        (["A"], {"slant": (0.2, 0.1)}, "slant"),
        (["A"], {"noise": (0, 1, 2)}, "noise"),
        (["A"], {"height": float("nan")}, "height"),
        (["A"], {"touching": True}, "touching"),
        (["A"], {"random_state": "x"}, "random_state"),
    ],
)
def test_wrong_settings(given_texts, look, problem):
    with pytest.raises(DataError, match=problem):
        compose_words(ROWS, given_texts, **look)


def test_wrong_letters():
    with pytest.raises(DataError, match="must be a LetterSet"):
        compose_words(ROWS.data, ["A"])


def test_no_texts_no_pictures():
    assert compose_words(ROWS, []) == []


@pytest.fixture(scope="module")
def mixed():
    return generate_letters(len(CHARACTERS) * 3, letters=CHARACTERS, writers=3, random_state=0)


def test_small_letters_and_marks_have_their_height_and_place(mixed):
    (word,) = compose_words(mixed, ["Hxgd-,'"], random_state=0, height=100, baseline=0)
    capital, x, g, d, dash, comma, quote = (letter.box for letter in word.letters)
    base = capital.bottom
    assert capital.height == pytest.approx(100, abs=20)
    for box, bottom in ((x, 0), (g, 40), (d, 0), (dash, -32), (comma, 16), (quote, -75)):
        assert box.bottom - base == pytest.approx(bottom, abs=18)
    assert 40 < x.height < 72
    assert 80 < d.height < 120
    assert 70 < g.height < 125
    assert dash.height < 30 < dash.width < 50
    assert max(comma.height, quote.height) < 45


def test_words_of_capitals_do_not_depend_on_other_characters_of_the_set(mixed):
    capitals = mixed.take([letter.isupper() or letter.isdigit() for letter in mixed.target.tolist()])
    first, second = (compose_words(letters, ["ROOM 12"], random_state=5)[0] for letters in (mixed, capitals))
    np.testing.assert_array_equal(first.picture, second.picture)


def test_pictures_of_small_letters_keep_their_dots():
    letters = generate_letters(40, letters="ij", writers=20, random_state=0, format="pictures")
    words = compose_words(letters, ["i", "j"] * 8, random_state=0, height=60)
    parts = [np.count_nonzero(np.diff((word.picture < 200).any(axis=1).astype(int)) == 1) for word in words]
    assert np.mean(np.array(parts) >= 2) > 0.5  # thick pens close the gap below some dots


def test_x_heights_differ_from_text_to_text(mixed):
    words = compose_words(mixed, ["xH"] * 8, random_state=1, height=100, baseline=0)
    ratios = [word.letters[0].box.height / word.letters[1].box.height for word in words]
    assert 0.4 < min(ratios) < max(ratios) - 0.08 < 0.7
