"""Who the members are: names, roles, sets and the estimators that stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr.ensemble._mlp import MLP
from ensemble_hwr.ensemble._redistribution import FloatArray, IntArray
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import NamedSets

ROUTER = "router"
EARLY_STOPPING_ROWS = 2000
EARLY_STOPPING_ROWS_OF_CLASS = 20


@dataclass(frozen=True)
class Member:
    """A member before it is fitted, or after.

    Attributes
    ----------
    name : str
        ``"router"``, ``"specialist:A-E"``, ``"expert:B/P"``.
    role : str
        ``"router"``, ``"specialist"`` or ``"expert"``.
    columns : ndarray of shape (n_set,)
        Positions of its classes among the ensemble's.
    estimator : estimator
        What answers for it.
    """

    name: str
    role: str
    columns: IntArray
    estimator: BaseEstimator


def default_estimator(y: NDArray[Any]) -> MLP:
    """Return an MLP with one layer of 100 units, stopped early where there are rows to spare for it."""
    _, counts = np.unique(y, return_counts=True)
    plenty = len(y) >= EARLY_STOPPING_ROWS and counts.min() >= EARLY_STOPPING_ROWS_OF_CLASS
    return MLP((100,), early_stopping=bool(plenty))


def declare_members(
    role: str, estimator: BaseEstimator | Mapping[str, BaseEstimator] | None, sets: NamedSets, classes: NDArray[Any]
) -> list[Member]:
    """Give every set of two or more classes the member that answers for it.

    A set of one class asks nothing, and a group of all classes asks what the router has answered: neither gets a
    specialist.
    """
    asking = {name: labels for name, labels in sets.items() if len(labels) > 1}
    if role == "specialist":
        asking = {name: labels for name, labels in asking.items() if len(labels) < len(classes)}
    if isinstance(estimator, Mapping):
        unknown = sorted(set(estimator) - set(sets))
        missing = sorted(set(asking) - set(estimator))
        if unknown or missing:
            raise HierarchyError(
                f"{role}: the mapping names {sorted(estimator)}, the sets are {sorted(sets)}"
                + (f"; {missing} without an estimator" if missing else "")
                + (f"; {unknown} not a set" if unknown else "")
                + ". Give every set of two or more classes one estimator."
            )
    chosen = estimator if isinstance(estimator, Mapping) else dict.fromkeys(asking, estimator)
    return [
        Member(f"{role}:{name}", role, np.searchsorted(classes, labels), chosen[name])
        for name, labels in asking.items()
    ]


def seeded(estimator: BaseEstimator, rng: np.random.RandomState | None) -> BaseEstimator:
    """Return a clone whose every ``random_state`` is drawn from `rng`; its own ones are kept without an `rng`."""
    fresh = clone(estimator)
    if rng is not None:
        names = sorted(name for name in fresh.get_params() if name.split("__")[-1] == "random_state")
        fresh.set_params(**{name: int(rng.randint(np.iinfo(np.int32).max)) for name in names})
    return fresh


def opinion_of(estimator: BaseEstimator, X: Any, classes: NDArray[Any]) -> tuple[IntArray, FloatArray]:
    """Ask an estimator: columns of the classes it knows, and its probabilities over them."""
    columns = np.searchsorted(classes, estimator.classes_)
    return columns, np.asarray(estimator.predict_proba(X), dtype=float)


def router_probabilities(router: BaseEstimator, X: Any, targets: Mapping[Any, IntArray], n_classes: int) -> FloatArray:
    """Probabilities of all classes from a router of classes or of groups.

    `targets` holds the columns of each label the router may answer; what a label gets is shared evenly among them.
    """
    answered = np.asarray(router.predict_proba(X), dtype=float)
    probabilities = np.zeros((len(answered), n_classes))
    for label, share in zip(router.classes_.tolist(), answered.T, strict=True):
        probabilities[:, targets[label]] = share[:, None] / len(targets[label])
    total: FloatArray = probabilities.sum(axis=1, keepdims=True)
    return np.divide(probabilities, total, out=probabilities)


def fixed_trusts(trust: str | float | Mapping[str, float], members: Sequence[Member], blind: bool) -> dict[str, float]:
    """Return the trusts that are given, by member; those of specialists under a blind router are 1."""
    names = [member.name for member in members]
    if isinstance(trust, Mapping):
        if set(trust) != set(names):
            raise HierarchyError(f"trust: the mapping names {sorted(trust)}, the members are {names}; name each once.")
        for name, value in trust.items():
            if not 0 <= value <= 1:
                raise HierarchyError(f"trust: {name!r} has {value!r}; trust is a number from 0 to 1.")
        fixed = {name: float(trust[name]) for name in names}
    else:
        fixed = {} if isinstance(trust, str) else dict.fromkeys(names, float(trust))
    if blind:
        fixed |= {member.name: 1.0 for member in members if member.role == "specialist"}
    return fixed


def check_prefit(member: Member, labels: Sequence[Any]) -> None:
    """Check that a prefit member is fitted, and on the labels of its set and no others."""
    if member.estimator is None:
        raise HierarchyError(f"cv='prefit' needs a fitted estimator for {member.name!r}; got none.")
    check_is_fitted(member.estimator)
    if set(member.estimator.classes_.tolist()) != set(labels):
        raise HierarchyError(
            f"cv='prefit': {member.name!r} was fitted on {member.estimator.classes_.tolist()}, "
            f"but its set is {labels}; fit it on the rows of its set."
        )
