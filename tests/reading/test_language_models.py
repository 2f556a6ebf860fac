from itertools import product
from math import exp

import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import LetterNgrams


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
