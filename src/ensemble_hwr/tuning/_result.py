"""Progress and result of tuning: the best parameters of each member, and the improvement of the ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from optuna import Study
from optuna.trial import TrialState

from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._improvement import Improvement
from ensemble_hwr.tuning._objective import metric_name, metric_value
from ensemble_hwr.tuning._sampling import finished_trials
from ensemble_hwr.tuning._storage import dashboard_command
from ensemble_hwr.tuning._study import (
    ERROR,
    Budget,
    StudySpec,
    baseline_loss,
    best_trial,
    first_error,
    stop_reason,
)

IMPROVEMENT = "improvement"


@dataclass(frozen=True)
class TuningProgress:
    """Progress of tuning.

    Attributes
    ----------
    member : str
        The member that is being tuned; ``"improvement"`` during the repeated cross-validation at the end.
    members : list of str
        All members to tune, in order.
    done, pruned, failed, running : int
        Number of completed, pruned, failed and running trials of this member.
    n_trials : int or None
        Largest number of its trials; None without a limit.
    best, baseline : float or None
        Lowest loss so far, and the loss of the member's current parameters.
    seconds_left : float or None
        Estimated time for this member; None if it cannot be estimated.
    is_fit : bool
        Whether the member is fitted with its current parameters, since the objectives of later members depend on its
        out-of-fold predictions. `done` and `n_trials` are then numbers of fits, and `seconds_left` is the time for all
        such fits.

    See Also
    --------
    ensemble_hwr.tuning.tune : Passes it to its callback.
    """

    member: str
    members: list[str]
    done: int = 0
    pruned: int = 0
    failed: int = 0
    running: int = 0
    n_trials: int | None = None
    best: float | None = None
    baseline: float | None = None
    seconds_left: float | None = None
    is_fit: bool = False

    @property
    def is_improvement(self) -> bool:
        """Whether the improvement is measured, after the search."""
        return self.member == IMPROVEMENT


@dataclass(frozen=True)
class MemberResult:
    """Result of one member.

    Attributes
    ----------
    name : str
        Name of the member.
    study : optuna.Study
        All its trials.
    params : dict of str to object
        The best parameters.
    loss : float
        Their cross-validated loss.
    baseline_loss : float or None
        Loss of the member's parameters before tuning; None if the space does not contain them.
    reason : str
        Why the study ended.
    n_valid : int
        Number of evaluated letters.
    """

    name: str
    study: Study
    params: dict[str, Any]
    loss: float
    baseline_loss: float | None
    reason: str
    n_valid: int

    @property
    def best_trial_number(self) -> int:
        """Number of the best trial in its study."""
        trials = self.study.get_trials(deepcopy=False)
        return next(trial.number for trial in trials if trial.value == self.loss)


@dataclass
class TuningResult:
    """Result of a search: the best parameters of each member, and the improvement of the ensemble.

    Attributes
    ----------
    config : ExperimentConfig
        The config with the best parameters.
    baseline : ExperimentConfig
        The config before tuning.
    members : list of MemberResult
        Study, best parameters and loss of each member.
    improvement : Improvement or None
        Measured in repeated cross-validation; None if it was not measured.
    data : dict
        Description of the letters, the folds and the search.
    storage : str
        Address of the studies.
    notes : list of str
        What was left out because the time was over.
    seconds : float
        Time of the search, from the call of ``tune`` to its end. Earlier runs that it continued are not included.

    See Also
    --------
    ensemble_hwr.tuning.tune : Returns it.
    """

    config: ExperimentConfig
    baseline: ExperimentConfig
    members: list[MemberResult] = field(default_factory=list)
    improvement: Improvement | None = None
    data: dict[str, Any] = field(default_factory=dict)
    storage: str = ""
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def scoring(self) -> str:
        """Name of the scorer."""
        scoring: str = self.data["scoring"]
        return scoring

    @property
    def dashboard_command(self) -> str | None:
        """The command that opens Optuna's dashboard on the studies; None for a proxy, which it cannot read."""
        return dashboard_command(self.storage)

    def summary(self) -> str:
        """Return a line of text for each member, and one for the improvement of the whole ensemble."""
        metric = metric_name(self.scoring)
        lines = []
        for member in self.members:
            before = "" if member.baseline_loss is None else f"{self._metric(member.baseline_loss)} -> "
            params = ", ".join(f"{name} = {_short(value)}" for name, value in member.params.items())
            lines.append(f"{member.name}: {metric} {before}{self._metric(member.loss)} with {params}")
        if self.improvement is not None:
            baseline, tuned = self.improvement.metrics
            low, high = self.improvement.interval
            lines.append(
                f"whole ensemble, repeated cross-validation: {metric} {baseline:.4f} -> {tuned:.4f}; improvement "
                f"{self.improvement.difference:.4f}, 95 % interval {low:.4f} to {high:.4f}"
            )
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _metric(self, loss: float) -> str:
        return f"{metric_value(self.scoring, loss):.4f}"


def member_result(study: Study, spec: StudySpec) -> MemberResult:
    """Return the result of a study that is done.

    Raises
    ------
    ConfigError
        If no trial is completed.
    """
    name = spec.objective.name
    best = best_trial(study)
    if best is None or best.value is None:
        error = first_error(study)
        reason = "increase its budget" if error is None else f"the first one failed with {error}"
        raise ConfigError(f"tune.{name}: no trial was completed; {reason}")
    reason = stop_reason(study, spec.budget) or ""
    return MemberResult(
        name, study, spec.params_of(best), best.value, baseline_loss(study), reason, spec.objective.n_valid
    )


def member_progress(study: Study, budget: Budget, member: str, members: Sequence[str]) -> TuningProgress:
    """Return the progress of the study of one member."""
    trials = study.get_trials(deepcopy=False)
    counts = {state: sum(trial.state is state for trial in trials) for state in TrialState}
    failed = sum(trial.state is TrialState.FAIL and ERROR in trial.user_attrs for trial in trials)
    done, pruned, running = (counts[state] for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING))
    best = best_trial(study)
    return TuningProgress(
        member,
        list(members),
        done,
        pruned,
        failed,
        running,
        budget.n_trials,
        None if best is None else best.value,
        baseline_loss(study),
        _seconds_left(study, budget, done + pruned, max(1, running)),
    )


def _seconds_left(study: Study, budget: Budget, n_finished: int, n_parallel: int) -> float | None:
    """Estimate the remaining time of a study from its deadline and from the mean time of its trials."""
    estimates = []
    if budget.deadline is not None:
        estimates.append(max(0.0, budget.seconds_left(study)))
    times = [trial.duration.total_seconds() for trial in finished_trials(study) if trial.duration is not None]
    if budget.n_trials is not None and times:
        estimates.append(max(0, budget.n_trials - n_finished) * float(np.mean(times)) / n_parallel)
    return min(estimates, default=None)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
