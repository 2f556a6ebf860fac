"""Effect of the members of a fitted hierarchy on test samples, at its own and at other confidence thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import validate_data

from ensemble_hwr._typing import FloatArray, IntArray
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble.held_out import ROUTER, temper
from ensemble_hwr.ensemble.predictor import (
    MemberStep,
    Predictor,
    PredictProba,
    Views,
    nodes_of,
    predictor_of,
    sets_of_members,
)
from ensemble_hwr.evaluation._cost import count_macs, macs_of_members
from ensemble_hwr.evaluation.results import HierarchyTrace, MemberTrace, OperatingPoint
from ensemble_hwr.hierarchy import NamedSets

THRESHOLDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)


def trace_hierarchy(estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> HierarchyTrace | None:
    """Return the effect of each member of a hierarchy, or of a hierarchy at the end of a Pipeline.

    Router and members are evaluated at most once on each sample, for all confidence thresholds together.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : ndarray of shape (n_samples, n_features)
        Test samples.
    y : ndarray of shape (n_samples,)
        Labels.

    Returns
    -------
    HierarchyTrace or None
        None for other estimators.
    """
    before: float | None = 0.0
    if isinstance(estimator, Pipeline) and isinstance(estimator[-1], HierarchicalEnsembleClassifier):
        before = count_macs(estimator[:-1], X)
        X, estimator = estimator[:-1].transform(X), estimator[-1]
    if not isinstance(estimator, HierarchicalEnsembleClassifier):
        return None
    evaluated = _EvaluatedHierarchy(estimator, X)
    _, steps = evaluated.apply_members(evaluated.router)
    refined, _ = evaluated.apply_members(_with_true_groups(estimator, evaluated.router, y))
    return HierarchyTrace(
        router_accuracy=_accuracy(estimator, evaluated.router, y),
        perfect_router_accuracy=_accuracy(estimator, refined, y),
        groups={name: _as_texts(labels) for name, labels in estimator.groups_.items()},
        members=_member_traces(estimator, steps, y),
        operating_points=tuple(_operating_point(evaluated, threshold, y, before) for threshold in THRESHOLDS),
        macs=_macs(evaluated, steps, before),
        subgroups={name: _as_texts(labels) for name, labels in _subgroups(estimator).items()} or None,
    )


def _subgroups(hierarchy: HierarchicalEnsembleClassifier) -> NamedSets:
    return {name: labels for name, labels in nodes_of(hierarchy).items() if name not in hierarchy.groups_}


class _EvaluatedHierarchy:
    """A fitted hierarchy on one set of samples; predictions of router and members are computed once and kept."""

    def __init__(self, hierarchy: HierarchicalEnsembleClassifier, X: Any) -> None:
        self.hierarchy = hierarchy
        self.X = X
        self._views = Views(validate_data(hierarchy, X, accept_sparse="csr", reset=False))
        predictor = predictor_of(hierarchy)
        functions = {name: _KeptProbabilities(function) for name, function in predictor.functions.items()}
        self._predictor: Predictor = replace(predictor, functions=functions)
        self.router = self._predictor.route(self._views)

    def apply_members(
        self, probabilities: FloatArray, confidence_threshold: float | None = None
    ) -> tuple[FloatArray, list[MemberStep]]:
        """Return probabilities after the members, and what each member changed; None is the hierarchy's threshold."""
        predictor = self._predictor
        if confidence_threshold is not None:
            predictor = replace(predictor, gate=replace(predictor.gate, confidence_threshold=confidence_threshold))
        result = probabilities.copy()
        return result, list(predictor.apply_members(self._views, result))


class _KeptProbabilities:
    """Probabilities of one member, each sample evaluated when it is first needed."""

    def __init__(self, function: PredictProba) -> None:
        self._function = function
        self._known: NDArray[np.bool_] | None = None
        self._values: NDArray[Any] | None = None

    def __call__(self, views: Views, rows: IntArray | None) -> Any:
        wanted = np.arange(len(views)) if rows is None else rows
        if self._known is None:
            self._known = np.zeros(len(views), dtype=bool)
        missing = wanted[~self._known[wanted]]
        if len(missing) or self._values is None:
            found = np.asarray(self._function(views, missing))
            if self._values is None:
                self._values = np.empty((len(views), *found.shape[1:]), dtype=found.dtype)
            self._values[missing] = found
            self._known[missing] = True
        return self._values[wanted]


def _member_traces(
    hierarchy: HierarchicalEnsembleClassifier, steps: Sequence[MemberStep], y: NDArray[Any]
) -> tuple[MemberTrace, ...]:
    """Return the effect of each member; a member without trust changes nothing."""
    sets = sets_of_members(hierarchy)
    applied = {step.member.name: step for step in steps}
    members = []
    for name, trust in hierarchy.trust_.items():
        routed = improved = worsened = 0
        if name in applied:
            step = applied[name]
            was_correct = hierarchy.classes_[step.before.argmax(axis=1)] == y[step.rows]
            is_correct = hierarchy.classes_[step.after.argmax(axis=1)] == y[step.rows]
            routed = len(step.rows)
            improved, worsened = int((is_correct & ~was_correct).sum()), int((was_correct & ~is_correct).sum())
        role = name.split(":")[0]
        members.append(MemberTrace(name, role, _as_texts(sets[name]), trust, routed, improved, worsened))
    return tuple(members)


def _operating_point(
    evaluated: _EvaluatedHierarchy, threshold: float, y: NDArray[Any], before: float | None
) -> OperatingPoint:
    """Return accuracy and MACs at a confidence threshold; `before` is the cost of the steps before the hierarchy."""
    hierarchy = evaluated.hierarchy
    probabilities, steps = evaluated.apply_members(evaluated.router, threshold)
    accuracy = _accuracy(hierarchy, temper(probabilities, hierarchy.temperature_), y)
    return OperatingPoint(threshold, accuracy, _macs(evaluated, steps, before))


def _macs(evaluated: _EvaluatedHierarchy, steps: Sequence[MemberStep], before: float | None) -> float | None:
    counts = dict.fromkeys(evaluated.hierarchy.members_, 0) | {step.member.name: len(step.rows) for step in steps}
    counts[ROUTER] = len(evaluated.router)
    cost = macs_of_members(evaluated.hierarchy, counts, evaluated.X)
    return None if cost is None or before is None else before + cost


def _with_true_groups(hierarchy: HierarchicalEnsembleClassifier, router: FloatArray, y: NDArray[Any]) -> FloatArray:
    """Return the router's probabilities with the whole probability in the true group of each sample."""
    in_true_group = np.zeros(router.shape, dtype=bool)
    for labels in hierarchy.groups_.values():
        rows = np.isin(y, labels)
        in_true_group[np.ix_(rows, np.isin(hierarchy.classes_, labels))] = True
    known = in_true_group.any(axis=1)
    probabilities: FloatArray = np.where(in_true_group, np.maximum(router, np.finfo(float).tiny), 0.0)
    probabilities[~known] = router[~known]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities


def _accuracy(hierarchy: HierarchicalEnsembleClassifier, probabilities: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.mean(hierarchy.classes_[probabilities.argmax(axis=1)] == y))


def _as_texts(labels: NDArray[Any]) -> tuple[str, ...]:
    return tuple(str(label) for label in labels)
