"""What is expected of a word, on a graph of two letters; and how the best reading is told."""

import numpy as np
import pytest

from ensemble_hwr.boxes import Box
from ensemble_hwr.reading import Lexicon
from ensemble_hwr.reading._decoder import Graph
from ensemble_hwr.reading._readings import find_readings, tell_word

LETTERS = ["A", "B", "C"]
PROBABILITY = np.array([[0.6, 0.3, 0.1], [0.2, 0.7995, 0.0005]])
GRAPH = Graph(2, [(0, 1), (1, 2)], np.log(PROBABILITY), LETTERS)  # read as AB without a lexicon
BOXES = [Box(0, 0, 10, 20), Box(15, 5, 25, 25)]


def readings(words=None, *, oov_rate=0.01):
    lexicon = None if words is None else Lexicon(words)
    return find_readings(GRAPH, lexicon=lexicon, oov_rate=oov_rate, ngrams=None, beam=9)


def test_without_a_lexicon_texts_are_as_likely_as_their_letters():
    found = readings()
    assert [reading.text for reading in found[:2]] == ["AB", "BB"]
    assert np.exp(found[0].score) == pytest.approx(0.6 * 0.7995)


def test_a_word_of_the_lexicon_wins_unless_something_new_fits_far_better():
    assert readings(["BB", "CC"])[0].text == "BB"
    assert readings(["BB", "CC"], oov_rate=0.9)[0].text == "AB"


def test_with_no_novelty_there_are_words_of_the_lexicon_only():
    assert {reading.text for reading in readings(["BB", "BA"], oov_rate=0.0)} == {"BB", "BA"}


@pytest.mark.parametrize("words", [["AB", "BB"], {"AB": 1, "BB": 9}, {"AB": 9, "BB": 1}])
def test_words_are_as_likely_as_their_letters_and_their_counts(words):
    found = {reading.text: np.exp(reading.score) for reading in readings(words, oov_rate=0.0)}
    counts = words if isinstance(words, dict) else dict.fromkeys(words, 1)
    expected = 0.6 * counts["AB"] / (0.3 * counts["BB"])
    assert found["AB"] / found["BB"] == pytest.approx(expected)


def test_a_rare_word_of_the_lexicon_may_be_less_likely_than_a_new_one():
    """Of a thousand words one is a BB; of a hundred one is new, and any of nine texts of two letters."""
    rare = readings({"BB": 1, "CC": 999}, oov_rate=0.01)
    assert [reading.text for reading in rare[:2]] == ["AB", "BB"]
    expected = 0.01 / 9 * 0.6 / (0.99 / 1000 * 0.3)
    assert np.exp(rare[0].score - rare[1].score) == pytest.approx(expected)


def test_a_lexicon_of_words_that_cannot_be_there_changes_nothing():
    assert readings(["ABC"], oov_rate=0.0)[0].text == "AB"


def test_a_reading_is_in_the_list_once():
    texts = [reading.text for reading in readings(["AB", "BB"])]
    assert len(texts) == len(set(texts))


def test_the_word_that_is_told():
    word = tell_word(readings(), GRAPH, PROBABILITY, BOXES, n_best=3)
    assert (word.text, tuple(word.box)) == ("AB", (0, 0, 25, 25))
    assert word.confidence == pytest.approx(0.6 * 0.7995)
    assert [text for text, _ in word.alternatives] == ["BB", "AA"]
    first, second = word.letters
    assert (first.text, first.confidence, first.span, first.box) == ("A", 0.6, (0, 1), BOXES[0])
    assert first.alternatives == (("B", 0.3), ("C", 0.1))
    assert second.alternatives == (("A", 0.2),)  # C is too improbable to be told
