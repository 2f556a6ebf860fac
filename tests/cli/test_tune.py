import io
import os
import re
import shlex
import signal
import subprocess
import time
import warnings

import pytest
from rich.console import Console

from ensemble_hwr.cli import _progress, main
from ensemble_hwr.cli._tune import Search, line, live_table, table
from ensemble_hwr.config import load_config
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning import TuningProgress

SPACE = [
    "--set",
    "tune={ folds = 2, n_trials = 3, repeats = 1, router = { alpha = { low = 1e-5, high = 0.1, log = true } } }",
]


def tune(few, output, *options):
    return main(["tune", str(few / "few.toml"), "--output", str(output), "-j", "1", *SPACE, *options])


def test_the_config_is_not_replaced_by_the_tuned_config(few, tmp_path, capsys):
    config = tmp_path / "tuned.toml"
    config.write_text((few / "few.toml").read_text())
    assert main(["tune", str(config), "--output", str(tmp_path), "--data", str(few / "letters"), *SPACE]) == 1
    assert "would be replaced" in capsys.readouterr().err
    assert config.read_text() == (few / "few.toml").read_text()


def test_a_tuned_config_and_a_report_are_written(few, tmp_path, capsys):
    work = tmp_path / "work"
    assert tune(few, work) == 0
    printed = capsys.readouterr()
    assert {"tuned.toml", "tuning.html", "optuna_journal.log"} <= set(os.listdir(work))
    assert not [name for name in os.listdir(work) if name.startswith(".")]
    assert "router: log-loss" in printed.out
    assert f"dashboard: optuna-dashboard {work / 'optuna_journal.log'}" in printed.out
    assert f"config: {work / 'tuned.toml'}" in printed.out
    first = next(row for row in printed.err.splitlines() if "router" in row)  # after ten seconds, another line precedes
    assert re.match(r"\d+ s elapsed; router: 0/3 trials done", first)
    config = load_config(work / "tuned.toml")
    assert config.data.path == str((few / "letters").absolute())
    assert main(["train", str(work / "tuned.toml"), "-o", str(tmp_path / "m.model"), "-j", "1"]) == 0
    page = (work / "tuning.html").read_text()
    assert "repeated cross-validation" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.usefixtures("no_workers")
def test_the_tuned_config_is_the_config_with_other_values(few, tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text("# my comment\n" + (few / "few.toml").read_text() + "# the end\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(few)
    arguments = [str(tmp_path / "mine.toml"), "--output", str(tmp_path / "work"), "-j", "1", "--data", "letters"]
    assert main(["tune", *arguments, *SPACE]) == 0
    text = (tmp_path / "work" / "tuned.toml").read_text()
    for kept in ("# my comment\n", "# the end\n", "[specialist]\n", 'name = "few"\n'):
        assert kept in text
    assert "# Study 'few/letters/router'" in text
    monkeypatch.chdir(tmp_path / "elsewhere")
    commands = [shlex.split(line.lstrip("# ")) for line in text.splitlines() if "ensemble-hwr" in line]
    assert [words[1] for words in commands] == ["tune", "compare", "train"]
    assert main(commands[0][1:]) == 0
    assert main([*commands[2][1:5], "-j", "1"]) == 0
    assert (tmp_path / "elsewhere" / "letters.model").is_file()


def test_a_search_ends_in_time(few, tmp_path, capsys):
    start = time.monotonic()
    few_seconds = ["--set", "tune.timeout_minutes=0.05", "--set", "tune.n_trials=1000", "--set", "tune.repeats=20"]
    assert tune(few, tmp_path, *few_seconds) == 0
    assert time.monotonic() - start < 60  # 1,000 trials and 80 fits of the whole take minutes
    assert "note: the improvement is measured on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "tune.router.alpha.low=1.0"], "tune.router.alpha.low: got 1.0, which is above high = 0.1"),
        (
            ["--set", "tune.router.alpah=[0.1]"],
            "tune.router.alpah: 0.1 is invalid: MemberMLPClassifier has no such parameter",
        ),
        (["--set", "tune.rooter.alpha=[0.1]"], "tune.rooter: unknown key; did you mean 'router'?"),
        (["--set", 'tune."expert:X".alpha=[0.1, 0.2]'], 'tune."expert:X": there is no such member'),
        (["--storage", "grpc://nowhere"], "--storage grpc://nowhere: write grpc://HOST:PORT"),
        (["--storage", "nonsense://x"], "--storage nonsense://x: cannot be opened"),
    ],
)
def test_errors_in_the_config_are_printed_before_anything_is_fitted(few, tmp_path, options, message, capsys):
    assert tune(few, tmp_path / "w", *options) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert all(one.startswith("error: ") for one in printed.err.splitlines())
    assert not (tmp_path / "w" / "optuna_journal.log").exists() or not (tmp_path / "w" / "tuned.toml").exists()


def test_a_config_without_a_search_space_is_an_error(few, tmp_path, capsys):
    assert main(["tune", str(few / "few.toml"), "--output", str(tmp_path), "-j", "1"]) == 1
    assert "has no search space; add a section such as [tune.router]" in capsys.readouterr().err


