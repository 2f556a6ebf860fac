import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from ensemble_hwr import LetterNormalizer, compose_words, generate_letters, load_model, save_model
from ensemble_hwr.cli import _read, main
from ensemble_hwr.images import open_picture

sys.path.insert(0, str(Path(__file__).parents[1] / "canvas"))

from desk import Desk, require_window, screen, until

TEXTS = ["TOO", "TEN", "NOT"]
OTHER_PACKAGES = ["adaptation", "config", "datasets", "evaluation", "report"]


@pytest.fixture(scope="module")
def reading_model(tmp_path_factory):
    letters = generate_letters(300, letters="ENOT", writers=10, random_state=0)
    classifier = LogisticRegression().fit(letters.to_rows(), letters.target)
    whole = Pipeline([("normalize", LetterNormalizer()), ("classify", classifier)])
    return save_model(whole, tmp_path_factory.mktemp("model") / "enot.model")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    letters = generate_letters(40, letters="ENOT", writers=4, random_state=1)
    folder = tmp_path_factory.mktemp("words")
    paths = []
    for text, word in zip(TEXTS, compose_words(letters, TEXTS, gap=0.3, random_state=0), strict=True):
        paths.append(folder / f"{text}.png")
        Image.fromarray(word.picture).save(paths[-1])
    return paths


def read(model, *arguments):
    return main(["read", *map(str, arguments), "-m", str(model)])


@pytest.fixture
def lexicon(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("too\nten\nnot\nnone\n", encoding="utf-8")
    return file


def lines_of(pictures):
    return [f"{path}\t{text}" for path, text in zip(pictures, TEXTS, strict=False)]


def test_one_picture_is_its_text_and_several_are_lines_of_path_and_text(reading_model, pictures, lexicon, capsys):
    assert read(reading_model, pictures[0], "--lexicon", lexicon) == 0
    assert capsys.readouterr().out == f"{TEXTS[0]}\n"
    assert read(reading_model, *pictures, "--lexicon", lexicon) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines_of(pictures)
    assert printed.err == ""


def test_words_are_read_in_an_alphabet(reading_model, pictures, capsys):
    assert read(reading_model, *pictures, "--alphabet", "OT") == 0
    texts = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
    assert texts[0] == "TOO"
    assert set("".join(texts)) == set("OT")
    assert read(reading_model, *pictures, "--alphabet", "A-Z") == 1
    assert "cannot be read; the classes of the model are 'ENOT'" in capsys.readouterr().err
    assert read(reading_model, pictures[0], "--alphabet", "auto") == 0


def test_a_model_of_rows_is_refused(reading_model, pictures, tmp_path, capsys):
    rows = save_model(load_model(reading_model)[-1], tmp_path / "rows.model")
    for options in ([], ["--format", "csv", "--output", tmp_path / "out"]):
        assert read(rows, pictures[0], *options) == 1
        assert "rows.model: does not read pictures; give a model that" in capsys.readouterr().err


def test_confidences_and_question_marks(reading_model, pictures, lexicon, capsys):
    arguments = [*pictures, "--lexicon", lexicon, "--confidence"]
    assert read(reading_model, *arguments) == 0
    found = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    limit = sorted(float(p) for _, _, p in found)[1]
    assert read(reading_model, *arguments, "--min-confidence", limit) == 0
    certain = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    for (_, text, p), (_, shown, same) in zip(found, certain, strict=True):
        assert p == same
        if abs(float(p) - limit) > 1e-3:  # printed probabilities are rounded
            assert shown == (text if float(p) > limit else "?")


def test_print_next_to_handwriting_is_left_out_unless_it_is_kept(reading_model, tmp_path, capsys):
    letters = generate_letters(40, letters="ENOT", writers=4, random_state=1)
    word = compose_words(letters, ["NOTTEN"], gap=0.6, baseline=0.08, random_state=0)[0].picture
    form = np.full((len(word) + 20, word.shape[1] + 220), 255, np.uint8)
    form[10:-10, 210:-10] = word
    image = Image.fromarray(form)
    ImageDraw.Draw(image).text((5, 15), "NOM :", font=ImageFont.load_default(28), fill=0)
    image.save(tmp_path / "form.png")
    assert read(reading_model, tmp_path / "form.png") == 0
    ignored = capsys.readouterr().out
    assert read(reading_model, tmp_path / "form.png", "--print", "keep") == 0
    assert len(capsys.readouterr().out) > len(ignored) == len("NOTTEN\n")


def test_fields_of_a_form_are_read_by_name(reading_model, pictures, tmp_path, capsys):
    form = np.full((200, 400), 255, np.uint8)
    fields = []
    for name, path, top in zip(("first", "second"), pictures, (10, 110), strict=False):
        word = open_picture(path)
        form[top : top + len(word), 10 : 10 + word.shape[1]] = word
        fields.append({"name": name, "box": [0, top - 10, 400, top + 80], "lexicon": TEXTS})
    Image.fromarray(form).save(tmp_path / "form.png")
    template = tmp_path / "form.json"
    template.write_text(json.dumps(fields))
    arguments = [tmp_path / "form.png", "--fields", template]
    assert read(reading_model, *arguments) == 0
    assert capsys.readouterr().out == f"first\t{TEXTS[0]}\nsecond\t{TEXTS[1]}\n"
    assert read(reading_model, *arguments, "--json") == 0
    assert json.loads(capsys.readouterr().out)["fields"]["second"]["text"] == TEXTS[1]
    assert read(reading_model, *arguments, "--format", "csv", "--debug", tmp_path / "debug") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(row["field"], row["text"]) for row in rows] == [("first", TEXTS[0]), ("second", TEXTS[1])]
    assert len(list((tmp_path / "debug").iterdir())) == 1
    assert read(reading_model, *arguments, "--page") == 2
    template.write_text(json.dumps([{"name": "first", "box": [0, 0, 999, 50]}]))
    assert read(reading_model, *arguments) == 1
    assert "is outside of the picture" in capsys.readouterr().err


