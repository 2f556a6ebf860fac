"""Tune the members of a config one after the other, then the whole ensemble."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna import Study
from optuna.trial import TrialState

from ensemble_hwr._typing import Fold
from ensemble_hwr._writing import whole_files
from ensemble_hwr.config import ExperimentConfig, build_hierarchy
from ensemble_hwr.config.data_schema import GeneratedData
from ensemble_hwr.config.loading import validate
from ensemble_hwr.config.schema import member_of
from ensemble_hwr.config.search_space import WHOLE, TuneSection
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.tuning._cluster import ClusterPool
from ensemble_hwr.tuning._data import TrainingLetters, grouping, training_letters
from ensemble_hwr.tuning._heartbeat import RUN_ENDED, requeue_dead_trials
from ensemble_hwr.tuning._improvement import Improvement, measure_improvement, seconds_per_fold
from ensemble_hwr.tuning._members import Stage, Stages
from ensemble_hwr.tuning._objective import steps_per_fold
from ensemble_hwr.tuning._out_of_fold import OutOfFold
from ensemble_hwr.tuning._params import ROUTER, params_of, space_of
from ensemble_hwr.tuning._result import (
    IMPROVEMENT,
    TuningProgress,
    TuningResult,
    member_progress,
    member_result,
)
from ensemble_hwr.tuning._storage import open_storage, storage_address
from ensemble_hwr.tuning._study import (
    Budget,
    StudySpec,
    digest,
    has_results,
    name_prefix,
    open_study,
    seconds_per_trial,
    stop_reason,
)
from ensemble_hwr.tuning._workers import WorkerPool

MIN_COST = 0.1  # of a member, relative to the router's
FITS_PER_MEMBER = 3.0  # in a fit of the whole ensemble, which fits members again to estimate their trust
ROUTERS_PER_ENSEMBLE = 2.5  # time of all members, relative to the router's: specialists share its letters
IMPROVEMENT_SHARE = 0.25  # of the time: reserved for measuring the improvement
SECONDS_BETWEEN_POLLS = 1.0

_LOGGER = logging.getLogger(__name__)


def tune(
    config: ExperimentConfig,
    letters: LetterSet,
    rows: NDArray[np.float32],
    output: str | os.PathLike[str],
    *,
    n_jobs: int = 1,
    storage: str | None = None,
    fresh: bool = False,
    cluster: Any = None,
    on_progress: Callable[[TuningProgress], None] | None = None,
) -> TuningResult:
    """Search the parameters of every member that has a search space, in cross-validation on the training letters.

    It can be interrupted at any time; the next call resumes the studies.

    Parameters
    ----------
    config : ExperimentConfig
        With a section ``[tune]``.
    letters : LetterSet
        All letters of the config.
    rows : ndarray of shape (n, 784)
        Their rows.
    output : path
        Folder for the studies; created if it does not exist.
    n_jobs : int, default=1
        Number of processes, each with one thread. They are spawned, so that a script must call this function below
        ``if __name__ == "__main__":``.
    storage : str, default=None
        Where the studies are stored: a path, a database URL or ``grpc://HOST:PORT``; by default a journal in `output`.
    fresh : bool, default=False
        Whether to create new studies and keep those of earlier runs unchanged.
    cluster : distributed.Client, default=None
        Dask scheduler whose workers run the trials instead of processes of this machine; see
        :func:`~ensemble_hwr.tuning.on_cluster`. The workers must be able to reach the storage.
    on_progress : callable, default=None
        Called with a `TuningProgress` a few times per second.

    Returns
    -------
    TuningResult

    Raises
    ------
    ConfigError
        If the config has no search space, or a stored study has another space, other data or other folds.
    DataError
        If the folder or the storage cannot be written to.

    See Also
    --------
    ensemble_hwr.tuning.TunedClassifier : Search the parameters of a single classifier.
    ensemble_hwr.tuning.write_tuned_config : Write the config with the best parameters.
    ensemble_hwr.tuning.write_tuning_report : Write a report as HTML.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr.config import load_demo, load_letters
    >>> from ensemble_hwr.tuning import tune
    >>> space = "router = { max_iter = [4, 8] }"
    >>> config = load_demo(["data.n=260", f"tune={{ n_trials = 1, folds = 2, repeats = 0, {space} }}"])
    >>> letters = load_letters(config)
    >>> with TemporaryDirectory() as folder:
    ...     result = tune(config, letters, letters.to_rows(), folder)
    >>> [(member.name, sorted(member.params)) for member in result.members]
    [('router', ['max_iter'])]
    """
    if config.tune is None or not config.tune.spaces:
        raise ConfigError(f"{config.name}: has no search space; add a section such as [tune.router]")
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be created ({error.strerror or error}); choose another folder") from error
    address = storage_address(storage, folder)
    notify = on_progress or (lambda _: None)
    return _Run(config, letters, rows, folder, n_jobs=n_jobs, address=address, cluster=cluster, notify=notify).run(
        fresh=fresh
    )


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
        notify: Callable[[TuningProgress], None],
    ) -> None:
        assert config.tune is not None
        self._config = config
        self._settings = config.tune
        self._folder = folder
        self._n_jobs = n_jobs if cluster is None else -1
        self._notify = notify
        self._training = training_letters(config, letters, rows)
        self._data = self._training.data
        self._folds = self._training.folds(config, self._settings.random_state)
        state = self._settings.random_state
        self._fits = OutOfFold(self._data, random_state=state, n_jobs=self._n_jobs, on_fit=self._notify_of_fit)
        sources = self._training.sources
        self._stages = Stages(
            config, self._data, self._folds, sources=sources, fits=self._fits, has_time=self._has_time_before
        )
        self._stages.check()
        self._names = self._stages.names()
        minutes = self._settings.timeout_minutes
        self._deadline = None if minutes is None else time.time() + 60 * minutes
        self._storage = open_storage(address)
        self._pool: WorkerPool | ClusterPool = (
            WorkerPool(n_jobs, self._data, address, folder)
            if cluster is None
            else ClusterPool(cluster, self._data, address)
        )
        self._result = TuningResult(config, config, storage=address)

    def run(self, *, fresh: bool) -> TuningResult:
        """Tune all stages, then measure the improvement."""
        began = time.monotonic()
        prefix = name_prefix(self._storage, _base_name(self._config), fresh=fresh)
        self._result.data = _describe(self._config, self._training, self._folds)
        with self._pool:
            for stage in self._stages:
                if self._has_time_for(stage, prefix):
                    self._stages.set_params(stage.name, self._tune(stage, prefix))
        self._result.config = validate(self._stages.config.model_dump(exclude_unset=True), self._config.name)
        if self._settings.repeats:
            self._result.improvement = self._improvement()
        self._result.seconds = time.monotonic() - began
        return self._result

    def _has_time_before(self, name: str) -> bool:
        """Return whether the fits that the objective of a member depends on fit into the time left."""
        expected = self._stages.seconds_to_fit(before=name)
        if expected == 0 or expected <= self._seconds_left():
            return True
        self._note(
            f"{name} and later members are not tuned: the fits of earlier members take about {expected:.0f} s, and "
            f"{max(self._seconds_left(), 0):.0f} s of the time are left"
        )
        return False

    def _has_time_for(self, stage: Stage, prefix: str) -> bool:
        """Return whether a trial of a stage fits into the time left; the first stage and begun ones always run."""
        if self._deadline is None or has_results(self._storage, self._study_name(stage, prefix)):
            return True
        if stage.name == WHOLE:
            what, expected = "parameters of the whole ensemble are", len(self._folds) * self._expected_seconds()
        else:
            what, expected = f"{stage.name} is", self._fits.expected_trial_seconds(stage.objective)
        left = self._seconds_left()
        if expected <= left:
            return True
        self._note(
            f"{what} not tuned: a trial takes about {expected:.0f} s, and {max(left, 0):.0f} s of the time are left"
        )
        return False

    def _seconds_left(self) -> float:
        """Return the time left for the search."""
        return math.inf if self._deadline is None else self._deadline - self._reserved_seconds() - time.time()

    def _reserved_seconds(self) -> float:
        """Return the part of the time that is reserved for measuring the improvement; 0 if no fold fits into it."""
        if not self._settings.repeats:
            return 0.0
        reserved = IMPROVEMENT_SHARE * 60 * (self._settings.timeout_minutes or 0)
        return reserved if seconds_per_fold(self._expected_seconds(), self._n_jobs) <= reserved else 0.0

    def _expected_seconds(self) -> float:
        """Estimate the time of one fit of the whole ensemble from the trials of its members."""
        times = {member.name: seconds_per_trial(member.study) for member in self._result.members}
        seconds = max(sum(times.values()), ROUTERS_PER_ENSEMBLE * times.get(ROUTER, 0.0))
        return FITS_PER_MEMBER * seconds / len(self._folds)

    def _notify_of_fit(self, member: str, done: int, n_fits: int) -> None:
        left = self._stages.seconds_to_fit() or None
        self._notify(TuningProgress(member, self._names, done, n_trials=n_fits, seconds_left=left, is_fit=True))

    def _note(self, text: str) -> None:
        """Log what was left out, and keep it for the summary and the report."""
        _LOGGER.info(text)
        self._result.notes.append(text)

    def _tune(self, stage: Stage, prefix: str) -> dict[str, Any]:
        """Run the study of one stage until it is done; return the best parameters."""
        spec = self._spec(stage, prefix)
        baseline = params_of(stage.config, stage.name, spec.space)
        study = open_study(self._storage, spec, _fingerprint(stage, spec, self._folds), baseline)
        requeue_dead_trials(study, RUN_ENDED)
        self._finish(study, spec)
        result = member_result(study, spec)
        self._result.members.append(result)
        if stage.name != WHOLE:
            self._fits.add_trials(stage.objective, seconds_per_trial(study))
        return result.params

    def _finish(self, study: Study, spec: StudySpec) -> None:
        """Run trials until the study is done, here and on other machines."""
        name = spec.objective.name
        while True:
            for _ in self._pool.run(spec):
                self._notify(member_progress(study, spec.budget, name, self._names))
            requeue_dead_trials(study)
            states = [trial.state for trial in study.get_trials(deepcopy=False)]
            if TrialState.RUNNING in states:  # on other machines
                time.sleep(SECONDS_BETWEEN_POLLS)
            elif TrialState.WAITING not in states or stop_reason(study, spec.budget) is not None:
                break
        self._notify(member_progress(study, spec.budget, name, self._names))

    def _study_name(self, stage: Stage, prefix: str) -> str:
        earlier = {member.name: member.params for member in self._result.members}
        after = f" after {digest(earlier)[:6]}" if earlier else ""
        return f"{prefix}/{stage.name}{after}"

    def _spec(self, stage: Stage, prefix: str) -> StudySpec:
        space = space_of(stage.config, stage.name)
        assert space is not None
        make = stage.factory(self._training.sources)
        return StudySpec(
            self._study_name(stage, prefix),
            space,
            make,
            stage.objective,
            self._data,
            self._settings.scoring,
            self._settings.sampler,
            self._settings.pruner,
            self._settings.random_state,
            self._budget(stage),
            steps_per_fold(make({}), space),
        )

    def _budget(self, stage: Stage) -> Budget:
        """Return the budget of a stage: its share of the time left, in proportion to its training letters.

        The time of the fits between stages is reserved: in seconds, or for the first stage in trials.
        """
        n_trials, patience = self._settings.most_trials, self._settings.n_trials_no_improvement
        if self._deadline is None:
            return Budget(n_trials, None, patience)
        costs = dict.fromkeys(self._names, MIN_COST)
        costs |= {name: 1.0 for name in (ROUTER, WHOLE) if name in costs}
        costs[stage.name] = max(MIN_COST, self._fits.share(stage.objective.problem.labels))
        left = self._names[self._names.index(stage.name) :] if stage.name in self._names else [stage.name]
        share = costs[stage.name] / sum(costs[name] for name in left)
        seconds = self._seconds_left() - self._stages.seconds_to_fit()
        is_first = stage.name == ROUTER
        reserved = self._stages.share_to_fit() * self._fits.relative_time(len(self._folds)) if is_first else 0.0
        return Budget(n_trials, time.time() + seconds * share, patience, reserved * share)

    def _improvement(self) -> Improvement | None:
        """Measure the improvement, or read it from the folder if it was measured before."""
        settings = self._settings
        configs = [one.model_dump(mode="json", exclude={"tune"}) for one in (self._config, self._result.config)]
        measured = settings.model_dump(include={"repeats", "folds", "by", "scoring", "random_state"})
        letters = [digest(np.asarray(self._data.X)), digest(self._data.y.astype("U"))]
        file = self._folder / f"improvement-{digest([configs, measured, letters])}.json"
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Improvement(**json.loads(file.read_text(encoding="utf-8")))
        classes = np.unique(self._data.y).tolist()
        seeds = range(settings.random_state + 1, settings.random_state + 1 + settings.repeats)
        improvement = measure_improvement(
            build_hierarchy(self._config, classes, sources=self._training.sources),
            build_hierarchy(self._result.config, classes, sources=self._training.sources),
            self._data,
            [self._training.folds(self._config, seed) for seed in seeds],
            scoring=settings.scoring,
            n_jobs=self._n_jobs,
            on_progress=lambda done, n: self._notify(TuningProgress(IMPROVEMENT, self._names, done, n_trials=n)),
            deadline=self._deadline,
            expected_seconds=self._expected_seconds(),
        )
        n_folds = settings.repeats * len(self._folds)
        n_done = 0 if improvement is None else len(improvement.tuned)
        if improvement is None or n_done < n_folds:
            self._note(f"the improvement is measured on {n_done} of {n_folds} folds: the time is over")
            return improvement
        with whole_files(file) as (stream,):
            stream.write(json.dumps(asdict(improvement)).encode())
        return improvement


def _base_name(config: ExperimentConfig) -> str:
    """Return the start of the names of a config's studies: config and data."""
    data = config.data
    return f"{config.name}/{data.format if isinstance(data, GeneratedData) else Path(data.path).name}"


