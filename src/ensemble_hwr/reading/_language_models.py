"""Language models over letters: the interface that decoding needs, a uniform model, letter n-grams and case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache
from math import inf, log
from typing import Any, NamedTuple, Protocol

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

    @property
    def letters(self) -> frozenset[str]:
        """Letters of the training words."""
        return frozenset(seen for seen in self._counts if len(seen) == 1 and seen != _EDGE)

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


class CasePrices(NamedTuple):
    """Costs of texts by their pattern of small letters, capitals and digits, in nats.

    A text is a word, a number, which is a run of digits, or a code of letters and digits, such as B12 and 42a.

    Attributes
    ----------
    lower, title : float
        A word that starts with a small letter, or with a capital.
    upper : float
        A second capital after the first.
    mixed : float
        A capital after a small letter, or a small letter after several capitals.
    single : float
        A word of one letter.
    number : float
        A number.
    code : float
        A digit after a letter, or a letter after a digit.
    again : float
        The second and each further change of this kind, in addition.
    letters : float
        A code with several letters in a run.
    mark : float
        A mark at the end of a word, between words or numbers, or an ampersand alone.
    misplaced : float
        A mark anywhere else, in addition.
    slash : float
        A slash that does not follow a digit, in addition: most of them are l or I.
    """

    lower: float = 0.0
    title: float = 0.0
    upper: float = 0.7
    mixed: float = 5.0
    single: float = 1.5
    number: float = 1.2
    code: float = 2.2
    again: float = 2.3
    letters: float = 1.0
    mark: float = 1.0
    misplaced: float = 2.5
    slash: float = 2.0


DIGIT_GAIN = log(26 / 10)
"""Log-probability of a digit relative to that of a letter: there are fewer digits than letters."""

JOINING = "-'/&"
"""Marks between words; all others are at the end of a word."""

_START, _ONE, _LOWER, _CAPITAL, _UPPER = range(5)  # after no letter, a small one, several, one capital, several
# added in and after a run of digits, after a mark that joins words or ends one, and after one behind digits
_IN_DIGITS, _AFTER_DIGITS, _JOINED, _CLOSED, _DIGITS_JOINED, _DIGITS_CLOSED = range(5, 35, 5)
_N_STATES = 35


class CaseModel:
    """Language model of words in either case, of numbers and of codes.

    Words are small letters, capitals, or a capital and small letters; other changes of case have a price. Digits come
    in runs. The letters themselves follow another model, without regard to case; the digits are equally probable.

    Parameters
    ----------
    inner : LanguageModel, default=None
        Model of the letters; None: all letters are equally probable, and a text of letters has the log-probability 0.
    prices : CasePrices, default=CasePrices()
    fold : callable, default=str.upper
        Converts a letter to the case that `inner` was trained on.

    Examples
    --------
    >>> from ensemble_hwr.reading._language_models import CaseModel
    >>> model = CaseModel()
    >>> [round(model.log_probability(word), 1) for word in ("word", "Word", "WORD", "wORd", "12", "B12")]
    [0.0, 0.0, -0.7, -10.7, 0.7, -0.3]
    """

    def __init__(
        self,
        inner: LanguageModel | None = None,
        prices: CasePrices = CasePrices(),  # noqa: B008 - it cannot be changed
        fold: Callable[[str], str] = str.upper,
    ) -> None:
        self._inner, self._fold, self._prices = inner, fold, prices
        self._moves = _all_moves(prices)
        self._kinds: dict[str, str] = {}
        self.start = (None if inner is None else inner.start, _START)

    def step(self, state: tuple[Any, int], letter: str) -> tuple[tuple[Any, int], float] | None:
        """Return the state after one more character, and its log-probability; None if the letter cannot follow."""
        kind = self._kinds.get(letter) or self._kinds.setdefault(letter, _kind(letter))
        following, price = self._moves[state[1], kind]
        inner, before = self._inner, state[0]
        if inner is None:
            return (None, following), (DIGIT_GAIN if kind == "d" else 0.0) - price
        if kind in _MARK_KINDS:
            end = self._inner_end(state)
            return None if end is None else ((inner.start, following), end - log(26) - price)
        if kind == "d":
            return (inner.start, following), -log(10) - price
        found = inner.step(before, self._fold(letter))
        return None if found is None else ((found[0], following), found[1] - price)

    def end(self, state: tuple[Any, int]) -> float | None:
        """Return the log-probability that the text ends here; None if it cannot end here."""
        place = state[1]
        price = self._prices.single if place in (_ONE, _CAPITAL) else 0.0
        if place in (_JOINED, _DIGITS_JOINED):
            price += self._prices.misplaced
        end = self._inner_end(state)
        return None if end is None else end - price

    def _inner_end(self, state: tuple[Any, int]) -> float | None:
        """Return the log-probability that a run of letters ends here; 0 if there are none."""
        inner, place = state
        if self._inner is None or place % 5 == _START or _IN_DIGITS <= place < _AFTER_DIGITS:
            return 0.0
        return self._inner.end(inner)

    def log_probability(self, word: str) -> float:
        """Return the log-probability of a word; -inf if it is impossible."""
        state, total = self.start, 0.0
        for letter in word:
            found = self.step(state, letter)
            if found is None:
                return -inf
            state, total = found[0], total + found[1]
        end = self.end(state)
        return -inf if end is None else total + end


def has_small_letters(letters: Iterable[str]) -> bool:
    """Return whether some letters are small ones, so that case is decided by the word."""
    return any(letter.islower() for letter in letters)


_MARK_KINDS = "ej/s"  # marks that end a word, that join words, the slash, which joins them, and marks that stand alone


def _kind(letter: str) -> str:
    """Return "a" for a small letter, "u" for a capital, "d" for a digit, or a kind of marks."""
    if letter.isdigit():
        return "d"
    if letter.isalpha():
        return "a" if letter.islower() else "u"
    if letter in "/&":
        return "s" if letter == "&" else letter
    return "j" if letter in JOINING else "e"


@lru_cache(maxsize=32)
def _all_moves(prices: CasePrices) -> dict[tuple[int, str], tuple[int, float]]:
    """Return the moves of all states and kinds, which many models share."""
    kinds = (*"aud", *_MARK_KINDS)
    return {(state, kind): _move(state, kind, prices) for state in range(_N_STATES) for kind in kinds}


def _move(state: int, kind: str, prices: CasePrices) -> tuple[int, float]:
    """Return the next state and the price of a character of a kind."""
    phase, case = state // 5 * 5, state % 5
    if kind in _MARK_KINDS:
        return _move_of_mark(phase, case, kind, prices)
    price = prices.misplaced if phase == _CLOSED and case == _START else 0.0
    if kind == "d":
        if phase in (_IN_DIGITS, _DIGITS_JOINED, _DIGITS_CLOSED):
            return case + _IN_DIGITS, 0.0
        return case + _IN_DIGITS, price + _price_of_digits(phase, case, prices)
    following, of_case = _next_case(case, kind, prices)
    price += of_case
    if phase == _IN_DIGITS:
        price += prices.code + (case != _START) * prices.again
    elif phase in (_DIGITS_JOINED, _DIGITS_CLOSED):
        price += prices.code
    elif phase == _AFTER_DIGITS and case in (_ONE, _CAPITAL):
        price += prices.letters
    after = {_IN_DIGITS: _AFTER_DIGITS, _DIGITS_JOINED: _JOINED, _DIGITS_CLOSED: _JOINED, _CLOSED: _JOINED}
    return following + after.get(phase, phase), price


def _move_of_mark(phase: int, case: int, kind: str, prices: CasePrices) -> tuple[int, float]:
    """Return the next state and the price of a mark."""
    if phase == _IN_DIGITS:
        return _DIGITS_CLOSED if kind == "e" else _DIGITS_JOINED, prices.mark
    begins = case == _START and phase != _AFTER_DIGITS  # there is nothing before it, or another mark
    if kind == "s" and begins:
        return _CLOSED, prices.mark + (phase != 0) * prices.misplaced
    price = prices.mark + begins * prices.misplaced + (kind == "/") * prices.slash
    return _CLOSED if kind == "e" else _JOINED, price


def _price_of_digits(phase: int, case: int, prices: CasePrices) -> float:
    """Return the price of a run of digits."""
    if case == _START and phase != _AFTER_DIGITS:
        return prices.number
    if phase == _AFTER_DIGITS:
        return prices.code + prices.again
    return prices.code + (case in (_LOWER, _UPPER)) * prices.letters


def _next_case(case: int, kind: str, prices: CasePrices) -> tuple[int, float]:
    """Return the pattern of letters after one more letter, and its price without that of digits."""
    if kind == "a":
        if case == _START:
            return _ONE, prices.lower
        return _LOWER, prices.mixed if case == _UPPER else 0.0
    if case == _START:
        return _CAPITAL, prices.title
    if case in (_ONE, _LOWER):
        return _CAPITAL, prices.mixed
    return _UPPER, prices.upper if case == _CAPITAL else 0.0
