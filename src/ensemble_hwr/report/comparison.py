"""HTML page of a comparison of classifiers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ensemble_hwr.report.charts import class_bars, confusion_plots, hierarchy_trees, pair_rows, reliability_plot
from ensemble_hwr.report.forest import forest_plot
from ensemble_hwr.report.formats import ABSENT
from ensemble_hwr.report.frontier import frontier_plot
from ensemble_hwr.report.page import environment

N_COLOURS = 7
# circle, square, triangle, diamond, triangle upside down, plus, cross: as matplotlib's o s ^ D v P X. Their number has
# no divisor in common with the number of colours of contenders other than the reference, so that 42 of these differ.
MARK_PATHS = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5.2L4.9 3.6H-4.9z",
    "M0 -5.6L5.6 0L0 5.6L-5.6 0z",
    "M0 5.2L4.9 -3.6H-4.9z",
    "M-1.7 -5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "M-2.4 -4.8L0 -2.4L2.4 -4.8L4.8 -2.4L2.4 0L4.8 2.4L2.4 4.8L0 2.4L-2.4 4.8L-4.8 2.4L-2.4 0L-4.8 -2.4z",
)
DESCRIPTIONS = {
    "baseline": "MLP with hidden layers of 100, 100 and 100 units on pixels, with early stopping.",
    "logreg": "Multinomial logistic regression on the view of the flat contender.",
    "flat": "One MLP with as many parameters as the hierarchy.",
    "flat_macs": "One MLP on the flat contender's view with as many MACs per sample as the hierarchy.",
    "flat_macs_cheap": "One MLP on the cheapest view with as many MACs per sample as the hierarchy.",
    "committee": "Mean of the probabilities of several MLPs, together with as many parameters as the hierarchy.",
    "top_down": "The hierarchy with hard decisions: the router chooses the group, its specialist the class.",
    "hierarchical": "Router, specialists of groups and experts of confusable sets, pooled with their trust.",
}
OTHER = "Defined by the user."
NO_BREAK = "\u00a0"
REPRODUCTION_KEYS = ("command", "config")
WITHOUT_ERRORS = "without_suspected_errors"


def comparison_page(
    summary: Mapping[str, Any],
    *,
    sentences: Sequence[str],
    mistakes: Sequence[Mapping[str, Any]] = (),
    samples: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the report of a comparison as one HTML page without scripts, fonts or other files.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.
    sentences : sequence of str
        The headline, then further statements; one that starts with "Caution" is highlighted.
    mistakes : sequence of mapping
        Groups of mistakes: ``kind`` (``"all"`` for mistakes of all contenders, ``"reference"`` for those of the
        reference, ``"others"``), their number ``n``, and ``mistakes``: ``picture`` (a data URI), ``true``, ``suspect``
        and ``readings`` (``name``, ``predicted``, ``probability`` and ``correct`` of each contender).
    samples : sequence of mapping
        Training samples of each class: ``label``, their number ``n`` and some ``pictures`` as data URIs.

    Returns
    -------
    str
        A complete document.
    """
    page = environment()
    page.filters["readable"] = _readable
    contenders = summary["contenders"]
    return page.get_template("comparison.html").render(
        s=summary,
        headline=_unbroken(sentences[0]),
        sentences=[_unbroken(sentence) for sentence in sentences[1:]],
        styles=_styles(summary),
        best=_best(contenders),
        flagged=any(figures[WITHOUT_ERRORS] for figures in contenders.values()),
        plots=[frontier_plot(summary, width=860, height=430), frontier_plot(summary, width=380, height=380)],
        nested=any(figures.get("hierarchical_scores") for figures in contenders.values()),
        forests=[forest_plot(summary, width=860), forest_plot(summary, width=380)],
        pairs=pair_rows(summary),
        trees=hierarchy_trees(summary),
        contents=_contents(summary, has_samples=bool(samples), has_mistakes=bool(mistakes)),
        descriptions=_descriptions(summary),
        reliability=[
            (name, reliability_plot(figures["reliability"]))
            for name, figures in contenders.items()
            if figures.get("reliability")
        ],
        class_rows=class_bars(summary),
        matrices=confusion_plots(summary),
        mistakes=mistakes,
        samples=samples,
        data={key: value for key, value in summary["data"].items() if key not in REPRODUCTION_KEYS},
        reproduction={key: _as_text(summary["data"].get(key)) for key in REPRODUCTION_KEYS},
    )


