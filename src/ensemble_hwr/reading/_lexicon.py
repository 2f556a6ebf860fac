"""Lexicon: expected words and their frequencies, stored as a trie."""

from __future__ import annotations

import os
import unicodedata
import warnings
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from itertools import chain, compress, pairwise
from math import fsum, inf, isfinite, log, nan
from numbers import Real
from operator import not_
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

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
        entries = words if isinstance(words, _Entries) else _as_entries(words)
        self.name = name
        self._text, self._stops, self._of_word = entries
        total = len(self) if self._of_word is None else fsum(self._of_word)
        self.least = log(1.0 if self._of_word is None else min(self._of_word)) - log(total)
        trie = _build_trie(entries, log(total))
        self._letters = _as_text(trie.codes)
        self._first: array[int] = _as_array("i", trie.first)
        self._ending: array[float] = _as_array("d", trie.ending)
        self._best: array[float] = _as_array("d", trie.best)

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
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{file}: cannot be read: {reason}; give a text file with one word per line") from error
        if len(content) > MAX_BYTES:
            raise DataError(f"{file}: is larger than {MAX_BYTES:,} bytes; give a list of the words that are expected")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: is not UTF-8 text; give a text file with one word per line") from error
        lines = text.splitlines()
        if len(lines) > 2 * MAX_WORDS:
            raise DataError(f"{file}: has {len(lines):,} lines; a lexicon holds at most {MAX_WORDS:,} words")
        del content
        try:
            entries: Any = _parse_quickly(lines) or _parse(text.splitlines())
            return cls(entries, name=str(file))
        except DataError as error:
            raise DataError(f"{file}: {error}") from None

    def spelled_with(self, letters: Collection[str], *, ignore_case: bool = False) -> Lexicon:
        """Return the words that can be spelled with the given letters.

        Words are converted to upper case if all letters are upper case, and accents of letters that are not given are
        removed; counts of words that become equal are added.

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
        >>> list(Lexicon(["tea", "Ten", "né"]).spelled_with("AENT"))
        ['NE', 'TEA', 'TEN']
        """
        alphabet = set(letters)
        if ignore_case:
            alphabet = {letter.upper() for letter in alphabet}
        upper_case = not any(letter != letter.upper() for letter in alphabet)
        words = list(self)
        spelled = list(map(str.upper, words)) if upper_case else words
        if not alphabet.issuperset("".join(spelled)):
            spelled = [without_accents(word, alphabet) for word in spelled]
        others: list[str] = []
        counts = self._of_word
        if not alphabet.issuperset("".join(spelled)):
            fitting = list(map(alphabet.issuperset, spelled))
            others = list(compress(words, map(not_, fitting)))
            spelled = list(compress(spelled, fitting))
            counts = counts and array("d", compress(counts, fitting))
        elif spelled == words:
            return copy(self)
        spelling = f"be spelled with {''.join(sorted(alphabet))!r} alone"
        if not spelled:
            raise DataError(f"no word of {self.name} can {spelling}; one of its words is {others[0]!r}")
        if others:
            warnings.warn(
                f"{len(others):,} of {len(self):,} words of {self.name} are left out, such as {others[0]!r}: "
                f"they cannot {spelling}",
                stacklevel=2,
            )
        entries: Any = _sorted(spelled, counts)
        return Lexicon(entries, name=self.name)

    def spellings(self) -> dict[str, str]:
        """Return each word as the lexicon has it, by the word in upper case without accents.

        Of words that differ in case and accents only, the most frequent is returned.

        Returns
        -------
        dict of str to str

        Examples
        --------
        >>> from ensemble_hwr.reading import Lexicon
        >>> Lexicon(["Café", "rue"]).spellings()
        {'CAFE': 'Café', 'RUE': 'rue'}
        """
        words = list(self)
        counts = self._of_word
        if counts is not None:
            words = [words[place] for place in sorted(range(len(words)), key=counts.__getitem__)]
        return {without_accents(word).upper(): word for word in words}

    def __len__(self) -> int:
        return len(self._stops)

    def __repr__(self) -> str:
        return f"Lexicon({len(self):,} words)"

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.log_probability(word) > -inf

    def __iter__(self) -> Iterator[str]:
        """Yield the words in alphabetical order."""
        return (self._text[start:stop] for start, stop in pairwise(chain((0,), self._stops)))

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
        return self._ending[node]

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
        node = self._letters.find(letter, self._first[state], self._first[state + 1])
        return None if node < 0 else (node, self._best[node] - self._best[state])

    def arrays(self) -> Trie:
        """Return the trie as arrays."""
        first = np.frombuffer(self._first, np.intc)
        return Trie(_as_codes(self._letters), first, np.frombuffer(self._ending), np.frombuffer(self._best))

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
        probable = self._ending[state]
        return None if probable == -inf else probable - self._best[state]


