"""Chart of accuracy against MACs with the Pareto frontier and the operating curve of each hierarchy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ensemble_hwr.report.axes import Axes, boxes_along, digits_between, linear_ticks, log_ticks, place_labels
from ensemble_hwr.report.formats import quantity

FLOOR_FACTOR = 1.25  # curves may lower the floor of a plot to this many times the worst contender's error
SEED_RADIUS, STEP_RADIUS = 4.0, 3.0
TICK_CHARACTER = 8.5  # width of a digit of a tick
LEFT_MARGIN, RIGHT_MARGIN, TOP_MARGIN, BOTTOM_MARGIN = 52, 12, 14, 44


def operating_curve(points: Sequence[Mapping[str, Any]], macs: float | None, accuracy: float) -> list[dict[str, Any]]:
    """Return the operating points of a hierarchy in order of cost, the hierarchy itself included.

    Parameters
    ----------
    points : sequence of mapping
        ``confidence_threshold``, ``accuracy`` and ``macs`` of the same fits; points of unknown cost are left out.
    macs : float or None
        MACs per sample of the hierarchy at its own threshold.
    accuracy : float
        Accuracy of the hierarchy at its own threshold, between 0 and 1.

    Returns
    -------
    list of dict
        The points. If none of `points` equals the hierarchy's own, it is added with ``confidence_threshold`` None.
        Empty without a curve: no points, no known costs, or all points equal.

    Examples
    --------
    >>> from ensemble_hwr.report.frontier import operating_curve
    >>> point = {"confidence_threshold": 0.0, "accuracy": 0.8, "macs": 100.0}
    >>> [step["macs"] for step in operating_curve([point], 300.0, 0.9)]
    [100.0, 300.0]
    """
    curve = [dict(point) for point in points if point["macs"]]
    if not curve or not macs:
        return []
    own = {"confidence_threshold": None, "accuracy": accuracy, "macs": macs}
    if not any(_is_same(point, own) for point in curve):
        curve.append(own)
    if all(_is_same(point, own) for point in curve):
        return []
    return sorted(curve, key=lambda point: (point["macs"], point["accuracy"]))


def largest_error_shown(worst: float) -> float:
    """Return the largest error of a curve that may extend the axes: 1.25 times the worst contender's.

    A router alone may have many times the errors of any contender; an axis down to it would squeeze the contenders.

    Parameters
    ----------
    worst : float
        Error rate of the worst contender.

    Returns
    -------
    float
    """
    return FLOOR_FACTOR * worst


def frontier_plot(summary: Mapping[str, Any], *, width: int, height: int) -> dict[str, Any] | None:
    """Return the geometry of the plot, or None with fewer than two contenders.

    A contender whose MACs cannot be counted is placed by its time per sample, at the MACs that the others need in that
    time (by the median of their rates). If no MACs can be counted, the axis is the time per sample itself.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.
    width, height : int
        Size of the plot.

    Returns
    -------
    dict or None
        ``axes``, ``x_name``, ``x_ticks``, ``y_ticks``, ``marks``, ``curves``, ``frontier`` (an SVG path, empty without
        MACs) and ``uncounted`` (names of the contenders without MACs, which are placed by time).
    """
    points = _points(summary)
    if len(points) < 2:
        return None
    axes, x_ticks, y_ticks = _axes(points, width, height, least_error=50 / summary["n_samples"])
    marks = [
        {
            "name": point["name"],
            "x": axes.x(point["cost"]),
            "y": axes.y(float(np.mean(point["seeds"]))),
            "seeds": [axes.y(a) for a in point["seeds"]] if len(point["seeds"]) > 1 else [],
        }
        for point in points
    ]
    curves = [_curve(point, axes) for point in points if point["curve"]]
    digits = digits_between(sorted(y_ticks))
    counted = any(figures["macs"] for figures in summary["contenders"].values())
    on_frontier = [mark for mark in marks if counted and mark["name"] in summary["frontier"]]
    return {
        "axes": axes,
        "x_name": "MACs per sample" if counted else "microseconds per sample on one core",
        "x_ticks": [
            {"at": axes.x(tick), "text": quantity(tick).replace(".00", "").replace(".0", "")} for tick in x_ticks
        ],
        "y_ticks": [{"at": axes.y(tick), "text": f"{tick:.{digits}f}"} for tick in y_ticks],
        "marks": place_labels(marks, _obstacles(marks, curves), axes),
        "curves": curves,
        "frontier": _staircase(on_frontier, axes) if on_frontier else "",
        "uncounted": [name for name, figures in summary["contenders"].items() if not figures["macs"]],
    }


def macs_or_time(contenders: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the MACs per sample of each contender, or what stands in for them where they cannot be counted.

    Parameters
    ----------
    contenders : mapping of str to mapping
        For each name ``macs`` (None if unknown) and ``seconds_per_sample``.

    Returns
    -------
    dict of str to float
        MACs; for unknown ones the MACs that other contenders need in the same time, by the median of their rates. If
        none are known, microseconds. Contenders of unknown MACs and time are left out.

    Examples
    --------
    >>> from ensemble_hwr.report.frontier import macs_or_time
    >>> counted, timed = {"macs": 500.0, "seconds_per_sample": 1e-6}, {"macs": None, "seconds_per_sample": 4e-6}
    >>> macs_or_time({"mlp": counted, "forest": timed})
    {'mlp': 500.0, 'forest': 2000.0}
    """
    seconds = {name: figures.get("seconds_per_sample") or 0.0 for name, figures in contenders.items()}
    rates = [one["macs"] / seconds[name] for name, one in contenders.items() if one["macs"] and seconds[name]]
    counted = any(figures["macs"] for figures in contenders.values())
    rate = float(np.median(rates)) if rates else 0.0 if counted else 1e6
    costs = {name: float(figures["macs"] or rate * seconds[name]) for name, figures in contenders.items()}
    return {name: cost for name, cost in costs.items() if cost}


