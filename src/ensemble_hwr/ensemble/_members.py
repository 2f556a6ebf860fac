"""Members of a hierarchy: router, specialists and experts, with their sets, templates, fits and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.hierarchy import NamedSets, levels_of, top_level

ROUTER = "router"
STEPS = 3000


@dataclass(frozen=True)
class Member:
    """A member before or after it is fitted.

    Attributes
    ----------
    name : str
        ``"router"``, ``"specialist:A-E"``, ``"expert:B/P"``.
    role : str
        ``"router"``, ``"specialist"`` or ``"expert"``.
    columns : ndarray of shape (n_set,)
        Positions of its classes among the ensemble's.
    estimator : estimator or None
        Its classifier.
    level : int
        Level of a specialist's group in the tree of groups, from 1 at the top.
    """

    name: str
    role: str
    columns: IntArray
    estimator: BaseEstimator
    level: int = 1


@dataclass(frozen=True)
class ClassExpansion:
    """How the probabilities of a router's labels become probabilities of classes.

    Attributes
    ----------
    source : ndarray of shape (n_classes,)
        Column of the router's label that each class gets its probability from.
    n_sharing : ndarray of shape (n_classes,)
        Number of classes that share this column evenly; infinity for a class without a label.
    """

    source: IntArray
    n_sharing: FloatArray

    @classmethod
    def of(cls, labels: NDArray[Any], columns_by_label: Mapping[Any, IntArray], n_classes: int) -> ClassExpansion:
        """Expand a router's `labels` to the columns of the classes that each stands for."""
        source = np.zeros(n_classes, dtype=np.intp)
        n_sharing = np.full(n_classes, np.inf)
        for column, label in enumerate(labels.tolist()):
            source[columns_by_label[label]] = column
            n_sharing[columns_by_label[label]] = len(columns_by_label[label])
        return cls(source, n_sharing)

    def __call__(self, probabilities: FloatArray) -> FloatArray:
        """Return the probabilities of all classes from those of the router's labels."""
        expanded = probabilities[:, self.source]
        expanded /= self.n_sharing
        expanded /= expanded.sum(axis=1, keepdims=True)
        return expanded

    def matrix(self, n_labels: int) -> FloatArray:
        """Return the share that each class gets of each label, of shape (n_labels, n_classes)."""
        shares = np.zeros((n_labels, len(self.source)))
        shares[self.source, np.arange(len(self.source))] = 1 / self.n_sharing
        return shares


