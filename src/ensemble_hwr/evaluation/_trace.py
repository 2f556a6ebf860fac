"""What the members of a fitted hierarchy did to test letters."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation._cost import count_macs
from ensemble_hwr.evaluation.results import HierarchyTrace, MemberTrace, OperatingPoint

CERTAINTIES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)


def trace_hierarchy(estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> HierarchyTrace | None:
    """Follow test letters through a hierarchy, or through the hierarchy at the end of a Pipeline.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : ndarray of shape (n_letters, n_features)
        Test letters.
    y : ndarray of shape (n_letters,)
        Their labels.

    Returns
    -------
    HierarchyTrace or None
        None for anything but a hierarchy.
    """
    before: float | None = 0.0
    if isinstance(estimator, Pipeline) and isinstance(estimator[-1], HierarchicalEnsembleClassifier):
        before = count_macs(estimator[:-1], X)
        X, estimator = estimator[:-1].transform(X), estimator[-1]
    if not isinstance(estimator, HierarchicalEnsembleClassifier):
        return None
    explanation = estimator.explain(X)
    spoken = {step.member.name: step for step in explanation.steps}
    sets = {f"specialist:{name}": labels for name, labels in estimator.groups_.items()}
    sets |= {f"expert:{name}": labels for name, labels in estimator.confusables_.items()}
    members = []
    for name, trust in estimator.trust_.items():
        routed = improved = worsened = 0
        if name in spoken:
            step = spoken[name]
            was_right = estimator.classes_[step.before.argmax(axis=1)] == y[step.rows]
            is_right = estimator.classes_[step.after.argmax(axis=1)] == y[step.rows]
            routed, improved, worsened = (
                len(step.rows),
                int((is_right & ~was_right).sum()),
                int((was_right & ~is_right).sum()),
            )
        role = name.split(":")[0]
        members.append(MemberTrace(name, role, _texts(sets[name]), trust, routed, improved, worsened))
    return HierarchyTrace(
        router_accuracy=_accuracy(estimator, explanation.router, y),
        perfect_router_accuracy=_accuracy(estimator, _with_perfect_router(estimator, explanation.router, X, y), y),
        groups={name: _texts(labels) for name, labels in estimator.groups_.items()},
        members=tuple(members),
        operating_points=_operating_points(estimator, X, y, before),
    )


def _operating_points(
    hierarchy: HierarchicalEnsembleClassifier, X: NDArray[Any], y: NDArray[Any], before: float | None
) -> tuple[OperatingPoint, ...]:
    """Measure the fitted hierarchy at other confidence_thresholds; `before` is what the steps before it cost a letter."""
    other = copy.copy(hierarchy)  # the members are shared: nothing is fitted again
    points = []
    for confidence_threshold in CERTAINTIES:
        other.confidence_threshold = confidence_threshold
        cost = count_macs(other, X)
        total = None if cost is None or before is None else before + cost
        points.append(OperatingPoint(confidence_threshold, _accuracy(other, other.predict_proba(X), y), total))
    return tuple(points)


def _texts(labels: NDArray[Any]) -> tuple[str, ...]:
    return tuple(str(label) for label in labels)


def _accuracy(hierarchy: HierarchicalEnsembleClassifier, probabilities: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.mean(hierarchy.classes_[probabilities.argmax(axis=1)] == y))


def _with_perfect_router(
    hierarchy: HierarchicalEnsembleClassifier, router: NDArray[Any], X: NDArray[Any], y: NDArray[Any]
) -> NDArray[Any]:
    """Answers had the router put all its probability in each letter's true group."""
    in_true_group = np.zeros(router.shape, dtype=bool)
    for labels in hierarchy.groups_.values():
        rows = np.isin(y, labels)
        in_true_group[np.ix_(rows, np.isin(hierarchy.classes_, labels))] = True
    known = in_true_group.any(axis=1)
    probabilities = np.where(in_true_group, np.maximum(router, np.finfo(float).tiny), 0.0)
    probabilities[~known] = router[~known]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return hierarchy.refine(X, probabilities)
