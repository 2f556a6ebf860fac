"""Accuracy against MACs: where each mark, label, line and curve of the plot goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ensemble_hwr.evaluation._curve import deepest_error, operating_curve
from ensemble_hwr.evaluation._format import quantity
from ensemble_hwr.evaluation._report._scales import digits_between, linear_ticks, log_ticks

Box = tuple[float, float, float, float]  # left, top, right, bottom
LETTER_WIDTH, LINE_HEIGHT, MARK, DOT = 7.4, 16.0, 8.0, 3.0


@dataclass(frozen=True)
class Axes:
    """The frame of a plot in its own units, and the scales into it."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x: Callable[[float], float]
    y: Callable[[float], float]


def frontier_plot(summary: Mapping[str, Any], *, width: int, height: int) -> dict[str, Any] | None:
    """Return the geometry of the plot; None where fewer than two contenders count their MACs."""
    points = [
        {
            "name": name,
            "cost": figures["macs"],
            "seeds": [100 * a for a in figures["accuracy"]],
            "curve": _operating_curve(figures),
        }
        for name, figures in summary["contenders"].items()
        if figures["macs"]
    ]
    if len(points) < 2:
        return None
    axes, x_ticks, y_ticks = _axes(points, width, height, 50 / summary["letters"])
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
    return {
        "axes": axes,
        "x_ticks": [
            {"at": axes.x(tick), "text": quantity(tick).replace(".00", "").replace(".0", "")} for tick in x_ticks
        ],
        "y_ticks": [{"at": axes.y(tick), "text": f"{tick:.{digits}f}"} for tick in y_ticks],
        "marks": _labelled(marks, curves, axes),
        "curves": curves,
        "frontier": _staircase([mark for mark in marks if mark["name"] in summary["frontier"]], axes),
        "uncounted": [name for name, figures in summary["contenders"].items() if not figures["macs"]],
    }


def _operating_curve(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the curve of a contender; empty for anything but a hierarchy, and in figures of before there were any."""
    points = (figures["hierarchy"] or {}).get("operating_points", [])
    return operating_curve(points, figures["macs"], float(np.mean(figures["accuracy"])))


def _axes(
    points: list[dict[str, Any]], width: int, height: int, least_error: float
) -> tuple[Axes, list[float], list[float]]:
    """Return scales in which a step up is the same share fewer errors, and a step right the same factor of cost."""
    costs = [point["cost"] for point in points]
    errors = [max(100 - a, least_error) for point in points for a in point["seeds"]]
    deepest = deepest_error(max(errors))
    for step in (step for point in points for step in point["curve"]):
        error = max(100 - 100 * step["accuracy"], least_error)
        if error <= deepest:
            costs.append(step["macs"])
            errors.append(error)
    low_x, high_x = min(costs) / 1.6, max(costs) * 1.6
    room = max((max(errors) / min(errors)) ** 0.12, 1.05)
    low_e, high_e = min(errors) / room, min(100.0, max(errors) * room)
    left, right, top, bottom = 52, width - 12, 14, height - 44

    def x(cost: float) -> float:
        return round(left + (right - left) * math.log(cost / low_x) / math.log(high_x / low_x), 1)

    def y(accuracy: float) -> float:
        error = max(100 - accuracy, least_error)
        return round(top + (bottom - top) * math.log(error / low_e) / math.log(high_e / low_e), 1)

    y_ticks = log_ticks(low_e, high_e)
    if len(y_ticks) < 3:
        y_ticks = linear_ticks(low_e, high_e)
    axes = Axes(width, height, left, right, top, bottom, x, y)
    return axes, log_ticks(low_x, high_x), [round(100 - tick, 10) for tick in y_ticks]


def _curve(point: dict[str, Any], axes: Axes) -> dict[str, Any]:
    """Return the line of a hierarchy's curve, which may run out of the frame, and the dots inside it."""
    steps = [{**step, "x": axes.x(step["macs"]), "y": axes.y(100 * step["accuracy"])} for step in point["curve"]]
    dots = [step for step in steps if axes.left <= step["x"] <= axes.right and axes.top <= step["y"] <= axes.bottom]
    return {
        "name": point["name"],
        "line": "M" + "L".join(f"{step['x']} {step['y']}" for step in steps),
        "steps": steps,
        "dots": [dot for dot in dots if dot["confidence_threshold"] is not None],
        "cut": min(steps, key=lambda step: float(step["accuracy"])) if len(dots) < len(steps) else None,
    }


def _staircase(marks: list[dict[str, Any]], axes: Axes) -> str:
    """Return the path under which every point is beaten: right from one mark, then up to the next."""
    steps = sorted(marks, key=lambda mark: float(mark["x"]))
    path = f"M{steps[0]['x']} {axes.bottom}"
    for mark in steps:
        path += f"H{mark['x']}V{mark['y']}"
    return f"{path}H{axes.right}"


def _labelled(marks: list[dict[str, Any]], curves: list[dict[str, Any]], axes: Axes) -> list[dict[str, Any]]:
    """Give each mark the place for its name that covers least of the other marks and names, and of the curves."""
    taken: list[Box] = [(m["x"] - MARK, m["y"] - MARK, m["x"] + MARK, m["y"] + MARK) for m in marks]
    taken += [(m["x"] - 4, y - 4, m["x"] + 4, y + 4) for m in marks for y in m["seeds"]]
    taken += [box for curve in curves for box in _along(curve["steps"])]
    frame: Box = (axes.left, axes.top, axes.right, axes.bottom)
    labelled = []
    for mark in sorted(marks, key=lambda mark: -float(mark["x"])):
        length = LETTER_WIDTH * len(mark["name"])
        places = _places(mark["x"], mark["y"], length)
        box = min(places, key=lambda place: sum(_overlap(place, other) for other in taken) + _outside(place, frame))
        taken.append(box)
        labelled.append({**mark, "label_x": round(box[0] + length / 2, 1), "label_y": round(box[3] - 4, 1)})
    return labelled


def _along(steps: list[dict[str, Any]]) -> list[Box]:
    """Return small boxes side by side along a line."""
    boxes = []
    for start, end in pairwise(steps):
        n = math.ceil(math.hypot(end["x"] - start["x"], end["y"] - start["y"]) / (2 * DOT)) or 1
        for i in range(n):
            x = start["x"] + (end["x"] - start["x"]) * i / n
            y = start["y"] + (end["y"] - start["y"]) * i / n
            boxes.append((x - DOT, y - DOT, x + DOT, y + DOT))
    return boxes


def _places(x: float, y: float, length: float) -> list[Box]:
    """Return boxes for a name around a mark, the preferred ones first."""
    half, tall = length / 2, LINE_HEIGHT
    places = []
    for gap in (MARK + 2, 2.4 * MARK):
        for middle in (y, y - gap - tall / 2, y + gap + tall / 2):
            for centre in (x + gap + half, x - gap - half, x):
                if (middle, centre) != (y, x):
                    places.append((centre - half, middle - tall / 2, centre + half, middle + tall / 2))
    return places


def _overlap(a: Box, b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0


def _outside(box: Box, frame: Box) -> float:
    area = (box[2] - box[0]) * (box[3] - box[1])
    return 10 * (area - _overlap(box, frame))