def default_estimator(n_rows: int) -> MemberMLPClassifier:
    """Return an MLP with one layer of 100 units that takes about 3,000 steps, in 30 to 200 epochs."""
    batch = min(max(n_rows // 64, 32), 200)
    epochs = min(max(STEPS * batch // n_rows, 30), 200)
    return MemberMLPClassifier((100,), batch_size=min(batch, n_rows), max_iter=epochs)


def declare_members(
    role: str, estimator: BaseEstimator | Mapping[str, BaseEstimator] | None, sets: NamedSets, classes: NDArray[Any]
) -> list[Member]:
    """Return one unfitted member for every set of two or more classes.

    A set of one class needs no classifier, and a group of all classes is the task of the router, so neither has a
    specialist.

    Parameters
    ----------
    role : {"specialist", "expert"}
        Role of the members.
    estimator : classifier, mapping of str to classifier, or None
        Template of all of them, or one for each set by name.
    sets : mapping of str to ndarray
        Name and classes of each set.
    classes : ndarray of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    list of Member
        In the order of the sets.

    Raises
    ------
    HierarchyError
        If a mapping does not name the sets, or has values other than classifiers.
    """
    needed = {name: labels for name, labels in sets.items() if len(labels) > 1}
    if role == "specialist":
        needed = {name: labels for name, labels in needed.items() if len(labels) < len(classes)}
    if isinstance(estimator, Mapping):
        _check_mapping(role, estimator, list(sets), list(needed))
    levels = levels_of(sets) if role == "specialist" else dict.fromkeys(sets, 1)
    templates = estimator if isinstance(estimator, Mapping) else dict.fromkeys(needed, estimator)
    return [
        Member(f"{role}:{name}", role, np.searchsorted(classes, labels), templates[name], levels[name])
        for name, labels in needed.items()
    ]


def _check_mapping(
    role: str, estimators: Mapping[str, BaseEstimator], sets: Sequence[str], needed: Sequence[str]
) -> None:
    """Check that a mapping holds one classifier for each set."""
    unknown = [name for name in estimators if name not in sets]
    missing = [name for name in needed if name not in estimators]
    if unknown or missing:
        raise HierarchyError(
            f"{role}: the mapping names {list(estimators)}, the sets are {sets}"
            + (f"; {missing} without an estimator" if missing else "")
            + (f"; {unknown} not a set" if unknown else "")
            + "; give one estimator to every set of two or more classes"
        )
    for name, given in estimators.items():
        if given is not None and (isinstance(given, type) or not hasattr(given, "predict_proba")):
            raise HierarchyError(
                f"{role}: got {given!r} for {name!r}; give a classifier with predict_proba, such as "
                "MemberMLPClassifier()"
            )


def checked_probabilities(name: str, estimator: BaseEstimator, probabilities: Any, n_rows: int) -> FloatArray:
    """Return a member's probabilities as floats; raise an error for a wrong shape, NaN or a row that sums to 0."""
    checked: FloatArray = np.asarray(probabilities, dtype=float)
    needed = (n_rows, len(estimator.classes_))
    wrong = None
    if checked.shape != needed:
        wrong = f"an array of shape {checked.shape}, where {needed[0]} rows of {needed[1]} classes need {needed}"
    elif not (checked >= 0).all() or not np.isfinite(total := checked.sum(axis=1)).all():
        wrong = "NaN, infinite or negative values"
    elif not (total > 0).all():
        wrong = f"no probability to any class of row {int(np.argmin(total))}"
    if wrong is not None:
        raise HierarchyError(
            f"member {name!r}: predict_proba of its {type(estimator).__name__} gave {wrong}; "
            "rows of probabilities must be 0 or more and sum to 1, correct the member or choose another"
        )
    return checked


def columns_by_router_label(router_target: str, groups: NamedSets | None, classes: NDArray[Any]) -> dict[Any, IntArray]:
    """Return the columns of the classes that each label of the router stands for.

    Parameters
    ----------
    router_target : {"classes", "groups"}
        What the router predicts.
    groups : mapping of str to ndarray, or None
        Name and classes of each group; None where they are not known yet and the router predicts classes.
    classes : ndarray of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of label to ndarray
        One column for each class, or the columns of each group.
    """
    if router_target == "classes" or groups is None:
        return {label: np.array([column]) for column, label in enumerate(classes.tolist())}
    return {name: np.searchsorted(classes, labels) for name, labels in top_level(groups).items()}


def fixed_trusts(
    trust: str | float | Mapping[str, float], members: Sequence[Member], router_of_groups: bool
) -> dict[str, float]:
    """Return the trust of each member for which it is not learned.

    A number holds for all members, a mapping for each by name. With a router of groups it is 1 for the
    specialists of the first level, since such a router has no probabilities within a group.

    Raises
    ------
    HierarchyError
        If a mapping does not name the members, or has values other than numbers from 0 to 1.
    """
    names = [member.name for member in members]
    if isinstance(trust, Mapping):
        if set(trust) != set(names):
            raise HierarchyError(f"trust: the mapping names {list(trust)}, the members are {names}; name each once")
        for name, value in trust.items():
            if not isinstance(value, Real) or not 0 <= value <= 1:
                raise HierarchyError(f"trust: {name!r} has {value!r}; trust is a number from 0 to 1")
        fixed = {name: float(trust[name]) for name in names}
    else:
        fixed = {} if isinstance(trust, str) else dict.fromkeys(names, float(trust))
    if router_of_groups:
        fixed |= {member.name: 1.0 for member in members if member.role == "specialist" and member.level == 1}
    return fixed


class LabelEncodedClassifier(ClassifierMixin, BaseEstimator):
    """Wrapper for classifiers that accept no other labels than 0, 1, 2, ...: it fits them on positions of labels.

    Parameters
    ----------
    estimator : classifier
        Is cloned and fitted.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Sorted labels.
    estimator_ : classifier
        Fitted; its classes are positions in ``classes_``.
    """

    _wraps = "estimator"  # read by _composites

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: NDArray[Any], **fit_params: Any) -> Self:
        """Fit the classifier on the positions of the labels."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.estimator_ = clone(self.estimator).fit(X, codes, **fit_params)
        return self

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class."""
        return self.estimator_.predict_proba(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row."""
        labels: NDArray[Any] = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return labels


def fit_member(
    name: str, estimator: BaseEstimator, X: Any, target: NDArray[Any], params: Mapping[str, Any]
) -> BaseEstimator:
    """Fit a member's estimator; errors name the member.

    Returns
    -------
    estimator
        The estimator itself, or a LabelEncodedClassifier around a clone of it if it accepts no other labels than
        0, 1, 2, ...
    """
    try:
        fitted = _fit_on_any_labels(estimator, X, target, params)
    except (TypeError, ValueError) as error:
        if len(error.args) == 1 and isinstance(error.args[0], str) and not error.args[0].startswith("member "):
            error.args = (f"member {name!r}: {error.args[0]}",)
        raise
    check_classes(name, fitted, target)
    return fitted


def _fit_on_any_labels(
    estimator: BaseEstimator, X: Any, target: NDArray[Any], params: Mapping[str, Any]
) -> BaseEstimator:
    """Fit an estimator; if that raises ValueError, fit it on the positions of the labels instead."""
    try:
        return estimator.fit(X, target, **params)
    except ValueError:
        if np.array_equal(np.unique(target), np.arange(len(np.unique(target)))):
            raise
        try:
            return LabelEncodedClassifier(estimator).fit(X, target, **params)
        except Exception:  # the labels were not the cause, so the first error is raised
            pass
        raise


def check_classes(name: str, estimator: BaseEstimator, labels: NDArray[Any]) -> None:
    """Check that the classes of a fitted member are among the labels that it was fitted on."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise HierarchyError(
            f"member {name!r}: its {type(estimator).__name__} has no classes_ after fit, so the columns of its "
            "probabilities have no labels; choose a classifier that follows scikit-learn"
        )
    if set(np.asarray(classes).tolist()) - set(labels.tolist()):
        raise HierarchyError(
            f"member {name!r}: its {type(estimator).__name__} was fitted on {np.unique(labels).tolist()}, but its "
            f"classes_ are {np.asarray(classes).tolist()}; choose a classifier that keeps the labels"
        )


def check_prefit(member: Member, labels: Sequence[Any]) -> None:
    """Check that a prefit member is fitted, on the labels of its set and no others."""
    if member.estimator is None:
        raise HierarchyError(f"cv='prefit' needs a fitted estimator for {member.name!r}; got None")
    check_is_fitted(member.estimator)
    if set(member.estimator.classes_.tolist()) != set(labels):
        raise HierarchyError(
            f"cv='prefit': {member.name!r} was fitted on {member.estimator.classes_.tolist()}, "
            f"but its set is {labels}; fit it on the rows of its set"
        )
