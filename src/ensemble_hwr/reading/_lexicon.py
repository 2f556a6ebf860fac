"""The words that may be expected, and how common each of them is, as a trie."""

from __future__ import annotations

import os
import warnings
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import fsum, inf, isfinite, log, nan
from numbers import Real
from pathlib import Path
from typing import Self

from ensemble_hwr.exceptions import DataError

_LARGEST = 1e300  # of a count, so that any number of them can be added up


class Lexicon:
    """Words, kept so that a decoder can follow all of them letter by letter at once.

    Parameters
    ----------
    words : iterable of str, or mapping of str to float
        Space around them and empty ones are left out. A mapping, such as a `collections.Counter`, says how often each
        word is written, by any numbers above 0. Of an iterable each word is as likely as any other.
    name : str, default="the lexicon"
        What messages call it.

    Attributes
    ----------
    least : float
        Log-probability of the rarest word.

    Raises
    ------
    DataError
        If there is no word, one is not a text, or a count is not a number above 0.

    Examples
    --------
    >>> from math import exp
    >>> from ensemble_hwr.reading import Lexicon
    >>> lexicon = Lexicon(["TEA", "TEN", "TO"])
    >>> "TEN" in lexicon, "TE" in lexicon, len(lexicon)
    (True, False, 3)
    >>> list(lexicon)
    ['TEA', 'TEN', 'TO']
    >>> counted = Lexicon({"TEA": 50, "TEN": 150, "TO": 800})
    >>> round(exp(counted.log_probability("TEN")), 2)
    0.15
    """

    start = 0

    def __init__(self, words: Iterable[str] | Mapping[str, float], *, name: str = "the lexicon") -> None:
        if isinstance(words, str):
            raise DataError(f"words is one text, {words!r}; put it into a list, or use Lexicon.from_file")
        self._counted = isinstance(words, Mapping)
        counts = _add_up(words.items()) if isinstance(words, Mapping) else {_strip(word): 1.0 for word in words}
        counts.pop("", None)
        if not counts:
            raise DataError("a lexicon must have one word at least, got none")
        self.name = name
        self._size = len(counts)
        self._log_total = log(fsum(counts.values()))
        self.least = log(min(counts.values())) - self._log_total
        self._first, self._letters, self._counts = _grow(sorted(counts.items()))
        self._best = _look_ahead(self._letters, self._counts, self._log_total)

    @classmethod
    def from_file(cls, file: str | os.PathLike[str]) -> Self:
        r"""Read a text file with a word in each line, or with a word and its count.

        Parameters
        ----------
        file : path
            UTF-8. Where every line ends in a number after a space or tab, those are counts; of a word that comes twice
            they are added up. Where no line does, each word is as likely as any other.

        Returns
        -------
        Lexicon

        Raises
        ------
        DataError
            If it cannot be read, or holds no word, or a count is not above 0, or some lines have one and others none.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from ensemble_hwr.reading import Lexicon
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "words.txt")
        ...     size = file.write_text("the 23135851162\nthee 2030935\n")
        ...     lexicon = Lexicon.from_file(file)
        >>> round(lexicon.log_probability("thee"), 1)
        -9.3
        """
        try:
            text = Path(file).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: is not UTF-8 text; save it as a text file with a word in each line") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{file}: cannot be read: {reason}; give a text file with a word in each line") from error
        try:
            return cls(_parse(text.splitlines()), name=str(file))
        except DataError as error:
            raise DataError(f"{file}: {error}") from None

    def spelled_with(self, letters: Collection[str]) -> Lexicon:
        """Return the words that some letters can spell, in capitals where there are no other letters.

        Counts of words that are the same in capitals are added up.

        Parameters
        ----------
        letters : collection of str

        Returns
        -------
        Lexicon

        Raises
        ------
        DataError
            If no word is left.

        Warns
        -----
        UserWarning
            If some are left out: how many, and one of them.
        """
        known = set(letters)
        capitals = not any(letter != letter.upper() for letter in known)
        fitting: list[tuple[str, float]] = []
        others: list[str] = []
        for word, count in self._items():
            spelled = word.upper() if capitals else word
            if known.issuperset(spelled):
                fitting.append((spelled, count))
            else:
                others.append(word)
        spelling = f"spelled with {''.join(sorted(known))!r} alone"
        if not fitting:
            raise DataError(f"no word of {self.name} is {spelling}; it has {others[0]!r}")
        if others:
            warnings.warn(
                f"{len(others):,} of {len(self):,} words of {self.name} are left out, such as {others[0]!r}: "
                f"they are not {spelling}",
                stacklevel=2,
            )
        counts = _add_up(fitting)
        return Lexicon(counts if self._counted else list(counts), name=self.name)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Lexicon({self._size:,} words)"

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.log_probability(word) > -inf

    def __iter__(self) -> Iterator[str]:
        """Yield the words in order."""
        return (word for word, _ in self._items())

    def _items(self) -> Iterator[tuple[str, float]]:
        """Yield the words and their counts in order."""
        waiting = [(0, "")]
        while waiting:
            node, prefix = waiting.pop()
            if self._counts[node]:
                yield prefix, self._counts[node]
            letters = self._letters[node]
            waiting += [(self._first[node] + i, prefix + letters[i]) for i in reversed(range(len(letters)))]

    def log_probability(self, word: str) -> float:
        """Return the log-probability of a word; -inf where it is not in the lexicon.

        Parameters
        ----------
        word : str

        Returns
        -------
        float
        """
        node = self.start
        for letter in word:
            found = self.step(node, letter)
            if found is None:
                return -inf
            node = found[0]
        count = self._counts[node]
        return log(count) - self._log_total if count else -inf

    def step(self, state: int, letter: str) -> tuple[int, float] | None:
        """Return the node after one more letter, and the letter's part of the log-probability of a word.

        A first letter's part is the log-probability of the likeliest word that begins so; another's is by how much
        that falls. So the parts of the letters so far, never above 0, say at once how likely a word may be at best.

        Parameters
        ----------
        state : int
        letter : str
            One character.

        Returns
        -------
        (int, float) or None
            None where no word goes on so.
        """
        place = self._letters[state].find(letter)
        if place < 0:
            return None
        node = self._first[state] + place
        return node, self._best[node] - self._best[state]

    def following(self, state: int) -> list[tuple[str, int, float]]:
        """Return the letters with which words go on, and what `step` returns for each.

        Parameters
        ----------
        state : int

        Returns
        -------
        list of (str, int, float)
        """
        first, letters, before = self._first[state], self._letters[state], self._best[state]
        best = self._best[first : first + len(letters)]
        ahead = zip(letters, best, strict=True)
        return [(letter, node, likeliest - before) for node, (letter, likeliest) in enumerate(ahead, first)]

    def end(self, state: int) -> float | None:
        """Return the part that is left for a word's end; None where no word ends.

        Parameters
        ----------
        state : int

        Returns
        -------
        float or None
        """
        count = self._counts[state]
        return log(count) - self._log_total - self._best[state] if count else None


