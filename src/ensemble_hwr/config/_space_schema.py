"""What may be searched for one setting: a range, choices, or layers."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from ensemble_hwr.config._data_schema import Section
from ensemble_hwr.config._problems import problem, refuse, shorten
from ensemble_hwr.exceptions import ConfigError

DEPTHS = {"view": 3, "augmentation": 2, "extra": 2}  # of settings within settings, as view.STEP.PARAMETER
ENTRY_KEYS = {"low", "high", "choices", "n", "width"}


def _check_number(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise not_allowed(f"got {shorten(value)}; it should be a number")


def _check_count(value: Any) -> Any:
    bounds = list(value) if isinstance(value, list | tuple) else [value, value]
    whole = all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds)
    if len(bounds) == 2 and whole and 1 <= bounds[0] <= bounds[1]:
        return tuple(bounds)
    raise not_allowed(
        f"got {shorten(value)}; allowed: a whole number, 1 or more, or the least and the most such as [1, 3]"
    )


def not_allowed(message: str) -> PydanticCustomError:
    """Return an error whose text is `message`."""
    return PydanticCustomError("setting", "{message}", {"message": message})


Number = Annotated[Any, BeforeValidator(_check_number)]


class Range(Section):
    """Numbers from `low` to `high`: whole ones where both are written without a point."""

    low: Number
    high: Number
    step: Number | None = None
    log: bool = False
    when: dict[str, Any] = {}

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return all(isinstance(bound, int) for bound in (self.low, self.high))

    def probes(self) -> list[Any]:
        """Return values that stand for all when a setting is checked."""
        return [self.low, self.high]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse("range", self._problems())
        return self

    def _problems(self) -> Iterator[InitErrorDetails]:
        if not all(math.isfinite(bound) for bound in (self.low, self.high)):
            yield problem((), f"got low = {self.low} and high = {self.high}; both must be finite", self.low)
        elif self.low > self.high:
            yield problem(("low",), f"got {self.low}, which is more than high = {self.high}; swap them", self.low)
        elif self.log and self.low <= 0:
            yield problem(("low",), f"got {self.low} with log = true; a logarithm needs numbers above 0", self.low)
        elif self.step is not None:
            yield from self._step_problems(self.step)

    def _step_problems(self, step: Number) -> Iterator[InitErrorDetails]:
        if self.log:
            yield problem(("step",), f"got {step} with log = true; choose one of them", step)
        elif not step > 0 or not math.isfinite(step):
            yield problem(("step",), f"got {step}; a step is more than 0", step)
        elif self.is_whole and not isinstance(step, int):
            yield problem(("step",), f"got {step} between whole numbers; make it whole, or low = {self.low}.0", step)
        else:
            steps = (self.high - self.low) / step
            if abs(steps - round(steps)) > 1e-9 * max(steps, 1):
                reached = self.low + math.floor(steps) * step
                text = f"got {step}, which does not lead from {self.low} to {self.high}; write high = {reached:g}"
                yield problem(("step",), text, step)


class Choices(Section):
    """One of several values."""

    choices: Annotated[tuple[Any, ...], Field(strict=False, min_length=1)]
    when: dict[str, Any] = {}

    def probes(self) -> list[Any]:
        """Return every choice."""
        return list(self.choices)

    @model_validator(mode="after")
    def _storable(self) -> Self:
        refuse("choices", self._problems())
        return self

    def _problems(self) -> Iterator[InitErrorDetails]:
        seen: list[str] = []
        for i, choice in enumerate(self.choices):
            text = as_text(choice)
            if text is None:
                allowed = "text, finite numbers, true or false, lists and tables of them"
                message = f"got {shorten(choice)}, which cannot be stored in a study; allowed: {allowed}"
                yield problem(("choices", i), message, choice)
            elif text in seen:
                yield problem(("choices", i), f"{shorten(choice)} is in the list twice", choice)
            seen.append(text or "")


def _check_width(value: Any) -> Any:
    entry = parse_entry(value)
    if isinstance(entry, Layers):
        raise not_allowed("got layers within layers; write a range or a list of choices")
    if entry.when:
        raise not_allowed("got a condition; it belongs beside n")
    odd = [probe for probe in entry.probes() if not isinstance(probe, int) or isinstance(probe, bool) or probe < 1]
    if odd:
        raise not_allowed(f"got {shorten(odd[0])}; a width is a whole number, 1 or more")
    return entry


class Layers(Section):
    """A list of `n` whole numbers, each a `width`: the widths of layers that are not there are not searched."""

    n: Annotated[Any, BeforeValidator(_check_count)]
    width: Annotated[Any, BeforeValidator(_check_width)]
    when: dict[str, Any] = {}

    def probes(self) -> list[Any]:
        """Return the smallest and the greatest."""
        fewest, most = self.n
        widths = self.width.probes()
        return [[widths[0]] * fewest, [widths[-1]] * most]


Entry = Range | Choices | Layers
Space = dict[str, Entry]


def as_text(value: Any) -> str | None:
    """Return a value as JSON; None where it would not come back from there as it was."""
    if isinstance(value, datetime.date | datetime.time):
        return None
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        return None


def entries(table: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Walk through a space as it is written: dotted name, keys that lead there, what is said.

    Examples
    --------
    >>> from ensemble_hwr.config._space_schema import entries
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
    """Read what is said of one setting.

    Parameters
    ----------
    raw : object
        A list of choices, or a table.

    Returns
    -------
    Range, Choices or Layers

    Raises
    ------
    pydantic.ValidationError
        When it is none of them.

    Examples
    --------
    >>> from ensemble_hwr.config._space_schema import parse_entry
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
            "{ n = [1, 3], width = { low = 16, high = 256 } }; a fixed value belongs into the member's own section"
        )
        raise ValidationError.from_exception_data("space", [problem((), text, raw)])
    kind = Choices if "choices" in raw else Layers if {"n", "width"} & set(raw) else Range
    return kind.model_validate(dict(raw))


def read_entry(name: str, raw: Any) -> Entry:
    """Read what is said of one setting outside a config file.

    Parameters
    ----------
    name : str
        The setting, for messages.
    raw : object
        As `parse_entry` takes it.

    Returns
    -------
    Range, Choices or Layers

    Raises
    ------
    ConfigError
        When it is none of them.
    """
    try:
        return parse_entry(raw)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in (name, *detail["loc"]))
        raise ConfigError(f"space: {where}: {detail['msg']}") from None
