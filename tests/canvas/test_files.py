import json

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.canvas import Drawing, Point, load_drawing, save_drawing
from ensemble_hwr.canvas._files import strokes_file
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import open_picture

DRAWING = Drawing(((Point(10, 20, 0), Point(30.25, 40, 0.5)), (Point(5, 5, 1),)))


def good(**changes):
    return {"format": "ensemble_hwr strokes", "version": 1, "text": "A", "strokes": [[[1, 2, 0]]], **changes}


def test_strokes_come_back_as_they_were(tmp_path):
    file = save_drawing(tmp_path / "word", DRAWING, "HI")
    assert file == tmp_path / "word.json"
    assert load_drawing(file).strokes == DRAWING.strokes
    assert json.loads(file.read_text())["text"] == "HI"
    assert open_picture(str(tmp_path / "word.png")).shape == (67, 58)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["word.json", "word.png"]


def test_a_file_that_cannot_be_written_leaves_the_old_ones(tmp_path):
    save_drawing(tmp_path / "word", DRAWING, "OLD")
    with pytest.raises(DataError, match="cannot be written"):
        save_drawing(tmp_path / "no folder" / "word", DRAWING, "NEW")
    assert json.loads((tmp_path / "word.json").read_text())["text"] == "OLD"


def test_a_write_that_breaks_off_changes_nothing(tmp_path, monkeypatch):
    save_drawing(tmp_path / "word", DRAWING, "OLD")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="No space left"):
        save_drawing(tmp_path / "word", DRAWING.with_stroke((Point(1, 1, 1),)), "NEW")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_dots_in_names_are_kept(tmp_path):
    assert strokes_file(tmp_path / "word.v2").name == "word.v2.json"
    assert strokes_file(tmp_path / "word.JSON").name == "word.JSON"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("\udcff", "is not JSON"),
        ([], "holds no strokes"),
        ({"strokes": []}, "holds no strokes"),
        (good(version=2), "is of version 2"),
        (good(strokes=[]), "one or more strokes"),
        (good(strokes={"a": 1}), "one or more strokes"),
        (good(strokes=[[[1, 2, 0]], []]), "stroke 1 must be"),
        (good(strokes=[[[1, 2]]]), "stroke 0 must be"),
        (good(strokes=[[[1, True, 0]]]), "stroke 0 must be"),
        (good(strokes=[[[1, 1e9, 0]]]), "stroke 0 must be"),
        (good(strokes=[[[1, float("nan"), 0]]]), "stroke 0 must be"),
        (good(strokes=[[[1, 1, float("inf")]]]), "stroke 0 must be"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(content, problem, tmp_path):
    file = tmp_path / "bad.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=rf"bad\.json: .*{problem}"):
        load_drawing(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no\.json: cannot be read: No such file"):
        load_drawing(tmp_path / "no.json")
    with pytest.raises(PictureError, match=r"no\.png"):
        load_drawing(tmp_path / "no.png")


def test_light_ink_on_dark_paper_is_turned_and_large_pictures_made_smaller(tmp_path):
    page = np.zeros((600, 4000), np.uint8)
    page[100:500, 1000:1100] = 255
    Image.fromarray(page).save(tmp_path / "page.png")
    picture = load_drawing(tmp_path / "page.png").picture
    assert picture.shape == (300, 2000)
    assert picture[0, 0] == 255
    assert picture[150, 525] == 0


def test_a_picture_without_ink_is_refused_by_its_name_alone(tmp_path):
    file = tmp_path / "blank.png"
    Image.new("L", (50, 50), 255).save(file)
    with pytest.raises(PictureError) as refused:
        load_drawing(file)
    assert str(refused.value) == f"{str(file)!r}: it is all one colour; ink cannot be separated from paper"
