"""What is on the canvas: pen strokes, perhaps on a picture; and the way back and forth through what was there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Grey = NDArray[np.uint8]

PEN = 6.0
"""Width of the pen, in units of 1/96 inch like all lengths on the canvas."""

INK = 24
"""Grey of the ink, from 0 to 255."""

MARGIN = 16
"""Paper around strokes that are drawn without a picture."""

_SMOOTH = 4
_MOST_STEPS = 1000  # that can be undone


class Point(NamedTuple):
    """Where the pen was, and when.

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
    """Strokes in the order of writing, and the picture under them.

    Attributes
    ----------
    strokes : tuple of Stroke
    picture : ndarray of uint8, shape (height, width), or None
        Grey, dark ink on light paper; a pixel is a unit of length.
    """

    strokes: tuple[Stroke, ...] = ()
    picture: Grey | None = None

    def __bool__(self) -> bool:
        return bool(self.strokes) or self.picture is not None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height that hold everything, from the upper left corner."""
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
    """Draw strokes, on their picture or on white paper that is as large as they are.

    Parameters
    ----------
    drawing : Drawing
        Not empty.
    zoom : float, default=1.0
        Pixels of a unit of length.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Its upper left corner is at `corner`.
    """
    left, top = corner(drawing)
    if drawing.picture is not None:
        paper = Image.fromarray(drawing.picture)
        if zoom != 1.0:
            width, height = (max(1, round(side * zoom)) for side in paper.size)
            paper = paper.resize((width, height), Image.Resampling.LANCZOS)
    else:
        right, bottom = drawing.extent
        size = (math.ceil((right + MARGIN - PEN - left) * zoom), math.ceil((bottom + MARGIN - PEN - top) * zoom))
        paper = Image.new("L", size, 255)
    for stroke in drawing.strokes:
        _ink(paper, (np.array(stroke)[:, :2] - (left, top)) * zoom, PEN * zoom)
    return np.array(paper)


def corner(drawing: Drawing) -> tuple[int, int]:
    """Say where on the canvas the upper left corner of a rendered drawing is, in units of length."""
    if drawing.picture is not None or not drawing.strokes:
        return 0, 0
    left, top = np.concatenate(drawing.strokes)[:, :2].min(axis=0)
    return math.floor(left) - MARGIN, math.floor(top) - MARGIN


def _ink(paper: Image.Image, path: NDArray[np.float64], pen: float) -> None:
    """Draw a stroke in a window of its own, several times larger, and average it down."""
    low = np.floor(path.min(axis=0) - pen).astype(int)
    width, height = (np.ceil(path.max(axis=0) + pen).astype(int) - low).tolist()
    mask = Image.new("L", (width * _SMOOTH, height * _SMOOTH))
    draw = ImageDraw.Draw(mask)
    points = [(float(x), float(y)) for x, y in (path - low) * _SMOOTH]
    draw.line(points, fill=255, width=round(pen * _SMOOTH), joint="curve")
    reach = pen / 2 * _SMOOTH
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
    paper.paste(INK, (int(low[0]), int(low[1])), mask.reduce(_SMOOTH))


def zoom_to_fit(extent: tuple[float, float], window: tuple[int, int], unit: float) -> float:
    """Say how many pixels a unit of length has, so that everything is inside the window; no more than usual."""
    fits = [side / (length * unit) for length, side in zip(extent, window, strict=True) if length > 0 and side > 1]
    return unit * min([1.0, *fits])


@dataclass
class History:
    """A drawing, those it was before, and those that were undone."""

    now: Drawing = field(default_factory=Drawing)
    past: list[Drawing] = field(default_factory=list)
    future: list[Drawing] = field(default_factory=list)

    def change(self, drawing: Drawing) -> None:
        """Make it another drawing; what was undone is forgotten."""
        self.past = [*self.past, self.now][-_MOST_STEPS:]
        self.now, self.future = drawing, []

    def undo(self) -> bool:
        """Go a step back; False where there is none."""
        if not self.past:
            return False
        self.future.append(self.now)
        self.now = self.past.pop()
        return True

    def redo(self) -> bool:
        """Take back what was undone last; False where there is nothing."""
        if not self.future:
            return False
        self.past.append(self.now)
        self.now = self.future.pop()
        return True
