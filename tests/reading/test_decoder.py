from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.reading import LetterNgrams, Lexicon
from ensemble_hwr.reading._decoder import Graph, decode
from ensemble_hwr.reading._language_models import UniformModel

LETTERS = "AB"


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 4))
    spans = [(start, start + 1) for start in range(n)]
    spans += [pair for pair in ((0, 2), (1, 3), (1, 4), (0, 3)) if pair[1] <= n and draw(st.booleans())]
    numbers = st.integers(-30, 30).map(lambda number: number / 8)
    scores = [[draw(numbers) for _ in LETTERS] for _ in spans]
    return Graph(n, spans, np.array(scores), LETTERS)


def scores_of_all_texts(graph, language_model):
    """The best score of each text over all paths."""
    found = {}

    def follow(boundary, score, text):
        if boundary == graph.n_pieces:
            state, total = language_model.start, score
            for letter in text:
                following = language_model.step(state, letter)
                if following is None:
                    return
                state, total = following[0], total + following[1]
            end = language_model.end(state)
            if end is not None:
                found[text] = max(found.get(text, -np.inf), total + end)
            return
        for span, (place, letter) in product(range(len(graph.spans)), enumerate(LETTERS)):
            start, stop = graph.spans[span]
            if start == boundary:
                follow(stop, score + graph.scores[span, place], text + letter)

    follow(0, 0.0, "")
    return found


@settings(max_examples=40)
@given(
    graphs(),
    st.sampled_from(
        [
            UniformModel(),
            Lexicon(["A", "AB", "BBA", "ABAB"]),
            Lexicon({"A": 50, "AB": 3, "BBA": 0.5, "ABAB": 20}),
            LetterNgrams(["AB", "BA"], order=2),
        ]
    ),
)
def test_decode_finds_the_best_reading_of_all_paths(graph, language_model):
    readings = decode(graph, language_model, beam=100)
    expected = scores_of_all_texts(graph, language_model)
    if not expected:
        assert readings == []
        return
    best = max(expected.values())
    if readings:
        assert readings[0].score == pytest.approx(best)
    assert len({reading.text for reading in readings}) == len(readings)
    for reading in readings:
        assert reading.score <= expected[reading.text] + 1e-9
        assert "".join(LETTERS[letter] for letter in reading.letters) == reading.text
        assert graph.spans[reading.spans[0]][0] == 0
        assert graph.spans[reading.spans[-1]][1] == graph.n_pieces
        joints = [graph.spans[place] for place in reading.spans]
        assert all(before[1] == after[0] for before, after in pairwise(joints))
    assert [reading.score for reading in readings] == sorted((reading.score for reading in readings), reverse=True)


def plain_beam_search(graph, language_model, beam):
    """The best texts at the end, with a dict of texts at each boundary."""
    at = [{} for _ in range(graph.n_pieces + 1)]
    at[0][""] = 0.0, language_model.start
    for boundary in range(graph.n_pieces):
        best = sorted(at[boundary].items(), key=lambda entry: (-entry[1][0], entry[0]))[:beam]
        for (text, (score, state)), (place, letter) in product(best, product(range(len(graph.spans)), range(2))):
            start, stop = graph.spans[place]
            following = language_model.step(state, LETTERS[letter])
            if start != boundary or following is None:
                continue
            total, longer = score + graph.scores[place, letter] + following[1], text + LETTERS[letter]
            if longer not in at[stop] or total > at[stop][longer][0]:
                at[stop][longer] = total, following[0]
    ends = {text: (score, language_model.end(state)) for text, (score, state) in at[-1].items()}
    found = {text: score + end for text, (score, end) in ends.items() if end is not None}
    return sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))[:beam]


@settings(max_examples=60)
@given(graphs(), st.integers(1, 5), st.sampled_from([UniformModel(), LetterNgrams(["AB", "BA"], order=2)]))
def test_decode_keeps_the_best_prefixes_at_each_boundary(graph, beam, language_model):
    graph = replace(graph, scores=graph.scores / 8)  # no prefix is far below the best
    expected = plain_beam_search(graph, language_model, beam)
    found = [(reading.text, reading.score) for reading in decode(graph, language_model, beam=beam)]
    assert found[: len(expected)] == expected
