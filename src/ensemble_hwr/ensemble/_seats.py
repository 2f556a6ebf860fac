"""One fit, and a committee's fit as one for each of its seats, so that they can be made side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch

from ensemble_hwr._typing import IntArray


@dataclass(frozen=True)
class Job:
    """One fit.

    Attributes
    ----------
    name : str
        Whose fit it is.
    estimator : estimator
        With its seeds; not fitted.
    rows : ndarray of shape (n_rows,)
        Positions of the rows to fit on.
    target : ndarray of shape (n_rows,)
        Their labels.
    params : mapping
        What `fit` is given besides.
    """

    name: str
    estimator: BaseEstimator
    rows: IntArray
    target: NDArray[Any]
    params: Mapping[str, Any]


def seats_of(job: Job) -> list[Job]:
    """Return the fits that a fit consists of: one for each seat of a committee, else itself.

    A committee is scikit-learn's VotingClassifier, whose seats see all rows, with positions in place of labels. With
    metadata routing only it knows what each seat is given, so it is left whole.
    """
    if type(job.estimator) is not VotingClassifier or get_config()["enable_metadata_routing"]:
        return [job]
    codes = np.unique(job.target, return_inverse=True)[1]
    return [
        replace(job, name=f"{job.name}, {name}", estimator=clone(seat), target=codes)
        for name, seat in job.estimator.estimators
        if seat != "drop"
    ]


def joined(job: Job, seats: Sequence[Job], fitted: Sequence[BaseEstimator]) -> BaseEstimator:
    """Return the fitted estimator of a job from its seats' ones."""
    if seats[0] is job:
        return fitted[0]
    committee, sitting = job.estimator, iter(fitted)
    declared = committee.estimators
    committee.estimators = [
        (name, seat if seat == "drop" else FrozenEstimator(next(sitting))) for name, seat in declared
    ]
    committee.fit(job.rows[:, None], job.target)  # fits nobody: it learns the labels and checks itself
    committee.estimators = declared
    committee.estimators_ = list(fitted)
    committee.named_estimators_ = Bunch(
        **{name: seat if seat == "drop" else seat.estimator for name, seat in committee.named_estimators_.items()}
    )
    return committee
