"""Results of long benchmarks, stored in files so that a benchmark that was stopped can be resumed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import joblib

from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.evaluation.results import Comparison, Run

Measured = TypeVar("Measured")
Runs = Mapping[str, Run]  # by name of the contender


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


def resumed(
    file: Path, config: ExperimentConfig, names: Sequence[str], fit: Callable[[Sequence[str], Runs], Comparison]
) -> Comparison:
    """Load the runs of one seed, fit the contenders that are missing, and store all.

    Stored runs are used if the config differs in nothing but its list of contenders. `fit` gets the names of the
    missing contenders and the runs that exist.
    """
    settings = settings_of(config)
    stored: Comparison | None = None
    if file.exists():
        stored_settings, found = joblib.load(file)
        if _without_contenders(stored_settings) == _without_contenders(settings):
            stored = found
    runs = {run.contender: run for run in stored.runs} if stored is not None else {}
    missing = [name for name in names if name not in runs]
    if stored is None or missing:
        stored = fit(missing, runs)
        runs |= {run.contender: run for run in stored.runs}
        stored = replace(stored, runs=tuple(runs.values()))
        joblib.dump((settings, stored), file)
    return replace(stored, runs=tuple(runs[name] for name in names))


def settings_of(config: ExperimentConfig) -> str:
    """Return all of a config that a result depends on: everything but its seeds and the path of its letters."""
    return config.model_dump_json(exclude={"seeds": True, "data": {"path"}})


def _without_contenders(settings: str) -> object:
    known = json.loads(settings)
    known["compare"].pop("contenders")
    return known
