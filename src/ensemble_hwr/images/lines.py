"""Ruled lines, underlines, boxes and borders: long thin parts of the ink, found and removed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.images._traces import Line, trace_lines
from ensemble_hwr.images._underlines import find_lower_edges, find_teeth, find_underline

_LENGTH = 2.6  # letter heights: least length of a line across; the bar of a letter, or of two that touch, is shorter
_HEIGHT = 0.9  # letter heights: least length of a line down, between two lines across
_THICKNESS = 0.25  # letter heights: greatest thickness
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
    lines = trace_lines(mask, _LENGTH * letter, _THICKNESS * letter)
    for line in lines:
        line.mark(across)
        _draw(courses, line.rows, line.columns, reach)
    for line in find_lower_edges(mask & ~across, lines, letter):
        line.mark(across)
    across |= find_teeth(mask & ~across, across, letter)
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