def test_csv_has_a_row_per_word(reading_model, pictures, lexicon, capsys):
    assert read(reading_model, *pictures, "--lexicon", lexicon, "--format", "csv", "--page") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(row["path"], row["text"]) for row in rows] == [tuple(line.split("\t")) for line in lines_of(pictures)]
    for row in rows:
        assert (row["line"], row["word"]) == ("1", "1")
        assert int(row["left"]) < int(row["right"])
        assert 0 < float(row["confidence"]) <= 1


@pytest.mark.parametrize("page", [[], ["--page"]])
def test_hocr_and_alto_are_one_document_per_picture(reading_model, pictures, lexicon, tmp_path, capsys, page):  # noqa: PLR0917
    for kind, suffix, word in (("hocr", ".hocr", ".//*[@class='ocrx_word']"), ("alto", ".xml", ".//{*}String")):
        arguments = ["--lexicon", lexicon, "--format", kind, *page]
        assert read(reading_model, pictures[0], *arguments) == 0
        document = ElementTree.fromstring(capsys.readouterr().out.encode())
        text = "".join(part.get("CONTENT", "") or "".join(part.itertext()) for part in document.iterfind(word))
        assert text == TEXTS[0]
        assert read(reading_model, *pictures, *arguments) == 2
        assert "one document per picture" in capsys.readouterr().err
        assert read(reading_model, *pictures, *arguments, "-o", tmp_path / kind) == 0
        assert capsys.readouterr().out == ""
        written = sorted((tmp_path / kind).iterdir())
        assert [file.suffix for file in written] == [suffix] * 3
        assert ElementTree.parse(written[0]).getroot() is not None
    assert read(reading_model, *pictures, "-o", tmp_path / "text") == 2
    assert "--output needs --format csv, json, parquet, hocr or alto" in capsys.readouterr().err


def test_a_lexicon_may_hold_counts(reading_model, pictures, lexicon, capsys):
    for count, text in ((1, "TOO"), (10**9, "NOO")):
        lexicon.write_text(f"too 1\nnoo\t{count}\n", encoding="utf-8")
        code = 0 if text == "TOO" else 3  # the letters do not fit
        assert read(reading_model, pictures[0], "--lexicon", lexicon) == code
        assert capsys.readouterr().out == f"{text}\n"


def test_words_with_letters_that_the_model_lacks_are_reported(reading_model, pictures, lexicon, capsys):
    lexicon.write_text("too\nten\nnot\n12\nzoo\n", encoding="utf-8")
    assert read(reading_model, *pictures, "--lexicon", lexicon) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines_of(pictures)
    (line,) = printed.err.splitlines()
    assert line.startswith(f"warning: 2 of 5 words of {lexicon} are left out, such as '12': they cannot be spelled")


