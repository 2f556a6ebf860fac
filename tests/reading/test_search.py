from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.reading import Lexicon
from ensemble_hwr.reading._decoder import Graph
from ensemble_hwr.reading._search import find_words

LETTERS = "ABC"


@st.composite
def graphs(draw):
    pieces = draw(st.integers(1, 5))
    spans = [(start, stop) for start, stop in product(range(pieces), range(1, pieces + 1)) if 0 < stop - start <= 3]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return Graph(pieces, spans, 3 * rng.normal(size=(len(spans), len(LETTERS))), LETTERS)


def best_score(graph, word):
    """Oracle: the best way to spell a word, letter by letter over all boundaries."""
    at = np.full(graph.n_pieces + 1, -np.inf)
    at[0] = 0.0
    for letter in word:
        reached = np.full(graph.n_pieces + 1, -np.inf)
        for place, (start, stop) in enumerate(graph.spans):
            reached[stop] = max(reached[stop], at[start] + graph.scores[place, LETTERS.index(letter)])
        at = reached
    return at[-1]


some_words = st.text(LETTERS, min_size=1, max_size=6)
alike = st.sets(some_words, min_size=1, max_size=12).map(lambda words: dict.fromkeys(words, 1))
counted = st.dictionaries(some_words, st.integers(0, 9).map(lambda power: 10**power), min_size=1, max_size=12)


@settings(max_examples=100)
@given(graphs(), st.one_of(alike, counted))
def test_finds_the_best_words_in_order(graph, counts):
    """Every word is scored, by its evidence and by its share of all counts."""
    found = find_words(graph, Lexicon(counts), most=4)
    share = {word: count / sum(counts.values()) for word, count in counts.items()}
    expected = sorted(((best_score(graph, word) + np.log(share[word]), word) for word in counts), reverse=True)
    expected = [(score, word) for score, word in expected if score >= expected[0][0] - 10 and np.isfinite(score)][:4]
    assert [reading.text for reading in found] == [word for _, word in expected]
    np.testing.assert_allclose([reading.score for reading in found], [score for score, _ in expected])
    for reading in found:
        assert "".join(LETTERS[letter] for letter in reading.letters) == reading.text
        edges = [graph.spans[span] for span in reading.spans]
        assert [stop for _, stop in edges[:-1]] == [start for start, _ in edges[1:]]
        assert (edges[0][0], edges[-1][1]) == (0, graph.n_pieces)


def test_a_rare_word_is_found_however_rare():
    graph = Graph(1, [(0, 1)], np.array([[0.0, -39.0, -60.0]]), LETTERS)
    (found,) = find_words(graph, Lexicon({"B": 1, "CC": 1e30}), most=3)
    assert found.text == "B"


def test_nothing_where_no_word_comes_near():
    graph = Graph(1, [(0, 1)], np.array([[0.0, -50.0, -60.0]]), LETTERS)
    assert find_words(graph, Lexicon(["B", "AA"]), most=3) == []


def test_gives_up_in_time():
    """Pieces that could all be anything, and words that fit nearly as well as each other."""
    rng = np.random.default_rng(0)
    words = {"".join(rng.choice(list(LETTERS), 12)) for _ in range(3000)}
    spans = [(start, start + length) for start in range(30) for length in (1, 2, 3) if start + length <= 30]
    graph = Graph(30, spans, rng.normal(size=(len(spans), 3)) / 10, LETTERS)
    assert len(find_words(graph, Lexicon(words), most=5)) <= 5


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_than_asked_for(most):
    graph = Graph(1, [(0, 1)], np.zeros((1, 3)), LETTERS)
    assert len(find_words(graph, Lexicon(["A", "B", "C"]), most=most)) == most
