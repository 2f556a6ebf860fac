"""A word as a lattice of pen strokes: what letters consecutive strokes could be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation._lattice import Candidate, boundary_gaps
from ensemble_hwr.segmentation._upright import find_slant

Points = NDArray[np.float64]

MOST_STROKES = 4
"""A letter is written in so many strokes at most."""

_HEIGHT = 48  # pixels of a letter that is drawn in order to be read
_PEN = 0.1  # letter heights: the width it is drawn with, whatever the pen's was
_WIDEST = 1.7  # letter heights: a letter is no wider
_WIDEST_GAP = 0.3  # letter heights of paper between the strokes of a letter
_OVERLAP = 0.7  # letter heights: strokes that reach farther under those before them belong to the same letter
_TALL = 0.6  # letter heights: strokes so tall say where the line is
_WENT_BACK = 0.1  # letter heights: a stroke that ends so far left of the one before it belongs to an earlier letter
_SMOOTH = 4  # times larger is drawn what is then averaged


@dataclass(frozen=True, eq=False)
class StrokeLattice:
    """A word in pen strokes; runs of a few of them could be letters.

    It is read like a `Lattice`. Letters may overlap: a candidate is drawn from its own strokes alone. There is always
    a path from the first stroke to the last.

    Attributes
    ----------
    n_pieces : int
        Strokes.
    order : tuple of int
        Which stroke each piece is. That is the order of writing, but a stroke for which the pen went back, such as a
        forgotten bar, stands with the letter that it crosses.
    prices : ndarray of float, shape (n_pieces - 1,)
        1 where a stroke touches the next, 0 where it does not.
    gaps : ndarray of float, shape (n_pieces - 1,)
        Blank columns between all that is before and all that is behind, in letter heights; negative where both have
        ink in the same columns.
    spans : tuple of (int, int)
        Start and stop of each candidate, rising.
    candidates : tuple of Candidate
        In the order of `spans`.
    letter_height, stroke_width : float
        In the units of the points; the width is that which candidates are drawn with.
    slant : float
        Tangent of the lean that was taken away.
    """

    n_pieces: int
    order: tuple[int, ...]
    prices: NDArray[np.float64]
    gaps: NDArray[np.float64]
    spans: tuple[tuple[int, int], ...]
    candidates: tuple[Candidate, ...]
    letter_height: float
    stroke_width: float
    slant: float

    def __repr__(self) -> str:
        return f"StrokeLattice({self.n_pieces} strokes, {len(self.spans)} candidates)"


def cut_strokes(strokes: Sequence[ArrayLike], *, slant: float | None = None) -> StrokeLattice:
    """Make a lattice of a word's pen strokes.

    Parameters
    ----------
    strokes : sequence of array-like of shape (n_points, 2 or more)
        Columns x, to the right, and y, downwards, in any unit; others, such as time, are not used. Strokes stand in
        the order of writing.
    slant : float, default=None
        How far the letters lean to the right, the tangent of the angle; None finds it.

    Returns
    -------
    StrokeLattice

    Raises
    ------
    PictureError
        If there is no stroke, or one that is no finite array of two or more columns.

    Examples
    --------
    >>> from ensemble_hwr.segmentation import cut_strokes
    >>> lattice = cut_strokes([[(0, 0), (0, 100)], [(60, 0), (60, 100)], [(0, 50), (60, 50)], [(100, 0), (100, 100)]])
    >>> lattice
    StrokeLattice(4 strokes, 6 candidates)
    >>> lattice.candidates[lattice.spans.index((0, 3))].box
    Box(left=0, top=0, right=60, bottom=100)
    """
    written = [_checked(place, stroke) for place, stroke in enumerate(strokes)]
    if not written:
        raise PictureError("there is no stroke to read")
    letter = _letter_height(written)
    slant = _slant(written, letter) if slant is None else float(slant)
    upright = [_upright(stroke, slant) / letter for stroke in written]
    order = _order(upright)
    written, upright = [written[place] for place in order], [upright[place] for place in order]
    low, high = _edges(upright)
    spans = tuple(_join(low[:, 0], high[:, 0]))
    return StrokeLattice(
        n_pieces=len(order),
        order=tuple(order),
        prices=np.array([float(_touch(upright, stop)) for stop in range(1, len(order))]),
        gaps=boundary_gaps(low[:, 0], high[:, 0]),
        spans=spans,
        candidates=tuple(_candidates(written, upright, spans)),
        letter_height=letter,
        stroke_width=_PEN * letter,
        slant=slant,
    )


def _checked(place: int, stroke: ArrayLike) -> Points:
    try:
        points = np.asarray(stroke, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] < 2 or not len(points) or not np.isfinite(points[:, :2]).all():
        raise PictureError(f"stroke {place} is no list of points; give finite numbers x, y for each point")
    return points[:, :2]


def _letter_height(strokes: Sequence[Points]) -> float:
    """Median height of the strokes, each counted with its width and height, so that bars do not make letters small."""
    sizes = np.array([np.ptp(stroke, axis=0) for stroke in strokes])
    height = sizes[:, 1]
    if height.max() < _PEN * sizes[:, 0].max():
        return max(float(sizes[:, 0].max()), 1.0)  # nothing but bars
    order = np.argsort(height, kind="stable")
    reach = np.cumsum(((sizes[:, 0] + _PEN * height) * np.sqrt(height))[order])
    return max(float(height[order][np.searchsorted(reach, reach[-1] / 2)]), 1e-6)


def _slant(strokes: Sequence[Points], letter: float) -> float:
    low = np.min([stroke.min(axis=0) for stroke in strokes], axis=0)
    return find_slant(np.asarray(_draw([(stroke - low) / letter for stroke in strokes])) > 0.5)


def _upright(stroke: Points, slant: float) -> Points:
    return np.column_stack([stroke[:, 0] + slant * stroke[:, 1], stroke[:, 1]])


def _order(strokes: Sequence[Points]) -> list[int]:
    """Order of writing, but strokes for which the pen went back stand behind the last that they cross, or pass."""
    low, high = _edges(strokes)
    left, right = low[:, 0], high[:, 0]
    order = [0]
    for place in range(1, len(strokes)):
        if right[place] >= left[place - 1] - _WENT_BACK:
            order.append(place)
            continue
        crossed = [
            at for at, other in enumerate(order) if min(right[place], right[other]) > max(left[place], left[other])
        ]
        passed = [at for at, other in enumerate(order) if right[other] <= left[place]]
        order.insert(max(crossed or passed, default=-1) + 1, place)
    return order


def _edges(strokes: Sequence[Points]) -> tuple[Points, Points]:
    """Upper left and lower right corner of each stroke's ink."""
    low = np.array([stroke.min(axis=0) for stroke in strokes]) - _PEN / 2
    high = np.array([stroke.max(axis=0) for stroke in strokes]) + _PEN / 2
    return low, high


