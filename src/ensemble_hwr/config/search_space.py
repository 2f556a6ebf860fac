"""The section ``[tune]``: how to search, and the search space of each member."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from ensemble_hwr.config._errors import (
    did_you_mean,
    first_message,
    invalid_setting,
    raise_errors,
    setting_error,
    shorten,
)
from ensemble_hwr.config.data_schema import Positive, Section, Seed
from ensemble_hwr.exceptions import ConfigError

MOST = 1e300  # greatest magnitude of a bound
NEG_LOG_LOSS = "neg_log_loss"
WHOLE = "hierarchy"  # the space of the keys of [hierarchy]
TUNABLE = ("router", "specialist", "expert", WHOLE)
DEFAULT_TRIALS = 30
DEPTHS = {"view": 3, "augmentation": 2, "extra": 2}  # of nested settings, such as view.STEP.PARAMETER
ENTRY_KEYS = {"low", "high", "choices", "n", "width"}


def _check_number(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise invalid_setting(f"got {shorten(value)}; it should be a number")


def _check_count(value: Any) -> Any:
    bounds = list(value) if isinstance(value, list | tuple) else [value, value]
    whole = all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds)
    if len(bounds) == 2 and whole and 1 <= bounds[0] <= bounds[1]:
        return tuple(bounds)
    raise invalid_setting(
        f"got {shorten(value)}; allowed: an integer, 1 or more, or minimum and maximum such as [1, 3]"
    )


Number = Annotated[Any, BeforeValidator(_check_number)]


class Range(Section):
    """Numbers from `low` to `high`: integers if both are written without a decimal point."""

    low: Number
    high: Number
    step: Number | None = None
    log: bool = False
    when: dict[str, Any] = {}

    @property
    def is_whole(self) -> bool:
        """Whether the range holds integers only."""
        return all(isinstance(bound, int) for bound in (self.low, self.high))

    def probes(self) -> list[Any]:
        """Return the values with which a setting is checked."""
        return [self.low, self.high]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        raise_errors("range", self._errors())
        return self

    def _errors(self) -> Iterator[InitErrorDetails]:
        if not all(abs(bound) < MOST for bound in (self.low, self.high)):
            yield setting_error((), f"got low = {self.low} and high = {self.high}; both must be finite", self.low)
        elif self.low > self.high:
            yield setting_error(("low",), f"got {self.low}, which is above high = {self.high}; swap them", self.low)
        elif self.log and self.low <= 0:
            yield setting_error(
                ("low",), f"got {self.low} with log = true; a logarithmic scale starts above 0", self.low
            )
        elif self.step is not None:
            yield from self._step_errors(self.step)

    def _step_errors(self, step: Number) -> Iterator[InitErrorDetails]:
        if self.log:
            yield setting_error(("step",), f"got {step} with log = true; choose one of them", step)
        elif not step > 0 or not math.isfinite(step):
            yield setting_error(("step",), f"got {step}; it must be greater than 0", step)
        elif self.is_whole and not isinstance(step, int):
            yield setting_error(("step",), f"got {step} for integers; write an integer, or low = {self.low}.0", step)
        else:
            steps = (self.high - self.low) / step
            if abs(steps - round(steps)) > 1e-9 * max(steps, 1):
                reached = self.low + math.floor(steps) * step
                text = f"got {step}, which does not reach {self.high} from {self.low}; write high = {reached:g}"
                yield setting_error(("step",), text, step)


class Choices(Section):
    """A categorical setting: one of several values."""

    choices: Annotated[tuple[Any, ...], Field(strict=False, min_length=1)]
    when: dict[str, Any] = {}

    def probes(self) -> list[Any]:
        """Return every choice."""
        return list(self.choices)

    @model_validator(mode="after")
    def _storable(self) -> Self:
        raise_errors("choices", self._errors())
        return self

    def _errors(self) -> Iterator[InitErrorDetails]:
        seen: list[str] = []
        for i, choice in enumerate(self.choices):
            text = as_text(choice)
            if text is None:
                allowed = "strings, finite numbers, booleans, lists and tables of them"
                message = f"got {shorten(choice)}, which cannot be stored in a study; allowed: {allowed}"
                yield setting_error(("choices", i), message, choice)
            elif text in seen:
                yield setting_error(("choices", i), f"{shorten(choice)} is in the list twice", choice)
            seen.append(text or "")


def _check_width(value: Any) -> Any:
    entry = parse_entry(value)
    if isinstance(entry, Layers):
        raise invalid_setting("got nested layers; write a range or a list of choices")
    if entry.when:
        raise invalid_setting("got a condition; write it next to n")
    odd = [probe for probe in entry.probes() if not isinstance(probe, int) or isinstance(probe, bool) or probe < 1]
    if odd:
        raise invalid_setting(f"got {shorten(odd[0])}; a width is an integer, 1 or more")
    return entry


class Layers(Section):
    """Hidden layer sizes: `n` layers, each with its own `width`; only the widths of existing layers are searched."""

    n: Annotated[Any, BeforeValidator(_check_count)]
    width: Annotated[Any, BeforeValidator(_check_width)]
    when: dict[str, Any] = {}

    def probes(self) -> list[Any]:
        """Return the smallest and the largest network."""
        fewest, most = self.n
        widths = self.width.probes()
        return [[widths[0]] * fewest, [widths[-1]] * most]


Entry = Range | Choices | Layers
Space = dict[str, Entry]


def as_text(value: Any) -> str | None:
    """Return a value as JSON; None if JSON cannot represent it."""
    if isinstance(value, datetime.date | datetime.time):
        return None
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return None


def entries(table: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Iterate over the settings of a space: dotted name, keys of the path, entry as written.

    Examples
    --------
    >>> from ensemble_hwr.config.search_space import entries
    >>> list(entries({"alpha": [0.1], "view": {"gradient": {"grid": [5, 7]}}}))
    [('alpha', ('alpha',), [0.1]), ('view.gradient.grid', ('view', 'gradient', 'grid'), [5, 7])]
    """
    for key, raw in table.items():
        if key in DEPTHS and isinstance(raw, Mapping) and not ENTRY_KEYS & set(raw):
            yield from _below((key,), raw)
        else:
            yield key, (key,), raw


