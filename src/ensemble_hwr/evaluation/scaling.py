"""Equal budgets: scale the hidden layers of MLPs to a number of parameters or of MACs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from ensemble_hwr._composites import replace_classifier, steps_of, unwrap
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation._cost import count_macs, count_parameters
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
    cost: ClassVar[str] = "parameters"

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


@dataclass(frozen=True)
class EqualMacs:
    """A contender that needs as many MACs per sample as another contender needs once it is fitted.

    A hierarchy needs the MACs of its router, and those of each member on the samples on which it is evaluated, features
    included; their mean per sample is matched. No labels are used to count them.

    Attributes
    ----------
    template : MLPClassifier, AugmentedMLPClassifier, Pipeline that ends in one, or AugmentedClassifier of such
        Its hidden layers are scaled in proportion; its features keep their size.
    reference : str
        Name of the contender whose MACs are matched.
    views : tuple of transformer or "passthrough"
        If there are any, the one with the fewest MACs replaces the features of the template.

    Raises
    ------
    ConfigError
        If `template` has no hidden layers.

    Examples
    --------
    >>> from ensemble_hwr import MemberMLPClassifier
    >>> from ensemble_hwr.evaluation.scaling import EqualMacs
    >>> EqualMacs(MemberMLPClassifier((50,)))
    EqualMacs(template=MemberMLPClassifier(hidden_layer_sizes=(50,)), reference='hierarchical', views=())
    """

    template: BaseEstimator
    reference: str = "hierarchical"
    views: tuple[Any, ...] = ()
    cost: ClassVar[str] = "macs"

    def __post_init__(self) -> None:
        if isinstance(self.template, VotingClassifier):
            raise ConfigError("a contender of equal MACs is a single MLP; give one in place of a VotingClassifier")
        _check_scalable(self.template)

    def sized(self, macs: float | None, X: NDArray[Any], n_classes: int) -> BaseEstimator:
        """Return a clone of the template scaled to a number of MACs per sample.

        Parameters
        ----------
        macs : float or None
            MACs per sample of the reference; None if they cannot be counted, which is an error.
        X : ndarray of shape (n_samples, n_features)
            Training samples; feature extractors are fitted on them, to count their MACs.
        n_classes : int
            Number of classes.

        Returns
        -------
        estimator
            An unfitted clone, with the nearest number of MACs that integer widths allow. If the features alone need
            more, every layer has one unit, and a UserWarning is issued.

        Raises
        ------
        ConfigError
            If `macs` is None, or the MACs of the features cannot be counted.
        """
        if macs is None:
            raise ConfigError(
                f"it needs the MACs of {self.reference!r}, which cannot be counted; use MLPs as members of that "
                "contender, or leave this one out"
            )
        template, view_macs, n_features = self._cheapest(X)
        if view_macs >= macs:
            warnings.warn(
                f"the features of an MLP with as many MACs as {self.reference!r} need {view_macs:,.0f} MACs per sample "
                f"alone, of {macs:,.0f}; it has one unit per layer, and its accuracy is no fair comparison",
                stacklevel=2,
            )
        _, mlp = unwrap(template)
        layers = np.atleast_1d(np.asarray(mlp.hidden_layer_sizes))
        sizes = _nearest_sizes(layers, macs - view_macs, n_features, n_classes, _count_products)
        return replace_classifier(template, lambda fresh: fresh.set_params(hidden_layer_sizes=sizes))

    def _cheapest(self, X: NDArray[Any]) -> tuple[BaseEstimator, float, int]:
        """Return the template with the cheapest features, their MACs per sample and their number."""
        templates = [with_view(view, self.template) for view in self.views] or [self.template]
        found = [(template, *_cost_of_features(template, X)) for template in templates]
        return min(found, key=lambda candidate: candidate[1])


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
    _, mlp = unwrap(estimator)
    transformers = features_of(estimator)
    if transformers:
        X = make_pipeline(*map(clone, transformers)).fit(X).transform(X[:1])
    layers = np.atleast_1d(np.asarray(mlp.hidden_layer_sizes))
    sizes = _nearest_sizes(layers, n_parameters, np.shape(X)[1], n_classes, _count_weights)
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


def features_of(estimator: BaseEstimator) -> list[BaseEstimator]:
    """Return the transformers from samples to the input of the network at the end of an estimator, not fitted.

    Examples
    --------
    >>> from ensemble_hwr import AugmentedMLPClassifier, GradientFeatures
    >>> from ensemble_hwr.evaluation.scaling import features_of
    >>> features_of(AugmentedMLPClassifier((9,), features=GradientFeatures()))
    [GradientFeatures()]
    """
    transformers, mlp = unwrap(estimator)
    return [*transformers, *steps_of(mlp.features)] if isinstance(mlp, AugmentedMLPClassifier) else transformers


def _cost_of_features(template: BaseEstimator, X: NDArray[Any]) -> tuple[float, int]:
    """Return the MACs per sample of the features of a template, and the number of features."""
    transformers = features_of(template)
    if not transformers:
        return 0.0, np.shape(X)[1]
    view = make_pipeline(*map(clone, transformers)).fit(X)
    macs = count_macs(view, X[:1])
    if macs is None:
        raise ConfigError("the MACs of its features cannot be counted; use other features, or leave this contender out")
    return macs, np.shape(view.transform(X[:1]))[1]


def _count_weights(sizes: Sequence[int]) -> int:
    return sum((a + 1) * b for a, b in pairwise(sizes))


def _count_products(sizes: Sequence[int]) -> int:
    return sum(a * b for a, b in pairwise(sizes))


def _nearest_sizes(
    layers: NDArray[Any], wanted: float, n_features: int, n_classes: int, count: Callable[[Sequence[int]], int]
) -> tuple[int, ...]:
    """Return widths in the proportions of `layers` whose count is nearest to `wanted`."""
    outputs = 1 if n_classes == 2 else n_classes

    def widths(scale: float) -> tuple[int, ...]:
        return tuple(max(1, round(width * scale)) for width in layers.tolist())

    def counted(scale: float) -> int:
        return count((n_features, *widths(scale), outputs))

    low, high = 0.0, 1.0
    while counted(high) < wanted:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if counted(middle) < wanted else (low, middle)
    return widths(min((low, high), key=lambda scale: abs(counted(scale) - wanted)))
