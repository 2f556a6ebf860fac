"""Cells between ruled lines: tables, grids and boxes for single letters, in the order of reading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.images.lines import Ruling

_MIN_SIDE = 0.45  # letter heights: least side of a cell
_FILLED = 0.75  # of its bounding box: least area of a cell
_SAME_ROW = 0.5  # of the lower of two cells: least common height of neighbours in a row
_SIMILAR = 0.5  # of the median height of the cells: least height


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
        None if no line from top to bottom has cells on both sides.
    """
    if not ruling.sides.any():
        return None
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
    return Cells(number[regions], rows, ruling.courses) if np.bincount(rows).max() > 1 else None


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
