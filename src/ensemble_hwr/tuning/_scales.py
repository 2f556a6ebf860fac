"""Scales of the charts in the report: the position of a value, and the ticks for which there is room."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from ensemble_hwr.report.axes import CHARACTER_WIDTH, LINE_HEIGHT, digits_between, linear_ticks, log_ticks

MAX_LINEAR_RATIO = 6.0  # between the largest and the smallest metric on a linear axis
MAX_REACH = 12.0  # in units of the quartiles' distance from the median; trials beyond are drawn at the edge
LABEL_GAP = 10.0  # between two ticks side by side
WIDE_CHARACTER = 1.35  # width of a capital, relative to other characters
LAYERS = "hidden_layer_sizes"
UNITS = {
    "max_iter": "epochs",
    "n_iter_no_change": "epochs",
    "batch_size": "letters",
    "generated": "letters",
    "rotation": "degrees",
    "slant": "degrees",
    "shift": "of the side",
    "elastic": "of the side",
    "smoothness": "of the side",
    "grid": "cells per side",
}


@dataclass(frozen=True)
class Tick:
    """A tick: its place on the scale from 0 to 1, its label, and whether it is kept where there is little room."""

    share: float
    text: str
    is_major: bool = True


@dataclass(frozen=True)
class Axis:
    """A scale at its place in a chart: the position of a value, and ticks as positions, labels and their middles."""

    position: Callable[[Any], float]
    ticks: list[tuple[float, str, float]]


@dataclass(frozen=True)
class Scale:
    """A scale from 0 to 1: the share of a value, and its ticks.

    Attributes
    ----------
    share : callable
        Returns the place of a value, from 0 to 1.
    ticks : list of Tick
        In the order of their places.
    is_log : bool
        Whether the scale is logarithmic.
    is_choice : bool
        Whether its values are choices at equal distances.
    """

    share: Callable[[Any], float]
    ticks: list[Tick]
    is_log: bool = False
    is_choice: bool = False

    def between(self, start: float, stop: float, *, limit: float = math.inf, width: float = math.inf) -> Axis:
        """Return the axis between two positions, upwards if `start` is larger.

        Values outside of the scale are drawn at most `limit` beyond its ends. Labels stay within a chart of `width`.
        """
        low, high = sorted((start, stop))

        def position(value: Any) -> float:
            at = start + (stop - start) * self.share(value)
            return round(min(max(at, low - limit), high + limit), 1)

        sizes = [LINE_HEIGHT if start > stop else text_width(tick.text) + LABEL_GAP for tick in self.ticks]
        places = [round(start + (stop - start) * tick.share, 1) for tick in self.ticks]
        middles = [
            at if width == math.inf else round(min(max(at, size / 2), width - size / 2), 1)
            for at, size in zip(places, sizes, strict=True)
        ]
        kept = _with_room(self.ticks, middles, sizes)
        return Axis(position, [(places[i], self.ticks[i].text, middles[i]) for i in kept])

    @property
    def widest(self) -> float:
        """Width of the longest label."""
        return max((text_width(tick.text) for tick in self.ticks), default=0.0)


def metric_scale(values: Sequence[float]) -> Scale:
    """Return a scale for the metric, logarithmic if its values are positive and far apart; outliers are outside."""
    kept = _within_reach(list(values))
    low, high = min(kept), max(kept)
    if low == high:
        low, high = low - abs(low) * 0.05 - 1e-6, high + abs(high) * 0.05 + 1e-6
    if low > 0 and high / low > MAX_LINEAR_RATIO:
        return _log_scale(low / 1.08, high * 1.08)
    return linear_scale(low, high, 5)


def parameter_scale(distribution: BaseDistribution) -> Scale:
    """Return a scale for a parameter: choices at equal distances, ranges linear or logarithmic as they are searched."""
    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        shares = {repr(choice): (i + 0.5) / len(choices) for i, choice in enumerate(choices)}
        ticks = [Tick(shares[repr(choice)], short_value(choice)) for choice in choices]
        return Scale(lambda value: shares[repr(value)], ticks, is_choice=True)
    low, high = float(distribution.low), float(distribution.high)  # type: ignore[attr-defined]
    if distribution.log:  # type: ignore[attr-defined]
        return _log_scale(low, high)
    values = linear_ticks(low, high, 4)
    if isinstance(distribution, IntDistribution):
        values = [value for value in values if value == round(value)]
    return _scale(lambda value: (value - low) / (high - low), [(value, _number(value)) for value in values])


def linear_scale(low: float, high: float, n_ticks: int) -> Scale:
    """Return a linear scale with some space at both ends."""
    space = (high - low) * 0.06 or 1e-6
    low, high = low - space, high + space
    values = linear_ticks(low, high, n_ticks)
    digits = digits_between(values)
    return _scale(lambda value: (value - low) / (high - low), [(value, f"{value:.{digits}f}") for value in values])


def count_scale(last: int) -> Scale:
    """Return a scale for numbers from 0 to `last`, each in the middle of its own place."""
    values = [value for value in linear_ticks(0, last, 6) if value == round(value)] if last else [0.0]
    return _scale(lambda value: (value + 0.5) / (last + 1), [(value, f"{value:.0f}") for value in values])


def readable_name(name: str) -> str:
    """Return the name of a stored parameter for headings.

    Examples
    --------
    >>> from ensemble_hwr.tuning._scales import readable_name
    >>> [readable_name(f"hidden_layer_sizes.{part}") for part in ("2", "n")], readable_name("view.gradient.grid")
    (['width of layer 2', 'number of layers'], 'gradient grid')
    """
    parameter, _, last = name.rpartition(".")
    if parameter and last == "n":
        return "number of layers" if parameter == LAYERS else f"length of {parameter}"
    if parameter and last.isdecimal():
        return f"width of layer {last}" if parameter == LAYERS else f"{parameter} {last}"
    return name.removeprefix("view.").replace(".", " ").replace("_", " ")


def axis_title(name: str, distribution: BaseDistribution) -> str:
    """Return the title of a parameter's axis: name, unit, and whether it is logarithmic.

    Examples
    --------
    >>> from optuna.distributions import FloatDistribution, IntDistribution
    >>> from ensemble_hwr.tuning._scales import axis_title
    >>> axis_title("hidden_layer_sizes.1", IntDistribution(10, 100, log=True)), axis_title("x", FloatDistribution(0, 1))
    ('width of layer 1, units (log scale)', 'x')
    """
    parameter, _, last = name.rpartition(".")
    unit = "units" if parameter == LAYERS and last.isdecimal() else UNITS.get(last)
    shown = readable_name(name)
    title = shown if unit is None or unit in shown else f"{shown}, {unit}"
    return f"{title} (log scale)" if getattr(distribution, "log", False) else title


def short_value(value: Any) -> str:
    """Return a parameter's value with few characters.

    Examples
    --------
    >>> from ensemble_hwr.tuning._scales import short_value
    >>> short_value(0.00012345), short_value([20, 40]), short_value('["AB", "CD"]')
    ('0.000123', '20, 40', 'AB, CD')
    """
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ", ".join(short_value(item) for item in value)
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return short_value(json.loads(value))
        except ValueError:
            return value
    return str(value)


def text_width(text: str) -> float:
    """Return about how wide a text is in a chart, in units of its viewBox."""
    return CHARACTER_WIDTH * sum(WIDE_CHARACTER if one.isupper() or one in "mw%@" else 1.0 for one in text)


def wrapped(text: str, width: float) -> list[str]:
    """Return a text in lines of at most this width; words that are longer are broken."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if lines[-1] and text_width(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines


