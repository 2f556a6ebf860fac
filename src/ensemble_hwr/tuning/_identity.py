"""What a study is called, and what all its trials have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
from optuna.storages import BaseStorage

from ensemble_hwr._typing import Fold
from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.data_schema import GeneratedData
from ensemble_hwr.config.schema import member_of
from ensemble_hwr.config.search_space import WHOLE
from ensemble_hwr.tuning._stages import ROUTER, Stage
from ensemble_hwr.tuning._study import Task, digest


def prefix_of_studies(storage: BaseStorage, config: ExperimentConfig, *, fresh: bool) -> str:
    """Return what the names of a run's studies begin with: config, data, and a number from the second on."""
    data = config.data
    base = f"{config.name}/{data.format if isinstance(data, GeneratedData) else Path(data.path).name}"
    pattern = re.compile(re.escape(base) + r"(?: #(\d+))?/")
    names = optuna.get_all_study_names(storage)
    taken = [int(match[1] or 1) for name in names if (match := pattern.match(name))]
    number = max(taken, default=0) + fresh if taken else 1
    return base if number == 1 else f"{base} #{number}"


def fingerprint(stage: Stage, task: Task, folds: Sequence[Fold]) -> dict[str, str]:
    """Hash what all trials of a study must have in common, by what it is.

    What a member other than the router is judged on follows from the members before it, which the study's name tells;
    it may differ by a row from one machine to another, so its folds are those of all letters.
    """
    config, letters = stage.config, task.letters
    kept = config.hierarchy if stage.name == WHOLE else member_of(config, stage.name)
    declared = [
        {name: one.model_dump(mode="json") for name, one in section.items()}
        for section in (config.views, config.augmentations)
    ]
    own = [digest(part.fit) + digest(part.judge) for part in stage.question.parts]
    weight = "" if letters.weight is None else digest(letters.weight)
    return {
        "its space": digest({name: entry.model_dump(mode="json") for name, entry in task.space.items()}),
        "the letters": digest(np.asarray(letters.rows)) + digest(letters.labels.astype("U")) + weight,
        "the folds": digest(own if stage.name in (ROUTER, WHOLE) else [digest(fit) for fit, _ in folds]),
        "the settings that are not searched": digest([kept.model_dump(mode="json"), *declared]),
        "the score": digest(task.score),
        "the seed": digest(task.seed),
    }
