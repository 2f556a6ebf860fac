import csv
import json
import re
import shutil

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from ensemble_hwr.cli import main
from ensemble_hwr.cli._evaluate import print_figures
from ensemble_hwr.datasets import LetterSet, open_letters, save_npz
from ensemble_hwr.persistence import read_manifest, save_model


def evaluate(model, data, *options):
    return main(["evaluate", str(model), str(data), "-j", "1", *options])


def figure(name, printed):
    return re.search(rf"^{name} +([\d.]+)", printed, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def rows(few):
    letters = open_letters(few / "letters")
    return LetterSet((letters.to_rows() * 255).astype(np.uint8), letters.target)


def test_an_index_is_evaluated_on_its_test_part_as_in_training(few, model, capsys):
    assert evaluate(model, few / "letters") == 0
    printed = capsys.readouterr()
    trained = read_manifest(model)["metadata"]["figures"]
    assert figure("letters", printed.out) == "40"
    assert figure("accuracy", printed.out) == f"{trained['accuracy'] * 100:.2f}"
    assert "the test part of" in printed.out
    assert printed.err == ""


def test_the_part_can_be_chosen(few, model, capsys):
    assert evaluate(model, few / "letters", "--part", "all") == 0
    assert figure("letters", capsys.readouterr().out) == "120"


def test_a_folder_with_one_subfolder_per_letter_is_read(few, model, tmp_path, capsys):
    shutil.copytree(few / "letters", tmp_path / "mine", ignore=shutil.ignore_patterns("*.csv"))
    assert evaluate(model, tmp_path / "mine") == 0
    assert figure("letters", capsys.readouterr().out) == "120"


def test_pictures_that_take_longer_than_the_timeout_are_errors(few, model, capsys):
    assert evaluate(model, few / "letters", "--timeout", "1e-9") == 1
    assert "longer than 1e-09 seconds" in capsys.readouterr().err


def test_npz_and_csv_give_the_same_figures(model, rows, tmp_path, capsys):
    save_npz(tmp_path / "rows.npz", rows)
    labels = [ord(label) - ord("A") for label in rows.target]
    np.savetxt(tmp_path / "rows.csv", np.column_stack([labels, rows.data]), fmt="%d", delimiter=",")
    printed = []
    for name in ("rows.npz", "rows.csv"):
        assert evaluate(model, tmp_path / name) == 0
        printed.append(capsys.readouterr().out.rsplit("\n\n", 1)[0])
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none", None, "there is no such file"),
        ("text", b"not a model", "is not a model file"),
        ("empty", b"", "is not a model file"),
    ],
)
def test_a_file_that_is_no_model_is_an_error(tmp_path, name, content, message, capsys):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert evaluate(tmp_path / name, tmp_path) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path / name}: ")
    assert message in line


def test_a_damaged_model_is_an_error(few, model, tmp_path, capsys):
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "damaged").write_bytes(data)
    assert evaluate(tmp_path / "damaged", few / "letters") == 1
    assert "error: " in capsys.readouterr().err


def test_a_model_without_normalizer_is_an_error(few, tmp_path, rows, capsys):
    save_model(GaussianNB().fit(rows.data, rows.target), tmp_path / "m")
    assert evaluate(tmp_path / "m", few / "letters") == 1
    assert "does not read pictures" in capsys.readouterr().err


def test_missing_data_and_unknown_formats_are_errors(model, tmp_path, capsys):
    (tmp_path / "letters.txt").write_text("A")
    (tmp_path / "empty").mkdir()
    for name, message in (("none", "no such file or folder"), ("letters.txt", "the suffix .txt"), ("empty", "empty")):
        assert evaluate(model, tmp_path / name) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line


def test_a_label_that_the_model_lacks_is_named(model, rows, tmp_path, capsys):
    save_npz(tmp_path / "x.npz", LetterSet(rows.data[:2], np.array(["A", "X"])))
    assert evaluate(model, tmp_path / "x.npz") == 1
    assert "label 'X' is not a class of the model; its classes are A, B, D, O" in capsys.readouterr().err


def test_unreadable_pictures_are_left_out_and_reported(few, model, tmp_path, capsys):
    shutil.copytree(few / "letters", tmp_path / "mine", ignore=shutil.ignore_patterns("*.csv"))
    for i in range(7):
        (tmp_path / "mine" / "A" / f"bad{i}.png").write_bytes(b"no picture")
    assert evaluate(model, tmp_path / "mine") == 1
    printed = capsys.readouterr()
    assert figure("letters", printed.out) == "120"
    _, first, *others, last = printed.err.splitlines()  # before them, a warning of training letters
    assert first == "error: 7 of 127 pictures could not be read and are left out of the figures:"
    assert len(others) == 5
    assert all("bad" in line for line in others)
    assert last == "error: and 2 more"


