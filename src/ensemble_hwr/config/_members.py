"""From a config to a member: its estimator, what it sees, and the copies and extra letters it learns from."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from ensemble_hwr.config._estimators import CLASSIFIER, TRANSFORMER, build, find_class, takes
from ensemble_hwr.config._more_letters import MoreLetters, more_letters
from ensemble_hwr.config._schema import Augmentation, ExperimentConfig, Member
from ensemble_hwr.config._slots import AUGMENTER, DEFAULT_AUGMENTATION, FEATURES, NO_AUGMENTATION, PIXELS
from ensemble_hwr.preprocessing import AugmentedClassifier


def build_view(config: ExperimentConfig, name: str) -> BaseEstimator | str:
    """Make the transformer of a view: ``"passthrough"`` for pixels.

    Examples
    --------
    >>> from ensemble_hwr.config import build_view, load_demo
    >>> build_view(load_demo(), "pixels")
    'passthrough'
    """
    if name == PIXELS:
        return "passthrough"
    steps = [build(step.use, step.params, TRANSFORMER) for step in config.views[name].steps]
    return steps[0] if len(steps) == 1 else make_pipeline(*steps)


def build_member(config: ExperimentConfig, member: Member) -> BaseEstimator:
    """Make the estimator of a member or contender, with its view and its augmentation.

    An estimator with a parameter ``features`` or ``augmenter`` is given them there, such as
    :class:`~ensemble_hwr.ensemble.AugmentedMLPClassifier`. Before any other the view is a step of a Pipeline, and around that the
    augmentation is an :class:`~ensemble_hwr.preprocessing.AugmentedClassifier`: rows are varied before they become
    features. Letters of the member's own come in there, too. With several views it is a committee, one such estimator
    for each, whose probabilities are averaged.

    Examples
    --------
    >>> from ensemble_hwr.config import build_member, load_demo
    >>> config = load_demo(["router={ estimator = 'augmented_mlp', view = 'coarse', augmentation = 'default' }"])
    >>> build_member(config, config.router)
    AugmentedMLPClassifier(augmenter=Augmenter(), features=GradientFeatures(grid=5))
    """
    if member.views:
        seats = [member.model_copy(update={"view": name, "views": ()}) for name in member.views]
        return VotingClassifier(
            [(f"view{i}", build_member(config, seat)) for i, seat in enumerate(seats)], voting="soft"
        )
    found = find_class(member.estimator, CLASSIFIER)
    own: dict[str, Any] = {}
    if member.view != PIXELS and takes(found, FEATURES):
        own[FEATURES] = build_view(config, member.view)
    if member.augmentation != NO_AUGMENTATION and takes(found, AUGMENTER):
        own[AUGMENTER] = _augmentation(config, member.augmentation).augmenter()
    estimator = build(member.estimator, {**member.params, **own})
    if member.view != PIXELS and FEATURES not in own:
        estimator = Pipeline([("view", build_view(config, member.view)), ("classify", estimator)])
    extra = _extra(config, member)
    if member.augmentation != NO_AUGMENTATION and AUGMENTER not in own:
        how = _augmentation(config, member.augmentation)
        return AugmentedClassifier(
            estimator, how.augmenter(), copies=how.copies, include_original=how.include_original, extra=extra
        )
    return estimator if extra is None else AugmentedClassifier(estimator, copies=0, extra=extra)


def _extra(config: ExperimentConfig, member: Member) -> MoreLetters | None:
    if member.extra is None or member.extra.is_empty:
        return None
    return more_letters(member.extra, format=config.data.format, normalizer=config.normalizer)


def _augmentation(config: ExperimentConfig, name: str) -> Augmentation:
    return Augmentation() if name == DEFAULT_AUGMENTATION else config.augmentations[name]
