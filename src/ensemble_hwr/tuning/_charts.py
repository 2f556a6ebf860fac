"""Geometry of the charts in the report: trials, parameters, and the improvement in each fold."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from ensemble_hwr.report.axes import digits_between, linear_ticks, log_ticks
from ensemble_hwr.tuning._improvement import Improvement

MAX_LINEAR_RATIO = 6.0  # between the largest and the smallest metric on a linear axis
MAX_REACH = 12.0  # in units of the quartiles' distance from the median; trials beyond are drawn at the edge
MAX_SLICES = 9
LAYERS = "hidden_layer_sizes"


@dataclass(frozen=True)
class TrialPoint:
    """One trial in the charts: its outcome, stored parameters, loss and metric."""

    number: int
    outcome: str
    params: dict[str, Any]
    loss: float | None
    metric: float | None
    is_best: bool
    is_baseline: bool


@dataclass(frozen=True)
class Axis:
    """An axis: the position of a value, and ticks as positions and labels."""

    position: Callable[[Any], float]
    ticks: list[tuple[float, str]]


def history_plot(points: Sequence[TrialPoint], width: int, height: int) -> dict[str, Any]:
    """Return the plot of the metric by trial, with the best so far; other trials are marked on a line above."""
    left, right, top, bottom = 62, width - 14, 40, height - 40
    completed = [point for point in points if point.metric is not None]
    scale = _metric_scale(completed, bottom, top)
    last = max((point.number for point in points), default=0)

    def x(number: int) -> float:
        return round(left + (right - left) * (number + 0.5) / (last + 1), 1)

    ticks = [(x(round(tick)), f"{tick:.0f}") for tick in linear_ticks(0, last, 6) if tick == round(tick)]
    marks = [
        {"x": x(point.number), "y": _clipped(scale.position(point.metric), top, bottom), "trial": point}
        for point in completed
    ]
    return {
        **_frame(width, height, (left, right), (top, bottom)),
        "marks": marks,
        "path": _best_so_far(marks, right),
        "x_title": "trial",
        "others": [{"x": x(point.number), "trial": point} for point in points if point.metric is None],
        "y_ticks": scale.ticks,
        "x_ticks": ticks if last else [(x(0), "0")],
    }


def parallel_plot(
    points: Sequence[TrialPoint], distributions: Mapping[str, BaseDistribution], width: int, height: int
) -> dict[str, Any] | None:
    """Return the parallel coordinate plot of all completed trials; None with fewer than two parameters or trials."""
    names = list(distributions)
    completed = [point for point in points if point.metric is not None]
    if len(names) < 2 or len(completed) < 2:
        return None
    top, bottom, floor = 34, height - 46, height - 18
    gap = (width - 130) / len(names)
    at = [round(56 + gap * i, 1) for i in range(len(names) + 1)]
    scales = [_parameter_scale(distributions[name], bottom, top) for name in names]
    metrics = _metric_scale(completed, bottom, top)

    def path(point: TrialPoint) -> str:
        ends = [
            (x, scale.position(point.params[name]) if name in point.params else floor)
            for x, name, scale in zip(at, names, scales, strict=False)
        ]
        ends.append((at[-1], _clipped(metrics.position(point.metric), top, bottom)))
        return "M" + "L".join(f"{x} {round(y, 1)}" for x, y in ends)

    order = sorted(completed, key=lambda point: -float(point.loss or 0))
    n = max(1, len(order) - 1)
    absent = {name for name in names if any(name not in point.params for point in completed)}
    return {
        **_frame(width, height, (at[0], at[-1]), (top, bottom)),
        "floor": floor,
        "axes": [
            {"x": x, "name": readable_name(name), "ticks": scale.ticks, "absent": name in absent}
            for x, name, scale in zip(at, [*names, "metric"], [*scales, metrics], strict=True)
        ],
        "lines": [
            {"path": path(point), "opacity": round(0.12 + 0.6 * (rank / n) ** 3, 2), "trial": point}
            for rank, point in enumerate(order)
        ],
    }


def slice_plots(
    points: Sequence[TrialPoint],
    distributions: Mapping[str, BaseDistribution],
    importances: Mapping[str, float],
    width: int,
    height: int,
) -> list[dict[str, Any]]:
    """Return a plot of the metric against each parameter, the most important one first."""
    completed = [point for point in points if point.metric is not None]
    if len(completed) < 2:
        return []
    left, right, top, bottom = 44, width - 10, 8, height - 26
    metrics = _metric_scale(completed, bottom, top)
    plots = []
    for name in sorted(distributions, key=lambda name: -importances.get(name, 0.0))[:MAX_SLICES]:
        scale = _parameter_scale(distributions[name], left + 6, right - 6)
        marks = [
            {
                "x": round(scale.position(point.params[name]), 1),
                "y": _clipped(metrics.position(point.metric), top, bottom),
                "trial": point,
            }
            for point in completed
            if name in point.params
        ]
        frame = _frame(width, height, (left, right), (top, bottom))
        axes = {"x_ticks": scale.ticks, "y_ticks": metrics.ticks}
        plots.append({"name": readable_name(name), "marks": marks, **frame, **axes})
    return plots


def improvement_plot(improvement: Improvement, width: int) -> dict[str, Any]:
    """Return the plot of the improvement: a dot for each fold, the mean, and its confidence interval."""
    low, high = improvement.interval
    if not math.isfinite(low):
        low = high = improvement.difference
    reach = [*improvement.differences, low, high, 0.0]
    scale = _linear_scale(min(reach), max(reach), 24, width - 24, 6)
    return {
        "width": width,
        "dots": [round(scale.position(one), 1) for one in improvement.differences],
        "low": round(scale.position(low), 1),
        "high": round(scale.position(high), 1),
        "mean": round(scale.position(improvement.difference), 1),
        "zero": round(scale.position(0.0), 1),
        "ticks": scale.ticks,
    }


def readable_name(name: str) -> str:
    """Return the name of a stored parameter for headings.

    Examples
    --------
    >>> from ensemble_hwr.tuning._charts import readable_name
    >>> [readable_name(f"hidden_layer_sizes.{part}") for part in ("2", "n")], readable_name("view.gradient.grid")
    (['width of layer 2', 'number of layers'], 'gradient grid')
    """
    parameter, _, last = name.rpartition(".")
    if parameter and last == "n":
        return "number of layers" if parameter == LAYERS else f"length of {parameter}"
    if parameter and last.isdecimal():
        return f"width of layer {last}" if parameter == LAYERS else f"{parameter} {last}"
    return name.removeprefix("view.").replace(".", " ").replace("_", " ")


def short_value(value: Any) -> str:
    """Return a parameter's value with few characters.

    Examples
    --------
    >>> from ensemble_hwr.tuning._charts import short_value
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


