"""Where everything in the report's charts goes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

from ensemble_hwr.report.axes import digits_between, linear_ticks, log_ticks
from ensemble_hwr.tuning._gain import Gain
from ensemble_hwr.tuning._report._figures import StudyFigures, TrialFigures, short
from ensemble_hwr.tuning._score import shown

FROM_LINEAR_TO_LOG = 6.0
WORST_SHOWN = 12.0  # times the best loss above the best: beyond, a trial is drawn at the edge
MOST_SLICES = 9


@dataclass(frozen=True)
class Scale:
    """A stretch of an axis, from a value to a place on it."""

    place: Callable[[Any], float]
    ticks: list[tuple[float, str]]


def score_scale(values: Sequence[float], start: float, stop: float) -> Scale:
    """Return an axis for scores, logarithmic where they are positive and far apart."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - abs(low) * 0.05 - 1e-6, high + abs(high) * 0.05 + 1e-6
    if low > 0 and high / low > FROM_LINEAR_TO_LOG:
        low, high = low / 1.08, high * 1.08
        ticks = log_ticks(low, high)
        span = math.log(high / low)
        return _scale(lambda value: math.log(value / low) / span, start, stop, [(tick, f"{tick:g}") for tick in ticks])
    room = (high - low) * 0.06
    low, high = low - room, high + room
    ticks = linear_ticks(low, high, 5)
    digits = digits_between(ticks)
    return _scale(
        lambda value: (value - low) / (high - low), start, stop, [(tick, f"{tick:.{digits}f}") for tick in ticks]
    )


def setting_scale(distribution: BaseDistribution, start: float, stop: float) -> Scale:
    """Return an axis for a setting: choices apart from one another, ranges as they are searched."""
    if isinstance(distribution, CategoricalDistribution):
        choices = list(distribution.choices)
        n = len(choices)
        places = {repr(choice): (i + 0.5) / n for i, choice in enumerate(choices)}
        return _scale(lambda value: places[repr(value)], start, stop, [(choice, short(choice)) for choice in choices])
    low, high = float(distribution.low), float(distribution.high)  # type: ignore[attr-defined]
    if distribution.log:  # type: ignore[attr-defined]
        span = math.log(high / low)
        ticks = list(log_ticks(low, high)) or [low, high]
        return _scale(
            lambda value: math.log(value / low) / span, start, stop, [(tick, _figure(tick)) for tick in ticks]
        )
    ticks = linear_ticks(low, high, 4)
    if isinstance(distribution, IntDistribution):
        ticks = [tick for tick in ticks if tick == round(tick)]
    return _scale(lambda value: (value - low) / (high - low), start, stop, [(tick, _figure(tick)) for tick in ticks])


def history(figures: StudyFigures, width: int, height: int) -> dict[str, Any]:
    """Return the plot of scores by trial, with the best so far; pruned and failed trials stand on a line above."""
    left, right, top, bottom = 62, width - 14, 40, height - 40
    completed = [trial for trial in figures.trials if trial.score is not None]
    scale = score_scale(_within_reach([trial.score for trial in completed if trial.score is not None]), bottom, top)
    last = max((trial.number for trial in figures.trials), default=0)

    def x(number: int) -> float:
        return round(left + (right - left) * (number + 0.5) / (last + 1), 1)

    best: float | None = None
    path = ""
    marks = []
    for trial in completed:
        assert trial.loss is not None
        assert trial.score is not None
        y = _clipped(scale.place(trial.score), top, bottom)
        marks.append({"x": x(trial.number), "y": y, "trial": trial})
        if best is None or trial.loss < best:
            path += f"M{x(trial.number)} {y}" if best is None else f"H{x(trial.number)}V{y}"
            best = trial.loss
    return {
        "width": width,
        "height": height,
        "left": left,
        "right": right,
        "top": top,
        "bottom": bottom,
        "marks": marks,
        "path": f"{path}H{right}" if path else "",
        "x_title": "trial",
        "others": [{"x": x(t.number), "trial": t} for t in figures.trials if t.score is None],
        "y_ticks": [(round(place, 1), text) for place, text in scale.ticks],
        "x_ticks": [(x(round(tick)), f"{tick:.0f}") for tick in linear_ticks(0, last, 6) if tick == round(tick)]
        if last
        else [(x(0), "0")],
    }


def parallel(figures: StudyFigures, width: int, height: int) -> dict[str, Any] | None:
    """Return the plot of settings side by side, a line for each completed trial; None where there is one setting."""
    names = list(figures.distributions)
    completed = [trial for trial in figures.trials if trial.score is not None]
    if len(names) < 2 or len(completed) < 2:
        return None
    top, bottom, floor = 34, height - 46, height - 18
    gap = (width - 130) / len(names)
    at = [round(56 + gap * i, 1) for i in range(len(names) + 1)]
    scales = [setting_scale(figures.distributions[name], bottom, top) for name in names]
    scores = score_scale(_within_reach([trial.score for trial in completed if trial.score is not None]), bottom, top)
    order = sorted(completed, key=lambda trial: -float(trial.loss or 0))
    lines = []
    for rank, trial in enumerate(order):
        ends = [
            (at[i], scale.place(trial.params[name]) if name in trial.params else floor)
            for i, (name, scale) in enumerate(zip(names, scales, strict=True))
        ]
        ends.append((at[-1], _clipped(scores.place(trial.score), top, bottom)))
        path = "M" + "L".join(f"{x} {round(y, 1)}" for x, y in ends)
        lines.append(
            {"path": path, "opacity": round(0.12 + 0.6 * (rank / max(1, len(order) - 1)) ** 3, 2), "trial": trial}
        )
    absent = {name for name in names if any(name not in trial.params for trial in completed)}
    return {
        "width": width,
        "height": height,
        "top": top,
        "bottom": bottom,
        "floor": floor,
        "axes": [
            {
                "x": x,
                "name": readable(name),
                "ticks": [(round(place, 1), text) for place, text in scale.ticks],
                "absent": name in absent,
            }
            for x, name, scale in zip(at, [*names, "score"], [*scales, scores], strict=True)
        ],
        "lines": lines,
    }


