"""Tuning on a Dask scheduler with two worker processes on loopback."""

import contextlib
import os
import pickle
import signal
import socket
import sys
import threading
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


@pytest.fixture(scope="module")
def scheduler(start_dask):
    """Start a scheduler and two workers; return its address."""
    return start_dask(2)[0]


pytestmark = pytest.mark.filterwarnings("ignore")  # distributed warns of its own closing


def test_trial_of_a_killed_worker_runs_again(write, letters, rows, tmp_path, start_dask):
    address, workers = start_dask(2)
    config = write("", "router.params.max_iter=400", "tune.pruner=none", "tune.n_trials=4")
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
    assert states.count("COMPLETE") == 4
    assert "RUNNING" not in states


class LosingClient:
    """A client that loses submitted work some times."""

    def __init__(self, losses, error):
        self.losses, self.error, self.sent = losses, error, []

    def scatter(self, *_, **__):
        raise KeyError("a worker has ended while the data were sent")

    def nthreads(self):
        return {"one": 1}

    def submit(self, work, *args, **_):
        if work is pickle.loads:
            self.sent.append(work(*args))
            return self.sent[-1]
        assert args[1] is self.sent[-1]
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
        assert len(client.sent) == 1 + losses
        assert all(data.y.tolist() == ["A", "B"] for data in client.sent)
    with ClusterPool(LosingClient(3, error), DATA, "nowhere") as cluster, pytest.raises(WorkerError, match="3 times"):
        list(cluster.run(SPEC))


def test_an_ensemble_fitted_on_a_cluster_is_the_same(letters, rows, scheduler):
    member = MemberMLPClassifier((4,), max_iter=3)
    ensemble = HierarchicalEnsembleClassifier(
        member, member, member, groups=["AB", "DO"], confusables=["BD"], cv=2, n_jobs=-1, random_state=0
    )
    with on_cluster(scheduler):
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
    for connection in connections:
        connection.close()


def test_worker_in_place_of_a_scheduler_is_reported(scheduler):
    with distributed.Client(scheduler, set_as_default=False) as client:
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
