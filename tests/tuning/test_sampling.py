"""Pruners end trials that are not promising, but never the trial of the baseline."""

import optuna
import pytest

from ensemble_hwr.tuning import _study
from ensemble_hwr.tuning._sampling import BASELINE, TrialMonitor, make_pruner

STEPS, FOLDS = 12, 3
WARM_UP = STEPS // 6


def study_with(kind, losses):
    """Return a study with finished trials of constant losses."""
    study = optuna.create_study(pruner=make_pruner(kind, STEPS, FOLDS))
    for loss in losses:
        trial = study.ask()
        for step in range(STEPS * FOLDS):
            trial.report(loss, step)
        study.tell(trial, loss)
    return study


def first_pruned(study, loss):
    """Return the step at which a trial of a constant loss is pruned."""
    trial = study.ask()
    for step in range(STEPS * FOLDS):
        trial.report(loss, step)
        if trial.should_prune():
            return step
    return None


@pytest.mark.parametrize(("kind", "kept", "pruned"), [("percentile", 4.9, 5.1), ("median", 5.9, 6.1)])
def test_trial_behind_the_percentile_is_pruned_after_the_warm_up(kind, kept, pruned):
    study = study_with(kind, range(1, 12))  # the 40th percentile is 5, the median is 6
    assert first_pruned(study, kept) is None
    assert first_pruned(study, pruned) == WARM_UP


@pytest.mark.parametrize("kind", ["percentile", "median"])
def test_no_trial_is_pruned_before_two_are_finished(kind):
    assert first_pruned(study_with(kind, [1]), 9) is None
    assert first_pruned(study_with(kind, [1, 1]), 9) == WARM_UP


def test_hyperband_and_no_pruner():
    assert isinstance(make_pruner("hyperband", STEPS, FOLDS), optuna.pruners.HyperbandPruner)
    assert first_pruned(study_with("none", range(1, 9)), 20) is None


class PruneAll(optuna.pruners.BasePruner):
    """A pruner of all trials."""

    def prune(self, study, trial):
        return True


def started_trial(alpha):
    """Return a running trial with a drawn parameter, in a study whose baseline is 0.5."""
    study = optuna.create_study(pruner=PruneAll())
    study.set_user_attr(BASELINE, {"alpha": 0.5})
    study.enqueue_trial({"alpha": alpha})
    trial = study.ask()
    trial.suggest_float("alpha", 0, 1)
    return trial


def test_monitor_ends_a_pruned_trial():
    with pytest.raises(optuna.TrialPruned):
        TrialMonitor(started_trial(0.25), 4, lambda: False).report(0, 0, 1.0)


def test_monitor_never_prunes_the_baseline():
    trial = started_trial(0.5)
    monitor = TrialMonitor(trial, 4, lambda: False)
    for epoch in range(3):
        monitor.report(0, epoch, 1.0)
    assert monitor.epochs == 3
    assert len(trial.study.trials[0].intermediate_values) == 3


def test_monitor_prunes_every_trial_when_the_time_is_over():
    monitor = TrialMonitor(started_trial(0.5), 4, lambda: False, lambda: True)
    with pytest.raises(optuna.TrialPruned, match="out of time"):
        monitor.report(0, 0, 0.1)


def test_time_is_not_over_before_the_trial_of_the_baseline_has_ended():
    """Otherwise a search that ended early chose parameters that may be worse than those of the config."""
    study = optuna.create_study()
    study.set_user_attr(_study.BASELINE, {"alpha": 1.0})
    over = _study.Budget(deadline=0.0)
    study.enqueue_trial({"alpha": 1.0})
    baseline, other = study.ask(), study.ask()
    for trial in (baseline, other):
        trial.suggest_float("alpha", 0.0, 2.0)
    assert not _study.is_out_of_time(study, over)
    study.tell(other, 0.5)
    assert not _study.is_out_of_time(study, over)
    study.tell(baseline, 0.7)
    assert _study.is_out_of_time(study, over)


@pytest.mark.parametrize("state", ["PRUNED", "FAIL"])
def test_time_is_over_if_the_baseline_was_pruned_or_failed(state):
    study = optuna.create_study()
    study.set_user_attr(_study.BASELINE, {"alpha": 1.0})
    study.enqueue_trial({"alpha": 1.0})
    baseline, other = study.ask(), study.ask()
    for trial in (baseline, other):
        trial.suggest_float("alpha", 0.0, 2.0)
    study.tell(other, 0.5)
    if state == "FAIL":
        baseline.set_user_attr(_study.ERROR, "ValueError")
    study.tell(baseline, state=optuna.trial.TrialState[state])
    assert _study.is_out_of_time(study, _study.Budget(deadline=0.0))
