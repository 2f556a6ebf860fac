"""How far tuning is, as whoever waits for it is told."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from optuna import Study
from optuna.trial import TrialState

from ensemble_hwr.tuning._study import Budget, best_trial, untuned_loss

MEASURING = "gain"


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


def progress_of(study: Study, budget: Budget, member: str, members: Sequence[str]) -> Progress:
    """Say how far the study of one member is."""
    trials = study.get_trials(deepcopy=False)
    counts = {state: sum(trial.state is state for trial in trials) for state in TrialState}
    failed = sum(trial.state is TrialState.FAIL and "error" in trial.user_attrs for trial in trials)
    done, pruned, running = (counts[state] for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING))
    best = best_trial(study)
    return Progress(
        member,
        list(members),
        done,
        pruned,
        failed,
        running,
        budget.trials,
        None if best is None else best.value,
        untuned_loss(study),
        _seconds_left(study, budget, done + pruned, max(1, running)),
    )


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