def _touch(strokes: Sequence[Points], stop: int) -> bool:
    """Whether the ink of a stroke meets that of the one before."""
    first, second = (_dense(stroke) for stroke in strokes[stop - 1 : stop + 1])
    away = np.linalg.norm(first[:, None] - second[None], axis=2)
    return bool(away.min() <= _PEN)


def _dense(stroke: Points) -> Points:
    """Points of a stroke that are no farther from each other than half a pen's width."""
    steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, length[-1], min(int(length[-1] / (_PEN / 2)) + 2, 1000))
    return np.column_stack([np.interp(at, length, stroke[:, axis]) for axis in (0, 1)])


def _join(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[tuple[int, int]]:
    """List runs of strokes that could be a letter, by their number, width and distance, and by what they overlap."""
    ends = np.array([True, *(boundary_gaps(left, right) >= -_OVERLAP).tolist(), True])
    spans = list(_runs(left, right))
    whole = [(start, stop) for start, stop in spans if ends[start] and ends[stop]]
    return whole if _leads_through(whole, len(left)) else spans


def _runs(left: NDArray[np.float64], right: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    for start in range(len(left)):
        yield start, start + 1
        for stop in range(start + 2, min(start + MOST_STROKES, len(left)) + 1):
            lefts, rights = left[start:stop], right[start:stop]
            order = np.argsort(lefts, kind="stable")
            blank = lefts[order][1:] - np.maximum.accumulate(rights[order])[:-1]
            if rights.max() - lefts.min() <= _WIDEST and blank.max() <= _WIDEST_GAP:
                yield start, stop


def _leads_through(spans: Sequence[tuple[int, int]], n_pieces: int) -> bool:
    """Whether spans, in rising order, make a path from the first stroke to the last."""
    reached = {0}
    for start, stop in spans:
        if start in reached:
            reached.add(stop)
    return n_pieces in reached


def _candidates(
    written: Sequence[Points], upright: Sequence[Points], spans: Sequence[tuple[int, int]]
) -> list[Candidate]:
    low, high = _edges(upright)
    tall = high[:, 1] - low[:, 1] >= _TALL
    line = float(np.median(low[tall, 1] if tall.any() else low[:, 1]))
    first = float(low[:, 0].min())
    candidates = []
    for start, stop in spans:
        corner, end = low[start:stop].min(axis=0), high[start:stop].max(axis=0)
        points: Any = np.concatenate(written[start:stop])
        edges = (*np.floor(points.min(axis=0)), *np.ceil(points.max(axis=0)))
        candidates.append(
            Candidate(
                start,
                stop,
                Box(*(int(edge) for edge in edges)),
                _draw([stroke - corner for stroke in upright[start:stop]]),
                left=float(corner[0]) - first,
                right=float(end[0]) - first,
                top=float(corner[1]) - line,
                bottom=float(end[1]) - line,
            )
        )
    return candidates


def _draw(strokes: Sequence[Points]) -> Ink:
    """Draw strokes, in letter heights from the upper left corner of the ink, with a little paper around."""
    unit = _HEIGHT * _SMOOTH
    reach = np.max([stroke.max(axis=0) for stroke in strokes], axis=0)
    margin, pen = unit // 8, _PEN * unit
    width, height = (-(-int(edge) // _SMOOTH) * _SMOOTH for edge in reach * unit + 2 * margin + pen)
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        path = [(float(x), float(y)) for x, y in stroke * unit + margin]
        draw.line(path, fill=255, width=round(pen), joint="curve")
        for x, y in (path[0], path[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(image.reduce(_SMOOTH), dtype=np.float32) / np.float32(255)
