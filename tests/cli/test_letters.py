import csv
import io
import json
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import _batches, folders
from ensemble_hwr.cli import main
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
    assert [line["text"] for line in printed] == fitted.predict(pictures).tolist()
    for line, row in zip(printed, probabilities, strict=True):
        probabilities_shown = [line["probability"], *(other["probability"] for other in line["alternatives"])]
        np.testing.assert_allclose(probabilities_shown, np.sort(row)[::-1][:3], atol=1e-6)
        assert len({line["text"], *(other["text"] for other in line["alternatives"])}) == 3


def test_several_pictures_are_lines_of_path_and_letter(model, pictures, capsys):
    assert read(model, *pictures[:3]) == 0
    printed = capsys.readouterr()
    labels = load_model(model).predict(pictures[:3])
    assert printed.out.splitlines() == [f"{path}\t{label}" for path, label in zip(pictures, labels, strict=False)]
    assert printed.err == ""


def test_answers_are_restricted_to_an_alphabet(model, pictures, capsys):
    assert read(model, *pictures, "--alphabet", "OD") == 0
    labels = load_model(model, alphabet="OD").predict(pictures)
    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()] == labels.tolist()
    assert set(labels.tolist()) <= set("DO")
    assert read(model, *pictures, "--alphabet", "A-Z") == 1
    assert "cannot be read; the classes of the model are 'ABDO'" in capsys.readouterr().err
    assert read(model, *pictures, "--alphabet", "M-F") == 2
    assert "Invalid value for '--alphabet': alphabet 'M-F': M-F is empty; write F-M" in capsys.readouterr().err


def test_a_picture_that_takes_longer_than_the_timeout_is_an_error(model, pictures, capsys):
    assert read(model, *pictures[:2], "--timeout", "1e-9") == 1
    errors = capsys.readouterr().err.splitlines()
    late = [f"error: {path!r}: reading it takes longer than 1e-09 seconds" for path in pictures[:2]]
    assert [error.partition(",")[0] for error in errors] == [*late, "2 errors in 2 pictures"]
    assert read(model, pictures[0], "--timeout", "0") == 2
    assert "x>0" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--timeout", "--min-confidence"])
@pytest.mark.parametrize("number", ["nan", "inf", "1e400"])
def test_numbers_that_are_not_finite_are_wrong_usage(model, pictures, option, number, capsys):
    assert read(model, *pictures[:1], option, number) == 2
    error = capsys.readouterr().err
    assert "is not a finite number; give one such as 1\n" in error or "is not in the range 0<=x<=1" in error


def test_an_empty_path_and_a_pattern_without_pictures_are_named(model, few, capsys):
    assert read(model, "") == 1
    assert capsys.readouterr().err == "error: '': an empty path; give a picture, a folder or a pattern\n"
    assert read(model, few / "letters", "--glob", "") == 1
    assert capsys.readouterr().err.endswith("there is no picture in this folder named ''\n")


def test_of_one_picture_only_the_letter_is_printed(model, pictures, capsys):
    assert read(model, pictures[0]) == 0
    assert capsys.readouterr().out == f"{load_model(model).predict(pictures[:1])[0]}\n"


def test_uncertain_letters_are_question_marks(model, pictures, capsys):
    most = load_model(model).predict_proba(pictures).max(axis=1)
    limit = float(np.median(most))
    assert read(model, *pictures, "--confidence", "--min-confidence", limit) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [float(p) for _, _, p in lines] == pytest.approx(most.tolist(), abs=1e-4)
    assert [letter == "?" for _, letter, _ in lines] == (most < limit).tolist()


def test_csv_has_a_header(model, pictures, capsys):
    assert read(model, *pictures[:2], "--format", "csv") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["path"] for row in rows] == pictures[:2]
    assert [row["text"] for row in rows] == load_model(model).predict(pictures[:2]).tolist()
    assert all(0 < float(row["probability"]) <= 1 for row in rows)


def test_hocr_and_alto_are_one_document_per_picture(model, pictures, tmp_path, capsys):
    for kind, suffix in (("hocr", ".hocr"), ("alto", ".xml")):
        assert read(model, pictures[0], "--format", kind) == 0
        document = capsys.readouterr().out
        with Image.open(pictures[0]) as image:
            width, height = image.size
        label = load_model(model).predict(pictures[:1])[0]
        root = ElementTree.fromstring(document.encode())
        if kind == "hocr":
            (word,) = root.iterfind(".//*[@class='ocrx_word']")
            assert "".join(word.itertext()) == label
            assert word.get("title").startswith(f"bbox 0 0 {width} {height}; x_wconf ")
        else:
            (glyph,) = root.iterfind(".//{*}Glyph")
            assert (glyph.get("CONTENT"), glyph.get("WIDTH"), glyph.get("HEIGHT")) == (label, str(width), str(height))
            assert len(glyph.findall("{*}Variant")) == 2
        assert read(model, *pictures[:2], "--format", kind) == 2
        assert "one document per picture" in capsys.readouterr().err
        assert read(model, *pictures[:2], "--format", kind, "-o", tmp_path / kind) == 0
        assert capsys.readouterr().out == ""
        names = [f"{number:04d}-{Path(path).stem}{suffix}" for number, path in enumerate(pictures[:2], start=1)]
        assert sorted(file.name for file in (tmp_path / kind).iterdir()) == names
        assert (tmp_path / kind / names[0]).read_text("utf-8") == document
    assert read(model, pictures[0], "-o", tmp_path / "text") == 2
    assert "--output needs --format csv, json, parquet, hocr or alto" in capsys.readouterr().err


