import json
import os
import pty
import re
import shutil
import subprocess

import numpy as np
import pytest

from ensemble_hwr.cli import _letters, _reading, main
from ensemble_hwr.config import open_letters
from ensemble_hwr.persistence import load_model


@pytest.fixture
def pictures(few):
    return [str(path) for path in open_letters(few / "letters").data]


def read(model, *arguments):
    return main(["letters", *map(str, arguments), "-m", str(model), "-j", "1"])


def test_answers_are_those_of_the_model(model, pictures, capsys):
    assert read(model, *pictures, "--json") == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    fitted = load_model(model)
    probabilities = fitted.predict_proba(pictures)
    assert [told["path"] for told in printed] == pictures
    assert [told["letter"] for told in printed] == fitted.predict(pictures).tolist()
    for told, row in zip(printed, probabilities, strict=True):
        guesses = [told["probability"], *(guess["probability"] for guess in told["alternatives"])]
        np.testing.assert_allclose(guesses, np.sort(row)[::-1][:3], atol=1e-6)
        assert len({told["letter"], *(guess["letter"] for guess in told["alternatives"])}) == 3


def test_a_pipe_gets_tabs_and_nothing_else(model, pictures, capsys):
    assert read(model, *pictures[:3]) == 0
    printed = capsys.readouterr()
    lines = [line.split("\t") for line in printed.out.splitlines()]
    assert [line[0] for line in lines] == pictures[:3]
    for _, letter, p, _, second, _, third in lines:
        assert letter in "ABDO"
        assert 1 >= float(p) >= float(second) >= float(third) >= 0
    assert printed.err == ""


def test_a_folder_is_walked(few, model, capsys):
    assert read(model, few / "letters") == 0
    assert len(capsys.readouterr().out.splitlines()) == 120


@pytest.fixture(params=[1, 2, 256])
def at_once(request, monkeypatch):
    monkeypatch.setattr(_reading, "AT_ONCE", request.param)


@pytest.mark.usefixtures("at_once")
def test_a_bad_picture_is_one_line_and_the_others_are_read(model, pictures, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    bad = [tmp_path / "broken.png", tmp_path / "none.png", tmp_path / "empty"]
    assert read(model, pictures[0], *bad, pictures[1]) == 1
    printed = capsys.readouterr()
    assert [line.split("\t")[0] for line in printed.out.splitlines()] == pictures[:2]
    complaints = printed.err.splitlines()
    assert len(complaints) == 3
    for name, reason in (
        ("broken.png", "not a picture"),
        ("none.png", "no such file"),
        ("empty", "no picture in this"),
    ):
        (line,) = (line for line in complaints if f"{name}'" in line)
        assert line.startswith("error: ")
        assert reason in line


def test_pictures_are_read_a_batch_at_a_time(model, pictures, monkeypatch, capsys):
    monkeypatch.setattr(_reading, "AT_ONCE", 7)
    sizes = []
    guesses = _letters._guesses
    monkeypatch.setattr(_letters, "_guesses", lambda model, rows: (sizes.append(len(rows)), guesses(model, rows))[1])
    assert read(model, *pictures[:20]) == 0
    assert sizes == [7, 7, 6]
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_names_that_could_break_a_line_or_command_a_terminal_are_escaped(model, pictures, tmp_path, capsys):
    odd = tmp_path / "a\n\t\x1b[31m.png"
    shutil.copy(pictures[0], odd)
    assert read(model, odd) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[0].endswith(r"a\n\t\x1b[31m.png")
    assert read(model, odd, "--json") == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(odd)


@pytest.mark.parametrize(("model_name", "message"), [("xy", "nor a shipped model of that name"), (".", "not a file")])
def test_what_is_no_model_is_refused(model_name, message, pictures, capsys):
    assert read(model_name, pictures[0]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_reader_that_has_seen_enough_is_no_error(ensemble_hwr_command, model, few):
    command, environment = ensemble_hwr_command
    words = [*command, "letters", few / "letters", "-m", model, "-j", "1"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_at_a_terminal_answers_are_aligned_and_a_file_gets_all_of_them(ensemble_hwr_command, model, pictures, tmp_path):
    command, environment = ensemble_hwr_command
    copies = [shutil.copy(pictures[0], tmp_path / name) for name in ("a.png", "a_longer_name.png")]
    words = [*command, "letters", *copies, "-m", str(model), "-j", "1"]
    shown = _at_terminal(words, environment)
    answers = [line[line.index(str(tmp_path)) :] for line in shown.splitlines() if ".png" in line]
    assert [answer.split()[0] for answer in answers] == [str(copy) for copy in copies]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", answer) for answer in answers]  # older releases of click show no bold here
    assert len({answer.index("%") for answer in plain}) == 1
    with open(tmp_path / "out", "w") as out:
        assert "reading" in _at_terminal(words, environment, stdout=out)
    assert len((tmp_path / "out").read_text().splitlines()) == 2


def _at_terminal(words, environment, stdout=None):
    """Run a command at a terminal of its own; what it showed there."""
    ours, theirs = pty.openpty()
    environment = {**environment, "TERM": "xterm", "COLUMNS": "300"}
    process = subprocess.Popen(words, env=environment, stdout=stdout or theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other end was closed: it has ended
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()
