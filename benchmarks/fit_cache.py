"""Results of long benchmarks, stored in files so that a benchmark that was stopped can be resumed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import joblib

from ensemble_hwr.config import ExperimentConfig

Measured = TypeVar("Measured")


def cached(file: Path, settings: str, measure: Callable[[], Measured]) -> Measured:
    """Load a result that was measured with the same settings, or measure and store it.

    The files are pickles, so only files that these benchmarks wrote should be loaded.
    """
    if file.exists():
        stored_settings, found = joblib.load(file)
        if stored_settings == settings:
            return found
    measured = measure()
    joblib.dump((settings, measured), file)
    return measured


def settings_of(config: ExperimentConfig) -> str:
    """Return all of a config that a result depends on: everything but its seeds and the path of its letters."""
    return config.model_dump_json(exclude={"seeds": True, "data": {"path"}})
