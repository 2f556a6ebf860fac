"""A journal that dies in the middle of a line, and a disk that is full."""

import os
import resource
import subprocess
import sys

import optuna
import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.tuning._storage import open_storage


def study_with(file, n):
    study = optuna.create_study(study_name="s", storage=open_storage(str(file)), load_if_exists=True)
    for _ in range(n):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, float(trial.number))
    return study


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_line_that_a_killed_process_left_half_written_costs_nothing_else(tmp_path, cut):
    file = tmp_path / "journal.log"
    study_with(file, 3)
    whole = file.read_bytes()
    file.write_bytes(whole + whole.splitlines(keepends=True)[-1][:-cut])
    assert [trial.value for trial in study_with(file, 2).trials] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [trial.value for trial in study_with(file, 0).trials] == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("text", ['{"my": "one line"}', "hello\n", '{"op_cod}', "[]", "\0"])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_was(tmp_path, text):
    file = tmp_path / "notes.json"
    file.write_text(text)
    with pytest.raises(DataError, match="is no journal of studies"):
        open_storage(str(file))
    assert file.read_text() == text


@pytest.mark.parametrize("length", [0, 1, 9, 40])
def test_of_the_very_first_line_a_part_may_be_left(tmp_path, length):
    file = tmp_path / "journal.log"
    study_with(tmp_path / "other.log", 0)
    file.write_bytes((tmp_path / "other.log").read_bytes()[:length])
    assert [trial.value for trial in study_with(file, 1).trials] == [0.0]


def test_a_full_disk_is_told_and_takes_no_finished_trial_away(tmp_path):
    file = tmp_path / "journal.log"
    study_with(file, 3)
    size = file.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    code = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 150}, {before[1]}))
sys.path.insert(0, {str(os.path.dirname(__file__))!r})
from test_journal import study_with
from ensemble_hwr.exceptions import DataError
from pathlib import Path
try:
    study_with(Path({str(file)!r}), 50)
except DataError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "journal.log: cannot be written to" in done.stdout, done.stderr
    assert "no finished trial is lost: make room" in done.stdout
    values = [trial.value for trial in study_with(file, 0).trials if trial.value is not None]
    assert values[:3] == [0.0, 1.0, 2.0]
    assert study_with(file, 1).trials[-1].value is not None


def test_two_processes_may_write_at_once(tmp_path):
    file = tmp_path / "journal.log"
    study_with(file, 0)
    code = (
        f"import sys; sys.path.insert(0, {str(os.path.dirname(__file__))!r}); from pathlib import Path; "
        f"from test_journal import study_with; study_with(Path({str(file)!r}), 20)"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    trials = study_with(file, 0).trials
    assert sorted(trial.number for trial in trials) == list(range(40))
    assert all(trial.value == trial.number for trial in trials)


def test_a_place_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be opened as a journal"):
        open_storage(str(tmp_path / "missing" / "journal.log"))
