"""Ruled lines, underlines, boxes and borders: long thin parts of the ink, found and removed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.images._traces import Line, band_of, roughness, run_lengths, smooth_within, trace_lines

_LENGTH = 2.6  # letter heights: least length of a line across; the bar of a letter, or of two that touch, is shorter
_HEIGHT = 0.9  # letter heights: least length of a line down, between two lines across
_THICKNESS = 0.25  # letter heights: greatest thickness
_NEAR = 0.15  # letter heights: distance within which a line down ends at a line across
_STEEP = 0.3  # rows per column: greatest mean slope, up and down, of a line; letters rise and fall more
_UNDERLINE = 0.9  # letter heights: least length of the underline of a short word
_UNDER = 0.9  # of the width of the writing: likewise
_LOW = 0.15  # letter heights: part of the writing that may lie below its underline
_TALL = 0.5  # letter heights: least height of the letters above an underline that touches them
_SHORT = 1.2  # letter heights: likewise if it is like other underlines
_ALIKE = 0.35  # of the thickness of underlines, or height of teeth: greatest difference of another one
_ROUGH = 0.04  # of a lower edge: greatest share of steps of more than one pixel
_LEAST_THIN = 0.45  # of a lower edge: least share that is as thin as a line
_TOOTH = 0.7  # letter heights: greatest height of the tooth of a comb
_STRAIGHT = 0.6  # of its bounding box: least area of a tooth
_MIN_TEETH = 3


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
    teeth : ndarray of bool, shape (height, width)
        Ink of the teeth of combs.
    """

    pixels: NDArray[np.bool_]
    courses: NDArray[np.bool_]
    sides: NDArray[np.bool_]
    teeth: NDArray[np.bool_]

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
    lines = trace_lines(mask, _LENGTH * letter, _THICKNESS * letter)
    for line in lines:
        line.mark(across)
        _draw(courses, line.rows, line.columns, reach)
    for line in find_lower_edges(mask & ~across, lines, letter):
        line.mark(across)
    teeth = find_teeth(mask & ~across, across, letter)
    across |= teeth
    if not across.any():
        across = find_underline(mask, letter)
        if not across.any():
            return None
        courses |= across
    down, sides = np.zeros_like(mask), np.zeros_like(mask)
    ends = _grown(np.pad(courses | across, 1, constant_values=True), reach)[1:-1, 1:-1]
    for line in trace_lines(mask.T, _HEIGHT * letter, _THICKNESS * letter):
        parts = _sides(ends.T, line, _HEIGHT * letter - 2 * reach)
        for part in parts:
            line.mark(down.T, part)
            _draw(sides.T, line.rows[part], line.columns[part], 2 * reach)
        if parts and line.columns[0] <= reach and line.columns[-1] >= len(mask) - 1 - reach:
            line.mark(down.T)
    corners = mask & _grown(across, reach) & _grown(down, 2 * reach)
    return Ruling(across | down | corners, courses | sides, sides, teeth)


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


def _sides(ends: NDArray[np.bool_], line: Line, length: float) -> list[NDArray[np.bool_]]:
    """Return the parts of a line that are long and have ends at lines across, or at the edges of the picture."""
    at_end = ends[line.rows, line.columns]
    places = np.flatnonzero(at_end)
    parts = []
    for first, last in pairwise(places.tolist()):
        if last - first > max(length, 1):  # which is below 1 for letters of a few pixels
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
    line = np.zeros_like(mask)
    for found in trace_lines(mask, length, _THICKNESS * letter):
        found.mark(line)
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