def _points(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return cost, accuracies in percent and curve of each contender."""
    points = []
    for name, cost in macs_or_time(summary["contenders"]).items():
        figures = summary["contenders"][name]
        operating = (figures["hierarchy"] or {}).get("operating_points", [])
        curve = operating_curve(operating, figures["macs"], float(np.mean(figures["accuracy"])))
        seeds = [100 * a for a in figures["accuracy"]]
        points.append({"name": name, "cost": cost, "seeds": seeds, "curve": curve})
    return points


def _axes(
    points: list[dict[str, Any]], width: int, height: int, least_error: float
) -> tuple[Axes, list[float], list[float]]:
    """Return logarithmic axes of cost and of error rate, with their ticks."""
    (low_x, high_x), (low_e, high_e) = _limits(points, least_error)
    y_ticks = log_ticks(low_e, high_e)
    if len(y_ticks) < 3:
        y_ticks = linear_ticks(low_e, high_e)
    y_ticks = [round(100 - tick, 10) for tick in y_ticks if tick > 0.999 * least_error]
    longest = len(f"{max(y_ticks, default=0.0):.{digits_between(sorted(y_ticks))}f}")
    left, right = max(LEFT_MARGIN, round(TICK_CHARACTER * longest) + 10), width - RIGHT_MARGIN
    top, bottom = TOP_MARGIN, height - BOTTOM_MARGIN

    def x(cost: float) -> float:
        return round(left + (right - left) * math.log(cost / low_x) / math.log(high_x / low_x), 1)

    def y(accuracy: float) -> float:
        error = max(100 - accuracy, least_error)
        return round(top + (bottom - top) * math.log(error / low_e) / math.log(high_e / low_e), 1)

    axes = Axes(width, height, left, right, top, bottom, x, y)
    return axes, log_ticks(low_x, high_x), y_ticks


def _limits(points: list[dict[str, Any]], least_error: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the ranges of cost and of error in percent that the axes show."""
    costs = [point["cost"] for point in points]
    errors = [max(100 - a, least_error) for point in points for a in point["seeds"]]
    floor = largest_error_shown(max(errors))
    for step in (step for point in points for step in point["curve"]):
        error = max(100 - 100 * step["accuracy"], least_error)
        if error <= floor:
            costs.append(step["macs"])
            errors.append(error)
    room = max((max(errors) / min(errors)) ** 0.12, 1.05)
    return (min(costs) / 1.6, max(costs) * 1.6), (min(errors) / room, min(100.0, max(errors) * room))


def _curve(point: dict[str, Any], axes: Axes) -> dict[str, Any]:
    """Return the line of an operating curve, which may leave the frame, and the dots inside the frame."""
    steps = [{**step, "x": axes.x(step["macs"]), "y": axes.y(100 * step["accuracy"])} for step in point["curve"]]
    dots = [step for step in steps if axes.contains(step["x"], step["y"])]
    return {
        "name": point["name"],
        "line": "M" + "L".join(f"{step['x']} {step['y']}" for step in steps),
        "steps": steps,
        "dots": [dot for dot in dots if dot["confidence_threshold"] is not None],
        "cut": min(steps, key=lambda step: float(step["accuracy"])) if len(dots) < len(steps) else None,
    }


def _staircase(marks: list[dict[str, Any]], axes: Axes) -> str:
    """Return the path of the frontier: right from each mark, then up to the next."""
    steps = sorted(marks, key=lambda mark: float(mark["x"]))
    path = f"M{steps[0]['x']} {axes.bottom}"
    for mark in steps:
        path += f"H{mark['x']}V{mark['y']}"
    return f"{path}H{axes.right}"


def _obstacles(marks: list[dict[str, Any]], curves: list[dict[str, Any]]) -> list[tuple[float, float, float, float]]:
    """Return boxes around the dots of single seeds and along the curves."""
    r = SEED_RADIUS
    boxes = [(mark["x"] - r, y - r, mark["x"] + r, y + r) for mark in marks for y in mark["seeds"]]
    for curve in curves:
        boxes += boxes_along([(step["x"], step["y"]) for step in curve["steps"]], STEP_RADIUS)
    return boxes


def _is_same(point: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(math.isclose(point[key], other[key], rel_tol=1e-9) for key in ("accuracy", "macs"))