def _below(keys: tuple[str, ...], raw: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    depth = DEPTHS[keys[0]]
    for key, value in raw.items():
        here = (*keys, key)
        if len(here) < depth and isinstance(value, Mapping):
            yield from _below(here, value)
        else:
            yield ".".join(here), here, value


def parse_entry(raw: Any) -> Entry:
    """Parse the entry of one setting in a search space.

    Parameters
    ----------
    raw : object
        A list of choices, or a table for a range, choices or layers.

    Returns
    -------
    Range, Choices or Layers

    Raises
    ------
    pydantic.ValidationError
        If the entry is invalid.

    Examples
    --------
    >>> from ensemble_hwr.config.search_space import parse_entry
    >>> parse_entry(["relu", "tanh"])
    Choices(choices=('relu', 'tanh'), when={})
    >>> parse_entry({"low": 1e-5, "high": 0.1, "log": True}).is_whole
    False
    """
    if isinstance(raw, list | tuple):
        return Choices(choices=tuple(raw))
    if not isinstance(raw, Mapping):
        text = (
            f"got {shorten(raw)}; write a range {{ low = 1, high = 9 }}, a list of choices, or layers "
            "{ n = [1, 3], width = { low = 16, high = 256 } }; write a fixed value in the section of the member"
        )
        raise ValidationError.from_exception_data("space", [setting_error((), text, raw)])
    kind = Choices if "choices" in raw else Layers if {"n", "width"} & set(raw) else Range
    return kind.model_validate(dict(raw))


def read_entry(name: str, raw: Any) -> Entry:
    """Parse the entry of one setting that is not from a config file.

    Parameters
    ----------
    name : str
        Name of the setting, for messages.
    raw : object
        As `parse_entry` takes it.

    Returns
    -------
    Range, Choices or Layers

    Raises
    ------
    ConfigError
        If the entry is invalid.
    """
    try:
        return parse_entry(raw)
    except ValidationError as error:
        location = error.errors(include_url=False)[0]["loc"]
        where = ".".join(str(part) for part in (name, *location))
        raise ConfigError(f"space: {where}: {first_message(error)}") from None


def _check_scoring(name: str) -> str:
    from sklearn.metrics import get_scorer_names

    if name not in get_scorer_names():
        raise invalid_setting(
            f"got {name!r}; allowed: the name of a scikit-learn scorer, such as 'neg_log_loss' or 'balanced_accuracy'"
        )
    return name


class TuneSection(BaseModel):
    """How to search for settings; every other key is a member, with its search space."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    folds: Annotated[int, Field(ge=2)] = 3
    by: Literal["auto", "sample", "writer", "source"] = "auto"
    scoring: Annotated[str, AfterValidator(_check_scoring)] = NEG_LOG_LOSS
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["percentile", "median", "hyperband", "none"] = "percentile"
    n_trials: Positive | None = None
    timeout_minutes: Annotated[float, Field(gt=0, strict=False)] | None = None
    n_trials_no_improvement: Positive | None = None
    repeats: Annotated[int, Field(ge=0)] = 2
    random_state: Seed = 0

    @property
    def most_trials(self) -> int | None:
        """Return the number of trials per study: 30 if no other budget is set."""
        return (
            DEFAULT_TRIALS
            if self.n_trials == self.timeout_minutes == self.n_trials_no_improvement is None
            else self.n_trials
        )

    @property
    def spaces(self) -> dict[str, Space]:
        """Return the search space of each member or role that has one."""
        return {
            member: {name: parse_entry(raw) for name, _, raw in entries(table)}
            for member, table in (self.__pydantic_extra__ or {}).items()
        }

    @model_validator(mode="after")
    def _check_members_and_spaces(self) -> Self:
        raise_errors("tune", self._errors())
        return self

    def _errors(self) -> Iterator[InitErrorDetails]:
        for member, table in (self.__pydantic_extra__ or {}).items():
            if not _is_tunable(member):
                known = [*type(self).model_fields, *TUNABLE]
                text = f'unknown key; {did_you_mean(member, known)}, or a member such as [tune."expert:B/P"]'
                yield setting_error((member,), text, member)
            elif not isinstance(table, Mapping) or not table:
                text = f"got {shorten(table)}; write a table of settings, each with its range or choices"
                yield setting_error((member,), text, table)
            else:
                yield from _space_errors(member, table)


def conditions(wanted: Any) -> list[Any]:
    """Return the values under which a condition holds, from one value or a list of them."""
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]


def _is_tunable(name: str) -> bool:
    """Whether a key of ``[tune]`` is a role, the name of a member, or ``hierarchy``."""
    role, _, of = name.partition(":")
    return name in TUNABLE or (role in ("specialist", "expert") and bool(of))


def _space_errors(member: str, table: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    space: dict[str, Entry] = {}
    for name, keys, raw in entries(table):
        try:
            space[name] = parse_entry(raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield setting_error((member, *keys, *detail["loc"]), _entry_message(detail, raw), detail["input"])
            continue
        for other, wanted in space[name].when.items():
            text = _condition_error(space, name, other, wanted)
            if text is not None:
                yield setting_error((member, *keys, "when", other), text, wanted)


def _entry_message(detail: Mapping[str, Any], raw: Any) -> str:
    """Return the message for an error in one part of an entry."""
    if detail["type"] == "setting":
        return str(detail["msg"])
    if detail["type"] == "extra_forbidden":
        allowed = {"choices": ["choices", "when"], "n": ["n", "width", "when"]}
        keys = next((known for key, known in allowed.items() if key in raw), ["low", "high", "step", "log", "when"])
        return f"unknown key; {did_you_mean(str(detail['loc'][-1]), keys)}"
    if detail["type"] == "missing":
        return "is missing; write a range { low = 1, high = 9 }, a list of choices, or { n = [1, 3], width = { ... } }"
    return f"got {shorten(detail['input'])}; {str(detail['msg']).replace('Input should be', 'it should be')}"


def _condition_error(space: Mapping[str, Entry], name: str, other: str, wanted: Any) -> str | None:
    """Return why a condition can never hold; None if it can."""
    if other == name or other not in space:
        return f"there is no {other!r} above in this space; declare the setting of a condition before it is used"
    entry = space[other]
    if not isinstance(entry, Choices):
        return f"{other!r} is not a list of choices; a condition needs a setting with choices"
    choices = {as_text(choice) for choice in entry.choices}
    unknown = [value for value in conditions(wanted) if as_text(value) not in choices]
    return f"got {shorten(unknown[0])}, which is not a choice of {other!r}" if unknown else None
