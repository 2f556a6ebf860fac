from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import Letter, Word, character_error_rate, error_report
from ensemble_hwr.reading._metrics import align

short = st.text("ABC", max_size=6)
BOX = Box(0, 0, 9, 9)


@given(short, short)
def test_align_returns_a_shortest_complete_alignment(text, read):
    pairs = align(text, read)
    assert "".join(true for true, _ in pairs) == text
    assert "".join(got for _, got in pairs) == read
    assert ("", "") not in pairs

    @cache
    def distance(i, j):
        if not i or not j:
            return i + j
        swapped = distance(i - 1, j - 1) + (text[i - 1] != read[j - 1])
        return min(swapped, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    assert sum(true != got for true, got in pairs) == distance(len(text), len(read))


def word(text, letters=None, alternatives=()):
    letters = text if letters is None else letters
    return Word(BOX, tuple(Letter(BOX, letter, 0.4, alternatives) for letter in letters), text, 0.9)


def test_error_report_counts_one_cause_per_wrong_word():
    words = [
        word("HELLO"),
        word("HELO"),
        word("HELLIO"),
        word("HEIIO"),
        Word(BOX, (Letter(BOX, "I", 0.9), Letter(BOX, "N", 0.1, (("T", 0.9),))), "IN", 0.9),
    ]
    report = error_report(["HELLO"] * 4 + ["IT"], words)
    assert (report.n_words, report.n_right) == (5, 1)
    assert (report.missed_cuts, report.extra_cuts, report.letters, report.lexicon) == (1, 1, 1, 1)
    assert report.confusions == ((("L", "I"), 2),)
    assert "L as I (2)" in str(report)


@pytest.mark.parametrize(("texts", "read"), [(["A"], []), ("A", ["A"]), ([], []), ([""], [""])])
def test_character_error_rate_rejects_invalid_texts(texts, read):
    with pytest.raises(DataError):
        character_error_rate(texts, read)
