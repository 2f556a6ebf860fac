"""Geometry of the charts in the report: trials, learning curves, parameters, and the improvement in each fold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution

from ensemble_hwr.report.axes import LINE_HEIGHT
from ensemble_hwr.tuning._improvement import Improvement
from ensemble_hwr.tuning._scales import (
    Scale,
    axis_title,
    count_scale,
    linear_scale,
    metric_scale,
    parameter_scale,
    short_value,
    text_width,
    wrapped,
)

MAX_SLICES = 12
MAX_CURVES = 120
MAX_CURVE_POINTS = 48
LONGEST_TICK = 24  # characters of a choice in parallel coordinates; longer ones are shortened there
EDGE = 4.0  # values outside of a scale are drawn so far beyond its end
TOP, BOTTOM = 30.0, 44.0  # margins with the titles of the axes
ROW_HEIGHT = 66.0  # between two axes of parallel coordinates on a narrow screen


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
    curve: tuple[tuple[int, float], ...] = ()  # step and metric of its reports
    seconds: float = 0.0
    epochs: int = 0


def history_plot(points: Sequence[TrialPoint], title: str, width: int, height: int) -> dict[str, Any]:
    """Return the plot of the metric by trial, with the best so far; other trials are marked on a line above."""
    completed = _completed(points)
    metrics = metric_scale([point.metric for point in completed])
    trials = count_scale(max((point.number for point in points), default=0))
    frame = _frame(width, height, metrics, top=TOP + 22)
    x = trials.between(frame["left"], frame["right"], width=width)
    y = metrics.between(frame["bottom"], frame["top"], limit=EDGE)
    marks = [{"x": x.position(point.number), "y": y.position(point.metric), "trial": point} for point in completed]
    others = [{"x": x.position(point.number), "trial": point} for point in points if point.metric is None]
    return {
        **frame,
        **_titles("number of the trial", title, width),
        "marks": marks,
        "path": _best_so_far(marks, frame["right"]),
        "others": others,
        "y_ticks": y.ticks,
        "x_ticks": x.ticks,
    }


def curves_plot(points: Sequence[TrialPoint], step: str, title: str, width: int, height: int) -> dict[str, Any] | None:
    """Return the plot of the metric by step of every trial, completed or pruned; None if no trial has two steps."""
    drawn = _some(sorted((point for point in points if len(point.curve) > 1), key=_by_importance))
    if not drawn:
        return None
    metrics = metric_scale([metric for point in drawn for _, metric in point.curve])
    steps = count_scale(max(point.curve[-1][0] for point in drawn))
    frame = _frame(width, height, metrics)
    x = steps.between(frame["left"], frame["right"], width=width)
    y = metrics.between(frame["bottom"], frame["top"], limit=EDGE)
    return {
        **frame,
        **_titles(step, title, width),
        "n_hidden": sum(len(point.curve) > 1 for point in points) - len(drawn),
        "lines": [
            {"path": _line([(x.position(at), y.position(metric)) for at, metric in _thinned(point)]), "trial": point}
            for point in reversed(drawn)
        ],
        "y_ticks": y.ticks,
        "x_ticks": x.ticks,
    }


def parallel_plot(
    points: Sequence[TrialPoint], distributions: Mapping[str, BaseDistribution], title: str, width: int, height: int
) -> dict[str, Any] | None:
    """Return the parallel coordinates of all completed trials; None with fewer than two parameters or trials.

    The plot is wider than `width` if the labels of its axes need more.
    """
    columns = _columns(points, distributions, title)
    if columns is None:
        return None
    names, scales, titles = columns
    lines = [wrapped(text, 110) for text in titles]
    top = TOP + LINE_HEIGHT * (max(map(len, lines)) - 1)
    choices = max(len(scale.ticks) if scale.is_choice else 0 for scale in scales)
    bottom = top + max(height - top - BOTTOM, 1.15 * LINE_HEIGHT * choices)
    places, full = _spread([max(map(text_width, one)) for one in lines], [scale.widest for scale in scales], width)
    axes = [scale.between(bottom, top, limit=EDGE) for scale in scales]
    floor = bottom + 24
    absent = _absent(points, names)
    return {
        **{"width": full, "height": bottom + BOTTOM + 8, "top": top, "bottom": bottom, "floor": floor},
        "axes": [
            {"x": x, "title": text, "ticks": axis.ticks, "absent": name in absent}
            for x, text, axis, name in zip(places, lines, axes, [*names, ""], strict=True)
        ],
        "lines": [
            {**line, "path": _line(list(zip(places, line["at"], strict=True)))}
            for line in _coordinates(points, names, [axis.position for axis in axes], floor)
        ],
    }


def upright_parallel_plot(
    points: Sequence[TrialPoint], distributions: Mapping[str, BaseDistribution], title: str, width: int
) -> dict[str, Any] | None:
    """Return the parallel coordinates for narrow screens: the axes are rows, and trials run down the page."""
    columns = _columns(points, distributions, title)
    if columns is None:
        return None
    names, scales, titles = columns
    left, right = 34.0, width - 34.0
    rows = [round(TOP + ROW_HEIGHT * i, 1) for i in range(len(scales))]
    axes = [scale.between(left, right, limit=EDGE, width=width) for scale in scales]
    absent = _absent(points, names)
    return {
        **{"width": width, "height": rows[-1] + 30, "left": left, "right": right, "floor": left - 24},
        "axes": [
            {"y": y, "title": _one_line(text, width), "ticks": axis.ticks, "absent": name in absent}
            for y, text, axis, name in zip(rows, titles, axes, [*names, ""], strict=True)
        ],
        "lines": [
            {**line, "path": _line(list(zip(line["at"], rows, strict=True)))}
            for line in _coordinates(points, names, [axis.position for axis in axes], left - 24)
        ],
    }


def slice_plots(
    points: Sequence[TrialPoint],
    distributions: Mapping[str, BaseDistribution],
    importances: Mapping[str, float],
    title: str,
    *,
    width: int,
    height: int,
) -> list[dict[str, Any]]:
    """Return a plot of the metric against each parameter, the most important one first.

    Choices whose labels do not fit side by side are rows, with their labels above them.
    """
    completed = _completed(points)
    if len(completed) < 2:
        return []
    metrics = metric_scale([point.metric for point in completed])
    plots = []
    for name in sorted(distributions, key=lambda name: -importances.get(name, 0.0))[:MAX_SLICES]:
        scale = parameter_scale(distributions[name])
        shown = [point for point in completed if name in point.params]
        frame = _frame(width, height, metrics)
        room = (frame["right"] - frame["left"]) / max(1, len(scale.ticks))
        if scale.is_choice and scale.widest + 10 > room:
            plots.append(_strips(shown, name, distributions[name], metrics, width) | {"x_title": wrapped(title, width)})
        else:
            titles = _titles(axis_title(name, distributions[name]), title, width)
            plots.append(_scatter(shown, name, scale, metrics, frame) | titles)
    return plots


def improvement_plot(improvement: Improvement, title: str, width: int) -> dict[str, Any]:
    """Return the plot of the improvement: a dot for each fold, the mean, and its confidence interval."""
    low, high = improvement.interval
    if not math.isfinite(low):
        low = high = improvement.difference
    reach = [*improvement.differences, low, high, 0.0]
    axis = linear_scale(min(reach), max(reach), 6).between(24, width - 24, width=width)
    return {
        "width": width,
        "x_title": wrapped(title, width),
        "dots": [axis.position(one) for one in improvement.differences],
        "low": axis.position(low),
        "high": axis.position(high),
        "mean": axis.position(improvement.difference),
        "zero": axis.position(0.0),
        "ticks": axis.ticks,
    }


def _completed(points: Sequence[TrialPoint]) -> list[Any]:
    return [point for point in points if point.metric is not None]


def _frame(width: float, height: float, metrics: Scale, *, top: float = TOP) -> dict[str, float]:
    """Return the size of a chart, and the bounds of its axes: at the left there is room for the labels."""
    left = round(max(30.0, metrics.widest + 12), 1)
    return {"width": width, "height": height, "left": left, "right": width - 14, "top": top, "bottom": height - BOTTOM}


def _titles(x: str, y: str, width: float) -> dict[str, Any]:
    return {"x_title": wrapped(x, width), "y_title": wrapped(y, width)}


def _scatter(
    points: Sequence[TrialPoint], name: str, scale: Scale, metrics: Scale, frame: Mapping[str, float]
) -> dict[str, Any]:
    """Return the metric against a parameter from left to right."""
    x = scale.between(frame["left"] + 6, frame["right"] - 10, width=frame["width"])
    y = metrics.between(frame["bottom"], frame["top"], limit=EDGE)
    return {
        **frame,
        "marks": [
            {"x": x.position(point.params[name]), "y": y.position(point.metric), "trial": point} for point in points
        ],
        "x_ticks": x.ticks,
        "y_ticks": y.ticks,
    }


def _strips(points: Sequence[TrialPoint], name: str, distribution: Any, metrics: Scale, width: int) -> dict[str, Any]:
    """Return the metric of each choice of a parameter as a row of dots below the label of the choice."""
    y_title = wrapped(axis_title(name, distribution), width)
    x = metrics.between(20, width - 20, limit=EDGE, width=width)
    y = LINE_HEIGHT * len(y_title) + 8
    rows, marks = [], []
    for choice in distribution.choices:
        label = wrapped(short_value(choice), width)
        middle = round(y + LINE_HEIGHT * len(label) + 10, 1)
        rows.append({"label": label, "top": round(y, 1), "middle": middle})
        marks += [
            {"x": x.position(point.metric), "y": middle, "trial": point}
            for point in points
            if repr(point.params[name]) == repr(choice)
        ]
        y = middle + 10
    bounds = {"width": width, "height": y + BOTTOM, "left": 14, "right": width - 14, "top": rows[0]["top"], "bottom": y}
    return {**bounds, "rows": rows, "marks": marks, "x_ticks": x.ticks, "y_title": y_title}


def _columns(
    points: Sequence[TrialPoint], distributions: Mapping[str, BaseDistribution], title: str
) -> tuple[list[str], list[Scale], list[str]] | None:
    """Return the parameters, and scales and titles of all axes, the metric's included; None if there are too few."""
    completed = _completed(points)
    if len(distributions) < 2 or len(completed) < 2:
        return None
    names = list(distributions)
    scales = [_shortened(parameter_scale(distributions[name])) for name in names]
    scales.append(metric_scale([point.metric for point in completed]))
    return names, scales, [*(axis_title(name, distributions[name]) for name in names), title]


