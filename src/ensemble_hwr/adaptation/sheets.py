"""Sheets to print and fill with letters, and the letters in photographs or scans of filled sheets.

A sheet is an A4 page of cells with a mark in each corner. The marks give the perspective of a photograph, so the place
of every cell is known. A row of small squares holds the number of the page and of the cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from ensemble_hwr._typing import Ink, PathLike
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture, to_ink
from ensemble_hwr.images.sources import describe

COPIES = 3
"""Cells for each label."""

WIDTH, HEIGHT = 210.0, 297.0  # millimetres; so are all lengths of the layout
COLUMNS, ROWS = 10, 12  # cells of a page
_CELL, _PITCH_X, _PITCH_Y = 15.0, 17.0, 20.0
_LEFT, _TOP = 21.0, 40.0  # of the first cell
_MARK, _MARGIN = 7.0, 10.0  # side of a corner mark, and distance of its centre from the edges of the page
_BIT, _BITS_LEFT, _BITS_TOP = 3.0, 60.0, 8.5  # row of squares
_FIELDS = (4, 4, 8)  # bits of page, copies and number of labels
_INSET = 1.4  # between the line of a cell and what is read
_SCALE = 8  # pixels per millimetre of a rectified sheet
_PRINT_SCALE = 300 / 25.4  # pixels per millimetre of a printed sheet
_BLANK = 0.004  # share of a cell: less ink is an empty cell
_CENTRES = ((_MARGIN, _MARGIN), (WIDTH - _MARGIN, _MARGIN), (WIDTH - _MARGIN, HEIGHT - _MARGIN),
            (_MARGIN, HEIGHT - _MARGIN))  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A cell of a sheet.

    Attributes
    ----------
    label : str
    page : int
        From 0.
    left, top : float
        Position in millimetres.
    """

    label: str
    page: int
    left: float
    top: float


@dataclass(frozen=True)
class SheetLetters:
    """Letters of a filled sheet.

    Attributes
    ----------
    pictures : list of ndarray of float32, shape (height, width)
        Ink of each filled cell.
    labels : list of str
        Label of each filled cell.
    n_empty : int
        Number of cells of the page without ink.
    page : int
        Number of the page, from 0.
    """

    pictures: list[Ink]
    labels: list[str]
    n_empty: int
    page: int


def make_sheet(file: PathLike, labels: Sequence[str], *, copies: int = COPIES) -> Path:
    """Write a sheet with cells for each label, to print on A4.

    Parameters
    ----------
    file : path
        A ``.pdf``; also ``.png`` and other formats of Pillow if one page is enough.
    labels : sequence of str
        At most 255, such as the classes of a model.
    copies : int, default=3
        Cells for each label, from 1 to 15.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If there are no labels or too many of them or of copies, or the file cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from ensemble_hwr.adaptation.sheets import cut_sheet, make_sheet
    >>> with TemporaryDirectory() as folder:
    ...     file = make_sheet(Path(folder, "sheet.png"), "ABC")
    ...     cut_sheet(file, "ABC").n_empty
    9
    """
    target = Path(file)
    cells = list(layout(labels, copies))
    pages = [draw_page(cells, number, copies, len(labels)) for number in range(cells[-1].page + 1)]
    options: dict[str, Any] = {"save_all": True, "append_images": pages[1:]} if target.suffix.lower() == ".pdf" else {}
    if len(pages) > 1 and not options:
        raise DataError(f"{target}: {len(cells)} cells need {len(pages)} pages; give a file that ends with .pdf")
    try:
        pages[0].save(target, resolution=25.4 * _PRINT_SCALE, **options)
    except (OSError, ValueError) as error:
        raise DataError(f"{target}: cannot be written: {error}; give a file that ends with .pdf or .png") from None
    return target


