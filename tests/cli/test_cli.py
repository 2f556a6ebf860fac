import io
import subprocess
import sys

import click
import numpy as np
import pytest
from click.testing import CliRunner

from ensemble_hwr import __version__
from ensemble_hwr.cli import cli, main
from ensemble_hwr.cli._errors import run


def test_version_prints_one_line_per_package(capsys):
    assert main(["--version"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in lines] == ["ensemble_hwr", "python", "numpy", "scipy", "scikit-learn", "skops"]
    assert lines[0][1] == __version__
    assert lines[2][1] == np.__version__


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_has_help(command, capsys):
    assert main([command, "--help"]) == 0
    assert "Usage: ensemble-hwr" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["", "train", "letters", "export"])
def test_help_imports_nothing_but_click(command, ensemble_hwr_command):
    _, environment = ensemble_hwr_command
    code = (
        "import sys; before = set(sys.modules); from ensemble_hwr.cli import main; main([*sys.argv[1:], '--help']); "
        "roots = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "sys.exit(str(sorted(roots - sys.stdlib_module_names - {'colorama'})))"
    )
    arguments = [sys.executable, "-c", code, *command.split()]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "['click', 'ensemble_hwr']"


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
        ["compare", "config.toml", "--output", "x", "--seeds", "a"],
        ["evaluate", "model", "data", "--part", "half"],
        ["letters", "a.png", "--alphabet", ""],
        ["read", "a.png", "--alphabet", "Z-A"],
        ["export", "az", "-o", "az.onnx", "--alphabet", "é"],
        ["serve", "--alphabet", "AA"],
        ["letters", "a.png", "--alphabet", "auto"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert "Usage: ensemble-hwr" in printed.err
    assert "Traceback" not in printed.err


def test_an_interrupt_of_the_first_imports_is_silent(ensemble_hwr_command):
    (python, *_), environment = ensemble_hwr_command
    code = """
import signal, sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "ensemble_hwr.cli":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from ensemble_hwr.__main__ import main
sys.exit(main())
"""
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_group_lists_all_commands():
    assert sorted(cli.commands) == [
        "adapt",
        "compare",
        "demo",
        "draw",
        "evaluate",
        "export",
        "init",
        "letters",
        "models",
        "profiles",
        "read",
        "serve",
        "sheet",
        "train",
        "tune",
    ]


def test_help_shows_each_command_with_a_whole_sentence():
    listed = CliRunner().invoke(cli, ["--help"], terminal_width=80).output.partition("Commands:\n")[2]
    for name in cli.commands:
        (line,) = (line for line in listed.splitlines() if line.split()[0] == name)
        assert line.endswith(".")
        assert not line.endswith("...")


def test_characters_that_the_terminal_lacks_are_escaped(monkeypatch):
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)

    @click.command()
    def show():
        print("\N{MINUS SIGN}1")

    assert run(show, []) == 0
    ascii_only.flush()
    assert ascii_only.buffer.getvalue() == b"\\u22121\n"


@pytest.mark.parametrize(("words", "number", "expected"), [("", 1, "letters"), ("letters --fo", 2, "--format")])
def test_the_shell_completes_commands_and_options(words, number, expected, ensemble_hwr_command):
    (python, *_), environment = ensemble_hwr_command
    asked = {
        "_ENSEMBLE_HWR_COMPLETE": "bash_complete",
        "COMP_WORDS": f"ensemble-hwr {words}",
        "COMP_CWORD": str(number),
    }
    code = "import sys; from ensemble_hwr.cli import main; sys.exit(main())"
    done = subprocess.run([python, "-c", code], env=environment | asked, capture_output=True, text=True, check=False)
    assert f"plain,{expected}" in done.stdout.splitlines()
    assert done.stderr == ""
