import json

import numpy as np
import pytest

from ensemble_hwr import compose_words, generate_letters
from ensemble_hwr.boxes import Box
from ensemble_hwr.reading import Letter, Line, Page, Word
from ensemble_hwr.segmentation import cut_page


def word(text, left, **known):
    letters = tuple(Letter(Box(left + 10 * i, 0, left + 10 * i + 8, 20), c, 0.5) for i, c in enumerate(text))
    return Word(Box(left, 0, left + 10 * len(text), 20), letters, text, 0.75, **known)


def test_text_joins_words_and_lines():
    line = Line(Box(0, 0, 90, 20), (word("AB", 0), word("C", 40)))
    page = Page(100, 50, (line, line))
    assert line.text == "AB C"
    assert page.text == "AB C\nAB C"


def test_export_is_json_with_all_fields():
    page = Page(100, 50, (Line(Box(0, 0, 90, 20), (word("AB", 0, alternatives=(("AD", 0.1),)),)),), skew=0.1)
    exported = page.export()
    assert json.loads(page.to_json()) == exported == json.loads(page.to_json(indent=2))
    found = exported["lines"][0]["words"][0]
    assert found["text"] == "AB"
    assert found["box"] == [0, 0, 20, 20]
    assert found["alternatives"] == [{"text": "AD", "probability": 0.1}]
    assert found["letters"][1] == {"letter": "B", "probability": 0.5, "box": [10, 0, 18, 20]}
    assert (exported["width"], exported["height"], exported["skew"]) == (100, 50, 0.1)


def test_export_of_letters_has_alternatives_if_there_are_any():
    letter = Letter(Box(0, 0, 1, 1), "O", 0.6, (("Q", 0.3), ("D", 0.1)))
    assert letter.export()["alternatives"] == [{"letter": "Q", "probability": 0.3}, {"letter": "D", "probability": 0.1}]
    assert "alternatives" not in Letter(Box(0, 0, 1, 1)).export()


def test_pixels_of_letters_are_neither_exported_nor_compared():
    letter = Letter(Box(0, 0, 1, 1), "O", 0.6)
    with_row = Letter(Box(0, 0, 1, 1), "O", 0.6, row=np.zeros(784, np.float32))
    assert with_row.export() == letter.export()
    assert with_row == letter
    assert hash(with_row) == hash(letter)


def test_from_cut_keeps_lines_words_and_boxes():
    letters = generate_letters(26 * 8, writers=8, random_state=0)
    (made,) = compose_words(letters, ["TWO WORDS\nAND A THIRD LINE\nLAST"], gap=0.3, random_state=2)
    cut = cut_page(made.picture)
    page = Page.from_cut(cut)
    assert (page.height, page.width) == made.picture.shape
    assert [len(line.words) for line in page.lines] == [2, 4, 1]
    found = [len(w.letters) for line in page.lines for w in line.words]
    assert sum(found) == pytest.approx(25, abs=2)
    for line in page.lines:
        for found in line.words:
            for letter in found.letters:
                assert found.box.left <= letter.box.left < letter.box.right <= found.box.right
                assert found.box.top <= letter.box.top < letter.box.bottom <= found.box.bottom
    assert all(letter.text == "" and letter.confidence is None for letter in page.lines[0].words[0].letters)


def test_from_cut_reads_words_with_a_function():
    letters = generate_letters(26, random_state=0)
    (made,) = compose_words(letters, ["AB CD"], gap=0.3, random_state=2)
    seen = []

    def read(cut):
        seen.append(cut)
        known = Word.from_cut(cut, cut.segment(cut_touching=False))
        return Word(known.box, known.letters, f"W{len(seen)}", 1.0)

    assert Page.from_cut(cut_page(made.picture), read).text == "W1 W2"
    assert np.all([cut.box.width > 0 for cut in seen])
