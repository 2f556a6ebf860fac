from dataclasses import replace
from itertools import product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.boxes import Box
from ensemble_hwr.reading import LetterNgrams, Lexicon
from ensemble_hwr.reading._decoder import Graph, Reading
from ensemble_hwr.reading._readings import _has_word, find_readings, find_words, in_case, to_word, with_case, write_case

LETTERS = ["A", "B", "C"]
PROBABILITY = np.array([[0.6, 0.3, 0.1], [0.2, 0.7995, 0.0005]])
GRAPH = Graph(2, [(0, 1), (1, 2)], np.log(PROBABILITY), LETTERS)  # read as AB without a lexicon
ROWS = np.arange(12, dtype=np.float32).reshape(2, 6)
BOXES = [Box(0, 0, 10, 20), Box(15, 5, 25, 25)]


def readings(words=None, *, oov_rate=0.01):
    lexicon = None if words is None else Lexicon(words)
    return find_readings(GRAPH, lexicon=lexicon, oov_rate=oov_rate, ngrams=None, beam=9)


def test_without_a_lexicon_scores_are_those_of_the_letters():
    found = readings()
    assert [reading.text for reading in found[:2]] == ["AB", "BB"]
    assert np.exp(found[0].score) == pytest.approx(0.6 * 0.7995)


def test_a_word_of_the_lexicon_is_preferred_unless_another_text_scores_far_better():
    assert readings(["BB", "CC"])[0].text == "BB"
    assert readings(["BB", "CC"], oov_rate=0.9)[0].text == "AB"


def test_with_an_oov_rate_of_0_all_readings_are_words_of_the_lexicon():
    assert {reading.text for reading in readings(["BB", "BA"], oov_rate=0.0)} == {"BB", "BA"}


@pytest.mark.parametrize("words", [["AB", "BB"], {"AB": 1, "BB": 9}, {"AB": 9, "BB": 1}])
def test_scores_of_words_combine_letters_and_frequencies(words):
    found = {reading.text: np.exp(reading.score) for reading in readings(words, oov_rate=0.0)}
    counts = words if isinstance(words, dict) else dict.fromkeys(words, 1)
    expected = 0.6 * counts["AB"] / (0.3 * counts["BB"])
    assert found["AB"] / found["BB"] == pytest.approx(expected)


def test_a_rare_word_can_score_below_an_out_of_vocabulary_text():
    """BB has a prior of 0.99 / 1000, AB of 0.01 / 9: one of nine texts of two letters."""
    rare = readings({"BB": 1, "CC": 999}, oov_rate=0.01)
    assert [reading.text for reading in rare[:2]] == ["AB", "BB"]
    expected = 0.01 / 9 * 0.6 / (0.99 / 1000 * 0.3)
    assert np.exp(rare[0].score - rare[1].score) == pytest.approx(expected)


def test_a_lexicon_without_possible_words_is_ignored():
    assert readings(["ABC"], oov_rate=0.0)[0].text == "AB"


def test_readings_are_unique():
    texts = [reading.text for reading in readings(["AB", "BB"])]
    assert len(texts) == len(set(texts))


def test_to_word_keeps_letters_alternatives_and_rows():
    word = to_word(readings(), GRAPH, PROBABILITY, BOXES, ROWS, n_best=3)
    assert (word.text, tuple(word.box)) == ("AB", (0, 0, 25, 25))
    assert word.confidence == pytest.approx(0.6 * 0.7995)
    assert [text for text, _ in word.alternatives] == ["BB", "AA"]
    first, second = word.letters
    assert (first.text, first.confidence, first.span, first.box) == ("A", 0.6, (0, 1), BOXES[0])
    assert first.alternatives == (("B", 0.3), ("C", 0.1))
    assert second.alternatives == (("A", 0.2),)  # the probability of C is below the minimum
    np.testing.assert_array_equal([letter.row for letter in word.letters], ROWS)
    assert not np.shares_memory(first.row, ROWS)


ALPHABET = "ABC"


@st.composite
def graphs(draw):
    pieces = draw(st.integers(1, 5))
    spans = [(start, stop) for start, stop in product(range(pieces), range(1, pieces + 1)) if 0 < stop - start <= 3]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return Graph(pieces, spans, 3 * rng.normal(size=(len(spans), len(ALPHABET))), ALPHABET)


def best_score(graph, word):
    """Oracle: the best score of a word, by dynamic programming over letters and boundaries."""
    at = np.full(graph.n_pieces + 1, -np.inf)
    at[0] = 0.0
    for letter in word:
        reached = np.full(graph.n_pieces + 1, -np.inf)
        for place, (start, stop) in enumerate(graph.spans):
            reached[stop] = max(reached[stop], at[start] + graph.scores[place, ALPHABET.index(letter)])
        at = reached
    return at[-1]


