import gc
import io
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from ensemble_hwr._formats import csv_lines
from ensemble_hwr.cli import _errors, _tune, main
from ensemble_hwr.cli._errors import DONE, FAILED, INTERRUPTED, USAGE, run
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.persistence import save_model
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.tuning import TuningProgress


def failing(error):
    @click.group(invoke_without_command=True)
    @click.option("--traceback", is_flag=True)
    def command(traceback):
        raise error

    return command


def doing(what):
    @click.command()
    def command():
        return what()

    return command


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (ConfigError("a.toml: x: bad\na.toml: y: bad"), ["error: a.toml: x: bad", "error: a.toml: y: bad"]),
        (PermissionError(13, "Permission denied", "out"), ["error: out: Permission denied"]),
        (ValueError("one\n two"), ["error: ValueError: one two (--traceback prints where)"]),
        (
            OSError(28, "No space left on device"),
            ["error: the output cannot be written (No space left on device); free some space or use another disk"],
        ),
        (OSError("no name"), ["error: OSError: no name (--traceback prints where)"]),
        (ConfigError(""), ["error: ConfigError"]),
    ],
)
def test_errors_are_printed_as_lines_without_traceback(error, lines, capsys):
    assert run(failing(error), []) == FAILED
    assert capsys.readouterr().err.splitlines() == lines


def test_an_option_prints_the_traceback(capsys):
    assert run(failing(ConfigError("bad")), ["--traceback"]) == FAILED
    assert re.search(r"Traceback[\s\S]+ConfigError: bad", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("error", "code"),
    [(click.UsageError("?"), USAGE), (click.BadParameter("?"), USAGE), (click.ClickException("?"), FAILED)],
)
def test_errors_of_click_keep_their_messages(error, code, capsys):
    assert run(failing(error), []) == code
    assert "?" in capsys.readouterr().err


@pytest.mark.parametrize(("result", "code"), [(None, DONE), ("text", DONE), (0, 0), (1, 1)])
def test_a_command_succeeds_unless_it_returns_another_code(result, code):
    assert run(doing(lambda: result), []) == code


def test_the_first_interrupt_is_not_caught_as_a_keyboard_interrupt(capsys):
    ended = []

    def work():
        try:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                signal.pause()
            except KeyboardInterrupt:  # as scikit-learn's MLPs do
                ended.append("continued")
        finally:
            ended.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    assert run(doing(work), []) == INTERRUPTED
    assert ended == [signal.SIG_DFL]  # a second Ctrl-C would have ended it at once
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err.splitlines() == ["interrupted; no incomplete file is left"]


def test_outside_the_main_thread_signal_handlers_stay():
    codes = []
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: codes.append(run(doing(lambda: 3), [])))
    thread.start()
    thread.join()
    assert codes == [3]
    assert signal.getsignal(signal.SIGINT) is before


def test_output_to_a_closed_stream_is_discarded(ensemble_hwr_command, tmp_path):
    command, environment = ensemble_hwr_command
    closing = ["sh", "-c", 'exec "$@" >&-', "sh", *command, "letters", str(tmp_path)]
    Image.new("L", (20, 20), 255).save(tmp_path / "blank.png")
    ended = subprocess.run(closing, env=environment, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "blank.png" in line


CONTROL = "A\x1b]0;title\x07\nforged.png\tZ"


def test_control_characters_of_labels_and_names_are_escaped(tmp_path, capsys):
    """A class with an escape sequence in its name changed the title of the terminal and forged a line of results."""
    rng = np.random.default_rng(0)
    rows = rng.random((40, 784)).astype(np.float32)
    classes = np.repeat([CONTROL, "B\x1b[31m"], 20)
    model = make_pipeline(LetterNormalizer(), GaussianNB().fit(rows, classes))
    save_model(model, tmp_path / "odd.model")
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:50, 25:35] = 0
    Image.fromarray(picture).save(tmp_path / "one\x1b[2J.png")
    Image.fromarray(picture).save(tmp_path / "two.png")
    for arguments in (
        ["letters", str(tmp_path), "-m", str(tmp_path / "odd.model"), "-j", "1"],
        ["letters", "x\x1b[2J.png"],
    ):
        main(arguments)
        printed = capsys.readouterr()
        assert "\x1b" not in printed.out + printed.err
        assert "\x07" not in printed.out + printed.err
        assert "\nforged" not in printed.out


