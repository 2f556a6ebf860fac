"""Studies in journals, databases and behind proxies."""

import gc
import os
import re
import resource
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

from ensemble_hwr.exceptions import ConfigError, DataError
from ensemble_hwr.tuning import tune
from ensemble_hwr.tuning._heartbeat import WORKER
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


def study_with(file, n):
    study = optuna.create_study(study_name="s", storage=open_storage(str(file)), load_if_exists=True)
    for _ in range(n):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, float(trial.number))
    return study


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_incomplete_last_line_of_a_killed_process_loses_nothing_else(tmp_path, cut):
    file = tmp_path / "journal.log"
    study_with(file, 3)
    whole = file.read_bytes()
    file.write_bytes(whole + whole.splitlines(keepends=True)[-1][:-cut])
    assert [trial.value for trial in study_with(file, 2).trials] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [trial.value for trial in study_with(file, 0).trials] == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("text", ['{"my": "one line"}', "hello\n", '{"op_cod}', "[]", "\0"])
def test_file_that_is_not_a_journal_is_rejected_and_left_unchanged(tmp_path, text):
    file = tmp_path / "notes.json"
    file.write_text(text)
    with pytest.raises(DataError, match="is not a journal of studies"):
        open_storage(str(file))
    assert file.read_text() == text


@pytest.mark.parametrize("length", [0, 1, 9, 40])
def test_first_line_may_be_incomplete(tmp_path, length):
    file = tmp_path / "journal.log"
    study_with(tmp_path / "other.log", 0)
    file.write_bytes((tmp_path / "other.log").read_bytes()[:length])
    assert [trial.value for trial in study_with(file, 1).trials] == [0.0]


def test_full_disk_raises_an_error_and_loses_no_finished_trial(tmp_path):
    file = tmp_path / "journal.log"
    study_with(file, 3)
    size = file.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    code = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 150}, {before[1]}))
sys.path.insert(0, {str(os.path.dirname(__file__))!r})
from test_storage import study_with
from ensemble_hwr.exceptions import DataError
from pathlib import Path
try:
    study_with(Path({str(file)!r}), 50)
except DataError as error:
    print(error)
"""
    # -B: bytecode that Python could write in part only would remain
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    assert "journal.log: cannot be written to" in done.stdout, done.stderr
    assert "no finished trial is lost: free some space" in done.stdout
    values = [trial.value for trial in study_with(file, 0).trials if trial.value is not None]
    assert values[:3] == [0.0, 1.0, 2.0]
    assert study_with(file, 1).trials[-1].value is not None


def test_two_processes_write_to_one_journal(tmp_path):
    file = tmp_path / "journal.log"
    study_with(file, 0)
    code = (
        f"import sys; sys.path.insert(0, {str(os.path.dirname(__file__))!r}); from pathlib import Path; "
        f"from test_storage import study_with; study_with(Path({str(file)!r}), 20)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    trials = study_with(file, 0).trials
    assert sorted(trial.number for trial in trials) == list(range(40))
    assert all(trial.value == trial.number for trial in trials)


def test_journal_in_a_missing_folder_is_rejected(tmp_path):
    with pytest.raises(DataError, match="cannot be opened as a journal"):
        open_storage(str(tmp_path / "missing" / "journal.log"))


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_workers_use_a_journal_through_a_proxy(write, letters, rows, tmp_path):
    pytest.importorskip("grpc")
    journal = tmp_path / "journal.log"
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER, str(journal)], stdout=subprocess.PIPE, text=True
    )
    try:
        address = f"grpc://127.0.0.1:{int(server.stdout.readline())}"
        tuning = tune(write("", "tune.n_trials=2"), letters, rows, tmp_path / "w", storage=address)
        assert tuning.members[0].reason == "2 trials done"
        assert tuning.dashboard_command is None
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    kept = optuna.load_study(study_name="few/generated/router", storage=open_storage(str(journal)))
    assert [trial.state.name for trial in kept.trials] == ["COMPLETE"] * 2


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("grpc://host", "write grpc://HOST:PORT"),
        ("nonsense://x", r"cannot be opened \(.*nonsense\); check the address and its driver"),
        ("sqlite:////no/such/folder/studies.db", "cannot be opened"),
    ],
)
def test_wrong_addresses_are_rejected(address, message):
    with pytest.raises(ConfigError, match=message):
        open_storage(address)


def test_dashboard_command():
    assert dashboard_command("w/optuna_journal.log") == "optuna-dashboard w/optuna_journal.log"


@pytest.fixture
def postgresql():
    """Start a server on loopback without a password, and return the URL of its database."""
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
def test_workers_share_a_postgresql_server_and_one_of_them_is_killed(write, letters, rows, tmp_path, postgresql):
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
    assert tuning.members[0].reason == "7 trials done"


DAMAGES = {
    "cut": (3, lambda line: line[: len(line) // 2]),
    "no text": (3, lambda line: line[:5] + b"\xce" + line[6:]),
    "no entry": (3, lambda line: b"[1]"),
    "no operation": (3, lambda line: b'{"op_code":99,"worker_id":"a"}'),
    "wrong type": (3, lambda line: b'{"op_code":6,"worker_id":"a","trial_id":[],"state":1,"values":1}'),
    "first": (1, lambda line: b'{"op_code":0,"worker_id":3}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_line_of_a_journal_is_an_error_with_file_and_line(tmp_path, damage):
    number, change = DAMAGES[damage]
    file = tmp_path / "j.log"
    study = optuna.create_study(storage=open_storage(str(file)), study_name="s")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    lines = file.read_bytes().split(b"\n")
    lines[number - 1] = change(lines[number - 1])
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(DataError, match=rf"j\.log, line {number}: is damaged \("):
        open_storage(str(file))
