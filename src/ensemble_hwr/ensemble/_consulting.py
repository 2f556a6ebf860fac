"""Let fitted members speak in turn over the rows whose question is open to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._members import Member, Opinion
from ensemble_hwr.ensemble._redistribution import open_rows, redistribute


@dataclass(frozen=True)
class Gate:
    """When a member speaks.

    Attributes
    ----------
    min_mass, confidence_threshold : float
        A set's question is open where it holds at least `min_mass` and its leading class less than `confidence_threshold` of it.
    group_of : ndarray of shape (n_classes,)
        Number of each class's group.
    hard : bool
        Whether only the specialist of the most probable group speaks.
    blind : bool
        Whether the router knows groups alone, so that specialists must speak however certain it looks.
    """

    min_mass: float
    confidence_threshold: float
    group_of: IntArray
    hard: bool = False
    blind: bool = False

    def winners(self, probabilities: FloatArray) -> IntArray:
        """Return the number of the most probable group of each row."""
        membership = np.eye(self.group_of.max() + 1)[self.group_of]
        winners: IntArray = np.argmax(probabilities @ membership, axis=1)
        return winners

    def rows(self, member: Member, probabilities: FloatArray, winners: IntArray | None) -> IntArray:
        """Return the rows on which a member speaks, given the router's `winners` where routing is hard."""
        if member.role != "specialist":
            return open_rows(probabilities, member.columns, self.min_mass, self.confidence_threshold)
        allowed = winners == self.group_of[member.columns[0]] if self.hard and winners is not None else None
        confidence_threshold = 1.0 if self.blind else self.confidence_threshold
        return open_rows(probabilities, member.columns, self.min_mass, confidence_threshold, allowed)


@dataclass(frozen=True)
class Step:
    """What one member did.

    Attributes
    ----------
    member : Member
        Who spoke.
    trust : float
        How much it was trusted.
    rows : ndarray of shape (n_open,)
        Where it spoke.
    before, after : ndarray of shape (n_open, n_classes)
        Probabilities of those rows.
    """

    member: Member
    trust: float
    rows: IntArray
    before: FloatArray
    after: FloatArray


def consult(
    members: Sequence[Member],
    trust: Mapping[str, float],
    probabilities: FloatArray,
    *,
    ask: Callable[[Member, IntArray], Opinion],
    gate: Gate,
) -> Iterator[Step]:
    """Let every member that has any trust speak in turn; `probabilities` changes in place as they do.

    `ask` is given a member and the rows on which it is to speak.
    """
    winners = gate.winners(probabilities) if gate.hard else None
    for member in members:
        if trust[member.name] == 0:
            continue
        rows = gate.rows(member, probabilities, winners)
        before = probabilities[rows]
        after = before
        if len(rows):
            columns, opinion = ask(member, rows)
            after = redistribute(before, columns, opinion, trust[member.name])
            probabilities[rows] = after
        yield Step(member, trust[member.name], rows, before, after)
