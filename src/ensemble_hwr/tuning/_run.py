"""Tune a config: every member in turn, then the whole, and measure what it gained."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.trial import TrialState

from ensemble_hwr._writing import whole_files
from ensemble_hwr.config import ExperimentConfig, build_hierarchy
from ensemble_hwr.config.search_space import WHOLE
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.tuning._choice import space_of, values_of
from ensemble_hwr.tuning._cluster import Cluster
from ensemble_hwr.tuning._folds import kept_together
from ensemble_hwr.tuning._gain import Gain, measure_gain
from ensemble_hwr.tuning._identity import fingerprint, prefix_of_studies
from ensemble_hwr.tuning._liveness import reap
from ensemble_hwr.tuning._progress import MEASURING, Progress, progress_of
from ensemble_hwr.tuning._result import Tuning, tuned_by
from ensemble_hwr.tuning._stages import ROUTER, MemberMaker, Stage, Stages, WholeMaker
from ensemble_hwr.tuning._storage import address_of_storage, open_storage
from ensemble_hwr.tuning._study import Budget, Task, digest, open_study, why_done
from ensemble_hwr.tuning._training import training_letters
from ensemble_hwr.tuning._workers import Crew

LEAST_COST = 0.1
SECONDS_BETWEEN_LOOKS = 1.0


def tune(
    config: ExperimentConfig,
    letters: LetterSet,
    rows: NDArray[np.float32],
    work: str | os.PathLike[str],
    *,
    n_jobs: int = 1,
    storage: str | None = None,
    fresh: bool = False,
    cluster: Any = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Tuning:
    """Search for better settings of every member that has a space, on the training letters alone.

    May be stopped at any time and called again: it goes on where it was.

    Parameters
    ----------
    config : ExperimentConfig
        With a section ``[tune]``.
    letters : LetterSet
        All letters of the config.
    rows : ndarray of shape (n, 784)
        Their rows.
    work : path
        Folder for the studies; made if missing.
    n_jobs : int, default=1
        Processes, each with one thread. They are started anew, so call this below ``if __name__ == "__main__":``.
    storage : str, default=None
        Where the studies are: a path, a database's URL or ``grpc://HOST:PORT``; by default a journal in `work`.
    fresh : bool, default=False
        Whether to leave earlier studies of this name alone and begin new ones beside them.
    cluster : distributed.Client, default=None
        Of a Dask scheduler whose workers make the trials instead of processes of this machine; see `on_cluster`. They
        must reach the storage.
    on_progress : callable, default=None
        Called with a `Progress` a few times a second.

    Returns
    -------
    Tuning

    Raises
    ------
    ConfigError
        When there is nothing to tune, or a study was made with another space, other data or other folds.
    DataError
        When the folder or the storage cannot be written to.
    """
    if config.tune is None or not config.tune.spaces:
        raise ConfigError(f"{config.name}: has no space to search; write one beside a member, such as [tune.router].")
    folder = Path(work)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made ({error.strerror or error}); choose another folder.") from error
    address = address_of_storage(storage, folder)
    run = _Run(config, letters, rows, folder, n_jobs=n_jobs, address=address, cluster=cluster, on_progress=on_progress)
    return run.tune(fresh)


class _Run:
    """One call of `tune`."""

    def __init__(
        self,
        config: ExperimentConfig,
        letters: LetterSet,
        rows: NDArray[np.float32],
        folder: Path,
        *,
        n_jobs: int,
        address: str,
        cluster: Any,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        assert config.tune is not None
        self._config = config
        self._settings = config.tune
        self._folder = folder
        self._n_jobs = n_jobs if cluster is None else -1
        self._on_progress = on_progress or (lambda _: None)
        self._training = training_letters(config, letters, rows)
        self._letters = self._training.letters
        self._folds = self._training.folds(config, self._settings.random_state)
        sources = self._training.sources
        self._stages = Stages(
            config, self._letters, self._folds, sources=sources, seed=self._settings.random_state, n_jobs=self._n_jobs
        )
        self._stages.check()
        self._names = self._stages.names()
        self._deadline = (
            None if self._settings.timeout_minutes is None else time.time() + 60 * self._settings.timeout_minutes
        )
        self._storage = open_storage(address)
        self._crew: Crew | Cluster = (
            Crew(n_jobs, self._letters, address, folder)
            if cluster is None
            else Cluster(cluster, self._letters, address)
        )
        self._prefix = ""
        self._result = Tuning(config, config, address=address)

    def tune(self, fresh: bool) -> Tuning:
        """Go through all stages."""
        self._prefix = prefix_of_studies(self._storage, self._config, fresh=fresh)
        self._result.data = self._describe()
        with self._crew:
            self._result.config = self._stages.run(self._tune_one)
        if self._settings.repeats:
            self._result.gain = self._measure()
        return self._result

    def _tune_one(self, stage: Stage) -> Mapping[str, Any]:
        """Work on the study of one member until it is done; return its best settings."""
        task = self._task(stage)
        untuned = values_of(stage.config, stage.name, task.space)
        study = open_study(self._storage, task, fingerprint(stage, task, self._folds), untuned)
        self._finish(study, task, lambda: self._on_progress(progress_of(study, task.budget, stage.name, self._names)))
        tuned = tuned_by(study, stage, task)
        self._result.members.append(tuned)
        return tuned.chosen

    def _finish(self, study: Study, task: Task, tell: Callable[[], None]) -> None:
        """Let everybody make trials until there is nothing more to do, here or on other machines."""
        while True:
            self._crew.run(task, tell)
            reap(study)
            states = [trial.state for trial in study.get_trials(deepcopy=False)]
            if TrialState.RUNNING in states:  # other machines are still at it, and their trials count
                time.sleep(SECONDS_BETWEEN_LOOKS)
            elif TrialState.WAITING not in states or why_done(study, task.budget) is not None:
                break
        tell()

    def _task(self, stage: Stage) -> Task:
        space = space_of(stage.config, stage.name)
        assert space is not None
        make: Any = (
            WholeMaker(stage.config, stage.question.classes, self._training.sources)
            if stage.name == WHOLE
            else MemberMaker(stage.config, stage.name)
        )
        chosen = {tuned.name: tuned.chosen for tuned in self._result.members}
        before = f" after {digest(chosen)[:6]}" if chosen else ""
        return Task(
            f"{self._prefix}/{stage.name}{before}",
            space,
            make,
            stage.question,
            self._letters,
            self._settings.score,
            self._settings.sampler,
            self._settings.pruner,
            self._settings.random_state,
            Budget(self._settings.most_trials, self._share_of_time(stage), self._settings.n_trials_no_improvement),
        )

    def _share_of_time(self, stage: Stage) -> float | None:
        """Return until when a member may be tuned: its share of what is left, by the letters it learns from."""
        if self._deadline is None:
            return None
        costs = dict.fromkeys(self._names, LEAST_COST)
        costs |= {name: 1.0 for name in (ROUTER, WHOLE) if name in costs}
        own = stage.question.classes[stage.question.columns]
        costs[stage.name] = max(LEAST_COST, float(np.isin(self._letters.labels, own).mean()))
        left = self._names[self._names.index(stage.name) :] if stage.name in self._names else [stage.name]
        now = time.time()
        return now + (self._deadline - now) * costs[stage.name] / sum(costs[name] for name in left)

    def _measure(self) -> Gain:
        """Measure what was gained, unless it was measured before."""
        classes = np.unique(self._letters.labels).tolist()
        sections = [one.model_dump(mode="json", exclude={"tune"}) for one in (self._config, self._result.config)]
        settings = self._settings.model_dump(include={"repeats", "folds", "by", "score", "random_state"})
        letters = [digest(np.asarray(self._letters.rows)), digest(self._letters.labels.astype("U"))]
        key = digest([sections, settings, letters])
        kept = self._folder / f"gain-{key}.json"
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Gain(**json.loads(kept.read_text(encoding="utf-8")))
        seeds = range(self._settings.random_state + 1, self._settings.random_state + 1 + self._settings.repeats)
        gain = measure_gain(
            build_hierarchy(self._config, classes, sources=self._training.sources),
            build_hierarchy(self._result.config, classes, sources=self._training.sources),
            self._letters,
            [self._training.folds(self._config, seed) for seed in seeds],
            score=self._settings.score,
            n_jobs=self._n_jobs,
            on_progress=lambda done, most: self._on_progress(Progress(MEASURING, self._names, done, most=most)),
        )
        with whole_files(kept) as (stream,):
            stream.write(json.dumps(asdict(gain)).encode())
        return gain

    def _describe(self) -> dict[str, Any]:
        kept = kept_together(self._config)
        return {
            "letters to learn from": int(self._training.own.sum()),
            "letters beside them": int((~self._training.own).sum()),
            "classes": self._training.n_classes,
            "folds": len(self._folds),
            "kept together in a fold": "nothing" if kept == "sample" else f"letters of a {kept}",
            "score": self._settings.score,
            "sampler": self._settings.sampler,
            "pruner": self._settings.pruner,
            "random_state": self._settings.random_state,
        }