def test_an_interrupt_prints_how_to_continue_and_loses_no_trial(few, tmp_path, ensemble_hwr_command, group_ends):
    command, environment = ensemble_hwr_command
    work = tmp_path / "w"
    slow = ["--set", "router.params={ hidden_layer_sizes = [900], max_iter = 200, tol = 0.0 }"]
    printed = tmp_path / "stderr"
    with printed.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "tune", str(few / "few.toml"), "--output", str(work), "-j", "2", *SPACE, *slow],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            start_new_session=True,
        )
    journal = work / "optuna_journal.log"
    while process.poll() is None and not (journal.exists() and '"intermediate_value"' in journal.read_text()):
        time.sleep(0.1)
    before = printed.stat().st_size
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    err = printed.read_bytes()[before:].decode()
    assert process.returncode == 130
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("interrupted; finished trials are kept; to continue: ensemble-hwr tune ")
    assert out == ""
    assert group_ends(process.pid)
    from ensemble_hwr.tuning._storage import open_storage

    trials = open_storage(str(journal)).get_all_trials(0)
    assert {trial.state.name for trial in trials} <= {"FAIL", "WAITING", "COMPLETE", "PRUNED"}
    assert any(trial.state.name == "WAITING" for trial in trials)


def test_workers_of_a_killed_command_end_and_the_next_run_continues(few, tmp_path, ensemble_hwr_command):
    from ensemble_hwr.tuning._heartbeat import WORKER, is_alive
    from ensemble_hwr.tuning._storage import open_storage

    command, environment = ensemble_hwr_command
    work = tmp_path / "w"
    longer = ["--set", "router.params={ hidden_layer_sizes = [100], max_iter = 60 }"]
    longer += ["--set", "tune.pruner=none", "--set", "tune.repeats=0"]
    words = [*command, "tune", str(few / "few.toml"), "--output", str(work), "-j", "2", *SPACE, *longer]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = work / "optuna_journal.log"
    while process.poll() is None and not (journal.exists() and '"intermediate_value"' in journal.read_text()):
        time.sleep(0.05)
    process.kill()
    process.wait()
    trials = open_storage(str(journal)).get_all_trials(0)
    workers = [trial.user_attrs[WORKER] for trial in trials if WORKER in trial.user_attrs]
    deadline = time.monotonic() + 60
    while any(is_alive(worker, time.time()) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers
    assert not any(is_alive(worker, time.time()) for worker in workers)
    assert list(work.glob(".letters-*"))  # the killed command could not remove it

    done = [trial for trial in trials if trial.state.name == "COMPLETE"]
    assert subprocess.run(words, env=environment, capture_output=True, check=False).returncode == 0
    after = open_storage(str(journal)).get_all_trials(0)
    assert [trial.value for trial in after if trial.number in {one.number for one in done}] == [t.value for t in done]
    assert sum(trial.state.name == "COMPLETE" for trial in after) == 3
    assert not [trial for trial in after if trial.state.name in ("RUNNING", "WAITING")]
    assert not list(work.glob(".letters-*"))


def test_the_table_has_a_row_per_member():
    first = TuningProgress("router", ["router", "expert:B/P"], 3, 2, 1, 1, 20, 0.25, 0.5, 100.0)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(table({"router": first}, first))
    shown = console.export_text()
    assert [row.split() for row in shown.splitlines()][1:] == [
        ["router", "5/20", "2", "1", "0.2500", "0.5000", "1:40", "min"],
        ["expert:B/P"],
    ]
    assert line(first) == "router: 5/20 trials done (2 pruned), 1 failed, best 0.2500, baseline 0.5000, 1:40 min left"
    assert line(TuningProgress("improvement", [], 2, n_trials=6)) == "evaluating the improvement: 2 of 6 fits"
    fit = TuningProgress("specialist:A-E", ["router", "expert:B/P"], 1, n_trials=3, seconds_left=20.0, is_fit=True)
    assert line(fit) == "specialist:A-E: 1 of 3 fits to tune later members, 20 s left"


def test_fits_between_two_stages_keep_the_row_of_the_tuned_member(capsys):
    tuned = TuningProgress("router", ["router", "expert:B/P"], 3, best=0.25)
    search = Search(None)
    for progress in (tuned, TuningProgress("router", tuned.members, 1, n_trials=3, is_fit=True)):
        search.report(progress)
    Console(file=(text := io.StringIO()), width=80).print(search.table())
    assert "router: 1 of 3 fits to tune later members" in text.getvalue()
    (row,) = (row.split() for row in text.getvalue().splitlines() if row.startswith("router "))
    assert row[:2] == ["router", "3"]
    assert "0.2500" in row


def test_outside_a_terminal_a_line_is_printed_at_regular_times_also_within_a_trial(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0.05)
    with live_table(4) as show:
        time.sleep(0.2)
        show(TuningProgress("router", ["router"], 1, n_trials=9, seconds_left=60))
        time.sleep(0.2)
    printed = capsys.readouterr()
    assert printed.out == ""
    before, after = (
        [row for row in printed.err.splitlines() if ("router" in row) == reported] for reported in (False, True)
    )
    assert len(before) >= 2
    assert set(before) == {"0 s of 4:00 min; no trial is done yet"}
    assert len(after) >= 3
    assert set(after) == {"0 s of 4:00 min; router: 1/9 trials done (0 pruned), 0 failed, 60 s left"}


def test_warnings_are_printed_at_the_end_one_line_each(few, tmp_path, capsys, monkeypatch):
    def warn(*_, **__):
        for _ in range(2):
            warnings.warn("slow", UserWarning, stacklevel=1)
        raise ConfigError("stopped")

    monkeypatch.setattr("ensemble_hwr.tuning.tune", warn)
    assert tune(few, tmp_path) == 1
    assert capsys.readouterr().err.splitlines() == ["warning: slow (UserWarning, 2 times)", "error: stopped"]
