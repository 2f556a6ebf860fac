import subprocess
import sys
import time

import pytest

from ensemble_hwr import __version__
from ensemble_hwr.cli import cli, main


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "compare", "train", "evaluate"])
def test_every_command_has_help(command, capsys):
    assert main([command, "--help"]) == 0
    assert "Usage: ensemble-hwr" in capsys.readouterr().out


def test_help_imports_nothing_heavy(ensemble_hwr_command):
    _, environment = ensemble_hwr_command
    heavy = "{'numpy', 'sklearn', 'scipy', 'pydantic', 'rich', 'PIL'}"
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
    assert sorted(cli.commands) == ["compare", "demo", "evaluate", "train"]


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