def slices(figures: StudyFigures, width: int, height: int) -> list[dict[str, Any]]:
    """Return a plot of the scores against each setting, the most important first."""
    completed = [trial for trial in figures.trials if trial.score is not None]
    if len(completed) < 2:
        return []
    left, right, top, bottom = 44, width - 10, 8, height - 26
    scores = score_scale(_within_reach([trial.score for trial in completed if trial.score is not None]), bottom, top)
    names = sorted(figures.distributions, key=lambda name: -figures.importances.get(name, 0.0))
    drawn = []
    for name in names[:MOST_SLICES]:
        scale = setting_scale(figures.distributions[name], left + 6, right - 6)
        marks = [
            {
                "x": round(scale.place(trial.params[name]), 1),
                "y": _clipped(scores.place(trial.score), top, bottom),
                "trial": trial,
            }
            for trial in completed
            if name in trial.params
        ]
        drawn.append(
            {
                "name": readable(name),
                "width": width,
                "height": height,
                "left": left,
                "right": right,
                "top": top,
                "bottom": bottom,
                "marks": marks,
                "x_ticks": [(round(place, 1), text) for place, text in scale.ticks],
                "y_ticks": [(round(place, 1), text) for place, text in scores.ticks],
            }
        )
    return drawn


def gain_plot(gain: Gain, width: int) -> dict[str, Any]:
    """Return the plot of what was gained: a dot for each fold, the mean, and its interval."""
    differences = [before - after for before, after in zip(gain.untuned, gain.tuned, strict=True)]
    low, high = gain.interval
    if not math.isfinite(low):
        low = high = gain.difference
    reach = [*differences, low, high, 0.0]
    scale = score_range(min(reach), max(reach), 24, width - 24)
    return {
        "width": width,
        "dots": [round(scale.place(one), 1) for one in differences],
        "low": round(scale.place(low), 1),
        "high": round(scale.place(high), 1),
        "mean": round(scale.place(gain.difference), 1),
        "zero": round(scale.place(0.0), 1),
        "ticks": [(round(place, 1), text) for place, text in scale.ticks],
        "before": shown(gain.score, sum(gain.untuned) / len(gain.untuned)),
        "after": shown(gain.score, sum(gain.tuned) / len(gain.tuned)),
    }


def score_range(low: float, high: float, start: float, stop: float) -> Scale:
    """Return a linear axis that holds all from low to high."""
    room = (high - low) * 0.06 or 1e-6
    low, high = low - room, high + room
    ticks = linear_ticks(low, high, 6)
    digits = digits_between(ticks)
    return _scale(
        lambda value: (value - low) / (high - low), start, stop, [(tick, f"{tick:.{digits}f}") for tick in ticks]
    )


def readable(name: str) -> str:
    """Return the name of a stored setting as people read it.

    Examples
    --------
    >>> from ensemble_hwr.tuning._report._charts import readable
    >>> readable("hidden_layer_sizes.2"), readable("hidden_layer_sizes.n"), readable("view.gradient.grid")
    ('width of layer 2', 'number of layers', 'gradient grid')
    """
    setting, _, last = name.rpartition(".")
    if setting and last == "n":
        return "number of layers" if setting == "hidden_layer_sizes" else f"length of {setting}"
    if setting and last.isdecimal():
        return f"width of layer {last}" if setting == "hidden_layer_sizes" else f"{setting} {last}"
    return name.removeprefix("view.").replace(".", " ").replace("_", " ")


def best_first(trials: Sequence[TrialFigures]) -> list[TrialFigures]:
    """Return the completed trials by loss."""
    return sorted((trial for trial in trials if trial.loss is not None), key=lambda trial: float(trial.loss or 0))


def _scale(share: Callable[[Any], float], start: float, stop: float, ticks: Sequence[tuple[Any, str]]) -> Scale:
    def place(value: Any) -> float:
        return start + (stop - start) * share(value)

    return Scale(place, [(place(value), text) for value, text in ticks])


def _within_reach(scores: list[float]) -> list[float]:
    """Leave out what is so far off that all else would be one line."""
    ordered = sorted(scores)
    middle = ordered[len(ordered) // 2]
    reach = max(abs(middle - end) for end in (ordered[0], ordered[len(ordered) // 4], ordered[-len(ordered) // 4]))
    kept = [score for score in scores if abs(score - middle) <= WORST_SHOWN * max(reach, 1e-9)]
    return kept or scores


def _clipped(place: float, top: float, bottom: float) -> float:
    return round(min(max(place, top - 4), bottom + 4), 1)


def _figure(value: float) -> str:
    if value and (abs(value) < 1e-3 or abs(value) >= 1e5):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    return f"{value:g}"
