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
from ensemble_hwr.ensemble._settings import GateSettings
from ensemble_hwr.hierarchy import NamedSets

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
        Whether the router predicts groups. Its probabilities inside a group are even then, so specialists ignore
        `confidence_threshold`.
    """

    min_mass: float
    confidence_threshold: float
    group_of: IntArray
    top_down: bool = False
    router_of_groups: bool = False

    def winners(self, probabilities: FloatArray) -> IntArray:
        """Return the number of the most probable group of each row."""
        membership = np.eye(self.group_of.max() + 1)[self.group_of]
        winners: IntArray = np.argmax(probabilities @ membership, axis=1)
        return winners

    def rows(self, member: Member, probabilities: FloatArray, winners: IntArray | None) -> IntArray:
        """Return the rows on which a member is applied; `winners` are those of the router, for top-down routing."""
        if member.role != "specialist":
            return open_rows(probabilities, member.columns, self.min_mass, self.confidence_threshold)
        allowed = winners == self.group_of[member.columns[0]] if self.top_down and winners is not None else None
        confidence_threshold = 1.0 if self.router_of_groups else self.confidence_threshold
        return open_rows(probabilities, member.columns, self.min_mass, confidence_threshold, allowed)


def gate_of(settings: GateSettings, groups: NamedSets, classes: NDArray[np.generic], router_target: str) -> Gate:
    """Return the gate of an ensemble's settings, its groups and what its router predicts."""
    group_of = np.empty(len(classes), dtype=np.intp)
    for number, labels in enumerate(groups.values()):
        group_of[np.searchsorted(classes, labels)] = number
    return Gate(
        settings.min_mass,
        settings.confidence_threshold,
        group_of,
        top_down=settings.routing == "top_down",
        router_of_groups=router_target == "groups",
    )


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
    """
    winners = gate.winners(probabilities) if gate.top_down else None
    for member in members:
        if trust[member.name] == 0:
            continue
        rows = gate.rows(member, probabilities, winners)
        before = probabilities[rows]
        after = before
        if len(rows):
            columns, opinion = predict(member, rows)
            after = redistribute(before, columns, opinion, trust[member.name])
            probabilities[rows] = after
        yield MemberStep(member, trust[member.name], rows, before, after)
