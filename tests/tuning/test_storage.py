import gc
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
import pytest

from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning import tune
from ensemble_hwr.tuning._liveness import WORKER
from ensemble_hwr.tuning._storage import dashboard_command, open_storage

SERVER = """
import socket, sys
import optuna
from ensemble_hwr.tuning._storage import open_storage
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
print(port, flush=True)
optuna.storages.run_grpc_proxy_server(open_storage(sys.argv[1]), host="127.0.0.1", port=port)
"""


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_workers_reach_a_journal_through_a_proxy(write, letters, rows, tmp_path):
    pytest.importorskip("grpc")
    journal = tmp_path / "journal.log"
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER, str(journal)], stdout=subprocess.PIPE, text=True
    )
    try:
        address = f"grpc://127.0.0.1:{int(server.stdout.readline())}"
        tuning = tune(write("", "tune.n_trials=2"), letters, rows, tmp_path / "w", storage=address)
        assert tuning.members[0].reason == "2 trials were made"
        assert dashboard_command(address) is None
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    kept = optuna.load_study(study_name="few/generated/router", storage=open_storage(str(journal)))
    assert [trial.state.name for trial in kept.trials] == ["COMPLETE"] * 2


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("grpc://nobody", "write grpc://HOST:PORT"),
        ("nonsense://x", "cannot be opened"),
        ("sqlite:////no/such/folder/studies.db", "cannot be opened"),
    ],
)
def test_addresses_that_lead_nowhere_are_told(address, message):
    with pytest.raises(ConfigError, match=message):
        open_storage(address)


def test_what_opens_the_dashboard():
    assert dashboard_command("w/optuna_journal.log") == "optuna-dashboard w/optuna_journal.log"


@pytest.fixture
def postgresql():
    """Start a server of one's own on loopback, without a password, and return the URL of its database."""
    pytest.importorskip("psycopg", reason="pip install 'psycopg[binary]'")
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *map(Path, os.get_exec_path())]
    programs = next((place for place in places if (place / "initdb").exists()), None)
    if programs is None:
        pytest.skip("apt-get install postgresql")
    user = {"user": "postgres"} if hasattr(os, "getuid") and os.getuid() == 0 else {}  # it refuses to run as root
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        if user:
            shutil.chown(folder, "postgres")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
        subprocess.run(
            [programs / "initdb", "-D", f"{folder}/db", "-U", "me", "-A", "trust", "-N"], check=True, **quiet
        )
        serve = [programs / "postgres", "-D", f"{folder}/db", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
        server = subprocess.Popen(serve, **quiet)
        try:
            yield _database_of(f"host=127.0.0.1 port={port} user=me")
        finally:
            gc.collect()  # so that the warnings of open pools are this test's, which ignores them
            server.send_signal(signal.SIGINT)  # the fast shutdown
            server.wait(timeout=60)


def _database_of(server):
    import psycopg

    deadline = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE studies")
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            port = re.search(r"port=(\d+)", server)[1]
            return f"postgresql+psycopg://me@127.0.0.1:{port}/studies"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # SQLAlchemy leaves its pool open
def test_workers_share_a_postgresql_server_and_outlive_one_of_them(write, letters, rows, tmp_path, postgresql):
    killed = []
    storage = open_storage(postgresql)

    def kill(progress):
        trials = optuna.load_study(study_name="few/generated/router", storage=storage).trials
        running = [trial for trial in trials if trial.state.name == "RUNNING" and trial.intermediate_values]
        if running and not killed:
            killed.append(running[0].user_attrs[WORKER]["pid"])
            os.kill(killed[0], signal.SIGKILL)

    changes = ["tune.n_trials=6", "tune.pruner=none", "router.params.max_iter=30"]
    tuning = tune(write("", *changes), letters, rows, tmp_path / "w", n_jobs=2, storage=postgresql, on_progress=kill)
    states = [trial.state.name for trial in tuning.members[0].study.trials]
    assert killed
    assert states.count("COMPLETE") == 6
    assert "RUNNING" not in states
    tuning = tune(write("", *changes, "tune.n_trials=7"), letters, rows, tmp_path / "w", storage=postgresql)
    assert tuning.members[0].reason == "7 trials were made"
