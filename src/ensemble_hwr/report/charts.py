"""Geometry of the small charts: confusion matrices, class bars, hierarchy trees and confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ensemble_hwr.report.forest import oriented

CELL_SIZE = 12  # of a confusion matrix, with counts of up to two digits
DIGIT_WIDTH, CELL_PADDING = 5.0, 2.0  # of the counts
LABEL_CHARACTER, LABEL_GAP = 6.9, 9.0  # width of a character of a class label and its distance from the matrix
LONGEST_LABEL = 24  # characters of a class label in a matrix; longer ones are cut
UPRIGHT_LABEL = 2  # characters: longer labels of columns are turned
LEAST_OPACITY = 0.12
SMALLEST_POINT, LARGEST_POINT = 3.0, 11.0  # radii in a reliability diagram


def confusion_plots(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the errors of each contender as shaded cells, on one scale: the share of a class's predictions.

    The diagonal is left out, since rare errors cannot be seen next to it.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.

    Returns
    -------
    list of dict
        ``name``, ``cell`` (its side), ``worst`` (the largest share of all contenders), ``labels``, the ``margin``
        for them, whether those of columns are ``turned``, and ``cells``.
    """
    tables = {name: figures["per_class"] for name, figures in summary["contenders"].items()}
    labels = [_shortened(label) for label in summary["classes"]]
    longest = max(map(len, labels))
    margin = round(max(16.0, LABEL_GAP + LABEL_CHARACTER * longest))
    worst = max((share for table in tables.values() for *_, share in _errors(table)), default=0.0)
    most = max((count for table in tables.values() for _, _, count, _ in _errors(table)), default=0)
    cell = max(CELL_SIZE, math.ceil(DIGIT_WIDTH * len(str(most)) + CELL_PADDING))
    place = {label: i for i, label in enumerate(summary["classes"])}
    return [
        {
            "name": name,
            "cell": cell,
            "worst": worst,
            "labels": labels,
            "margin": margin,
            "turned": longest > UPRIGHT_LABEL,
            "cells": [
                {
                    "row": place[true],
                    "column": place[predicted],
                    "true": true,
                    "predicted": predicted,
                    "count": count,
                    "support": table[true]["support"],
                    "share": share,
                    # the square root keeps single errors visible next to frequent ones
                    "opacity": round(LEAST_OPACITY + (1 - LEAST_OPACITY) * (share / worst) ** 0.5, 3),
                }
                for true, predicted, count, share in _errors(table)
            ],
        }
        for name, table in tables.items()
    ]


