"""Write the report of tuning: one HTML file without scripts, fonts or other files."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import FrozenTrial, TrialState

from ensemble_hwr._versions import package_versions
from ensemble_hwr.config.search_space import WHOLE
from ensemble_hwr.report.formats import ABSENT, MINUS, duration
from ensemble_hwr.report.page import environment
from ensemble_hwr.tuning._charts import (
    TrialPoint,
    curves_plot,
    history_plot,
    improvement_plot,
    parallel_plot,
    slice_plots,
    upright_parallel_plot,
)
from ensemble_hwr.tuning._heartbeat import REASON
from ensemble_hwr.tuning._improvement import Improvement
from ensemble_hwr.tuning._objective import metric_name, metric_value
from ensemble_hwr.tuning._result import MemberResult, TuningResult
from ensemble_hwr.tuning._sampling import BASELINE, SURPLUS
from ensemble_hwr.tuning._scales import readable_name, short_value
from ensemble_hwr.tuning._study import ERROR, best_trial
from ensemble_hwr.tuning._trials import EPOCHS, WARNINGS
from ensemble_hwr.tuning._tuned_file import PACKAGES, write_text

MIN_TRIALS_FOR_IMPORTANCES = 8
ENOUGH_TRIALS_FOR_IMPORTANCES = 30  # with fewer completed trials they are rough
N_BEST_TRIALS = 5
UNITS = {"neg_log_loss": "nats per letter", "accuracy": "share of letters", "balanced_accuracy": "share of letters"}
SIZES = (("wide", 860), ("narrow", 358))  # classes of the charts for two widths of the screen, and their widths
OUTCOMES = {TrialState.COMPLETE: "completed", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def write_tuning_report(result: TuningResult, file: Path, command: str) -> None:
    """Write the report; if that fails, an existing file is left unchanged.

    Parameters
    ----------
    result : TuningResult
        As :func:`~ensemble_hwr.tuning.tune` returns it.
    file : Path
        The HTML file.
    command : str
        The command of the search, which the report shows.

    Raises
    ------
    DataError
        If the file cannot be written.

    See Also
    --------
    ensemble_hwr.tuning.tune : Returns the result to report.
    """
    write_text(file, render_report(result, command))


def render_report(result: TuningResult, command: str) -> str:
    """Return the report as an HTML document.

    Parameters
    ----------
    result : TuningResult
        As `tune` returns it.
    command : str
        The command of the search.

    Returns
    -------
    str
    """
    templates = environment(__package__)
    templates.filters.update({"metric": _metric, "readable": readable_name, "value": short_value, "count": _count})
    return templates.get_template("tuning.html").render(_context(result, command))


@dataclass(frozen=True)
class StudyTable:
    """Contents of the report for one study.

    Attributes
    ----------
    result : MemberResult
        The study and its best parameters.
    points : list of TrialPoint
        Trials in the charts.
    distributions : dict of str to BaseDistribution
        Searched parameters, as they are stored.
    importances : dict of str to float
        Share of the losses' variance explained by each parameter; empty with too few trials.
    counts : dict of str to int
        Number of completed, pruned and failed trials.
    n_interrupted : int
        Number of trials that were queued again.
    errors, warnings : list of (str, int)
        Messages, and in how many trials they were raised.
    epochs, epochs_without_pruning : int
        Number of epochs of all trials, and an estimate of it without pruning.
    seconds : float
        Time of all trials.
    params : list of (str, str, str)
        Name, baseline value and best value of each parameter.
    baseline, best : float or None
        Metric of the baseline and of the best parameters.
    """

    result: MemberResult
    points: list[TrialPoint]
    distributions: dict[str, BaseDistribution]
    importances: dict[str, float]
    counts: dict[str, int]
    n_interrupted: int
    errors: list[tuple[str, int]]
    warnings: list[tuple[str, int]]
    epochs: int
    epochs_without_pruning: int
    seconds: float
    params: list[tuple[str, str, str]]
    baseline: float | None
    best: float

    @property
    def title(self) -> str:
        """Name of the member, as a heading."""
        return "the whole ensemble" if self.result.name == WHOLE else self.result.name.replace(":", " ")

    @property
    def relative_change(self) -> float:
        """Change of the metric, relative to the baseline; 0 without one."""
        return abs(self.baseline - self.best) / abs(self.baseline) if self.baseline else 0.0

    @property
    def best_trials(self) -> list[TrialPoint]:
        """The completed trials with the lowest losses."""
        completed = [point for point in self.points if point.loss is not None]
        return sorted(completed, key=lambda point: (point.loss, point.number))[:N_BEST_TRIALS]

    @property
    def step(self) -> str:
        """What the trials report after: epochs of one fold after the other, or folds."""
        return "epochs, one fold after the other" if any(point.epochs for point in self.points) else "folds"

    @property
    def is_flat(self) -> bool:
        """Whether several trials are completed, all with the same loss."""
        losses = [point.loss for point in self.points if point.loss is not None]
        return len(losses) > 1 and len(set(losses)) == 1


def study_table(result: MemberResult, scoring: str) -> StudyTable:
    """Collect the contents of the report for one member."""
    trials = [
        trial
        for trial in result.study.get_trials(deepcopy=False)
        if trial.state in OUTCOMES and SURPLUS not in trial.user_attrs
    ]
    first = result.study.user_attrs.get(BASELINE)
    shown = [trial for trial in trials if trial.state is not TrialState.FAIL or ERROR in trial.user_attrs]
    points = _points(result.study, shown, scoring)
    return StudyTable(
        result,
        points,
        _distributions(trials),
        _importances(result.study),
        {outcome: sum(point.outcome == outcome for point in points) for outcome in OUTCOMES.values()},
        sum(trial.state is TrialState.FAIL and REASON in trial.user_attrs for trial in trials),
        _counted([trial.user_attrs[ERROR] for trial in trials if ERROR in trial.user_attrs]),
        _counted([message for trial in trials for message in trial.user_attrs.get(WARNINGS, [])]),
        sum(trial.user_attrs.get(EPOCHS, 0) for trial in trials),
        _epochs_without_pruning(shown),
        sum(trial.duration.total_seconds() for trial in trials if trial.duration is not None),
        _params(result.params, first),
        None if result.baseline_loss is None else metric_value(scoring, result.baseline_loss),
        metric_value(scoring, result.loss),
    )


def _points(study: optuna.Study, trials: list[FrozenTrial], scoring: str) -> list[TrialPoint]:
    best, first = best_trial(study), study.user_attrs.get(BASELINE)
    points = []
    for trial in trials:
        loss = trial.value if trial.state is TrialState.COMPLETE else None
        points.append(
            TrialPoint(
                trial.number,
                OUTCOMES[trial.state],
                trial.params,
                loss,
                None if loss is None else metric_value(scoring, loss),
                best is not None and trial.number == best.number,
                first is not None and trial.params == first,
                tuple((step, metric_value(scoring, one)) for step, one in sorted(trial.intermediate_values.items())),
                0.0 if trial.duration is None else trial.duration.total_seconds(),
                trial.user_attrs.get(EPOCHS, 0),
            )
        )
    return points


def _distributions(trials: list[FrozenTrial]) -> dict[str, BaseDistribution]:
    """Return the distribution of each parameter with several values, in the order of the space."""
    found: dict[str, BaseDistribution] = {}
    for trial in sorted(trials, key=lambda trial: -len(trial.distributions)):
        for name, distribution in trial.distributions.items():
            found.setdefault(name, distribution)
    return {name: one for name, one in found.items() if not one.single()}


def _importances(study: optuna.Study) -> dict[str, float]:
    """Return the share of the losses' variance that each parameter explains (functional ANOVA)."""
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(completed) < MIN_TRIALS_FOR_IMPORTANCES or len({trial.value for trial in completed}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = optuna.importance.get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
        except (ValueError, RuntimeError):  # no parameter is in all completed trials
            return {}
    return {name: share for name, share in found.items() if not completed[0].distributions[name].single()}


def _counted(messages: list[str]) -> list[tuple[str, int]]:
    """Return different messages and their numbers, the most frequent first."""
    return sorted({text: messages.count(text) for text in messages}.items(), key=lambda item: -item[1])


def _epochs_without_pruning(trials: list[FrozenTrial]) -> int:
    """Estimate the epochs without pruning: for each pruned trial as many as a completed one has on average."""
    completed = [trial.user_attrs.get(EPOCHS, 0) for trial in trials if trial.state is TrialState.COMPLETE]
    n_pruned = sum(trial.state is TrialState.PRUNED for trial in trials)
    return round(sum(completed) + n_pruned * sum(completed) / len(completed)) if completed else 0


def _params(best: dict[str, Any], first: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return each parameter with its baseline value and its best value."""
    before: dict[str, Any] = {}
    for name, value in (first or {}).items():
        parameter, _, place = name.rpartition(".")
        if place.isdecimal() and parameter in best:
            before.setdefault(parameter, []).append(value)
        elif not (place == "n" and parameter in best):
            before[name] = value
    return [
        (name, short_value(before[name]) if name in before else "", short_value(value)) for name, value in best.items()
    ]


def _context(result: TuningResult, command: str) -> dict[str, Any]:
    studies = [study_table(member, result.scoring) for member in result.members]
    improvement = result.improvement
    metric = metric_name(result.scoring)
    unit = UNITS.get(result.scoring)
    title = metric if unit is None else f"{metric}, {unit}"
    return {
        "name": result.config.name,
        "headline": _headline(result),
        "sentences": _sentences(result, studies),
        "metric": metric,
        "facts": _facts(result, studies),
        "improvement": improvement,
        "improvement_plots": _improvement_plots(improvement, title),
        "studies": [_charts_of(study, title) for study in studies],
        "rough": ENOUGH_TRIALS_FOR_IMPORTANCES,
        "notes": result.notes,
        "data": result.data,
        "versions": package_versions(PACKAGES),
        "command": command,
        "dashboard": result.dashboard_command,
    }


def _improvement_plots(improvement: Improvement | None, title: str) -> list[tuple[str, dict[str, Any]]]:
    if improvement is None:
        return []
    return [(kind, improvement_plot(improvement, f"improvement of the {title}", width)) for kind, width in SIZES]


def _charts_of(study: StudyTable, title: str) -> dict[str, Any]:
    """Return the table of a study and its charts, for a wide and a narrow screen."""
    points, distributions = study.points, study.distributions
    curves = [(kind, curves_plot(points, study.step, title, width, 280)) for kind, width in SIZES]
    return {
        "table": study,
        "history": [(kind, history_plot(points, title, width, 300)) for kind, width in SIZES],
        "curves": [(kind, plot) for kind, plot in curves if plot is not None],
        "parallel": parallel_plot(points, distributions, title, 1100, 340),
        "upright": upright_parallel_plot(points, distributions, title, SIZES[-1][1]),
        "slices": slice_plots(points, distributions, study.importances, title, width=270, height=220),
    }


def _headline(result: TuningResult) -> str:
    if result.improvement is None:
        return f"{len(result.members)} members tuned"
    low, high = result.improvement.interval
    before, after = result.improvement.metrics
    change = f"{metric_name(result.scoring)} {before:.4f} → {after:.4f}"
    if low > 0:
        return f"Tuning improved the ensemble: {change}"
    if high < 0:
        return f"Tuning made the ensemble worse: {change}"
    return f"No significant difference by tuning: {change}"


def _sentences(result: TuningResult, studies: list[StudyTable]) -> list[str]:
    sentences = []
    improvement = result.improvement
    if improvement is not None and math.isfinite(improvement.interval[0]):
        low, high = improvement.interval
        sentences.append(
            f"The {metric_name(result.scoring)} improved by {improvement.difference:.4f} in {len(improvement.tuned)} "
            f"folds of repeated cross-validation, 95 % interval {_signed(low)} to {_signed(high)}."
        )
    share, title = max(((study.relative_change, study.title) for study in studies), default=(0.0, ""))
    if share > 0:
        sentences.append(f"Largest improvement on a member's own objective: {title}, {100 * share:.0f} %.")
    epochs, without = (sum(getattr(study, key) for study in studies) for key in ("epochs", "epochs_without_pruning"))
    if without > epochs:
        sentences.append(f"Epochs saved by pruning: {100 * (1 - epochs / without):.0f} %.")
    sentences.append(
        "Caution: the improvement is slightly optimistic, since it was measured on the letters on which the parameters "
        "were selected, though in other folds. Evaluate the tuned config on its test letters, once."
    )
    return sentences


def _facts(result: TuningResult, studies: list[StudyTable]) -> list[tuple[str, str]]:
    counts = {key: sum(study.counts[key] for study in studies) for key in ("completed", "pruned", "failed")}
    minutes = None if result.config.tune is None else result.config.tune.timeout_minutes
    return [
        ("members tuned", str(len(studies))),
        ("trials completed", f"{counts['completed']:,}"),
        ("pruned", f"{counts['pruned']:,}"),
        ("failed", f"{counts['failed']:,}"),
        ("budget of time", "none" if minutes is None else duration(60 * minutes)),
        ("elapsed", duration(result.seconds)),
        ("time of all trials", duration(sum(study.seconds for study in studies))),
    ]


def _signed(value: float) -> str:
    return f"{MINUS if value < 0 else '+'}{abs(value):.4f}"


def _metric(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.4f}"


def _count(value: int) -> str:
    return f"{value:,}"
