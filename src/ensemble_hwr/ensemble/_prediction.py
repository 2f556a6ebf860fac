"""Predictions for validated rows: block by block, by router and members, as probabilities, counts or explanations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_array

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.ensemble._members import ROUTER
from ensemble_hwr.ensemble._pooling import MemberStep
from ensemble_hwr.ensemble._trust import temper
from ensemble_hwr.ensemble.predictor import Predictor, Views

ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Explanation:
    """Probabilities of some rows before and after each member of a hierarchical ensemble.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Labels; columns of all probabilities follow them.
    router : ndarray of shape (n_rows, n_classes)
        Probabilities of the router.
    steps : tuple of MemberStep
        The change of each member with a trust above 0, in the order in which they were applied: ``step.member.name``,
        ``step.trust``, ``step.rows``, and the probabilities of those rows ``step.before`` and ``step.after``.
    result : ndarray of shape (n_rows, n_classes)
        Final probabilities, as ``predict_proba`` returns them.
    temperature : float
        Temperature by which the final probabilities were scaled; 1 changes nothing.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> lr = LogisticRegression(max_iter=1000)
    >>> model = HierarchicalEnsembleClassifier(lr, lr, lr, confusables=[[1, 2]], trust=1.0).fit(X, y)
    >>> print(model.explain(X[[70]]))
    router: 2 (0.55...), then 1 (0.44...), 0 (0.00...)
      expert:1/2, trust 1.00, on 1/2 holding 1.00: 1 0.44... -> 0.49..., 2 0.55... -> 0.50...
    result: 2 (0.50...), then 1 (0.49...), 0 (0.00...)
    """

    classes: NDArray[Any]
    router: FloatArray
    steps: tuple[MemberStep, ...]
    result: FloatArray
    temperature: float = 1.0

    def __len__(self) -> int:
        return len(self.result)

    def __str__(self) -> str:
        return "\n".join(self.text(i) for i in range(len(self)))

    def text(self, row: int) -> str:
        """Describe the prediction of one row.

        Parameters
        ----------
        row : int
            Index of the row; negative ones count from the end.

        Returns
        -------
        str
            One line for the router, one for each member that was applied, one for the result.
        """
        row = range(len(self))[row]
        lines = [f"router: {self._ranked(self.router[row])}"]
        for step in self.steps:
            at = np.flatnonzero(step.rows == row)
            if len(at):
                lines.append(self._described(step, step.before[at[0]], step.after[at[0]]))
        if self.temperature != 1:
            lines.append(f"  at temperature {self.temperature:.2f}")
        return "\n".join([*lines, f"result: {self._ranked(self.result[row])}"])

    def _ranked(self, probabilities: FloatArray) -> str:
        best = np.argsort(-probabilities, kind="stable")[:3]
        first, *others = (f"{self.classes[i]} ({probabilities[i]:.3f})" for i in best)
        return f"{first}, then {', '.join(others)}"

    def _described(self, step: MemberStep, before: FloatArray, after: FloatArray) -> str:
        columns = step.member.columns
        # two classes exchange equal amounts but for the last bits, which must not decide the order
        moved = sorted(columns, key=lambda column: -round(float(abs(after[column] - before[column])), 6))[:2]
        changes = ", ".join(f"{self.classes[i]} {before[i]:.3f} -> {after[i]:.3f}" for i in moved)
        letters = "/".join(str(self.classes[i]) for i in columns[:6]) + ("/.." if len(columns) > 6 else "")
        return (
            f"  {step.member.name}, trust {step.trust:.2f}, on {letters} holding {before[columns].sum():.2f}: {changes}"
        )


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
