"""Language models over letters: the interface that decoding needs, a uniform model and letter n-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from math import log
from typing import Any, Protocol

from ensemble_hwr.exceptions import DataError

_EDGE = "\0"  # before the first letter and after the last
_PRIOR_WEIGHT = 5.0  # pseudo-count of the next shorter context


class LanguageModel(Protocol):
    """Letter-by-letter log-probabilities of texts.

    A state summarises the letters so far. Equal letters lead to equal states.
    """

    @property
    def start(self) -> Hashable:
        """State before the first letter."""
        ...

    def step(self, state: Any, letter: str) -> tuple[Any, float] | None:
        """Return the state after one more letter and the letter's log-probability; None if it cannot follow."""
        ...

    def end(self, state: Any) -> float | None:
        """Return the log-probability that the text ends here; None if it cannot end here."""
        ...


class UniformModel:
    """Language model that gives every text the log-probability 0."""

    start = 0

    def step(self, state: int, letter: str) -> tuple[int, float]:
        """Return the same state and 0: every letter may follow."""
        return state, 0.0

    def end(self, state: int) -> float:
        """Return 0: every text may end."""
        return 0.0


class LetterNgrams:
    """Letter n-gram model: the probability of each letter given the letters before it.

    Counts of a context are smoothed with the probabilities of the next shorter context, weighted by a fixed
    pseudo-count; the shortest context is the uniform distribution. Every text therefore has a probability above 0.

    Parameters
    ----------
    words : iterable of str
        Training words. Repeat a word to give it more weight.
    order : int, default=3
        Length of the n-grams, from 1 to 8. With 3, the two letters before a letter determine its probability.

    Raises
    ------
    DataError
        If there is no word, or `order` is out of range.

    See Also
    --------
    Lexicon : A list of words with their frequencies.

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
            raise DataError(f"words must be an iterable of words, got the string {words!r}; put it into a list")
        if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 8:
            raise DataError(f"order must be an int from 1 to 8, got {order!r}")
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
            raise DataError("words must hold at least one word, got none")
        self._alphabet = sum(len(seen) == 1 for seen in self._counts)
        self._cache: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"LetterNgrams(order {self.order}, {len(self._counts):,} counts)"

    def step(self, state: str, letter: str) -> tuple[str, float]:
        """Return the next state and the log-probability of a letter.

        Parameters
        ----------
        state : str
            Letters before this one.
        letter : str
            One character.

        Returns
        -------
        state : str
            Letters that the next probability depends on.
        log_probability : float

        Examples
        --------
        >>> from ensemble_hwr.reading import LetterNgrams
        >>> model = LetterNgrams(["QUEEN", "QUICK", "QUAY"])
        >>> state, log_probability = model.step("Q", "U")
        >>> state, round(log_probability, 2)
        ('QU', -0.75)
        """
        return (state + letter)[-(self.order - 1) :] if self.order > 1 else "", self._log(state, letter)

    def end(self, state: str) -> float:
        """Return the log-probability that a word ends after these letters.

        Parameters
        ----------
        state : str
            Last letters of the word.

        Returns
        -------
        float

        Examples
        --------
        >>> from ensemble_hwr.reading import LetterNgrams
        >>> model = LetterNgrams(["TEN", "PEN"])
        >>> model.end("EN") > model.end("TE")
        True
        """
        return self._log(state, _EDGE)

    def log_probability(self, word: str) -> float:
        """Return the log-probability of a word, including its end.

        Parameters
        ----------
        word : str

        Returns
        -------
        float

        Examples
        --------
        >>> from ensemble_hwr.reading import LetterNgrams
        >>> model = LetterNgrams(["TEN", "PEN"])
        >>> model.log_probability("TEN") > model.log_probability("NET")
        True
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
        if key not in self._cache:
            self._cache[key] = log(self._probability(context, letter))
        return self._cache[key]

    def _probability(self, context: str, letter: str) -> float:
        shorter = self._probability(context[1:], letter) if context else 1 / (self._alphabet + 1)
        seen = self._contexts[context]
        return (self._counts[context + letter] + _PRIOR_WEIGHT * shorter) / (seen + _PRIOR_WEIGHT)
