"""One study: its name, what it must not change, when it is done, and the work on its trials."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from ensemble_hwr.config.search_space import Range, Space
from ensemble_hwr.exceptions import ConfigError, EnsembleHwrError
from ensemble_hwr.tuning._learner import learner_of, parameter_of_epochs
from ensemble_hwr.tuning._liveness import RETRY_OF, WORKER, give_up, heartbeat, reap, this_worker
from ensemble_hwr.tuning._question import Letters, Question, evaluate
from ensemble_hwr.tuning._sampling import SURPLUS, ResumableSampler, finished, make_pruner
from ensemble_hwr.tuning._score import loss_of
from ensemble_hwr.tuning._space import choose, stored

FINGERPRINT, EPOCHS, UNTUNED, SPACE = "fingerprint", "epochs", "untuned", "space"
MOST_FAILURES = 5
Make = Callable[[Mapping[str, Any]], Any]


class Stopped(Exception):
    """The work is to end now, in order."""


@dataclass(frozen=True)
class Budget:
    """When a study is done: whichever comes first.

    Attributes
    ----------
    trials : int or None
        Trials in all, failed ones not counted.
    deadline : float or None
        Seconds since the epoch after which no trial is begun, once one is completed.
    n_trials_no_improvement : int or None
        Trials without a better one.
    """

    trials: int | None = None
    deadline: float | None = None
    n_trials_no_improvement: int | None = None


@dataclass(frozen=True)
class Task:
    """All that a worker needs to work on a study.

    Attributes
    ----------
    study_name : str
    space : dict
    make : callable
        Returns an unfitted member with given settings.
    question : Question
    letters : Letters
    score : str
    sampler, pruner : str
    seed : int
    budget : Budget
    """

    study_name: str
    space: Space
    make: Make
    question: Question
    letters: Letters
    score: str
    sampler: str
    pruner: str
    seed: int
    budget: Budget

    @property
    def span(self) -> int:
        """Return how many steps a fold has: as many as it may learn epochs, or one."""
        epochs = parameter_of_epochs(self.make({}))
        if epochs is None:
            return 1
        entry = next((entry for name, entry in self.space.items() if name.rpartition("__")[2] == epochs), None)
        if isinstance(entry, Range):
            return int(entry.high)
        return int(max(entry.probes())) if entry is not None else int(getattr(learner_of(self.make({}))[1], epochs))


def digest(value: Any) -> str:
    """Return a short hash of arrays, or of anything JSON can hold."""
    sha = hashlib.sha256()
    if isinstance(value, np.ndarray) and value.dtype != object:
        sha.update(str((value.shape, value.dtype.str)).encode())
        sha.update(np.ascontiguousarray(value).data)
    else:
        sha.update(json.dumps(value, sort_keys=True, default=str).encode())
    return sha.hexdigest()[:12]


def open_study(storage: BaseStorage, task: Task, fingerprint: Mapping[str, str], untuned: Mapping[str, Any]) -> Study:
    """Make a study, or take up the one of this name again.

    Parameters
    ----------
    storage : BaseStorage
    task : Task
    fingerprint : mapping of str to str
        Hashes of what all its trials must have in common, by what they are of.
    untuned : mapping of str to object
        The settings of the member as it is: the first trial, where the space holds them.

    Returns
    -------
    optuna.Study

    Raises
    ------
    ConfigError
        When the study was made with something else.
    """
    study = load_study(storage, task, make=True)
    known = study.user_attrs.get(FINGERPRINT)
    if known is None:
        first = stored(task.space, untuned)
        study.set_user_attr(SPACE, {name: entry.model_dump(mode="json") for name, entry in task.space.items()})
        study.set_user_attr(UNTUNED, first)
        if first is not None:
            study.enqueue_trial(first, skip_if_exists=True)
        study.set_user_attr(FINGERPRINT, dict(fingerprint))
        return study
    changed = [what for what, value in fingerprint.items() if known.get(what) != value]
    if changed:
        raise ConfigError(
            f"study {task.study_name!r}: {' and '.join(changed)} changed since its first trial, so its trials cannot "
            "be compared with new ones; change that back, or start anew beside it with --fresh."
        )
    return study


def load_study(storage: BaseStorage, task: Task, *, make: bool = False) -> Study:
    """Open the study of a task with its sampler and its pruner."""
    sampler = ResumableSampler(task.sampler, task.seed)
    pruner = make_pruner(task.pruner, task.span, len(task.question.parts))
    name = task.study_name
    if make:
        study = optuna.create_study(
            study_name=name, storage=storage, sampler=sampler, pruner=pruner, load_if_exists=True
        )
    else:
        study = optuna.load_study(study_name=name, storage=storage, sampler=sampler, pruner=pruner)
    sampler.follow(study)
    return study


def why_done(study: Study, budget: Budget) -> str | None:  # noqa: PLR0911
    """Say why no further trial is to be begun; None where one is."""
    trials = study.get_trials(deepcopy=False)
    failures = [trial for trial in trials if trial.state is TrialState.FAIL and "error" in trial.user_attrs]
    if len(failures) >= MOST_FAILURES and not any(trial.state is TrialState.COMPLETE for trial in trials):
        return f"the first {len(failures)} trials failed"
    in_time = budget.deadline is None or time.time() < budget.deadline
    if not in_time and best_trial(study) is not None:
        return "its time is over"
    if any(trial.state is TrialState.WAITING for trial in trials):
        return None
    begun = [trial for trial in trials if trial.state is not TrialState.FAIL]
    if budget.trials is not None and len(begun) >= budget.trials:
        return f"{len(begun)} trials were made"
    if len(failures) > (budget.trials or len(begun) + MOST_FAILURES):
        return f"{len(failures)} trials failed"
    best = best_trial(study)
    since = 0 if best is None else sum(trial.number > best.number for trial in finished(study))
    if budget.n_trials_no_improvement is not None and since >= budget.n_trials_no_improvement:
        return f"{since} trials brought nothing better"
    return None


def best_trial(study: Study) -> FrozenTrial | None:
    """Return the trial of the least loss, the first among equals; None where none was completed."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(completed, key=lambda trial: (trial.value, trial.number), default=None)


