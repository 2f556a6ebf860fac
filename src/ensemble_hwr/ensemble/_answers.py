"""Fitted classifiers taken apart: what each sees, and the network that follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from ensemble_hwr._typing import IntArray
from ensemble_hwr.ensemble._augmented_mlp import AugmentedMLPClassifier
from ensemble_hwr.ensemble._forward import probabilities
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.ensemble._views import Chain, Step, Views

Answer = Callable[[Views, IntArray | None], Any]


def answer_of(estimator: Any, chain: Chain = ()) -> Answer:
    """Return a function that answers what a classifier's ``predict_proba`` does, of rows in some views.

    Pipelines, committees and what wraps a network are taken apart, so that what they see can be shared; a classifier
    of another kind, or one whose ``predict_proba`` is its own, is asked for that.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    chain : tuple of Step
        What is done to rows before they come to it.
    """
    kind = type(estimator)
    if kind is Pipeline:
        return answer_of(estimator.steps[-1][1], (*chain, *_steps(estimator.steps[:-1])))
    if kind is AugmentedMLPClassifier:
        return answer_of(estimator.mlp_, (*chain, *_taken_apart(estimator.features_)))
    if kind is VotingClassifier and estimator.voting == "soft":
        members = [answer_of(member, chain) for member in estimator.estimators_]
        return _committee(members, estimator._weights_not_none)
    if hasattr(kind, "_answers_by"):
        return answer_of(getattr(estimator, kind._answers_by), chain)
    if _is_network(kind):
        return lambda views, rows: probabilities(estimator, views.see(chain, rows))
    return lambda views, rows: estimator.predict_proba(views.see(chain, rows))


def _committee(members: Sequence[Answer], weights: Sequence[float] | None) -> Answer:
    return lambda views, rows: np.average([answer(views, rows) for answer in members], axis=0, weights=weights)


def _is_network(kind: Any) -> bool:
    """Whether a class answers as scikit-learn's networks or ours do, and not in a way of its own."""
    return issubclass(kind, MLPClassifier) and (
        kind.predict_proba in (MLPClassifier.predict_proba, MemberMLPClassifier.predict_proba)
        and kind._forward_pass_fast is MLPClassifier._forward_pass_fast
    )


def _taken_apart(transformer: Any) -> Chain:
    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return ()
    return _steps(transformer.steps) if type(transformer) is Pipeline else (Step.of(transformer),)


def _steps(named: Sequence[tuple[str, Any]]) -> Chain:
    return tuple(step for _, transformer in named for step in _taken_apart(transformer))
