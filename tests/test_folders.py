"""Folders of pictures in parts: contents, continued runs, changes, ends of processes and workers."""

import csv
import gc
import json
import os
import shutil
import sys
from copy import copy
from pathlib import Path

import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ensemble_hwr import Lexicon, PageReader, WordReader, _workers, compose_words, generate_letters, load_model
from ensemble_hwr._writing import whole_files, writing_alone
from ensemble_hwr.exceptions import DataError, EnsembleHwrError, MissingExtraError, ModelError, PictureError
from ensemble_hwr.folders import JOURNAL, read_folders
from ensemble_hwr.reading.fields import FormReader
from ensemble_hwr.tuning import on_cluster


@pytest.fixture(scope="module")
def model():
    return load_model("az")


@pytest.fixture(scope="module")
def words():
    return WordReader().fit()


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """A folder with 21 letters in two folders, and a file that is no picture; relative to the present folder."""
    monkeypatch.chdir(tmp_path)
    letters = generate_letters(21, writers=1, random_state=0, format="pictures")
    for number, picture in enumerate(letters.data):
        file = Path("scans", "b" if number > 9 else "", f"{number:02d}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    Path("scans/b/10-broken.png").write_bytes(b"no picture")
    return "scans"


def table(folder="out"):
    """The rows of all parts, without the headers, as dicts."""
    rows = []
    for part in sorted(Path(folder).glob("part-*.csv")):
        with part.open(newline="", encoding="utf-8") as stream:
            rows += list(csv.DictReader(stream))
    return rows


def contents(folder="out"):
    return {file.name: file.read_bytes() for file in Path(folder).iterdir() if file.suffix != ".jsonl"}


def test_parts_hold_the_letters_of_the_model_in_order_and_the_errors(scans, model):
    found = read_folders(model, [scans], "out", part_size=8)
    rows = table()
    paths = [row["path"] for row in rows]
    assert paths == sorted(paths, key=lambda path: (path.startswith("scans/b"), path))
    assert sorted(contents()) == [f"part-00000{number}.csv" for number in range(3)]
    assert (found.n_pictures, found.n_errors, found.n_parts) == (22, 1, 3)
    (broken,) = (row for row in rows if row["error"])
    assert broken["path"] == "scans/b/10-broken.png"
    assert "not a picture" in broken["error"]
    assert broken["text"] == broken["probability"] == ""
    readable = [row for row in rows if not row["error"]]
    probabilities = model.predict_proba([row["path"] for row in readable])
    assert [row["text"] for row in readable] == model.predict([row["path"] for row in readable]).tolist()
    assert [float(row["probability"]) for row in readable] == pytest.approx(probabilities.max(axis=1), abs=1e-6)


class Stopped(BaseException):
    pass


def stop_after(n_files):
    def on_progress(progress):
        if progress.step == "reading" and progress.done >= n_files:
            raise Stopped

    return on_progress


def test_an_interrupted_run_continues_with_the_parts_that_are_missing(scans, model):
    read_folders(model, [scans], "whole", part_size=8)
    with pytest.raises(Stopped):
        read_folders(model, [scans], "out", part_size=8, on_progress=stop_after(16))
    assert sorted(contents()) == ["part-000000.csv", "part-000001.csv"]
    Path("out/part-000001.csv").write_bytes(b"half")  # as after the failure of a disk
    with Path("out", JOURNAL).open("ab") as stream:
        stream.write(b'{"part": 2, "by')  # as after the failure of power
    times = Path("out/part-000000.csv").stat().st_mtime_ns
    events = []
    found = read_folders(model, [scans], "out", part_size=8, on_progress=events.append)
    assert (found.n_finished_before, found.n_parts, found.n_pictures, found.n_errors) == (1, 3, 22, 1)
    assert Path("out/part-000000.csv").stat().st_mtime_ns == times
    assert contents() == contents("whole")
    assert [event.done for event in events if event.step == "reading"] == [8, 16, 22]  # before workers start, too
    again = read_folders(model, [scans], "out", part_size=8)
    assert (again.n_finished_before, again.n_pictures, again.n_errors) == (3, 22, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: Path("scans/03.png").unlink(), r"22 files then, 21 now, first in part 0, which begins with 'scans/00"),
        (lambda: os.utime("scans/b/12.png", (1, 1)), r"22 files then, 22 now, first in part 1"),
        (lambda: shutil.copy("scans/03.png", "scans/c.png"), r"22 files then, 23 now"),
    ],
    ids=["removed", "written", "added"],
)
def test_changed_pictures_are_refused(scans, model, change, message):
    read_folders(model, [scans], "out", part_size=8)
    before = contents()
    change()
    with pytest.raises(DataError, match=message):
        read_folders(model, [scans], "out", part_size=8)
    assert contents() == before


def with_timeout(model, seconds):
    """A copy of a model of letters in pictures."""
    normalizer = clone(model[0]).set_params(timeout=seconds, n_jobs=2)
    return Pipeline([("normalizer", normalizer), *model.steps[1:]])


