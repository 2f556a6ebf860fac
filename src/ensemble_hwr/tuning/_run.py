"""Tune a config: every member in turn, then the whole, and measure what it gained."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna import Study
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from ensemble_hwr.config import ExperimentConfig, build_hierarchy, divide, training_weight
from ensemble_hwr.config._data_schema import GeneratedData, OversampleBalance
from ensemble_hwr.config._extra import is_extra
from ensemble_hwr.config._tune_agreement import member_of
from ensemble_hwr.config._tune_schema import WHOLE
from ensemble_hwr.datasets import LetterSet, balance_indices
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.tuning._choice import space_of, values_of
from ensemble_hwr.tuning._cluster import Cluster
from ensemble_hwr.tuning._folds import Fold, companies, divide_into_folds, kept_together
from ensemble_hwr.tuning._gain import Gain, measure_gain
from ensemble_hwr.tuning._liveness import reap
from ensemble_hwr.tuning._question import Letters
from ensemble_hwr.tuning._stages import MemberMaker, Stage, Stages, WholeMaker
from ensemble_hwr.tuning._storage import address_of_storage, open_storage
from ensemble_hwr.tuning._study import (
    UNTUNED,
    Budget,
    Task,
    best_trial,
    digest,
    open_study,
    settings_of,
    why_done,
)
from ensemble_hwr.tuning._workers import Crew

LEAST_COST = 0.1
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Progress:
    """How far tuning is.

    Attributes
    ----------
    member : str
        Who is being tuned, or ``"gain"`` when what was gained is being measured.
    members : list of str
        Everybody, in order.
    done, pruned, failed, running : int
        Trials of this member; `done` were completed.
    most : int or None
        Trials it gets.
    best, untuned : float or None
        The least loss yet, and that of the member as it was.
    seconds_left : float or None
        For this member, where it can be told.
    """

    member: str
    members: list[str]
    done: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    most: int | None = None
    best: float | None = None
    untuned: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Tuned:
    """What became of one member.

    Attributes
    ----------
    name : str
    study : optuna.Study
    chosen : dict of str to object
        Its best settings.
    loss : float
        Their cross-validated loss.
    untuned_loss : float or None
        That of the member as it was, where its space holds those settings.
    reason : str
        Why the study ended.
    judged : int
        Rows it was judged on.
    span : int
        Steps of each fold.
    """

    name: str
    study: Study
    chosen: dict[str, Any]
    loss: float
    untuned_loss: float | None
    reason: str
    judged: int
    span: int


@dataclass
class Tuning:
    """What `tune` returns.

    Attributes
    ----------
    config : ExperimentConfig
        With everything that was chosen.
    untuned : ExperimentConfig
        As it was.
    members : list of Tuned
    gain : Gain or None
        Measured in repeated cross-validation.
    data : dict
        What the letters are.
    address : str
        Of the storage.
    """

    config: ExperimentConfig
    untuned: ExperimentConfig
    members: list[Tuned] = field(default_factory=list)
    gain: Gain | None = None
    data: dict[str, Any] = field(default_factory=dict)
    address: str = ""


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
        self._own, self._letters, self._set = _training_letters(config, letters, rows)
        self._folds = self._draw(self._settings.seed)
        self._stages = Stages(config, self._letters, self._folds, seed=self._settings.seed, n_jobs=self._n_jobs)
        self._stages.check()
        self._names = self._stages.names()
        self._deadline = None if self._settings.minutes is None else time.time() + 60 * self._settings.minutes
        self._storage: BaseStorage = open_storage(address)
        self._crew: Crew | Cluster = (
            Crew(n_jobs, self._letters, address, folder)
            if cluster is None
            else Cluster(cluster, self._letters, address)
        )
        self._prefix = ""
        self._chosen: dict[str, Any] = {}
        self._result = Tuning(config, config, address=address)

    def tune(self, fresh: bool) -> Tuning:
        """Go through all stages."""
        self._prefix = self._find_prefix(fresh)
        self._result.data = self._describe()
        with self._crew:
            self._result.config = self._stages.run(self._tune_one)
        if self._settings.repeats:
            self._result.gain = self._measure()
        return self._result

    def _draw(self, seed: int) -> list[Fold]:
        """Divide the config's own letters into folds; letters beside them are learned from in all."""
        together = companies(self._set, kept_together(self._config))
        own = np.flatnonzero(self._own)
        beside = np.flatnonzero(~self._own)
        labels = self._letters.labels[own]
        folds = divide_into_folds(labels, None if together is None else together[own], self._settings.folds, seed)
        drawn = []
        for fit, judge in folds:
            learned = np.concatenate([own[fit], beside])
            if isinstance(self._config.balance, OversampleBalance):
                limit = self._config.balance.per_letter
                again = balance_indices(self._letters.labels[learned], "oversample", limit=limit, random_state=seed)
                learned = learned[again]
            drawn.append((learned, own[judge]))
        return drawn

    def _tune_one(self, stage: Stage) -> Mapping[str, Any]:
        """Work on the study of one member until it is done; return its best settings."""
        task = self._task(stage)
        untuned = values_of(stage.config, stage.name, task.space)
        study = open_study(self._storage, task, self._fingerprint(stage, task), untuned)
        while True:
            self._crew.run(task, lambda: self._tell(study, task, stage.name))
            reap(study)
            states = [trial.state for trial in study.get_trials(deepcopy=False)]
            if TrialState.RUNNING in states:  # other machines are still at it, and their trials count
                time.sleep(SECONDS_BETWEEN_LOOKS)
            elif TrialState.WAITING not in states or why_done(study, task.budget) is not None:
                break
        self._tell(study, task, stage.name)
        best = best_trial(study)
        if best is None:
            raise ConfigError(f"tune.{stage.name}: no trial was completed; {_first_error(study)}")
        chosen = settings_of(task, best)
        first = study.user_attrs.get(UNTUNED)
        before = [
            trial.value
            for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if first is not None and trial.params == first
        ]
        assert best.value is not None
        self._result.members.append(
            Tuned(
                stage.name,
                study,
                chosen,
                best.value,
                before[0] if before else None,
                why_done(study, task.budget) or "",
                stage.question.n_judged,
                task.span,
            )
        )
        self._chosen[stage.name] = chosen
        return chosen

    def _task(self, stage: Stage) -> Task:
        space = space_of(stage.config, stage.name)
        assert space is not None
        make: Any = (
            WholeMaker(stage.config, stage.question.classes)
            if stage.name == WHOLE
            else MemberMaker(stage.config, stage.name)
        )
        before = f" after {digest(self._chosen)[:6]}" if self._chosen else ""
        budget = Budget(self._settings.most_trials, self._share_of_time(stage), self._settings.patience)
        return Task(
            f"{self._prefix}/{stage.name}{before}",
            space,
            make,
            stage.question,
            self._letters,
            self._settings.score,
            self._settings.sampler,
            self._settings.pruner,
            self._settings.seed,
            budget,
        )

    def _share_of_time(self, stage: Stage) -> float | None:
        """Return until when a member may be tuned: its share of what is left, by the letters it learns from."""
        if self._deadline is None:
            return None
        labels = self._letters.labels
        costs = dict.fromkeys(self._names, LEAST_COST)
        costs |= {name: 1.0 for name in ("router", WHOLE) if name in costs}
        own = stage.question.classes[stage.question.columns]
        costs[stage.name] = max(LEAST_COST, float(np.isin(labels, own).mean()))
        left = self._names[self._names.index(stage.name) :] if stage.name in self._names else [stage.name]
        now = time.time()
        return now + (self._deadline - now) * costs[stage.name] / sum(costs[name] for name in left)

    def _fingerprint(self, stage: Stage, task: Task) -> dict[str, str]:
        """Hash what all trials of a study must have in common."""
        kept = stage.config.hierarchy if stage.name == WHOLE else member_of(stage.config, stage.name)
        views = {name: view.model_dump(mode="json") for name, view in self._config.views.items()}
        variations = {name: one.model_dump(mode="json") for name, one in self._config.augmentations.items()}
        folds = [digest(part.fit) + digest(part.judge) for part in stage.question.parts]
        weight = "" if self._letters.weight is None else digest(self._letters.weight)
        return {
            "its space": digest({name: entry.model_dump(mode="json") for name, entry in task.space.items()}),
            "the letters": digest(np.asarray(self._letters.rows)) + digest(self._letters.labels.astype("U")) + weight,
            "the folds": digest(folds if stage.name in ("router", WHOLE) else [digest(f) for f, _ in self._folds]),
            "the settings that are not searched": digest([kept.model_dump(mode="json"), views, variations]),
            "the score": digest(task.score),
            "the seed": digest(task.seed),
        }

    def _find_prefix(self, fresh: bool) -> str:
        """Return what the names of this run's studies begin with: config, data, and a number from the second on."""
        data = self._config.data
        base = f"{self._config.name}/{data.form if isinstance(data, GeneratedData) else Path(data.path).name}"
        pattern = re.compile(re.escape(base) + r"(?: #(\d+))?/")
        names = optuna.get_all_study_names(self._storage)
        taken = [int(match[1] or 1) for name in names if (match := pattern.match(name))]
        number = max(taken, default=0) + fresh if taken else 1
        return base if number == 1 else f"{base} #{number}"

    def _tell(self, study: Study, task: Task, name: str) -> None:
        trials = study.get_trials(deepcopy=False)
        counts = {state: sum(trial.state is state for trial in trials) for state in TrialState}
        failed = sum(trial.state is TrialState.FAIL and "error" in trial.user_attrs for trial in trials)
        best = best_trial(study)
        first = next((trial.value for trial in trials if trial.params == study.user_attrs.get(UNTUNED)), None)
        done, pruned = counts[TrialState.COMPLETE], counts[TrialState.PRUNED]
        self._on_progress(
            Progress(
                name,
                self._names,
                done,
                pruned,
                failed,
                counts[TrialState.RUNNING],
                task.budget.trials,
                None if best is None else best.value,
                first,
                _seconds_left(study, task.budget, done + pruned, max(1, counts[TrialState.RUNNING])),
            )
        )

    def _measure(self) -> Gain:
        """Measure what was gained, unless it was measured before."""
        classes = np.unique(self._letters.labels).tolist()
        sections = [one.model_dump(mode="json", exclude={"tune"}) for one in (self._config, self._result.config)]
        key = digest([sections, self._settings.repeats, self._settings.folds, self._settings.score, len(classes)])
        kept = self._folder / f"gain-{key}.json"
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Gain(**json.loads(kept.read_text(encoding="utf-8")))
        repeats = [self._draw(self._settings.seed + 1 + i) for i in range(self._settings.repeats)]
        gain = measure_gain(
            build_hierarchy(self._config, classes),
            build_hierarchy(self._result.config, classes),
            self._letters,
            repeats,
            score=self._settings.score,
            n_jobs=self._n_jobs,
            on_progress=lambda done, most: self._on_progress(Progress("gain", self._names, done, most=most)),
        )
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(asdict(gain)), encoding="utf-8")
        os.replace(part, kept)
        return gain

    def _describe(self) -> dict[str, Any]:
        return {
            "letters to learn from": int(self._own.sum()),
            "letters beside them": int((~self._own).sum()),
            "classes": len(np.unique(self._letters.labels)),
            "folds": len(self._folds),
            "kept together in a fold": {"letter": "nothing"}.get(
                kept_together(self._config), f"letters of a {kept_together(self._config)}"
            ),
            "score": self._settings.score,
            "sampler": self._settings.sampler,
            "pruner": self._settings.pruner,
            "seed": self._settings.seed,
        }


