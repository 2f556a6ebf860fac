import numpy as np
import pytest

from ensemble_hwr.reading._proportions import (
    Lines,
    Proportions,
    WordExtents,
    best_path,
    expected_extents,
    extent_scores,
    find_proportions,
    fit_lines,
    reweight,
    share_lines,
)

LETTERS = "oOlLpP1"
EXPECTED = expected_extents(LETTERS)
EXTENTS = {"o": (0.45, 1.0), "O": (0.0, 1.0), "l": (0.0, 1.0), "L": (0.0, 1.0), "p": (0.45, 1.4), "P": (0.0, 1.0)}
SHAPES = ("oO", "lL1", "pP")


def shape_probability(text):
    """Probabilities of a classifier that cannot separate the cases of a letter."""
    rows = np.array([[float(letter in shape) for letter in LETTERS] for c in text for shape in SHAPES if c in shape])
    return rows / rows.sum(axis=1, keepdims=True)


def case_of(text, scale=1.0, shift=0.0, **parameters):
    extents = scale * np.array([EXTENTS[letter] for letter in text]) + shift
    probability = shape_probability(text)
    lines = fit_lines(extents, probability, EXPECTED, **parameters)
    weighted = reweight(probability, extent_scores(extents, lines, EXPECTED))
    return "".join(LETTERS[place] for place in weighted.argmax(axis=1)), lines


@pytest.mark.parametrize("text", ["pool", "Pool", "OPOl", "lop", "Polo", "POpO"])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1.9, -3.0)])
def test_letters_of_one_shape_get_their_case_from_the_lines(text, scale, shift):
    found, lines = case_of(text, scale, shift)
    assert found.replace("1", "l").replace("L", "l") == text
    assert lines.best[0] == pytest.approx(scale + shift, abs=0.1 * scale)
    assert lines.best[1] == pytest.approx(scale, abs=0.15 * scale)


def test_both_hypotheses_stay_possible_if_all_letters_have_one_height():
    _, lines = case_of("oo")
    assert lines.probability.max() < 0.95


@pytest.mark.parametrize(("text", "cap"), [("oo", 1.0), ("OO", 1.0)])
def test_the_lines_of_the_text_decide_the_case_of_such_a_word(text, cap):
    shared = Lines(np.array([[1.0, cap, 0.5, 0.4]]), np.ones(1), 1.0)
    assert case_of(text, shared=shared)[0] == text


@pytest.mark.parametrize("text", ["Pool oo P OO p lo", "oo OO lop OP oo", "OPO oo lo oo ppo oo oo o"])
def test_words_of_a_line_share_its_lines_and_a_base_line_that_bends(text):
    words = [
        WordExtents(30 * np.array([EXTENTS[c] for c in word]) + 4.0 * place, shape_probability(word))
        for place, word in enumerate(text.split())
    ]
    found = []
    for word, shared in zip(words, share_lines(words, EXPECTED), strict=True):
        lines = fit_lines(word.extents, word.probability, EXPECTED, shared=shared)
        weighted = reweight(word.probability, extent_scores(word.extents, lines, EXPECTED)).argmax(axis=1)
        found.append("".join(LETTERS[place] for place in weighted))
    assert " ".join(found).replace("1", "l").replace("L", "l") == text


def test_a_word_that_is_alone_on_its_line_has_no_shared_lines():
    assert share_lines([WordExtents(np.array([[0.0, 1.0]]), shape_probability("o"))], EXPECTED) == [None]


def test_the_estimate_does_not_change_much_after_a_second_fit():
    found, lines = case_of("Polo")
    extents = np.array([EXTENTS[letter] for letter in "Polo"])
    again = fit_lines(extents, np.array([[float(c == letter) for c in LETTERS] for letter in found]), EXPECTED)
    assert np.allclose(lines.best, again.best, atol=0.02)


def test_a_letter_that_is_out_of_place_does_not_move_the_others():
    extents = np.array([*(EXTENTS[letter] for letter in "Pool"), (3.0, 3.2)])
    lines = fit_lines(extents, shape_probability("Poolo"), EXPECTED)
    assert lines.best[1] == pytest.approx(1.0, abs=0.2)


def test_probabilities_add_up_to_1_and_scores_are_finite():
    rng = np.random.default_rng(0)
    extents = np.sort(rng.normal(scale=9.0, size=(30, 2)), axis=1)
    probability = rng.dirichlet(np.ones(len(LETTERS)), size=30)
    proportions = Proportions(LETTERS)
    letters = proportions.find_letters(30, [(i, i + 1) for i in range(30)], probability, np.log)
    score = proportions.weigh(extents, probability, letters)
    assert np.allclose(score.sum(axis=1), 1.0)
    assert np.isfinite(score).all()


@pytest.mark.parametrize("letters", ["ABC", "A1", "aceo"])
def test_letters_of_equal_extents_have_no_proportions(letters):
    assert find_proportions(letters) is None


def test_the_best_path_has_the_best_sum():
    spans = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    assert best_path(3, spans, np.array([-1.0, -1.5, -9.0, -1.0, -1.0])) == [0, 3]
