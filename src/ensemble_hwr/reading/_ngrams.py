"""How likely letters follow each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log
from typing import Any

from ensemble_hwr.exceptions import DataError

_EDGE = "\0"  # stands before the first letter and after the last
_WEIGHT = 5.0  # how many letters a shorter context counts for


class LetterNgrams:
    """The probability of each letter after those before it, from the words of a text.

    Contexts that are seldom seen lean on shorter ones, with a fixed weight, down to all letters being equal; so no text
    is impossible.

    Parameters
    ----------
    words : iterable of str
        One entry for each time that a word occurs, or for each word.
    order : int, default=3
        Letters looked at: 3 means that two letters tell the third.

    Raises
    ------
    DataError
        If there is no word, or the order is not allowed.

    Examples
    --------
    >>> from ensemble_hwr.reading import LetterNgrams
    >>> model = LetterNgrams(["QUEEN", "QUICK", "QUAY"])
    >>> model.log_probability("QUI") > model.log_probability("QXI")
    True
    """

    start = _EDGE

    def __init__(self, words: Iterable[str], *, order: int = 3) -> None:
        if isinstance(words, str):
            raise DataError(f"words is one text, {words!r}; put it into a list")
        if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 8:
            raise DataError(f"order is {order!r}, but it must be a whole number from 1 to 8")
        self.order = order
        self._counts: Counter[str] = Counter()
        self._contexts: Counter[str] = Counter()
        for word in words:
            text = _EDGE + word.strip() + _EDGE
            if len(text) == 2:
                continue
            for place in range(1, len(text)):
                for length in range(min(order, place + 1)):
                    context = text[place - length : place]
                    self._counts[context + text[place]] += 1
                    self._contexts[context] += 1
        if not self._counts:
            raise DataError("a letter model must have one word at least, got none")
        self._alphabet = sum(len(seen) == 1 for seen in self._counts)
        self._known: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"LetterNgrams(order {self.order}, {len(self._counts):,} counts)"

    def step(self, state: str, letter: str) -> tuple[str, float]:
        """Return the letters that matter next, and a letter's log-probability.

        Parameters
        ----------
        state : str
            The letters before.
        letter : str

        Returns
        -------
        (str, float)
        """
        return (state + letter)[-(self.order - 1) :] if self.order > 1 else "", self._log(state, letter)

    def end(self, state: str) -> float:
        """Return the log-probability that a word ends here.

        Parameters
        ----------
        state : str

        Returns
        -------
        float
        """
        return self._log(state, _EDGE)

    def log_probability(self, word: str) -> float:
        """Return the log-probability of a word.

        Parameters
        ----------
        word : str

        Returns
        -------
        float
        """
        state: Any = self.start
        total = 0.0
        for letter in word:
            state, of_letter = self.step(state, letter)
            total += of_letter
        return total + self.end(state)

    def _log(self, state: str, letter: str) -> float:
        context = state[-(self.order - 1) :] if self.order > 1 else ""
        key = context + letter
        if key not in self._known:
            self._known[key] = log(self._probability(context, letter))
        return self._known[key]

    def _probability(self, context: str, letter: str) -> float:
        shorter = self._probability(context[1:], letter) if context else 1 / (self._alphabet + 1)
        seen = self._contexts[context]
        return (self._counts[context + letter] + _WEIGHT * shorter) / (seen + _WEIGHT)