def _shortened(scale: Scale) -> Scale:
    """Return a scale without long labels."""
    ticks = [
        tick if len(tick.text) <= LONGEST_TICK else type(tick)(tick.share, f"{tick.text[: LONGEST_TICK - 1]}…")
        for tick in scale.ticks
    ]
    return Scale(scale.share, ticks, scale.is_log, scale.is_choice)


def _spread(titles: Sequence[float], ticks: Sequence[float], width: float) -> tuple[list[float], float]:
    """Return the positions of axes whose titles are above them and whose ticks are at their right, and the width."""
    reach = [max(title / 2, tick + 10) for title, tick in zip(titles, ticks, strict=True)]
    first, last = titles[0] / 2 + 2, reach[-1] + 2
    gaps = [reach[i] + titles[i + 1] / 2 + 10 for i in range(len(titles) - 1)]
    spare = max(0.0, width - first - last - sum(gaps)) / len(gaps)
    places = [first]
    for gap in gaps:
        places.append(places[-1] + gap + spare)
    return [round(place, 1) for place in places], math.ceil(places[-1] + last)


def _absent(points: Sequence[TrialPoint], names: Sequence[str]) -> set[str]:
    """Return the parameters that some completed trials do not have, because their condition did not hold."""
    return {name for name in names if any(name not in point.params for point in _completed(points))}


