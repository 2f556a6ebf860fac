import json
import os
from dataclasses import replace

import numpy as np
import pytest

from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._write import mistakes_by_picture, write_report
from ensemble_hwr.evaluation.results import Comparison, Run
from ensemble_hwr.exceptions import DataError


def test_both_files_are_written_and_nothing_else(comparison, tmp_path):
    folder = tmp_path / "new" / "folder"
    json_path, html_path = write_report(comparison, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    assert json.loads(json_path.read_text("utf-8")) == summarise(comparison)
    assert html_path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_given_summary_is_used(comparison, tmp_path):
    summary = summarise(comparison, reference="flat")
    json_path, _ = write_report(comparison, tmp_path, summary=summary)
    assert json.loads(json_path.read_text("utf-8"))["reference"] == "flat"


def test_an_older_report_is_replaced(comparison, tmp_path):
    (tmp_path / "report.json").write_text("old")
    write_report(comparison, tmp_path)
    assert (tmp_path / "report.json").read_text("utf-8").startswith("{")


@pytest.mark.parametrize(
    ("error", "raised"), [(OSError("disk full"), DataError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_a_failed_write_leaves_the_old_report_and_no_temporary_files(comparison, tmp_path, monkeypatch, error, raised):
    (tmp_path / "report.json").write_text("old")

    def fail(source, target):
        raise error

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(raised):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def test_the_report_has_the_default_file_mode(comparison, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    json_path, _ = write_report(comparison, tmp_path)
    assert os.stat(json_path).st_mode == os.stat(plain).st_mode


def test_a_full_disk_leaves_both_old_files(comparison, tmp_path, monkeypatch):
    (tmp_path / "report.json").write_text("old")
    monkeypatch.setattr(os, "fsync", full_at_the_page([]))
    with pytest.raises(DataError, match="the report cannot be written"):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def full_at_the_page(before):
    def sync(_):
        if before:
            raise OSError(28, "No space left on device")
        before.append("the figures")

    return sync


def test_a_folder_that_is_a_file_is_an_error(comparison, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file: the report cannot be written \(File exists\)"):
        write_report(comparison, tmp_path / "file")


def test_labels_from_undecodable_names_are_escaped(comparison, tmp_path):
    odd = {"\udcff" if label == comparison.classes[0] else label: label for label in comparison.classes.tolist()}
    back = {label: name for name, label in odd.items()}
    named = replace(comparison, y=np.array([back[label] for label in comparison.y.tolist()]))
    _, page = write_report(named, tmp_path)
    assert "\\udcff" in page.read_text("utf-8")


def test_each_misclassified_sample_is_listed_once_with_all_contenders(comparison):
    mistakes = mistakes_by_picture(comparison, "flat")
    assert len({row["sample"] for row in mistakes}) == len(mistakes)
    wrong = [sum(not reading["correct"] for reading in row["readings"]) for row in mistakes]
    assert wrong == sorted(wrong, reverse=True)
    assert min(wrong) > 0
    for row in mistakes:
        assert [reading["name"] for reading in row["readings"]] == ["flat", "baseline", "hierarchical"]
        assert all((reading["predicted"] == row["true"]) == reading["correct"] for reading in row["readings"])
        assert row["suspect"] == comparison.suspect[row["sample"]]


def run(name, seed, test, *rows):
    return Run(name, seed, np.array(test), np.array(rows), 1.0, 1.0, 1)


def test_predictions_of_a_picture_are_from_the_mean_over_the_seeds_that_test_it():
    runs = (
        run("flat", 0, [2, 0], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]),
        run("flat", 1, [2, 1], [0.9, 0.1, 0.0], [0.6, 0.4, 0.0]),
    )
    rows = np.linspace(0, 1, 3 * 16, dtype=np.float32).reshape(3, 16)
    found = mistakes_by_picture(Comparison(runs, np.array(list("ABC")), rows), "flat")
    assert [(row["sample"], row["true"], row["readings"][0]["predicted"]) for row in found] == [
        (1, "B", "A"),
        (2, "C", "A"),
    ]
    assert [row["readings"][0]["probability"] for row in found] == pytest.approx([0.6, 0.5])


def test_the_report_groups_mistakes_and_shows_training_samples(build, tmp_path):
    found = build({"flat": 0.2, "hierarchical": 0.1})
    _, plain = write_report(found, tmp_path / "plain")
    assert "Training samples" not in plain.read_text("utf-8")
    _, page = write_report(replace(found, train=np.arange(100)), tmp_path / "trained")
    text = page.read_text("utf-8")
    assert text.count('alt="Training sample of D"') == 4
    assert "Wrong by all contenders" in text
    assert "Correct by hierarchical, wrong by others" in text


def test_a_report_without_mistakes_has_no_section_of_errors(build, tmp_path):
    _, page = write_report(build({"flat": -1.0, "hierarchical": -1.0}), tmp_path)
    assert "Errors by picture" not in page.read_text("utf-8")
