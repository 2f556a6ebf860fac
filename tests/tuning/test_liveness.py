import os
import subprocess
import sys
import time

import optuna
import pytest

from ensemble_hwr.tuning import _liveness
from ensemble_hwr.tuning._liveness import MOST_RETRIES, RETRY_OF, WORKER, is_alive, reap, this_worker


@pytest.fixture
def dead():
    """A worker that there was."""
    code = "from ensemble_hwr.tuning._liveness import this_worker; print(this_worker())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return eval(done.stdout)


def test_one_is_alive_oneself_and_the_dead_are_dead(dead):
    assert is_alive(this_worker(), 0.0)
    assert not is_alive(dead, time.time())


def test_another_process_of_the_same_number_is_somebody_else():
    assert not is_alive({**this_worker(), "started": "1"}, time.time())


def test_who_is_dead_but_not_buried_is_dead():
    code = "from ensemble_hwr.tuning._liveness import this_worker; print(this_worker(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        worker = eval(process.stdout.readline())
        assert is_alive(worker, 0.0)
        process.kill()
        time.sleep(0.5)
        assert not is_alive(worker, time.time())


def test_who_works_elsewhere_is_judged_by_his_last_sign_of_life(monkeypatch):
    elsewhere = {"host": "elsewhere", "pid": os.getpid(), "started": ""}
    assert is_alive(elsewhere, time.time() - 1)
    assert not is_alive(elsewhere, time.time() - _liveness.SECONDS_OF_SILENCE - 1)


def test_a_dead_workers_trial_is_made_again_with_the_same_settings_three_times_at_most(dead):
    study = optuna.create_study()
    settings = []
    for _ in range(MOST_RETRIES + 1):
        trial = study.ask()
        settings.append(trial.suggest_float("x", 0, 1))
        trial.set_user_attr(WORKER, dead)
        assert reap(study) == 1
        assert reap(study) == 0
    assert len(set(settings)) == 1
    assert [trial.state.name for trial in study.trials] == ["FAIL"] * (MOST_RETRIES + 1)
    assert [trial.user_attrs.get(RETRY_OF) for trial in study.trials] == [None, 0, 0, 0]


def test_a_living_workers_trial_is_left_alone():
    study = optuna.create_study()
    study.ask().set_user_attr(WORKER, this_worker())
    assert reap(study) == 0
