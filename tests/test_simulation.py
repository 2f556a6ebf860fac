"""The simulation of ordinary paper, by which the benchmarks measure the reading of photographs and scans."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.boxes import union
from ensemble_hwr.datasets import compose_words, generate_letters

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.simulation import DISTORTIONS, MIXTURES, STRENGTHS, Sheet, blank_sheet

sys.path.pop(0)

HEIGHT = 24


@pytest.fixture(scope="module")
def page():
    letters = generate_letters(26 * 4, writers=4, random_state=0)
    return compose_words(letters, ["SO IT\nON TO"], gap=0.2, height=HEIGHT, random_state=0)[0]


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_distortion_changes_the_picture_by_its_strength_and_is_reproducible(page, name):
    clean = Sheet.of(page, 0).photograph()
    pictures = [DISTORTIONS[name](Sheet.of(page, 0), level).photograph() for level in range(len(STRENGTHS))]
    again = DISTORTIONS[name](Sheet.of(page, 0), 0).photograph()
    np.testing.assert_array_equal(again, pictures[0])
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.shape != clean.shape or (picture != clean).any()
    assert any(one.shape != other.shape or (one != other).any() for one, other in pairwise(pictures))


@pytest.mark.parametrize("name", [name for name in DISTORTIONS if name != "perspective"])
def test_boxes_of_letters_stay_on_their_ink(page, name):
    sheet = DISTORTIONS[name](Sheet.of(page, 0), 1)
    letters = [box for line in sheet.lines for word in line for box in word]
    assert len(letters) == 8
    for number, box in enumerate(letters):
        rows, columns = np.nonzero(sheet.owner == number)
        assert rows.size
        assert box.top <= rows.min() <= rows.max() < box.bottom
        assert box.left <= columns.min() <= columns.max() < box.right
        assert sheet.ink[sheet.owner == number].mean() > 0.3


def test_a_sheet_without_distortion_is_the_composition_on_paper(page):
    sheet = Sheet.of(page, 0)
    grey = sheet.photograph()
    assert sheet.box == union(letter.box.moved(40, 40) for word in page.words for letter in word.letters)
    assert np.median(grey) == pytest.approx(210, abs=1)
    assert grey[sheet.ink > 0.9].mean() < 80


def test_mixtures_are_of_distortions(page):
    for names in MIXTURES.values():
        sheet = Sheet.of(page, 0)
        for name in names:
            sheet = DISTORTIONS[name](sheet, 2)
        assert sheet.photograph().std() > 5


def test_blank_sheets_are_reproducible_and_differ():
    first, second = (blank_sheet(np.random.default_rng(0)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    rng = np.random.default_rng(0)
    assert len({blank_sheet(rng).shape for _ in range(5)}) > 1
