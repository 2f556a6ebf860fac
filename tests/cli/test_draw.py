import json
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from ensemble_hwr.cli import main
from ensemble_hwr.images import open_picture
from ensemble_hwr.persistence import save_model

sys.path.insert(0, str(Path(__file__).parents[1] / "canvas"))

from desk import Desk, require_window, screen, until


@pytest.fixture(scope="module")
def display():
    require_window()
    with screen() as display:
        yield display


def test_hello_is_written_stroke_by_stroke_and_read(display, tmp_path):
    file = tmp_path / "word.json"
    with Desk(display, file) as desk:
        assert desk.title == "word.json - ensemble_hwr"
        desk.write_until_read("HELLO")
        assert desk.title == "HELLO - word.json - ensemble_hwr"
        desk.press("ctrl+z")
        until(lambda: not desk.title.startswith("HELLO"), "the last letter to be gone")
        desk.press("ctrl+y")
        desk.wait_for_title("HELLO")
        desk.press("ctrl+s")
        until(file.exists, "the file")
        desk.press("Escape")
        until(lambda: desk.title == "word.json - ensemble_hwr", "an empty canvas")
        desk.press("ctrl+q")
        assert desk.process.wait(30) == 0
        assert desk.process.stderr.read() == ""
    saved = json.loads(file.read_text())
    assert saved["text"] == "HELLO"
    assert len(saved["strokes"]) >= 5
    times = [t for stroke in saved["strokes"] for _, _, t in stroke]
    assert times == sorted(times)
    assert open_picture(str(tmp_path / "word.png")).size


def test_saved_strokes_and_pictures_are_read_and_words_expected(display, tmp_path):
    stem, bar = [[20, 20, 0], [20, 120, 0.2]], [[20, 120, 0.5], [75, 120, 0.7]]
    tee = [[[110, 20, 1], [190, 20, 1.2]], [[150, 20, 1.4], [150, 120, 1.6]]]
    file = tmp_path / "lt.json"
    file.write_text(json.dumps({"format": "ensemble_hwr strokes", "version": 1, "strokes": [stem, bar, *tee]}))
    words = tmp_path / "words.txt"
    words.write_text("lt\n12\n")
    with Desk(display, file, "--lexicon", words) as desk:
        desk.wait_for_title("LT")
        desk.press("ctrl+s")
        until((tmp_path / "lt.png").exists, "the picture")
        desk.press("ctrl+q")
        assert desk.process.wait(30) == 0
        (line,) = desk.process.stderr.read().splitlines()
        assert line.startswith(f"warning: 1 of 2 words of {words} are left out, such as '12'")
    with Desk(display, tmp_path / "lt.png") as desk:
        desk.wait_for_title("LT")


@pytest.mark.parametrize("dpi", [192])
def test_on_a_fine_screen_all_is_larger_and_strokes_are_the_same(dpi, tmp_path):
    require_window()
    file = tmp_path / "word.json"
    with screen("2000x1500x24", dpi) as display, Desk(display, file) as desk:
        desk.stroke([(600, 300), (600, 700)])
        until(lambda: desk.title != "word.json - ensemble_hwr", lambda: f"a letter; the title is {desk.title}")
        desk.press("ctrl+s")
        until(file.exists, "the file")
    (stroke,) = json.loads(file.read_text())["strokes"]
    assert stroke[-1][1] - stroke[0][1] == pytest.approx(200, abs=4)


def test_a_model_that_turns_out_not_to_read_letters_ends_the_window_by_one_line(display, tmp_path):
    file = save_model(LinearSVC().fit(np.eye(2, 784), ["A", "B"]), tmp_path / "sure.model")
    with Desk(display, "--model", file) as desk:
        assert desk.process.wait(60) == 1
        (line,) = desk.process.stderr.read().splitlines()
    assert line.startswith(f"error: {file}: does not read pictures; ")


@pytest.mark.parametrize("model", ["non_letter", "no-such-model"])
def test_a_model_that_cannot_read_is_told_as_letters_tells_it_and_no_window_opens(model, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("ensemble_hwr.canvas._view._root", _no_window)
    assert main(["letters", "-m", model, str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert main(["draw", "-m", model]) == 1
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("content", [None, "folder", b"\xff\xfe\x00", b"", b"12\n"])
def test_a_word_list_that_is_of_no_use_is_told_as_read_tells_it_and_no_window_opens(
    content, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr("ensemble_hwr.canvas._view._root", _no_window)
    words = tmp_path / "words.txt"
    if content == "folder":
        words.mkdir()
    elif content is not None:
        words.write_bytes(content)
    assert main(["read", "--lexicon", str(words), str(tmp_path / "no.png")]) == 1
    told = capsys.readouterr().err
    assert main(["draw", "--lexicon", str(words)]) == 1
    assert capsys.readouterr().err == told
    assert len(told.splitlines()) == 1


def _no_window():
    raise AssertionError("a window is opened")


def test_a_file_that_cannot_be_read_is_one_line(display, run_process, tmp_path):
    done = run_process("draw", tmp_path / "no.png", DISPLAY=display)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no.png" in done.stderr


def test_a_folder_that_is_not_there_is_told_at_the_start(display, run_process, tmp_path):
    done = run_process("draw", tmp_path / "nodir" / "x.json", DISPLAY=display)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"there is no folder '{tmp_path / 'nodir'}'" in line


def test_no_screen_is_one_line(run_process):
    require_window()
    done = run_process("draw", DISPLAY="")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: no window can be opened: ")
    assert line.endswith("ensemble-hwr read")


def test_no_tkinter_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tkinter", None)
    assert main(["draw"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "apt install python3-tk" in line
