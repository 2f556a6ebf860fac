import json
from dataclasses import replace

import numpy as np
import pytest

from ensemble_hwr import PageReader, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.boxes import Box
from ensemble_hwr.images import contrast_to_grain
from ensemble_hwr.reading import Letter, Page, Word
from ensemble_hwr.reading.issues import Issue, letter_issues, reading_issues

PICTURE = np.full((40, 60), 255, np.uint8)
PICTURE[5:20, 5:9] = 0


def grainy(contrast):
    rng = np.random.default_rng(0)
    paper = np.full((40, 60), 200.0)
    paper[10:30, 28:32] -= contrast
    return np.clip(np.rint(paper + rng.normal(0, 8, paper.shape)), 0, 255).astype(np.uint8)


def bar(width):
    row = np.zeros((28, 28), np.float32)
    row[4:24, 14 - width // 2 : 14 + (width + 1) // 2] = 1.0
    return row.ravel()


def word(*probabilities):
    letters = tuple(Letter(Box(0, 0, 9, 9), "I", p) for p in probabilities)
    return Word(Box(0, 0, 9, 9), letters, "I" * len(letters), 0.9)


@pytest.fixture(scope="module")
def made():
    letters = generate_letters(260, writers=5, random_state=0)
    return compose_words(letters, ["HELLO\nYOU"], gap=0.2, random_state=0)[0].picture


@pytest.mark.parametrize(("width", "kinds"), [(2, []), (6, []), (9, ["solid"]), (20, ["solid"])])
def test_a_square_of_ink_that_fills_a_letter_is_an_issue(width, kinds):
    assert [issue.kind for issue in letter_issues(bar(width), 0.99)] == kinds


@pytest.mark.parametrize(
    ("text", "width", "kinds"), [("W", 9, ["solid"]), ("w", 9, []), ("w", 11, ["solid"]), ("-", 20, [])]
)
def test_strokes_of_small_letters_are_thicker_relative_to_their_height(text, width, kinds):
    letter = Letter(Box(0, 0, 9, 9), text, 0.99, row=bar(width))
    assert [issue.kind for issue in reading_issues([Word(letter.box, (letter,), text, 0.99)], PICTURE)] == kinds


@pytest.mark.parametrize(("probability", "kinds"), [(0.99, []), (0.6, []), (0.4, ["uncertain"])])
def test_a_low_probability_of_a_letter_is_an_issue(probability, kinds):
    assert [issue.kind for issue in letter_issues(bar(3), probability, PICTURE)] == kinds


@pytest.mark.parametrize(("probability", "kinds"), [(0.99, []), (0.8, ["faint"]), (0.3, ["faint"])])
def test_a_contrast_near_the_grain_is_the_cause_of_a_low_probability(probability, kinds):
    assert [issue.kind for issue in letter_issues(bar(3), probability, grainy(25))] == kinds
    assert [issue.kind for issue in reading_issues([word(probability)], grainy(25))] == kinds


def test_low_probabilities_of_all_words_are_an_issue_and_those_of_one_word_are_not():
    assert [issue.kind for issue in reading_issues([word(0.5, 0.6), word(0.4)], PICTURE)] == ["uncertain"]
    assert reading_issues([word(0.99, 0.99), word(0.98, 0.99), word(0.4)], PICTURE) == ()


def test_a_reading_without_letters_is_an_issue():
    assert [issue.kind for issue in reading_issues([], PICTURE)] == ["unreadable"]


def test_contrast_of_a_large_picture_is_that_of_its_parts():
    page = np.tile(grainy(25), (40, 40))
    assert contrast_to_grain(page) < 6
    assert contrast_to_grain(np.tile(PICTURE, (40, 40))) > 100
    assert contrast_to_grain(np.full((1, 5), 9, np.uint8)) == float("inf")


def test_clean_words_and_pages_have_no_issues(made):
    reader = WordReader(load_model("az")).fit()
    page = PageReader(reader).fit().read(made)
    assert page.text == "HELLO\nYOU"
    assert page.issues == ()
    assert "issues" not in page.export()
    assert reader.read(made[: len(made) // 2]).issues == ()


def test_shadow_alone_has_an_issue_that_is_exported():
    edge = np.full((60, 60), 220, np.uint8)
    edge[15:45, 12:40] = 60
    issue = WordReader().fit().read(edge).issues[0]
    assert issue.kind == "solid"
    page = PageReader().fit().read(edge)
    assert json.loads(page.to_json())["issues"][0] == issue.export()
    assert Word(Box(0, 0, 9, 9), (), "", 0.0, issues=(issue,)).export()["issues"] == [issue.export()]


@pytest.mark.parametrize("reader", [WordReader(errors="empty"), PageReader(errors="empty")])
def test_pictures_that_cannot_be_read_have_the_reason_as_an_issue(reader, made):
    line = made[: len(made) // 2]
    blank, missing, word = reader.fit().predict_details([np.full((40, 40), 200, np.uint8), "missing.png", line])
    assert blank.text == missing.text == ""
    assert [issue.kind for issue in blank.issues] == ["unreadable"]
    assert missing.issues == (Issue("unreadable", "'missing.png': there is no such file"),)
    assert word.issues == ()


def test_issues_of_a_page_are_compared():
    page = Page(9, 9, ())
    assert replace(page, issues=(Issue("faint", ""),)) != page


def test_probabilities_of_one_shape_are_no_issue():
    box = Box(5, 5, 9, 20)
    for alternatives, kinds in (((("O", 0.3), ("o", 0.2)), []), ((("Q", 0.3), ("D", 0.2)), ["uncertain"])):
        letter = Letter(box, "0", 0.45, alternatives)
        assert [issue.kind for issue in reading_issues([Word(box, (letter,), "0", 0.45)], PICTURE)] == kinds
