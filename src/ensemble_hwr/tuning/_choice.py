"""A config with other settings for one of its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.data_schema import MemberExtra
from ensemble_hwr.config.loading import validate
from ensemble_hwr.config.schema import member_of, step_named, views_searched
from ensemble_hwr.config.search_space import WHOLE, Choices, Space

TUNED = "tuned"


def space_of(config: ExperimentConfig, name: str) -> Space | None:
    """Return the space of a member: its own, or its role's; None where nothing is searched for it.

    Settings of a step that only some of the views have are searched with those views alone.
    """
    spaces = {} if config.tune is None else config.tune.spaces
    key = name if name in spaces else name.partition(":")[0]
    if key not in spaces:
        return None
    space = dict(spaces[key])
    for setting, entry in space.items():
        head, _, rest = setting.partition(".")
        named = space.get(head)
        if not rest or not isinstance(named, Choices):
            continue
        if head == "view":
            views = [view for view in views_searched(config, key) if step_named(config, view, rest.partition(".")[0])]
            space[setting] = entry.model_copy(update={"when": {**entry.when, "view": views}})
        elif head == "augmentation":
            varied = [choice for choice in named.choices if choice != "none"]
            space[setting] = entry.model_copy(update={"when": {**entry.when, "augmentation": varied}})
    return space


def with_choice(config: ExperimentConfig, name: str, chosen: Mapping[str, Any]) -> ExperimentConfig:
    """Return a config in which a member has the settings chosen for it.

    Parameters
    ----------
    config : ExperimentConfig
    name : str
        ``"router"``, ``"specialist:A-E"``, ``"expert:B/P"``, or ``"hierarchy"`` for the whole.
    chosen : mapping of str to object
        As `choose` returns it.

    Returns
    -------
    ExperimentConfig
        A view or an augmentation with settings of its own is declared under a name of its own.

    Examples
    --------
    >>> from ensemble_hwr.config import load_demo
    >>> from ensemble_hwr.tuning._choice import with_choice
    >>> tuned = with_choice(load_demo(), "expert:B/P", {"alpha": 0.1, "view.gradient.grid": 6})
    >>> tuned.members["expert:B/P"].view, tuned.views["tuned expert:B/P"].steps[0].params["grid"]
    ('tuned expert:B/P', 6)
    """
    document = config.model_dump(exclude_unset=True)
    if name == WHOLE:
        document["hierarchy"] = {**document.get("hierarchy", {}), **chosen}
        return validate(document, config.name)
    place = document.setdefault("router", {}) if name == "router" else _member(document, name)
    member = member_of(config, name)
    for key in ("view", "augmentation"):
        if key in chosen:
            place[key] = chosen[key]
        own = _within(key, chosen)
        if own:
            base = chosen.get(key, getattr(member, key))
            _declare(document, config, key, own_name=f"{TUNED} {name}", base=base, own=own)
            place[key] = f"{TUNED} {name}"
    more = _within("extra", chosen)
    if more:
        place["extra"] = {**({} if member.extra is None else member.extra.model_dump(exclude_none=True)), **more}
    params = {key: value for key, value in chosen.items() if "." not in key and key not in ("view", "augmentation")}
    place["params"] = {**place.get("params", {}), **params}
    return validate(document, config.name)


def values_of(config: ExperimentConfig, name: str, space: Space) -> dict[str, Any]:
    """Return what a config says now of the settings that are searched; what it leaves to defaults is asked of those."""
    if name == WHOLE:
        return {key: value for key, value in config.hierarchy.model_dump().items() if key in space}
    from ensemble_hwr.config import build_member

    member = member_of(config, name)
    estimator = build_member(config, member)
    params = {key.rpartition("__")[2]: value for key, value in estimator.get_params().items()}
    values: dict[str, Any] = {}
    for setting in space:
        head, _, rest = setting.partition(".")
        if not rest:
            values[setting] = getattr(member, head) if head in ("view", "augmentation") else params.get(head)
        elif head == "view":
            use, param = rest.split(".")
            step = step_named(config, member.view, use)
            values[setting] = None if step is None else params.get(param)
        elif head == "extra":
            values[setting] = getattr(member.extra or MemberExtra(), rest)
        else:
            values[setting] = params.get(rest)
    return values


def _within(key: str, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings within one key, ``view.STEP.PARAMETER`` or ``extra.SETTING``, by the rest of their names."""
    return {name.partition(".")[2]: value for name, value in chosen.items() if name.startswith(f"{key}.")}


def _member(document: dict[str, Any], name: str) -> dict[str, Any]:
    change: dict[str, Any] = document.setdefault("members", {}).setdefault(name, {})
    return change


def _declare(
    document: dict[str, Any], config: ExperimentConfig, key: str, *, own_name: str, base: str, own: Mapping[str, Any]
) -> None:
    """Add a view or an augmentation that differs from its base in some settings."""
    if key == "augmentation":
        declared = config.augmentations.get(base)
        settings = {} if declared is None else declared.model_dump()
        document.setdefault("augmentations", {})[own_name] = {**settings, **own}
        return
    steps = [step.model_dump() for step in config.views[base].steps]
    for setting, value in own.items():
        use, param = setting.split(".")
        found = step_named(config, base, use)
        place = next(i for i, step in enumerate(config.views[base].steps) if step is found)
        steps[place][param] = value
    document.setdefault("views", {})[own_name] = {"steps": steps}
