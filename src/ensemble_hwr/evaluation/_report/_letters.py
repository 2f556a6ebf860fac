"""Letter by letter: the share misread by each contender, on one scale, hardest letters first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def letter_bars(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for each letter that was tested the bars of all contenders, as lengths from 0 to 100."""
    contenders = summary["contenders"]
    letters = []
    for letter in summary["classes"]:
        rows = {name: figures["per_class"][letter] for name, figures in contenders.items()}
        attempts = max(row["attempts"] for row in rows.values())
        if attempts:
            missed = {name: 1 - (row["accuracy"] or 0.0) for name, row in rows.items()}
            letters.append({"letter": letter, "attempts": attempts, "missed": missed})
    longest = max((share for row in letters for share in row["missed"].values()), default=0.0) or 1.0
    for row in letters:
        best = min(row["missed"].values())
        row["bars"] = [
            {"name": name, "share": share, "length": round(100 * share / longest, 1), "best": share == best}
            for name, share in row["missed"].items()
        ]
    return sorted(letters, key=lambda row: -float(np.mean(list(row["missed"].values()))))