def test_another_model_or_other_options_are_refused(scans, model, words):
    read_folders(model, [scans], "out", n_jobs=1, max_pages=9)
    for reader, options, difference in (
        (load_model("mixed"), {}, "model"),
        (load_model("az", alphabet="A-M"), {}, "alphabet: None then, 'A-M' now"),
        (with_timeout(model, 20), {}, "timeout: 10.0 then, 20 now"),
        (model, {"part_size": 3}, "part_size: 1000 then, 3 now"),
        (model, {"format": "json"}, "format: 'csv' then, 'json' now"),
        (model, {"min_confidence": 0.5, "max_pages": 8}, "max_pages: 9 then, 8 now; min_confidence: 0.0 then, 0.5 now"),
        (model, {"pages": "1"}, "pages"),
        (words, {}, "reader: 'Pipeline' then, 'WordReader' now"),
    ):
        with pytest.raises(DataError, match=rf"other settings \({difference}\); give another output folder"):
            read_folders(reader, [scans], "out", **{"max_pages": 9} | options)
    read_folders(with_timeout(load_model("az"), 10), [scans], "out", n_jobs=2, max_pages=9, min_confidence=0)


def test_other_readers_are_refused_by_what_differs(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (90, 30), 255).save("1.png")
    fields = [{"name": "all", "box": (0, 0, 90, 30)}]
    pages, form, expecting = PageReader(words).fit(), FormReader(fields, words), copy(words)
    expecting.expect(Lexicon(["TEA"]))
    for first, other, difference in (
        (words, WordReader(load_model("az")).fit(), "model"),
        (words, WordReader(lexicon=["TEA"]).fit(), "lexicon"),
        (words, expecting, "lexicon"),
        (words, WordReader(case="upper").fit(), "case: 'as_written' then, 'upper' now"),
        (pages, PageReader(words, timeout=20).fit(), "timeout: 10.0 then, 20 now"),
        (pages, PageReader(WordReader(alphabet="A-Z")).fit(), "alphabet: None then, 'A-Z' now"),
        (form, FormReader([fields[0] | {"name": "one"}], words), "fields"),
        (form, FormReader(fields, WordReader(timeout=20).fit()), "timeout: 10.0 then, 20 now"),
    ):
        read_folders(first, ["1.png"], "out")
        with pytest.raises(DataError, match=rf"other settings \({difference}\); give another output folder"):
            read_folders(other, ["1.png"], "out")
        read_folders(clone(first).fit() if hasattr(first, "fit") else FormReader(fields, words), ["1.png"], "out")
        shutil.rmtree("out")


def test_a_changed_file_of_words_of_a_form_is_refused(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (90, 30), 255).save("1.png")

    def read(text):
        Path("words.txt").write_text(text)
        form = FormReader([{"name": "all", "box": (0, 0, 90, 30), "lexicon": Path("words.txt")}], words)
        return read_folders(form, ["1.png"], "out").n_finished_before

    assert [read("TEA"), read("TEA")] == [0, 1]
    with pytest.raises(DataError, match=r"other settings \(fields\)"):
        read("TEN")


def test_a_folder_with_other_parts_or_a_damaged_journal_is_refused(scans, model):
    Path("out").mkdir()
    Path("out/part-000007.csv").write_text("mine")
    advice = "remove (its|the) folder, or give another one$"  # without one of the two files, the other is refused
    with pytest.raises(DataError, match=f"holds parts of another run, without a journal; {advice}"):
        read_folders(model, [scans], "out")
    for damaged in ("[]", '{"journal": 1}', '{"journal": 1, "settings": 3}'):
        Path("out", JOURNAL).write_text(f"{damaged}\n")
        with pytest.raises(DataError, match=f"is damaged, or another file; {advice}"):
            read_folders(model, [scans], "out")
    Path("out", JOURNAL).write_text('{"journal": 99}\n')
    with pytest.raises(DataError, match="of another version"):
        read_folders(model, [scans], "out")


def test_pictures_that_change_during_the_run_end_it(scans, model):
    def on_progress(progress):
        if progress.step == "reading" and progress.done:
            Path("scans/b/20.png").unlink(missing_ok=True)

    with pytest.raises(DataError, match="changed while they were read, at part 2"):
        read_folders(model, [scans], "out", part_size=8, on_progress=on_progress)
    assert len(contents()) == 2


def test_paths_that_stand_for_no_picture(scans, model):
    Path("empty").mkdir()
    errors = []
    found = read_folders(model, ["scans/0*.png", "none.png", "empty"], "out", on_error=errors.append)
    assert (found.n_pictures, found.n_errors, errors) == (11, 1, [])
    assert "no such file" in table()[-1]["error"]
    with pytest.raises(DataError, match="there is no picture to read"):
        read_folders(model, ["empty"], "other")
    with pytest.raises(DataError, match="format must be one of"):
        read_folders(model, [scans], "other", format="text")
    for size in (0, "x", 2.5, 10**30):
        with pytest.raises(DataError, match="part_size must be an integer from 1 to 1,000,000, got"):
            read_folders(model, [scans], "other", part_size=size)
    for paths in ("scans", Path("scans"), []):
        with pytest.raises(DataError, match="paths must be a list of one or more folders or pictures, got"):
            read_folders(model, paths, "other")
    with pytest.raises(DataError, match="min_confidence must be a number from 0 to 1, got nan"):
        read_folders(model, [scans], "other", min_confidence=float("nan"))
    with pytest.raises(ModelError, match="does not read pictures"):
        read_folders(model[-1], [scans], "other")


