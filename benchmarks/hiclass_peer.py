"""HiClass as a scikit-learn classifier of letters, with alphabetical groups as its hierarchy."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.hierarchy import batches


class TopDown(ClassifierMixin, BaseEstimator):
    """HiClass's LocalClassifierPerParentNode: one classifier of the groups, and one per group.

    Parameters
    ----------
    member : classifier
        Template of every node.
    random_state : int or None, default=None
        Seed of the members.
    """

    def __init__(self, member: Any, random_state: int | None = None) -> None:
        self.member = member
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit every node's classifier."""
        from hiclass import LocalClassifierPerParentNode

        letters = np.asarray(y)
        self.classes_ = np.unique(letters)
        groups = batches(self.classes_)
        group_of = {letter: name for name, members in groups.items() for letter in members.tolist()}
        paths = np.array([[group_of[letter], letter] for letter in letters.tolist()])
        # HiClass sorts its columns by group, then by letter.
        self.columns_ = np.array([letter for name in sorted(groups) for letter in sorted(groups[name].tolist())])
        member = self.member if self.random_state is None else with_seed(self.member, self.random_state)
        self.model_ = LocalClassifierPerParentNode(member, n_jobs=1).fit(np.asarray(X), paths)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the product of the probabilities along each letter's path."""
        found = np.asarray(self.model_.predict_proba(np.asarray(X)), dtype=np.float64)
        found /= found.sum(axis=1, keepdims=True)
        return found[:, np.argsort(self.columns_)]

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable letter of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