some_words = st.text(ALPHABET, min_size=1, max_size=6)
uniform_counts = st.sets(some_words, min_size=1, max_size=12).map(lambda words: dict.fromkeys(words, 1))
random_counts = st.dictionaries(some_words, st.integers(0, 9).map(lambda power: 10**power), min_size=1, max_size=12)


@settings(max_examples=100)
@given(graphs(), st.one_of(uniform_counts, random_counts), st.sampled_from([1, 2, 50]), st.booleans())
def test_find_words_returns_the_best_words_in_order(graph, counts, few, is_one_known):
    """The search with few prefixes only finds out which words the other search need not follow."""
    share = {word: count / sum(counts.values()) for word, count in counts.items()}
    expected = sorted(((best_score(graph, word) + np.log(share[word]), word) for word in counts), reverse=True)
    expected = [(score, word) for score, word in expected if score >= expected[0][0] - 10 and np.isfinite(score)][:4]
    known = {"at_least": expected[-1][0]} if expected and is_one_known else {}
    with patch("ensemble_hwr.reading._readings._FEW_PREFIXES", few):
        found = find_words(graph, Lexicon(counts), max_words=4, **known)
    assert [reading.text for reading in found] == [word for _, word in expected]
    np.testing.assert_allclose([reading.score for reading in found], [score for score, _ in expected])
    for reading in found:
        assert "".join(ALPHABET[letter] for letter in reading.letters) == reading.text
        edges = [graph.spans[span] for span in reading.spans]
        assert [stop for _, stop in edges[:-1]] == [start for start, _ in edges[1:]]
        assert (edges[0][0], edges[-1][1]) == (0, graph.n_pieces)


def test_find_words_finds_a_very_rare_word():
    graph = Graph(1, [(0, 1)], np.array([[0.0, -39.0, -60.0]]), ALPHABET)
    (found,) = find_words(graph, Lexicon({"B": 1, "CC": 1e30}), max_words=3)
    assert found.text == "B"


def test_find_words_returns_nothing_if_every_word_scores_far_below_the_best_text():
    graph = Graph(1, [(0, 1)], np.array([[0.0, -50.0, -60.0]]), ALPHABET)
    assert find_words(graph, Lexicon(["B", "AA"]), max_words=3) == []


def test_find_words_follows_a_limited_number_of_prefixes():
    """All letters are nearly equally probable, so the search cannot prune."""
    rng = np.random.default_rng(0)
    words = {"".join(rng.choice(list(ALPHABET), 12)) for _ in range(3000)}
    spans = [(start, start + length) for start in range(30) for length in (1, 2, 3) if start + length <= 30]
    graph = Graph(30, spans, rng.normal(size=(len(spans), 3)) / 10, ALPHABET)
    assert len(find_words(graph, Lexicon(words), max_words=5)) <= 5


@pytest.mark.parametrize("max_words", [1, 2])
def test_find_words_returns_at_max_words_max_words(max_words):
    graph = Graph(1, [(0, 1)], np.zeros((1, 3)), ALPHABET)
    assert len(find_words(graph, Lexicon(["A", "B", "C"]), max_words=max_words)) == max_words


BOTH = Graph(
    3,
    [(0, 1), (1, 2), (2, 3)],
    np.log([[0.5, 0.4, 0.05, 0.05], [0.05, 0.05, 0.45, 0.45], [0.05, 0.05, 0.4, 0.5]]),
    ["A", "a", "B", "b"],
)


def both(words=None, **parameters):
    lexicon = None if words is None else Lexicon(words).spelled_with(BOTH.letters, ignore_case=True)
    return find_readings(BOTH, **{"lexicon": lexicon, "oov_rate": 0.01, "ngrams": None, "beam": 9, **parameters})


def test_words_with_usual_case_are_preferred():
    assert [reading.text for reading in both()[:2]] == ["Abb", "abb"]
    assert "aBb" not in [reading.text for reading in both()[:4]]


@pytest.mark.parametrize("words", [["abb"], ["Abb"], ["ABB", "bab"]])
def test_words_of_the_lexicon_are_found_in_any_case(words):
    found = both(words)[0]
    assert found.text == "Abb"
    assert [BOTH.letters[letter] for letter in found.letters] == list("Abb")


def test_words_of_the_lexicon_are_not_also_out_of_vocabulary():
    texts = [reading.text for reading in both(["abb"])]
    assert len(texts) == len(set(texts))
    assert "ABB" not in texts[1:]


