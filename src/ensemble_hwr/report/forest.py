"""Forest plot: differences of the reference's accuracy from those of other contenders, with intervals and numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from ensemble_hwr.report.axes import CHARACTER_WIDTH
from ensemble_hwr.report.formats import MINUS, p_value, points

NARROW = 500  # widths below it have names and numbers above the intervals, not next to them
ROW_HEIGHT, TALL_ROW_HEIGHT = 30, 48
TOP, AXIS_HEIGHT = 8, 48
MARK_WIDTH, GAP, LEAST_PLOT = 22, 16, 200
TICK_DISTANCE = 44  # least distance between two ticks
LONGEST_P = 9  # characters of "p < 0.001"


def forest_plot(summary: Mapping[str, Any], *, width: int) -> dict[str, Any] | None:
    """Return the geometry of the plot, or None without pairs with the reference.

    Differences are those of the reference minus the other contender, on a signed square-root scale, so that a tenth of
    a point is visible next to ten points.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.
    width : int
        Width of the viewBox.

    Returns
    -------
    dict or None
        ``width`` and ``height``; ``left``, ``right`` and ``bottom`` of the plot area; ``zero``, the position of no
        difference; ``ticks`` with ``at`` and ``text``; and ``rows`` with the ``name`` of the other contender, its
        ``label``, ``numbers`` and ``p`` as text, the positions ``low``, ``at`` and ``high`` of interval and
        difference, ``label_y``, ``y``, and whether the difference is ``significant``.

    Examples
    --------
    >>> from ensemble_hwr.report.forest import forest_plot
    >>> pair = {"a": "mine", "b": "flat", "difference": 0.01, "interval": (0.0, 0.02), "p_holm": 0.05, "better": None}
    >>> plot = forest_plot({"reference": "mine", "pairs": [{**pair, "with_reference": True}]}, width=600)
    >>> plot["rows"][0]["numbers"], [tick["text"] for tick in plot["ticks"]][-1]
    ('+1.00 [0.00, +2.00]', '+2')
    """
    pairs = [oriented(pair, summary["reference"]) for pair in summary["pairs"] if pair["with_reference"]]
    if not pairs:
        return None
    texts = [_numbers(pair) for pair in pairs]
    is_narrow = width < NARROW
    numbers_width = CHARACTER_WIDTH * (max(map(len, texts)) + 2)
    left, right = GAP, width - GAP
    if is_narrow:
        room = width - MARK_WIDTH - numbers_width
    else:
        right = round(width - numbers_width - CHARACTER_WIDTH * LONGEST_P - 2 * GAP)
        room = right - LEAST_PLOT - MARK_WIDTH - GAP
    labels = [_shortened(pair["b"], int(room / CHARACTER_WIDTH)) for pair in pairs]
    if not is_narrow:
        left = round(MARK_WIDTH + GAP + CHARACTER_WIDTH * max(map(len, labels)))
    at, ticks = _scale([end for pair in pairs for end in pair["interval"]], left, right)
    row_height, label_y, y = (TALL_ROW_HEIGHT, 12, 30) if is_narrow else (ROW_HEIGHT, ROW_HEIGHT / 2, ROW_HEIGHT / 2)
    rows = [
        _row(pair, at) | {"label": label, "numbers": text, "label_y": top + label_y, "y": top + y}
        for pair, label, text, top in zip(pairs, labels, texts, itertools.count(TOP, row_height), strict=False)
    ]
    bottom = TOP + len(pairs) * row_height
    return {
        "width": width,
        "height": bottom + AXIS_HEIGHT,
        "is_narrow": is_narrow,
        "left": left,
        "right": right,
        "bottom": bottom,
        "zero": at(0.0),
        "ticks": ticks,
        "rows": rows,
    }


def oriented(pair: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """Return a pair of the summary with the reference as the first of both, if it is one of them.

    Examples
    --------
    >>> from ensemble_hwr.report.forest import oriented
    >>> pair = {"a": "flat", "b": "mine", "difference": -0.01, "interval": (-0.02, 0.0)}
    >>> oriented({**pair, "only_a_correct": 2, "only_b_correct": 3}, "mine")["interval"]
    (0.0, 0.02)
    """
    if pair.get("b") != reference:
        return dict(pair)
    low, high = pair["interval"]
    return {
        **pair,
        "a": pair["b"],
        "b": pair["a"],
        "difference": 0.0 - pair["difference"],
        "interval": (0.0 - high, 0.0 - low),
        "only_a_correct": pair["only_b_correct"],
        "only_b_correct": pair["only_a_correct"],
    }


def _row(pair: Mapping[str, Any], at: Callable[[float], float]) -> dict[str, Any]:
    """Return the name, the p-value and the horizontal positions of a row."""
    return {
        "name": pair["b"],
        "p": p_value(pair["p_holm"]),
        "low": at(pair["interval"][0]),
        "at": at(pair["difference"]),
        "high": at(pair["interval"][1]),
        "significant": bool(pair["better"]),
    }


def _numbers(pair: Mapping[str, Any]) -> str:
    low, high = pair["interval"]
    return f"{points(pair['difference'])} [{points(low)}, {points(high)}]"


def _shortened(name: str, length: int) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _scale(ends: list[float], left: float, right: float) -> tuple[Callable[[float], float], list[dict[str, Any]]]:
    """Return the function from a difference to its position, and the ticks in percentage points."""
    low, high = (_signed_root(end) for end in (min([*ends, 0.0]), max([*ends, 0.0])))
    if low == high:
        low, high = -0.1, 0.1
    margin = 0.02 * (high - low)

    def at(difference: float) -> float:
        return round(left + (right - left) * (_signed_root(difference) - low + margin) / (high - low + 2 * margin), 1)

    found = [{"at": at(0.0), "text": "0"}]
    for sign, symbol in ((1, "+"), (-1, MINUS)):
        last = at(0.0)
        for value in (step * 10.0**power for power in range(-2, 3) for step in (1, 2, 5)):
            place = at(sign * value / 100)
            if abs(place - last) >= TICK_DISTANCE and left <= place <= right:
                found.append({"at": place, "text": f"{symbol}{value:g}"})
                last = place
    return at, sorted(found, key=lambda tick: float(tick["at"]))


def _signed_root(value: float) -> float:
    return math.copysign(math.sqrt(abs(value)), value)
