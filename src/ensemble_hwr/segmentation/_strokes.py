"""Segmentation lattice of pen strokes (online handwriting): candidates for letters of consecutive strokes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from ensemble_hwr._deadlines import timed
from ensemble_hwr._geometry import MAX_GAP_IN_LETTER, MAX_LETTER_WIDTH, MIN_FULL_HEIGHT, SUPERSAMPLING
from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation._lattice import Candidate, boundary_gaps
from ensemble_hwr.segmentation._word import find_slant

Points: TypeAlias = NDArray[np.float64]  # (n, 2): x to the right, y downwards

MAX_STROKES_OF_WORD = 500
"""Greatest number of strokes of a word."""

MAX_STROKES = 4
"""Greatest number of strokes of a letter."""

_HEIGHT = 48  # pixels: height of the letters in drawings
_PEN = 0.1  # letter heights: stroke width of drawings
_MAX_OVERLAP = 0.7  # letter heights by which neighbouring letters may overlap
_DOT, _ACCENT = (0.4, 0.4), (0.95, 0.65)  # letter heights: greatest width and height of dots and accents
_DOT_DISTANCE, _ACCENT_DISTANCE = 0.8, 0.6  # letter heights: greatest distance from the stroke below them
_BACKWARDS = 0.1  # letter heights: a stroke that ends so far on the left of the one before belongs to an earlier letter


@dataclass(frozen=True, eq=False)
class StrokeLattice:
    """Segmentation lattice of a word of pen strokes; candidates are runs of a few strokes.

    It has the interface of `Lattice`. Letters may overlap: the ink of a candidate is drawn from its strokes only. There
    is at least one path from the first stroke to the last.

    Attributes
    ----------
    n_pieces : int
        Number of strokes.
    order : tuple of int
        Index of the stroke of each piece. Strokes are in the order of writing, except delayed strokes, such as the bar
        of a T: they are moved to the letter that they cross.
    cut_costs : ndarray of float, shape (n_pieces - 1,)
        1 if a stroke touches the next, 0 otherwise.
    gaps : ndarray of float, shape (n_pieces - 1,)
        Blank columns between the strokes before and after each boundary, in letter heights; negative if both sides
        have ink in the same columns.
    spans : tuple of (int, int)
        Start and stop of each candidate, ascending.
    candidates : tuple of Candidate
        In the order of `spans`.
    letter_height, stroke_width : float
        In the unit of the points; the stroke width is that of the drawn candidates.
    slant : float
        Tangent of the slant that was removed.
    upright : tuple of ndarray of shape (n_points, 2)
        Strokes in the order of the pieces, without slant, in letter heights.

    Examples
    --------
    >>> from ensemble_hwr.segmentation import cut_strokes
    >>> lattice = cut_strokes([[(0, 0), (0, 100)], [(30, 0), (30, 100)]])
    >>> lattice.order, lattice.spans, lattice.gaps.round(2)
    ((0, 1), ((0, 1), (0, 2), (1, 2)), array([0.2]))
    """

    n_pieces: int
    order: tuple[int, ...]
    cut_costs: NDArray[np.float64]
    gaps: NDArray[np.float64]
    spans: tuple[tuple[int, int], ...]
    candidates: tuple[Candidate, ...]
    letter_height: float
    stroke_width: float
    slant: float
    upright: tuple[Points, ...] = ()

    def __repr__(self) -> str:
        return f"StrokeLattice({self.n_pieces} strokes, {len(self.spans)} candidates)"

    def with_dots(self, *, marks: bool = False) -> StrokeLattice:
        """Return a lattice whose candidates with dots or accents have a `bare` form without them.

        Parameters
        ----------
        marks : bool, default=False
            Has no effect: every stroke is a piece of its own.

        Returns
        -------
        StrokeLattice
            The same object if there are no dots and accents.

        Examples
        --------
        >>> from ensemble_hwr.segmentation import cut_strokes
        >>> lattice = cut_strokes([[(0, 40), (0, 100)], [(1, 10), (2, 11)], [(60, 0), (60, 100)]]).with_dots()
        >>> [candidate.bare is not None for candidate in lattice.candidates]
        [False, True, False, False]
        """
        low, high = _edges(self.upright)
        places = range(self.n_pieces)
        small = {
            place
            for place in places
            if _is_small(low, high, place, _ACCENT)
            and _stroke_below(low, high, place, places, _ACCENT_DISTANCE) is not None
        }
        if not small:
            return self
        candidates = []
        for found in self.candidates:
            bare = [place for place in range(found.start, found.stop) if place not in small]
            if 0 < len(bare) < found.stop - found.start:
                whole, part = low[found.start : found.stop].min(axis=0), low[bare].min(axis=0)
                right, down = part - whole
                width, height = high[bare].max(axis=0) - part
                form = replace(
                    found,
                    ink=_draw([self.upright[place] - part for place in bare]),
                    left=found.left + float(right),
                    right=found.left + float(right + width),
                    top=found.top + float(down),
                    bottom=found.top + float(down + height),
                )
                above = sorted(small.intersection(range(found.start, found.stop)))
                size = float((high[above].max(axis=0) - low[above].min(axis=0)).max())
                found = replace(found, bare=form, mark=size)  # noqa: PLW2901
            candidates.append(found)
        return replace(self, candidates=tuple(candidates))


def cut_strokes(strokes: Sequence[ArrayLike], *, slant: float | None = None) -> StrokeLattice:
    """Oversegment a word of pen strokes, into a lattice of candidates.

    Parameters
    ----------
    strokes : sequence of array-like of shape (n_points, n_columns)
        Strokes in the order of writing, with 2 or more columns: x to the right and y downwards, in any unit. Further
        columns, such as time, are ignored.
    slant : float, default=None
        Slant of the letters to the right: the tangent of the angle. None estimates it.

    Returns
    -------
    StrokeLattice

    Raises
    ------
    PictureError
        If there is no stroke, or one that is not a finite array of two or more columns.

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
    if len(written) > MAX_STROKES_OF_WORD:
        raise PictureError(
            f"{len(written):,} strokes are too many marks to be writing; at most {MAX_STROKES_OF_WORD} are read"
        )
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
        cut_costs=np.array([float(_touch(upright, stop)) for stop in range(1, len(order))]),
        gaps=boundary_gaps(low[:, 0], high[:, 0]),
        spans=spans,
        candidates=tuple(_candidates(written, upright, spans)),
        letter_height=letter,
        stroke_width=_PEN * letter,
        slant=slant,
        upright=tuple(upright),
    )


