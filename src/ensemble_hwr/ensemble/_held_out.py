"""Rows that the members of one fold were not fitted on, and what those members say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._sklearn import _safe_indexing
from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._consulting import Gate
from ensemble_hwr.ensemble._members import Member, opinion_of
from ensemble_hwr.ensemble._redistribution import redistribute
from ensemble_hwr.ensemble._trust import learn_trust


@dataclass(frozen=True)
class HeldOut:
    """One fold's held-out rows, the router's probabilities for them, and the fold's fitted members.

    Attributes
    ----------
    X : array-like of shape (n_rows, n_features)
        The rows.
    y : ndarray of shape (n_rows,)
        Column of each row's class.
    weight : ndarray of shape (n_rows,)
        Weight of each row.
    probabilities : ndarray of shape (n_rows, n_classes)
        Changed in place as members speak.
    members : sequence of Member
        Fitted on the rest of the rows; an estimator is None where the rest had no letter of its set.
    """

    X: Any
    y: IntArray
    weight: FloatArray
    probabilities: FloatArray
    members: Sequence[Member]


@dataclass(frozen=True)
class _Hearing:
    """What one member says in one fold: rows, the columns it knows, its opinion over them."""

    rows: IntArray
    columns: IntArray
    opinion: FloatArray


def learn_trusts(
    folds: Sequence[HeldOut], fixed: Mapping[str, float], *, classes: NDArray[Any], gate: Gate
) -> dict[str, float]:
    """Learn the members' trusts in the order in which they speak.

    A member is judged on the probabilities its predecessors leave, on the rows where it would really speak, so
    that trust means the same at prediction time.

    Parameters
    ----------
    folds : sequence of HeldOut
        All with the same members; their probabilities are changed in place.
    fixed : mapping of str to float
        Trusts that are not to be learned.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    gate : Gate
        When members speak.

    Returns
    -------
    dict of str to float
        Trust of each member by name.
    """
    trusts: dict[str, float] = {}
    winners = [gate.winners(fold.probabilities) for fold in folds]
    for i, member in enumerate(folds[0].members):
        hearings = [
            _hear(fold.members[i], fold, gate.rows(fold.members[i], fold.probabilities, first), classes)
            for fold, first in zip(folds, winners, strict=True)
        ]
        if member.name in fixed:
            trust = fixed[member.name]
        else:
            evidence = [_evidence(fold, hearing, member.columns) for fold, hearing in zip(folds, hearings, strict=True)]
            trust = learn_trust(*(np.concatenate(part) for part in zip(*evidence, strict=True)))
        trusts[member.name] = trust
        for fold, heard in zip(folds, hearings, strict=True):
            fold.probabilities[heard.rows] = redistribute(
                fold.probabilities[heard.rows], heard.columns, heard.opinion, trust
            )
    return trusts


def _hear(member: Member, fold: HeldOut, rows: IntArray, classes: NDArray[Any]) -> _Hearing:
    if member.estimator is None or len(rows) == 0:
        return _Hearing(rows[:0], member.columns, np.empty((0, len(member.columns))))
    return _Hearing(rows, *opinion_of(member, _safe_indexing(fold.X, rows), classes))


def _evidence(
    fold: HeldOut, hearing: _Hearing, columns: IntArray
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
    """Prior, opinion, truth and weight of the rows whose class the member knows, over all columns of its set."""
    relevant = np.isin(fold.y[hearing.rows], hearing.columns)
    rows = hearing.rows[relevant]
    known = np.searchsorted(columns, hearing.columns)
    inside = fold.probabilities[rows][:, hearing.columns]
    total = inside.sum(axis=1, keepdims=True)
    prior = np.zeros((len(rows), len(columns)))
    opinion = np.zeros_like(prior)
    prior[:, known] = inside / np.where(total > 0, total, 1)
    opinion[:, known] = hearing.opinion[relevant]
    return prior, opinion, np.searchsorted(columns, fold.y[rows]), fold.weight[rows]
