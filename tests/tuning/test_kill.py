"""No trial is lost if worker processes are killed."""

import os
import signal

import optuna
import pytest

from ensemble_hwr.tuning import tune
from ensemble_hwr.tuning._heartbeat import WORKER
from ensemble_hwr.tuning._storage import open_storage


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_killed_workers_are_replaced_and_their_trials_run_again(write, letters, rows, tmp_path, n_jobs):
    address = tmp_path / "w/optuna_journal.log"
    killed = []

    def kill(progress):
        if len(killed) == 2:
            return
        trials = optuna.load_study(study_name="few/generated/router", storage=open_storage(str(address))).trials
        for trial in trials:
            if trial.state.name == "RUNNING" and trial.intermediate_values:
                pid = trial.user_attrs[WORKER]["pid"]
                if pid not in killed:
                    killed.append(pid)
                    os.kill(pid, signal.SIGKILL)

    config = write("", "router.params.max_iter=60", "tune.pruner=none")
    result = tune(config, letters, rows, tmp_path / "w", n_jobs=n_jobs, on_progress=kill)
    trials = result.members[0].study.trials
    states = [trial.state.name for trial in trials]
    assert killed
    assert states.count("COMPLETE") == 5
    assert states.count("FAIL") >= 1
    assert "RUNNING" not in states
    assert len({str(trial.params) for trial in trials if trial.state.name == "COMPLETE"}) == 5
