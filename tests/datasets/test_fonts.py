import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import ImageFont

from ensemble_hwr.datasets import _fonts, load_fonts
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.preprocessing import LetterNormalizer

SANS = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
ALL = _fonts.LETTERS_AND_DIGITS


@pytest.fixture
def folder(tmp_path):
    """A folder with two styles of one family, and another family in a subfolder."""
    (tmp_path / "other").mkdir()
    for name, place in (("DejaVuSans", "."), ("DejaVuSans-Bold", "."), ("DejaVuSerif", "other")):
        shutil.copy(SANS.with_name(f"{name}.ttf"), tmp_path / place)
    (tmp_path / "LICENSE.txt").write_text("free")
    return tmp_path


def test_each_typeface_is_a_writer(folder):
    letters = load_fonts(folder)
    assert len(letters) == 3 * 62
    assert dict(zip(*np.unique(letters.writer, return_counts=True), strict=True)) == {
        "DejaVu Sans": 2 * 62,
        "DejaVu Serif": 62,
    }
    assert set(letters.counts().values()) == {3}
    assert set(letters.source) == {"fonts"}
    assert letters.name == "fonts"


def test_letters_are_black_on_white_with_a_margin():
    for picture in load_fonts(SANS, "Mgij.,!", size=40).data:
        assert picture.dtype == np.uint8
        inner = picture[10:-10, 10:-10]
        assert (np.pad(inner, 10, constant_values=255) == picture).all()
        assert picture.min() == 0
        assert max(picture.shape) < 80


def test_the_letters_are_readable_pictures():
    letters = load_fonts(SANS, "HIO")
    rows = letters.to_rows(LetterNormalizer(dots=True)).reshape(-1, 28, 28)
    stem = rows[1]
    assert stem.max(axis=1).sum() > 2 * stem.max(axis=0).sum()
    assert rows[2, 14, 14] < 0.1 < rows[0, 14, 14]


def test_the_dots_are_rendered():
    picture = load_fonts(SANS, "i").data[0]
    inked = (picture < 128).any(axis=1)
    assert np.flatnonzero(np.diff(inked.astype(int)) == 1).size == 2


def test_a_class_without_a_glyph_is_left_out():
    assert load_fonts(SANS, ["A", "\u4e2d", " ", "B"]).target.tolist() == ["A", "B"]
    with pytest.raises(DataError, match="no typeface in it has any of the classes"):
        load_fonts(SANS, "\u4e2d")


def test_small_letters_drawn_as_capitals_are_left_out(monkeypatch):
    real = ImageFont.FreeTypeFont.getbbox
    monkeypatch.setattr(
        ImageFont.FreeTypeFont, "getbbox", lambda font, text, **options: real(font, text.upper(), **options)
    )
    assert "".join(load_fonts(SANS).target) == "".join(letter for letter in ALL if not letter.islower())


@pytest.mark.parametrize(
    ("classes", "size", "message"),
    [
        ("", 64, "classes is ''"),
        ("ABA", 64, "different single characters"),
        (["A", "bc"], 64, "different single characters"),
        ("A\n", 64, "different single characters"),
        ([1], 64, "different single characters"),
        ("A", 7, "size is 7"),
        ("A", 2000, "size is 2000"),
        ("A", 20.0, "size is 20.0"),
        ("A", True, "size is True"),
    ],
)
def test_parameters_that_are_not_allowed(classes, size, message):
    with pytest.raises(DataError, match=message):
        load_fonts(SANS, classes, size=size)


def test_missing_and_damaged_files_are_reported(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="there is no such file or folder"):
        load_fonts(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no font file in it"):
        load_fonts(tmp_path)
    (tmp_path / "x.ttf").write_bytes(SANS.read_bytes()[:300])
    with pytest.raises(DataError, match=r"x\.ttf: cannot be read as a font file"):
        load_fonts(tmp_path)
    monkeypatch.setattr(_fonts, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="too large for a font file"):
        load_fonts(tmp_path)
