"""The search behind `TunedClassifier`: its space, its trials, and what came of them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import optuna
from joblib import Parallel, delayed
from optuna.storages import InMemoryStorage
from sklearn.base import BaseEstimator, clone

from ensemble_hwr.config.search_space import Space, read_entry
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._score import loss_of, shown
from ensemble_hwr.tuning._storage import JOURNAL, open_storage
from ensemble_hwr.tuning._study import Task, digest, open_study, settings_of, work


@dataclass(frozen=True)
class EstimatorMaker:
    """Makes the estimator with given parameters."""

    estimator: Any

    def __call__(self, chosen: Mapping[str, Any]) -> Any:
        """Return the estimator, not fitted."""
        return clone(self.estimator).set_params(**chosen)


def checked_space(space: Mapping[str, Any], estimator: BaseEstimator) -> Space:
    """Read a space, and refuse parameters that the estimator does not have."""
    known = estimator.get_params()
    checked: Space = {}
    for name, raw in space.items():
        if name not in known:
            raise ConfigError(f"space: {name!r} is no parameter of {type(estimator).__name__}; see its get_params().")
        checked[name] = read_entry(name, raw)
        for other in checked[name].when:
            if other not in checked or other == name:
                raise ConfigError(f"space: {name}.when: there is no {other!r} above; declare it before.")
    if not checked:
        raise ConfigError("space: holds no parameter to search.")
    return checked


def search(task: Task, estimator: BaseEstimator, storage: str | None, n_jobs: int) -> optuna.Study:
    """Make the trials of a task.

    Parameters
    ----------
    task : Task
    estimator : classifier
        As it is: the first trial, where the space holds its parameters.
    storage : str or None
        Where the study is kept; None is in memory.
    n_jobs : int
        Processes.

    Returns
    -------
    optuna.Study
    """
    loss_of(task.score)  # refuses a scorer that does not exist before anything is fitted
    kept_as_they_are = clone(estimator).set_params(**dict.fromkeys(task.space))
    fingerprint = {
        "the space": digest({name: entry.model_dump(mode="json") for name, entry in task.space.items()}),
        "the rows": joblib.hash(task.letters.rows),
        "the labels": digest(np.asarray(task.letters.labels).astype("U")),
        "the parameters that are not searched": joblib.hash(kept_as_they_are),
        "the folds": digest([digest(part.fit) + digest(part.judge) for part in task.question.parts]),
        "the score": digest(task.score),
    }
    untuned = {name: value for name, value in estimator.get_params().items() if name in task.space}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if n_jobs == 1:
        kept = InMemoryStorage() if storage is None else open_storage(storage)
        study = open_study(kept, task, fingerprint, untuned)
        work(task, kept, _never)
        return study
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder, JOURNAL)) if storage is None else storage
        study = open_study(open_storage(address), task, fingerprint, untuned)
        Parallel(n_jobs=n_jobs)(delayed(_work)(task, address) for _ in range(n_jobs))
        if storage is not None:
            return study
        memory = InMemoryStorage()
        optuna.copy_study(from_study_name=task.study_name, from_storage=open_storage(address), to_storage=memory)
        return optuna.load_study(study_name=task.study_name, storage=memory)


def results(task: Task, study: optuna.Study) -> dict[str, Any]:
    """Return all trials as columns."""
    trials = [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]
    scores = np.array(
        [
            shown(task.score, trial.value) if trial.value is not None and trial.state.name == "COMPLETE" else np.nan
            for trial in trials
        ]
    )
    losses = np.array(
        [t.value if not np.isnan(s) else np.inf for t, s in zip(trials, scores, strict=True)], dtype=float
    )
    return {
        "params": [settings_of(task, trial) if trial.state.name != "FAIL" else {} for trial in trials],
        "mean_test_score": scores,
        "rank_test_score": 1 + np.array([int((losses < loss).sum()) for loss in losses], dtype=int),
        "state": np.array([trial.state.name.lower() for trial in trials]),
        "seconds": np.array([trial.duration.total_seconds() if trial.duration else np.nan for trial in trials]),
    }


def _never() -> bool:
    return False


def _work(task: Task, address: str) -> None:
    work(task, open_storage(address), _never)
