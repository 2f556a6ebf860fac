"""Parameters of the estimator: protocols for what other modules read of it, and templates of members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags

from ensemble_hwr._sklearn import _VisualBlock
from ensemble_hwr.hierarchy import NamedSets

Templates: TypeAlias = BaseEstimator | Mapping[str, BaseEstimator] | None


class GateSettings(Protocol):
    """Parameters that decide on which rows members are applied."""

    min_mass: float
    confidence_threshold: float
    routing: str


class HierarchySettings(GateSettings, Protocol):
    """Parameters of :class:`~ensemble_hwr.HierarchicalEnsembleClassifier` that its fit reads."""

    router: Any
    specialist: Any
    expert: Any
    groups: Any
    group_size: int | None
    confusables: Any
    max_confusables: int
    router_target: str
    trust: Any
    cv: Any
    calibration: str | None


class FittedEnsemble(GateSettings, Protocol):
    """Fitted attributes of :class:`~ensemble_hwr.HierarchicalEnsembleClassifier` that prediction reads."""

    classes_: NDArray[Any]
    groups_: NamedSets
    subgroups_: NamedSets
    confusables_: NamedSets
    members_: Mapping[str, Any]
    trust_: Mapping[str, float]
    temperature_: float
    _router_target: str


def params_of_mapping(role: str, templates: Templates) -> dict[str, Any]:
    """Return the estimators of a mapping and their parameters, as ``"expert__B/P"`` and ``"expert__B/P__alpha"``.

    Parameters
    ----------
    role : str
        Name of the ensemble's parameter.
    templates : classifier, mapping of str to classifier, or None
        Its value.

    Returns
    -------
    dict of str to object
        Empty if `templates` is no mapping.
    """
    params: dict[str, Any] = {}
    for name, estimator in templates.items() if isinstance(templates, Mapping) else ():
        params[f"{role}__{name}"] = estimator
        if hasattr(estimator, "get_params") and not isinstance(estimator, type):
            params.update((f"{role}__{name}__{key}", value) for key, value in estimator.get_params().items())
    return params


def with_param_of_mapping(role: str, templates: Mapping[str, Any], key: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping with another estimator, or set a parameter of an estimator and return the same mapping.

    Parameters
    ----------
    role : str
        Name of the ensemble's parameter.
    templates : mapping of str to classifier or None
        Its value.
    key : str
        ``"B/P"`` for the estimator, ``"B/P__alpha"`` for a parameter of it.
    value : object
        The estimator, or the value of its parameter.

    Raises
    ------
    ValueError
        If the mapping has no such estimator.
    """
    names = [name for name in templates if key == name or key.startswith(f"{name}__")]
    if not names:
        raise ValueError(f"{role}__{key} is not a parameter; the names in the {role} mapping are {list(templates)}")
    name = max(names, key=len)
    if key == name:
        return {**templates, name: value}
    if templates[name] is None:
        raise ValueError(f"{role}__{key} cannot be set, {role}__{name} is None; set it to an estimator first")
    templates[name].set_params(**{key.removeprefix(f"{name}__"): value})
    return templates


def accept_sparse(*roles: Templates) -> bool:
    """Return whether all given estimators accept sparse rows; the default does."""
    given = [estimator for templates in roles for estimator in _estimators(templates)]
    return all(get_tags(estimator).input_tags.sparse for estimator in given if estimator is not None)


def visual_block(router: BaseEstimator | None, roles: Mapping[str, Templates]) -> _VisualBlock:
    """Return the HTML block of an ensemble: router and templates, side by side.

    Parameters
    ----------
    router : classifier or None
        The router; None is the default.
    roles : mapping of str to templates
        Templates by role.
    """
    named: dict[str, Any] = {"router": router}
    for role, templates in roles.items():
        if isinstance(templates, Mapping):
            named |= {f"{role}:{name}": estimator for name, estimator in templates.items()}
        else:
            named[role] = templates
    shown = ["default MLP" if estimator is None else estimator for estimator in named.values()]
    return _VisualBlock("parallel", shown, names=list(named), dash_wrapped=False)


def _estimators(templates: Templates) -> list[BaseEstimator | None]:
    return list(templates.values()) if isinstance(templates, Mapping) else [templates]
