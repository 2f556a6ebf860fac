"""Lexicon: expected words and their frequencies, stored as a trie."""

from __future__ import annotations

import os
import warnings
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import fsum, inf, isfinite, log, nan
from numbers import Real
from typing import Self

from ensemble_hwr.exceptions import DataError

MAX_BYTES = 10_000_000  # of a file
MAX_WORDS = 500_000
MAX_LENGTH = 100  # characters of a word
_MAX_COUNT = 1e300  # so that sums stay finite


class Lexicon:
    """Word list with optional frequencies, for recognition with a lexicon.

    Words are stored as a trie, which the search follows letter by letter.

    Parameters
    ----------
    words : iterable of str, or mapping of str to float
        Surrounding space is removed, and empty words are ignored. A mapping, such as a `collections.Counter`, gives the
        frequency of each word, any number above 0. The words of an iterable are equally probable.
    name : str, default="the lexicon"
        Name in messages.

    Attributes
    ----------
    least : float
        Log-probability of the rarest word.

    Raises
    ------
    DataError
        If there is no word, a word is not a str, or a count is not a number above 0.

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
            raise DataError(
                f"words must be an iterable of words, got the string {words!r}; use a list, or Lexicon.from_file"
            )
        self._counted = isinstance(words, Mapping)
        counts = _add_up(words.items()) if isinstance(words, Mapping) else {_strip(word): 1.0 for word in words}
        counts.pop("", None)
        if len(counts) > MAX_WORDS:
            raise DataError(f"a lexicon holds at most {MAX_WORDS:,} words, got {len(counts):,}; give the frequent ones")
        longest = max(counts, key=len, default="")
        if len(longest) > MAX_LENGTH:
            raise DataError(
                f"a word has at most {MAX_LENGTH} letters, got one of {len(longest):,}: {longest[:20]!r}..."
            )
        if not counts:
            raise DataError("a lexicon must hold at least one word, got none")
        self.name = name
        self._size = len(counts)
        self._log_total = log(fsum(counts.values()))
        self.least = log(min(counts.values())) - self._log_total
        self._first, self._letters, self._counts = _build_trie(sorted(counts.items()))
        self._best = _best_completions(self._letters, self._counts, self._log_total)

    @classmethod
    def from_file(cls, file: str | os.PathLike[str]) -> Self:
        r"""Read a text file with one word per line, or one word and its count per line.

        Parameters
        ----------
        file : path
            UTF-8 text. If every line ends with a number after a space or tab, the numbers are counts; counts of equal
            words are added. If no line does, all words are equally probable.

        Returns
        -------
        Lexicon

        Raises
        ------
        DataError
            If the file cannot be read or holds no word, a count is not above 0, or only some lines have a count.

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
            with open(file, "rb") as stream:
                content = stream.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise DataError(
                    f"{file}: is larger than {MAX_BYTES:,} bytes; give a list of the words that are expected"
                )
            text = content.decode("utf-8-sig")
        except DataError:
            raise
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: is not UTF-8 text; give a text file with one word per line") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{file}: cannot be read: {reason}; give a text file with one word per line") from error
        lines = text.splitlines()
        if len(lines) > 2 * MAX_WORDS:
            raise DataError(f"{file}: has {len(lines):,} lines; a lexicon holds at most {MAX_WORDS:,} words")
        try:
            return cls(_parse(lines), name=str(file))
        except DataError as error:
            raise DataError(f"{file}: {error}") from None

    def spelled_with(self, letters: Collection[str], *, ignore_case: bool = False) -> Lexicon:
        """Return the words that can be spelled with the given letters.

        Words are converted to upper case if all letters are upper case; counts of words that become equal are added.

        Parameters
        ----------
        letters : collection of str
        ignore_case : bool, default=False
            Whether words are converted to upper case in any event, and a letter in one case spells the other, too.

        Returns
        -------
        Lexicon

        Raises
        ------
        DataError
            If no word can be spelled.

        Warns
        -----
        UserWarning
            If some words are left out. The message has their number and an example.

        Examples
        --------
        >>> from ensemble_hwr.reading import Lexicon
        >>> list(Lexicon(["tea", "Ten"]).spelled_with("AENT"))
        ['TEA', 'TEN']
        """
        alphabet = set(letters)
        if ignore_case:
            alphabet = {letter.upper() for letter in alphabet}
        upper_case = not any(letter != letter.upper() for letter in alphabet)
        fitting: list[tuple[str, float]] = []
        others: list[str] = []
        for word, count in self._items():
            spelled = word.upper() if upper_case else word
            if alphabet.issuperset(spelled):
                fitting.append((spelled, count))
            else:
                others.append(word)
        spelling = f"be spelled with {''.join(sorted(alphabet))!r} alone"
        if not fitting:
            raise DataError(f"no word of {self.name} can {spelling}; its first word is {others[0]!r}")
        if others:
            warnings.warn(
                f"{len(others):,} of {len(self):,} words of {self.name} are left out, such as {others[0]!r}: "
                f"they cannot {spelling}",
                stacklevel=2,
            )
        counts = _add_up(fitting)
        return Lexicon(counts if self._counted else list(counts), name=self.name)

    def spellings(self) -> dict[str, str]:
        """Return each word as the lexicon has it, by the word in upper case.

        Of words that differ in case only, the most frequent is returned.

        Returns
        -------
        dict of str to str

        Examples
        --------
        >>> from ensemble_hwr.reading import Lexicon
        >>> Lexicon(["Paris", "rue"]).spellings()
        {'PARIS': 'Paris', 'RUE': 'rue'}
        """
        return {word.upper(): word for word, _ in sorted(self._items(), key=lambda entry: entry[1])}

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Lexicon({self._size:,} words)"

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.log_probability(word) > -inf

    def __iter__(self) -> Iterator[str]:
        """Yield the words in alphabetical order."""
        return (word for word, _ in self._items())

    def _items(self) -> Iterator[tuple[str, float]]:
        """Yield the words and their counts in alphabetical order."""
        stack = [(0, "")]
        while stack:
            node, prefix = stack.pop()
            if self._counts[node]:
                yield prefix, self._counts[node]
            letters = self._letters[node]
            stack += [(self._first[node] + i, prefix + letters[i]) for i in reversed(range(len(letters)))]

    def log_probability(self, word: str) -> float:
        """Return the log-probability of a word; -inf if it is not in the lexicon.

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
        """Return the node after one more letter, and the change in the log-probability of the best completion.

        The changes along a prefix add up to the log-probability of the most probable word with this prefix, and none is
        above 0. A search can therefore use their sum as an upper bound.

        Parameters
        ----------
        state : int
            Node of the trie; `start` is the root.
        letter : str
            One character.

        Returns
        -------
        (int, float) or None
            None if no word has this prefix.
        """
        place = self._letters[state].find(letter)
        if place < 0:
            return None
        node = self._first[state] + place
        return node, self._best[node] - self._best[state]

    def following(self, state: int) -> list[tuple[str, int, float]]:
        """Return the letters that can follow, each with the result of `step`.

        Parameters
        ----------
        state : int
            Node of the trie.

        Returns
        -------
        list of (str, int, float)
            Letter, node and change in log-probability.
        """
        first, letters, before = self._first[state], self._letters[state], self._best[state]
        best = self._best[first : first + len(letters)]
        children = zip(letters, best, strict=True)
        return [(letter, node, probable - before) for node, (letter, probable) in enumerate(children, first)]

    def end(self, state: int) -> float | None:
        """Return the change in log-probability if the word ends here; None if no word ends here.

        Parameters
        ----------
        state : int
            Node of the trie.

        Returns
        -------
        float or None
        """
        count = self._counts[state]
        return log(count) - self._log_total - self._best[state] if count else None


def _add_up(entries: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Sum the counts of equal words; counts must be above 0."""
    counts: dict[str, float] = {}
    for word, count in entries:
        number = _as_float(count)
        if not 0 < number <= _MAX_COUNT:
            raise DataError(
                f"the count of {word!r} must be a number above 0 and at most {_MAX_COUNT:g}, got {count!r}; "
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
        raise DataError(f"each word must be a str, got {word!r}")
    return word.strip()


def _parse(lines: list[str]) -> list[str] | dict[str, float]:
    """Split lines into words and counts if all of them end with a number."""
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
            f"line {with_count} has the count {entry[1]:g} of {entry[0]!r}, but line {without} has none: {line!r}; "
            "give a count in every line or in none"
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


def _build_trie(words: list[tuple[str, float]]) -> tuple[array[int], list[str], array[float]]:
    """Build a trie of sorted words level by level; the children of a node have consecutive numbers.

    Returns
    -------
    first : array of int
        Number of the first child of each node.
    letters : list of str
        Letters of the children of each node, in ascending order.
    counts : array of float
        Count of the word that ends at each node, 0 if none does.
    """
    first, letters, counts = array("i"), [], array("d")
    level = [(0, len(words))]  # range of the words through each node
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


def _best_completions(letters: list[str], counts: array[float], log_total: float) -> array[float]:
    """Return the log-probability of the most probable word through each node; 0 for the root."""
    largest = counts[:]
    parents = [node for node, following in enumerate(letters) for _ in following]
    for child, parent in zip(reversed(range(1, len(counts))), reversed(parents), strict=True):
        largest[parent] = max(largest[parent], largest[child])
    best = array("d", (log(count) - log_total for count in largest))
    best[0] = 0.0
    return best
