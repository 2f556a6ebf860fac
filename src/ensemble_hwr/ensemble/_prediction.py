"""Predictions for validated rows: block by block, by router and members, as probabilities, counts or explanations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.ensemble._explanation import Explanation
from ensemble_hwr.ensemble._members import ROUTER
from ensemble_hwr.ensemble._trust import temper
from ensemble_hwr.ensemble.predictor import Predictor, Views

ROWS_AT_ONCE = 1024


def routed(predictor: Predictor, X: Any) -> FloatArray:
    """Return the router's probabilities of validated rows."""
    probabilities = _empty(predictor, X)
    for rows, views in _blocks(X):
        probabilities[rows] = predictor.route(views)
    return probabilities


def refined(predictor: Predictor, X: Any, probabilities: ArrayLike) -> FloatArray:
    """Return given probabilities of validated rows after specialists and experts.

    Raises
    ------
    ValueError
        If `probabilities` has another shape, negative values, or rows that do not sum to 1.
    """
    changed = _checked(probabilities, (X.shape[0], len(predictor.classes)))
    for rows, views in _blocks(X):
        _apply_members(predictor, views, changed[rows])
    return changed


def predicted(predictor: Predictor, X: Any) -> FloatArray:
    """Return the final probabilities of validated rows."""
    probabilities = _empty(predictor, X)
    for rows, views in _blocks(X):
        part = predictor.route(views)
        _apply_members(predictor, views, part)
        probabilities[rows] = temper(part, predictor.temperature)
    return probabilities


def explained(predictor: Predictor, X: Any) -> Explanation:
    """Return the probabilities of validated rows before and after every member."""
    views = Views(X)
    router = predictor.route(views)
    result = router.copy()
    steps = tuple(predictor.apply_members(views, result))
    return Explanation(predictor.classes, router, steps, temper(result, predictor.temperature), predictor.temperature)


def row_counts(predictor: Predictor, X: Any) -> dict[str, int]:
    """Return the number of validated rows on which the router and each member are applied."""
    counts = {ROUTER: X.shape[0], **dict.fromkeys((member.name for member in predictor.members), 0)}
    for _, views in _blocks(X):
        for step in predictor.apply_members(views, predictor.route(views)):
            counts[step.member.name] += len(step.rows)
    return counts


def levels_of_members(predictor: Predictor) -> dict[str, int]:
    """Return the level of each member: 0 for the router, that after the deepest group for experts."""
    deepest = max((member.level for member in predictor.members if member.role == "specialist"), default=0)
    levels = {member.name: member.level if member.role == "specialist" else deepest + 1 for member in predictor.members}
    return {ROUTER: 0, **levels}


def _apply_members(predictor: Predictor, views: Views, probabilities: FloatArray) -> None:
    """Apply all members to the probabilities of a block, in place."""
    for _ in predictor.apply_members(views, probabilities):
        pass


def _blocks(X: Any) -> Iterator[tuple[slice, Views]]:
    """Split validated rows into blocks of a few megabytes, each with its views."""
    for rows in gen_batches(X.shape[0], ROWS_AT_ONCE):
        yield rows, Views(X[rows])


def _empty(predictor: Predictor, X: Any) -> FloatArray:
    return np.empty((X.shape[0], len(predictor.classes)))


def _checked(probabilities: ArrayLike, shape: tuple[int, int]) -> FloatArray:
    """Return a copy of probabilities, if they have a shape and each row sums to 1."""
    copied: FloatArray = check_array(probabilities, dtype=np.float64, copy=True)
    if copied.shape != shape:
        raise ValueError(f"probabilities have shape {copied.shape}; for these rows it must be {shape}")
    if (copied < 0).any() or not np.allclose(copied.sum(axis=1), 1, atol=1e-3):
        raise ValueError("probabilities must be 0 or more, and every row must sum to 1; scale the rows")
    return copied