@pytest.fixture(params=[1, 2, 256])
def batch_size(request, monkeypatch):
    monkeypatch.setattr(_batches, "BATCH_SIZE", request.param)


@pytest.fixture
def scan(pictures, tmp_path):
    """A TIFF of three pages, each with a letter."""
    first, *others = (Image.open(picture) for picture in pictures[:3])
    first.save(tmp_path / "scan.tiff", save_all=True, append_images=others)
    return tmp_path / "scan.tiff"


@pytest.mark.usefixtures("batch_size")
@pytest.mark.parametrize(("batch_size", "jobs"), [(1, 1), (2, 1), (256, 1), (2, 2)], indirect=["batch_size"])
def test_every_page_of_a_file_is_read(model, pictures, scan, capsys, jobs):
    """Pages after the first were dropped."""
    arguments = ["letters", pictures[3], str(scan), pictures[4], "-m", str(model), "-j", str(jobs)]
    labels = load_model(model).predict(pictures[:5]).tolist()
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert [line.split("\t") for line in printed.out.splitlines()] == [
        [pictures[3], labels[3]],
        *([f"{scan}, page {number}", label] for number, label in enumerate(labels[:3], start=1)),
        [pictures[4], labels[4]],
    ]
    assert main([*arguments, "--json", "--pages", "1,3"]) == 1
    printed = capsys.readouterr()
    found = [json.loads(line) for line in printed.out.splitlines()]
    assert [(line["path"], line["page"]) for line in found] == [
        (pictures[3], 1),
        (str(scan), 1),
        (str(scan), 3),
        (pictures[4], 1),
    ]
    assert printed.err.count("page 3: the file has no such page") == 2


@pytest.mark.usefixtures("batch_size")
def test_pages_of_a_file_are_one_document(model, pictures, scan, tmp_path):
    for kind, sheet in (("hocr", ".//*[@class='ocr_page']"), ("alto", ".//{*}Page")):
        assert read(model, scan, pictures[0], "--format", kind, "-o", tmp_path / kind) == 0
        first, second = sorted((tmp_path / kind).iterdir())
        assert [first.stem, second.stem] == ["0001-scan", f"0002-{Path(pictures[0]).stem}"]
        assert len(ElementTree.parse(first).getroot().findall(sheet)) == 3
        assert len(ElementTree.parse(second).getroot().findall(sheet)) == 1


def test_files_that_are_no_pictures_are_counted_and_the_others_are_read(model, pictures, tmp_path, capsys):
    (tmp_path / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "folder").mkdir()
    shutil.copy(pictures[0], tmp_path / "picture.png")
    assert read(model, *sorted(tmp_path.iterdir())) == 1
    printed = capsys.readouterr()
    label = load_model(model).predict(pictures[:1])[0]
    assert printed.out == f"{tmp_path / 'picture.png'}\t{label}\n"
    *errors, summary = printed.err.splitlines()
    assert summary.startswith("3 errors in ")
    for name in ("photo.heic", "notes.txt", "folder"):
        (line,) = (line for line in errors if name in line)
        assert line.startswith("error: ")
    assert read(model, tmp_path) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{tmp_path / 'picture.png'}\t{label}\n"
    error, summary = printed.err.splitlines()
    assert "photo.heic': it is damaged or cut short" in error
    assert summary == "1 error in 2 pictures"


def test_standard_input_is_a_picture(ensemble_hwr_command, model, pictures, monkeypatch, capsys):
    command, environment = ensemble_hwr_command
    words = ["letters", "-", "-m", str(model), "-j", "1"]
    content = Path(pictures[0]).read_bytes()
    done = subprocess.run([*command, *words], env=environment, input=content, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().strip() == load_model(model).predict(pictures[:1])[0]
    for given in (b"no picture", b""):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(given)))
        assert main(words) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("error: ")


def test_a_folder_is_searched(few, model, capsys):
    assert read(model, few / "letters") == 0
    assert len(capsys.readouterr().out.splitlines()) == 120
    assert read(model, few / "letters", "--glob", "1*.png") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 10 + 20
    assert read(model, few / "letters" / "A", "--no-recursive") == 0
    assert len(capsys.readouterr().out.splitlines()) == 30
    assert read(model, few / "letters" / "A" / "*.png") == 0
    assert len(capsys.readouterr().out.splitlines()) == 30
    for arguments in ([few / "letters", "--no-recursive"], [few / "letters", "--glob", "*.tiff"]):
        assert read(model, *arguments) == 1
        assert "there is no picture" in capsys.readouterr().err