CONTROL_CONFIG = r"""
name = "odd\u001b]0;name\u0007"
seeds = [0]
data = { format = "index", path = "letters" }
split = { kind = "random", by = "writer", test_size = 0.5 }

[hierarchy]
groups = { "one\u001b[2J" = ["A\u001b[31m", "B"], "two\nforged: 1" = ["D", "O"] }

[router]
params = { hidden_layer_sizes = [4], max_iter = 2, early_stopping = false }

[specialist]
params = { hidden_layer_sizes = [4], max_iter = 2, early_stopping = false }

[contenders."mine\u001b[2J\u0007"]
estimator = "sklearn.naive_bayes.GaussianNB"

[compare]
contenders = ["hierarchical", "mine\u001b[2J\u0007"]

[tune]
n_trials = 1
folds = 2
repeats = 0
pruner = "none"

[tune.router]
alpha = { low = 1e-5, high = 0.1, log = true }
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A folder with a config, letters and labels whose names hold control characters."""
    folder = tmp_path_factory.mktemp("odd")
    letters = generate_letters(80, letters="ABDO", writers=4, random_state=0, format="pictures")
    lines = ["path,label,source,writer"]
    (folder / "letters").mkdir()
    for k, (picture, label, writer) in enumerate(zip(letters.data, letters.target, letters.writer, strict=True)):
        Image.fromarray(picture).save(folder / "letters" / f"{k}.png")
        lines.append(f"{k}.png,{label.replace('A', chr(27).join(('A', '[31m')))},s\x1b[2J{k % 2},{writer}\x07")
    (folder / "letters" / "index.csv").write_text("\n".join(lines))
    (folder / "odd\x1b[2J.toml").write_text(CONTROL_CONFIG)
    return folder


def test_control_characters_in_configs_and_letters_are_escaped_by_all_commands(odd, capsys, monkeypatch):
    monkeypatch.chdir(odd)
    model, config = "a\x1b[2J.model", "odd\x1b[2J.toml"
    for arguments in (
        ["train", config, "-o", model, "-j", "1"],
        ["compare", config, "-o", "compared\x07", "-j", "1"],
        ["tune", config, "-o", "tuned\x07", "--set", "tune.n_trials=\x1b[2J", "-j", "1"],
        ["evaluate", model, "letters/index.csv", "--per-class", "--predictions", "p\x07.csv", "-j", "1"],
        ["letters", "letters", "-m", model, "--format", "csv", "-j", "1"],
        ["read", "letters/0.png", "-m", model],
        ["adapt", model, "none\x1b[2J.csv", "-o", "b\x07.model"],
        ["init", "odd\x1b[2J"],
        ["export", model, "-o", "no\x1b[2J/x.onnx"],
        ["profiles", "--delete", "p\x1b[2J"],
    ):
        code = main(arguments)
        printed = capsys.readouterr()
        text = printed.out + printed.err
        assert code in (0, 1, 3), text
        assert text, arguments
        assert not {"\x1b", "\x07"} & set(text), (arguments, text)
        assert "\nforged" not in text
        if arguments[0] in ("train", "compare", "evaluate"):
            assert code == 0, text


def test_progress_of_a_search_escapes_the_names_of_members():
    now = TuningProgress(member="one\x1b[2J[/bold]", members=["one\x1b[2J[/bold]"], done=1, n_trials=2)
    console = Console(file=io.StringIO(), width=100)
    console.print(_tune.table({now.member: now}, now))
    for text in (_tune.line(now), console.file.getvalue()):
        assert r"one\x1b[2J[/bold]" in text


def test_commands_print_by_a_function_that_escapes_control_characters():
    folder = Path(_tune.__file__).parent
    printing = {file.name: file.read_text().count("click.echo(") for file in folder.glob("*.py")}
    assert {name: times for name, times in printing.items() if times} == {
        "__init__.py": 1,  # versions
        "_errors.py": 3,
        "_models.py": 1,  # a bold name, which is escaped
    }


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("-", "-"), ("@x", "'@x"), ("a=b", "a=b"), (-1.5, "-1.5"), ("-\x1b[2J", r"'-\x1b[2J")],
)
def test_cells_that_are_formulas_are_marked_as_text(text, cell):
    assert csv_lines([[text]]) == cell


@pytest.mark.parametrize("is_alone", [False, True])
def test_garbage_is_collected_while_loading_only_in_a_process_with_other_work(is_alone, monkeypatch):
    alone, frozen = threading.Event(), []
    monkeypatch.setattr(_errors, "_ALONE", alone)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(gc.isenabled()))
    if is_alone:
        monkeypatch.setattr("sys.argv", ["ensemble-hwr", "--version"])
    assert main(None if is_alone else ["--version"]) == DONE
    assert alone.is_set() == is_alone
    with _errors.loading():
        with _errors.loading():
            assert gc.isenabled() != is_alone
        assert gc.isenabled() != is_alone
    with pytest.raises(ConfigError), _errors.loading():
        raise ConfigError("no model")
    assert gc.isenabled()
    assert frozen == [False, False] * is_alone
