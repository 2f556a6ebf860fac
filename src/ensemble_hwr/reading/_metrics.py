"""Evaluate readings: character error rate, alignment, and the causes of wrong words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading._document import Word


def align(text: str, read: str) -> list[tuple[str, str]]:
    """Align two texts with the smallest number of edits (Levenshtein distance).

    Parameters
    ----------
    text, read : str
        True text and reading.

    Returns
    -------
    list of (str, str)
        Pairs of a character of each text; "" marks an insertion or a deletion.

    Examples
    --------
    >>> from ensemble_hwr.reading._metrics import align
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
    """Character error rate (CER): substitutions, deletions and insertions per character of the true texts.

    Parameters
    ----------
    texts : sequence of str
        True texts.
    read : sequence of str
        Readings, in the same order.

    Returns
    -------
    float
        0 if every reading is right; above 1 if there are more errors than characters.

    Raises
    ------
    DataError
        If the numbers of texts and readings differ, or the texts hold no character.

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
    """Counts of wrong words by cause; every wrong word has exactly one cause.

    Attributes
    ----------
    n_words, n_right : int
        Number of words, and of words that were read correctly.
    lexicon : int
        Words whose most probable letters are right, but the lexicon or the letter model chose another word.
    missed_cuts : int
        Words that were read as fewer letters than they have.
    extra_cuts : int
        Words that were read as more letters than they have.
    letters : int
        Words with the right number of letters, some of them wrong.
    confusions : tuple of ((str, str), int)
        Pairs of true and read letter with their counts, in the words counted by `letters`, the most frequent first.

    See Also
    --------
    error_report : Counts the causes.

    Examples
    --------
    >>> from ensemble_hwr.reading import ErrorReport
    >>> report = ErrorReport(9, 7, lexicon=0, missed_cuts=1, extra_cuts=0, letters=1, confusions=((("T", "I"), 1),))
    >>> print(report)
    7 of 9 words right; wrong: 1 missed cut, 0 extra cut, 1 letter, 0 lexicon; letters: T as I (1)
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
            f"{self.n_right} of {self.n_words} words right; wrong: {self.missed_cuts} missed cut, "
            f"{self.extra_cuts} extra cut, {self.letters} letter, {self.lexicon} lexicon"
            + (f"; letters: {pairs}" if pairs else "")
        )


def error_report(texts: Sequence[str], words: Sequence[Word]) -> ErrorReport:
    """Count the causes of wrong words: missed or extra cuts, letters, the lexicon.

    Parameters
    ----------
    texts : sequence of str
        True texts.
    words : sequence of Word
        Readings, as `WordReader.predict_details` returns them.

    Returns
    -------
    ErrorReport

    Raises
    ------
    DataError
        If the numbers of texts and readings differ, or the texts hold no character.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Word, error_report
    >>> box = Box(0, 0, 9, 9)
    >>> word = Word(box, (Letter(box, "A", 0.9), Letter(box, "I", 0.8)), "AI", 0.7)
    >>> print(error_report(["AT"], [word]))
    0 of 1 words right; wrong: 0 missed cut, 0 extra cut, 1 letter, 0 lexicon; letters: T as I (1)
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
    if "".join(_most_probable(word)) == text:
        return "lexicon"
    if len(word.letters) < len(text):
        return "missed cut"
    return "extra cut" if len(word.letters) > len(text) else "letters"


def _most_probable(word: Word) -> list[str]:
    """Return the most probable letter at each position, without the rest of the word."""
    return [
        max([(letter.confidence or 0.0, letter.text), *((p, other) for other, p in letter.alternatives)])[1]
        for letter in word.letters
    ]


def check_texts(texts: Sequence[str], others: Sequence[object]) -> None:
    """Check that there is one str per word that was read."""
    if isinstance(texts, str) or not hasattr(texts, "__len__"):
        raise DataError(f"texts must be a list with one str per word, got {texts!r}")
    if len(texts) != len(others):
        raise DataError(f"{len(others)} words were read, but there are {len(texts)} texts; give one text per word")
    wrong = next((text for text in texts if not isinstance(text, str)), None)
    if wrong is not None:
        raise DataError(f"each text must be a str, got {wrong!r}")


def _check(texts: Sequence[str], others: Sequence[object]) -> None:
    check_texts(texts, others)
    if not any(len(text) for text in texts):
        raise DataError("texts must hold at least one character, got none")
