"""The words that may be expected, as a trie."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Self

from ensemble_hwr.exceptions import DataError


class Lexicon:
    """Words, kept so that a decoder can follow all of them letter by letter at once.

    Parameters
    ----------
    words : iterable of str
        Space around them and empty ones are left out.
    name : str, default="the lexicon"
        What messages call it.

    Raises
    ------
    DataError
        If there is no word.

    Examples
    --------
    >>> from ensemble_hwr.reading import Lexicon
    >>> lexicon = Lexicon(["TEA", "TEN", "TO"])
    >>> "TEN" in lexicon, "TE" in lexicon, len(lexicon)
    (True, False, 3)
    >>> list(lexicon)
    ['TEA', 'TEN', 'TO']
    """

    start = 0

    def __init__(self, words: Iterable[str], *, name: str = "the lexicon") -> None:
        if isinstance(words, str):
            raise DataError(f"words is one text, {words!r}; put it into a list, or use Lexicon.from_file")
        kept = sorted({word.strip() for word in words} - {""})
        if not kept:
            raise DataError("a lexicon must have one word at least, got none")
        self.name = name
        self._size = len(kept)
        self._first, self._letters, self._ends = _grow(kept)

    @classmethod
    def from_file(cls, file: str | os.PathLike[str]) -> Self:
        """Read a text file with a word in each line.

        Parameters
        ----------
        file : path
            UTF-8.

        Returns
        -------
        Lexicon

        Raises
        ------
        DataError
            If it cannot be read, or holds no word.
        """
        try:
            text = Path(file).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: is not UTF-8 text; save it as a text file with a word in each line") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{file}: cannot be read: {reason}; give a text file with a word in each line") from error
        try:
            return cls(text.splitlines(), name=str(file))
        except DataError as error:
            raise DataError(f"{file}: {error}") from None

    def spelled_with(self, letters: Collection[str]) -> Lexicon:
        """Return the words that some letters can spell, in capitals where there are no other letters.

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
        fitting, others = [], []
        for word in self:
            spelled = word.upper() if capitals else word
            if known.issuperset(spelled):
                fitting.append(spelled)
            else:
                others.append(word)
        spelling = f"spelled with {''.join(sorted(known))!r} alone"
        if not fitting:
            raise DataError(f"no word of {self.name} is {spelling}")
        if others:
            warnings.warn(
                f"{len(others):,} of {len(self):,} words of {self.name} are left out, such as {others[0]!r}: "
                f"they are not {spelling}",
                stacklevel=2,
            )
        return Lexicon(fitting, name=self.name)

    def __len__(self) -> int:
        return self._size

    def __repr__(self) -> str:
        return f"Lexicon({self._size:,} words)"

    def __contains__(self, word: object) -> bool:
        if not isinstance(word, str):
            return False
        node = 0
        for letter in word:
            found = self.step(node, letter)
            if found is None:
                return False
            node = found[0]
        return self._ends[node] == 1

    def __iter__(self) -> Iterator[str]:
        """Yield the words in order."""
        waiting = [(0, "")]
        while waiting:
            node, prefix = waiting.pop()
            if self._ends[node]:
                yield prefix
            letters = self._letters[node]
            waiting += [(self._first[node] + i, prefix + letters[i]) for i in reversed(range(len(letters)))]

    def step(self, state: int, letter: str) -> tuple[int, float] | None:
        """Return the node after one more letter, and 0; None where no word goes on so.

        Parameters
        ----------
        state : int
        letter : str
            One character.

        Returns
        -------
        (int, float) or None
        """
        place = self._letters[state].find(letter)
        return None if place < 0 else (self._first[state] + place, 0.0)

    def following(self, state: int) -> list[tuple[str, int]]:
        """Return the letters with which words go on, and the node after each.

        Parameters
        ----------
        state : int

        Returns
        -------
        list of (str, int)
        """
        first = self._first[state]
        return [(letter, first + place) for place, letter in enumerate(self._letters[state])]

    def end(self, state: int) -> float | None:
        """Return 0 where a word ends, else None.

        Parameters
        ----------
        state : int

        Returns
        -------
        float or None
        """
        return 0.0 if self._ends[state] else None


def _grow(words: list[str]) -> tuple[list[int], list[str], bytearray]:
    """Grow a trie of sorted words, level by level, so that the children of a node have consecutive numbers.

    Returns
    -------
    first : list of int
        Number of each node's first child.
    letters : list of str
        The letters of each node's children, rising.
    ends : bytearray
        1 where a word ends.
    """
    first, letters, ends = [], [], bytearray()
    level = [(0, len(words))]  # the words that go through each node
    depth, count = 0, 1
    while level:
        below = []
        for start, stop in level:
            ended = len(words[start]) == depth
            ends.append(ended)
            first.append(count)
            branches: list[str] = []
            place = start + ended
            for i in range(place, stop):
                letter = words[i][depth]
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
    return first, letters, ends
