"""Who the members are: names, roles, sets and the estimators that stand for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import _num_samples
from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import NamedSets

Opinion = tuple[IntArray, FloatArray]  # columns of the classes a member knows, and its probabilities over them

ROUTER = "router"
STEPS = 3000


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


def default_estimator(n_rows: int) -> MemberMLPClassifier:
    """Return an MLP with one layer of 100 units that takes about 3,000 steps, in 30 to 200 epochs."""
    batch = min(max(n_rows // 64, 32), 200)
    epochs = min(max(STEPS * batch // n_rows, 30), 200)
    return MemberMLPClassifier((100,), batch_size=min(batch, n_rows), max_iter=epochs)


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
        unknown = [name for name in estimator if name not in sets]
        missing = [name for name in asking if name not in estimator]
        if unknown or missing:
            raise HierarchyError(
                f"{role}: the mapping names {list(estimator)}, the sets are {list(sets)}"
                + (f"; {missing} without an estimator" if missing else "")
                + (f"; {unknown} not a set" if unknown else "")
                + ". Give every set of two or more classes one estimator."
            )
        for name, given in estimator.items():
            if given is not None and (isinstance(given, type) or not hasattr(given, "predict_proba")):
                raise HierarchyError(
                    f"{role}: got {given!r} for {name!r}; give a classifier with predict_proba, such as MemberMLPClassifier()."
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


def opinion_of(member: Member, X: Any, classes: NDArray[Any]) -> Opinion:
    """Ask a member: columns of the classes it knows, and its probabilities over them."""
    return np.searchsorted(classes, member.estimator.classes_), _ask(member.name, member.estimator, X)


def _ask(name: str, estimator: BaseEstimator, X: Any) -> FloatArray:
    return checked_answer(name, estimator, estimator.predict_proba(X), _num_samples(X))


def checked_answer(name: str, estimator: BaseEstimator, answer: Any, n_rows: int) -> FloatArray:
    """Return an estimator's probabilities, refusing what is none: a wrong shape, NaN, a row without any."""
    answered: FloatArray = np.asarray(answer, dtype=float)
    needed = (n_rows, len(estimator.classes_))
    wrong = None
    if answered.shape != needed:
        wrong = f"an array of shape {answered.shape}, where {needed[0]} rows of {needed[1]} classes need {needed}"
    elif not (answered >= 0).all() or not np.isfinite(total := answered.sum(axis=1)).all():
        wrong = "NaN, infinite or negative values"
    elif not (total > 0).all():
        wrong = f"no probability to any class of row {int(np.argmin(total))}"
    if wrong is not None:
        raise HierarchyError(
            f"member {name!r}: predict_proba of its {type(estimator).__name__} gave {wrong}; "
            "rows of probabilities must be 0 or more and sum to 1, mend the member or choose another."
        )
    return answered


@dataclass(frozen=True)
class Shares:
    """What each class gets of what a router of classes or of groups answers.

    Attributes
    ----------
    source : ndarray of shape (n_classes,)
        Column of the answer that a class has its share of.
    among : ndarray of shape (n_classes,)
        How many classes share that column evenly; infinity where nothing is answered of a class.
    """

    source: IntArray
    among: FloatArray

    @classmethod
    def among_classes(cls, answered: NDArray[Any], targets: Mapping[Any, IntArray], n_classes: int) -> Shares:
        """Share out the labels a router answers; `targets` holds the columns of the classes behind each."""
        source = np.zeros(n_classes, dtype=np.intp)
        among = np.full(n_classes, np.inf)
        for column, label in enumerate(answered.tolist()):
            source[targets[label]] = column
            among[targets[label]] = len(targets[label])
        return cls(source, among)

    def of(self, answer: FloatArray) -> FloatArray:
        """Return the probabilities of all classes from an answer."""
        probabilities = answer[:, self.source]
        probabilities /= self.among
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities


def router_probabilities(router: BaseEstimator, X: Any, targets: Mapping[Any, IntArray], n_classes: int) -> FloatArray:
    """Probabilities of all classes from a router of classes or of groups.

    `targets` holds the columns of each label the router may answer; what a label gets is shared evenly among them.
    """
    return Shares.among_classes(router.classes_, targets, n_classes).of(_ask(ROUTER, router, X))


def fixed_trusts(trust: str | float | Mapping[str, float], members: Sequence[Member], blind: bool) -> dict[str, float]:
    """Return the trusts that are given, by member; those of specialists under a blind router are 1."""
    names = [member.name for member in members]
    if isinstance(trust, Mapping):
        if set(trust) != set(names):
            raise HierarchyError(f"trust: the mapping names {list(trust)}, the members are {names}; name each once.")
        for name, value in trust.items():
            if not isinstance(value, Real) or not 0 <= value <= 1:
                raise HierarchyError(f"trust: {name!r} has {value!r}; trust is a number from 0 to 1.")
        fixed = {name: float(trust[name]) for name in names}
    else:
        fixed = {} if isinstance(trust, str) else dict.fromkeys(names, float(trust))
    if blind:
        fixed |= {member.name: 1.0 for member in members if member.role == "specialist"}
    return fixed


def check_classes(name: str, estimator: BaseEstimator, labels: NDArray[Any]) -> None:
    """Check that a member learned the labels that it was given, under the names they have."""
    learned = getattr(estimator, "classes_", None)
    if learned is None:
        raise HierarchyError(
            f"member {name!r}: its {type(estimator).__name__} has no classes_ after fit, so nobody can tell what its "
            "probabilities are of; choose a classifier in the manner of scikit-learn."
        )
    foreign = set(np.asarray(learned).tolist()) - set(labels.tolist())
    if foreign:
        raise HierarchyError(
            f"member {name!r}: its {type(estimator).__name__} was fitted on {np.unique(labels).tolist()}, but calls "
            f"its classes {np.asarray(learned).tolist()}; choose a classifier that keeps the labels."
        )


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
