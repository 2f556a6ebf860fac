"""WordReader.adapt: alignment of right texts, the adapted reader, and what is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr import WordReader, compose_words, generate_letters, load_model, save_model
from ensemble_hwr.adaptation import adapted_classifier
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading._alignment import LabelledLetters, align, spelled
from ensemble_hwr.reading._decoder import Graph

WORDS = ["QUICK", "BROWN", "FOXES", "JUMP", "OVER", "LAZY", "DOGS", "WITH", "GARDEN", "HOUSE", "WINTER", "BRIDGE"]


@pytest.fixture(scope="module")
def pictures():
    letters = generate_letters(26 * 8, writers=1, difficulty=2.0, random_state=11)
    return [word.picture for word in compose_words(letters, WORDS, gap=0.15, random_state=0)]


@pytest.fixture(scope="module")
def reader():
    return WordReader(load_model("az")).fit()


@pytest.fixture(scope="module")
def mine(reader, pictures):
    return reader.adapt(pictures[:8], [word.lower() for word in WORDS[:8]])


def test_other_words_of_the_writer_have_fewer_errors(reader, mine, pictures):
    assert mine.character_error_rate(pictures[8:], WORDS[8:]) < reader.character_error_rate(pictures[8:], WORDS[8:])
    assert mine.adaptation_["n_letters"] > 25
    assert mine.adaptation_["left_out"] == []


def test_the_reader_itself_stays_as_it_is(reader, mine):
    assert mine is not reader
    assert reader.classifier is not mine.classifier
    assert not hasattr(reader, "adaptation_")
    assert adapted_classifier(reader.classifier_) is None


def test_the_adapted_classifier_can_be_saved_and_read_with(mine, pictures, tmp_path):
    again = WordReader(load_model(save_model(mine.classifier, tmp_path / "mine.model"))).fit()
    assert again.predict(pictures[8:10]).tolist() == mine.predict(pictures[8:10]).tolist()


def test_a_reader_can_be_adapted_twice(mine, pictures):
    more = mine.adapt(pictures[8:], WORDS[8:])
    counts = [sum(adapted_classifier(each.classifier).samples_per_class_.values()) for each in (mine, more)]
    assert counts[0] < counts[1]


def test_words_that_cannot_be_aligned_are_left_out_with_their_reasons(reader, pictures):
    blank = np.full((40, 90), 255, np.uint8)
    texts = [WORDS[0], "Straße 7", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", WORDS[3], "QUICK"]
    found = reader.adapt([*pictures[:4], blank], texts).adaptation_
    reasons = dict(found["left_out"])
    assert set(reasons) == {1, 2, 4}
    assert "cannot be spelled" in reasons[1]
    assert "more letters than the word has pieces" in reasons[2]


def test_the_words_of_a_line_are_paired_with_the_words_of_its_text(reader):
    letters = generate_letters(26 * 3, writers=1, random_state=3)
    line = compose_words(letters, ["HELLO WORLD"], gap=0.2, random_state=0)[0].picture
    assert reader.adapt([line], ["hello world"]).adaptation_["n_letters"] >= 8
    with pytest.raises(DataError, match=r"fewer than 2 .* 2 words were found for the 3 of 'hello wor ld'"):
        reader.adapt([line], ["hello wor ld"])


def test_numbers_of_pictures_and_texts_must_agree(reader, pictures):
    with pytest.raises(DataError, match="there are 2 pictures, but 1 texts"):
        reader.adapt(pictures[:2], ["QUICK"])


def test_texts_are_spelled_with_the_letters_of_the_classifier():
    assert spelled("Tea", "AET") == "TEA"
    assert spelled("Tea", "AETtea") == "Tea"
    assert spelled("Tee!", "AET") is None


@st.composite
def graphs(draw):
    n_pieces = draw(st.integers(1, 5))
    spans = [(start, stop) for start in range(n_pieces) for stop in range(start + 1, min(start + 3, n_pieces) + 1)]
    seed = draw(st.integers(0, 2**16))
    scores = np.random.default_rng(seed).normal(0, 3, (len(spans), 3))
    return Graph(n_pieces, spans, scores, "ABC"), draw(st.lists(st.integers(0, 2), min_size=1, max_size=5))


def alignments(graph, columns, boundary=0):
    """All ways to give each letter a span, with their scores."""
    if not columns:
        return [((), 0.0)] if boundary == graph.n_pieces else []
    return [
        ((span, *rest), graph.scores[span, columns[0]] + score)
        for span, (start, stop) in enumerate(graph.spans)
        if start == boundary
        for rest, score in alignments(graph, columns[1:], stop)
    ]


@given(graphs())
def test_the_posterior_is_that_of_all_alignments(case):
    graph, columns = case
    posterior, lag = align(graph, columns)
    every = alignments(graph, columns)
    if not every:
        assert posterior is None
        return
    weights = np.exp([score for _, score in every])
    expected = np.zeros_like(posterior)
    for (spans, _), weight in zip(every, weights / weights.sum(), strict=True):
        expected[np.arange(len(spans)), spans] += weight
    assert np.allclose(posterior, expected)
    assert lag > -np.log(len(every)) - 1e-9


def test_uncertain_letters_are_counted_and_left_out():
    graph = Graph(3, [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)], np.zeros((5, 2)), "AB")
    found = LabelledLetters("AB")
    found.add(0, "AB", graph, np.zeros((5, 4), np.float32))
    assert found.report() == {"n_letters": 0, "n_uncertain": 2, "left_out": []}
