import csv

import numpy as np
import pytest

from ensemble_hwr import compose_words
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation import cut_page
from ensemble_hwr.segmentation._components import Scale, label_ink
from ensemble_hwr.segmentation._page import line_map, space_threshold
from ensemble_hwr.segmentation._word import find_skew

PAGE = "THE QUICK BROWN FOX\nJUMPS OVER THE\nLAZY DOG AND RUNS\nAWAY"


@pytest.mark.parametrize("rotation", [-0.08, 0.0, 0.05])
def test_lines_and_words_of_a_page(letters, rotation):
    for made in compose_words(letters, [PAGE] * 3, gap=0.15, noise=0.3, rotation=rotation, slant=0.1, random_state=0):
        cut = cut_page(made.picture)
        assert [len(line.words) for line in cut.lines] == [4, 3, 4, 1]
        assert cut.skew == pytest.approx(np.tan(rotation), abs=0.02)
        found = [word.box for line in cut.lines for word in line.words]
        for box, word in zip(found, made.words, strict=True):
            np.testing.assert_allclose(box, word.box, atol=5)


def test_a_single_word_is_not_split(letters):
    made = compose_words(letters, ["HELLO", "BRIDGE", "AXE", "SUMMER"] * 3, gap=(0.05, 0.3), random_state=0)
    counts = [[len(line.words) for line in cut_page(word.picture).lines] for word in made]
    assert np.mean([count == [1] for count in counts]) > 0.9


def test_words_of_a_page_are_segmented_like_single_words(letters):
    made = compose_words(letters, ["HUMBLE DOOR"], gap=0.3, random_state=0)[0]
    (line,) = cut_page(made.picture).lines
    for found, word in zip(line.words, made.words, strict=True):
        assert len(found.segment()) == len(word.letters)
        lattice = found.lattice()
        assert lattice.n_pieces >= len(word.letters)
        for candidate in lattice.candidates:
            assert found.box.left <= candidate.box.left < candidate.box.right <= found.box.right


def test_given_word_gap(letters):
    made = compose_words(letters, ["TWO WORDS"], gap=0.3, random_state=0)[0]
    assert [len(line.words) for line in cut_page(made.picture, word_gap=5.0).lines] == [1]
    assert sum(len(line.words) for line in cut_page(made.picture, word_gap=0.05).lines) > 4


def test_touching_letters_of_two_lines_are_split():
    mask = np.zeros((66, 80), np.float32)
    mask[5:25, 5:75:8] = 1
    mask[39:59, 5:75:8] = 1
    mask[20:44, 5] = 1
    lines = line_map(label_ink(mask), Scale(20, 1))
    assert lines.max() == 2
    assert set(np.unique(lines[:25][mask[:25] > 0])) == {1}
    assert set(np.unique(lines[39:][mask[39:] > 0])) == {2}


@pytest.mark.parametrize("slope", [-0.3, -0.05, 0.0, 0.1, 0.35])
def test_skew_of_a_line(slope):
    mask = np.zeros((400, 600), bool)
    x = np.arange(50, 550)
    for offset in (0, 1, 60, 61):
        mask[np.rint(180 + offset - slope * (x - 300)).astype(int), x] = True
    assert find_skew(mask, 20) == pytest.approx(slope, abs=0.005)


def test_no_skew_without_a_line():
    assert find_skew(np.zeros((9, 9), bool), 5) == 0.0
    assert find_skew(np.eye(20, dtype=bool), 20) == 0.0


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ([], 1),
        ([0.1], 1),
        ([0.1, 0.2, 0.15, 0.2], 1),
        ([0.4, 0.45, 0.35, 0.4, 0.5], 1),
        ([0.1, 1.0, 0.1], 2),
        ([1.5], 2),
        ([0.0, 0.05, 0.7, 0.02, 0.03, 0.0], 2),
    ],
)
def test_space_threshold(gaps, words):
    gaps = np.array(gaps, dtype=float)
    assert 1 + int((gaps >= space_threshold(gaps)).sum()) == words


@pytest.mark.parametrize("picture", [np.full((9, 9), 255, np.uint8), b"", "none.png"])
def test_unreadable_pictures_raise_an_error(picture):
    with pytest.raises(PictureError):
        cut_page(picture)


def test_real_lines(real_words):
    with (real_words / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::40]
    right = [
        sum(len(line.words) for line in cut_page(real_words / row["path"]).lines) == len(row["text"].split())
        for row in rows
    ]
    assert np.mean(right) >= 0.7


def remnants(height, width):
    """Remnants of ruled lines at the edges and under the writing, a thin isolated one, and distant dust."""
    mask = np.zeros((height, width), bool)
    mask[-1, 30:60] = True
    mask[10:40, 0] = True
    mask[-3, width // 2 : width // 2 + 60] = True
    mask[8, width // 2 : width // 2 + 8] = True
    mask[20:23, -10:-7] = True
    return mask


def test_remnants_of_ruled_lines_and_dust_are_not_words(letters):
    made = compose_words(letters, ["TWO WORDS", "BRIDGE", "HOUSE AND DOOR"] * 3, gap=0.2, height=36, random_state=0)
    for word in made:
        picture = np.pad(word.picture, ((50, 50), (60, 140)), constant_values=255)
        dirty = np.where(remnants(*picture.shape), 0, picture).astype(np.uint8)
        clean, found = ([part.box for line in cut_page(page).lines for part in line.words] for page in (picture, dirty))
        assert found == clean


def test_a_thin_hyphen_and_a_dot_near_letters_are_kept():
    ink = np.zeros((60, 200), np.uint8)
    for left in (20, 45, 110, 135):
        ink[10:45, left : left + 15] = 255
        ink[15:40, left + 5 : left + 10] = 0
    ink[28:30, 75:95] = 255  # two rows of a hyphen where other strokes have five
    ink[41:45, 165:169] = 255
    assert sum(
        np.count_nonzero(word.upright.ink > 0.5) for line in cut_page(255 - ink).lines for word in line.words
    ) == (np.count_nonzero(ink))


def in_fields(box):
    """Six upright bars in fields of 40 pixels, an empty field after the third; fields are boxes, or those of a comb."""
    picture = np.full((120, 340), 255, np.uint8)
    for field in (0, 1, 2, 4, 5, 6):
        left = 25 + 40 * field
        picture[40:70, left + 16 : left + 21] = picture[65:70, left + 16 : left + 28] = 0
        if box:
            picture[30:80, left + 2 : left + 38] = np.minimum(picture[30:80, left + 2 : left + 38], 60)
            picture[32:78, left + 4 : left + 36] = 255
            picture[40:70, left + 16 : left + 21] = picture[65:70, left + 16 : left + 28] = 0
        else:
            picture[80:82, left : left + 41] = picture[68:82, [left, left + 1, left + 40, left + 41]] = 60
    return picture


@pytest.mark.parametrize("box", [True, False], ids=["boxes", "comb"])
def test_words_of_single_letters_in_fields_end_at_empty_fields(box):
    (line,) = cut_page(in_fields(box)).lines
    assert [len(word.lattice().candidates) for word in line.words] == [3, 3]
