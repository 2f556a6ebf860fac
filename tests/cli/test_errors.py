import os
import re
import signal
import subprocess
import threading

import click
import numpy as np
import pytest
from PIL import Image
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from ensemble_hwr._formats import csv_lines
from ensemble_hwr.cli import main
from ensemble_hwr.cli._errors import DONE, FAILED, INTERRUPTED, USAGE, run
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.persistence import save_model
from ensemble_hwr.preprocessing import LetterNormalizer


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
    for arguments in (["letters", str(tmp_path), "-m", str(tmp_path / "odd.model")], ["letters", "x\x1b[2J.png"]):
        main(arguments)
        printed = capsys.readouterr()
        assert "\x1b" not in printed.out + printed.err
        assert "\x07" not in printed.out + printed.err
        assert "\nforged" not in printed.out


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("-", "-"), ("@x", "'@x"), ("a=b", "a=b"), (-1.5, "-1.5")]
)
def test_cells_that_are_formulas_are_marked_as_text(text, cell):
    assert csv_lines([[text]]) == cell
