"""Words with marks, such as periods, hyphens and apostrophes."""

from functools import partial
from math import log

import numpy as np
import pytest

from ensemble_hwr import WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.alphabets import MARKS, parse_alphabet, split_marks
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import LetterNgrams, Lexicon
from ensemble_hwr.reading._candidates import Evidence
from ensemble_hwr.reading._decoder import Graph, Reading
from ensemble_hwr.reading._language_models import CaseModel, CasePrices
from ensemble_hwr.reading._marks import find_marked_words
from ensemble_hwr.reading._readings import find_readings, find_words, in_case
from ensemble_hwr.reading.fields import restricted_reader
from ensemble_hwr.reading.non_letter import fit_mark_model, stroke_mark_examples
from ensemble_hwr.segmentation import cut_word


def changed(reader, **parameters):
    return WordReader(**{**reader.get_params(deep=False), **parameters}).fit()


TEXTS = ["end.", "well-to", "it's", "12:30"]


@pytest.fixture(scope="module")
def marked():
    characters = "dehilnostw0123" + ".-':"
    letters = generate_letters(len(characters) * 9, letters=characters, writers=3, random_state=5, format="pictures")
    return compose_words(letters, TEXTS, gap=0.2, random_state=4)


@pytest.fixture(scope="module")
def reader():
    return WordReader(load_model("mixed"), alphabet=f"a-zA-Z0-9{MARKS}").fit()


def test_marks_are_read_with_the_letters(reader, marked):
    assert reader.marks_ == MARKS
    assert reader.predict([word.picture for word in marked]).tolist() == TEXTS
    word = reader.read(marked[0].picture)
    assert [letter.text for letter in word.letters] == list("end.")
    assert not word.issues


def test_an_alphabet_without_marks_reads_none(reader, marked):
    without = restricted_reader(reader, alphabet="a-z0-9")
    assert without.marks_ == ""
    assert not set("".join(without.predict([word.picture for word in marked]))) & set(MARKS)
    only = restricted_reader(reader, alphabet="a-z.")
    assert only.marks_ == "."
    assert only.read(marked[0].picture).text == "end."
    with pytest.raises(DataError, match="';' cannot be read"):
        WordReader(load_model("az"), alphabet="A-Z;").fit()


def test_by_default_the_most_common_marks_are_read_with_a_classifier_of_both_cases(marked):
    reader = WordReader().fit()
    assert reader.marks_ == ".,-'"
    assert reader.predict([word.picture for word in marked[:3]]).tolist() == TEXTS[:3]
    for parameters in (
        {"alphabet": "a-zA-Z0-9"},
        {"cut": "gaps"},
        {"non_letter_model": None},
        {"classifier": load_model("az")},
    ):
        assert WordReader(**parameters).fit().marks_ == ""


@pytest.mark.parametrize(
    ("alphabet", "params", "message"),
    [(".,", {}, "has marks only"), ("A-Z.", {"cut": "gaps"}, "need cut='lattice'")],
)
def test_marks_that_cannot_be_read_raise(alphabet, params, message):
    with pytest.raises(DataError, match=message):
        WordReader(load_model("az"), alphabet=alphabet, **params).fit()


def test_marks_of_the_classifier_count_as_letters():
    letters, marks = split_marks("A-C.-", known="ABC-")
    assert (letters.classes, marks) == (("A", "B", "C", "-"), ".")
    assert split_marks("letters")[0] == parse_alphabet("letters")
    assert split_marks(".,") == (None, ".,")


def test_words_of_a_lexicon_have_marks_around_them(reader, marked):
    expected = ["END", "WELL", "TO", "IT'S", "IS", "lend"]
    found = changed(reader, lexicon=expected, case="lexicon")
    texts = found.predict([word.picture for word in marked]).tolist()
    assert texts == ["END.", "WELL-TO", "IT'S", "12:30"]
    assert "END." not in list(found.lexicon_)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TEA,", "TEA,"),
        ("TEA?!", "TEA?!"),
        ("TAA-POT.", "TEA-POT."),
        ("TEA'S", "TEA'S"),
        ("TEA-S", None),
        ("TEA-", None),
        (".TEA", None),
    ],
)
def test_words_of_a_lexicon_are_found_between_marks(text, found):
    letters = sorted({*"TEAPOS", *MARKS})
    spans = [(place, place + 1) for place in range(len(text))]
    columns = np.array([letters.index(letter) for letter in text])
    scores = np.full((len(text), len(letters)), -3.0)
    scores[np.arange(len(text)), columns] = 0.0
    graph = Graph(len(text), spans, scores, letters)
    reading = Reading(0.0, text, tuple(range(len(text))), tuple(columns.tolist()))
    find = partial(find_words, lexicon=Lexicon(["TEA", "POT"]), max_words=2)
    words = find_marked_words([reading], graph, find, price=1.0)
    assert [word.text for word in words][:1] == ([] if found is None else [found])
    assert all("".join(letters[letter] for letter in word.letters) == word.text for word in words)
    assert all([graph.spans[span] for span in word.spans] == spans for word in words)


