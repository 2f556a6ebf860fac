"""Axes of SVG charts: ticks at round numbers, the plot frame, and label placement without overlaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Box = tuple[float, float, float, float]  # left, top, right, bottom

CHARACTER_WIDTH, LINE_HEIGHT, MARK_RADIUS = 7.4, 16.0, 8.0  # in units of the SVG's viewBox, for 13 px text
OUTSIDE_PENALTY = 10  # a label outside the frame is worse than one that covers a mark


@dataclass(frozen=True)
class Axes:
    """Frame of a plot, in units of its viewBox, and the functions that map values to positions in it."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x: Callable[[float], float]
    y: Callable[[float], float]

    @property
    def frame(self) -> Box:
        """Left, top, right and bottom edge of the plot area."""
        return self.left, self.top, self.right, self.bottom

    def contains(self, x: float, y: float) -> bool:
        """Return whether a position is inside the frame."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def linear_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about `n` round numbers from `low` to `high`.

    Examples
    --------
    >>> from ensemble_hwr.report.axes import linear_ticks
    >>> linear_ticks(0, 100)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    raw = max(high - low, 1e-9) / n
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten from `low` to `high`; below 2.5 decades also 2 and 5 times each power.

    Examples
    --------
    >>> from ensemble_hwr.report.axes import log_ticks
    >>> log_ticks(900, 2e6)
    [1000.0, 10000.0, 100000.0, 1000000.0]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if math.log10(high / low) < 2.5 else (1,)
    return [m * 10.0**d for d in decades for m in steps if low <= m * 10.0**d <= high]


def digits_between(ticks: Sequence[float]) -> int:
    """Return the number of decimals that keeps all ticks distinct.

    Examples
    --------
    >>> from ensemble_hwr.report.axes import digits_between
    >>> digits_between([95.0, 95.05])
    2
    """
    gaps = [b - a for a, b in pairwise(ticks)]
    return max(0, -math.floor(math.log10(min(gaps)) + 1e-9)) if gaps else 1


def place_labels(marks: Sequence[Mapping[str, Any]], obstacles: Iterable[Box], axes: Axes) -> list[dict[str, Any]]:
    """Place the name of each mark where it covers least of the marks, the obstacles and the names placed before.

    Parameters
    ----------
    marks : sequence of mapping
        ``name``, ``x`` and ``y`` of each mark.
    obstacles : iterable of (left, top, right, bottom)
        Boxes that labels should not cover, in addition to the marks.
    axes : Axes
        Labels should stay in its frame.

    Returns
    -------
    list of dict
        The marks, the rightmost first, with ``label_x`` (middle) and ``label_y`` (baseline).
    """
    r = MARK_RADIUS
    taken = [(mark["x"] - r, mark["y"] - r, mark["x"] + r, mark["y"] + r) for mark in marks]
    taken += obstacles
    labelled = []
    for mark in sorted(marks, key=lambda mark: -float(mark["x"])):
        length = CHARACTER_WIDTH * len(mark["name"])
        places = _candidate_boxes(mark["x"], mark["y"], length)
        box = min(places, key=lambda place: _cost(place, taken, axes.frame))
        taken.append(box)
        labelled.append({**mark, "label_x": round(box[0] + length / 2, 1), "label_y": round(box[3] - 4, 1)})
    return labelled


def boxes_along(points: Sequence[tuple[float, float]], radius: float) -> list[Box]:
    """Return square boxes, side by side, that cover the line through `points`."""
    boxes = []
    for (x0, y0), (x1, y1) in pairwise(points):
        n = math.ceil(math.hypot(x1 - x0, y1 - y0) / (2 * radius)) or 1
        for i in range(n):
            x, y = x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n
            boxes.append((x - radius, y - radius, x + radius, y + radius))
    return boxes


def _candidate_boxes(x: float, y: float, length: float) -> list[Box]:
    """Return boxes for a name around a mark, in order of preference."""
    half, tall = length / 2, LINE_HEIGHT
    places = []
    for gap in (MARK_RADIUS + 2, 2.4 * MARK_RADIUS):
        for middle in (y, y - gap - tall / 2, y + gap + tall / 2):
            for centre in (x + gap + half, x - gap - half, x):
                if (middle, centre) != (y, x):
                    places.append((centre - half, middle - tall / 2, centre + half, middle + tall / 2))
    return places


def _cost(box: Box, taken: Iterable[Box], frame: Box) -> float:
    area = (box[2] - box[0]) * (box[3] - box[1])
    return sum(_overlap(box, other) for other in taken) + OUTSIDE_PENALTY * (area - _overlap(box, frame))


def _overlap(a: Box, b: Box) -> float:
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    return wide * tall if wide > 0 and tall > 0 else 0.0