def _checked(place: int, stroke: ArrayLike) -> Points:
    """Validate a stroke; return x and y of its points."""
    try:
        points = np.asarray(stroke, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] < 2 or not len(points) or not np.isfinite(points[:, :2]).all():
        raise PictureError(f"stroke {place} is not a list of points; pass finite numbers x, y per point")
    return points[:, :2]


def _letter_height(strokes: Sequence[Points]) -> float:
    """Return the weighted median height of the strokes; long and high strokes weigh more, so that bars weigh little."""
    sizes = np.array([np.ptp(stroke, axis=0) for stroke in strokes])
    height = sizes[:, 1]
    if height.max() < _PEN * sizes[:, 0].max():
        return max(float(sizes[:, 0].max()), 1.0)  # all strokes are bars
    order = np.argsort(height, kind="stable")
    weight = np.cumsum(((sizes[:, 0] + _PEN * height) * np.sqrt(height))[order])
    return max(float(height[order][np.searchsorted(weight, weight[-1] / 2)]), 1e-6)


def _slant(strokes: Sequence[Points], letter: float) -> float:
    """Estimate the slant of strokes from their drawing."""
    low = np.min([stroke.min(axis=0) for stroke in strokes], axis=0)
    return find_slant(np.asarray(_draw([(stroke - low) / letter for stroke in strokes])) > 0.5)


def _upright(stroke: Points, slant: float) -> Points:
    """Remove the slant of a stroke."""
    return np.column_stack([stroke[:, 0] + slant * stroke[:, 1], stroke[:, 1]])


def _order(strokes: Sequence[Points]) -> list[int]:
    """Return the order of writing, with delayed strokes moved behind the last stroke that they cross or pass.

    A dot is moved behind the stroke nearest to it from below.
    """
    low, high = _edges(strokes)
    left, right = low[:, 0], high[:, 0]
    order = [0]
    for place in timed(range(1, len(strokes))):
        under = _stroke_below(low, high, place, order, _DOT_DISTANCE) if _is_small(low, high, place, _DOT) else None
        if under is not None:
            order.insert(order.index(under) + 1, place)
            continue
        if right[place] >= left[order[-1]] - _BACKWARDS:
            order.append(place)
            continue
        crossed = [
            at for at, other in enumerate(order) if min(right[place], right[other]) > max(left[place], left[other])
        ]
        passed = [at for at, other in enumerate(order) if right[other] <= left[place]]
        order.insert(max(crossed or passed, default=-1) + 1, place)
    return order


