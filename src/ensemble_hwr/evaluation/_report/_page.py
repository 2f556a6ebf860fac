"""The page: figures, geometry and pictures put into the templates."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jinja2
import numpy as np

from ensemble_hwr.evaluation import _format
from ensemble_hwr.evaluation._report._confusion import confusion_plots
from ensemble_hwr.evaluation._report._frontier import frontier_plot
from ensemble_hwr.evaluation._report._hierarchy import hierarchy_trees
from ensemble_hwr.evaluation._report._letters import letter_bars
from ensemble_hwr.evaluation._report._pairs import pair_rows
from ensemble_hwr.evaluation._report._pictures import are_pictures, worst_mistakes
from ensemble_hwr.evaluation._result import Comparison
from ensemble_hwr.evaluation._verdict import verdict_sentences

N_COLOURS = 7
SHAPES = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5.2L4.9 3.6H-4.9z",
    "M0 -5.6L5.6 0L0 5.6L-5.6 0z",
    "M0 5.2L4.9 -3.6H-4.9z",
    "M-1.7 -5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
)
NO_BREAK = "\u00a0"
REPEAT_KEYS = ("command", "config")


def render_report(summary: Mapping[str, Any], comparison: Comparison) -> str:
    """Return the report as HTML that loads nothing: no script, no font, no file.

    Parameters
    ----------
    summary : mapping
        What ``summarise(comparison)`` returned.
    comparison : Comparison
        What was measured; the pictures of mistakes come from its rows.

    Returns
    -------
    str
        A whole document.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("percent", "points", "spread", "mean", "quantity", "size", "seconds", "p_number")
    environment.filters.update({name: getattr(_format, name) for name in names})
    environment.filters["readable"] = _readable
    return environment.get_template("report.html").render(_context(summary, comparison))


def _context(summary: Mapping[str, Any], comparison: Comparison) -> dict[str, Any]:
    sentences = verdict_sentences(summary)
    return {
        "s": summary,
        "headline": _unbroken(sentences[0]),
        "sentences": [_unbroken(sentence) for sentence in sentences[1:]],
        "styles": _styles(summary),
        "best": _best(summary["contenders"]),
        "flagged": any(figures["not_suspect"] for figures in summary["contenders"].values()),
        "plots": [
            frontier_plot(summary, width=860, height=430),
            frontier_plot(summary, width=380, height=380),
        ],
        "pairs": pair_rows(summary),
        "trees": hierarchy_trees(summary),
        "letters": letter_bars(summary),
        "matrices": confusion_plots(summary),
        "mistakes": _mistakes(summary, comparison),
        "data": {key: value for key, value in summary["data"].items() if key not in REPEAT_KEYS},
        "repeat": {key: _as_text(summary["data"].get(key)) for key in REPEAT_KEYS},
    }


def _styles(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give each contender a colour and a shape; the reference always has the first of both."""
    reference = summary["reference"]
    order = [reference, *(name for name in summary["contenders"] if name != reference)]
    return {
        name: {"colour": 0 if i == 0 else 1 + (i - 1) % (N_COLOURS - 1), "shape": SHAPES[i % len(SHAPES)]}
        for i, name in enumerate(order)
    }


def _best(contenders: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return for each column the contenders that are best in it."""
    highest = ("accuracy", "macro_f1", "letters_per_second")
    lowest = ("log_loss", "expected_calibration_error", "parameters", "macs", "fit_seconds", "size_bytes")
    best = {key: _extreme({name: f[key] for name, f in contenders.items()}, max) for key in highest}
    best |= {key: _extreme({name: f[key] for name, f in contenders.items()}, min) for key in lowest}
    doubted = {name: f["not_suspect"]["accuracy"] if f["not_suspect"] else None for name, f in contenders.items()}
    return best | {"not_suspect": _extreme(doubted, max)}


def _extreme(figures: Mapping[str, Any], choose: Any) -> set[str]:
    """Return the names with the extreme mean; none where fewer than two have a figure."""
    means = {
        name: float(np.mean(value))
        for name, value in figures.items()
        if value is not None and None not in np.atleast_1d(value)
    }
    if len(means) < 2:
        return set()
    extreme = choose(means.values())
    return {name for name, mean in means.items() if mean == extreme}


def _mistakes(summary: Mapping[str, Any], comparison: Comparison) -> list[dict[str, Any]]:
    if not are_pictures(comparison.rows):
        return []
    reference = summary["reference"]
    order = [reference, *(name for name in summary["contenders"] if name != reference)]
    sheets = [
        {"name": name, "mistakes": worst_mistakes(comparison, name, 24 if name == reference else 12)} for name in order
    ]
    return [sheet for sheet in sheets if sheet["mistakes"]]


def _unbroken(sentence: str) -> str:
    """Keep figures and their signs on one line."""
    return re.sub(r"(?<=\d) (?=%|points|times)|(?<=\bp) | (?=[<=])|(?<=[<=]) ", NO_BREAK, sentence)


def _as_text(value: Any) -> str:
    """Return a command or a config as it is shown, line by line."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _readable(value: Any) -> str:
    """Return a value of the data's description as text."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_readable(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_readable(item) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return _format.ABSENT if value is None else str(value)
