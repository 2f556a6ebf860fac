"""Change parameters of a config's members, and build the changed members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from numpy.typing import NDArray

from ensemble_hwr.config import ExperimentConfig, build_hierarchy
from ensemble_hwr.config.building import build_member, declared_confusables, declared_groups
from ensemble_hwr.config.data_schema import MemberExtra, Section
from ensemble_hwr.config.schema import (
    AugmentationSection,
    MemberChange,
    ViewSection,
    member_of,
    step_named,
    views_searched,
)
from ensemble_hwr.config.search_space import WHOLE, Choices, Space

ROUTER = "router"
TUNED = "tuned"
_Section = TypeVar("_Section", bound=Section)


@dataclass(frozen=True)
class MemberFactory:
    """Make a member of a config with given parameters.

    Attributes
    ----------
    config : ExperimentConfig
        The config.
    name : str
        Name of the member.
    """

    config: ExperimentConfig
    name: str

    def __call__(self, params: Mapping[str, Any]) -> Any:
        """Return the member, not fitted."""
        config = with_params(self.config, self.name, params) if params else self.config
        return build_member(config, member_of(config, self.name))


@dataclass(frozen=True)
class EnsembleFactory:
    """Make the whole ensemble of a config with given parameters.

    Attributes
    ----------
    config : ExperimentConfig
        The config.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    sources : sequence of str or None, or None
        Source of each training letter, for a config whose ``hierarchy.cv`` names sources.
    """

    config: ExperimentConfig
    classes: NDArray[Any]
    sources: Sequence[str | None] | None = None

    def __call__(self, params: Mapping[str, Any]) -> Any:
        """Return the ensemble, not fitted."""
        config = with_params(self.config, WHOLE, params) if params else self.config
        return build_hierarchy(drop_unknown_members(config, self.classes), self.classes.tolist(), sources=self.sources)


def space_of(config: ExperimentConfig, name: str) -> Space | None:
    """Return the search space of a member, or that of its role; None if neither exists.

    A parameter of a step that only some of the searched views have is searched with these views only.
    """
    spaces = {} if config.tune is None else config.tune.spaces
    key = name if name in spaces else name.partition(":")[0]
    if key not in spaces:
        return None
    space = dict(spaces[key])
    for parameter, entry in space.items():
        head, _, rest = parameter.partition(".")
        alternatives = space.get(head)
        if not rest or not isinstance(alternatives, Choices):
            continue
        if head == "view":
            views = [view for view in views_searched(config, key) if step_named(config, view, rest.partition(".")[0])]
            space[parameter] = entry.model_copy(update={"when": {**entry.when, "view": views}})
        elif head == "augmentation":
            augmented = [choice for choice in alternatives.choices if choice != "none"]
            space[parameter] = entry.model_copy(update={"when": {**entry.when, "augmentation": augmented}})
    return space


def with_params(config: ExperimentConfig, name: str, params: Mapping[str, Any]) -> ExperimentConfig:
    """Return a config with other parameters for one member; only the sections that change are validated.

    Parameters
    ----------
    config : ExperimentConfig
        The config.
    name : str
        ``"router"``, ``"specialist:A-E"``, ``"expert:B/P"``, or ``"hierarchy"`` for the whole ensemble.
    params : mapping of str to object
        As `suggest_params` returns them.

    Returns
    -------
    ExperimentConfig
        A view or an augmentation with other parameters is declared under a new name.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.tuning._params import with_params
    >>> tuned = with_params(load_demo(), "expert:B/P", {"alpha": 0.1, "view.gradient.grid": 6})
    >>> tuned.members["expert:B/P"].view, tuned.views["tuned expert:B/P"].steps[0].params["grid"]
    ('tuned expert:B/P', 6)
    """
    if name == WHOLE:
        return config.model_copy(update={"hierarchy": _updated(config.hierarchy, params)})
    member = member_of(config, name)
    own_name = f"{TUNED} {name}"
    sections: dict[str, Any] = {}
    changes = {key: params[key] for key in ("view", "augmentation") if key in params}
    if of_view := _within("view", params):
        view = _changed_view(config, params.get("view", member.view), of_view)
        sections["views"] = {**config.views, own_name: view}
        changes["view"] = own_name
    if of_augmentation := _within("augmentation", params):
        declared = config.augmentations.get(params.get("augmentation", member.augmentation))
        base = {} if declared is None else declared.model_dump()
        augmentation = AugmentationSection.model_validate({**base, **of_augmentation})
        sections["augmentations"] = {**config.augmentations, own_name: augmentation}
        changes["augmentation"] = own_name
    if of_extra := _within("extra", params):
        changes["extra"] = {**({} if member.extra is None else member.extra.model_dump(exclude_none=True)), **of_extra}
    own_params = {key: value for key, value in params.items() if "." not in key and key not in changes}
    if name == ROUTER:
        sections["router"] = _updated(config.router, changes, own_params)
    else:
        change = _updated(config.members.get(name, MemberChange()), changes, own_params)
        sections["members"] = {**config.members, name: change}
    return config.model_copy(update=sections)


def params_of(config: ExperimentConfig, name: str, space: Space) -> dict[str, Any]:
    """Return the current values of the searched parameters, with the defaults of those that the config does not set."""
    if name == WHOLE:
        return {key: value for key, value in config.hierarchy.model_dump().items() if key in space}
    member = member_of(config, name)
    of_estimator = {key.rpartition("__")[2]: value for key, value in build_member(config, member).get_params().items()}
    values: dict[str, Any] = {}
    for parameter in space:
        head, _, rest = parameter.partition(".")
        if not rest:
            values[parameter] = getattr(member, head) if head in ("view", "augmentation") else of_estimator.get(head)
        elif head == "view":
            use, of_step = rest.split(".")
            step = step_named(config, member.view, use)
            values[parameter] = None if step is None else of_estimator.get(of_step)
        elif head == "extra":
            values[parameter] = getattr(member.extra or MemberExtra(), rest)
        else:
            values[parameter] = of_estimator.get(rest)
    return values


def drop_unknown_members(config: ExperimentConfig, classes: NDArray[Any]) -> ExperimentConfig:
    """Return a config without the members that its groups and confusable sets do not have."""
    labels = classes.tolist()
    sets = {"specialist": declared_groups(config, labels), "expert": declared_confusables(config, labels)}

    def is_known(name: str) -> bool:
        role, _, of = name.partition(":")
        return of in (sets[role] or {})

    known = {name: change for name, change in config.members.items() if is_known(name)}
    return config if len(known) == len(config.members) else config.model_copy(update={"members": known})


def _within(key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters below one key, such as ``view.STEP.PARAMETER``, by the rest of their names."""
    return {name.partition(".")[2]: value for name, value in params.items() if name.startswith(f"{key}.")}


def _updated(section: _Section, changes: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> _Section:
    """Return a section with other values, validated; `params` are added to its table of parameters."""
    values = {**section.model_dump(exclude_unset=True), **changes}
    if params is not None:
        values["params"] = {**values.get("params", {}), **params}
    return type(section).model_validate(values)


def _changed_view(config: ExperimentConfig, base: str, changes: Mapping[str, Any]) -> ViewSection:
    """Return a view with other parameters of some steps."""
    declared = config.views[base].steps
    steps = [step.model_dump() for step in declared]
    for name, value in changes.items():
        use, parameter = name.split(".")
        found = step_named(config, base, use)
        steps[next(i for i, step in enumerate(declared) if step is found)][parameter] = value
    return ViewSection.model_validate({"steps": steps})
