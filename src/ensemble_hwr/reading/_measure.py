"""How right readings are, and what made them wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading._document import Word


def align(text: str, read: str) -> list[tuple[str, str]]:
    """Put two texts beside each other with as few changes as possible.

    Parameters
    ----------
    text, read : str

    Returns
    -------
    list of (str, str)
        A character of each; "" where the other has one more.

    Examples
    --------
    >>> from ensemble_hwr.reading import align
    >>> align("HELLO", "HEILO")
    [('H', 'H'), ('E', 'E'), ('L', 'I'), ('L', 'L'), ('O', 'O')]
    >>> align("AT", "A")
    [('A', 'A'), ('T', '')]
    """
    costs = [list(range(len(read) + 1))]
    for row, true in enumerate(text, start=1):
        above, costs_here = costs[-1], [row]
        for column, got in enumerate(read):
            costs_here.append(min(above[column] + (true != got), above[column + 1] + 1, costs_here[column] + 1))
        costs.append(costs_here)
    pairs, row, column = [], len(text), len(read)
    while row or column:
        cost = costs[row][column]
        if row and column and cost == costs[row - 1][column - 1] + (text[row - 1] != read[column - 1]):
            row, column = row - 1, column - 1
            pairs.append((text[row], read[column]))
        elif row and cost == costs[row - 1][column] + 1:
            row -= 1
            pairs.append((text[row], ""))
        else:
            column -= 1
            pairs.append(("", read[column]))
    return pairs[::-1]


def character_error_rate(texts: Sequence[str], read: Sequence[str]) -> float:
    """Characters that must be changed, added or removed to make readings right, for each character there is.

    Parameters
    ----------
    texts : sequence of str
        What the words say.
    read : sequence of str
        What was read.

    Returns
    -------
    float
        0 where all is right; more than 1 where much was read that is not there.

    Raises
    ------
    DataError
        If there are not as many of both, or no character at all.

    Examples
    --------
    >>> from ensemble_hwr.reading import character_error_rate
    >>> character_error_rate(["HELLO", "WORLD"], ["HELO", "WORLD"])
    0.1
    """
    _check(texts, read)
    wrong = sum(true != got for text, other in zip(texts, read, strict=True) for true, got in align(text, other))
    return wrong / sum(map(len, texts))


@dataclass(frozen=True)
class ErrorReport:
    """What made readings wrong; every wrong word has one cause.

    Attributes
    ----------
    n_words, n_right : int
    lexicon : int
        Words whose letters said what is written, and the lexicon or the letter model something else.
    missed_cuts : int
        Words that were read as fewer letters than they have.
    extra_cuts : int
        Words that were read as more.
    letters : int
        Words of as many letters as were read, some of them wrong.
    confusions : tuple of ((str, str), int)
        What was written and what was read instead, in words of the last kind, the most frequent first.
    """

    n_words: int
    n_right: int
    lexicon: int
    missed_cuts: int
    extra_cuts: int
    letters: int
    confusions: tuple[tuple[tuple[str, str], int], ...]

    def __str__(self) -> str:
        pairs = ", ".join(f"{true} as {got} ({count})" for (true, got), count in self.confusions[:8])
        return (
            f"{self.n_right} of {self.n_words} words right; {self.missed_cuts} wrong by a missed cut, "
            f"{self.extra_cuts} by an extra cut, {self.letters} by a letter, {self.lexicon} by the lexicon"
            + (f"; {pairs}" if pairs else "")
        )


def error_report(texts: Sequence[str], words: Sequence[Word]) -> ErrorReport:
    """Charge every wrong word to a cause.

    Parameters
    ----------
    texts : sequence of str
        What the words say.
    words : sequence of Word
        As `WordReader.predict_details` gives them.

    Returns
    -------
    ErrorReport

    Raises
    ------
    DataError
        If there are not as many of both, or no character at all.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Word, error_report
    >>> box = Box(0, 0, 9, 9)
    >>> word = Word(box, (Letter(box, "A", 0.9), Letter(box, "I", 0.8)), "AI", 0.7)
    >>> print(error_report(["AT"], [word]))
    0 of 1 words right; 0 wrong by a missed cut, 0 by an extra cut, 1 by a letter, 0 by the lexicon; T as I (1)
    """
    _check(texts, words)
    causes: Counter[str] = Counter()
    confusions: Counter[tuple[str, str]] = Counter()
    for text, word in zip(texts, words, strict=True):
        cause = _cause(text, word)
        causes[cause] += 1
        if cause == "letters":
            confusions.update((true, got) for true, got in align(text, word.text) if true != got)
    return ErrorReport(
        n_words=len(texts),
        n_right=causes["right"],
        lexicon=causes["lexicon"],
        missed_cuts=causes["missed cut"],
        extra_cuts=causes["extra cut"],
        letters=causes["letters"],
        confusions=tuple(sorted(confusions.items(), key=lambda item: (-item[1], item[0]))),
    )


def _cause(text: str, word: Word) -> str:
    if word.text == text:
        return "right"
    if "".join(_likeliest(word)) == text:
        return "lexicon"
    if len(word.letters) < len(text):
        return "missed cut"
    return "extra cut" if len(word.letters) > len(text) else "letters"


def _likeliest(word: Word) -> list[str]:
    """Return what each letter would be without the rest of the word."""
    return [
        max([(letter.confidence or 0.0, letter.text), *((p, other) for other, p in letter.alternatives)])[1]
        for letter in word.letters
    ]


def check_texts(texts: Sequence[str], others: Sequence[object]) -> None:
    """Refuse what is not a text for each word that was read."""
    if isinstance(texts, str) or not hasattr(texts, "__len__"):
        raise DataError(f"texts is {texts!r}, but it must be a list of texts, one for each word")
    if len(texts) != len(others):
        raise DataError(f"{len(others)} words were read, but there are {len(texts)} texts; give a text for each word")
    strange = next((text for text in texts if not isinstance(text, str)), None)
    if strange is not None:
        raise DataError(f"one of the texts is {strange!r}, but each must be a str")


def _check(texts: Sequence[str], others: Sequence[object]) -> None:
    check_texts(texts, others)
    if not any(len(text) for text in texts):
        raise DataError("there is no character in any of the texts, so nothing can be read wrong")
