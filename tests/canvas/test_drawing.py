import json

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.canvas import Drawing, load_drawing, render, save_drawing
from ensemble_hwr.canvas._drawing import INK, PEN, Point, corner, strokes_file, zoom_to_fit
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import open_picture

LINE = (Point(100, 50, 0), Point(100, 150, 1))


def test_render_draws_strokes_on_paper_of_their_size():
    grey = render(Drawing((LINE,)))
    assert grey.shape == (132, 32)
    assert grey[66, 16] == INK
    assert grey[0].min() == grey[:, 0].min() == 255
    assert np.count_nonzero(grey[66] < 128) == pytest.approx(PEN, abs=1)


def test_render_with_zoom_enlarges_everything():
    grey = render(Drawing((LINE,)), zoom=2.0)
    assert grey.shape == (264, 64)
    assert np.count_nonzero(grey[132] < 128) == pytest.approx(2 * PEN, abs=1)
    assert render(Drawing(picture=np.zeros((10, 20), np.uint8)), zoom=1.5).shape == (15, 30)
    assert corner(Drawing((LINE,))) == (84, 34)


def test_render_draws_strokes_on_a_copy_of_the_picture():
    picture = np.full((160, 90), 200, np.uint8)  # the stroke is outside
    grey = render(Drawing(((Point(40, 20, 0),), LINE), picture))
    assert grey.shape == picture.shape
    assert grey[20, 40] == INK
    assert (picture == 200).all()


def test_extent_contains_picture_and_strokes():
    assert Drawing().extent == (0, 0)
    assert Drawing((LINE,), np.zeros((10, 300), np.uint8)).extent == (300, 150 + PEN)


def test_zoom_to_fit_reduces_large_drawings_and_enlarges_none():
    assert zoom_to_fit((100, 100), (200, 150), 2.0) == pytest.approx(1.5)
    assert zoom_to_fit((10, 10), (200, 200), 2.0) == 2.0
    assert zoom_to_fit((0, 0), (1, 1), 1.0) == 1.0


def test_from_arrays_adds_missing_times():
    drawing = Drawing.from_arrays([[(1, 2), (3, 4)], np.array([[5, 6, 7]])])
    assert drawing.strokes == (((1, 2, 0), (3, 4, 0)), ((5, 6, 7),))


DRAWING = Drawing(((Point(10, 20, 0), Point(30.25, 40, 0.5)), (Point(5, 5, 1),)))


def good(**changes):
    return {"format": "ensemble_hwr strokes", "version": 1, "text": "A", "strokes": [[[1, 2, 0]]], **changes}


def test_saved_strokes_are_loaded_unchanged(tmp_path):
    file = save_drawing(tmp_path / "word", DRAWING, "HI")
    assert file == tmp_path / "word.json"
    assert load_drawing(file).strokes == DRAWING.strokes
    assert json.loads(file.read_text())["text"] == "HI"
    assert open_picture(str(tmp_path / "word.png")).shape == (67, 58)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["word.json", "word.png"]


def test_a_failed_save_keeps_the_old_files(tmp_path):
    save_drawing(tmp_path / "word", DRAWING, "OLD")
    with pytest.raises(DataError, match="cannot be written"):
        save_drawing(tmp_path / "no folder" / "word", DRAWING, "NEW")
    assert json.loads((tmp_path / "word.json").read_text())["text"] == "OLD"


def test_an_interrupted_save_keeps_the_old_files(tmp_path, monkeypatch):
    save_drawing(tmp_path / "word", DRAWING, "OLD")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="No space left"):
        save_drawing(tmp_path / "word", DRAWING.with_stroke((Point(1, 1, 1),)), "NEW")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_strokes_file_keeps_dots_in_names(tmp_path):
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
        (good(version=2), "has version 2"),
        (good(strokes=[]), "at least one stroke"),
        (good(strokes={"a": 1}), "at least one stroke"),
        (good(strokes=[[[1, 2, 0]], []]), "stroke 1 must be"),
        (good(strokes=[[[1, 2]]]), "stroke 0 must be"),
        (good(strokes=[[[1, True, 0]]]), "stroke 0 must be"),
        (good(strokes=[[[1, 1e9, 0]]]), "stroke 0 must be"),
        (good(strokes=[[[1, float("nan"), 0]]]), "stroke 0 must be"),
        (good(strokes=[[[1, 1, float("inf")]]]), "stroke 0 must be"),
    ],
)
def test_invalid_files_raise(content, problem, tmp_path):
    file = tmp_path / "bad.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=rf"bad\.json: .*{problem}"):
        load_drawing(file)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"no\.json: cannot be read: No such file"):
        load_drawing(tmp_path / "no.json")
    with pytest.raises(PictureError, match=r"no\.png"):
        load_drawing(tmp_path / "no.png")


def test_light_ink_is_inverted_and_large_pictures_are_reduced(tmp_path):
    page = np.zeros((600, 4000), np.uint8)
    page[100:500, 1000:1100] = 255
    Image.fromarray(page).save(tmp_path / "page.png")
    picture = load_drawing(tmp_path / "page.png").picture
    assert picture.shape == (300, 2000)
    assert picture[0, 0] == 255
    assert picture[150, 525] == 0


def test_a_picture_without_ink_raises_with_its_path(tmp_path):
    file = tmp_path / "blank.png"
    Image.new("L", (50, 50), 255).save(file)
    with pytest.raises(PictureError) as refused:
        load_drawing(file)
    assert str(refused.value) == f"{str(file)!r}: it is all one colour; ink cannot be separated from paper"
