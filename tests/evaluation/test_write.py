import json
import os
from dataclasses import replace

import numpy as np
import pytest

from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._write import write_report
from ensemble_hwr.exceptions import DataError


def test_both_files_are_written_and_nothing_else(comparison, tmp_path):
    folder = tmp_path / "new" / "folder"
    json_path, html_path = write_report(comparison, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
    assert json.loads(json_path.read_text("utf-8")) == summarise(comparison)
    assert html_path.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_summary_at_hand_is_used(comparison, tmp_path):
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
def test_a_write_that_fails_leaves_the_old_report_and_no_rest(comparison, tmp_path, monkeypatch, error, raised):
    (tmp_path / "report.json").write_text("old")

    def fail(source, target):
        raise error

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(raised):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def test_the_report_is_as_readable_as_any_new_file(comparison, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    json_path, _ = write_report(comparison, tmp_path)
    assert os.stat(json_path).st_mode == os.stat(plain).st_mode


def test_a_page_that_does_not_fit_on_the_disk_leaves_the_old_figures_too(comparison, tmp_path, monkeypatch):
    (tmp_path / "report.json").write_text("old")
    monkeypatch.setattr(os, "fsync", full_at_the_page([]))
    with pytest.raises(DataError, match="cannot be written there"):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def full_at_the_page(before):
    def sync(_):
        if before:
            raise OSError(28, "No space left on device")
        before.append("the figures")

    return sync


def test_a_folder_that_is_a_file_is_named(comparison, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file: the report cannot be written there \(File exists\)"):
        write_report(comparison, tmp_path / "file")


def test_labels_from_undecodable_names_do_not_cost_the_report(comparison, tmp_path):
    odd = {"\udcff" if label == comparison.classes[0] else label: label for label in comparison.classes.tolist()}
    back = {label: name for name, label in odd.items()}
    named = replace(comparison, y=np.array([back[label] for label in comparison.y.tolist()]))
    _, page = write_report(named, tmp_path)
    assert "\\udcff" in page.read_text("utf-8")