def find_lower_edges(mask: NDArray[np.bool_], lines: list[Line], letter: float) -> list[Line]:
    """Find underlines that touch most letters of their word: smooth thin lower edges of connected components.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink, without lines that were found.
    lines : list of Line
        Those lines. Short words are searched only if there are underlines among these, for lines of their thickness.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    list of Line
    """
    margin = _NEAR * letter
    drawn = [line for line in lines if line.columns[0] > margin and line.columns[-1] < mask.shape[1] - margin]
    usual = float(np.median([line.thickness for line in drawn])) if drawn else None
    least = (_LENGTH if usual is None else _SHORT) * letter
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    found = []
    for number, window in enumerate(ndimage.find_objects(labels), 1):
        width = window[1].stop - window[1].start
        if width < least:
            continue
        line = _lower_edge(labels[window] == number, _THICKNESS * letter, usual)
        if line is not None:
            found.append(line.moved(window[0].start, window[1].start))
            if usual is None:
                usual = line.thickness
    return found


def _lower_edge(part: NDArray[np.bool_], thickness: float, usual: float | None) -> Line | None:
    """Return the lower edge of a component as a line, or None if it is not smooth, or mostly thicker than a line."""
    columns = np.arange(part.shape[1])
    rows = len(part) - 1 - part[::-1].argmax(axis=0)
    runs = run_lengths(part)
    along = runs[rows, columns]
    thin = along <= thickness
    if not thin.any():
        return None
    own = float(np.quantile(along[thin], 0.25))
    if usual is not None and abs(own - usual) > max(1.0, _ALIKE * usual):
        return None
    thin = along <= 1.5 * own + 1
    if np.mean(np.abs(np.diff(rows)) > 1) > _ROUGH or thin.mean() < _LEAST_THIN or not _sticks_out(part, own):
        return None
    top, bottom = band_of(rows - (along - 1) / 2, along, own)
    line = Line(rows, columns, top, bottom, thin, int(2 * own + 1), own)
    return line if roughness(line.middles, 2 * thickness) <= smooth_within(own) else None


def _sticks_out(part: NDArray[np.bool_], thickness: float) -> bool:
    """Return whether there is nothing but a line at both ends of a component."""
    alone = part.sum(axis=0) <= 1.5 * thickness + 1
    reach = max(2, round(thickness / 2))
    return bool(alone[:reach].all() and alone[-reach:].all())


def find_teeth(rest: NDArray[np.bool_], across: NDArray[np.bool_], letter: float) -> NDArray[np.bool_]:
    """Find the teeth of combs: short upright bars that stand on a line and are no parts of letters.

    The line may have been removed before: rows of like bars are teeth, if others stand on a line.

    Parameters
    ----------
    rest : ndarray of bool, shape (height, width)
        Pixels with ink other than lines.
    across : ndarray of bool, shape (height, width)
        Pixels of lines across.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    ndarray of bool, shape (height, width)
        None are set if there are fewer than three.
    """
    teeth = np.zeros_like(rest)
    if not across.any():
        return teeth
    labels, count = ndimage.label(rest, EIGHT_CONNECTED)
    touching = np.zeros(count + 1, np.bool_)
    touching[labels[ndimage.binary_dilation(across, EIGHT_CONNECTED)]] = True
    sizes = np.bincount(labels.ravel())
    bars = []
    for number, (y, x) in enumerate(ndimage.find_objects(labels), 1):
        height, width = y.stop - y.start, x.stop - x.start
        low = height <= _TOOTH * letter and width <= _THICKNESS * letter
        if low and height >= 2 * width and sizes[number] >= _STRAIGHT * height * width:
            bars.append((number, height, (y, x)))
    heights = [height for number, height, _ in bars if touching[number]]
    if len(heights) < _MIN_TEETH:
        return teeth
    usual = float(np.median(heights))
    alike = [(window[0].stop, number) for number, height, window in bars if abs(height - usual) <= _ALIKE * usual]
    feet = [foot for foot, number in alike if not touching[number]]
    in_rows = {number for foot, number in alike if sum(abs(foot - one) <= _NEAR * letter for one in feet) >= _MIN_TEETH}
    for number, _, window in bars:
        if touching[number] or number in in_rows:
            teeth[window] |= labels[window] == number
    return teeth
