"""Sheets to print and fill: layout, photographs from any side, and sheets that cannot be used."""

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import generate_letters, load_model
from ensemble_hwr.adaptation.letters import WriterLetters, collect_letters, readable_letters
from ensemble_hwr.adaptation.sheets import COLUMNS, ROWS, cut_sheet, layout, make_sheet
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import to_ink

LETTERS = "ABCDEFGH"
PIXELS = 300 / 25.4  # per millimetre of a written sheet


def filled(file, copies=2, seed=3):
    """A sheet with a generated letter in each cell, as an array."""
    sheet = np.array(Image.open(file).convert("L"))
    letters = generate_letters(
        len(LETTERS) * copies, letters=LETTERS, writers=1, random_state=seed, format="pictures", size=(80, 110)
    )
    waiting = {label: [place for place in range(len(letters)) if letters.target[place] == label] for label in LETTERS}
    for cell in layout(LETTERS, copies):
        ink = to_ink(letters.data[waiting[cell.label].pop()])
        top = round((cell.top + 7.5) * PIXELS - ink.shape[0] / 2)
        left = round((cell.left + 7.5) * PIXELS - ink.shape[1] / 2)
        part = sheet[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.minimum(part, (255 - 210 * ink).astype(np.uint8), out=part)
    return sheet


def photograph(sheet, quarter_turns):
    """The sheet on a darker desk, seen at an angle in uneven light."""
    paper = Image.fromarray(sheet).resize((827, 1170), Image.Resampling.LANCZOS)
    corners = [(110, 130), (1010, 90), (1050, 1420), (60, 1380)]
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (827, 0), (827, 1170), (0, 1170)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    coefficients = np.linalg.solve(np.array(rows, float), np.array(values, float))
    seen = paper.transform(
        (1130, 1500), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC, fillcolor=90
    )
    light = np.linspace(0.6, 0.95, 1130)
    noise = np.random.default_rng(0).normal(0, 4, (1500, 1130))
    return np.rot90(np.clip(np.asarray(seen) * light + noise, 0, 255).astype(np.uint8), quarter_turns)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    return make_sheet(tmp_path_factory.mktemp("sheets") / "sheet.png", LETTERS, copies=2)


def test_the_letters_of_a_scan_are_at_their_places(sheet):
    found = cut_sheet(filled(sheet), LETTERS)
    assert found.labels == [label for label in LETTERS for _ in range(2)]
    assert found.n_empty == 0
    assert (load_model("az").predict(found.pictures) == found.labels).mean() > 0.9


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_photograph_may_be_turned_and_seen_at_an_angle(sheet, quarter_turns):
    found = cut_sheet(photograph(filled(sheet), quarter_turns), LETTERS)
    assert found.labels == [label for label in LETTERS for _ in range(2)]
    assert (load_model("az").predict(found.pictures) == found.labels).mean() > 0.9


def test_empty_cells_are_left_out(sheet):
    page = filled(sheet)
    first = next(iter(layout(LETTERS, 2)))
    top, left = (round((edge + 1) * PIXELS) for edge in (first.top, first.left))
    page[top : top + 150, left : left + 150] = 255
    found = cut_sheet(page, LETTERS)
    assert found.n_empty == 1
    assert found.labels.count("A") == 1


def test_a_long_alphabet_has_several_pages(tmp_path):
    labels = [chr(code) for code in range(33, 33 + 94)]
    file = make_sheet(tmp_path / "sheet.pdf", labels)
    assert file.stat().st_size < 1_000_000
    cells = list(layout(labels, 3))
    assert cells[-1].page == (94 * 3 - 1) // (COLUMNS * ROWS)
    with pytest.raises(DataError, match=r"282 cells need 3 pages; give a file that ends with \.pdf"):
        make_sheet(tmp_path / "sheet.png", labels)


def test_pages_of_a_pdf_are_cut_in_turn(tmp_path):
    pytest.importorskip("pypdfium2")
    labels = [chr(code) for code in range(33, 33 + 50)]
    file = make_sheet(tmp_path / "sheet.pdf", labels)
    letters = collect_letters([file], labels)
    assert len(letters) == 0
    assert not letters.failures


def test_a_sheet_for_other_characters_is_refused(sheet):
    with pytest.raises(DataError, match="the sheet is for 8 characters, but 3 are expected: XYZ"):
        cut_sheet(sheet, "XYZ")


def test_a_picture_without_the_marks_is_refused(sheet):
    page = filled(sheet)
    page[:250, :250] = 255
    with pytest.raises(PictureError, match="the four square marks in the corners of the sheet were not found"):
        cut_sheet(page, LETTERS)


@pytest.mark.parametrize(("labels", "copies"), [("", 3), ("AB", 0), ("AB", 16), (["A"] * 256, 1), (["A"] * 255, 15)])
def test_a_sheet_must_have_cells_and_not_too_many(labels, copies, tmp_path):
    with pytest.raises(DataError):
        make_sheet(tmp_path / "sheet.pdf", labels, copies=copies)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        make_sheet(tmp_path / "missing" / "sheet.pdf", "AB")


def test_letters_of_folders_and_sheets_are_collected(sheet, tmp_path):
    letters = generate_letters(4, letters="AB", writers=1, random_state=0, format="pictures")
    for place, (picture, label) in enumerate(zip(letters.data, letters.target, strict=True)):
        (tmp_path / "mine" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "mine" / label / f"{place}.png")
    Image.fromarray(filled(sheet)).save(tmp_path / "filled.png")
    found = collect_letters([tmp_path / "mine", tmp_path / "filled.png"], LETTERS)
    assert len(found) == 4 + 16
    assert len(readable_letters(load_model("az"), found)) == 20


def test_letters_that_cannot_be_read_are_left_out_and_reported():
    letters = generate_letters(2, letters="AB", writers=1, random_state=0, format="pictures")
    blank = np.full((30, 30), 255, np.uint8)
    found = readable_letters(load_model("az"), WriterLetters([*letters.data, blank], ["A", "B", "C"]))
    assert found.labels == ["A", "B"]
    assert len(found.failures) == 1
    with pytest.raises(DataError, match="no letter can be read"):
        readable_letters(load_model("az"), WriterLetters([blank], ["A"]))
    with pytest.raises(DataError, match="there are no letters to adapt to"):
        readable_letters(load_model("az"), WriterLetters())