class Trie(NamedTuple):
    """The trie of a lexicon as arrays, which have an item per node; children of a node have consecutive numbers.

    Attributes
    ----------
    codes : ndarray of int
        Code points of the letters; that of the root is a space.
    first : ndarray of int
        Number of the first child of each node, and the number of nodes.
    ending : ndarray of float
        Log-probability of the word that ends at each node, -inf if none does.
    best : ndarray of float
        Log-probability of the most probable word through each node; 0 for the root.
    """

    codes: NDArray[np.integer]
    first: NDArray[np.intc]
    ending: NDArray[np.float64]
    best: NDArray[np.float64]


class _Entries(NamedTuple):
    """Different words in ascending order: joined, the end of each, and counts unless all are equally probable."""

    text: str
    stops: array[int]
    counts: array[float] | None


def _as_entries(words: Iterable[str] | Mapping[str, float]) -> _Entries:
    """Check and sort words in any accepted form."""
    if isinstance(words, Mapping):
        return _sorted(*_checked(words))
    return _sorted({word.strip() if isinstance(word, str) else _stripped(word) for word in words})


def _sorted(words: Collection[str], counts: array[float] | None = None) -> _Entries:
    """Check and sort words; the empty one is left out, and counts of equal words are added."""
    if counts is None:
        spelled = sorted({*words})
    else:
        different, counts = _add_up(words, counts)
        order = _order_of_first_letters(different)
        order.sort(key=different.__getitem__)  # faster than words in any order
        spelled = np.array(different, object)[order].tolist()
        counts = _as_array("d", np.frombuffer(counts)[order])
    if spelled and not spelled[0]:
        spelled, counts = spelled[1:], counts and counts[1:]
    if not spelled:
        raise DataError("a lexicon must hold at least one word, got none")
    if len(spelled) > MAX_WORDS:
        raise DataError(f"a lexicon holds at most {MAX_WORDS:,} words, got {len(spelled):,}; give the frequent ones")
    lengths = np.fromiter(map(len, spelled), np.int64, len(spelled))
    longest = spelled[lengths.argmax()]
    if len(longest) > MAX_LENGTH:
        raise DataError(f"a word has at most {MAX_LENGTH} letters, got one of {len(longest):,}: {longest[:20]!r}...")
    return _Entries("".join(spelled), _as_array("i", lengths.cumsum(dtype=np.intc)), counts)


def _order_of_first_letters(words: list[str]) -> list[int]:
    """Return the order of words by their first eight bytes in UTF-8, whose order is that of the letters."""
    try:
        starts = np.fromiter(map(str.encode, words), "S8", len(words))
    except UnicodeEncodeError:  # half of a surrogate pair
        return list(range(len(words)))
    order: list[int] = starts.view(">u8").astype(np.uint64).argsort().tolist()
    return order


def _add_up(words: Collection[str], counts: array[float]) -> tuple[list[str], array[float]]:
    """Return different words and the sum of the counts of each."""
    if len({*words}) == len(words):
        return list(words), counts
    added = dict.fromkeys(words, 0.0)
    for word, count in zip(words, counts, strict=True):
        added[word] += count
    return list(added), array("d", added.values())


def _checked(entries: Mapping[str, float]) -> tuple[list[str], array[float]]:
    """Return words without surrounding space, and their counts: all at once if they are valid, else one by one."""
    if _are_all(str, entries) and _are_all(Real, entries.values()):
        with suppress(OverflowError):
            counts = array("d", entries.values())
            if _are_valid(counts):
                return list(map(str.strip, entries)), counts
    checked = [_checked_entry(word, count) for word, count in entries.items()]
    return [word for word, _ in checked], array("d", [count for _, count in checked])


def _are_all(kind: type, values: Iterable[object]) -> bool:
    return all(issubclass(found, kind) for found in {*map(type, values)})


def _are_valid(counts: array[float]) -> bool:
    numbers = np.frombuffer(counts)
    return bool(np.all((numbers > 0) & (numbers <= _MAX_COUNT)))


def _checked_entry(word: object, count: object) -> tuple[str, float]:
    try:
        number = float(count) if isinstance(count, Real) else nan
    except OverflowError:
        number = inf
    if not 0 < number <= _MAX_COUNT:
        raise DataError(
            f"the count of {word!r} must be a number above 0 and at most {_MAX_COUNT:g}, got {count!r}; "
            "leave out words that are not expected"
        )
    return _stripped(word), number


def _stripped(word: object) -> str:
    if not isinstance(word, str):
        raise DataError(f"each word must be a str, got {word!r}")
    return word.strip()