def _training_letters(
    config: ExperimentConfig, letters: LetterSet, rows: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], Letters, LetterSet]:
    """Return which training letters are the config's own, rows and labels of all, and where they are from."""
    division = divide(config, letters)
    train, _ = division(config.seeds[0]) if callable(division) else division
    train = np.unique(train)
    weight = training_weight(config, letters)
    chosen = letters.take(train)
    own = ~is_extra(chosen)
    return own, Letters(rows[train], chosen.target, None if weight is None else weight[train]), chosen


def _seconds_left(study: Study, budget: Budget, made: int, side_by_side: int) -> float | None:
    """Estimate how long a study will go on: by its trials, by its time, whichever is sooner."""
    guesses = []
    if budget.deadline is not None:
        guesses.append(max(0.0, budget.deadline - time.time()))
    spent = [
        trial.duration.total_seconds()
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        if trial.duration is not None
    ]
    if budget.trials is not None and spent:
        guesses.append(max(0, budget.trials - made) * float(np.mean(spent)) / side_by_side)
    return min(guesses, default=None)


def _first_error(study: Study) -> str:
    errors = [trial.user_attrs["error"] for trial in study.get_trials(deepcopy=False) if "error" in trial.user_attrs]
    return f"the first failed with {errors[0]}" if errors else "give it more time, or more trials."