@pytest.mark.usefixtures("batch_size")
def test_an_unreadable_picture_is_one_line_and_the_others_are_read(model, pictures, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    bad = [tmp_path / "broken.png", tmp_path / "none.png", tmp_path / "empty"]
    assert read(model, pictures[0], *bad, pictures[1]) == 1
    printed = capsys.readouterr()
    assert [line.split("\t")[0] for line in printed.out.splitlines()] == pictures[:2]
    *errors, summary = printed.err.splitlines()
    assert len(errors) == 3
    assert summary == "3 errors in 4 pictures"
    for name, reason in (
        ("broken.png", "not a picture"),
        ("none.png", "no such file"),
        ("empty", "no picture in this"),
    ):
        (line,) = (line for line in errors if f"{name}'" in line)
        assert line.startswith("error: ")
        assert reason in line


def test_pictures_are_read_in_batches(model, pictures, monkeypatch, capsys):
    monkeypatch.setattr(_batches, "BATCH_SIZE", 7)
    sizes = []
    predictions = _batches.Classify._predictions

    def counted(self, rows):
        sizes.append(len(rows))
        return predictions(self, rows)

    monkeypatch.setattr(_batches.Classify, "_predictions", counted)
    assert read(model, *pictures[:20]) == 0
    assert sizes == [7, 7, 6]
    assert len(capsys.readouterr().out.splitlines()) == 20


def test_control_characters_in_names_are_escaped(model, pictures, tmp_path, capsys):
    odd = tmp_path / "a\n\t\x1b[31m.png"
    shutil.copy(pictures[0], odd)
    assert read(model, odd) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert len(line) == 1
    assert read(model, tmp_path) == 0
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


def test_a_picture_that_may_be_read_wrongly_has_a_warning_and_an_exit_code(model, pictures, tmp_path, capsys):
    shadow = np.full((60, 60), 220, np.uint8)
    shadow[15:45, 12:40] = 60
    file = tmp_path / "shadow.png"
    Image.fromarray(shadow).save(file)
    assert read(model, file, pictures[0], "--json") == 3
    printed = capsys.readouterr()
    first, second = map(json.loads, printed.out.splitlines())
    assert [issue["kind"] for issue in first["issues"]] == ["solid"]
    assert "issues" not in second
    warning, summary = printed.err.splitlines()
    assert warning.startswith(f"warning: {str(file)!r}: one dark part fills most of a letter; a shadow")
    assert summary == "1 warning in 2 pictures"
    assert read(model, file) == 3
    assert read(model, file, tmp_path / "none.png") == 1
    assert capsys.readouterr().err.splitlines()[-1] == "1 error and 1 warning in 2 pictures"


def test_results_in_parts_are_those_of_csv_and_the_same_command_continues(model, pictures, tmp_path, capsys):
    broken = tmp_path / "broken.png"
    broken.touch()
    command = [*pictures[:9], broken, "--format", "csv"]
    assert read(model, *command) == 1
    printed = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    parts = [*command, "-o", tmp_path / "out", "--part-size", 4]
    assert read(model, *parts) == 1
    output = capsys.readouterr()
    assert output.out == f"{tmp_path / 'out'}: 10 pictures in 3 parts; 1 error\n"
    assert "1 error" in output.err
    texts = [part.read_text("utf-8").splitlines() for part in sorted((tmp_path / "out").glob("*.csv"))]
    lines = [line for text in texts for line in csv.DictReader(text)]
    assert [{name: line[name] for name in printed[0]} for line in lines[:9]] == printed
    assert lines[9]["error"]
    assert read(model, *parts) == 1
    assert capsys.readouterr().out.endswith(": 10 pictures in 3 parts, 3 of them finished before; 1 error\n")
    assert read(model, *parts, "--min-confidence", 1) == 1
    assert "was started with other settings (min_confidence: 0.0 then, 1.0 now)" in capsys.readouterr().err


def test_options_of_parts_need_a_folder_for_them(model, pictures, tmp_path, capsys):
    out = ["-o", tmp_path / "out"]
    for options, message in (
        (["--part-size", "5"], "--part-size needs --output DIR and --format csv, json or parquet"),
        (["--scheduler", "tcp://h:1", *out], "--scheduler needs --output DIR"),
        (["--format", "parquet"], "--format parquet needs --output DIR\n"),
        (["--format", "csv", *out, "--part-size", 10**30], "is not in the range 1<=x<=1000000"),
        (["--json", "--format", "csv"], "--json is the same as --format json; give --json or --format csv, not both"),
        (["--format", "csv", *out, "-"], "results in parts need the paths of pictures"),
    ):
        assert read(model, pictures[0], *options) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_interrupt_says_that_the_same_command_continues(model, pictures, tmp_path, monkeypatch, capsys):
    def interrupt(*_, **__):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(folders, "contents_of", interrupt)
    assert read(model, pictures[0], "--format", "csv", "-o", tmp_path / "out") == 128 + signal.SIGTERM
    assert "finished parts are kept, and the same command continues" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["_journal.jsonl"]
