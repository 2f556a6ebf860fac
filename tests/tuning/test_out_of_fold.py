"""The time of fits between two studies is estimated, and reserved in the budget of the studies."""

from datetime import datetime, timedelta

import numpy as np
import optuna
from sklearn.linear_model import LogisticRegression

from ensemble_hwr.ensemble.held_out import Member, MemberProblem
from ensemble_hwr.tuning import _out_of_fold, _study
from ensemble_hwr.tuning._objective import FoldRows, Objective, TrainingData
from ensemble_hwr.tuning._out_of_fold import OutOfFold
from ensemble_hwr.tuning._study import Budget, is_out_of_time


def test_time_of_fits_after_a_study_is_reserved_in_trials(monkeypatch):
    study = optuna.create_study()
    began = datetime(2024, 1, 1)
    done = optuna.trial.create_trial(value=1.0)
    done.datetime_start, done.datetime_complete = began, began + timedelta(seconds=20)
    study.add_trial(done)
    monkeypatch.setattr(_study.time, "time", lambda: 1000.0)
    assert Budget(deadline=1050.0).seconds_left(study) == 50
    assert Budget(deadline=1050.0, reserved_trials=2.0).seconds_left(study) == 10
    assert not is_out_of_time(study, Budget(deadline=1050.0, reserved_trials=2.0))
    assert is_out_of_time(study, Budget(deadline=1050.0, reserved_trials=2.5))


def test_time_of_fits_is_estimated_from_trials_then_from_fits(monkeypatch):
    clock = iter([0.0, 3.0])
    monkeypatch.setattr(_out_of_fold.time, "monotonic", lambda: next(clock))
    labels = np.repeat(list("ABDO"), 2)
    data = TrainingData(np.eye(8), labels)
    fits = OutOfFold(data, random_state=0, n_jobs=1, on_fit=lambda *_: None)
    assert fits.expected_seconds({"router": 1.0}) == 0
    classes = np.array(list("ABDO"))
    folds = [FoldRows(np.arange(8), np.arange(4)), FoldRows(np.arange(8), np.arange(4, 8))]
    router = Objective(MemberProblem.of_member(Member("router", "router", np.arange(4), None), classes), folds)
    fits.add_trials(router, 8.0)
    assert fits.expected_seconds({"router": 1.0, "specialist": 0.5}) == 12
    fits.predictions(LogisticRegression(), router)  # of 3 seconds
    assert fits.expected_seconds({"router": 1.0, "specialist": 0.5}) == 4.5
    assert fits.expected_trial_seconds(router) == 3