def test_words_pages_and_fields(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    letters = generate_letters(260, writers=5, random_state=0)
    composed = compose_words(letters, ["ROME\nOSLO BERN"], gap=0.2, random_state=0)
    Image.fromarray(composed[0].picture).save("1.png")
    height, width = composed[0].picture.shape
    page = PageReader(words).fit()
    form = FormReader([{"name": "all", "box": (0, 0, width, height)}], words)
    for reader, place in ((page, "line"), (form, "field"), (words, "line")):
        assert read_folders(reader, ["1.png"], place).n_pictures == 1
        places = [row[place] for row in table(place)]
        assert places == {page: ["1", "2", "2"], form: ["all"], words: ["1"]}[reader]
        shutil.rmtree(place)
    assert read_folders(page, ["1.png"], "json", format="json").n_errors == 0
    (line,) = Path("json/part-000000.json").read_text(encoding="utf-8").splitlines()
    assert len(json.loads(line)["lines"]) == 2


def test_parquet_has_the_columns_of_csv_with_types(scans, model):
    parquet = pytest.importorskip("pyarrow.parquet")
    Path(os.fsdecode(b"scans/\xff.png")).write_bytes(b"")
    read_folders(model, [scans], "out", part_size=30)
    read_folders(model, [scans], "typed", part_size=30, format="parquet")
    (rows,) = (parquet.read_table(file).to_pylist() for file in Path("typed").glob("*.parquet"))
    assert [(row["text"], row["page"]) for row in rows] == [(row["text"], int(row["page"])) for row in table()]
    for typed, row in zip(rows, table(), strict=True):
        assert typed["probability"] == (pytest.approx(float(row["probability"])) if row["probability"] else None)


def test_a_folder_of_parquet_is_one_table(scans, model):
    parquet = pytest.importorskip("pyarrow.parquet")
    dataset = pytest.importorskip("pyarrow.dataset")
    read_folders(model, [scans], "out", part_size=8, format="parquet")
    with writing_alone(Path("out", JOURNAL)), whole_files(Path("out/part-000009.parquet")):
        assert len(os.listdir("out")) == 6  # three parts, the journal, a lock and an incomplete part
        assert parquet.read_table("out").num_rows == dataset.dataset("out").count_rows() == 22


def test_parquet_without_pyarrow_names_the_extra(scans, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"ensemble_hwr\[parquet\]"):
        read_folders(model, [scans], "out", format="parquet")
    assert not Path("out").exists()


def test_a_picture_that_ends_its_process_is_a_row_and_the_rest_is_read(scans, model, monkeypatch):
    def ending(work, items, *, split, name, **_):
        for item in (part for files in items for part in split(files)):
            ended = item.paths == ["scans/05.png"]
            yield item, PictureError(f"{name(item)}: the process that read it ended") if ended else work(item)

    monkeypatch.setattr(_workers, "map_in_order", ending)
    found = read_folders(model, [scans], "out", part_size=8)
    rows = table()
    assert [row["path"] for row in rows if row["error"]] == ["scans/05.png", "scans/b/10-broken.png"]
    assert rows[5]["error"] == "'scans/05.png': the process that read it ended"
    assert (found.n_pictures, found.n_errors, found.n_parts) == (22, 2, 3)


@pytest.mark.filterwarnings("ignore")  # distributed warns of its own closing
def test_a_killed_worker_of_a_cluster_changes_no_result(scans, model, start_dask):
    address, workers = start_dask(3)

    def kill_one(progress):
        if progress.step == "reading" and progress.done and workers[0].poll() is None:
            workers[0].kill()
            workers[0].wait()

    with on_cluster(address):
        found = read_folders(model, [scans], "out", part_size=4, n_jobs=-1, on_progress=kill_one)
        assert workers[0].poll() is not None
    gc.collect()  # connections that the client left open, of which a later test would be warned
    read_folders(model, [scans], "here", part_size=4)
    assert contents() == contents("here")
    assert (found.n_parts, found.n_errors) == (6, 1)


def test_files_that_a_worker_lacks_end_the_run(scans, model, monkeypatch):
    """Of a folder that a machine has not mounted, all pictures would be errors."""
    monkeypatch.setattr("ensemble_hwr._parts.ReadFiles.__call__", elsewhere(monkeypatch))
    with pytest.raises(EnsembleHwrError, match=r"'scans/00.png': exists on this machine, but not on the worker far"):
        read_folders(model, [scans], "out")


def elsewhere(monkeypatch):
    """Return the work of a machine that has no file."""
    from ensemble_hwr._parts import ReadFiles

    work = ReadFiles.__call__

    def call(self, files):
        with monkeypatch.context() as patch:
            patch.setattr("ensemble_hwr._parts.gethostname", lambda: "far")
            patch.setattr(os.path, "lexists", lambda path: False)
            return work(self, files)

    return call