def without_accents(word: str, letters: Collection[str] = ()) -> str:
    """Return a word without accents, except those of some letters.

    Examples
    --------
    >>> from ensemble_hwr.reading._lexicon import without_accents
    >>> without_accents("Élan"), without_accents("Über", "Ü")
    ('Elan', 'Über')
    """
    if word.isascii():
        return word
    composed = unicodedata.normalize("NFC", word)
    return "".join(letter if letter in letters else unicodedata.normalize("NFD", letter)[0] for letter in composed)


def _parse_quickly(lines: list[str]) -> _Entries | None:
    """Parse lines, which are removed, of one word each, or of words with valid counts; None for others."""
    words = [line for line in map(str.strip, lines) if line]
    lines.clear()
    if len("".join(words).split()) <= 1:  # no space within a word
        return _sorted(words)
    counts = array("d")
    try:
        for place, line in enumerate(words):
            words[place], count = line.rsplit(maxsplit=1)
            counts.append(float(count))
    except ValueError:
        return None
    return _sorted(words, counts) if _are_valid(counts) else None


def _parse(lines: list[str]) -> list[str]:
    """Return lines without counts; raise if only some have one, or a count is invalid."""
    counted, plain = {}, {}
    for number, line in enumerate(map(str.strip, lines), 1):
        *word, last = line.rsplit(maxsplit=1) or [""]
        count = _number(last) if word else None
        if count is not None:
            counted[number] = (word[0], count)
        elif line:
            plain[number] = line
    if counted and plain:
        (with_count, entry), (without, line) = next(iter(counted.items())), next(iter(plain.items()))
        raise DataError(
            f"line {with_count} has the count {entry[1]:g} of {entry[0]!r}, but line {without} has none: {line!r}; "
            "give a count in every line or in none"
        )
    for number, entry in counted.items():
        try:
            _checked_entry(*entry)
        except DataError as error:
            raise DataError(f"line {number}: {error}") from None
    return list(plain.values())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _build_trie(entries: _Entries, log_total: float) -> Trie:
    """Build a trie level by level, given the logarithm of the sum of all counts."""
    codes = _as_codes(entries.text)
    stops = np.frombuffer(entries.stops, np.intc)
    lengths = np.diff(stops, prepend=np.intc(0))
    nodes = np.zeros(len(stops), np.intc)
    letters, starts = [np.array([ord(" ")], codes.dtype)], [0, 1]
    parents: list[NDArray[np.intc]] = []
    n_children: list[NDArray[np.intc]] = []
    longer = np.arange(len(stops), dtype=np.intc)
    while len(longer := longer[lengths[longer] > len(parents)]):
        letter, parent = codes[stops[longer] - lengths[longer] + len(parents)], nodes[longer]
        is_new = np.ones(len(longer), bool)
        is_new[1:] = (letter[1:] != letter[:-1]) | (parent[1:] != parent[:-1])
        nodes[longer] = starts[-1] - 1 + np.cumsum(is_new, dtype=np.intc)
        letters.append(letter[is_new])
        parents.append(parent[is_new])
        n_children.append(np.bincount(parents[-1] - starts[-2], minlength=starts[-1] - starts[-2]).astype(np.intc))
        starts.append(starts[-1] + len(parents[-1]))
    leaves = np.zeros(starts[-1] - starts[-2] + 1, np.intc)
    first = 1 + np.cumsum(np.concatenate([leaves[:1], *n_children, leaves[1:]]), dtype=np.intc)
    best = np.full(starts[-1], -inf)
    counts = entries.counts
    best[nodes] = -log_total if counts is None else np.fromiter(map(log, counts), np.float64, len(nodes)) - log_total
    ending = best.copy()
    for start, parent in zip(reversed(starts[1:-1]), reversed(parents), strict=True):
        firsts = np.flatnonzero(np.diff(parent, prepend=np.intc(-1)))
        below = np.maximum.reduceat(best[start : start + len(parent)], firsts)
        best[parent[firsts]] = np.maximum(best[parent[firsts]], below)
    best[0] = 0.0
    return Trie(np.concatenate(letters), first, ending, best)


def _as_codes(text: str) -> NDArray[np.integer]:
    """Return the code points of a text, in a byte each if it is ASCII."""
    encoding, kind = ("latin-1", "u1") if text.isascii() else ("utf-32-le", "<u4")
    return np.frombuffer(text.encode(encoding, "surrogatepass"), kind)


def _as_text(codes: NDArray[np.integer]) -> str:
    return codes.tobytes().decode("latin-1" if codes.itemsize == 1 else "utf-32-le", "surrogatepass")


def _as_array(kind: str, values: NDArray[Any]) -> array[Any]:
    """Copy numbers to an array of the standard library, whose single items are faster to get."""
    found = array(kind)
    found.frombytes(values.data.cast("B"))
    return found
