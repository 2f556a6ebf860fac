"""Cost of fitted classifiers: number of parameters, and multiply-accumulate operations (MACs) per sample."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from ensemble_hwr._composites import children
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier


def count_parameters(estimator: Any) -> int | None:
    """Count the fitted weights and intercepts of an estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted. MLPs, linear models, support vector machines, and Pipelines, voting ensembles and hierarchies of them.

    Returns
    -------
    int or None
        None for estimators without weights to count, such as trees.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.evaluation import count_parameters
    >>> count_parameters(LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True)))
    15
    """
    parts = _parts(estimator)
    if parts:
        counts = [count_parameters(part) for part in parts]
        return None if None in counts else sum(count for count in counts if count is not None)
    if hasattr(estimator, "coefs_"):
        return int(sum(array.size for array in (*estimator.coefs_, *estimator.intercepts_)))
    if hasattr(estimator, "support_vectors_"):
        return int(estimator.support_vectors_.size + estimator.dual_coef_.size + estimator.intercept_.size)
    if hasattr(estimator, "coef_"):
        return int(estimator.coef_.size + getattr(estimator.intercept_, "size", 1))
    return 0 if isinstance(estimator, BaseEstimator) and hasattr(estimator, "transform") else None


def count_macs(estimator: Any, X: Any) -> float | None:
    """Count the MACs of a fitted estimator per sample, as the mean over some samples.

    Matrix products and feature extraction are counted; activations, sorting and memory traffic are not. For a
    hierarchy, each member is counted only on the samples on which it is evaluated.

    Parameters
    ----------
    estimator : estimator
        As for :func:`count_parameters`; of a transformer with a method ``macs_per_row()``, its return value is used.
    X : array-like of shape (n_samples, n_features)
        Samples.

    Returns
    -------
    float or None
        None if a part cannot be counted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr.evaluation import count_macs
    >>> X, y = load_iris(return_X_y=True)
    >>> count_macs(LogisticRegression(max_iter=1000).fit(X, y), X)
    12.0
    """
    if isinstance(estimator, HierarchicalEnsembleClassifier):
        return macs_of_members(estimator, estimator.route_counts(X), X)
    if isinstance(estimator, Pipeline):
        return _pipeline_macs(estimator, X)
    parts = _parts(estimator)
    if parts:
        return _sum(count_macs(part, X) for part in parts)
    return next((float(count(estimator)) for name, count in _COUNTED.items() if hasattr(estimator, name)), None)


def macs_of_members(hierarchy: HierarchicalEnsembleClassifier, route_counts: Mapping[str, int], X: Any) -> float | None:
    """Return the mean MACs per sample of a hierarchy whose members are evaluated on given numbers of samples.

    Parameters
    ----------
    hierarchy : HierarchicalEnsembleClassifier
        Fitted.
    route_counts : mapping of str to int
        Number of samples on which each member is evaluated.
    X : array-like of shape (n_samples, n_features)
        Samples.

    Returns
    -------
    float or None
        None if a member that is evaluated cannot be counted.
    """
    costs = []
    one = np.asarray(X)[:1] if hasattr(X, "columns") else X[:1]  # members of a hierarchy are fitted on arrays
    for name, count in route_counts.items():
        if count:
            cost = count_macs(hierarchy.members_[name], one)
            costs.append(None if cost is None else cost * count / len(X))
    return _sum(costs)


_COUNTED: dict[str, Callable[[Any], float]] = {
    "macs_per_row": lambda transformer: transformer.macs_per_row(),
    "coefs_": lambda mlp: sum(weights.size for weights in mlp.coefs_),
    "support_vectors_": lambda svm: svm.support_vectors_.size + svm.dual_coef_.size,
    "explained_variance_": lambda pca: pca.components_.size,
    "coef_": lambda linear: linear.coef_.size,
    "scale_": lambda scaler: 0 if scaler.scale_ is None else len(scaler.scale_),
}


def _parts(estimator: Any) -> list[Any]:
    """Return the fitted estimators that a composite is made of; none for other estimators."""
    if isinstance(estimator, HierarchicalEnsembleClassifier):
        return list(estimator.members_.values())
    return children(estimator)


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


def _sum(costs: Iterable[float | None]) -> float | None:
    known = list(costs)
    return None if None in known else float(sum(cost for cost in known if cost is not None))
