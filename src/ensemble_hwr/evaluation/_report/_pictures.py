"""The worst mistakes as pictures: wrong answers given with the most confidence_threshold."""

from __future__ import annotations

import math
from base64 import b64encode
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr.evaluation._result import Comparison


def worst_mistakes(comparison: Comparison, contender: str, n: int) -> list[dict[str, Any]]:
    """Return the `n` letters misread with the highest probability, each once, over all seeds."""
    classes = comparison.classes
    found: dict[int, dict[str, Any]] = {}
    for run in comparison.of(contender):
        answered = np.argmax(run.probabilities, axis=1)
        true = np.searchsorted(classes, comparison.y[run.test])
        for i in np.flatnonzero(answered != true):
            letter, sure = int(run.test[i]), float(run.probabilities[i, answered[i]])
            if letter not in found or sure > found[letter]["probability"]:
                found[letter] = {
                    "letter": letter,
                    "true": str(classes[true[i]]),
                    "answered": str(classes[answered[i]]),
                    "probability": sure,
                    "of_true": float(run.probabilities[i, true[i]]),
                    "suspect": comparison.suspect is not None and bool(comparison.suspect[letter]),
                }
    worst = sorted(found.values(), key=lambda row: (-row["probability"], row["of_true"], row["letter"]))[:n]
    return [{**row, "picture": png_uri(comparison.rows[row["letter"]])} for row in worst]


def are_pictures(rows: NDArray[np.floating]) -> bool:
    """Say whether rows can be shown as square pictures."""
    return rows.ndim == 2 and rows.shape[1] >= 16 and math.isqrt(rows.shape[1]) ** 2 == rows.shape[1]


def png_uri(row: NDArray[np.floating]) -> str:
    """Return a row of ink (0 = paper, 1 = ink) as a data URI of a square PNG, dark on light."""
    side = math.isqrt(len(row))
    ink = np.clip(np.nan_to_num(np.asarray(row, dtype=np.float64)), 0.0, 1.0).reshape(side, side)
    buffer = BytesIO()
    Image.fromarray(np.round(255 * (1 - ink)).astype(np.uint8)).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode("ascii")
