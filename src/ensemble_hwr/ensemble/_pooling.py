"""The logarithmic opinion pool: members redistribute the probability of their sets in open rows.

With ``P(S)`` the probability that a set holds in a row, ``q = P / P(S)`` inside the set, ``e`` the member's
probabilities and ``w`` its trust, the set keeps ``P(S)`` and shares it as ``P(S) * normalise(q**(1-w) * e**w)``: a
logarithmic opinion pool (Genest and Zidek, 1986), in which ``w = 0`` is the prior and ``w = 1`` the member alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._members import Member
from ensemble_hwr.ensemble._templates import GateSettings
from ensemble_hwr.hierarchy import NamedSets, levels_of

Opinion = tuple[IntArray, FloatArray]  # columns of the classes that a member has, and its probabilities over them


def open_rows(
    probabilities: FloatArray,
    columns: IntArray,
    min_mass: float,
    confidence_threshold: float,
    allowed: NDArray[np.bool_] | None = None,
) -> IntArray:
    """Return the rows in which a set holds enough probability and none of its classes nearly all of it.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Current probabilities.
    columns : ndarray of shape (n_set,)
        Columns of the set.
    min_mass : float
        The set must hold at least this probability.
    confidence_threshold : float
        Its leading class must hold less than this share of the set; at 1 every row is open.
    allowed : ndarray of shape (n_rows,) of bool, optional
        Rows that may be open at all.

    Returns
    -------
    ndarray of shape (n_open,)
        Indices of the open rows.
    """
    inside = probabilities.take(columns, axis=1)
    mass = inside.sum(axis=1)
    is_open = (mass >= min_mass) & (mass > 0)
    if confidence_threshold < 1 and is_open.any():
        is_open &= inside.max(axis=1) < confidence_threshold * mass
    if allowed is not None:
        is_open &= allowed
    return np.flatnonzero(is_open)


def redistribute(probabilities: FloatArray, columns: IntArray, opinion: FloatArray, trust: float) -> FloatArray:
    """Redistribute the probability of a set by a member's probabilities.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Probabilities before; not changed.
    columns : ndarray of shape (n_set,)
        Columns of the member's set.
    opinion : ndarray of shape (n_rows, n_set)
        The member's probabilities over its set.
    trust : float
        Weight of the opinion in [0, 1].

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Probabilities after. Rows in which the product of opinion and prior is 0 for every class are left unchanged.
    """
    inside = probabilities[:, columns]
    mass = inside.sum(axis=1, keepdims=True)
    share = np.power(inside / np.where(mass > 0, mass, 1), 1 - trust) * np.power(opinion, trust)
    total = share.sum(axis=1, keepdims=True)
    result = probabilities.copy()
    result[:, columns] = np.where(total > 0, mass * share / np.where(total > 0, total, 1), inside)
    return result


@dataclass(frozen=True)
class Gate:
    """The rule that decides on which rows a member is applied.

    Attributes
    ----------
    min_mass, confidence_threshold : float
        A row is open where the set holds at least `min_mass` and its leading class less than `confidence_threshold`
        of it.
    group_of : ndarray of shape (n_classes,)
        Number of each class's group.
    top_down : bool
        Whether only the specialist of the most probable group is applied.
    router_of_groups : bool
        Whether the router predicts groups. Its probabilities inside a group are even then, so specialists of the first
        level ignore `confidence_threshold`.
    deeper : tuple of ndarray of shape (n_classes,)
        Number of each class's group at the levels 2, 3, ...; a class in no group of a level has its own number.
    """

    min_mass: float
    confidence_threshold: float
    group_of: IntArray
    top_down: bool = False
    router_of_groups: bool = False
    deeper: tuple[IntArray, ...] = ()

    def group_of_level(self, level: int) -> IntArray:
        """Return the number of each class's group at a level."""
        return self.group_of if level == 1 else self.deeper[level - 2]

    def membership(self, level: int) -> FloatArray:
        """Return the matrix that sums probabilities of classes to those of the groups of a level."""
        group_of = self.group_of_level(level)
        matrix: FloatArray = np.eye(group_of.max() + 1)[group_of]
        return matrix

    def winners(self, probabilities: FloatArray) -> IntArray:
        """Return the number of the most probable group of each row."""
        winners: IntArray = np.argmax(probabilities @ self.membership(1), axis=1)
        return winners

    def winners_within(self, level: int, probabilities: FloatArray, above: IntArray) -> IntArray:
        """Return the number of the most probable group of a level within the group that won the level above."""
        inside = self.group_of_level(level - 1) == above[:, None]
        winners: IntArray = np.argmax(np.where(inside, probabilities, 0) @ self.membership(level), axis=1)
        return winners

    def rows(self, member: Member, probabilities: FloatArray, winners: IntArray | None) -> IntArray:
        """Return the rows on which a member is applied; `winners` are those of its level, for top-down routing."""
        if member.role != "specialist":
            return open_rows(probabilities, member.columns, self.min_mass, self.confidence_threshold)
        own = self.group_of_level(member.level)[member.columns[0]]
        allowed = winners == own if self.top_down and winners is not None else None
        confidence_threshold = 1.0 if self.router_of_groups and member.level == 1 else self.confidence_threshold
        return open_rows(probabilities, member.columns, self.min_mass, confidence_threshold, allowed)


