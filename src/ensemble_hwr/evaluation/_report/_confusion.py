"""Confusion matrices in which the errors are seen: the diagonal is left out of the shading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CELL = 12


def confusion_plots(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a matrix for each contender, all shaded on one scale: the share of a letter's attempts."""
    tables = {name: figures["per_class"] for name, figures in summary["contenders"].items()}
    worst = max((share for table in tables.values() for *_, share in _errors(table)), default=0.0)
    return [
        {
            "name": name,
            "cell": CELL,
            "worst": worst,
            "labels": summary["classes"],
            "cells": [
                {
                    "row": summary["classes"].index(true),
                    "column": summary["classes"].index(wrong),
                    "true": true,
                    "wrong": wrong,
                    "count": count,
                    "attempts": table[true]["attempts"],
                    "share": share,
                    # the square root keeps single errors visible beside frequent ones
                    "opacity": round(0.12 + 0.88 * (share / worst) ** 0.5, 3),
                }
                for true, wrong, count, share in _errors(table)
            ],
        }
        for name, table in tables.items()
    ]


def _errors(table: Mapping[str, Any]) -> list[tuple[str, str, int, float]]:
    return [
        (true, wrong, count, count / row["attempts"])
        for true, row in table.items()
        for wrong, count in row["misclassified_with"].items()
    ]
