"""Create and resume studies: their names, their fingerprints, and when they are done."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from ensemble_hwr.config.search_space import Space
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._objective import Objective, TrainingData
from ensemble_hwr.tuning._sampling import BASELINE, ResumableSampler, finished_trials, make_pruner
from ensemble_hwr.tuning._space import stored_params, suggest_params

FINGERPRINT, SPACE, ERROR = "fingerprint", "space", "error"  # user attributes of studies and trials
TIMEOUT = "timeout"  # reason for the end of a study, and user attribute of trials that it ended
MAX_FAILURES = 5


@dataclass(frozen=True)
class Budget:
    """When a study ends: the first condition that holds.

    Attributes
    ----------
    n_trials : int or None
        Number of trials, without failed ones.
    deadline : float or None
        Seconds since the epoch; afterwards no trial is started, and running ones are pruned, if one is completed.
    n_trials_no_improvement : int or None
        Number of trials after the best one.
    reserved_trials : float
        Time to reserve before the deadline, relative to the time of a completed trial.
    """

    n_trials: int | None = None
    deadline: float | None = None
    n_trials_no_improvement: int | None = None
    reserved_trials: float = 0.0

    def seconds_left(self, study: Study) -> float:
        """Return the time before the deadline that is not reserved; infinity without a deadline."""
        if self.deadline is None:
            return math.inf
        reserved = self.reserved_trials * seconds_per_trial(study) if self.reserved_trials else 0.0
        return self.deadline - reserved - time.time()


@dataclass(frozen=True)
class StudySpec:
    """Everything that a worker needs to run trials of a study.

    Attributes
    ----------
    study_name : str
        Name in the storage.
    space : dict of str to Range, Choices or Layers
        Search space.
    make : callable
        Returns an unfitted estimator with given parameters.
    objective : Objective
        What is minimised.
    data : TrainingData
        Rows and labels.
    scoring : str
        Name of a scorer of scikit-learn.
    sampler, pruner : str
        Kinds of sampler and pruner.
    random_state : int
        Seed of the sampler and of the fits.
    budget : Budget
        When the study ends.
    steps_per_fold : int
        Number of reports of a trial in each fold.
    """

    study_name: str
    space: Space
    make: Callable[[Mapping[str, Any]], Any]
    objective: Objective
    data: TrainingData
    scoring: str
    sampler: str
    pruner: str
    random_state: int
    budget: Budget
    steps_per_fold: int = 1

    def params_of(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return the parameters of a trial that was run."""
        return suggest_params(optuna.trial.FixedTrial(trial.params), self.space)


def digest(value: Any) -> str:
    """Return a short hash of an array, or of anything that JSON can represent."""
    sha = hashlib.sha256()
    if isinstance(value, np.ndarray) and value.dtype != object:
        sha.update(str((value.shape, value.dtype.str)).encode())
        sha.update(np.ascontiguousarray(value).data)
    else:
        sha.update(json.dumps(value, sort_keys=True, default=str).encode())
    return sha.hexdigest()[:12]


def name_prefix(storage: BaseStorage, base: str, *, fresh: bool) -> str:
    """Return the start of the names of a run's studies: `base`, and a number for the second and later runs."""
    pattern = re.compile(re.escape(base) + r"(?: #(\d+))?/")
    names = optuna.get_all_study_names(storage)
    taken = [int(match[1] or 1) for name in names if (match := pattern.match(name))]
    number = max(taken, default=0) + fresh if taken else 1
    return base if number == 1 else f"{base} #{number}"


def has_results(storage: BaseStorage, name: str) -> bool:
    """Return whether a study with a completed trial is stored, so that its parameters can be used."""
    if name not in optuna.get_all_study_names(storage):
        return False
    return best_trial(optuna.load_study(study_name=name, storage=storage)) is not None


