"""What a decoder asks of a lexicon or a letter model."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol


class Grammar(Protocol):
    """Which texts may be read, and how likely each is, letter by letter.

    A state says all that matters of the letters so far; texts with the same letters have the same state.
    """

    @property
    def start(self) -> Hashable:
        """The state before the first letter."""
        ...

    def step(self, state: Any, letter: str) -> tuple[Any, float] | None:
        """Return the state after one more letter and the letter's log-probability; None where it may not follow."""
        ...

    def end(self, state: Any) -> float | None:
        """Return the log-probability that the text ends here; None where it may not."""
        ...


class AnyText:
    """Every text, each as likely as any other of its length."""

    start = 0

    def step(self, state: int, letter: str) -> tuple[int, float]:
        """Return what follows: anything."""
        return state, 0.0

    def end(self, state: int) -> float:
        """Return what an end costs: nothing."""
        return 0.0
