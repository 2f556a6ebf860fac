"""Courses of long thin smooth lines from left to right, found by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_STEEP = 0.3  # rows per column: greatest mean slope, up and down, of a line; letters rise and fall more
_GAP_COST = 1.0  # pixels of line: cost of a pixel of paper in a gap
_THIN_SHARE = 0.8  # least share of a line that is no thicker than the rest of it, since strokes of letters cross it
_THIN_SHARE_FREE = 0.55  # likewise for a line with a long stretch that nothing crosses
_LONG_FREE = 0.5  # of the least length: such a stretch; no bars of letters that touch have one
_FREE = 0.22  # of the least length: some stretch of a line is longer before a stroke crosses it
_MAX_GAPS = 0.06  # of a line: greatest share of paper; between the bars of letters there is more
_SHORT = 2.0  # least lengths: a shorter path can be the bars of letters that touch, such as ZZ
_KINK = 0.2  # thicknesses: greatest step, beyond one pixel, in the course of a short line; between bars it is larger
_COURSE = 0.1  # of the least length: stretch on either side of a pixel that shows the course of a line
_MOST = 0.9  # share of the columns by which the roughness of a course is measured
_SMOOTH = 0.3  # thicknesses: greatest roughness of a line
_STEP_OF_PIXELS = 0.3  # pixels: roughness of a sloping line without soft edges
_BAND = 1.5  # pixels: least part of a thicker run of ink above or below a line that is the foot of a letter


@dataclass(frozen=True, eq=False)
class Line:
    """A line from left to right: its course, and which of its pixels no stroke crosses.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (n,)
        Course of the line, one pixel per column.
    top, bottom : ndarray of float, shape (n,)
        First and last row of the line in each column.
    alone : ndarray of bool, shape (n,)
        Columns in which no stroke crosses the line.
    reach : int
        Greatest distance of a pixel of the line from its course.
    thickness : float
        Rows of the line where nothing touches it.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    alone: NDArray[np.bool_]
    reach: int
    thickness: float

    @property
    def middles(self) -> NDArray[np.float64]:
        """Middle row of the line in each column; straight where a stroke crosses it."""
        places = np.arange(len(self.rows))
        return np.interp(places, places[self.alone], ((self.top + self.bottom) / 2)[self.alone])

    def moved(self, down: int, right: int) -> Line:
        """Return the line, shifted by some pixels."""
        return replace(
            self, rows=self.rows + down, columns=self.columns + right, top=self.top + down, bottom=self.bottom + down
        )

    def mark(self, found: NDArray[np.bool_], where: NDArray[np.bool_] | None = None) -> None:
        """Mark the pixels of the line, at some columns of its course, in a mask; strokes that cross it are left out."""
        alone = self.alone if where is None else self.alone & where
        for shift in range(-self.reach, self.reach + 1):
            near = np.clip(self.rows + shift, 0, len(found) - 1)
            found[near, self.columns] |= alone & (near >= self.top) & (near <= self.bottom)


def trace_lines(mask: NDArray[np.bool_], length: float, thickness: float) -> list[Line]:
    """Find long thin smooth lines from left to right, as `find_lines`, and return their courses.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    length, thickness : float
        Least length and greatest thickness in pixels.

    Returns
    -------
    list of Line
        The longest first.
    """
    lines = []
    runs = run_lengths(mask)
    thin = (runs > 0) & (runs <= thickness)
    score, steps = _longest_paths(mask, thin)
    later = np.zeros_like(score)
    later[:, :-1] = ndimage.maximum_filter1d(score, 3, axis=0)[:, 1:]
    ends = np.flatnonzero(thin & (score >= length) & (score >= later))
    used = np.zeros_like(mask)
    reach = max(2, int(thickness / 2))
    for end in ends[np.argsort(-score.ravel()[ends], kind="stable")]:
        row, column = divmod(int(end), mask.shape[1])
        if used[row, column]:
            continue
        rows, columns = _trace(score, steps, used, row, column)
        for shift in range(-reach, reach + 1):
            used[np.clip(rows + shift, 0, len(mask) - 1), columns] = True
        inked = runs[rows, columns] > 0
        is_closed = np.count_nonzero(~inked) <= _MAX_GAPS * len(inked)
        for part in [slice(0, len(rows))] if is_closed else _between_gaps(inked, _MAX_GAPS * length):
            if len(rows[part]) < length:
                continue
            line = _as_line(runs, rows[part], columns[part], length=length, thickness=thickness)
            if line is None:
                continue
            allowance = _STEP_OF_PIXELS if is_closed else 0.0
            if roughness(line.middles, length / 5) <= smooth_within(line.thickness) + allowance:
                lines.append(line)
    return lines


