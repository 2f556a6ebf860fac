"""Drawings on the canvas: pen strokes and pictures, how they are rendered, loaded and saved."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from ensemble_hwr._writing import whole_files
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import open_picture, to_ink
from ensemble_hwr.images.sources import describe

Grey = NDArray[np.uint8]

PEN = 6.0
"""Pen width, in units of 1/96 inch like all lengths on the canvas."""

INK = 24
"""Grey level of the ink, from 0 to 255."""

FORMAT = "ensemble_hwr strokes"
VERSION = 1
SUFFIX = ".json"

_MARGIN = 16  # units of paper around strokes that are rendered without a picture
_OVERSAMPLING = 4  # pixels per side of a mask pixel, for smooth edges
_MAX_FILE_SIZE = 5_000_000  # bytes
_MAX_STROKES = 2_000
_MAX_POINTS = 100_000
_MASK_PIXELS = 4_000_000  # of the paper below one mask
_MAX_RENDERED = 50_000_000  # pixels of a rendered drawing
_MAX_COORDINATE = 20_000.0  # units of 1/96 inch
_MAX_SECONDS = 1e9  # since the first stroke
_MAX_PICTURE_SIDE = 2_000  # pixels: larger pictures are reduced


class Point(NamedTuple):
    """Position of the pen at a time.

    Attributes
    ----------
    x, y : float
        To the right and downwards from the upper left corner, in units of 1/96 inch.
    t : float
        Seconds since the first stroke began.
    """

    x: float
    y: float
    t: float


Stroke = tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class Drawing:
    """A word on the canvas: pen strokes in the order of writing, and optionally a picture below them.

    Attributes
    ----------
    strokes : tuple of tuple of (float, float, float)
        Points x, y, t of each stroke: to the right and downwards in units of 1/96 inch, and seconds.
    picture : ndarray of uint8, shape (height, width), or None
        Grey levels, dark ink on light paper. One pixel is one unit of length.

    See Also
    --------
    render : Draws it as a picture.
    ensemble_hwr.segmentation.cut_strokes : Finds letter candidates among the strokes.

    Examples
    --------
    >>> from ensemble_hwr.canvas import Drawing
    >>> drawing = Drawing.from_arrays([[(40, 0), (40, 90)], [(0, 0), (80, 0)]])
    >>> len(drawing.strokes), drawing.strokes[0][1].y
    (2, 90.0)
    """

    strokes: tuple[Stroke, ...] = ()
    picture: Grey | None = None

    @classmethod
    def from_arrays(cls, strokes: Sequence[ArrayLike], *, picture: Grey | None = None) -> Self:
        """Make a drawing of arrays of points.

        Parameters
        ----------
        strokes : sequence of array-like of shape (n_points, 2 or 3)
            Columns x, y and optionally t, which is 0 by default.
        picture : ndarray of uint8, shape (height, width), default=None

        Returns
        -------
        Drawing
        """
        points = [np.asarray(stroke, dtype=np.float64).tolist() for stroke in strokes]
        return cls(tuple(tuple(Point(*(*point, 0.0)[:3]) for point in stroke) for stroke in points), picture)

    def __bool__(self) -> bool:
        return bool(self.strokes) or self.picture is not None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height, from the upper left corner of the canvas, that contain everything."""
        height, width = (0, 0) if self.picture is None else self.picture.shape
        points = [point for stroke in self.strokes for point in stroke]
        return (
            max([float(width), *(point.x + PEN for point in points)]),
            max([float(height), *(point.y + PEN for point in points)]),
        )

    def with_stroke(self, stroke: Stroke) -> Drawing:
        """Return the drawing with one more stroke."""
        return replace(self, strokes=(*self.strokes, stroke))


