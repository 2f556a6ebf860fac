"""Equal numbers of parameters: scale the hidden layers of MLPs, and count the parameters of a hierarchy in advance."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from ensemble_hwr._composites import replace_classifier, steps_of, unwrap
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation._cost import count_parameters
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.preprocessing import AugmentedClassifier

SCALABLE = (MLPClassifier, AugmentedMLPClassifier)


@dataclass(frozen=True)
class EqualParameters:
    """A contender that gets as many parameters as another contender has once it is fitted.

    Attributes
    ----------
    template : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, AugmentedClassifier or VotingClassifier
        Its hidden layers are scaled in proportion. Members of a VotingClassifier share the parameters evenly.
    reference : str
        Name of the contender whose number of parameters is matched.

    Raises
    ------
    ConfigError
        If `template` has no hidden layers.

    Examples
    --------
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.evaluation import EqualParameters
    >>> EqualParameters(MemberMLPClassifier((50,)), reference="flat")
    EqualParameters(template=MemberMLPClassifier(hidden_layer_sizes=(50,)), reference='flat')
    """

    template: BaseEstimator
    reference: str = "hierarchical"

    def __post_init__(self) -> None:
        _check_scalable(self.template)

    def sized(self, n_parameters: int | None, X: NDArray[Any], n_classes: int) -> BaseEstimator:
        """Return a clone of the template scaled to a number of parameters.

        Parameters
        ----------
        n_parameters : int or None
            Number of parameters of the reference; None if they cannot be counted, which is an error.
        X : ndarray of shape (n_samples, n_features)
            Training samples; feature extractors are fitted on them, to find the number of features.
        n_classes : int
            Number of classes.

        Returns
        -------
        estimator
            An unfitted clone.

        Raises
        ------
        ConfigError
            If `n_parameters` is None.
        """
        if n_parameters is None:
            raise ConfigError(
                f"it needs the number of parameters of {self.reference!r}, which cannot be counted; "
                "use MLPs as members of that contender, or leave this one out"
            )
        return scale_hidden_layers(self.template, n_parameters, X, n_classes)


def with_view(view: Any, template: BaseEstimator) -> BaseEstimator:
    """Return a clone of a template with a view in place of its own features.

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
    >>> from ensemble_hwr.evaluation.scaling import with_view
    >>> with_view("passthrough", AugmentedMLPClassifier((9,), features=GradientFeatures()))
    AugmentedMLPClassifier(hidden_layer_sizes=(9,))
    """
    if isinstance(template, AugmentedClassifier):
        return clone(template).set_params(estimator=with_view(view, template.estimator))
    if isinstance(template, Pipeline):
        return with_view(view, template.steps[-1][1])
    transformer = None if isinstance(view, str) else clone(view)
    if isinstance(template, AugmentedMLPClassifier):
        return clone(template).set_params(features=transformer)
    return Pipeline([("view", "passthrough" if transformer is None else transformer), ("mlp", clone(template))])


def scale_hidden_layers(estimator: BaseEstimator, n_parameters: int, X: NDArray[Any], n_classes: int) -> BaseEstimator:
    """Scale the hidden layers of an MLP, or of every MLP of a committee, to a total number of parameters.

    Parameters
    ----------
    estimator : MLPClassifier, AugmentedMLPClassifier, Pipeline ending in one, AugmentedClassifier or VotingClassifier
        Template; not changed.
    n_parameters : int
        Total number of weights and intercepts.
    X : ndarray of shape (n_samples, n_features)
        Training samples; feature extractors are fitted on them, to find the number of features.
    n_classes : int
        Number of classes.

    Returns
    -------
    estimator
        An unfitted clone with the nearest number of parameters that integer widths allow.

    Raises
    ------
    ConfigError
        If `estimator` has no hidden layers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from ensemble_hwr.evaluation.scaling import scale_hidden_layers
    >>> scale_hidden_layers(MLPClassifier((10,)), 1_500, np.zeros((1, 20)), n_classes=9).hidden_layer_sizes
    (50,)
    """
    _check_scalable(estimator)
    if isinstance(estimator, VotingClassifier):
        share = n_parameters // len(estimator.estimators)
        members = [(name, scale_hidden_layers(member, share, X, n_classes)) for name, member in estimator.estimators]
        return clone(estimator).set_params(estimators=members)
    transformers, mlp = unwrap(estimator)
    if isinstance(mlp, AugmentedMLPClassifier):
        transformers = [*transformers, *steps_of(mlp.features)]
    if transformers:
        X = make_pipeline(*map(clone, transformers)).fit(X).transform(X[:1])
    layers = np.atleast_1d(np.asarray(mlp.hidden_layer_sizes))
    sizes = _nearest_sizes(layers, n_parameters, np.shape(X)[1], n_classes)
    return replace_classifier(estimator, lambda fresh: fresh.set_params(hidden_layer_sizes=sizes))


def count_parameters_when_fitted(
    hierarchy: HierarchicalEnsembleClassifier, X: NDArray[Any], y: NDArray[Any], **fit_params: Any
) -> int | None:
    """Count the parameters that a hierarchy will have once it is fitted.

    The number of weights of an MLP does not depend on the number of epochs, and trust is no parameter. Therefore MLPs
    are fitted for one epoch without augmentation, and trust is not learned; other members are fitted in full. If groups
    or confusable sets are derived from the data, the hierarchy is fitted in full.

    Parameters
    ----------
    hierarchy : HierarchicalEnsembleClassifier
        Not changed.
    X : ndarray of shape (n_samples, n_features)
        Training samples.
    y : ndarray of shape (n_samples,)
        Labels.
    **fit_params
        Parameters of ``fit``, for a hierarchy that is fitted in full.

    Returns
    -------
    int or None
        None if a member has no parameters that can be counted.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr import MemberMLPClassifier, HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.evaluation.scaling import count_parameters_when_fitted
    >>> X, y = np.random.default_rng(0).random((60, 9)), np.repeat(list("ABCDEF"), 10)
    >>> mlp = MemberMLPClassifier((5,), max_iter=1_000_000)
    >>> hierarchy = HierarchicalEnsembleClassifier(mlp, mlp, groups=["ABC", "DEF"], random_state=0)
    >>> count_parameters_when_fitted(hierarchy, X, y)
    222
    """
    if any(isinstance(sets, str) and sets == "derived" for sets in (hierarchy.groups, hierarchy.confusables)):
        return count_parameters(clone(hierarchy).fit(X, y, **fit_params))
    roles = {role: _for_one_epoch(getattr(hierarchy, role)) for role in ("router", "specialist", "expert")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return count_parameters(clone(hierarchy).set_params(**roles, trust=1.0).fit(X, y))


def _for_one_epoch(estimator: Any) -> Any:
    """Return an estimator, or a mapping of estimators, with MLPs that are fitted for one epoch."""
    if isinstance(estimator, Mapping):
        return {name: _for_one_epoch(member) for name, member in estimator.items()}
    transformers, classifier = unwrap(estimator)
    if not isinstance(classifier, SCALABLE):
        return estimator
    without_copies = {"augmenter": None} if isinstance(classifier, AugmentedMLPClassifier) else {}
    quick = clone(classifier).set_params(max_iter=1, **without_copies)
    return make_pipeline(*map(clone, transformers), quick) if transformers else quick


def _check_scalable(template: BaseEstimator) -> None:
    """Raise ConfigError for a template without hidden layers."""
    if isinstance(template, VotingClassifier):
        for _, member in template.estimators:
            _check_scalable(member)
        return
    _, mlp = unwrap(template)
    if not np.size(getattr(mlp, "hidden_layer_sizes", ())):
        raise ConfigError(
            f"a contender of equal parameters is scaled by its hidden layers, and a {type(mlp).__name__} here has "
            "none; give an MLP with at least one hidden layer, a Pipeline that ends in one, or a committee of them"
        )


def _nearest_sizes(layers: NDArray[Any], n_parameters: int, n_features: int, n_classes: int) -> tuple[int, ...]:
    """Return widths in the proportions of `layers` with the number of parameters nearest to `n_parameters`."""
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