def cut_sheet(picture: Picture, labels: Sequence[str]) -> SheetLetters:
    """Cut a photograph or scan of one filled page of a sheet into letters.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        Upright or turned; all four corner marks must be visible.
    labels : sequence of str
        As in `make_sheet`. The sheet itself holds how many cells each label has.

    Returns
    -------
    SheetLetters

    Raises
    ------
    PictureError
        If the picture cannot be opened, or the corner marks are not found.
    DataError
        If the sheet was made with another number of labels.
    """
    where = describe(picture)
    sheet, (page, copies, n_labels) = _rectified(to_ink(picture), where)
    if n_labels != len(labels) or not copies:
        raise DataError(
            f"{where}: the sheet is for {n_labels} characters, but {len(labels)} are expected: {_shortened(labels)}; "
            "give the characters that it was made with"
        )
    pictures: list[Ink] = []
    found: list[str] = []
    n_empty = 0
    for cell in layout(labels, copies):
        if cell.page != page:
            continue
        ink = _inside(sheet, cell)
        if (ink > 0.5).mean() < _BLANK:
            n_empty += 1
        else:
            pictures.append(ink)
            found.append(cell.label)
    return SheetLetters(pictures, found, n_empty, page)


def layout(labels: Sequence[str], copies: int) -> Iterator[Cell]:
    """Yield the cells of a sheet in order: all of the first label, then those of the next."""
    if not 1 <= len(labels) <= 2 ** _FIELDS[2] - 1 or not 1 <= copies <= 2 ** _FIELDS[1] - 1:
        raise DataError(f"a sheet has 1 to 255 labels and 1 to 15 copies of each, got {len(labels)} and {copies}")
    if len(labels) * copies > COLUMNS * ROWS * 2 ** _FIELDS[0]:
        raise DataError(f"{len(labels) * copies} cells need more than 16 pages; give fewer labels or copies")
    for place in range(len(labels) * copies):
        page, rest = divmod(place, COLUMNS * ROWS)
        row, column = divmod(rest, COLUMNS)
        yield Cell(str(labels[place // copies]), page, _LEFT + column * _PITCH_X, _TOP + row * _PITCH_Y)


def draw_page(cells: Sequence[Cell], number: int, copies: int, n_labels: int) -> Image.Image:
    """Draw one page of a sheet."""
    image = Image.new("L", (round(WIDTH * _PRINT_SCALE), round(HEIGHT * _PRINT_SCALE)), 255)
    draw = ImageDraw.Draw(image)

    def box(left: float, top: float, side: float) -> tuple[int, int, int, int]:
        ends = (left, top, left + side, top + side)
        return tuple(round(end * _PRINT_SCALE) for end in ends)  # type: ignore[return-value]

    for place, (x, y) in enumerate(_CENTRES):
        draw.rectangle(box(x - _MARK / 2, y - _MARK / 2, _MARK), fill=0)
        if place == 0:  # the mark at the top left has a hole
            draw.rectangle(box(x - _MARK / 6, y - _MARK / 6, _MARK / 3), fill=255)
    for place, bit in enumerate(_bits((number, copies, n_labels))):
        draw.rectangle(box(_BITS_LEFT + place * 2 * _BIT, _BITS_TOP, _BIT), fill=0 if bit else None, outline=150)
    small, large = (ImageFont.load_default(size * _PRINT_SCALE) for size in (3.2, 4.2))
    text = "Write each letter in its cells, without touching the lines. Photograph the whole page."
    draw.text((_LEFT * _PRINT_SCALE, 22 * _PRINT_SCALE), text, fill=90, font=large)
    for cell in cells:
        if cell.page == number:
            draw.rectangle(box(cell.left, cell.top, _CELL), outline=110, width=3)
            corner = ((cell.left + 0.3) * _PRINT_SCALE, (cell.top - 4.2) * _PRINT_SCALE)
            draw.text(corner, cell.label, fill=90, font=small)
    return image


def _shortened(labels: Sequence[str]) -> str:
    text = "".join(map(str, labels))
    return text if len(text) <= 40 else f"{text[:40]}..."


def _bits(values: Sequence[int]) -> list[bool]:
    return [bool(value >> bit & 1) for value, size in zip(values, _FIELDS, strict=True) for bit in range(size)]


def _rectified(ink: Ink, where: str) -> tuple[Ink, tuple[int, ...]]:
    """Return the sheet as seen from above, upright, and the numbers of its row of squares."""
    corners = _corner_marks(ink > 0.5)
    if corners is not None:
        image = Image.fromarray((255 * ink).astype(np.uint8))
        for turn in range(4):
            sheet = _seen_from_above(image, np.roll(corners, -turn, axis=0))
            if _has_hole(sheet):
                return sheet, _read_bits(sheet)
    raise PictureError(
        f"{where}: the four square marks in the corners of the sheet were not found; photograph the whole page from "
        "above, without shadows on the corners"
    )


def _corner_marks(mask: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return the centres (x, y) of the corner marks, clockwise; None if there are not four."""
    labels, _ = ndimage.label(mask)
    boxes = ndimage.find_objects(labels)
    areas = np.bincount(labels.ravel(), minlength=len(boxes) + 1)[1:]
    sides = np.array([[edge.stop - edge.start for edge in box] for box in boxes], dtype=float).reshape(-1, 2)
    expected = _MARK / WIDTH * min(mask.shape)
    solid = areas >= 0.6 * sides.prod(axis=1)
    square = (sides.max(axis=1) <= 2.2 * sides.min(axis=1)) & (sides.min(axis=1) >= 0.3 * expected)
    chosen = np.flatnonzero(solid & square & (sides.max(axis=1) <= 2.5 * expected))
    if len(chosen) < 4:
        return None
    middles = np.array([[(edge.start + edge.stop - 1) / 2 for edge in boxes[place]][::-1] for place in chosen])
    ends = [np.argmin(middles @ way) for way in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    return middles[ends] if len(set(ends)) == 4 else None


def _seen_from_above(image: Image.Image, corners: NDArray[np.float64]) -> Ink:
    """Return the sheet, `_SCALE` pixels per millimetre, so that the marks are at their places."""
    places = _SCALE * np.array(_CENTRES)
    rows, values = [], []
    for (x, y), (u, v) in zip(places, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    coefficients = np.linalg.solve(np.array(rows), np.array(values))
    size = (round(WIDTH * _SCALE), round(HEIGHT * _SCALE))
    turned = image.transform(size, Image.Transform.PERSPECTIVE, coefficients.tolist(), Image.Resampling.BILINEAR)
    return np.asarray(turned).astype(np.float32) / np.float32(255)


def _has_hole(sheet: Ink) -> bool:
    """Whether the mark at the top left is the one with a hole."""
    share = [_mean(sheet, x - _MARK / 8, y - _MARK / 8, _MARK / 4) for x, y in _CENTRES]
    return bool(share[0] < 0.5 and min(share[1:]) > 0.5)


def _read_bits(sheet: Ink) -> tuple[int, ...]:
    bits = [
        _mean(sheet, _BITS_LEFT + place * 2 * _BIT + _BIT / 4, _BITS_TOP + _BIT / 4, _BIT / 2) > 0.5
        for place in range(sum(_FIELDS))
    ]
    values = []
    for size in _FIELDS:
        values.append(sum(1 << place for place, bit in enumerate(bits[:size]) if bit))
        bits = bits[size:]
    return tuple(values)


def _mean(sheet: Ink, left: float, top: float, side: float) -> float:
    """Return the mean ink of a square."""
    first_row, first_column, length = (round(value * _SCALE) for value in (top, left, side))
    return float(sheet[first_row : first_row + length, first_column : first_column + length].mean())


def _inside(sheet: Ink, cell: Cell) -> Ink:
    """Return the ink within the lines of a cell."""
    top, left = (round((edge + _INSET) * _SCALE) for edge in (cell.top, cell.left))
    side = round((_CELL - 2 * _INSET) * _SCALE)
    return sheet[top : top + side, left : left + side].copy()
