"""What a study says, as plain values: trials, settings, importances."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from ensemble_hwr.config.search_space import LOG_LOSS
from ensemble_hwr.tuning._liveness import REASON
from ensemble_hwr.tuning._result import Tuned
from ensemble_hwr.tuning._sampling import SURPLUS
from ensemble_hwr.tuning._score import shown
from ensemble_hwr.tuning._study import EPOCHS, UNTUNED, best_trial

FEWEST_FOR_IMPORTANCE = 8
OUTCOMES = {TrialState.COMPLETE: "completed", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True)
class TrialFigures:
    """One trial: its place in the study, what came of it, its settings as stored, and its score."""

    number: int
    outcome: str
    params: dict[str, Any]
    loss: float | None
    score: float | None
    is_best: bool
    is_untuned: bool


@dataclass(frozen=True)
class StudyFigures:
    """What a study says of one member."""

    name: str
    study_name: str
    trials: list[TrialFigures]
    distributions: dict[str, BaseDistribution]
    importances: dict[str, float]
    counts: dict[str, int]
    interrupted: int
    errors: list[tuple[str, int]]
    epochs: int
    epochs_without_pruning: int
    seconds: float
    reason: str
    judged: int
    settings: list[tuple[str, str, str]]
    untuned: float | None
    best: float

    @property
    def is_flat(self) -> bool:
        """Whether several trials were completed, and all came to the same."""
        losses = [trial.loss for trial in self.trials if trial.loss is not None]
        return len(losses) > 1 and len(set(losses)) == 1


def study_figures(tuned: Tuned, score: str) -> StudyFigures:
    """Gather what the report shows of a member."""
    trials = [
        trial
        for trial in tuned.study.get_trials(deepcopy=False)
        if trial.state in OUTCOMES and SURPLUS not in trial.user_attrs
    ]
    best = best_trial(tuned.study)
    first = tuned.study.user_attrs.get(UNTUNED)
    told = [trial for trial in trials if trial.state is not TrialState.FAIL or "error" in trial.user_attrs]
    figures = [
        TrialFigures(
            trial.number,
            OUTCOMES[trial.state],
            trial.params,
            trial.value if trial.state is TrialState.COMPLETE else None,
            shown(score, trial.value) if trial.state is TrialState.COMPLETE and trial.value is not None else None,
            best is not None and trial.number == best.number,
            first is not None and trial.params == first,
        )
        for trial in told
    ]
    return StudyFigures(
        tuned.name,
        tuned.study.study_name,
        figures,
        _distributions(trials),
        _importances(tuned.study),
        {outcome: sum(trial.outcome == outcome for trial in figures) for outcome in OUTCOMES.values()},
        sum(trial.state is TrialState.FAIL and REASON in trial.user_attrs for trial in trials),
        _errors(trials),
        sum(trial.user_attrs.get(EPOCHS, 0) for trial in trials),
        _without_pruning(told),
        sum(trial.duration.total_seconds() for trial in trials if trial.duration is not None),
        tuned.reason,
        tuned.judged,
        _settings(tuned, first),
        None if tuned.untuned_loss is None else shown(score, tuned.untuned_loss),
        shown(score, tuned.loss),
    )


def name_of_score(score: str) -> str:
    """Return the score as people say it."""
    return "log-loss" if score == LOG_LOSS else score.removeprefix("neg_").replace("_", " ")


def short(value: Any) -> str:
    """Return a setting in few signs."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ", ".join(short(item) for item in value)
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return short(json.loads(value))
        except ValueError:
            return value
    return str(value)


def _distributions(trials: list[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return how each setting is searched, in the order in which they were first asked."""
    found: dict[str, BaseDistribution] = {}
    for trial in sorted(trials, key=lambda trial: -len(trial.distributions)):
        for name, distribution in trial.distributions.items():
            found.setdefault(name, distribution)
    return {name: one for name, one in found.items() if not one.single()}


def _importances(study: optuna.Study) -> dict[str, float]:
    """Return how much of the losses' spread each setting explains (functional ANOVA); nothing for too few trials."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(completed) < FEWEST_FOR_IMPORTANCE or len({trial.value for trial in completed}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = optuna.importance.get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
        except (ValueError, RuntimeError):  # no setting that all completed trials have
            return {}
    return {name: share for name, share in found.items() if not completed[0].distributions[name].single()}


def _errors(trials: list[FrozenTrial]) -> list[tuple[str, int]]:
    texts = [trial.user_attrs["error"] for trial in trials if "error" in trial.user_attrs]
    return sorted({text: texts.count(text) for text in texts}.items(), key=lambda item: -item[1])


def _without_pruning(trials: list[FrozenTrial]) -> int:
    """Return the epochs that trials would have taken had none been pruned: as many as completed ones on average."""
    completed = [trial.user_attrs.get(EPOCHS, 0) for trial in trials if trial.state is TrialState.COMPLETE]
    pruned = [trial for trial in trials if trial.state is TrialState.PRUNED]
    if not completed:
        return 0
    spent = float(sum(completed))
    return round(spent + len(pruned) * spent / len(completed))


def _settings(tuned: Tuned, first: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return each setting with its value before and after."""
    before: dict[str, Any] = {}
    for name, value in (first or {}).items():
        setting, _, place = name.rpartition(".")
        if place.isdecimal() and setting in tuned.chosen:
            before.setdefault(setting, []).append(value)
        elif not (place == "n" and setting in tuned.chosen):
            before[name] = value
    return [(name, short(before[name]) if name in before else "", short(value)) for name, value in tuned.chosen.items()]


def is_categorical(distribution: BaseDistribution) -> bool:
    """Whether a setting has choices rather than a range."""
    return isinstance(distribution, CategoricalDistribution)
