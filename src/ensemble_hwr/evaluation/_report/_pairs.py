"""Intervals of differences, drawn so that small ones can be told from none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def pair_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pairs with their intervals from -100 to 100 on a square-root scale."""
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
        for pair in summary["pairs"]
    ]
