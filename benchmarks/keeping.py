"""What a long benchmark has measured stays in its folder, so that a stopped one goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import joblib

Measured = TypeVar("Measured")


def kept(file: Path, settings: str, measure: Callable[[], Measured]) -> Measured:
    """Read what was measured with the same settings; else measure it and keep it.

    Only this project's own benchmarks write and read such files: they are pickles.
    """
    if file.exists():
        made_with, found = joblib.load(file)
        if made_with == settings:
            return found
    measured = measure()
    joblib.dump((settings, measured), file)
    return measured
