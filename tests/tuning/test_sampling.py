"""Pruners judge as they say."""

import optuna
import pytest

from ensemble_hwr.tuning._sampling import make_pruner

SPAN, FOLDS = 12, 3
WARM_UP = SPAN // 6


def study_with(kind, finished):
    """A study in which trials have finished with constant losses."""
    study = optuna.create_study(pruner=make_pruner(kind, SPAN, FOLDS))
    for loss in finished:
        trial = study.ask()
        for step in range(SPAN * FOLDS):
            trial.report(loss, step)
        study.tell(trial, loss)
    return study


def first_pruned(study, loss):
    """The step at which a trial of a constant loss is given up."""
    trial = study.ask()
    for step in range(SPAN * FOLDS):
        trial.report(loss, step)
        if trial.should_prune():
            return step
    return None


@pytest.mark.parametrize(("kind", "kept", "given_up"), [("percentile", 4.9, 5.1), ("median", 5.9, 6.1)])
def test_who_falls_behind_is_given_up_after_the_warm_up(kind, kept, given_up):
    study = study_with(kind, range(1, 12))  # the best four in ten reach 5, the median is 6
    assert first_pruned(study, kept) is None
    assert first_pruned(study, given_up) == WARM_UP


@pytest.mark.parametrize("kind", ["percentile", "median"])
def test_nobody_is_given_up_before_two_have_finished(kind):
    assert first_pruned(study_with(kind, [1]), 9) is None
    assert first_pruned(study_with(kind, [1, 1]), 9) == WARM_UP


def test_the_others():
    assert isinstance(make_pruner("hyperband", SPAN, FOLDS), optuna.pruners.HyperbandPruner)
    assert first_pruned(study_with("none", range(1, 9)), 20) is None
