"""Build estimators from a config: views, members, the hierarchical ensemble and the contenders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import Pipeline, make_pipeline

from ensemble_hwr.config._additional_letters import AdditionalLetters, additional_letters
from ensemble_hwr.config._estimators import CLASSIFIER, TRANSFORMER, build, find_class, takes
from ensemble_hwr.config.schema import (
    AUGMENTER,
    DEFAULT_AUGMENTATION,
    FEATURES,
    NO_AUGMENTATION,
    PIXELS,
    AugmentationSection,
    ExperimentConfig,
    HierarchySection,
    MemberSection,
)
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.hierarchy import NamedSets, batches, resolve_confusables, resolve_groups
from ensemble_hwr.preprocessing import AugmentedClassifier

Sources = Sequence[str | None]
CHEAP = "flat_macs_cheap"


def build_view(config: ExperimentConfig, name: str) -> BaseEstimator | str:
    """Build the transformer of a view.

    Parameters
    ----------
    config : ExperimentConfig
    name : str
        Name of a view of the config, or ``"pixels"``.

    Returns
    -------
    transformer or "passthrough"
        Not fitted; ``"passthrough"`` for ``"pixels"``.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.config.building import build_view
    >>> build_view(load_demo(), "pixels")
    'passthrough'
    """
    if name == PIXELS:
        return "passthrough"
    steps = [build(step.use, step.params, TRANSFORMER) for step in config.views[name].steps]
    return steps[0] if len(steps) == 1 else make_pipeline(*steps)


def build_member(config: ExperimentConfig, member: MemberSection) -> BaseEstimator:
    """Build the estimator of a member or contender with its view and augmentation.

    Parameters
    ----------
    config : ExperimentConfig
        The config that declares the views and augmentations.
    member : MemberSection
        A section such as ``config.router``, ``config.flat`` or ``config.contenders["knn"]``.

    Returns
    -------
    estimator
        Not fitted.

        * An estimator with parameters ``features`` and ``augmenter``, such as
          :class:`~ensemble_hwr.ensemble.AugmentedMLPClassifier`, gets the view and the augmentation as these
          parameters.
        * For any other, the view is the first step of a Pipeline, and the augmentation an
          :class:`~ensemble_hwr.preprocessing.AugmentedClassifier` around it, so rows are varied before features are
          computed. It also adds the additional letters of the member.
        * A member with several views is a soft VotingClassifier with one such estimator per view.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.config.building import build_member
    >>> config = load_demo(["router={ estimator = 'augmented_mlp', view = 'coarse', augmentation = 'default' }"])
    >>> build_member(config, config.router)
    AugmentedMLPClassifier(augmenter=Augmenter(), features=GradientFeatures(grid=5))
    """
    if member.views:
        voters = [member.model_copy(update={"view": name, "views": ()}) for name in member.views]
        return VotingClassifier(
            [(f"view{i}", build_member(config, voter)) for i, voter in enumerate(voters)], voting="soft"
        )
    found = find_class(member.estimator, CLASSIFIER)
    augmentation = _augmentation(config, member.augmentation)
    slots: dict[str, Any] = {}
    if member.view != PIXELS and takes(found, FEATURES):
        slots[FEATURES] = build_view(config, member.view)
    if augmentation is not None and takes(found, AUGMENTER):
        slots[AUGMENTER] = augmentation.augmenter()
    estimator = build(member.estimator, {**member.params, **slots})
    if member.view != PIXELS and FEATURES not in slots:
        estimator = Pipeline([("view", build_view(config, member.view)), ("classify", estimator)])
    extra = _additional(config, member)
    if augmentation is not None and AUGMENTER not in slots:
        return AugmentedClassifier(
            estimator,
            augmentation.augmenter(),
            copies=augmentation.copies,
            include_original=augmentation.include_original,
            extra=extra,
        )
    return estimator if extra is None else AugmentedClassifier(estimator, copies=0, extra=extra)


def build_hierarchy(
    config: ExperimentConfig, classes: Sequence[Any], *, sources: Sources | None = None, n_jobs: int | None = None
) -> HierarchicalEnsembleClassifier:
    """Build the hierarchical ensemble of a config.

    Parameters
    ----------
    config : ExperimentConfig
    classes : sequence of str
        Class labels of the training part.
    sources : sequence of str or None, optional
        Source of each training letter; required if ``hierarchy.cv`` is a list of sources.
    n_jobs : int, optional
        Number of processes in which members are fitted.

    Returns
    -------
    HierarchicalEnsembleClassifier
        Not fitted.

    Raises
    ------
    ConfigError
        If ``members`` has a name that the groups or confusable sets do not make, or ``hierarchy.cv`` a source
        without training letters.
    HierarchyError
        If the groups or confusable sets do not fit the classes.

    Examples
    --------
    >>> from ensemble_hwr.config import build_hierarchy, load_demo
    >>> build_hierarchy(load_demo(), ["A", "B", "C", "D", "O", "P", "U", "V", "W"]).cv
    0.2
    """
    section = config.hierarchy
    return HierarchicalEnsembleClassifier(
        build_member(config, config.router),
        _role(config, "specialist", declared_groups(config, classes)),
        _role(config, "expert", declared_confusables(config, classes)),
        groups=section.groups,
        group_size=section.group_size,
        confusables=None if section.confusables == "none" else section.confusables,
        max_confusables=section.max_confusables,
        router_target=section.router_target,
        routing=section.routing,
        trust=section.trust,
        cv=_trust_folds(section, sources),
        min_mass=section.min_mass,
        confidence_threshold=section.confidence_threshold,
        calibration=None if section.calibration == "none" else section.calibration,
        n_jobs=n_jobs,
    )


def views_of_hierarchy(config: ExperimentConfig) -> dict[str, BaseEstimator | str]:
    """Build all views of the members of the hierarchy.

    Parameters
    ----------
    config : ExperimentConfig

    Returns
    -------
    dict of str to transformer or "passthrough"
        By name, not fitted.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.config.building import views_of_hierarchy
    >>> list(views_of_hierarchy(load_demo()))
    ['coarse', 'fine']
    """
    has_experts = config.hierarchy.confusables != "none"
    roles = [config.router, config.specialist, *([config.expert] if has_experts else [])]
    names = [name for member in roles for name in member.views or (member.view,)]
    names += [
        name
        for change in config.members.values()
        for name in change.views or (() if change.view is None else (change.view,))
    ]
    return {name: build_view(config, name) for name in dict.fromkeys(names)}


def build_contenders(
    config: ExperimentConfig, classes: Sequence[Any], *, sources: Sources | None = None
) -> dict[str, Any]:
    """Build the contenders of a comparison, in the order of the config.

    Parameters
    ----------
    config : ExperimentConfig
    classes : sequence of str
        Class labels of the training part.
    sources : sequence of str or None, optional
        Source of each training letter; required if ``hierarchy.cv`` is a list of sources.

    Returns
    -------
    dict of str to estimator
        As :func:`~ensemble_hwr.evaluation.compare` takes them.

    Raises
    ------
    ConfigError, HierarchyError
        As `build_hierarchy` raises them.

    Examples
    --------
    >>> from ensemble_hwr.config import build_contenders, load_demo
    >>> list(build_contenders(load_demo(), ["A", "B", "C", "D", "O", "P", "U", "V", "W"]))[:3]
    ['baseline', 'logreg', 'flat']
    """
    return {name: build_contender(config, name, classes, sources=sources) for name in config.compare.contenders}


def build_contender(
    config: ExperimentConfig,
    name: str,
    classes: Sequence[Any],
    *,
    sources: Sources | None = None,
    n_jobs: int | None = None,
) -> Any:
    """Build one contender, also one that is not in ``compare.contenders``.

    Parameters
    ----------
    config : ExperimentConfig
    name : str
        A standard contender, or a key of ``contenders``.
    classes : sequence of str
        Class labels of the training part.
    sources : sequence of str or None, optional
        Source of each training letter; required if ``hierarchy.cv`` is a list of sources.
    n_jobs : int, optional
        Number of processes in which the members of a hierarchy are fitted.

    Returns
    -------
    estimator, EqualParameters or EqualMacs
        Not fitted.

    Raises
    ------
    ConfigError
        If a flat contender or ``committee`` is requested without an MLP to scale.
    """
    from ensemble_hwr.evaluation.contenders import baseline, logistic_regression, standard_contenders, top_down

    if name in config.contenders:
        return build_member(config, config.contenders[name])
    if name == "baseline":
        return baseline()
    template = build_member(config, config.router if config.flat is None else config.flat)
    if name == "logreg":
        return logistic_regression(template)
    hierarchy = build_hierarchy(config, classes, sources=sources, n_jobs=n_jobs)
    if name == "hierarchical":
        return hierarchy
    if name == "top_down":
        return top_down(hierarchy)
    contender = standard_contenders(hierarchy, views=_views_of_committee(config), flat=template)[name]
    return replace(contender, views=tuple(views_of_hierarchy(config).values())) if name == CHEAP else contender


def _views_of_committee(config: ExperimentConfig) -> list[BaseEstimator | str]:
    if config.compare.committee_views is None:
        return list(views_of_hierarchy(config).values())
    return [build_view(config, name) for name in config.compare.committee_views]


def declared_groups(config: ExperimentConfig, classes: Sequence[Any]) -> NamedSets | None:
    """Return the groups of the hierarchy.

    Parameters
    ----------
    config : ExperimentConfig
    classes : sequence of str
        Class labels of the training part.

    Returns
    -------
    dict of str to list, or None
        Classes by group name; None if the groups are derived from the data.
    """
    section = config.hierarchy
    if section.groups == "derived":
        return None
    labels = np.unique(np.asarray(classes))
    return (
        batches(labels, section.group_size) if section.groups == "batches" else resolve_groups(section.groups, labels)
    )


def declared_confusables(config: ExperimentConfig, classes: Sequence[Any]) -> NamedSets | None:
    """Return the confusable sets of the hierarchy.

    Parameters
    ----------
    config : ExperimentConfig
    classes : sequence of str
        Class labels of the training part.

    Returns
    -------
    dict of str to list, or None
        Classes by name of the set; None if the sets are derived from the data.
    """
    declared = config.hierarchy.confusables
    if declared == "none":
        return {}
    return None if declared == "derived" else resolve_confusables(declared, np.unique(np.asarray(classes)))


def _additional(config: ExperimentConfig, member: MemberSection) -> AdditionalLetters | None:
    if member.extra is None or member.extra.is_empty:
        return None
    return additional_letters(member.extra, format=config.data.format, normalizer=config.normalizer)


def _augmentation(config: ExperimentConfig, name: str) -> AugmentationSection | None:
    if name == NO_AUGMENTATION:
        return None
    return AugmentationSection() if name == DEFAULT_AUGMENTATION else config.augmentations[name]


def _trust_folds(section: HierarchySection, sources: Sources | None) -> Any:
    """Return ``cv`` of the hierarchy; for a list of sources, a split with one fold per source.

    Letters of other sources are in the training part of every fold.
    """
    if not isinstance(section.cv, tuple):
        return section.cv
    source = np.array([] if sources is None else [name or "" for name in sources])
    missing = [name for name in section.cv if name not in source]
    if missing:
        known = ", ".join(repr(name) for name in sorted(set(source.tolist()) - {""})) or "none"
        raise ConfigError(f"hierarchy.cv: there is no training letter of source {missing[0]!r}; sources: {known}")
    fold = np.full(len(source), -1)
    for number, name in enumerate(section.cv):
        fold[source == name] = number
    return PredefinedSplit(fold)


def _role(config: ExperimentConfig, role: str, sets: NamedSets | None) -> BaseEstimator | dict[str, BaseEstimator]:
    """Build the estimator of a role, or one estimator per set if `members` changes some of them."""
    template: MemberSection = getattr(config, role)
    changes = {name.partition(":")[2]: change for name, change in config.members.items() if name.startswith(f"{role}:")}
    if not changes:
        return build_member(config, template)
    if sets is None:
        raise ConfigError(
            f'members."{role}:{next(iter(changes))}": the sets are derived from the data, so their names are not '
            f"known beforehand; declare the sets in [hierarchy], or change [{role}]"
        )
    unknown = [name for name in changes if name not in sets]
    if unknown:
        known = ", ".join(f"{role}:{name}" for name in sets) or "none"
        raise ConfigError(f'members."{role}:{unknown[0]}": there is no such member; allowed: {known}')
    members = {name: changes[name].applied_to(template) if name in changes else template for name in sets}
    return {name: build_member(config, member) for name, member in members.items()}
