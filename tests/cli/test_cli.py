import io
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from ensemble_hwr import __version__
from ensemble_hwr.cli import cli, main
from ensemble_hwr.cli._errors import run
from ensemble_hwr.cli._experiment import check_folder
from ensemble_hwr.exceptions import DataError


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "compare", "train", "evaluate", "letters", "models", "export"])
def test_every_command_has_help(command, capsys):
    assert main([command, "--help"]) == 0
    assert "Usage: ensemble-hwr" in capsys.readouterr().out


def test_help_imports_nothing_heavy(ensemble_hwr_command):
    _, environment = ensemble_hwr_command
    heavy = "{'numpy', 'sklearn', 'scipy', 'joblib', 'pydantic', 'rich', 'PIL', 'optuna', 'jinja2', 'skops', 'onnx'}"
    code = f"import sys; from ensemble_hwr.cli import main; main(['--help']); sys.exit(str({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"


def test_help_is_quick(run_process):
    best = min(_seconds(lambda: run_process("--help")) for _ in range(3))
    assert best < 1.5  # a third of a second on an idle machine


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["demo", "--no-such-option"],
        ["compare", "config.toml"],
        ["compare"],
        ["train", "config.toml"],
        ["evaluate", "model"],
        ["letters"],
        ["models", "az"],
        ["export", "az"],
        ["export", "az", "-o", "az.onnx", "--after", "pixels"],
        ["demo", "--jobs", "0"],
        ["demo", "--jobs", "many"],
        ["compare", "config.toml", "--out", "x", "--seeds", "a"],
        ["evaluate", "model", "data", "--part", "half"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert "Usage: ensemble-hwr" in printed.err
    assert "Traceback" not in printed.err


def test_the_group_lists_what_there_is():
    assert sorted(cli.commands) == ["compare", "demo", "evaluate", "export", "letters", "models", "train", "tune"]


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_what_the_terminal_cannot_show_is_escaped(monkeypatch):
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)

    @click.command()
    def tell():
        print("\N{MINUS SIGN}1")

    assert run(tell, []) == 0
    ascii_only.flush()
    assert ascii_only.buffer.getvalue() == b"\\u22121\n"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc to be unable to write to")
def test_a_folder_that_takes_no_file_is_refused_before_the_work(capfd):
    with pytest.raises(DataError, match="cannot be written to"):
        check_folder(Path("/proc/report"))