def _fingerprint(stage: Stage, spec: StudySpec, folds: Sequence[Fold]) -> dict[str, str]:
    """Return hashes of the settings that all trials of a study must share, by descriptions for messages.

    The evaluated rows of a member depend on the members before it, which the study's name identifies. They may differ
    by single rows between machines, so that the fingerprint has the folds of all letters instead.
    """
    config, data = stage.config, spec.data
    section = config.hierarchy if stage.name == WHOLE else member_of(config, stage.name)
    declared = [
        {name: one.model_dump(mode="json") for name, one in sections.items()}
        for sections in (config.views, config.augmentations)
    ]
    own = [digest(fold.train) + digest(fold.valid) for fold in spec.objective.folds]
    weight = "" if data.sample_weight is None else digest(data.sample_weight)
    return {
        "its space": digest({name: entry.model_dump(mode="json") for name, entry in spec.space.items()}),
        "the letters": digest(np.asarray(data.X)) + digest(data.y.astype("U")) + weight,
        "the folds": digest(own if stage.name in (ROUTER, WHOLE) else [digest(train) for train, _ in folds]),
        "parameters that are not searched": digest([section.model_dump(mode="json"), *declared]),
        "the scoring": digest(spec.scoring),
        "the random_state": digest(spec.random_state),
    }


def _describe(config: ExperimentConfig, training: TrainingLetters, folds: Sequence[Fold]) -> dict[str, Any]:
    """Return a description of letters, folds and search for the report."""
    assert config.tune is not None
    by = grouping(config)
    return {
        "training letters": int(training.evaluated.sum()),
        "additional training letters": int((~training.evaluated).sum()),
        "classes": len(np.unique(training.data.y)),
        "folds": len(folds),
        "folds grouped by": "nothing" if by == "sample" else by,
        **_budget(config.tune),
        **config.tune.model_dump(include={"scoring", "sampler", "pruner", "random_state"}),
    }


def _budget(settings: TuneSection) -> dict[str, str]:
    """Return when the search ends, for the report."""
    limits = {
        "trials per member": settings.most_trials,
        "time": None if settings.timeout_minutes is None else f"{settings.timeout_minutes:g} min",
        "trials without improvement": settings.n_trials_no_improvement,
    }
    return {f"budget: {what}": str(limit) for what, limit in limits.items() if limit is not None}
