"""Pages that are written in cells."""

import numpy as np
import pytest

from ensemble_hwr import PageReader
from ensemble_hwr.datasets import compose_words, generate_letters
from ensemble_hwr.segmentation import cut_page

SIZE = 60


@pytest.fixture(scope="module")
def letters():
    return generate_letters(260, writers=5, random_state=0)


def crop(picture, height=30):
    """Ink of a composed word, without margins."""
    ink = 1 - picture / 255.0
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.3), np.flatnonzero(ink.max(axis=0) > 0.3)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def table(letters, rows, *, width=SIZE, height=30, shift=0):
    """Grid with a text per cell; a blank text is an empty cell."""
    columns = max(map(len, rows))
    ink = np.zeros((SIZE * len(rows) + 21, width * columns + 21))
    for row in range(len(rows) + 1):
        ink[10 + SIZE * row : 12 + SIZE * row, 10 : 11 + width * columns] = 1
    for column in range(columns + 1):
        ink[10 : 11 + SIZE * len(rows), 10 + width * column : 12 + width * column] = 1
    texts = [(place, text) for place, text in np.ndenumerate(rows) if text]
    words = compose_words(letters, [text for _, text in texts], gap=0.2, height=height, random_state=3)
    for ((row, column), _), word in zip(texts, words, strict=True):
        glyph = crop(word.picture)
        top = 11 + SIZE * row + (SIZE - glyph.shape[0]) // 2 + shift
        left = 11 + width * column + (width - glyph.shape[1]) // 2
        window = ink[top : top + glyph.shape[0], left : left + glyph.shape[1]]
        np.maximum(window, glyph, out=window)
    return np.rint(230 * (1 - 0.8 * ink)).astype(np.uint8)


def test_a_grid_of_single_letters_is_cut_row_by_row_into_one_letter_per_cell(letters):
    page = cut_page(table(letters, [list("ABCDI"), list("KOLMR"), list("EHXWT")]))
    assert [[word.lattice().spans for word in line.words] for line in page.lines] == [
        [tuple((place, place + 1) for place in range(5))]
    ] * 3
    assert [len(line.words[0].segment()) for line in page.lines] == [5, 5, 5]
    box = page.lines[1].words[0].segment().boxes[1]
    assert SIZE + 10 < box.left < box.right < 2 * SIZE + 12
    assert SIZE + 10 < box.top < box.bottom < 2 * SIZE + 12


def test_letters_that_cross_the_borders_of_their_cells_are_whole(letters):
    page = cut_page(table(letters, [list("ABCDI"), list("KOLMR")], height=40, shift=14))
    assert [len(line.words[0].segment()) for line in page.lines] == [5, 5]
    assert all(box.bottom - box.top >= 34 for line in page.lines for box in line.words[0].segment().boxes)


def test_a_grid_is_read_without_a_lexicon(letters):
    read = PageReader().fit().read(table(letters, [list("ABCDI"), list("KOLMR"), list("EHXWT")]))
    assert read.text == "ABCDI\nKOLMR\nEHXWT"


def test_an_empty_cell_separates_words(letters):
    page = cut_page(table(letters, [["A", "B", "", "C", "D"], ["E", "F", "G", "H", ""]]))
    assert [len(line.words) for line in page.lines] == [2, 1]


def test_cells_of_a_table_with_words_are_words(letters):
    page = cut_page(table(letters, [["ANNA", "PAUL"], ["LISA", "MARK"], ["OTTO", "EMIL"]], width=160))
    assert [len(line.words) for line in page.lines] == [2, 2, 2]
    assert all(word.pieces is None for line in page.lines for word in line.words)