def test_with_an_oov_rate_of_0_only_the_case_of_words_is_free():
    assert {reading.text.upper() for reading in both(["aab", "bbb"], oov_rate=0.0)} == {"AAB", "BBB"}


def test_the_score_of_a_word_is_the_sum_of_its_letters_the_word_and_its_case():
    reading = both(["ABB", "BAB"], oov_rate=0.0)[0]
    assert reading.score == pytest.approx(np.log(0.5 * 0.45 * 0.5) + 3 * np.log(2) + np.log(0.5))


def test_case_is_written_from_letter_scores_and_prices():
    folded = Reading(0.0, "ABB", (0, 1, 2), (0, 1, 1))
    assert write_case(folded, BOTH, 0.0).text == "Abb"


CODES = Graph(
    2,
    [(0, 1), (1, 2)],
    np.log([[0.5, 0.4, 0.01, 0.01, 0.08], [0.02, 0.02, 0.5, 0.4, 0.06]]),
    ["O", "0", "I", "1", "o"],
)


@pytest.mark.parametrize("letters", [["O", "0", "I", "1", "o"], ["O", "0", "I", "1", "Q"]])
def test_digits_come_in_runs(letters):
    graph = replace(CODES, letters=letters)
    texts = [reading.text for reading in find_readings(graph, lexicon=None, oov_rate=0.01, ngrams=None, beam=9)]
    assert texts.index("01") < texts.index("0I")
    assert texts.index("OI") < texts.index("O1")


def test_numbers_do_not_pay_the_price_of_words_that_are_not_in_the_lexicon():
    parameters = {"oov_rate": 0.01, "ngrams": None, "beam": 30}
    alone = {reading.text: reading.score for reading in find_readings(CODES, lexicon=None, **parameters)}
    lexicon = Lexicon(["IO"])
    found = {reading.text: reading.score for reading in find_readings(CODES, lexicon=lexicon, **parameters)}
    assert found["01"] == alone["01"]
    assert found["OI"] == pytest.approx(alone["OI"] - np.log(99))
    assert {r.text.upper() for r in find_readings(CODES, lexicon=lexicon, **{**parameters, "oov_rate": 0.0})} == {"IO"}


@pytest.mark.parametrize(
    ("text", "pays"),
    [("so", True), ("I", True), ("0slo", True), ("si10", True), ("B12", False), ("42a", False), ("A1B2", False),
     ("12", False), ("&", False), ("1-a", False)],
)  # fmt: skip
def test_words_and_codes_with_several_letters_in_a_run_pay_the_price_of_words_outside_the_lexicon(text, pays):
    assert _has_word(text) == pays


def test_n_grams_of_both_cases_are_used_as_they_are():
    mixed, upper, lower = (LetterNgrams([word]) for word in ("Abba", "ABBA", "abba"))
    assert with_case(mixed) is mixed
    assert with_case(upper).log_probability("Abba") == upper.log_probability("ABBA")
    assert with_case(lower).log_probability("Abba") == lower.log_probability("abba")


@pytest.mark.parametrize(
    ("case", "texts"),
    [
        ("as_written", ["rue", "RUE", "Rye"]),
        ("upper", ["RUE", "RYE"]),
        ("lower", ["rue", "rye"]),
        ("lexicon", ["Rue", "Rye"]),
    ],
)
def test_texts_are_returned_in_the_wanted_case(case, texts):
    found = [Reading(score, text, (), ()) for score, text in ((-1.0, "rue"), (-1.5, "RUE"), (-2.0, "Rye"))]
    converted = in_case(found, case, {"RUE": "Rue"})
    assert [reading.text for reading in converted] == texts
    assert np.logaddexp.reduce([reading.score for reading in converted]) == pytest.approx(
        np.logaddexp.reduce([reading.score for reading in found])
    )


@pytest.mark.parametrize(
    ("case", "accents", "text"),
    [
        ("as_written", "drop", "CAFE"),
        ("as_written", "keep", "CAFÉ"),
        ("upper", "keep", "CAFÉ"),
        ("lower", "keep", "café"),
        ("lower", "drop", "cafe"),
        ("lexicon", "drop", "Cafe"),
        ("lexicon", "keep", "Café"),
    ],
)
def test_words_of_the_lexicon_are_returned_with_or_without_its_accents(case, accents, text):
    readings = [Reading(-1.0, "CAFE", (), ()), Reading(-2.0, "CAFF", (), ())]
    found = in_case(readings, case, {"CAFE": "Café"}, accents)
    assert found[0].text == text
    assert found[1].text.upper() == "CAFF"
