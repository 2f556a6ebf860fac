import os
import subprocess
import sys

import optuna
import pytest

from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning import tune
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
        tuning = tune(write("", "tune.trials=2"), letters, rows, tmp_path / "w", storage=address)
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


@pytest.mark.skipif(
    "ENSEMBLE_HWR_POSTGRESQL" not in os.environ,
    reason="start a server, 'createdb studies', 'pip install psycopg[binary]', and set "
    "ENSEMBLE_HWR_POSTGRESQL=postgresql+psycopg://user@127.0.0.1/studies",
)
def test_two_workers_share_a_postgresql_server(write, letters, rows, tmp_path):
    url = os.environ["ENSEMBLE_HWR_POSTGRESQL"]
    tuning = tune(write("", "tune.trials=6"), letters, rows, tmp_path / "w", n_jobs=2, storage=url, fresh=True)
    assert sum(trial.state.is_finished() for trial in tuning.members[0].study.trials) >= 6
    tuning = tune(write("", "tune.trials=7"), letters, rows, tmp_path / "w", storage=url)
    assert tuning.members[0].reason == "7 trials were made"
