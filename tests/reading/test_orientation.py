"""Orientation of pages: turned pages are read like upright ones, and their boxes are in the picture as it is."""

import numpy as np
import pytest

from ensemble_hwr import PageReader, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.boxes import Box
from ensemble_hwr.reading.orientation import (
    ORIENTATIONS,
    Orientation,
    find_orientation,
    orientation_of_letters,
    turn_upright,
    turned_issues,
)

TEXT = "THE GARDEN GATE\nWAS LEFT OPEN"


@pytest.fixture(scope="module")
def page():
    letters = generate_letters(26 * 10, writers=10, random_state=3)
    return compose_words(letters, [TEXT], gap=0.25, random_state=1)[0].picture


@pytest.fixture(scope="module")
def reader():
    return PageReader(WordReader(lexicon=TEXT.split())).fit()


@pytest.mark.parametrize("degrees", ORIENTATIONS)
def test_turned_pages_are_read_like_upright_ones(page, reader, degrees):
    turned = np.rot90(page, -degrees // 90)
    upright, read = reader.read(page), reader.read(turned)
    assert (read.text, read.orientation) == (TEXT, degrees)
    assert read.orientation_confidence > 0.99
    assert read.export()["orientation"] == degrees
    assert (read.height, read.width) == turned.shape
    for before, after in zip(upright.lines, read.lines, strict=True):
        for first, second in zip(before.words, after.words, strict=True):
            assert np.array_equal(turned[second.box.slices], np.rot90(page[first.box.slices], -degrees // 90))
            assert [letter.box for letter in second.letters] == [
                letter.box.turned(degrees, upright.width, upright.height) for letter in first.letters
            ]


def test_given_orientations_are_not_estimated(page, reader):
    turned = np.rot90(page, 2)
    read = reader.set_params(orientation=180).fit().read(turned)
    assert (read.text, read.orientation, read.orientation_confidence) == (TEXT, 180, None)
    assert reader.set_params(orientation=0).fit().read(turned).text != TEXT
    reader.set_params(orientation="auto").fit()
    with pytest.raises(ValueError, match="orientation=45 must be 'auto', 0, 90, 180 or 270"):
        reader.reader_.read_page(page, orientation=45)


def test_without_evidence_pages_are_upright(page):
    model = load_model("orientation")
    none = orientation_of_letters(np.zeros((0, 784), np.float32), model)
    assert none.degrees == 0
    assert none.confidence > 0.9
    blank = find_orientation(np.full((200, 300), 240, np.uint8))
    assert blank == none


def test_probably_turned_pages_have_an_issue():
    assert turned_issues(Orientation(0, 0.6)) == ()
    assert turned_issues(Orientation(180, None)) == ()
    (issue,) = turned_issues(Orientation(0, 0.1))
    assert issue.kind == "turned"
    assert "probably turned (probability 0.90)" in issue.message


def test_ambiguous_letters_do_not_turn_a_page():
    """A circle is the same in all orientations."""
    rows, columns = np.mgrid[:28, :28] - 13.5
    ring = np.clip(2 - np.abs(np.hypot(rows, columns) - 9), 0, 1).astype(np.float32).reshape(1, -1)
    assert orientation_of_letters(np.repeat(ring, 40, axis=0), load_model("orientation")).degrees == 0


@pytest.mark.parametrize("degrees", ORIENTATIONS)
def test_pictures_and_boxes_are_turned_back(degrees):
    picture = np.arange(12).reshape(3, 4)
    turned = np.rot90(picture, -degrees // 90)
    assert np.array_equal(turn_upright(turned, degrees), picture)
    box = Box(1, 0, 3, 2)
    assert np.array_equal(turned[box.turned(degrees, 4, 3).slices], np.rot90(picture[box.slices], -degrees // 90))