def untuned_loss(study: Study) -> float | None:
    """Return the loss of the member as it was; None where its settings are not in the space, or not tried yet."""
    first = study.user_attrs.get(UNTUNED)
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return next((trial.value for trial in completed if first is not None and trial.params == first), None)


def work(task: Task, storage: BaseStorage, should_stop: Callable[[], bool]) -> None:
    """Make trials of a study until it is done.

    Parameters
    ----------
    task : Task
    storage : BaseStorage
    should_stop : callable
        Asked after every epoch; a trial that is stopped is queued again.
    """
    study = load_study(storage, task)
    while not should_stop():
        reap(study)
        if why_done(study, task.budget) is not None:
            return
        trial = study.ask()
        trial.set_user_attr(WORKER, this_worker())
        if _is_surplus(study, trial, task.budget):
            trial.set_user_attr(SURPLUS, True)
            study.tell(trial, state=TrialState.FAIL)
            return
        _make_trial(study, trial, task, should_stop)


def settings_of(task: Task, trial: FrozenTrial) -> dict[str, Any]:
    """Return the settings of a trial that was made."""
    return choose(optuna.trial.FixedTrial(trial.params), task.space)


def _make_trial(study: Study, trial: Trial, task: Task, should_stop: Callable[[], bool]) -> None:
    """Make one trial and tell the study what came of it."""
    onlooker = _Reporter(trial, task.span, should_stop)
    try:
        with heartbeat(trial):
            chosen = choose(trial, task.space)
            loss = loss_of(task.score)
            value = evaluate(
                task.make(chosen), task.question, task.letters, loss, seed=task.seed, report=onlooker.report
            )
    except Stopped:
        trial.set_user_attr(EPOCHS, onlooker.epochs)
        give_up(study, study._storage.get_trial(trial._trial_id), "stopped")
    except optuna.TrialPruned:
        trial.set_user_attr(EPOCHS, onlooker.epochs)
        study.tell(trial, state=TrialState.PRUNED)
    except (ValueError, TypeError, ArithmeticError, MemoryError, EnsembleHwrError) as error:
        trial.set_user_attr("error", f"{type(error).__name__}: {error}"[:500])
        study.tell(trial, state=TrialState.FAIL)
    else:
        trial.set_user_attr(EPOCHS, onlooker.epochs)
        failed = not np.isfinite(value)
        if failed:
            trial.set_user_attr("error", f"its loss is {value}")
        study.tell(trial, None if failed else value, state=TrialState.FAIL if failed else TrialState.COMPLETE)


@dataclass
class _Reporter:
    """Tells a trial how it goes, and ends it where it is not promising or the work is to stop.

    The untuned settings are judged to the end: what tuning gained is told against them, and others are pruned by them.
    """

    trial: Trial
    span: int
    should_stop: Callable[[], bool]
    epochs: int = 0

    @cached_property
    def _is_untuned(self) -> bool:
        return self.trial.params == self.trial.study.user_attrs.get(UNTUNED)

    def report(self, fold: int, epoch: int | None, loss: float | None) -> None:
        if loss is not None:
            self._tell(fold, epoch, loss)
        if self.should_stop():
            raise Stopped

    def _tell(self, fold: int, epoch: int | None, loss: float) -> None:
        if epoch is not None:
            self.epochs += 1
        step = fold * self.span + (self.span - 1 if epoch is None else min(epoch, self.span - 1))
        if epoch is None or epoch < self.span - 1:  # the last epoch is told once the fold is done
            self.trial.report(loss, step)
            if not self._is_untuned and self.trial.should_prune():
                raise optuna.TrialPruned


def _is_surplus(study: Study, trial: Trial, budget: Budget) -> bool:
    """Whether two workers have begun the last trial at once, and this is the later one."""
    if budget.trials is None or RETRY_OF in trial.user_attrs:
        return False
    begun = [other for other in study.get_trials(deepcopy=False) if other.state is not TrialState.FAIL]
    return sum(other.number < trial.number for other in begun) >= budget.trials


def without_letters(task: Task, letters: Letters) -> Task:
    """Return a task with other letters: those that its worker has already."""
    return replace(task, letters=letters)
