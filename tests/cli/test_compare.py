import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ensemble_hwr import config as configs
from ensemble_hwr.cli import main

BAYES = [
    "--set",
    'compare.contenders=["bayes"]',
    "--set",
    'contenders.bayes.estimator="sklearn.naive_bayes.GaussianNB"',
]


def compare(few, output, *options):
    return main(["compare", str(few / "few.toml"), "--output", str(output), "-j", "1", *options])


def test_compare_prints_a_table_and_writes_a_report(few, tmp_path, capsys):
    assert compare(few, tmp_path / "deep" / "out", "--seeds", "3,4") == 0
    printed = capsys.readouterr()
    assert sorted(os.listdir(tmp_path / "deep" / "out")) == ["report.html", "report.json"]
    report = json.loads((tmp_path / "deep" / "out" / "report.json").read_text())
    assert list(report["contenders"]) == ["flat", "hierarchical"]
    assert len(report["contenders"]["flat"]["accuracy"]) == 2
    assert (report["data"]["train"], report["data"]["test"]) == (80, 40)
    assert report["data"]["command"].endswith("--set 'seeds=[3, 4]'")
    assert "hierarchical" in printed.out
    assert f"report: {tmp_path / 'deep' / 'out' / 'report.html'}" in printed.out


def test_each_warning_is_printed_once_with_its_contender_and_count(few, tmp_path, capsys):
    hasty = 'contenders.hasty={ estimator = "sklearn.linear_model.LogisticRegression", params = { max_iter = 1 } }'
    assert compare(few, tmp_path, "--set", hasty, "--set", 'compare.contenders=["hasty"]', "--seeds", "0,1,2") == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "ConvergenceWarning" in line]
    assert len(lines) == 1
    assert lines[0].startswith("warning: hasty: ")
    assert lines[0].endswith("(ConvergenceWarning, in 3 of 3 fits)")


def test_the_5x2cv_f_test_is_optional(few, tmp_path):
    assert compare(few, tmp_path, "--set", "compare.five_by_two=true") == 0
    (pair,) = json.loads((tmp_path / "report.json").read_text())["pairs"]
    assert 0 <= pair["p_value_5x2cv"] <= 1


def test_own_contenders_and_class_weights(few, tmp_path):
    own = 'contenders.tree={ estimator = "sklearn.tree.DecisionTreeClassifier", params = { max_depth = 3 } }'
    settings = ["--set", own, "--set", 'compare.contenders=["tree"]', "--set", "balance.method=weights"]
    assert compare(few, tmp_path, *settings) == 0
    assert list(json.loads((tmp_path / "report.json").read_text())["contenders"]) == ["tree"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "router"], "error: --set router: got no '='"),
        (["--set", "rooter.view=pixels"], "rooter: unknown key; did you mean 'router'?"),
        (["--set", "seeds=[1, 1]"], "seeds: got [1, 1]"),
        (["--seeds", "1,1"], "seeds: got [1, 1]"),
        (["--data", "no/such/folder"], "error: no letters at no/such/folder/letters or no/such/folder"),
        (["--set", "data.path=elsewhere"], "elsewhere; give their location with --data"),
        (["--set", 'hierarchy.groups=["AB", "D"]'], "class 'O' is in no group"),
        (["--set", 'hierarchy.groups=["AB", "DOX"]'], "'X' is not one of the classes"),
        (["--set", 'members."specialist:A-C".view=pixels'], "there is no such member; allowed: specialist:A/B, spec"),
        (["--set", 'data.sources=["other"]'], "sources must be among ['generated']"),
        (["--set", "data.format=npz"], "letters"),
        (["--set", "split={ kind = 'random', by = 'writer', test_size = 0.0001 }"], "test_size"),
        (["--set", "data={ format = 'folder', path = 'letters' }"], "predefined"),
    ],
)
def test_errors_in_the_config_are_printed_one_per_line(few, tmp_path, options, message, capsys):
    assert compare(few, tmp_path / "out", *options) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert all(line.startswith("error: ") for line in printed.err.splitlines())
    assert printed.out == ""
    assert not (tmp_path / "out").exists()


def test_a_missing_or_invalid_config_is_named(tmp_path, capsys):
    assert main(["compare", str(tmp_path / "none.toml"), "--output", str(tmp_path)]) == 1
    assert "none.toml: cannot be read" in capsys.readouterr().err
    (tmp_path / "broken.toml").write_text("[data")
    assert main(["compare", str(tmp_path / "broken.toml"), "--output", str(tmp_path)]) == 1
    assert "is not valid TOML" in capsys.readouterr().err