def _coordinates(
    points: Sequence[TrialPoint], names: Sequence[str], positions: Sequence[Any], floor: float
) -> list[dict[str, Any]]:
    """Return the position of each completed trial on each axis, the best trial last and the most opaque."""
    order = sorted(_completed(points), key=lambda point: -float(point.loss or 0))
    n = max(1, len(order) - 1)
    return [
        {
            "at": [
                *(
                    at(point.params[name]) if name in point.params else floor
                    for name, at in zip(names, positions, strict=False)
                ),
                positions[-1](point.metric),
            ],
            "opacity": round(0.12 + 0.6 * (rank / n) ** 3, 2),
            "trial": point,
        }
        for rank, point in enumerate(order)
    ]


def _by_importance(point: TrialPoint) -> tuple[bool, bool, bool, float, int]:
    """Sort the best trial first, then the baseline, completed trials by their loss, and pruned ones."""
    loss = math.inf if point.loss is None else point.loss
    return not point.is_best, not point.is_baseline, point.loss is None, loss, point.number


def _some(ordered: list[TrialPoint]) -> list[TrialPoint]:
    """Return at most `MAX_CURVES` trials: the first half of them, and others at equal distances."""
    if len(ordered) <= MAX_CURVES:
        return ordered
    first, rest = ordered[: MAX_CURVES // 2], ordered[MAX_CURVES // 2 :]
    return [*first, *rest[:: math.ceil(len(rest) / (MAX_CURVES - len(first)))]]


def _thinned(point: TrialPoint) -> list[tuple[int, float]]:
    """Return the reports of a trial, or some of many; the last one is always kept."""
    every = math.ceil(len(point.curve) / MAX_CURVE_POINTS)
    return list(point.curve[::-every][::-1])


def _one_line(text: str, width: float) -> str:
    first, *others = wrapped(text, width - 16)
    return f"{first}…" if others else first


def _line(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places)


def _best_so_far(marks: Sequence[Mapping[str, Any]], right: float) -> str:
    """Return the path of the best metric so far."""
    path, best = "", math.inf
    for mark in marks:
        loss = mark["trial"].loss
        if loss < best:
            path += f"H{mark['x']}V{mark['y']}" if path else f"M{mark['x']} {mark['y']}"
            best = loss
    return f"{path}H{right}" if path else ""