def test_data_without_a_readable_picture_are_an_error(model, tmp_path, capsys):
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "1.png").write_bytes(b"no picture")
    assert evaluate(model, tmp_path) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no letter can be read; the first: " in line


def test_a_missing_part_is_an_error(model, rows, tmp_path, capsys):
    save_npz(tmp_path / "x.npz", rows)
    assert evaluate(model, tmp_path / "x.npz", "--part", "test") == 1
    assert ": has no test part; leave out --part" in capsys.readouterr().err


FIGURES = {
    "letters": 1600,
    "accuracy": 0.8125,
    "macro_f1": 0.81,
    "log_loss": 0.5,
    "expected_calibration_error": 0.03,
    "per_class": {
        "A": {"support": 4, "correct": 4, "accuracy": 1.0},
        "B": {"support": 4, "correct": 3, "accuracy": 0.75},
        "D": {"support": 4, "correct": 2, "accuracy": 0.5},
    },
    "confused_pairs": [{"a": "D", "b": "O", "count": 2}, {"a": "B", "b": "D", "count": 1}],
}


def test_figures_are_printed_with_the_weakest_letters_first(capsys):
    print_figures(FIGURES)
    printed = capsys.readouterr().out
    assert re.search(r"^letters +1,600", printed)
    assert "D 50.0%  B 75.0%\n" in printed
    assert "D/O 2  B/D 1" in printed
    assert "81.25%" in printed
    assert "suspected" not in printed
    assert "per source" not in printed


def test_accuracy_is_printed_per_source_and_without_suspected_label_errors(capsys):
    per_source = {"brush": {"accuracy": 5 / 7}, "pen": {"accuracy": 0.875}}
    print_figures({**FIGURES, "accuracy_without_suspected_errors": 1.0, "per_source": per_source})
    printed = capsys.readouterr().out
    assert "brush 71.43%  pen 87.50%" in printed
    assert re.search(r"^accuracy without suspected label errors +100\.00%", printed, re.MULTILINE)


def test_without_errors_no_letter_is_called_weak(capsys):
    perfect = {label: {**row, "correct": row["support"]} for label, row in FIGURES["per_class"].items()}
    print_figures({**FIGURES, "per_class": perfect})
    assert "weakest" not in capsys.readouterr().out


def test_json_holds_all_figures(few, model, capsys):
    assert evaluate(model, few / "letters", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    trained = read_manifest(model)["metadata"]["figures"]
    assert found["in_training"] == 0
    assert found["accuracy"] == pytest.approx(trained["accuracy"])
    assert found["per_class"] == trained["per_class"]
    assert sum(row["count"] for row in found["reliability"]) == 40


def test_letters_of_the_training_part_give_a_warning(few, model, tmp_path, capsys):
    assert evaluate(model, few / "letters", "--part", "train", "--report", str(tmp_path / "r.html")) == 0
    assert "warning: the model was trained on 100.0% of these letters" in capsys.readouterr().err
    assert "Caution: the model was trained on 100.0% of these letters" in (tmp_path / "r.html").read_text()


def test_predictions_classes_and_report(few, model, tmp_path, capsys):
    table, page = tmp_path / "p.csv", tmp_path / "r.html"
    assert evaluate(model, few / "letters", "--predictions", str(table), "--report", str(page), "--per-class") == 0
    printed = capsys.readouterr().out
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 40
    wrong = [row for row in rows if row["label"] != row["prediction"]]
    assert float(figure("accuracy", printed)) == pytest.approx(100 * (1 - len(wrong) / 40), abs=0.01)
    for label in "ABDO":
        (line,) = (line.split() for line in printed.splitlines() if line.split()[:2] == [label, "10"])
        assert int(line[2]) == sum(row["label"] == label for row in wrong)
    text = page.read_text()
    for heading in ("Accuracy per class", "Confusions", "Reliability"):
        assert heading in text
    assert text.count("<figure>") == len(wrong)


def test_files_that_cannot_be_written_are_an_error_before_anything_is_read(few, model, tmp_path, capsys):
    assert evaluate(model, few / "letters", "--predictions", str(tmp_path / "none" / "p.csv")) == 1
    assert capsys.readouterr().out == ""
    same = str(tmp_path / "same.html")
    assert evaluate(model, few / "letters", "--predictions", same, "--report", same) == 2
    assert "--predictions and --report name the same file" in capsys.readouterr().err
