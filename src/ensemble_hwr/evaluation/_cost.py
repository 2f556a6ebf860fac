"""What a fitted contender costs: parameters it holds, and MACs it really spends on a letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.preprocessing import AugmentedClassifier


def count_parameters(estimator: Any) -> int | None:
    """Count the learned weights and intercepts of a fitted estimator.

    Parameters
    ----------
    estimator : estimator
        MLPs, linear models, support vector machines, and Pipelines, voting ensembles and hierarchies of them.

    Returns
    -------
    int or None
        None for kinds that have no weights to count, such as trees.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.evaluation import count_parameters
    >>> count_parameters(LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True)))
    15
    """
    parts = _parts(estimator)
    if parts is not None:
        counts = [count_parameters(part) for part in parts]
        return None if None in counts else sum(count for count in counts if count is not None)
    if hasattr(estimator, "coefs_"):
        return int(sum(array.size for array in (*estimator.coefs_, *estimator.intercepts_)))
    if hasattr(estimator, "support_vectors_"):
        return int(estimator.support_vectors_.size + estimator.dual_coef_.size + estimator.intercept_.size)
    if hasattr(estimator, "coef_"):
        return int(estimator.coef_.size + getattr(estimator.intercept_, "size", 1))
    return 0 if _is_transformer(estimator) else None


def count_macs(estimator: Any, X: Any) -> float | None:
    """Count the MACs that a fitted estimator spends on each of some rows, on average.

    Matrix products and features are counted; activations, sorting and memory traffic are not. For a hierarchy only
    the members that really speak on a row are counted for it.

    Parameters
    ----------
    estimator : estimator
        As for :func:`count_parameters`; a transformer is asked for its ``macs_per_row()``.
    X : array-like of shape (n_rows, n_features)
        The rows.

    Returns
    -------
    float or None
        None where a part cannot be counted.
    """
    if isinstance(estimator, HierarchicalEnsembleClassifier):
        return _hierarchy_macs(estimator, X)
    if isinstance(estimator, Pipeline):
        return _pipeline_macs(estimator, X)
    parts = _parts(estimator)
    if parts is not None:
        return _sum([count_macs(part, X) for part in parts])
    return next((float(count(estimator)) for name, count in _COUNTED.items() if hasattr(estimator, name)), None)


_COUNTED: dict[str, Callable[[Any], float]] = {
    "macs_per_row": lambda transformer: transformer.macs_per_row(),
    "coefs_": lambda mlp: sum(weights.size for weights in mlp.coefs_),
    "support_vectors_": lambda svm: svm.support_vectors_.size + svm.dual_coef_.size,
    "coef_": lambda linear: linear.coef_.size,
    "scale_": lambda scaler: 0 if scaler.scale_ is None else len(scaler.scale_),
}


def _parts(estimator: Any) -> list[Any] | None:
    """Return the fitted estimators that a composite is made of; None for what is not made of any."""
    if isinstance(estimator, HierarchicalEnsembleClassifier):
        return list(estimator.members_.values())
    if isinstance(estimator, Pipeline):
        return [step for _, step in estimator.steps if step not in (None, "passthrough")]
    if isinstance(estimator, AugmentedMLPClassifier):
        return [part for part in (estimator.features_, estimator.mlp_) if part is not None]
    if isinstance(estimator, AugmentedClassifier):
        return [estimator.estimator_]
    if hasattr(estimator, "named_estimators_"):
        final = getattr(estimator, "final_estimator_", None)
        return [*estimator.estimators_, *([final] if final is not None else [])]
    return None


def _is_transformer(estimator: Any) -> bool:
    return isinstance(estimator, BaseEstimator) and hasattr(estimator, "transform")


def _pipeline_macs(pipeline: Pipeline, X: Any) -> float | None:
    costs: list[float | None] = []
    rows = X
    for _, step in pipeline.steps:
        if step in (None, "passthrough"):
            continue
        costs.append(count_macs(step, rows))
        if hasattr(step, "transform"):
            rows = step.transform(rows)
    return _sum(costs)


def _hierarchy_macs(hierarchy: HierarchicalEnsembleClassifier, X: Any) -> float | None:
    asked = {name: count for name, count in hierarchy.route_counts(X).items() if count}
    sample = X[:1]
    costs = {name: count_macs(hierarchy.members_[name], sample) for name in asked}
    return _sum([None if costs[name] is None else costs[name] * asked[name] / len(X) for name in asked])  # type: ignore[operator]


def _sum(costs: list[float | None]) -> float | None:
    return None if None in costs else float(sum(cost for cost in costs if cost is not None))