def _is_small(low: Points, high: Points, place: int, size: tuple[float, float]) -> bool:
    """Return whether a stroke is at most as wide and high as a size."""
    return bool((high[place] - low[place] <= size).all())


def _stroke_below(low: Points, high: Points, place: int, others: Sequence[int], distance: float) -> int | None:
    """Return the stroke whose box is nearest to a stroke from below; None if there is none within a distance."""
    chosen = np.array([other for other in others if other != place and low[other, 1] >= high[place, 1] - _PEN / 2])
    if not len(chosen):
        return None
    middle = (low[place, 0] + high[place, 0]) / 2
    across = np.maximum(np.maximum(low[chosen, 0] - middle, middle - high[chosen, 0]), 0)
    away = np.hypot(across, low[chosen, 1] - high[place, 1])
    nearest = int(away.argmin())
    return int(chosen[nearest]) if away[nearest] <= distance else None


def _edges(strokes: Sequence[Points]) -> tuple[Points, Points]:
    """Return the upper left and the lower right corner of the ink of each stroke."""
    low = np.array([stroke.min(axis=0) for stroke in strokes]) - _PEN / 2
    high = np.array([stroke.max(axis=0) for stroke in strokes]) + _PEN / 2
    return low, high


def _touch(strokes: Sequence[Points], stop: int) -> bool:
    """Return whether the ink of a stroke touches that of the one before."""
    first, second = (_dense(stroke) for stroke in strokes[stop - 1 : stop + 1])
    away = np.linalg.norm(first[:, None] - second[None], axis=2)
    return bool(away.min() <= _PEN)


def _dense(stroke: Points) -> Points:
    """Resample a stroke to points that are at most half a stroke width apart."""
    steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, length[-1], min(int(length[-1] / (_PEN / 2)) + 2, 1000))
    return np.column_stack([np.interp(at, length, stroke[:, axis]) for axis in (0, 1)])


def _join(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the runs of strokes that could be a letter, by their number, width, distance and overlap."""
    ends = np.array([True, *(boundary_gaps(left, right) >= -_MAX_OVERLAP).tolist(), True])
    spans = list(_runs(left, right))
    whole = [(start, stop) for start, stop in spans if ends[start] and ends[stop]]
    return whole if _leads_through(whole, len(left)) else spans


def _runs(left: NDArray[np.float64], right: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield the runs of strokes that are narrow and close enough for a letter."""
    for start in range(len(left)):
        yield start, start + 1
        for stop in range(start + 2, min(start + MAX_STROKES, len(left)) + 1):
            lefts, rights = left[start:stop], right[start:stop]
            order = np.argsort(lefts, kind="stable")
            blank = lefts[order][1:] - np.maximum.accumulate(rights[order])[:-1]
            if rights.max() - lefts.min() <= MAX_LETTER_WIDTH and blank.max() <= MAX_GAP_IN_LETTER:
                yield start, stop


def _leads_through(spans: Sequence[tuple[int, int]], n_pieces: int) -> bool:
    """Return whether ascending spans contain a path from the first stroke to the last."""
    reached = {0}
    for start, stop in spans:
        if start in reached:
            reached.add(stop)
    return n_pieces in reached


def _candidates(
    written: Sequence[Points], upright: Sequence[Points], spans: Sequence[tuple[int, int]]
) -> list[Candidate]:
    """Return the candidates of spans, with drawings of their strokes."""
    low, high = _edges(upright)
    tall = high[:, 1] - low[:, 1] >= MIN_FULL_HEIGHT
    line = float(np.median(low[tall, 1] if tall.any() else low[:, 1]))
    first = float(low[:, 0].min())
    candidates = []
    for start, stop in timed(spans):
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
    """Draw strokes, in letter heights from the upper left corner of the ink, with a margin of paper."""
    unit = _HEIGHT * SUPERSAMPLING
    reach = np.max([stroke.max(axis=0) for stroke in strokes], axis=0)
    margin, pen = unit // 8, _PEN * unit
    width, height = (-(-int(edge) // SUPERSAMPLING) * SUPERSAMPLING for edge in reach * unit + 2 * margin + pen)
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        path = [(float(x), float(y)) for x, y in stroke * unit + margin]
        draw.line(path, fill=255, width=round(pen), joint="curve")
        for x, y in (path[0], path[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return np.asarray(image.reduce(SUPERSAMPLING), dtype=np.float32) / np.float32(255)