def _add_up(entries: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Add up the counts of each word, which must be above 0."""
    counts: dict[str, float] = {}
    for word, count in entries:
        number = _as_float(count)
        if not 0 < number <= _LARGEST:
            raise DataError(
                f"the count of {word!r} is {count!r}, but it must be a number above 0, {_LARGEST:g} at most; "
                "leave out words that are not expected"
            )
        spelled = _strip(word)
        counts[spelled] = counts.get(spelled, 0.0) + number
    return counts


def _as_float(count: object) -> float:
    try:
        return float(count) if isinstance(count, Real) else nan
    except OverflowError:
        return inf


def _strip(word: object) -> str:
    if not isinstance(word, str):
        raise DataError(f"a word is {word!r}, but it must be a text")
    return word.strip()


def _parse(lines: list[str]) -> list[str] | dict[str, float]:
    """Part words from their counts where lines end in numbers: all of them, or none."""
    entries = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    counted, plain = {}, {}
    for number, line in entries:
        *word, last = line.rsplit(maxsplit=1)
        count = _number(last) if word else None
        if count is None:
            plain[number] = line
        else:
            counted[number] = (word[0], count)
    if counted and plain:
        (with_count, entry), (without, line) = next(iter(counted.items())), next(iter(plain.items()))
        raise DataError(
            f"line {with_count} has a count, {entry[1]:g} of {entry[0]!r}, and line {without} none: {line!r}; "
            "give one in every line, or in none"
        )
    if not counted:
        return list(plain.values())
    for number, entry in counted.items():
        try:
            _add_up([entry])
        except DataError as error:
            raise DataError(f"line {number}: {error}") from None
    return _add_up(counted.values())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _grow(words: list[tuple[str, float]]) -> tuple[array[int], list[str], array[float]]:
    """Grow a trie of sorted words, level by level, so that the children of a node have consecutive numbers.

    Returns
    -------
    first : array of int
        Number of each node's first child.
    letters : list of str
        The letters of each node's children, rising.
    counts : array of float
        The count of the word that ends at each node, 0 where none does.
    """
    first, letters, counts = array("i"), [], array("d")
    level = [(0, len(words))]  # the words that go through each node
    depth, count = 0, 1
    while level:
        below = []
        for start, stop in level:
            word, of_word = words[start]
            ended = len(word) == depth
            counts.append(of_word if ended else 0.0)
            first.append(count)
            branches: list[str] = []
            place = start + ended
            for i in range(place, stop):
                letter = words[i][0][depth]
                if not branches or letter != branches[-1]:
                    if branches:
                        below.append((place, i))
                    branches.append(letter)
                    place = i
            if branches:
                below.append((place, stop))
            letters.append("".join(branches))
            count += len(branches)
        level, depth = below, depth + 1
    return first, letters, counts


def _look_ahead(letters: list[str], counts: array[float], log_total: float) -> array[float]:
    """Log-probability of the likeliest word through each node; 0 before the first letter, when all is open."""
    largest = counts[:]
    parents = [node for node, following in enumerate(letters) for _ in following]
    for child, parent in zip(reversed(range(1, len(counts))), reversed(parents), strict=True):
        largest[parent] = max(largest[parent], largest[child])
    best = array("d", (log(count) - log_total for count in largest))
    best[0] = 0.0
    return best
