"""What a long benchmark has measured stays in its folder, so that a stopped one goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import joblib

from ensemble_hwr.config import ExperimentConfig

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


def settings_of(config: ExperimentConfig) -> str:
    """Return what a measurement depends on: all of a config but its seeds, and where its letters lie."""
    return config.model_dump_json(exclude={"seeds": True, "data": {"path"}})
