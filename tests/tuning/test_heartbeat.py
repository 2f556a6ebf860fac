"""Dead workers are detected, and their trials are queued again."""

import os
import subprocess
import sys
import time

import optuna
import pytest

from ensemble_hwr.tuning import _heartbeat
from ensemble_hwr.tuning._heartbeat import (
    MAX_RETRIES,
    RETRY_OF,
    WORKER,
    is_alive,
    requeue_dead_trials,
    this_worker,
)

PRINT_WORKER = "from ensemble_hwr.tuning._heartbeat import this_worker; print(this_worker(), flush=True)"


@pytest.fixture(scope="module")
def dead():
    """A worker whose process has ended."""
    done = subprocess.run([sys.executable, "-c", PRINT_WORKER], capture_output=True, text=True, check=True)
    return eval(done.stdout)


def test_own_process_is_alive_and_an_ended_one_is_not(dead):
    assert is_alive(this_worker(), 0.0)
    assert not is_alive(dead, 0.0)


def test_a_later_process_with_the_same_number_is_another_worker():
    assert not is_alive({**this_worker(), "started": "1"}, 0.0)


def test_a_zombie_is_dead():
    command = [sys.executable, "-c", f"{PRINT_WORKER}; input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        worker = eval(process.stdout.readline())
        assert is_alive(worker, 0.0)
        process.kill()
        deadline = time.monotonic() + 10
        while is_alive(worker, 0.0) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not is_alive(worker, 0.0)


def test_a_worker_on_another_machine_is_dead_after_a_time_without_heartbeat():
    elsewhere = {"host": "elsewhere", "pid": os.getpid(), "started": ""}
    assert is_alive(elsewhere, 1.0)
    assert not is_alive(elsewhere, _heartbeat.SECONDS_TO_TIMEOUT + 1)


def test_trial_of_dead_worker_is_queued_again_with_the_same_parameters_up_to_three_times(dead):
    study = optuna.create_study()
    params = []
    for _ in range(MAX_RETRIES + 1):
        trial = study.ask()
        params.append(trial.suggest_float("x", 0, 1))
        trial.set_user_attr(WORKER, dead)
        assert requeue_dead_trials(study) == 1
        assert requeue_dead_trials(study) == 0
    assert len(set(params)) == 1
    assert [trial.state.name for trial in study.trials] == ["FAIL"] * (MAX_RETRIES + 1)
    assert [trial.user_attrs.get(RETRY_OF) for trial in study.trials] == [None, 0, 0, 0]


def test_trial_of_living_worker_is_left_running():
    study = optuna.create_study()
    study.ask().set_user_attr(WORKER, this_worker())
    assert requeue_dead_trials(study) == 0


def test_only_the_own_clock_counts_for_workers_on_other_machines(monkeypatch):
    study = optuna.create_study()
    trial = study.ask()
    trial.set_user_attr(WORKER, {"host": "elsewhere", "pid": 1, "started": ""})
    trial.set_user_attr(_heartbeat.HEARTBEAT, time.time() - 7200)  # a clock that is two hours behind
    now = time.monotonic()
    monkeypatch.setattr(_heartbeat.time, "monotonic", lambda: now)
    assert requeue_dead_trials(study) == 0
    now += _heartbeat.SECONDS_TO_TIMEOUT - 1
    assert requeue_dead_trials(study) == 0
    trial.set_user_attr(_heartbeat.HEARTBEAT, time.time() - 7100)
    now += 2
    assert requeue_dead_trials(study) == 0
    now += _heartbeat.SECONDS_TO_TIMEOUT
    assert requeue_dead_trials(study) == 1


def test_trial_whose_worker_was_killed_before_it_noted_itself_is_queued_again_in_seconds(monkeypatch):
    study = optuna.create_study()
    study.ask()
    now = time.monotonic()
    monkeypatch.setattr(_heartbeat.time, "monotonic", lambda: now)
    assert requeue_dead_trials(study) == 0
    now += _heartbeat.SECONDS_TO_NOTE + 0.1
    assert requeue_dead_trials(study) == 1
    assert study.trials[1].state.name == "WAITING"


def test_runs_that_were_killed_do_not_count_against_a_trial(dead):
    study = optuna.create_study()
    for _ in range(2 * MAX_RETRIES):
        study.ask().set_user_attr(WORKER, dead)
        assert requeue_dead_trials(study, _heartbeat.RUN_ENDED) == 1
    assert study.trials[-1].state.name == "WAITING"
