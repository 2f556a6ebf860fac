"""Cells between ruled lines: tables, grids and boxes for single letters, in the order of reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.boxes import Box
from ensemble_hwr.images.lines import Ruling

_MIN_SIDE = 0.45  # letter heights: least side of a cell
_FILLED = 0.75  # of its bounding box: least area of a cell
_SAME_ROW = 0.5  # of the lower of two cells: least common height of neighbours in a row
_SIMILAR = 0.5  # of the median height of the cells: least height
_APART = 0.4  # of the width of a cell: distance of the next one from which on it begins a word
_PITCH = 0.25  # of the usual distance of the teeth of a comb: greatest difference
_TALL = 2.2  # letter heights: height of the cells of a comb
_LEVEL = 0.5  # letter heights: greatest difference in height of the feet of two teeth


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of a table, grid or comb.

    Attributes
    ----------
    labels : ndarray of int32, shape (height, width)
        Cell of each pixel, from 1 in the order of reading; 0 is outside of cells.
    rows : ndarray of int, shape (n_cells,)
        Row of each cell, from 0 and from top to bottom.
    lines : ndarray of bool, shape (height, width)
        Courses of the lines.
    opens : ndarray of bool, shape (n_cells,)
        Whether there is a space, or nothing, left of each cell: it is not next to another.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.cells import find_cells
    >>> from ensemble_hwr.images.lines import find_ruling
    >>> grid = np.zeros((122, 182), bool)
    >>> grid[::60] = grid[:, ::60] = True
    >>> cells = find_cells(find_ruling(grid, letter=30), letter=30)
    >>> len(cells), cells.rows, cells.labels[[30, 30, 90], [30, 90, 30]]
    (6, array([0, 0, 0, 1, 1, 1]), array([1, 2, 4], dtype=int32))
    """

    labels: NDArray[np.int32]
    rows: NDArray[np.intp]
    lines: NDArray[np.bool_]
    opens: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)


def find_cells(ruling: Ruling, letter: float) -> Cells | None:
    """Find the cells between ruled lines.

    Parameters
    ----------
    ruling : Ruling
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    Cells or None
        None if no line from top to bottom has cells on both sides, and there is no comb.
    """
    if not ruling.sides.any():
        return cells_of_boxes(_between_teeth(ruling.teeth, letter), ruling.courses)
    regions, _ = ndimage.label(~ruling.courses)
    boxes = ndimage.find_objects(regions)
    areas = np.bincount(regions.ravel(), minlength=len(boxes) + 1)[1:]
    y = np.array([(box[0].start, box[0].stop) for box in boxes])
    x = np.array([(box[1].start, box[1].stop) for box in boxes])
    heights, widths = np.ptp(y, axis=1), np.ptp(x, axis=1)
    large = (heights >= _MIN_SIDE * letter) & (widths >= _MIN_SIDE * letter)
    large &= areas >= _FILLED * heights * widths
    kept = np.flatnonzero(large)
    if len(kept) < 2:
        return None
    kept = kept[heights[kept] >= _SIMILAR * np.median(heights[kept])]
    rows = _rows(y[kept], x[kept])
    order = np.lexsort((x[kept, 0], rows))
    number = np.zeros(len(boxes) + 1, np.int32)
    number[kept[order] + 1] = np.arange(1, len(kept) + 1)
    rows = rows[order]
    if np.bincount(rows).max() < 2:
        return None
    return Cells(number[regions], rows, ruling.courses, _opens(rows, x[kept[order]]))


def cells_of_boxes(boxes: Sequence[Box], lines: NDArray[np.bool_]) -> Cells | None:
    """Return boxes as cells, in the order of reading.

    Parameters
    ----------
    boxes : sequence of Box
    lines : ndarray of bool, shape (height, width)
        Courses of other lines.

    Returns
    -------
    Cells or None
        None if there are no two boxes next to each other.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.images.cells import cells_of_boxes
    >>> boxes = [Box(left, 5, left + 20, 35) for left in (5, 30, 80)]
    >>> cells = cells_of_boxes(boxes, np.zeros((40, 120), bool))
    >>> cells.rows.tolist(), cells.opens.tolist()
    ([0, 0, 0], [True, False, True])
    """
    if len(boxes) < 2:
        return None
    y = np.array([(box.top, box.bottom) for box in boxes])
    x = np.array([(box.left, box.right) for box in boxes])
    rows = _rows(y, x)
    order = np.lexsort((x[:, 0], rows))
    labels, lines = np.zeros(lines.shape, np.int32), lines.copy()
    for number, place in enumerate(order, 1):
        box = boxes[place]
        labels[box.slices] = number
        lines[box.top : box.bottom, [box.left, box.right - 1]] = True
        lines[[box.top, box.bottom - 1], box.left : box.right] = True
    opens = _opens(rows[order], x[order])
    return None if opens.all() else Cells(labels, rows[order], lines, opens)


def _opens(rows: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which cells, in the order of reading, are not next to the one before them."""
    apart = x[1:, 0] - x[:-1, 1] > _APART * np.median(np.ptp(x, axis=1))
    return np.concatenate([[True], (np.diff(rows) != 0) | apart])


def _between_teeth(teeth: NDArray[np.bool_], letter: float) -> list[Box]:
    """Return the cells between neighbouring teeth of combs."""
    labels, _ = ndimage.label(teeth, np.ones((3, 3)))
    found = ndimage.find_objects(labels)
    feet = sorted((window[0].stop, (window[1].start + window[1].stop) // 2) for window in found)
    combs: list[list[tuple[int, int]]] = []
    for foot in feet:
        if combs and foot[0] - combs[-1][-1][0] <= _LEVEL * letter:
            combs[-1].append(foot)
        else:
            combs.append([foot])
    columns = [sorted(x for _, x in comb) for comb in combs]
    distances = [right - left for comb in columns for left, right in pairwise(comb)]
    usual = float(np.median(distances)) if distances else 0.0
    boxes, floor = [], 0
    for comb, places in zip(combs, columns, strict=True):
        bottom = max(y for y, _ in comb)
        top = max(floor, bottom - round(_TALL * letter))
        for left, right in pairwise(places):
            count = round((right - left) / max(usual, 1.0))  # more than 1 where teeth were not found
            if count and abs(right - left - count * usual) <= _PITCH * usual:
                edges = np.linspace(left, right, count + 1).round().astype(int).tolist()
                boxes += [Box(one, top, other, bottom) for one, other in pairwise(edges)]
        floor = bottom
    return boxes


def _rows(y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the row of each cell: neighbours from left to right that share most of their height."""
    chains: list[list[int]] = []
    for cell in np.argsort(x[:, 0], kind="stable").tolist():
        best, most = None, _SAME_ROW
        for chain in chains:
            last = chain[-1]
            common = min(y[cell, 1], y[last, 1]) - max(y[cell, 0], y[last, 0])
            share = common / min(np.ptp(y[cell]), np.ptp(y[last]))
            if share > most and x[last, 1] <= x[cell, 0] + np.ptp(x[last]) // 4:
                best, most = chain, share
        if best is None:
            chains.append([cell])
        else:
            best.append(cell)
    chains.sort(key=lambda chain: float(np.mean(y[chain])))
    rows = np.empty(len(y), np.intp)
    for number, chain in enumerate(chains):
        rows[chain] = number
    return rows