def test_reading_imports_only_what_it_needs(pictures, ensemble_hwr_command):
    (python, _, _), environment = ensemble_hwr_command
    others = ["pydantic", "optuna", "skops.io", "jinja2", *(f"ensemble_hwr.{name}" for name in OTHER_PACKAGES)]
    code = (
        "import sys; from ensemble_hwr.cli import main; main(['read', sys.argv[1]]); "
        f"sys.exit(str({set(others)} & set(sys.modules)))"
    )
    done = subprocess.run(
        [python, "-c", code, pictures[0]], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == "set()"  # after the warnings of the reading


def test_json_holds_letters_and_boxes(reading_model, pictures, lexicon, capsys):
    assert read(reading_model, *pictures, "--json", "--lexicon", lexicon) == 0
    for path, text, line in zip(pictures, TEXTS, capsys.readouterr().out.splitlines(), strict=True):
        found = json.loads(line)
        assert list(found)[:5] == ["path", "page", "text", "confidence", "box"]
        assert all(0 < other["probability"] < 1 for other in found.get("alternatives", []))
        assert (found["path"], found["text"]) == (str(path), text)
        assert 0 <= found["confidence"] <= 1
        assert "".join(letter["letter"] for letter in found["letters"]) == text
        for letter in found["letters"]:
            assert list(letter)[:3] == ["letter", "probability", "box"]
            left, top, right, bottom = letter["box"]
            assert 0 <= left < right
            assert 0 <= top < bottom


def test_a_page(reading_model, lexicon, tmp_path, capsys):
    letters = generate_letters(40, letters="ENOT", writers=4, random_state=1)
    (page,) = compose_words(letters, ["NOT TEN\nTOO"], gap=0.25, random_state=0)
    Image.fromarray(page.picture).save(tmp_path / "page.png")
    assert read(reading_model, tmp_path / "page.png", "--page", "--lexicon", lexicon) == 0
    assert capsys.readouterr().out == "NOT TEN\nTOO\n"
    assert read(reading_model, tmp_path, "--page", "--lexicon", lexicon) == 0
    assert capsys.readouterr().out == f"==> {tmp_path / 'page.png'} <==\nNOT TEN\nTOO\n"
    assert read(reading_model, tmp_path / "page.png", "--page", "--json", "--lexicon", lexicon) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["path"] == str(tmp_path / "page.png")
    assert [len(line["words"]) for line in found["lines"]] == [2, 1]


def test_an_unreadable_picture_is_one_line_and_the_others_are_read(reading_model, pictures, lexicon, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image.fromarray(np.full((30, 30), 255, np.uint8)).save(tmp_path / "blank.png")
    arguments = [tmp_path / "broken.png", pictures[0], tmp_path / "none.png", tmp_path / "blank.png", pictures[1]]
    assert read(reading_model, *arguments, "--lexicon", lexicon) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == lines_of(pictures)[:2]
    *lines, summary = printed.err.splitlines()
    assert len(lines) == 3
    assert summary == "3 errors in 5 pictures"
    for line, name in zip(lines, ("broken.png", "none.png", "blank.png"), strict=True):
        assert line.startswith("error: ")
        assert name in line


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_picture_that_ends_its_process_is_one_line_and_the_others_are_read(
    reading_model, pictures, tmp_path, capsys, monkeypatch
):
    bomb, words = tmp_path / "bomb.png", [pictures[0], tmp_path / "bomb.png", *pictures[1:]]
    shutil.copy(pictures[0], bomb)
    assert read(reading_model, *pictures, "--json", "-j", 1) == 0
    expected = capsys.readouterr().out
    reader = _read._word_reader(str(reading_model), lexicon=None)

    class Reader:  # defined here, so that it is pickled by value
        def read(self, picture):
            if picture == str(bomb):
                os.kill(os.getpid(), signal.SIGKILL)
            return reader.read(picture)

        def read_each(self, pictures):
            return [self.read(picture) for picture in pictures]

    monkeypatch.setattr(_read, "_word_reader", lambda *_, **__: Reader())
    assert read(reading_model, *words, "--json", "-j", 2) == 1
    printed = capsys.readouterr()
    assert printed.out == expected
    error, summary = printed.err.splitlines()
    assert error.startswith(f"error: '{bomb}': the process that read it ended by signal 9 (SIGKILL)")
    assert summary == "1 error in 4 pictures"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_an_interrupt_of_several_processes_is_one_line(
    reading_model, pictures, tmp_path, ensemble_hwr_command, group_ends
):
    command, environment = ensemble_hwr_command
    words = [str(pictures[0])] * 5000
    process = subprocess.Popen(
        [*command, "read", *words, "-m", str(reading_model), "-j", "2"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        first = process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal
        try:
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert first == f"{pictures[0]}\t{TEXTS[0]}\n"
    assert set(out.splitlines()) <= {first.rstrip("\n")}
    lines = [line for line in err.splitlines() if not line.startswith("reading: ")]  # without progress
    assert (process.returncode, lines) == (130, ["interrupted; no incomplete file is left"])
    assert group_ends(process.pid)


def test_debug_pictures_show_the_boxes_of_letters(reading_model, pictures, tmp_path):
    assert read(reading_model, pictures[0].parent, "--debug", tmp_path / "new" / "seen") == 0
    written = sorted((tmp_path / "new" / "seen").iterdir())
    assert [file.name for file in written] == ["0001-NOT.png", "0002-TEN.png", "0003-TOO.png"]
    for file in written:
        with Image.open(file) as image:
            assert np.ptp(np.array(image.convert("RGB")).astype(int), axis=2).max() > 50


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder that cannot be written to")
def test_a_folder_that_cannot_be_written_to_is_an_error_before_anything_is_read(capsys):
    assert main(["read", "none.png", "-m", "no such model", "--debug", "/proc/seen"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: /proc/seen: cannot be written to (")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        (b"", "got none"),
        (b"\xff\xfe", "UTF-8"),
        (b"123", "no word"),
        (b"not 5\nten", "line 2 has none: 'ten'"),
    ],
)
def test_an_invalid_lexicon_is_one_line(reading_model, pictures, tmp_path, capsys, content, problem):  # noqa: PLR0917
    if content is not None:
        (tmp_path / "words.txt").write_bytes(content)
    assert read(reading_model, pictures[0], "--lexicon", tmp_path / "words.txt") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert problem in line
    assert str(tmp_path / "words.txt") in line


def test_wrong_usage(capsys):
    assert main(["read"]) == 2
    assert main(["read", "a.png", "-m", "no such model"]) == 1
    assert "no such model" in capsys.readouterr().err


@pytest.fixture(scope="module")
def display():
    require_window()
    with screen() as display:
        yield display


def test_letters_drawn_in_the_window_are_read(display, tmp_path):
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


def test_draw_opens_saved_strokes_and_pictures_with_a_lexicon(display, tmp_path):
    stem, bar = [[20, 20, 0], [20, 120, 0.2]], [[20, 120, 0.5], [75, 120, 0.7]]
    tee = [[[110, 20, 1], [190, 20, 1.2]], [[150, 20, 1.4], [150, 120, 1.6]]]
    file = tmp_path / "lt.json"
    file.write_text(json.dumps({"format": "ensemble_hwr strokes", "version": 1, "strokes": [stem, bar, *tee]}))
    words = tmp_path / "words.txt"
    words.write_text("lt\n%%\n")
    with Desk(display, file, "--lexicon", words) as desk:
        desk.wait_for_title("LT")
        desk.press("ctrl+s")
        until((tmp_path / "lt.png").exists, "the picture")
        desk.press("ctrl+q")
        assert desk.process.wait(30) == 0
        (line,) = desk.process.stderr.read().splitlines()
        assert line.startswith(f"warning: 1 of 2 words of {words} are left out, such as '%%'")
    with Desk(display, tmp_path / "lt.png") as desk:
        desk.wait_for_title("LT")


@pytest.mark.parametrize("dpi", [192])
def test_strokes_do_not_depend_on_the_resolution_of_the_screen(dpi, tmp_path):
    require_window()
    file = tmp_path / "word.json"
    with screen("2000x1500x24", dpi) as display, Desk(display, file) as desk:
        desk.stroke([(600, 300), (600, 700)])
        until(lambda: desk.title != "word.json - ensemble_hwr", lambda: f"a letter; the title is {desk.title}")
        desk.press("ctrl+s")
        until(file.exists, "the file")
    (stroke,) = json.loads(file.read_text())["strokes"]
    assert stroke[-1][1] - stroke[0][1] == pytest.approx(200, abs=4)


def test_a_model_that_does_not_read_letters_closes_the_window_with_one_line(display, tmp_path):
    file = save_model(LinearSVC().fit(np.eye(2, 784), ["A", "B"]), tmp_path / "sure.model")
    with Desk(display, "--model", file) as desk:
        assert desk.process.wait(60) == 1
        (line,) = desk.process.stderr.read().splitlines()
    assert line.startswith(f"error: {file}: does not read pictures; ")


@pytest.mark.parametrize("model", ["non-letter", "no-such-model"])
def test_draw_and_letters_report_the_same_error_for_an_unusable_model(model, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("ensemble_hwr.canvas._window._root", _no_window)
    assert main(["letters", "-m", model, str(tmp_path)]) == 1
    reported = capsys.readouterr().err
    assert main(["draw", "-m", model]) == 1
    assert capsys.readouterr().err == reported


@pytest.mark.parametrize("content", [None, "folder", b"\xff\xfe\x00", b"", b"%%\n"])
def test_draw_and_read_report_the_same_error_for_an_unusable_lexicon(content, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("ensemble_hwr.canvas._window._root", _no_window)
    words = tmp_path / "words.txt"
    if content == "folder":
        words.mkdir()
    elif content is not None:
        words.write_bytes(content)
    assert main(["read", "--lexicon", str(words), str(tmp_path / "no.png")]) == 1
    reported = capsys.readouterr().err
    assert main(["draw", "--lexicon", str(words)]) == 1
    assert capsys.readouterr().err == reported
    assert len(reported.splitlines()) == 1


def _no_window():
    raise AssertionError("a window is opened")


def test_draw_reports_an_unreadable_file_in_one_line(display, run_process, tmp_path):
    done = run_process("draw", tmp_path / "no.png", DISPLAY=display)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no.png" in done.stderr


def test_draw_reports_a_missing_folder_at_the_start(display, run_process, tmp_path):
    done = run_process("draw", tmp_path / "nodir" / "x.json", DISPLAY=display)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"there is no folder '{tmp_path / 'nodir'}'" in line


def test_a_missing_screen_is_one_line(run_process):
    require_window()
    done = run_process("draw", DISPLAY="")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: no window can be opened: ")
    assert line.endswith("ensemble-hwr read")


def test_a_missing_tkinter_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tkinter", None)
    assert main(["draw"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "apt install python3-tk" in line


@pytest.fixture
def scan(pictures, tmp_path):
    """A TIFF of three pages, each with a word."""
    first, *others = (Image.open(picture) for picture in pictures)
    first.save(tmp_path / "scan.tiff", save_all=True, append_images=others)
    return tmp_path / "scan.tiff"


def test_every_page_of_a_file_is_read(reading_model, scan, lexicon, capsys):
    """Pages after the first were dropped."""
    named = [f"{scan}, page {number}" for number in (1, 2, 3)]
    assert read(reading_model, scan, "--lexicon", lexicon) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.splitlines() == [f"{name}\t{text}" for name, text in zip(named, TEXTS, strict=True)]
    assert read(reading_model, scan, "--lexicon", lexicon, "--page", "--pages", "2-") == 0
    assert capsys.readouterr().out == f"==> {named[1]} <==\n{TEXTS[1]}\n==> {named[2]} <==\n{TEXTS[2]}\n"
    assert read(reading_model, scan, "--lexicon", lexicon, "--json", "--pages", "1,3") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["path"], line["page"], line["text"]) for line in found] == [
        (str(scan), 1, TEXTS[0]),
        (str(scan), 3, TEXTS[2]),
    ]
    assert read(reading_model, scan, "--lexicon", lexicon, "--format", "csv") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [(row["path"], row["page"], row["text"]) for row in rows] == [
        (str(scan), str(number), text) for number, text in enumerate(TEXTS, start=1)
    ]


@pytest.mark.parametrize("page", [[], ["--page"]])
def test_pages_of_a_file_are_one_document(reading_model, scan, pictures, tmp_path, capsys, page):  # noqa: PLR0917
    for kind, sheet, number in (
        ("hocr", ".//*[@class='ocr_page']", "title"),
        ("alto", ".//{*}Page", "PHYSICAL_IMG_NR"),
    ):
        assert read(reading_model, scan, "--format", kind, "--pages", "1,3", *page) == 0
        printed = capsys.readouterr().out
        pages = ElementTree.fromstring(printed.encode()).findall(sheet)
        found = [element.get(number) for element in pages]
        assert [text[-1] for text in found] == (["0", "2"] if kind == "hocr" else ["1", "3"])
        names = [element.get("id") or element.get("ID") for element in ElementTree.fromstring(printed).iter()]
        assert len(set(filter(None, names))) == len(list(filter(None, names)))
        jobs = [] if kind == "hocr" else ["-j", 1]  # several processes once
        assert read(reading_model, scan, pictures[0], "--format", kind, "-o", tmp_path / kind, *page, *jobs) == 0
        assert [file.stem for file in sorted((tmp_path / kind).iterdir())] == ["0001-scan", f"0002-{pictures[0].stem}"]
        written = next((tmp_path / kind).glob("0001*"))
        assert len(ElementTree.parse(written).getroot().findall(sheet)) == 3
        capsys.readouterr()


def test_omitted_and_damaged_pages_are_errors_and_the_others_are_read(reading_model, scan, lexicon, capsys, pictures):
    arguments = [scan, pictures[0], "--lexicon", lexicon]
    assert read(reading_model, *arguments, "--pages", "1,3-5") == 1
    printed = capsys.readouterr()
    assert [line.split("\t")[1] for line in printed.out.splitlines()] == [TEXTS[0], TEXTS[2], TEXTS[0]]
    assert " ".join(printed.err.split()) == (
        f"error: '{scan}', page 4-5: the file has no such page "
        f"error: '{pictures[0]}', page 3-5: the file has no such page 2 errors in 5 pictures"
    )
    assert read(reading_model, *arguments, "--max-pages", "2") == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3
    assert "page 3 and all after it: at most 2 pages of a file are read" in " ".join(printed.err.split())
    assert read(reading_model, *arguments, "--pages", "3-1") == 2
    assert "pages are numbers from 1 and ranges" in capsys.readouterr().err


def test_debug_pictures_of_pages_have_their_number(reading_model, scan, tmp_path):
    assert read(reading_model, scan, "--debug", tmp_path / "seen") == 0
    assert sorted(file.name for file in (tmp_path / "seen").iterdir()) == [f"0001-scan-page{k}.png" for k in (1, 2, 3)]


def test_blank_paper_is_reported(reading_model, tmp_path, capsys):
    """Grain was read as letters."""
    grain = np.random.default_rng(0).normal(180, 4, (60, 120))
    Image.fromarray(grain.astype(np.uint8)).save(tmp_path / "blank.png")
    assert read(reading_model, tmp_path / "blank.png") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no writing found" in printed.err


@pytest.mark.parametrize("option", [[], ["--page"]])
def test_a_picture_that_may_be_read_wrongly_has_a_warning_and_an_exit_code(
    reading_model, pictures, tmp_path, capsys, option
):
    shadow = np.full((60, 60), 220, np.uint8)
    shadow[15:45, 12:40] = 60
    file = tmp_path / "shadow.png"
    Image.fromarray(shadow).save(file)
    assert read(reading_model, file, "--json", *option) == 3
    printed = capsys.readouterr()
    assert "solid" in [issue["kind"] for issue in json.loads(printed.out)["issues"]]
    (warning,) = printed.err.splitlines()
    assert warning.startswith(f"warning: {str(file)!r}: one dark part fills most of a letter; a shadow")
    assert read(reading_model, pictures[0], *option) == 0
    assert capsys.readouterr().err == ""


def test_words_in_parts(reading_model, pictures, tmp_path, capsys):
    command = [*pictures, "--format", "csv", "-o", tmp_path / "out"]
    assert read(reading_model, *command, "--debug", tmp_path) == 2
    assert "--debug does not go with --output and CSV" in capsys.readouterr().err
    for options in ((), ("--page",)):
        assert read(reading_model, *command, *options, "--format", "json", "-j", "1") in (0, 3)
        (part,) = (tmp_path / "out").glob("part-*")
        assert [json.loads(line)["text"] for line in part.read_text(encoding="utf-8").splitlines()] == TEXTS
        shutil.rmtree(tmp_path / "out")


def test_options_of_a_lexicon_need_one(reading_model, pictures, capsys):
    for options in (["--case", "lexicon"], ["--accents", "keep"]):
        assert read(reading_model, pictures[0], *options) == 2
        assert f"{' '.join(options)} needs --lexicon WORDS" in capsys.readouterr().err
