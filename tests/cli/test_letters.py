import json
import os
import pty
import re
import shutil
import subprocess

import numpy as np
import pytest

from ensemble_hwr.cli import _letters, _pictures, main
from ensemble_hwr.datasets import open_letters
from ensemble_hwr.persistence import load_model


@pytest.fixture
def pictures(few):
    return [str(path) for path in open_letters(few / "letters").data]


def read(model, *arguments):
    return main(["letters", *map(str, arguments), "-m", str(model), "-j", "1"])


def test_predictions_are_those_of_the_model(model, pictures, capsys):
    assert read(model, *pictures, "--json") == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    fitted = load_model(model)
    probabilities = fitted.predict_proba(pictures)
    assert [line["path"] for line in printed] == pictures
    assert [line["letter"] for line in printed] == fitted.predict(pictures).tolist()
    for line, row in zip(printed, probabilities, strict=True):
        probabilities_shown = [line["probability"], *(other["probability"] for other in line["alternatives"])]
        np.testing.assert_allclose(probabilities_shown, np.sort(row)[::-1][:3], atol=1e-6)
        assert len({line["letter"], *(other["letter"] for other in line["alternatives"])}) == 3


def test_a_pipe_gets_lines_of_tab_separated_values(model, pictures, capsys):
    assert read(model, *pictures[:3]) == 0
    printed = capsys.readouterr()
    lines = [line.split("\t") for line in printed.out.splitlines()]
    assert [line[0] for line in lines] == pictures[:3]
    for _, letter, p, _, second, _, third in lines:
        assert letter in "ABDO"
        assert 1 >= float(p) >= float(second) >= float(third) >= 0
    assert printed.err == ""


def test_a_folder_is_searched(few, model, capsys):
    assert read(model, few / "letters") == 0
    assert len(capsys.readouterr().out.splitlines()) == 120


@pytest.fixture(params=[1, 2, 256])
def batch_size(request, monkeypatch):
    monkeypatch.setattr(_pictures, "BATCH_SIZE", request.param)


@pytest.mark.usefixtures("batch_size")
def test_an_unreadable_picture_is_one_line_and_the_others_are_read(model, pictures, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    bad = [tmp_path / "broken.png", tmp_path / "none.png", tmp_path / "empty"]
    assert read(model, pictures[0], *bad, pictures[1]) == 1
    printed = capsys.readouterr()
    assert [line.split("\t")[0] for line in printed.out.splitlines()] == pictures[:2]
    errors = printed.err.splitlines()
    assert len(errors) == 3
    for name, reason in (
        ("broken.png", "not a picture"),
        ("none.png", "no such file"),
        ("empty", "no picture in this"),
    ):
        (line,) = (line for line in errors if f"{name}'" in line)
        assert line.startswith("error: ")
        assert reason in line


def test_pictures_are_read_in_batches(model, pictures, monkeypatch, capsys):
    monkeypatch.setattr(_pictures, "BATCH_SIZE", 7)
    sizes = []
    predictions = _letters._predictions

    def counted(classifier, rows):
        sizes.append(len(rows))
        return predictions(classifier, rows)

    monkeypatch.setattr(_letters, "_predictions", counted)
    assert read(model, *pictures[:20]) == 0
    assert sizes == [7, 7, 6]
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_control_characters_in_names_are_escaped(model, pictures, tmp_path, capsys):
    odd = tmp_path / "a\n\t\x1b[31m.png"
    shutil.copy(pictures[0], odd)
    assert read(model, odd) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[0].endswith(r"a\n\t\x1b[31m.png")
    assert read(model, odd, "--json") == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(odd)


@pytest.mark.parametrize(
    ("model_name", "message"), [("xy", "no shipped model of that name"), (".", "not a regular file")]
)
def test_an_unknown_model_is_an_error(model_name, message, pictures, capsys):
    assert read(model_name, pictures[0]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_closed_pipe_is_no_error(ensemble_hwr_command, model, few):
    command, environment = ensemble_hwr_command
    words = [*command, "letters", few / "letters", "-m", model, "-j", "1"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_lines_are_aligned_at_a_terminal_and_complete_in_a_file(ensemble_hwr_command, model, pictures, tmp_path):
    command, environment = ensemble_hwr_command
    copies = [shutil.copy(pictures[0], tmp_path / name) for name in ("a.png", "a_longer_name.png")]
    words = [*command, "letters", *copies, "-m", str(model), "-j", "1"]
    shown = _at_terminal(words, environment)
    lines = [line[line.index(str(tmp_path)) :] for line in shown.splitlines() if ".png" in line]
    assert [line.split()[0] for line in lines] == [str(copy) for copy in copies]
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]  # older releases of click print no bold here
    assert len({line.index("%") for line in plain}) == 1
    with open(tmp_path / "out", "w") as out:
        assert "reading" in _at_terminal(words, environment, stdout=out)
    assert len((tmp_path / "out").read_text().splitlines()) == 2


def _at_terminal(words, environment, stdout=None):
    """Run a command in a pseudo-terminal and return what it displays."""
    ours, theirs = pty.openpty()
    environment = {**environment, "TERM": "xterm", "COLUMNS": "300"}
    process = subprocess.Popen(words, env=environment, stdout=stdout or theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other end is closed: the command has ended
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode()