def class_bars(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the error rate of each contender on each class that was tested, the hardest class first.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.

    Returns
    -------
    list of dict
        ``label``, ``support``, ``error_rates`` by contender, and ``bars`` with lengths from 0 to 100 on one scale.
    """
    contenders = summary["contenders"]
    rows = []
    for label in summary["classes"]:
        figures = {name: found["per_class"][label] for name, found in contenders.items()}
        support = max(row["support"] for row in figures.values())
        if support:
            errors = {name: 1 - (row["accuracy"] or 0.0) for name, row in figures.items()}
            rows.append({"label": label, "support": support, "error_rates": errors})
    longest = max((share for row in rows for share in row["error_rates"].values()), default=0.0) or 1.0
    for row in rows:
        best = min(row["error_rates"].values())
        row["bars"] = [
            {"name": name, "share": share, "length": round(100 * share / longest, 1), "best": share == best}
            for name, share in row["error_rates"].items()
        ]
    return sorted(rows, key=lambda row: -float(np.mean(list(row["error_rates"].values()))))


def hierarchy_trees(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return router, groups and experts of each contender that is a hierarchy, the reference first.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.

    Returns
    -------
    list of dict
        ``name``, accuracies by seed, ``branches`` (groups of all levels with their specialist or None) and ``experts``.
    """
    trees = [
        _tree(name, figures, len(summary["seeds"]))
        for name, figures in summary["contenders"].items()
        if figures["hierarchy"]
    ]
    return sorted(trees, key=lambda tree: tree["name"] != summary["reference"])


def pair_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pairs of contenders with their intervals from -100 to 100 on a square-root scale.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`~ensemble_hwr.evaluation.summarise`.

    Returns
    -------
    list of dict
        The pairs, the reference as the first in its own, with ``low_at``, ``at`` and ``high_at``.
    """
    pairs = [oriented(pair, summary.get("reference", "")) for pair in summary["pairs"]]
    widest = max((abs(end) for pair in summary["pairs"] for end in pair["interval"]), default=0.0) or 1.0

    def at(difference: float) -> float:
        return round(math.copysign(100 * math.sqrt(abs(difference) / widest), difference), 1)

    return [
        {
            "p_holm_5x2cv": None,
            **pair,
            "low_at": at(pair["interval"][0]),
            "at": at(pair["difference"]),
            "high_at": at(pair["interval"][1]),
        }
        for pair in pairs
    ]


def reliability_plot(bins: Sequence[Mapping[str, Any]], size: int = 420) -> dict[str, Any]:
    """Return a reliability diagram: the accuracy of letters grouped by the probability of their predicted class.

    Parameters
    ----------
    bins : sequence of mapping
        Return value of :func:`~ensemble_hwr.evaluation.metrics.reliability`.
    size : int, default=420
        Width and height of the viewBox.

    Returns
    -------
    dict
        ``size``; the edges ``low``, ``high``, ``top`` and ``base`` of the plot; ``ticks`` and ``points``.
    """
    low, high, top, base = 56, size - 14, 26, size - 48

    def x(share: float) -> float:
        return round(low + share * (high - low), 1)

    def y(share: float) -> float:
        return round(base - share * (base - top), 1)

    most = max((row["count"] for row in bins), default=1)
    ticks = [{"x": x(share), "y": y(share), "text": f"{100 * share:.0f}"} for share in (0, 0.2, 0.4, 0.6, 0.8, 1)]
    points = [
        {
            **row,
            "x": x(row["confidence"]),
            "y": y(row["accuracy"]),
            "r": round(SMALLEST_POINT + (LARGEST_POINT - SMALLEST_POINT) * math.sqrt(row["count"] / most), 1),
        }
        for row in bins
    ]
    return {"size": size, "low": low, "high": high, "top": top, "base": base, "ticks": ticks, "points": points}


def _shortened(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def _errors(table: Mapping[str, Any]) -> list[tuple[str, str, int, float]]:
    """Return true class, predicted class, count and share of each kind of error."""
    return [
        (true, predicted, count, count / row["support"])
        for true, row in table.items()
        for predicted, count in row["misclassified_with"].items()
    ]


def _tree(name: str, figures: Mapping[str, Any], n_seeds: int) -> dict[str, Any]:
    hierarchy = figures["hierarchy"]
    most = max((max(m["improved"], m["worsened"]) for m in hierarchy["members"]), default=0) or 1
    members = [
        {
            **member,
            "routed_share": member["routed"] / member["tested"] if member["tested"] else 0.0,
            "improved_length": round(100 * member["improved"] / most, 1),
            "worsened_length": round(100 * member["worsened"] / most, 1),
            "partly": member["seeds"] < n_seeds,
        }
        for member in hierarchy["members"]
    ]
    specialists = {tuple(member["classes"]): member for member in members if member["role"] == "specialist"}
    return {
        "name": name,
        "accuracy": figures["accuracy"],
        "router_accuracy": hierarchy["router_accuracy"],
        "perfect_router_accuracy": hierarchy["perfect_router_accuracy"],
        "branches": [
            {**group, "member": specialists.get(tuple(group["classes"])), "partly": group["seeds"] < n_seeds}
            for group in [*hierarchy["groups"], *hierarchy.get("subgroups", [])]
        ],
        "experts": [member for member in members if member["role"] != "specialist"],
    }
