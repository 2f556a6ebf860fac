"""Flat controls are given as many parameters as a hierarchy turned out to have: their hidden layers are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import AugmentedMLPClassifier
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.preprocessing import AugmentedClassifier

SCALABLE = (MLPClassifier, AugmentedMLPClassifier)


@dataclass(frozen=True)
class EqualParameters:
    """A contender that is given as many parameters as another one turned out to have.

    Attributes
    ----------
    template : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, AugmentedClassifier or VotingClassifier of such
        Its hidden layers are scaled, their proportions kept; a committee shares the parameters evenly.
    reference : str
        Name of the contender whose parameters are matched.
    """

    template: BaseEstimator
    reference: str = "hierarchical"

    def __post_init__(self) -> None:
        _check_scalable(self.template)

    def sized(self, n_parameters: int | None, X: NDArray[Any], n_classes: int) -> BaseEstimator:
        """Return the template, scaled.

        Parameters
        ----------
        n_parameters : int or None
            Parameters in all, as the reference has them; None is refused: it has none that can be counted.
        X : ndarray of shape (n_rows, n_features)
            The training rows: features that are learned are fitted on them, to find how many there are.
        n_classes : int
            Number of classes.

        Returns
        -------
        estimator
            An unfitted clone.
        """
        if n_parameters is None:
            raise ConfigError(
                f"it is to have as many parameters as {self.reference!r}, but that one has none that can be counted; "
                "make its members MLPs or leave it out."
            )
        return scale_hidden_layers(self.template, n_parameters, X, n_classes)


def innermost(template: BaseEstimator) -> BaseEstimator:
    """Return the classifier that features lead to and copies are made for.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.evaluation._scaling import innermost
    >>> from ensemble_hwr.preprocessing import AugmentedClassifier
    >>> innermost(AugmentedClassifier(make_pipeline("passthrough", MemberMLPClassifier((9,)))))
    MemberMLPClassifier(hidden_layer_sizes=(9,))
    """
    if isinstance(template, AugmentedClassifier):
        return innermost(template.estimator)
    return innermost(template.steps[-1][1]) if isinstance(template, Pipeline) else template


def seeing(view: Any, template: BaseEstimator) -> BaseEstimator:
    """Return a template that sees a view in place of its own.

    Parameters
    ----------
    view : transformer or "passthrough"
    template : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, or AugmentedClassifier of such

    Returns
    -------
    estimator
        An unfitted clone.

    Examples
    --------
    >>> from ensemble_hwr import AugmentedMLPClassifier, GradientFeatures
    >>> from ensemble_hwr.evaluation._scaling import seeing
    >>> seeing("passthrough", AugmentedMLPClassifier((9,), features=GradientFeatures()))
    AugmentedMLPClassifier(hidden_layer_sizes=(9,))
    """
    if isinstance(template, AugmentedClassifier):
        return clone(template).set_params(estimator=seeing(view, template.estimator))
    if isinstance(template, Pipeline):
        return seeing(view, template.steps[-1][1])
    transformer = None if isinstance(view, str) else clone(view)
    if isinstance(template, AugmentedMLPClassifier):
        return clone(template).set_params(features=transformer)
    return Pipeline([("view", "passthrough" if transformer is None else transformer), ("mlp", clone(template))])


def scale_hidden_layers(estimator: BaseEstimator, n_parameters: int, X: NDArray[Any], n_classes: int) -> BaseEstimator:
    """Scale the hidden layers of an MLP, or of every MLP of a committee, to hold so many parameters in all.

    Parameters
    ----------
    estimator : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, AugmentedClassifier or VotingClassifier of such
        Template; not changed.
    n_parameters : int
        Parameters in all.
    X : ndarray of shape (n_rows, n_features)
        The training rows: features that are learned are fitted on them, to find how many there are.
    n_classes : int
        Number of classes.

    Returns
    -------
    estimator
        An unfitted clone with the nearest number of parameters that whole units allow.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from ensemble_hwr.evaluation import scale_hidden_layers
    >>> scale_hidden_layers(MLPClassifier((10,)), 1_500, np.zeros((1, 20)), n_classes=9).hidden_layer_sizes
    (50,)
    """
    _check_scalable(estimator)
    if isinstance(estimator, VotingClassifier):
        share = n_parameters // len(estimator.estimators)
        members = [(name, scale_hidden_layers(member, share, X, n_classes)) for name, member in estimator.estimators]
        return clone(estimator).set_params(estimators=members)
    if isinstance(estimator, AugmentedClassifier):
        return clone(estimator).set_params(
            estimator=scale_hidden_layers(estimator.estimator, n_parameters, X, n_classes)
        )
    if isinstance(estimator, Pipeline):
        scaled = clone(estimator)
        name, last = scaled.steps[-1]
        if len(estimator) > 1:
            # an MLP only asks how many features there are; what has features of its own may fit them
            needed = X[:1] if isinstance(last, MLPClassifier) else X
            X = clone(estimator[:-1]).fit(X).transform(needed)
        return scaled.set_params(**{name: scale_hidden_layers(last, n_parameters, X, n_classes)})
    if isinstance(estimator, AugmentedMLPClassifier) and estimator.features is not None:
        X = clone(estimator.features).fit(X).transform(X[:1])
    layers = np.atleast_1d(np.asarray(estimator.hidden_layer_sizes))
    sizes = _nearest_sizes(layers, n_parameters, np.shape(X)[1], n_classes)
    return clone(estimator).set_params(hidden_layer_sizes=sizes)


def _check_scalable(template: BaseEstimator) -> None:
    """Refuse what has no hidden layers, before anything is fitted."""
    if isinstance(template, VotingClassifier):
        for _, member in template.estimators:
            _check_scalable(member)
        return
    mlp = innermost(template)
    if not np.size(getattr(mlp, "hidden_layer_sizes", ())):
        raise ConfigError(
            f"a contender of equal parameters is scaled by its hidden layers, and a {type(mlp).__name__} here has "
            "none; give an MLP with one hidden layer or more, a Pipeline that ends in one, or a committee."
        )


def _nearest_sizes(layers: NDArray[Any], n_parameters: int, n_features: int, n_classes: int) -> tuple[int, ...]:
    """Widths in the proportions of `layers` whose MLP has the number of parameters nearest to the one wanted."""
    outputs = 1 if n_classes == 2 else n_classes

    def widths(scale: float) -> tuple[int, ...]:
        return tuple(max(1, round(width * scale)) for width in layers.tolist())

    def parameters(scale: float) -> int:
        sizes = (n_features, *widths(scale), outputs)
        return sum((a + 1) * b for a, b in pairwise(sizes))

    low, high = 0.0, 1.0
    while parameters(high) < n_parameters:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if parameters(middle) < n_parameters else (low, middle)
    return widths(min((low, high), key=lambda scale: abs(parameters(scale) - n_parameters)))
