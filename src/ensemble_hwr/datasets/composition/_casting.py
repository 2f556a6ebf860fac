"""Which letters of a set write a text: all of one hand, where the hand is known and has written them."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.exceptions import DataError

Indices = NDArray[np.intp]


class Casting:
    """Who can write what.

    A hand is a writer of a source, or a whole source where its writers are unknown.

    Parameters
    ----------
    letters : LetterSet
    """

    def __init__(self, letters: LetterSet) -> None:
        blank = np.full(len(letters), "")
        self._source = blank if letters.source is None else letters.source
        self._writer = blank if letters.writer is None else letters.writer
        self._everybody: dict[str, Indices] = _by_label(letters.target, np.arange(len(letters)))
        pairs = np.char.add(np.char.add(self._source, "\n"), self._writer)
        self._hands = [_by_label(letters.target, np.flatnonzero(pairs == pair)) for pair in np.unique(pairs)]

    @classmethod
    def of(cls, letters: LetterSet, texts: list[str]) -> Self:
        """Set up for some texts, refusing characters that nobody has written."""
        casting = cls(letters)
        missing = sorted(set("".join("".join(text.split()) for text in texts)) - set(casting._everybody))
        if missing:
            raise DataError(
                f"{letters!r} has no letter for {''.join(missing)!r}, which the texts hold; "
                f"it has {''.join(sorted(casting._everybody))!r}"
            )
        return casting

    def choose(self, characters: str, rng: np.random.Generator) -> Indices:
        """Draw a hand that has written all the characters, and a letter of it for each; of everybody's if none has."""
        able = [hand for hand in self._hands if all(character in hand for character in characters)]
        hand = able[rng.integers(len(able))] if able else self._everybody
        return np.array([rng.choice(hand[character]) for character in characters])

    def hand_of(self, chosen: Indices) -> tuple[str, str]:
        """Source and writer of some letters; ``""`` where they differ."""
        sources, writers = np.unique(self._source[chosen]), np.unique(self._writer[chosen])
        if len(sources) > 1:
            return "", ""
        return str(sources[0]), str(writers[0]) if len(writers) == 1 else ""


def _by_label(target: NDArray[np.str_], index: Indices) -> dict[str, Indices]:
    labels = target[index]
    return {str(label): index[labels == label] for label in np.unique(labels)}