@pytest.mark.parametrize("output", ["few.toml", "few.toml/deeper"])
def test_an_output_that_cannot_be_a_folder_is_an_error_before_any_work(few, output, capsys, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.training.load_letters", None)
    assert compare(few, few / output) == 1
    assert "cannot be a folder" in capsys.readouterr().err


def test_a_file_that_is_no_picture_is_named(few, tmp_path, capsys):
    broken = tmp_path / "letters"
    for label in "AB":
        (broken / label).mkdir(parents=True)
        for i in range(4):
            (broken / label / f"{i}.png").write_bytes(b"not a picture")
    changes = ["--set", f"data={{ format = 'folder', path = '{broken}' }}", "--set", "split.kind=random"]
    assert compare(few, tmp_path / "out", *changes) == 1
    assert "0.png" in capsys.readouterr().err


def test_standard_error_is_empty_outside_a_terminal(few, tmp_path, run_process):
    done = run_process("compare", few / "few.toml", "--output", tmp_path, "-j", "1", *BAYES)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout


def test_a_terminal_shows_progress_without_colour_under_no_color(few, tmp_path, ensemble_hwr_command):
    pty = pytest.importorskip("pty")
    command, environment = ensemble_hwr_command
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command, "compare", str(few / "few.toml"), "--output", str(tmp_path), "-j", "1", *BAYES],
        env={**environment, "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while chunk := _read(ours):
        seen += chunk
    os.close(ours)
    assert process.wait(60) == 0
    assert b"fitting" in seen
    assert b"120/120" in seen
    assert b"\x1b[3" not in seen.replace(b"\x1b[3m", b"")  # no foreground colour


INTERRUPTS = [
    ("1", signal.SIGINT, os.killpg),  # Ctrl-C reaches all processes
    ("2", signal.SIGINT, os.killpg),
    ("2", signal.SIGTERM, os.kill),  # timeout, systemd and docker stop end the main process
    ("2", signal.SIGHUP, os.killpg),  # a terminal is closed
]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find out when all processes work")
@pytest.mark.parametrize("interrupt", INTERRUPTS, ids=lambda one: f"{one[1].name}-{one[0]}")
def test_an_interrupt_is_one_line_and_leaves_no_file_and_no_process(
    tmp_path, few, interrupt, ensemble_hwr_command, group_ends
):
    jobs, number, send = interrupt
    command, environment = ensemble_hwr_command
    endless = [
        "--set",
        "router.params={ hidden_layer_sizes = [900], max_iter = 100000, tol = 0.0, early_stopping = false }",
    ]
    process = subprocess.Popen(
        [*command, "compare", str(few / "few.toml"), "--output", str(tmp_path / "out"), "-j", jobs, *endless],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        _wait_for_cpu_seconds(process, 4)  # imports take two of them
        still_running = process.poll() is None
        send(process.pid, number)
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert still_running
    assert process.returncode == 128 + number
    assert out == ""
    lines = [line for line in err.splitlines() if not line.startswith("fitting: ")]  # without progress
    assert lines == ["interrupted; no incomplete file is left"]
    assert not (tmp_path / "out").exists()
    assert group_ends(process.pid)


def test_the_demo_runs_and_prints_where_its_report_is(tmp_path, capsys, monkeypatch):
    demo = configs.load_demo(
        [
            "data.n=208",
            "data.writers=8",
            "seeds=[0]",
            "router.params.max_iter=2",
            "expert.params.early_stopping=false",
            'compare.contenders=["hierarchical"]',
        ]
    )
    monkeypatch.setattr(configs, "load_demo", lambda: demo)
    assert main(["demo", "--output", str(tmp_path / "demo"), "-j", "1"]) == 0
    printed = capsys.readouterr().out
    assert f"report: {tmp_path / 'demo' / 'report.html'}" in printed
    commands = "  ensemble-hwr init folder\n  ensemble-hwr compare folder.toml --data my-letters --output my-report\n"
    assert printed.endswith(commands)
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert report["data"]["command"] == "ensemble-hwr demo"


def _wait_for_cpu_seconds(leader, seconds):
    """Wait until a process and its children have used as much processor time."""
    ticks = seconds * os.sysconf("SC_CLK_TCK")
    while leader.poll() is None and sum(_ticks_of_group(leader.pid)) < ticks:
        time.sleep(0.1)


def _ticks_of_group(group):
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:  # the process has ended
            continue
        if int(fields[2]) == group:
            yield int(fields[11]) + int(fields[12])


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux raises it once the other end is closed
        return b""