class Descent:
    """The winning group of each row, level by level from the top, for top-down routing.

    Parameters
    ----------
    gate : Gate
        Of the ensemble.
    probabilities : ndarray of shape (n_rows, n_classes)
        The router's, which determine the winners of the first level.
    """

    def __init__(self, gate: Gate, probabilities: FloatArray) -> None:
        self._gate = gate
        self._level = 1
        self._winners = gate.winners(probabilities) if gate.top_down else None

    def winners(self, member: Member, probabilities: FloatArray) -> IntArray | None:
        """Return the winners of a member's level; None without top-down routing."""
        while self._winners is not None and member.role == "specialist" and self._level < member.level:
            self._level += 1
            self._winners = self._gate.winners_within(self._level, probabilities, self._winners)
        return self._winners


def gate_of(settings: GateSettings, groups: NamedSets, classes: NDArray[np.generic], router_target: str) -> Gate:
    """Return the gate of an ensemble's settings, its groups of all levels and what its router predicts."""
    group_of, *deeper = _groups_by_level(groups, classes)
    return Gate(
        settings.min_mass,
        settings.confidence_threshold,
        group_of,
        top_down=settings.routing == "top_down",
        router_of_groups=router_target == "groups",
        deeper=tuple(deeper),
    )


def _groups_by_level(groups: NamedSets, classes: NDArray[np.generic]) -> list[IntArray]:
    """Return the number of each class's group at each level; a class in no group of a level is one of its own."""
    levels = levels_of(groups)
    numbers = []
    for level in range(1, max(levels.values()) + 1):
        at_level = [groups[name] for name in groups if levels[name] == level]
        group_of = np.arange(len(at_level), len(at_level) + len(classes), dtype=np.intp)
        for number, labels in enumerate(at_level):
            group_of[np.searchsorted(classes, labels)] = number
        numbers.append(group_of)
    return numbers


@dataclass(frozen=True)
class MemberStep:
    """The change that one member made.

    Attributes
    ----------
    member : Member
        The member.
    trust : float
        Its trust.
    rows : ndarray of shape (n_open,)
        Rows on which it was applied.
    before, after : ndarray of shape (n_open, n_classes)
        Probabilities of those rows.
    """

    member: Member
    trust: float
    rows: IntArray
    before: FloatArray
    after: FloatArray


def apply_members(
    members: Sequence[Member],
    trust: Mapping[str, float],
    probabilities: FloatArray,
    *,
    predict: Callable[[Member, IntArray], Opinion],
    gate: Gate,
    prepare: Callable[[Sequence[tuple[Member, IntArray]]], None] | None = None,
) -> Iterator[MemberStep]:
    """Apply every member with a trust above 0 in turn, and yield the change of each.

    Parameters
    ----------
    members : sequence of Member
        Fitted, in the order in which they are applied.
    trust : mapping of str to float
        Trust of each.
    probabilities : ndarray of shape (n_rows, n_classes)
        The router's; changed in place.
    predict : callable
        Returns a member's opinion of some rows.
    gate : Gate
        Decides on which rows a member is applied.
    prepare : callable, optional
        Called with members that do not change each other's rows, and their rows, before the first of them is applied.
    """
    descent = Descent(gate, probabilities)
    for independent in _independent([member for member in members if trust[member.name] != 0]):
        # a member changes the columns of its own set only, and keeps their sum
        applied = [
            (member, gate.rows(member, probabilities, descent.winners(member, probabilities))) for member in independent
        ]
        if prepare is not None:
            prepare(applied)
        for member, rows in applied:
            before = probabilities[rows]
            after = before
            if len(rows):
                columns, opinion = predict(member, rows)
                after = redistribute(before, columns, opinion, trust[member.name])
                probabilities[rows] = after
            yield MemberStep(member, trust[member.name], rows, before, after)


def _independent(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Yield runs of members of one role and level whose sets are disjoint."""
    run: list[Member] = []
    taken: set[int] = set()
    for member in members:
        columns = set(member.columns.tolist())
        if run and (taken & columns or (member.role, member.level) != (run[0].role, run[0].level)):
            yield run
            run, taken = [], set()
        run.append(member)
        taken |= columns
    if run:
        yield run
