import json
import os

import pytest

from ensemble_hwr.evaluation import _write
from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._write import write_report


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


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_report_and_no_rest(comparison, tmp_path, monkeypatch, error):
    (tmp_path / "report.json").write_text("old")

    def fail(source, target):
        raise error

    monkeypatch.setattr(_write.os, "replace", fail)
    with pytest.raises(type(error)):
        write_report(comparison, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "old"


def test_the_report_is_as_readable_as_any_new_file(comparison, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    json_path, _ = write_report(comparison, tmp_path)
    assert os.stat(json_path).st_mode == os.stat(plain).st_mode