def _with_room(ticks: Sequence[Tick], places: Sequence[float], sizes: Sequence[float]) -> list[int]:
    """Return the ticks to draw: all, else the major ones, else every second, third, ... of them."""
    everything = list(range(len(ticks)))
    major = [i for i in everything if ticks[i].is_major] or everything
    for kept in (everything, *(major[::step] for step in range(1, len(major)))):
        if all(abs(places[b] - places[a]) >= (sizes[a] + sizes[b]) / 2 for a, b in pairwise(kept)):
            return kept
    return major[:1]


def _log_scale(low: float, high: float) -> Scale:
    span = math.log(high / low)
    values = list(log_ticks(low, high)) or [low, high]
    ticks = [Tick(math.log(value / low) / span, _number(value), _is_power_of_ten(value)) for value in values]
    return Scale(lambda value: math.log(value / low) / span, ticks, is_log=True)


def _scale(share: Callable[[Any], float], ticks: Sequence[tuple[float, str]]) -> Scale:
    return Scale(share, [Tick(share(value), text) for value, text in ticks])


def _within_reach(values: list[float]) -> list[float]:
    """Remove outliers that would compress all other values into one line."""
    ordered = sorted(values)
    median = ordered[len(ordered) // 2]
    reach = max(abs(median - end) for end in (ordered[0], ordered[len(ordered) // 4], ordered[-len(ordered) // 4]))
    kept = [value for value in values if abs(value - median) <= MAX_REACH * max(reach, 1e-9)]
    return kept or values


def _is_power_of_ten(value: float) -> bool:
    return math.isclose(math.log10(value), round(math.log10(value)), abs_tol=1e-9)


def _number(value: float) -> str:
    if value and (abs(value) < 1e-3 or abs(value) >= 1e5):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:g}"
