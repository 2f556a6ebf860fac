"""Explanation of predictions: the probabilities after each member, as arrays and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.ensemble._pooling import MemberStep


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
