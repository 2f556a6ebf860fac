"""Whether what is searched for fits the members that are to have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._estimators import TRANSFORMER, check_parameters, find_class
from ensemble_hwr.config._problems import did_you_mean, problem, shorten
from ensemble_hwr.config._slots import DEFAULT_AUGMENTATION, NO_AUGMENTATION, PIXELS
from ensemble_hwr.config._space_schema import Choices, Entry, entries
from ensemble_hwr.config._tune_schema import WHOLE

if TYPE_CHECKING:
    from ensemble_hwr.config._schema import ExperimentConfig, Member, Step

EXTRA_SEARCHED = ("generated", "writers", "per_class", "random_state")
Found = Iterator[InitErrorDetails]


def tune_problems(config: ExperimentConfig) -> Found:
    """Find settings that a member does not have, and values that it would refuse."""
    if config.tune is None:
        return
    for name, space in config.tune.spaces.items():
        places = {dotted: keys for dotted, keys, _ in entries((config.tune.__pydantic_extra__ or {})[name])}
        for setting, entry in space.items():
            where = ("tune", name, *places[setting])
            if name == WHOLE:
                yield from _whole_problems(config, setting, entry, where)
            else:
                yield from _member_problems(config, name, setting, entry, where)


def member_of(config: ExperimentConfig, name: str) -> Member:
    """Return what a config says of a member or of a whole role."""
    role = name.partition(":")[0]
    template: Member = getattr(config, role)
    change = config.members.get(name)
    return template if change is None else change.applied_to(template)


def step_named(config: ExperimentConfig, view: str, use: str) -> Step | None:
    """Return the step of a view that goes by a name, the last part of an import path included."""
    steps = () if view == PIXELS or view not in config.views else config.views[view].steps
    return next((step for step in steps if step.use.rpartition(".")[2] == use), None)


def views_searched(config: ExperimentConfig, name: str) -> list[str]:
    """Return the views that a member may end up with."""
    space = {} if config.tune is None else config.tune.spaces.get(name, {})
    entry = space.get("view")
    return list(entry.choices) if isinstance(entry, Choices) else [member_of(config, name).view]


def _whole_problems(config: ExperimentConfig, setting: str, entry: Entry, where: tuple[str, ...]) -> Found:
    section = config.hierarchy
    if setting not in type(section).model_fields:
        yield problem(where, f"[hierarchy] has no such key; {did_you_mean(setting, type(section).model_fields)}", entry)
        return
    for value in entry.probes():
        try:
            type(section).model_validate({**section.model_dump(), setting: value})
        except ValidationError as error:
            yield problem(where, error.errors(include_url=False)[0]["msg"], value)
            return


def _member_problems(config: ExperimentConfig, name: str, setting: str, entry: Entry, where: tuple[str, ...]) -> Found:
    head, *rest = setting.split(".")
    if head == "view" and rest:
        yield from _step_problems(config, name, rest, entry, where)
    elif head == "augmentation" and rest:
        yield from _augmentation_problems(config, name, rest, entry, where)
    elif head == "extra":
        yield from _extra_problems(config, name, rest, entry, where)
    elif head in ("view", "augmentation"):
        always = [PIXELS] if head == "view" else [NO_AUGMENTATION, DEFAULT_AUGMENTATION]
        known = [*always, *getattr(config, f"{head}s")]
        if not isinstance(entry, Choices):
            yield problem(where, f"a {head} is chosen by name; write a list of names", None)
            return
        for value in entry.choices:
            if value not in known:
                yield problem(where, f"there is no {head} {value!r}; {did_you_mean(str(value), known)}", value)
    elif rest or head == "params":
        yield problem(where, f"write {(rest or ['alpha'])[-1]} alone: parameters go by their own names", setting)
    else:
        member = member_of(config, name)
        yield from _refused(member, {"params": {**member.params}}, setting, entry, where)


def _refused(member: Member, sections: Mapping[str, Any], setting: str, entry: Entry, where: tuple[str, ...]) -> Found:
    """Ask the member itself about the extremes of what is searched."""
    for value in entry.probes():
        try:
            type(member).model_validate({**member.model_dump(), "params": {**sections["params"], setting: value}})
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            yield problem(where, f"{shorten(value)} will not do: {detail['msg']}", value)
            return


def _step_problems(config: ExperimentConfig, name: str, rest: list[str], entry: Entry, where: tuple[str, ...]) -> Found:
    views = views_searched(config, name)
    if len(rest) != 2:
        yield problem(where, "write view.STEP.PARAMETER, such as view.gradient.grid", None)
        return
    use, param = rest
    steps = [step for view in views if (step := step_named(config, view, use)) is not None]
    if not steps:
        named = {
            step.use.rpartition(".")[2] for view in views if view in config.views for step in config.views[view].steps
        }
        yield problem(where, f"no view of this member has a step {use!r}; {did_you_mean(use, named)}", use)
        return
    for value in entry.probes():
        for _, text, got in check_parameters(find_class(steps[0].use, TRANSFORMER), {**steps[0].params, param: value}):
            yield problem(where, f"{shorten(value)} will not do: {text}", got)
            return


def _augmentation_problems(
    config: ExperimentConfig, name: str, rest: list[str], entry: Entry, where: tuple[str, ...]
) -> Found:
    from ensemble_hwr.config._schema import Augmentation

    space = {} if config.tune is None else config.tune.spaces[name]
    if len(rest) != 1:
        yield problem(where, "write augmentation.PARAMETER, such as augmentation.rotation", None)
    elif "augmentation" not in space and member_of(config, name).augmentation == NO_AUGMENTATION:
        yield problem(where, "this member learns from no variations; give it an augmentation, such as 'default'", None)
    else:
        for value in entry.probes():
            try:
                Augmentation.model_validate({rest[0]: value})
            except ValidationError as error:
                text = error.errors(include_url=False)[0]["msg"]
                yield problem(where, f"{shorten(value)} will not do: {text}", value)
                return


def _extra_problems(
    config: ExperimentConfig, name: str, rest: list[str], entry: Entry, where: tuple[str, ...]
) -> Found:
    from ensemble_hwr.config._data_schema import MemberExtra

    if len(rest) != 1 or rest[0] not in EXTRA_SEARCHED:
        yield problem(where, f"write one of extra.{', extra.'.join(EXTRA_SEARCHED)}", None)
        return
    base = member_of(config, name).extra or MemberExtra()
    for value in entry.probes():
        try:
            MemberExtra.model_validate({**base.model_dump(), rest[0]: value})
        except ValidationError as error:
            yield problem(where, f"{shorten(value)} will not do: {error.errors(include_url=False)[0]['msg']}", value)
            return