def render(drawing: Drawing, *, zoom: float = 1.0) -> Grey:
    """Render a drawing as a grey picture: strokes on their picture, or on white paper that fits them.

    Parameters
    ----------
    drawing : Drawing
        Not empty.
    zoom : float, default=1.0
        Pixels per unit of length.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Grey levels, dark ink on light paper. Without a picture the paper has a margin of 16 units.

    Raises
    ------
    DataError
        If strokes are so far apart that the picture would have more than 50 million pixels.

    Examples
    --------
    >>> from ensemble_hwr.canvas import Drawing, render
    >>> render(Drawing.from_arrays([[(40, 0), (40, 90)], [(0, 0), (80, 0)]])).shape
    (122, 112)
    """
    left, top = corner(drawing)
    if drawing.picture is not None:
        paper = Image.fromarray(drawing.picture)
        if zoom != 1.0:
            width, height = (max(1, round(side * zoom)) for side in paper.size)
            paper = paper.resize((width, height), Image.Resampling.LANCZOS)
    else:
        right, bottom = drawing.extent
        size = (math.ceil((right + _MARGIN - PEN - left) * zoom), math.ceil((bottom + _MARGIN - PEN - top) * zoom))
        if size[0] * size[1] > _MAX_RENDERED:
            raise DataError(f"the strokes are too far apart for a picture: it would have {size[0]}x{size[1]} pixels")
        paper = Image.new("L", size, 255)
    for stroke in drawing.strokes:
        _ink(paper, (np.array(stroke)[:, :2] - (left, top)) * zoom, PEN * zoom)
    return np.array(paper)


def corner(drawing: Drawing) -> tuple[int, int]:
    """Return the position on the canvas of the upper left corner of a rendered drawing, in units of length."""
    if drawing.picture is not None or not drawing.strokes:
        return 0, 0
    left, top = np.concatenate(drawing.strokes)[:, :2].min(axis=0)
    return math.floor(left) - _MARGIN, math.floor(top) - _MARGIN


def _ink(paper: Image.Image, path: NDArray[np.float64], pen: float) -> None:
    """Draw an anti-aliased stroke: on an enlarged mask, which is then averaged down; a long one in parts."""
    low = np.floor(path.min(axis=0) - pen).astype(int)
    width, height = (np.ceil(path.max(axis=0) + pen).astype(int) - low).tolist()
    if width * height > _MASK_PIXELS:
        for part in _short_parts(path):
            _ink(paper, part, pen)
        return
    mask = Image.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING))
    draw = ImageDraw.Draw(mask)
    points = [(float(x), float(y)) for x, y in (path - low) * _OVERSAMPLING]
    draw.line(points, fill=255, width=round(pen * _OVERSAMPLING), joint="curve")
    reach = pen / 2 * _OVERSAMPLING
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
    paper.paste(INK, (int(low[0]), int(low[1])), mask.reduce(_OVERSAMPLING))


