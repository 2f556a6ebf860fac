"""Ruled lines, underlines, boxes and borders: long thin parts of the ink, found and removed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink

_LENGTH = 2.6  # letter heights: least length of a line across; the bar of a letter, or of two that touch, is shorter
_HEIGHT = 0.9  # letter heights: least length of a line down, between two lines across
_THICKNESS = 0.25  # letter heights: greatest thickness
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
_BAND = 1.5  # pixels: least part of a thicker run of ink above or below a line that is the foot of a letter
_UNDERLINE = 0.9  # letter heights: least length of the underline of a short word
_UNDER = 0.9  # of the width of the writing: likewise
_LOW = 0.15  # letter heights: part of the writing that may lie below its underline
_TALL = 0.5  # letter heights: least height of the letters above an underline that touches them
_NEAR = 0.15  # letter heights: distance within which a line down ends at a line across


def remove_lines(ink: Ink, letter: float) -> Ink:
    """Remove ruled lines, underlines and boxes around words from ink; strokes that cross them stay.

    A line is a path of ink from left to right that is long, thin and smooth: straight, sloping or slightly wavy. Only
    those of its pixels are removed whose run of ink down a column is as thin as the line. A line from top to bottom is
    removed if it is the side of a box: both of its ends are at lines across, or at the edges of the picture.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    ndarray of float32, shape (height, width)
        The same array if there is no line.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.lines import remove_lines
    >>> ink = np.zeros((40, 120), np.float32)
    >>> ink[5:33, 20:24] = ink[5:33, 60:64] = ink[30:32] = 1.0
    >>> cleaned = remove_lines(ink, letter=28)
    >>> float(cleaned[31, 40]), float(cleaned[31, 21])
    (0.0, 1.0)
    """
    ruling = find_ruling(ink > INK_THRESHOLD, letter)
    return ink if ruling is None else ruling.remove_from(ink)


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
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    top: NDArray[np.float64]
    bottom: NDArray[np.float64]
    alone: NDArray[np.bool_]
    reach: int

    def mark(self, found: NDArray[np.bool_], where: NDArray[np.bool_] | None = None) -> None:
        """Mark the pixels of the line, at some columns of its course, in a mask; strokes that cross it are left out."""
        alone = self.alone if where is None else self.alone & where
        for shift in range(-self.reach, self.reach + 1):
            near = np.clip(self.rows + shift, 0, len(found) - 1)
            found[near, self.columns] |= alone & (near >= self.top) & (near <= self.bottom)


@dataclass(frozen=True, eq=False)
class Ruling:
    """Lines of a picture: their pixels, and the courses that divide the paper.

    Attributes
    ----------
    pixels : ndarray of bool, shape (height, width)
        Ink of the lines, without the strokes that cross them.
    courses : ndarray of bool, shape (height, width)
        Courses of the lines, without interruptions where strokes cross them.
    sides : ndarray of bool, shape (height, width)
        Courses of the lines from top to bottom among them.
    """

    pixels: NDArray[np.bool_]
    courses: NDArray[np.bool_]
    sides: NDArray[np.bool_]

    def remove_from(self, ink: Ink) -> Ink:
        """Return the ink without the lines and their soft edges."""
        mask = ink > INK_THRESHOLD
        soft = ndimage.binary_dilation(self.pixels, EIGHT_CONNECTED) & ~mask
        return np.where(self.pixels | soft, np.float32(0), ink)


def find_ruling(mask: NDArray[np.bool_], letter: float) -> Ruling | None:
    """Find ruled lines, underlines, and the sides of boxes and tables.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    Ruling or None
        None if there is no line across.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.lines import find_ruling
    >>> mask = np.zeros((40, 120), bool)
    >>> mask[5:33, 20:24] = mask[5:33, 60:64] = mask[30:32] = True
    >>> ruling = find_ruling(mask, letter=28)
    >>> bool(ruling.pixels[31, 40]), bool(ruling.pixels[31, 21]), bool(ruling.courses[:, 21].any())
    (True, False, True)
    """
    reach = max(2, round(_NEAR * letter))
    courses = np.zeros_like(mask)
    across = np.zeros_like(mask)
    for line in trace_lines(mask, _LENGTH * letter, _THICKNESS * letter):
        line.mark(across)
        _draw(courses, line.rows, line.columns, reach)
    if not across.any():
        across = find_underline(mask, letter)
        if not across.any():
            return None
        courses |= across
    down, sides = np.zeros_like(mask), np.zeros_like(mask)
    ends = _grown(np.pad(courses | across, 1, constant_values=True), reach)[1:-1, 1:-1]
    for line in trace_lines(mask.T, _HEIGHT * letter, _THICKNESS * letter):
        for part in _sides(ends.T, line, _HEIGHT * letter - 2 * reach):
            line.mark(down.T, part)
            _draw(sides.T, line.rows[part], line.columns[part], 2 * reach)
    corners = mask & _grown(across, reach) & _grown(down, 2 * reach)
    return Ruling(across | down | corners, courses | sides, sides)


def find_lines(mask: NDArray[np.bool_], length: float, thickness: float) -> NDArray[np.bool_]:
    """Find long thin smooth lines from left to right.

    Dynamic programming from left to right finds the path of most ink that ends at each pixel. A path moves by at most
    one row per column. Pixels of thin runs count 1, those of thick runs 0, and paper counts against it.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    length, thickness : float
        Least length and greatest thickness in pixels.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Pixels of the lines, without the strokes that cross them.
    """
    found = np.zeros_like(mask)
    for line in trace_lines(mask, length, thickness):
        line.mark(found)
    return found


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
        line = _as_line(runs, rows, columns, length=length, thickness=thickness) if len(rows) >= length else None
        if line is not None:
            lines.append(line)
    return lines


def find_underline(mask: NDArray[np.bool_], letter: float) -> NDArray[np.bool_]:
    """Find a line below a short word, as long as the word.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Pixels of the line. None are set if the line touches a single letter, of which it can be a part.
    """
    nothing = np.zeros_like(mask)
    width = int(np.ptp(np.flatnonzero(mask.any(axis=0)))) + 1 if mask.any() else 0
    length = max(_UNDERLINE * letter, _UNDER * width)
    if length >= _LENGTH * letter:
        return nothing
    line = find_lines(mask, length, _THICKNESS * letter)
    labels, count = ndimage.label(mask & ~line, EIGHT_CONNECTED)
    if not line.any() or not count:
        return nothing
    boxes = ndimage.find_objects(labels)
    lowest = max(y.stop for y, _ in boxes)
    if lowest > np.flatnonzero(line.any(axis=1))[-1] + 1 + _LOW * letter:
        return nothing
    touches = (ndimage.binary_dilation(line, EIGHT_CONNECTED) & mask & ~line).any()
    n_letters = sum(y.stop - y.start >= _TALL * letter for y, _ in boxes)
    return line if n_letters > bool(touches) else nothing


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
    top, bottom = _band(middles, along, usual)
    return Line(rows, columns, top, bottom, thin, int(2 * usual + 1))


def _band(
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


def _sides(ends: NDArray[np.bool_], line: Line, length: float) -> list[NDArray[np.bool_]]:
    """Return the parts of a line that are long and have ends at lines across, or at the edges of the picture."""
    at_end = ends[line.rows, line.columns]
    places = np.flatnonzero(at_end)
    parts = []
    for first, last in pairwise(places.tolist()):
        if last - first > length:
            part = np.zeros_like(at_end)
            part[first + 1 : last] = True
            parts.append(part)
    return parts


def _draw(courses: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp], reach: int) -> None:
    """Draw the course of a line, continued at both ends by some pixels."""
    courses[rows, columns] = True
    courses[rows[0], max(0, columns[0] - reach) : columns[0]] = True
    courses[rows[-1], columns[-1] : columns[-1] + reach + 1] = True


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return the pixels within some distance of a mask."""
    grown: NDArray[np.bool_] = ndimage.maximum_filter(mask, 2 * reach + 1, mode="constant")
    return grown