def test_a_mark_has_its_price_with_and_without_a_lexicon():
    scores = np.full((5, 6), -20.0)
    scores[np.arange(5), [0, 1, 2, 4, 5]] = 0.0
    graph = Graph(5, [(place, place + 1) for place in range(5)], scores, ["T", "E", "A", "t", "-", "."])
    prices = CasePrices()
    (free, *_) = find_readings(graph, lexicon=None, oov_rate=0.01, ngrams=None, beam=8)
    assert free.text == "TEA-."
    assert free.score == pytest.approx(-prices.upper - 2 * prices.mark - prices.misplaced)
    graph = Graph(4, graph.spans[:4], scores[[0, 1, 2, 4]], graph.letters)
    (known, *_) = find_readings(graph, lexicon=Lexicon(["TEA"]), oov_rate=0.0, ngrams=None, beam=8)
    assert known.text == "TEA."
    assert known.score == pytest.approx(3 * log(3) - prices.upper - prices.mark)


@pytest.mark.parametrize(("text", "slashes"), [("1/2", 0), ("in/out", 1), ("a/b/c", 2), ("B12/4", 0)])
def test_a_slash_that_does_not_follow_a_digit_has_a_price_of_its_own(text, slashes):
    prices = CasePrices()
    with_slash, with_hyphen = map(CaseModel().log_probability, (text, text.replace("/", "-")))
    assert with_hyphen - with_slash == pytest.approx(slashes * prices.slash)


def test_a_slash_has_its_price_with_a_lexicon():
    letters = ["A", "B", "a", "b", "/"]
    scores = np.full((3, 5), -20.0)
    scores[np.arange(3), [2, 4, 3]] = 0.0
    graph = Graph(3, [(place, place + 1) for place in range(3)], scores, letters)
    (known, *_) = find_readings(graph, lexicon=Lexicon(["A", "B"]), oov_rate=0.0, ngrams=None, beam=8)
    prices = CasePrices()
    assert known.text == "a/b"
    assert known.score == pytest.approx(-prices.mark - prices.slash)  # each of two words has probability 1/2


def test_marks_end_words_of_letter_ngrams():
    inner = LetterNgrams(["TEN", "NET"])
    model = CaseModel(inner)
    assert model.log_probability("ten.") == pytest.approx(inner.log_probability("TEN") - log(26) - 1.0)
    assert model.log_probability("ten-net") == pytest.approx(
        inner.log_probability("TEN") + inner.log_probability("NET") - log(26) - 1.0
    )


def test_words_between_marks_have_the_case_and_accents_of_the_lexicon():
    spellings = {"CAFE": "Café", "TO": "to", "A-B": "A-b"}
    readings = [Reading(-1.0, "CAFE-To.", (), ()), Reading(-2.0, "a-b", (), ())]
    assert [found.text for found in in_case(readings, "lexicon", spellings, "keep")] == ["Café-to.", "A-b"]
    assert in_case(readings, "as_written", spellings, "keep")[0].text == "CAFÉ-To."


def test_scores_of_letters_do_not_depend_on_improbable_marks():
    picture = np.zeros((40, 60))
    picture[5:35, 5:10] = picture[5:35, 45:50] = 1.0
    lattice = cut_word(picture)
    n = len(lattice.spans)
    letters = np.tile([0.7, 0.3], (n, 1))
    alone = Evidence(lattice, letters, letters, "AB", np.full(n, 0.9))
    both = np.hstack([letters * (1 - 1e-6), np.full((n, 1), 1e-6)])
    with_marks = Evidence(lattice, letters, both, "AB.", np.full(n, 0.9), n_marks=1)
    np.testing.assert_allclose(with_marks.score(both)[:, :2], alone.score(letters))
    assert (with_marks.score(both)[:, 2] < -4).all()
    limited = with_marks.limited("A-Z")
    assert limited.letters == ["A", "B", "."]
    np.testing.assert_allclose(limited.probability, both)


def test_an_apostrophe_is_no_dot_of_a_letter_but_a_dot_is():
    picture = np.zeros((70, 140))
    picture[10:60, 10:15] = picture[30:60, 30:35] = picture[10:60, 60:65] = 1.0
    picture[10:18, 46:49] = picture[14:19, 30:35] = picture[55:60, 100:105] = 1.0
    lattice = cut_word(picture, slant=0.0).with_dots(marks=True)
    tops = [(found.box.left, found.box.top) for found in lattice.candidates if found.stop == found.start + 1]
    assert tops == [(10, 10), (30, 14), (46, 10), (60, 10), (100, 55)]
    assert lattice.candidate(1, 2).bare is not None
    assert len(lattice.cut_costs) == len(lattice.gaps) == 4


def test_stroke_examples_of_marks_are_labelled():
    stem, dot, dash = [(0, 0), (0, 100)], [(30, 98), (31, 100)], [(50, 60), (80, 60)]
    rows, labels = stroke_mark_examples([[stem, dot, dash]], [[0, 1, 2]], ["I.-"])
    assert sorted(labels.tolist()) == ["-", ".", *["non_letter"] * (len(labels) - 2)]
    model = fit_mark_model(np.repeat(rows, 30, axis=0), np.repeat(labels, 30), random_state=0)
    assert model.classes_.tolist() == ["-", ".", "non_letter"]
