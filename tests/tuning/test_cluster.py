"""Tuning on a Dask scheduler with two worker processes on loopback."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import joblib
import numpy as np
import optuna
import pytest

from ensemble_hwr import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.exceptions import ConfigError, MissingExtraError
from ensemble_hwr.tuning import on_cluster, tune
from ensemble_hwr.tuning._cluster import ClusterPool
from ensemble_hwr.tuning._heartbeat import WORKER
from ensemble_hwr.tuning._objective import TrainingData
from ensemble_hwr.tuning._storage import open_storage
from ensemble_hwr.tuning._study import Budget, StudySpec
from ensemble_hwr.tuning._workers import WorkerError

distributed = pytest.importorskip("distributed")
HOST = "127.0.0.1"
DATA = TrainingData(np.zeros((2, 4)), np.array(["A", "B"]))
SPEC = StudySpec("study", {}, dict, None, DATA, "neg_log_loss", "random", "none", 0, Budget())


@pytest.fixture
def scheduler(tmp_path):
    """Start a scheduler and two workers; return its address and their processes."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    file = tmp_path / "scheduler.json"
    common = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment, "cwd": tmp_path}
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", HOST, "--port", "0", "--no-dashboard"]
    processes = [subprocess.Popen([*begin, "--scheduler-file", str(file)], **common)]
    begin = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-nanny"]
    processes += [subprocess.Popen([*begin, "--nthreads", "1", "--no-dashboard"], **common) for _ in range(2)]
    try:
        while not file.exists():
            assert processes[0].poll() is None
            time.sleep(0.1)
        with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
            address = client.scheduler.address
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


pytestmark = pytest.mark.filterwarnings("ignore")  # distributed warns of its own closing


def test_trial_of_a_killed_worker_runs_again(write, letters, rows, tmp_path, scheduler):
    address, workers = scheduler
    config = write("", "router.params.max_iter=400", "tune.pruner=none", "tune.n_trials=6")
    journal = tmp_path / "w/optuna_journal.log"
    seen, killed = set(), []

    def kill_one(progress):
        study = optuna.load_study(study_name="few/generated/router", storage=open_storage(str(journal)))
        running = [t for t in study.trials if t.state.name == "RUNNING" and t.intermediate_values]
        seen.update(t.user_attrs[WORKER]["pid"] for t in running)
        if not killed and len(seen) == 2:
            killed.append(running[0].user_attrs[WORKER]["pid"])
            os.kill(killed[0], signal.SIGKILL)

    with on_cluster(address) as client:
        tuning = tune(config, letters, rows, tmp_path / "w", cluster=client, on_progress=kill_one)
    states = [trial.state.name for trial in tuning.members[0].study.trials]
    assert killed[0] in [worker.pid for worker in workers]
    assert states.count("COMPLETE") == 6
    assert "RUNNING" not in states


class LosingClient:
    """A client that loses submitted work some times."""

    def __init__(self, losses, error):
        self.losses, self.error, self.sent = losses, error, 0

    def scatter(self, letters, **_):
        self.sent += 1

    def nthreads(self):
        return {"one": 1}

    def submit(self, *_, **__):
        return SimpleNamespace(done=lambda: True)

    def gather(self, _):
        self.losses -= 1
        if self.losses >= 0:
            raise self.error


@pytest.mark.parametrize(
    "error", [distributed.CancelledError(), distributed.KilledWorker("work", SimpleNamespace(address="there"), 3)]
)
def test_lost_work_is_submitted_again(error, monkeypatch):
    monkeypatch.setattr(ClusterPool, "__exit__", lambda *_: None)
    for losses in (0, 2):
        with ClusterPool(client := LosingClient(losses, error), DATA, "nowhere") as cluster:
            list(cluster.run(SPEC))
        assert client.sent == 1 + losses
    with ClusterPool(LosingClient(3, error), DATA, "nowhere") as cluster, pytest.raises(WorkerError, match="3 times"):
        list(cluster.run(SPEC))


def test_an_ensemble_fitted_on_a_cluster_is_the_same(letters, rows, scheduler):
    address, _ = scheduler
    member = MemberMLPClassifier((4,), max_iter=3)
    ensemble = HierarchicalEnsembleClassifier(
        member, member, member, groups=["AB", "DO"], confusables=["BD"], cv=2, n_jobs=-1, random_state=0
    )
    with on_cluster(address):
        assert "dask" in type(joblib.parallel.get_active_backend()[0]).__name__.lower()
        there = ensemble.fit(rows, letters.target).predict_proba(rows)
    here = ensemble.set_params(n_jobs=1).fit(rows, letters.target).predict_proba(rows)
    np.testing.assert_array_equal(there, here)


def test_missing_scheduler_is_reported(monkeypatch):
    monkeypatch.setattr("ensemble_hwr.tuning._cluster.SECONDS_TO_CONNECT", 1)
    with pytest.raises(ConfigError, match="there is no Dask scheduler at this address"), on_cluster(f"tcp://{HOST}:1"):
        pass


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 100], ids=["none", "HTTP", "bytes"]
)
def test_server_that_is_not_a_scheduler_is_reported(reply, monkeypatch):
    """A Dask client would wait for the silent server for minutes, and reserve memory as the others' bytes say."""
    monkeypatch.setattr("ensemble_hwr.tuning._cluster.SECONDS_TO_CONNECT", 1)
    with socket.create_server((HOST, 0)) as server:
        threading.Thread(target=_answer, args=(server, reply), daemon=True).start()
        address = f"tcp://{HOST}:{server.getsockname()[1]}"
        with pytest.raises(ConfigError, match="there is no Dask scheduler at this address"), on_cluster(address):
            pass


def _answer(server, reply):
    """Answer all connections with some bytes, until the server is closed."""
    connections = []
    with contextlib.suppress(OSError):
        while True:
            connections.append(server.accept()[0])
            connections[-1].sendall(reply)


def test_worker_in_place_of_a_scheduler_is_reported(scheduler):
    address, _ = scheduler
    with distributed.Client(address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    with pytest.raises(ConfigError, match="the server at this address is a Worker"), on_cluster(worker):
        pass


@pytest.mark.parametrize("address", ["", "nowhere", "http://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:x"])
def test_address_without_a_server_is_reported(address, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.tuning._cluster.SECONDS_TO_CONNECT", 1)
    with pytest.raises(ConfigError, match="there is no Dask scheduler"), on_cluster(address):
        pass


def test_error_without_dask_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"ensemble_hwr\[distributed\]"), on_cluster(f"tcp://{HOST}:1"):
        pass


def test_without_an_address_there_is_no_client():
    with on_cluster(None) as client:
        assert client is None