def roughness(course: NDArray[np.float64], window: float) -> float:
    """Return how far most pixels of a course are from its local mean, in pixels."""
    size = min(max(3, round(window)), max(1, len(course) // 2)) | 1
    distance = np.abs(course - ndimage.uniform_filter1d(course, size, mode="nearest"))
    return float(np.quantile(distance[size // 2 : len(course) - size // 2], _MOST))


def smooth_within(thickness: float) -> float:
    """Return the greatest roughness of a line that is drawn or printed; that of strokes of letters is greater."""
    return _SMOOTH * thickness


def run_lengths(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return for each pixel of ink the length of its run down the column; 0 for paper."""
    height, width = mask.shape
    padded = np.zeros((width, height + 2), np.int8)
    padded[:, 1:-1] = mask.T
    change = np.diff(padded, axis=1)
    starts, stops = np.nonzero(change == 1), np.nonzero(change == -1)
    runs = np.zeros((width, height), np.intp)
    lengths = stops[1] - starts[1]
    runs[mask.T] = np.repeat(lengths, lengths)
    return runs.T


def _longest_paths(mask: NDArray[np.bool_], thin: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return the score of the best path that ends at each pixel, and its last step; paths start at 0."""
    height, width = mask.shape
    gain = np.where(thin, np.float32(1), np.where(mask, np.float32(0), np.float32(-_GAP_COST))).T.copy()
    score = np.zeros((width, height), np.float32)
    steps = np.zeros((width, height), np.int8)
    ways = np.zeros((3, height), np.float32)
    offsets = np.array([0, -1, 1], np.int8)
    score[0] = np.maximum(gain[0], 0)
    for x in range(1, width):
        before = score[x - 1]
        ways[0] = before
        ways[1, 1:] = before[:-1] - np.float32(0.1)
        ways[2, :-1] = before[1:] - np.float32(0.1)
        steps[x] = offsets[ways.argmax(axis=0)]
        score[x] = np.maximum(ways.max(axis=0) + gain[x], 0)
    return score.T, steps.T


def _trace(
    score: NDArray[np.float32], steps: NDArray[np.int8], used: NDArray[np.bool_], row: int, column: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and columns of the path that ends at a pixel, back to a path that was found before."""
    rows = []
    last = column
    while column >= 0 and score[row, column] > 0 and not used[row, column]:
        rows.append(row)
        row += int(steps[row, column])
        column -= 1
    return np.array(rows[::-1], dtype=np.intp), np.arange(column + 1, last + 1)


def _between_gaps(inked: NDArray[np.bool_], longest: float) -> list[slice]:
    """Return the parts of a path between gaps that are longer than some pixels."""
    places = np.flatnonzero(inked)
    parts = np.split(places, np.flatnonzero(np.diff(places) > longest) + 1)
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]


def _as_line(
    runs: NDArray[np.intp],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    *,
    length: float,
    thickness: float,
) -> Line | None:
    """Return a path as a line, or None if it is not smooth, or not mostly of one thickness."""
    along = runs[rows, columns]
    inked = along > 0
    if np.count_nonzero(~inked) > _MAX_GAPS * len(rows) or not (inked & (along <= thickness)).any():
        return None
    usual = np.median(along[inked & (along <= thickness)])
    thin = inked & (along <= 1.5 * usual + 1)
    free = np.diff(np.flatnonzero(np.concatenate([[True], ~thin, [True]]))).max()
    middles = _middles(runs, rows, columns)
    is_long = len(rows) >= _SHORT * length
    free_of_feet = inked & (along <= usual + 1) if is_long else thin
    step = _largest_step(middles, free_of_feet, max(3, round(_COURSE * length)))
    is_straight = step <= _KINK * usual + 1
    is_sure = is_long and is_straight
    share = _THIN_SHARE_FREE if free > _LONG_FREE * length or is_sure else _THIN_SHARE
    turns = np.abs(np.diff(ndimage.uniform_filter1d(rows.astype(float), max(3, round(2 * thickness)), mode="nearest")))
    if turns.sum() > _STEEP * len(rows) or np.count_nonzero(thin) < max(share * len(rows), 0.8 * length):
        return None
    if free <= (_FREE / 2 if is_sure else _FREE) * length:
        return None
    if not (is_long or is_straight):
        return None
    top, bottom = band_of(middles, along, usual)
    return Line(rows, columns, top, bottom, thin, int(2 * usual + 1), float(usual))


def band_of(
    middles: NDArray[np.float64], along: NDArray[np.intp], usual: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first and the last row of a line in each column, without the feet of letters that lie on it."""
    places = np.arange(len(middles))
    alone = (along > 0) & (along <= usual + 1)
    course = np.interp(places, places[alone], middles[alone])
    first, last = middles - (along - 1) / 2, middles + (along - 1) / 2
    top, bottom = course - (usual - 1) / 2, course + (usual - 1) / 2
    return np.where(top - first < _BAND, first, top), np.where(last - bottom < _BAND, last, bottom)


def _middles(runs: NDArray[np.intp], rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the middle of the run of ink at each pixel of a path."""
    below = runs[:, columns]
    starts = np.maximum.accumulate(np.where(below == 0, np.arange(1, len(runs) + 1)[:, None], 0), axis=0)
    places = np.arange(len(rows))
    middles: NDArray[np.float64] = starts[rows, places] + (below[rows, places] - 1) / 2
    return middles


def _largest_step(middles: NDArray[np.float64], thin: NDArray[np.bool_], reach: int) -> float:
    """Return the largest difference between the straight lines through the pixels before and after a pixel."""
    if len(middles) <= 2 * reach:
        return 0.0
    places = np.arange(len(middles))
    course = np.interp(places, places[thin], middles[thin])
    offsets = np.arange(reach) - (reach - 1) / 2
    ahead = 1 / reach + offsets * (reach / 2) / (offsets**2).sum()
    windows = np.lib.stride_tricks.sliding_window_view(course, reach)
    return float(np.abs(windows[:-reach] @ ahead - windows[reach:] @ ahead[::-1]).max())
