"""Run the trials of a study in this process."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import Trial, TrialState

from ensemble_hwr.exceptions import EnsembleHwrError
from ensemble_hwr.tuning._heartbeat import RETRY_OF, WORKER, heartbeat, requeue, requeue_dead_trials, this_worker
from ensemble_hwr.tuning._objective import cross_validate, loss_function
from ensemble_hwr.tuning._sampling import SURPLUS, Stopped, TrialMonitor
from ensemble_hwr.tuning._space import suggest_params
from ensemble_hwr.tuning._study import ERROR, Budget, StudySpec, is_out_of_time, load_study, stop_reason

EPOCHS, WARNINGS = "epochs", "warnings"  # user attributes of trials
MAX_MESSAGE = 500
MAX_WARNINGS = 20


def run_trials(spec: StudySpec, storage: BaseStorage, should_stop: Callable[[], bool]) -> None:
    """Run trials of a study until it is done.

    Parameters
    ----------
    spec : StudySpec
        The study.
    storage : BaseStorage
        Where it is stored.
    should_stop : callable
        Called after every epoch; a trial that is stopped is queued again.
    """
    study = load_study(storage, spec)
    while not should_stop():
        requeue_dead_trials(study)
        if stop_reason(study, spec.budget) is not None:
            return
        trial = study.ask()
        with suppress(UpdateFinishedTrialError):  # by another machine, which took this worker for dead
            trial.set_user_attr(WORKER, this_worker())
            if _is_surplus(study, trial, spec.budget):
                trial.set_user_attr(SURPLUS, True)
                study.tell(trial, state=TrialState.FAIL)
                return
            _run_trial(study, trial, spec, should_stop)


def _run_trial(study: Study, trial: Trial, spec: StudySpec, should_stop: Callable[[], bool]) -> None:
    """Run one trial and store its result; warnings are stored, too, and not printed."""
    monitor = TrialMonitor(trial, spec.steps_per_fold, should_stop, lambda: is_out_of_time(study, spec.budget))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        state, value, error = _outcome(trial, spec, monitor)
    if error is not None:
        trial.set_user_attr(ERROR, error[:MAX_MESSAGE])
    if caught:
        messages = sorted({str(warning.message)[:MAX_MESSAGE] for warning in caught})
        trial.set_user_attr(WARNINGS, messages[:MAX_WARNINGS])
    if state is not TrialState.FAIL:
        trial.set_user_attr(EPOCHS, monitor.epochs)
    if state is TrialState.WAITING:
        requeue(study, study._storage.get_trial(trial._trial_id), "stopped")
    else:
        study.tell(trial, value, state=state)


def _outcome(trial: Trial, spec: StudySpec, monitor: TrialMonitor) -> tuple[TrialState, float | None, str | None]:
    """Return state, loss and error of a trial; a stopped one is to wait for another attempt."""
    try:
        with heartbeat(trial):
            estimator = spec.make(suggest_params(trial, spec.space))
            loss = loss_function(spec.scoring)
            settings: dict[str, Any] = {"random_state": spec.random_state, "monitor": monitor}
            value = cross_validate(estimator, spec.objective, spec.data, loss, **settings)
    except Stopped:
        return TrialState.WAITING, None, None
    except optuna.TrialPruned:
        return TrialState.PRUNED, None, None
    except (ValueError, TypeError, ArithmeticError, MemoryError, EnsembleHwrError) as error:
        return TrialState.FAIL, None, f"{type(error).__name__}: {error}"
    if not np.isfinite(value):
        return TrialState.FAIL, None, f"its loss is {value}"
    return TrialState.COMPLETE, value, None


def _is_surplus(study: Study, trial: Trial, budget: Budget) -> bool:
    """Whether two workers have started the last trial at the same time, and this is the later one."""
    if budget.n_trials is None or RETRY_OF in trial.user_attrs:
        return False
    started = [other for other in study.get_trials(deepcopy=False) if other.state is not TrialState.FAIL]
    return sum(other.number < trial.number for other in started) >= budget.n_trials
