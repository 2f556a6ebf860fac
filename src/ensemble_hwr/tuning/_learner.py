"""The network within a member, and what it answers while it still learns."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

from ensemble_hwr.ensemble import AugmentedMLPClassifier, MemberMLPClassifier
from ensemble_hwr.preprocessing import AugmentedClassifier

EPOCHS_OF = {MemberMLPClassifier: "max_iter", AugmentedMLPClassifier: "max_iter"}
STOCHASTIC = ("sgd", "adam")


def learner_of(estimator: Any) -> tuple[list[Any], Any]:
    """Return the transformers before the classifier within an estimator, and that classifier.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from ensemble_hwr import MemberMLPClassifier, GradientFeatures
    >>> from ensemble_hwr.tuning._learner import learner_of
    >>> learner_of(make_pipeline(GradientFeatures(), MemberMLPClassifier()))
    ([GradientFeatures()], MemberMLPClassifier())
    """
    if isinstance(estimator, AugmentedClassifier):
        return learner_of(getattr(estimator, "estimator_", estimator.estimator))
    if isinstance(estimator, Pipeline):
        before = [step for _, step in estimator.steps[:-1] if step not in (None, "passthrough")]
        further, learner = learner_of(estimator.steps[-1][1])
        return [*before, *further], learner
    return [], estimator


def parameter_of_epochs(estimator: Any) -> str | None:
    """Return the name of the parameter that says how many epochs a member learns; None where it has none."""
    learner = learner_of(estimator)[1]
    if isinstance(learner, MemberMLPClassifier) and learner.solver not in STOCHASTIC:
        return None
    return next((name for kind, name in EPOCHS_OF.items() if isinstance(learner, kind)), None)


class Onlooker:
    """Asks a member after each epoch about the same rows, whose features are made once.

    Parameters
    ----------
    estimator : classifier
        Being fitted.
    X : array-like of shape (n, n_features)
    """

    def __init__(self, estimator: Any, X: Any) -> None:
        self._estimator = estimator
        self._rows = X
        self._described: Any = None

    def answers(self, network: Any) -> Any:
        """Return the network's probabilities; None where it is not this member's own."""
        transformers, learner = learner_of(self._estimator)
        if learner is not network:
            return None
        if self._described is None:
            described = self._rows
            for transformer in transformers:
                described = transformer.transform(described)
            if isinstance(network, AugmentedMLPClassifier) and network.features_ is not None:
                described = network.features_.transform(described)
            self._described = described
        return (network.mlp_ if isinstance(network, AugmentedMLPClassifier) else network).predict_proba(self._described)
