"""What became of tuning: every member's study and choice, the tuned config, and what it gained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from optuna import Study

from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._gain import Gain
from ensemble_hwr.tuning._stages import Stage
from ensemble_hwr.tuning._study import Task, best_trial, settings_of, untuned_loss, why_done


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


def tuned_by(study: Study, stage: Stage, task: Task) -> Tuned:
    """Say what a study that is done has found.

    Raises
    ------
    ConfigError
        When no trial was completed.
    """
    best = best_trial(study)
    if best is None or best.value is None:
        raise ConfigError(f"tune.{stage.name}: no trial was completed; {_first_error(study)}")
    return Tuned(
        stage.name,
        study,
        settings_of(task, best),
        best.value,
        untuned_loss(study),
        why_done(study, task.budget) or "",
        stage.question.n_judged,
        task.span,
    )


def _first_error(study: Study) -> str:
    errors = [trial.user_attrs["error"] for trial in study.get_trials(deepcopy=False) if "error" in trial.user_attrs]
    return f"the first failed with {errors[0]}" if errors else "give it more time, or more trials."