def _short_parts(path: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield the parts of a path whose masks are small: halves of its points, or of its last segment."""
    if len(path) > 2:
        middle = len(path) // 2
        yield path[: middle + 1]
        yield path[middle:]
    else:
        between = path.mean(axis=0)
        yield np.stack([path[0], between])
        yield np.stack([between, path[1]])


def zoom_to_fit(extent: tuple[float, float], window: tuple[int, int], unit: float) -> float:
    """Return the pixels per unit of length with which everything fits into the window, at most `unit`."""
    fits = [side / (length * unit) for length, side in zip(extent, window, strict=True) if length > 0 and side > 1]
    return unit * min([1.0, *fits])


def save_drawing(file: Path, drawing: Drawing, text: str) -> Path:
    """Save a drawing as a JSON file of strokes and a PNG picture of the same name; both, or neither.

    Parameters
    ----------
    file : Path
        ``.json`` is appended unless the name ends with it.
    drawing : Drawing
        Not empty.
    text : str
        The text that was read, or "".

    Returns
    -------
    Path
        The JSON file. The picture is next to it and ends with ``.png``.

    Raises
    ------
    DataError
        If a file cannot be written.

    See Also
    --------
    load_drawing : Loads it again.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from ensemble_hwr.canvas import Drawing, load_drawing, save_drawing
    >>> drawing = Drawing.from_arrays([[(40, 0), (40, 90)], [(0, 0), (80, 0)]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_drawing(Path(folder, "tee"), drawing, "T")
    ...     loaded = load_drawing(file)
    >>> file.name, loaded.strokes == drawing.strokes
    ('tee.json', True)
    """
    file = strokes_file(file)
    strokes = [
        [[round(point.x, 2), round(point.y, 2), round(point.t, 3)] for point in stroke] for stroke in drawing.strokes
    ]
    content = {"format": FORMAT, "version": VERSION, "text": text, "strokes": strokes}
    try:
        with whole_files(picture_file(file), file) as (picture, stream):
            Image.fromarray(render(drawing)).save(picture, "PNG")
            stream.write(json.dumps(content).encode() + b"\n")
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from None
    return file


def strokes_file(file: Path) -> Path:
    """Return the path with ``.json`` appended unless it ends with it."""
    return file if file.suffix.lower() == SUFFIX else file.with_name(file.name + SUFFIX)


def picture_file(file: Path) -> Path:
    """Return the path of the picture that belongs to a file of strokes."""
    return file.with_suffix(".png")


def load_drawing(file: Path) -> Drawing:
    """Load a drawing: strokes from a JSON file, or a picture.

    Parameters
    ----------
    file : Path
        A file of strokes if it ends with ``.json``, else a picture in any format and polarity.

    Returns
    -------
    Drawing

    Raises
    ------
    DataError
        If it cannot be read or holds no strokes.
    PictureError
        If the picture cannot be read or holds no ink.

    See Also
    --------
    save_drawing : Saves strokes, with an example.
    """
    if file.suffix.lower() == SUFFIX:
        return Drawing(_load_strokes(file))
    return Drawing(picture=_load_picture(file))


def _load_strokes(file: Path) -> tuple[Stroke, ...]:
    try:
        if file.stat().st_size > _MAX_FILE_SIZE:
            raise DataError(f"{file}: is larger than {_MAX_FILE_SIZE:,} bytes; give a file that the canvas saved")
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{file}: is not JSON; give a file that the canvas saved, or a picture") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f'{file}: holds no strokes; its "format" must be "{FORMAT}"')
    if content.get("version") != VERSION:
        raise DataError(f"{file}: has version {content.get('version')!r}, but this release reads version {VERSION}")
    strokes = content.get("strokes")
    if not isinstance(strokes, list) or not strokes:
        raise DataError(f'{file}: its "strokes" must be a list of at least one stroke')
    n_points = sum(len(stroke) for stroke in strokes if isinstance(stroke, list))
    if len(strokes) > _MAX_STROKES or n_points > _MAX_POINTS:
        raise DataError(
            f"{file}: has {len(strokes):,} strokes of {n_points:,} points, too many to be a word; at most "
            f"{_MAX_STROKES:,} and {_MAX_POINTS:,} are read"
        )
    return tuple(_stroke(file, place, stroke) for place, stroke in enumerate(strokes))


def _stroke(file: Path, place: int, found: Any) -> Stroke:
    if not isinstance(found, list) or not found or not all(_is_point(point) for point in found):
        raise DataError(
            f"{file}: stroke {place} must be a list of points [x, y, t], coordinates at most {_MAX_COORDINATE:,.0f}"
        )
    return tuple(Point(*map(float, point)) for point in found)


def _is_point(found: Any) -> bool:
    numbers = isinstance(found, list) and len(found) == 3 and all(type(number) in (int, float) for number in found)
    return numbers and all(abs(number) <= _MAX_COORDINATE for number in found[:2]) and abs(found[2]) <= _MAX_SECONDS


def _load_picture(file: Path) -> Grey:
    """Load a picture as dark ink on light paper, reduced to the size of a screen."""
    grey = open_picture(str(file))
    try:
        ink = to_ink(grey)
    except PictureError as error:
        raise PictureError(str(error).replace(describe(grey), describe(file), 1)) from None
    light = ink.size and grey[ink > 0.5].mean() > grey[ink <= 0.5].mean()
    image = Image.fromarray(255 - grey if light else grey)
    image.thumbnail((_MAX_PICTURE_SIDE, _MAX_PICTURE_SIDE))
    return np.array(image)