def _descriptions(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, description and settings of each contender; names have a fixed meaning in configs alone."""
    known = DESCRIPTIONS if summary["data"].get("config") else {}
    return [
        (name, known.get(name, OTHER), figures.get("settings", "")) for name, figures in summary["contenders"].items()
    ]


def _contents(summary: Mapping[str, Any], *, has_samples: bool, has_mistakes: bool) -> list[tuple[str, str]]:
    """Return the anchors and the titles of the sections."""
    contenders = summary["contenders"].values()
    sections = (
        ("contenders", "Contenders", True),
        ("frontier", "Accuracy against MACs", any(figures["macs"] is not None for figures in contenders)),
        ("pairs", "Paired tests", bool(summary["pairs"])),
        ("hierarchy", "Hierarchies", any(figures["hierarchy"] for figures in contenders)),
        ("classes", "Error rate per class", bool(class_bars(summary))),
        ("reliability", "Reliability", any(figures.get("reliability") for figures in contenders)),
        ("confusions", "Confusion matrices", True),
        ("mistakes", "Errors by picture", has_mistakes),
        ("samples", "Training samples", has_samples),
        ("data", "Data, versions and how to reproduce", True),
    )
    return [(anchor, title) for anchor, title, is_shown in sections if is_shown]


def _styles(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the colour and the mark of each contender; the reference always has the first of both."""
    reference = summary["reference"]
    order = [reference, *(name for name in summary["contenders"] if name != reference)]
    return {
        name: {"colour": 0 if i == 0 else 1 + (i - 1) % (N_COLOURS - 1), "shape": MARK_PATHS[i % len(MARK_PATHS)]}
        for i, name in enumerate(order)
    }


def _best(contenders: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Return for each column of figures the contenders with the best mean."""
    highest = ("accuracy", "macro_f1", "samples_per_second")
    lowest = ("log_loss", "expected_calibration_error", "parameters", "macs", "fit_seconds", "size_bytes")
    best = {key: _extreme({name: f[key] for name, f in contenders.items()}, max) for key in highest}
    best |= {key: _extreme({name: f[key] for name, f in contenders.items()}, min) for key in lowest}
    accuracies = {name: f[WITHOUT_ERRORS] and f[WITHOUT_ERRORS]["accuracy"] for name, f in contenders.items()}
    nested = {name: found and found["f1"] for name, f in contenders.items() for found in [f.get("hierarchical_scores")]}
    return best | {WITHOUT_ERRORS: _extreme(accuracies, max), "hierarchical_f1": _extreme(nested, max)}


def _extreme(figures: Mapping[str, Any], choose: Any) -> set[str]:
    """Return the names with the extreme mean; none if fewer than two have a figure."""
    means = {
        name: float(np.mean(value))
        for name, value in figures.items()
        if value is not None and None not in np.atleast_1d(value)
    }
    if len(means) < 2:
        return set()
    extreme = choose(means.values())
    return {name for name, mean in means.items() if mean == extreme}


def _unbroken(sentence: str) -> str:
    """Keep figures and their units on one line."""
    return re.sub(r"(?<=\d) (?=%|points|times)|(?<=\bp) | (?=[<=])|(?<=[<=]) ", NO_BREAK, sentence)


def _as_text(value: Any) -> str:
    """Return a command or a configuration as text."""
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
    return ABSENT if value is None else str(value)
