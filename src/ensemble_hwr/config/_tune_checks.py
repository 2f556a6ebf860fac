"""Checks of search spaces against the members they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._errors import did_you_mean, first_message, setting_error, shorten
from ensemble_hwr.config._estimators import TRANSFORMER, check_parameters, find_class
from ensemble_hwr.config.data_schema import MemberExtra
from ensemble_hwr.config.schema import (
    DEFAULT_AUGMENTATION,
    NO_AUGMENTATION,
    PIXELS,
    AugmentationSection,
    ExperimentConfig,
    member_of,
    step_named,
    views_searched,
)
from ensemble_hwr.config.search_space import WHOLE, Choices, Entry, entries

EXTRA_SEARCHED = ("generated", "writers", "per_class", "random_state")
Errors = Iterator[InitErrorDetails]


def tune_errors(config: ExperimentConfig) -> Errors:
    """Find settings that a member does not have, and values that are invalid for it."""
    if config.tune is None:
        return
    for name, space in config.tune.spaces.items():
        places = {dotted: keys for dotted, keys, _ in entries((config.tune.__pydantic_extra__ or {})[name])}
        for setting, entry in space.items():
            where = ("tune", name, *places[setting])
            if name == WHOLE:
                yield from _whole_errors(config, setting, entry, where)
            else:
                yield from _member_errors(config, name, setting, entry, where)


def _whole_errors(config: ExperimentConfig, setting: str, entry: Entry, where: tuple[str, ...]) -> Errors:
    section = config.hierarchy
    if setting not in type(section).model_fields:
        yield setting_error(
            where, f"[hierarchy] has no such key; {did_you_mean(setting, type(section).model_fields)}", entry
        )
        return
    whole = section.model_dump()
    yield from _first_invalid(entry, lambda value: type(section).model_validate({**whole, setting: value}), where)


def _member_errors(config: ExperimentConfig, name: str, setting: str, entry: Entry, where: tuple[str, ...]) -> Errors:
    head, *rest = setting.split(".")
    if head == "view" and rest:
        yield from _step_errors(config, name, rest, entry, where)
    elif head == "augmentation" and rest:
        yield from _augmentation_errors(config, name, rest, entry, where)
    elif head == "extra":
        yield from _extra_errors(config, name, rest, entry, where)
    elif head in ("view", "augmentation"):
        always = [PIXELS] if head == "view" else [NO_AUGMENTATION, DEFAULT_AUGMENTATION]
        known = [*always, *getattr(config, f"{head}s")]
        if not isinstance(entry, Choices):
            yield setting_error(where, f"write a list of {head}s by name", None)
            return
        for value in entry.choices:
            if value not in known:
                yield setting_error(where, f"there is no {head} {value!r}; {did_you_mean(str(value), known)}", value)
    elif rest or head == "params":
        yield setting_error(where, f"write {(rest or ['alpha'])[-1]} alone, without a prefix", setting)
    else:
        member = member_of(config, name)
        whole = member.model_dump()

        def check(value: Any) -> None:
            type(member).model_validate({**whole, "params": {**member.params, setting: value}})

        yield from _first_invalid(entry, check, where)


def _first_invalid(entry: Entry, check: Callable[[Any], Any], where: tuple[str, ...]) -> Errors:
    """Yield the error of the first of an entry's extreme values that fails a check."""
    for value in entry.probes():
        try:
            check(value)
        except ValidationError as error:
            yield setting_error(where, f"{shorten(value)} is invalid: {first_message(error)}", value)
            return


def _step_errors(config: ExperimentConfig, name: str, rest: list[str], entry: Entry, where: tuple[str, ...]) -> Errors:
    views = views_searched(config, name)
    if len(rest) != 2:
        yield setting_error(where, "write view.STEP.PARAMETER, such as view.gradient.grid", None)
        return
    use, param = rest
    steps = [step for view in views if (step := step_named(config, view, use)) is not None]
    if not steps:
        named = {
            step.use.rpartition(".")[2] for view in views if view in config.views for step in config.views[view].steps
        }
        yield setting_error(where, f"no view of this member has a step {use!r}; {did_you_mean(use, named)}", use)
        return
    for value in entry.probes():
        for _, text, got in check_parameters(find_class(steps[0].use, TRANSFORMER), {**steps[0].params, param: value}):
            yield setting_error(where, f"{shorten(value)} is invalid: {text}", got)
            return


def _augmentation_errors(
    config: ExperimentConfig, name: str, rest: list[str], entry: Entry, where: tuple[str, ...]
) -> Errors:
    space = {} if config.tune is None else config.tune.spaces[name]
    if len(rest) != 1:
        yield setting_error(where, "write augmentation.PARAMETER, such as augmentation.rotation", None)
    elif "augmentation" not in space and member_of(config, name).augmentation == NO_AUGMENTATION:
        yield setting_error(where, "this member has no augmentation; give it one, such as 'default'", None)
    else:
        yield from _first_invalid(entry, lambda value: AugmentationSection.model_validate({rest[0]: value}), where)


def _extra_errors(config: ExperimentConfig, name: str, rest: list[str], entry: Entry, where: tuple[str, ...]) -> Errors:
    if len(rest) != 1 or rest[0] not in EXTRA_SEARCHED:
        yield setting_error(where, f"write one of extra.{', extra.'.join(EXTRA_SEARCHED)}", None)
        return
    base = (member_of(config, name).extra or MemberExtra()).model_dump()
    yield from _first_invalid(entry, lambda value: MemberExtra.model_validate({**base, rest[0]: value}), where)