def open_study(
    storage: BaseStorage, spec: StudySpec, fingerprint: Mapping[str, str], baseline: Mapping[str, Any]
) -> Study:
    """Create a study, or resume the study of this name.

    Parameters
    ----------
    storage : BaseStorage
        Where it is stored.
    spec : StudySpec
        The study.
    fingerprint : mapping of str to str
        Hashes of the settings that all trials must share, by descriptions for messages.
    baseline : mapping of str to object
        The current parameters, which are the first trial if the space contains them.

    Returns
    -------
    optuna.Study

    Raises
    ------
    ConfigError
        If the stored study has another fingerprint.
    """
    study = load_study(storage, spec, create=True)
    stored = study.user_attrs.get(FINGERPRINT)
    if stored is None:
        first = stored_params(spec.space, baseline)
        study.set_user_attr(SPACE, {name: entry.model_dump(mode="json") for name, entry in spec.space.items()})
        study.set_user_attr(BASELINE, first)
        if first is not None:
            study.enqueue_trial(first, skip_if_exists=True)
        study.set_user_attr(FINGERPRINT, dict(fingerprint))
        return study
    changed = [what for what, value in fingerprint.items() if stored.get(what) != value]
    if changed:
        raise ConfigError(
            f"study {spec.study_name!r}: {' and '.join(changed)} changed since its first trial, so new trials cannot "
            "be compared with its trials; undo the change, or create new studies with --fresh"
        )
    return study


def load_study(storage: BaseStorage, spec: StudySpec, *, create: bool = False) -> Study:
    """Load a study with its sampler and its pruner."""
    sampler = ResumableSampler(spec.sampler, spec.random_state)
    pruner = make_pruner(spec.pruner, spec.steps_per_fold, len(spec.objective.folds))
    settings: dict[str, Any] = {"storage": storage, "sampler": sampler, "pruner": pruner}
    if create:
        study = optuna.create_study(study_name=spec.study_name, load_if_exists=True, **settings)
    else:
        study = optuna.load_study(study_name=spec.study_name, **settings)
    sampler.follow(study)
    return study


def stop_reason(study: Study, budget: Budget) -> str | None:  # noqa: PLR0911
    """Return why no further trial is started; None if one is."""
    trials = study.get_trials(deepcopy=False)
    failed = [trial for trial in trials if trial.state is TrialState.FAIL and ERROR in trial.user_attrs]
    if len(failed) >= MAX_FAILURES and not any(trial.state is TrialState.COMPLETE for trial in trials):
        return f"the first {len(failed)} trials failed"
    if is_out_of_time(study, budget):
        return TIMEOUT
    if any(trial.state is TrialState.WAITING for trial in trials):
        return None
    started = [trial for trial in trials if trial.state is not TrialState.FAIL]
    if budget.n_trials is not None and len(started) >= budget.n_trials:
        return f"{len(started)} trials done"
    if len(failed) > (budget.n_trials or len(started) + MAX_FAILURES):
        return f"{len(failed)} trials failed"
    best = best_trial(study)
    since = 0 if best is None else sum(trial.number > best.number for trial in finished_trials(study))
    if budget.n_trials_no_improvement is not None and since >= budget.n_trials_no_improvement:
        return f"{since} trials without improvement"
    return None


def is_out_of_time(study: Study, budget: Budget) -> bool:
    """Return whether the deadline is over and a trial is completed, so that running trials can end.

    The trial of the baseline must have ended too: without it, parameters would be chosen that may be worse.
    """
    return budget.seconds_left(study) <= 0 and best_trial(study) is not None and _baseline_has_ended(study)


def _baseline_has_ended(study: Study) -> bool:
    first = study.user_attrs.get(BASELINE)
    ended = (
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or ERROR in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
        if trial.params == first
    )
    return first is None or any(ended)


def seconds_per_trial(study: Study) -> float:
    """Return the median time of the completed trials of a study; 0 without any."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    times = [trial.duration.total_seconds() for trial in trials if trial.duration is not None]
    return float(np.median(times)) if times else 0.0


def best_trial(study: Study) -> FrozenTrial | None:
    """Return the completed trial with the lowest loss, the first of equal ones; None without a completed trial."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(completed, key=lambda trial: (trial.value, trial.number), default=None)


def baseline_loss(study: Study) -> float | None:
    """Return the loss of the baseline parameters; None if the space does not contain them, or before their trial."""
    first = study.user_attrs.get(BASELINE)
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return next((trial.value for trial in completed if first is not None and trial.params == first), None)


def first_error(study: Study) -> str | None:
    """Return the error of the first failed trial; None if no trial failed with one."""
    trials = study.get_trials(deepcopy=False)
    return next((trial.user_attrs[ERROR] for trial in trials if ERROR in trial.user_attrs), None)
