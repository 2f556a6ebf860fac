"""Trials that fall behind are given up, but for the untuned one."""

import optuna
import pytest

from ensemble_hwr.tuning._study import UNTUNED, _Reporter


class Behind(optuna.pruners.BasePruner):
    """Gives every trial up."""

    def prune(self, study, trial):
        return True


def begun(alpha):
    """A trial that has drawn its setting, in a study whose untuned setting is 0.5."""
    study = optuna.create_study(pruner=Behind())
    study.set_user_attr(UNTUNED, {"alpha": 0.5})
    study.enqueue_trial({"alpha": alpha})
    trial = study.ask()
    trial.suggest_float("alpha", 0, 1)
    return trial


def test_who_falls_behind_is_given_up():
    with pytest.raises(optuna.TrialPruned):
        _Reporter(begun(0.25), 4, lambda: False).report(0, 0, 1.0)


def test_the_untuned_settings_are_judged_to_the_end():
    trial = begun(0.5)
    reporter = _Reporter(trial, 4, lambda: False)
    for epoch in range(3):
        reporter.report(0, epoch, 1.0)
    assert reporter.epochs == 3
    assert len(trial.study.trials[0].intermediate_values) == 3