def _metric_scale(points: Sequence[TrialPoint], start: float, stop: float) -> Axis:
    """Return an axis for the metric, logarithmic if its values are positive and far apart."""
    values = _within_reach([point.metric for point in points if point.metric is not None])
    low, high = min(values), max(values)
    if low == high:
        low, high = low - abs(low) * 0.05 - 1e-6, high + abs(high) * 0.05 + 1e-6
    if low > 0 and high / low > MAX_LINEAR_RATIO:
        low, high = low / 1.08, high * 1.08
        return _log_scale(low, high, start, stop, [(tick, f"{tick:g}") for tick in log_ticks(low, high)])
    return _linear_scale(low, high, start, stop, 5)


def _parameter_scale(distribution: BaseDistribution, start: float, stop: float) -> Axis:
    """Return an axis for a parameter: choices at equal distances, ranges linear or logarithmic as they are searched."""
    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        shares = {repr(choice): (i + 0.5) / len(choices) for i, choice in enumerate(choices)}
        ticks = [(choice, short_value(choice)) for choice in choices]
        return _scale(lambda value: shares[repr(value)], start, stop, ticks)
    low, high = float(distribution.low), float(distribution.high)  # type: ignore[attr-defined]
    if distribution.log:  # type: ignore[attr-defined]
        values = list(log_ticks(low, high)) or [low, high]
        return _log_scale(low, high, start, stop, [(value, _number(value)) for value in values])
    values = linear_ticks(low, high, 4)
    if isinstance(distribution, IntDistribution):
        values = [value for value in values if value == round(value)]
    ticks = [(value, _number(value)) for value in values]
    return _scale(lambda value: (value - low) / (high - low), start, stop, ticks)


def _linear_scale(low: float, high: float, start: float, stop: float, n_ticks: int) -> Axis:
    """Return a linear axis with some space at both ends."""
    space = (high - low) * 0.06 or 1e-6
    low, high = low - space, high + space
    values = linear_ticks(low, high, n_ticks)
    digits = digits_between(values)
    ticks = [(value, f"{value:.{digits}f}") for value in values]
    return _scale(lambda value: (value - low) / (high - low), start, stop, ticks)


def _log_scale(low: float, high: float, start: float, stop: float, ticks: Sequence[tuple[Any, str]]) -> Axis:
    span = math.log(high / low)
    return _scale(lambda value: math.log(value / low) / span, start, stop, ticks)


def _scale(share: Callable[[Any], float], start: float, stop: float, ticks: Sequence[tuple[Any, str]]) -> Axis:
    def position(value: Any) -> float:
        return start + (stop - start) * share(value)

    return Axis(position, [(round(position(value), 1), text) for value, text in ticks])


def _frame(width: float, height: float, x: tuple[float, float], y: tuple[float, float]) -> dict[str, float]:
    """Return the size of a chart, and the bounds of its axes."""
    return {"width": width, "height": height, "left": x[0], "right": x[1], "top": y[0], "bottom": y[1]}


def _best_so_far(marks: Sequence[Mapping[str, Any]], right: float) -> str:
    """Return the path of the best metric so far."""
    path, best = "", math.inf
    for mark in marks:
        loss = mark["trial"].loss
        if loss < best:
            path += f"H{mark['x']}V{mark['y']}" if path else f"M{mark['x']} {mark['y']}"
            best = loss
    return f"{path}H{right}" if path else ""


def _within_reach(values: list[float]) -> list[float]:
    """Remove outliers that would compress all other values into one line."""
    ordered = sorted(values)
    median = ordered[len(ordered) // 2]
    reach = max(abs(median - end) for end in (ordered[0], ordered[len(ordered) // 4], ordered[-len(ordered) // 4]))
    kept = [value for value in values if abs(value - median) <= MAX_REACH * max(reach, 1e-9)]
    return kept or values


def _clipped(position: float, top: float, bottom: float) -> float:
    return round(min(max(position, top - 4), bottom + 4), 1)


def _number(value: float) -> str:
    if value and (abs(value) < 1e-3 or abs(value) >= 1e5):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:g}"
