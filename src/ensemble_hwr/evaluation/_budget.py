"""How many parameters a hierarchy will have, mostly without teaching it anything."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation._cost import count_parameters
from ensemble_hwr.evaluation._scaling import SCALABLE, innermost
from ensemble_hwr.preprocessing import AugmentedClassifier


def parameters_of(
    hierarchy: HierarchicalEnsembleClassifier, X: NDArray[Any], y: NDArray[Any], **fit: Any
) -> int | None:
    """Count the parameters that a hierarchy has once it is fitted.

    The weights of an MLP are as many after one epoch as after a hundred, and trust is not one of them. So MLPs learn
    for one epoch, without copies, and no trust is learned; other members are fitted. Where groups or confusable sets
    are derived from the data, what the router confuses decides who there is: the hierarchy is fitted in full.

    Parameters
    ----------
    hierarchy : HierarchicalEnsembleClassifier
        Not changed.
    X : ndarray of shape (n_rows, n_features)
        The training rows.
    y : ndarray of shape (n_rows,)
        Their labels.
    **fit
        Keywords of its fit, for a hierarchy that is fitted in full.

    Returns
    -------
    int or None
        None where a member has none that can be counted.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier, HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.evaluation import parameters_of
    >>> X, y = np.random.default_rng(0).random((60, 9)), np.repeat(list("ABCDEF"), 10)
    >>> mlp = MemberMLPClassifier((5,), max_iter=1_000_000)
    >>> parameters_of(HierarchicalEnsembleClassifier(mlp, mlp, groups=["ABC", "DEF"], random_state=0), X, y)
    222
    """
    if any(isinstance(sets, str) and sets == "derived" for sets in (hierarchy.groups, hierarchy.confusables)):
        return count_parameters(clone(hierarchy).fit(X, y, **fit))
    roles = {role: _hasty(getattr(hierarchy, role)) for role in ("router", "specialist", "expert")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return count_parameters(clone(hierarchy).set_params(**roles, trust=1.0).fit(X, y))


def _hasty(estimator: Any) -> Any:
    """Return the estimator, or those of a mapping; an MLP so that it learns for one epoch."""
    if isinstance(estimator, Mapping):
        return {name: _hasty(member) for name, member in estimator.items()}
    if not isinstance(innermost(estimator), SCALABLE):
        return estimator
    if isinstance(estimator, AugmentedClassifier):
        return _hasty(estimator.estimator)
    fresh = clone(estimator)
    if isinstance(estimator, Pipeline):
        name, last = fresh.steps[-1]
        return fresh.set_params(**{name: _hasty(last)})
    return (
        fresh.set_params(max_iter=1, augmenter=None)
        if isinstance(fresh, AugmentedMLPClassifier)
        else fresh.set_params(max_iter=1)
    )
