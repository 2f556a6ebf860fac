"""From a config to estimators: the hierarchy and the contenders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ensemble_hwr.config._folds import Sources, trust_cv
from ensemble_hwr.config._members import build_member, build_view
from ensemble_hwr.config._schema import ExperimentConfig, Member
from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.hierarchy import NamedSets, batches, resolve_confusables, resolve_groups


def build_hierarchy(
    config: ExperimentConfig, classes: Sequence[Any], *, sources: Sources | None = None, n_jobs: int | None = None
) -> HierarchicalEnsembleClassifier:
    """Make the hierarchical ensemble of a config.

    Parameters
    ----------
    config : ExperimentConfig
    classes : sequence of str
        The labels there will be.
    sources : sequence of str or None, optional
        Source of each training letter; needed where ``hierarchy.cv`` names sources.
    n_jobs : int, optional
        Processes in which its members are fitted.

    Returns
    -------
    HierarchicalEnsembleClassifier
        Not fitted.

    Raises
    ------
    ConfigError
        When ``members`` names one that the groups or confusable sets do not make, or ``hierarchy.cv`` a source
        that there is not.
    HierarchyError
        When groups or confusable sets do not fit the classes.
    """
    section = config.hierarchy
    confusables = None if section.confusables == "none" else section.confusables
    return HierarchicalEnsembleClassifier(
        build_member(config, config.router),
        _role(config, "specialist", _groups(config, classes)),
        _role(config, "expert", _confusables(confusables, classes)),
        groups=section.groups,
        group_size=section.group_size,
        confusables=confusables,
        max_confusables=section.max_confusables,
        router_target=section.router_target,
        routing=section.routing,
        trust=section.trust,
        cv=trust_cv(section, sources),
        min_mass=section.min_mass,
        confidence_threshold=section.confidence_threshold,
        calibration=None if section.calibration == "none" else section.calibration,
        n_jobs=n_jobs,
    )


def views_of_hierarchy(config: ExperimentConfig) -> dict[str, BaseEstimator | str]:
    """Make every view that a member of the hierarchy may see, by name."""
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
    """Make everyone who takes part in the comparison, in order.

    Parameters
    ----------
    config : ExperimentConfig
    classes : sequence of str
        The labels there will be.
    sources : sequence of str or None, optional
        Source of each training letter; needed where ``hierarchy.cv`` names sources.

    Returns
    -------
    dict of str to estimator
        As :func:`~ensemble_hwr.evaluation.compare` takes them.
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
    """Make one contender, whether or not it takes part in the comparison.

    Parameters
    ----------
    config : ExperimentConfig
    name : str
        A standard contender, or one of the config's own.
    classes : sequence of str
        The labels there will be.
    sources : sequence of str or None, optional
        Source of each training letter; needed where ``hierarchy.cv`` names sources.
    n_jobs : int, optional
        Processes in which members of a hierarchy are fitted.

    Returns
    -------
    estimator or EqualParameters
        Not fitted.

    Raises
    ------
    ConfigError
        When ``flat`` or ``committee`` is wanted, and there is no MLP to scale.
    """
    from ensemble_hwr.evaluation.contenders import baseline, standard_contenders, top_down

    if name in config.contenders:
        return build_member(config, config.contenders[name])
    if name == "baseline":
        return baseline()
    hierarchy = build_hierarchy(config, classes, sources=sources, n_jobs=n_jobs)
    if name == "hierarchical":
        return hierarchy
    if name == "top_down":
        return top_down(hierarchy)
    flat = None if config.flat is None else build_member(config, config.flat)
    return standard_contenders(hierarchy, views=_views_of_committee(config), flat=flat)[name]


def _views_of_committee(config: ExperimentConfig) -> list[BaseEstimator | str]:
    if config.compare.committee_views is None:
        return list(views_of_hierarchy(config).values())
    return [build_view(config, name) for name in config.compare.committee_views]


def _groups(config: ExperimentConfig, classes: Sequence[Any]) -> NamedSets | None:
    section = config.hierarchy
    if section.groups == "derived":
        return None
    labels = np.unique(np.asarray(classes))
    return (
        batches(labels, section.group_size) if section.groups == "batches" else resolve_groups(section.groups, labels)
    )


def _confusables(declared: Any, classes: Sequence[Any]) -> NamedSets | None:
    if declared is None:
        return {}
    return None if declared == "derived" else resolve_confusables(declared, np.unique(np.asarray(classes)))


def _role(config: ExperimentConfig, role: str, sets: NamedSets | None) -> BaseEstimator | dict[str, BaseEstimator]:
    """Make the template of a role, or one estimator for each set where a member differs from it."""
    template: Member = getattr(config, role)
    changes = {name.partition(":")[2]: change for name, change in config.members.items() if name.startswith(f"{role}:")}
    if not changes:
        return build_member(config, template)
    if sets is None:
        raise ConfigError(
            f'members."{role}:{next(iter(changes))}": the sets are derived from the data, so their names are not '
            f"known beforehand; declare them in [hierarchy], or change [{role}] for all."
        )
    unknown = [name for name in changes if name not in sets]
    if unknown:
        known = ", ".join(f"{role}:{name}" for name in sets) or "none"
        raise ConfigError(f'members."{role}:{unknown[0]}": there is no such member; there are: {known}.')
    members = {name: changes[name].applied_to(template) if name in changes else template for name in sets}
    return {name: build_member(config, member) for name, member in members.items()}
