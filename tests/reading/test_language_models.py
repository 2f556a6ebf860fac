from itertools import product
from math import exp, inf, log

import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import LetterNgrams, Lexicon
from ensemble_hwr.reading._language_models import DIGIT_GAIN, CaseModel, CasePrices


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_of_the_next_letter_sum_to_one_with_an_unseen_letter(order):
    model = LetterNgrams(["ABBA", "BAB", "A"], order=order)
    for length in range(4):
        for letters in product("AB", repeat=length):
            state = model.start
            for letter in letters:
                state, _ = model.step(state, letter)
            total = sum(exp(model.step(state, letter)[1]) for letter in "ABZ") + exp(model.end(state))
            assert total == pytest.approx(1)


def test_frequent_ngrams_are_more_probable():
    model = LetterNgrams(["THE", "THEN", "THAT"])
    assert model.log_probability("THEN") > model.log_probability("HTEN")
    assert model.log_probability("XYZ") < model.log_probability("TAT")


@pytest.mark.parametrize(("words", "order"), [([], 3), ([" "], 3), ("TEXT", 3), (["A"], 0), (["A"], 9), (["A"], True)])
def test_invalid_arguments_raise(words, order):
    with pytest.raises(DataError, match=r"words must|order must"):
        LetterNgrams(words, order=order)


@pytest.mark.parametrize(
    ("word", "cost"),
    [
        ("lower", 0.0),
        ("Title", 0.0),
        ("UPPER", 0.7),
        ("I", 1.5),
        ("McLean", 5.0),
        ("wOrd", 5.0),
        ("WORds", 5.7),
        ("7", 1.2),
        ("1984", 1.2),
        ("B12", 2.2),
        ("42a", 1.2 + 2.2),
        ("42ab", 1.2 + 2.2 + 1.0),
        ("42AB", 1.2 + 2.2 + 1.0 + 0.7),
        ("AB12", 0.7 + 2.2 + 1.0),
        ("A1B2", 0.7 + 3 * 2.2 + 2 * 2.3),
        ("1a2", 1.2 + 2 * 2.2 + 2.3),
        ("it's", 1.0),
        ("O'NEILL", 1.7),
        ("well-known", 1.0),
        ("A&B", 1.0),
        ("&", 1.0),
        ("end.", 1.0),
        ("a.b", 1.0 + 2.5),
        (".a", 1.0 + 2.5 + 2.5),
        ("end-", 1.0 + 2.5),
        ("end.5", 1.0 + 2.5 + 1.2),
        ("10-12", 1.2 + 1.0),
        ("3.50", 1.2 + 1.0),
        ("12-a", 1.2 + 1.0 + 2.2),
        ("12-", 1.2 + 1.0 + 2.5),
        ("A-12", 1.0 + 1.2),
        ("?!", 2 * (1.0 + 2.5)),
    ],
)
def test_changes_of_case_and_runs_of_digits_have_prices(word, cost):
    n_digits = sum(character.isdigit() for character in word)
    assert CaseModel().log_probability(word) == pytest.approx(DIGIT_GAIN * n_digits - cost)


def test_digits_are_fewer_than_letters_with_and_without_a_model_of_letters():
    assert log(26) * 2 + CaseModel(LetterNgrams(["AB"])).log_probability("12") == pytest.approx(
        CaseModel().log_probability("12")
    )


def test_prices_can_be_set():
    assert CaseModel(prices=CasePrices(title=2.0)).log_probability("Word") == -2.0


def test_letters_follow_the_inner_model_without_regard_to_case_and_digits_are_equally_probable():
    inner = LetterNgrams(["TEN", "NET"])
    model = CaseModel(inner)
    assert model.log_probability("ten") == pytest.approx(inner.log_probability("TEN"))
    assert model.log_probability("ten") == model.log_probability("Ten")
    assert model.log_probability("10") == pytest.approx(-1.2 - 2 * log(10))


def test_a_word_that_the_inner_model_does_not_allow_is_impossible():
    assert CaseModel(Lexicon(["TEN"])).log_probability("Tex") == -inf
    assert CaseModel(Lexicon(["TEN"])).log_probability("te") == -inf
    assert CaseModel(Lexicon(["TEN"])).log_probability("Ten") == 0.0
