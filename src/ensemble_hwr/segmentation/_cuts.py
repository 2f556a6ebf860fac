"""Oversegmentation of a word: cuts along seams of least ink, and the pieces between them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._deadlines import timed
from ensemble_hwr._geometry import INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation._components import Labels, Scale

Paths: TypeAlias = NDArray[np.intp]  # (height, n): column of each path in each row
Steps: TypeAlias = NDArray[np.int8]
PieceMap: TypeAlias = NDArray[np.intp]  # (height, width): number of the piece of each pixel; -1 is paper

MAX_CUTS = 400  # of a word; a letter has two or three
_SIDESTEP = np.float32(0.15)  # pixels of ink: cost of a column to the side from one row to the next
_STEPS = np.array([0, -1, 1], np.int8)  # predecessors of a path: straight above, to the left, to the right
_ROWS = (0.5, 0.25, 0.75)  # relative heights at which cuts are searched
_MAX_COST = 4.5  # strokes that a cut may cross
_MIN_DISTANCE = 0.09  # letter heights between two cuts, on average over the rows
_LONG = 0.3  # letter heights: a broad valley along a stroke of this length is cut at both ends, not in the middle
_DEEP = 0.65  # strokes: distance of ink from paper above which strokes meet or lie side by side
_DEEP_COST = 0.1  # cost of such ink, relative to other ink
_EQUAL_COST = 0.15  # strokes: smaller differences in cost are ignored
_MIN_FRAGMENT = 0.015  # letter heights squared: smaller fragments join the nearest larger one of their component


@dataclass(frozen=True, eq=False)
class Seams:
    """Seams of least cost from top to bottom through every pixel.

    A seam has one pixel in each row and moves by at most one column from row to row. Its cost is the ink under it, and
    a little for each step to the side. Two passes of dynamic programming, from the top and from the bottom, find the
    seams through all pixels.

    Attributes
    ----------
    cost : ndarray of float32, shape (height, width)
        Pixels of ink that are crossed, plus the cost of steps to the side.
    up, down : ndarray of int8, shape (height, width)
        Step to the side, to the row above and to the row below, of the seam through each pixel.
    """

    cost: NDArray[np.float32]
    up: Steps
    down: Steps

    @classmethod
    def through(cls, ink: Ink) -> Self:
        """Find the seams of some ink."""
        above, up = _descend(ink)
        below, down = _descend(ink[::-1])
        return cls(above + below[::-1] - ink, up, down[::-1])

    def paths(self, row: int, columns: NDArray[np.intp]) -> Paths:
        """Return the column in each row of the seams through some pixels of a row."""
        found = np.empty((len(self.cost), len(columns)), np.intp)
        found[row] = columns
        for y in range(row, 0, -1):
            found[y - 1] = found[y] + self.up[y, found[y]]
        for y in range(row, len(found) - 1):
            found[y + 1] = found[y] + self.down[y, found[y]]
        return found


@dataclass(frozen=True, eq=False)
class Cuts:
    """Cuts of a word, from left to right.

    Attributes
    ----------
    paths : ndarray of int, shape (height, n_cuts)
        Column in each row; the pixel in this column is on the right of the cut. Cuts do not cross.
    cost : ndarray of float, shape (n_cuts,)
        Strokes that are crossed; 0 if there is only paper.
    """

    paths: Paths
    cost: NDArray[np.float64]


def find_cuts(ink: Ink, scale: Scale) -> Cuts:
    """Find the cuts of a word: local minima of the cost of seams.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        Upright, without blank rows at the top and at the bottom.
    scale : Scale

    Returns
    -------
    Cuts
        More than there are boundaries between letters, so that few boundaries are missed.
    """
    seams = Seams.through(_weigh(ink, scale))
    paths, costs = [], []
    for share in _ROWS:
        row = int(share * (len(ink) - 1))
        cost = seams.cost[row] / np.float32(scale.stroke)
        columns = np.array(_valleys(cost, scale), dtype=np.intp)
        paths.append(seams.paths(row, columns))
        costs.append(cost[columns].astype(np.float64))
    return _choose(np.concatenate(paths, axis=1), np.concatenate(costs), scale)


def map_pieces(labels: Labels, cuts: Cuts, scale: Scale) -> tuple[PieceMap, NDArray[np.float64]]:
    """Split the ink of a word at its cuts; small fragments join their neighbour.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Connected components, numbered from 1.
    cuts : Cuts
    scale : Scale

    Returns
    -------
    pieces : ndarray of int, shape (height, width)
        Number of the piece of each pixel, from 0 and from left to right; -1 is paper.
    costs : ndarray of float, shape (n_pieces - 1,)
        Cost of the cheapest cut between each piece and the next.
    """
    strip = _strips(cuts, labels.shape)
    inked = labels > 0
    count = cuts.paths.shape[1] + 1
    keys = labels[inked].astype(np.intp) * count + strip[inked]
    areas = np.bincount(keys, minlength=(int(labels.max()) + 1) * count).reshape(-1, count)
    target = _targets(areas, _MIN_FRAGMENT * scale.letter**2).ravel()[keys]
    used, number = np.unique(target, return_inverse=True)
    pieces = np.full(labels.shape, -1, np.intp)
    pieces[inked] = number
    costs = [float(cuts.cost[first:last].min()) for first, last in pairwise(used)]
    return pieces, np.array(costs)


def local_minima(values: list[float], prominence: float) -> list[int]:
    """Return the positions of the local minima with at least some prominence.

    Parameters
    ----------
    values : list of float
    prominence : float
        Between a minimum and any lower one, there is a value that exceeds it by more.

    Returns
    -------
    list of int
        Ascending.

    Examples
    --------
    >>> from ensemble_hwr.segmentation._cuts import local_minima
    >>> local_minima([3.0, 1.0, 1.2, 1.1, 3.0, 0.0, 2.0], prominence=0.5)
    [1, 5]
    """
    found, lowest, highest, falling = [], 0, 0, True
    for place, value in enumerate(values):
        if falling:
            if value < values[lowest]:
                lowest = place
            elif value > values[lowest] + prominence:
                found.append(lowest)
                highest, falling = place, False
        elif value > values[highest]:
            highest = place
        elif value < values[highest] - prominence:
            lowest, falling = place, True
    if falling:
        found.append(lowest)
    return found


def _descend(ink: Ink) -> tuple[NDArray[np.float32], Steps]:
    """Return the cost of the cheapest path from the first row to each pixel, and its last step."""
    height, width = ink.shape
    cost, steps = np.empty_like(ink), np.zeros(ink.shape, np.int8)
    ways = np.full((3, width + 2), np.inf, np.float32)
    cost[0] = ink[0]
    for y in range(1, height):
        ways[0, 1:-1] = cost[y - 1]
        ways[1, 2:] = cost[y - 1] + _SIDESTEP
        ways[2, :-2] = cost[y - 1] + _SIDESTEP
        steps[y] = _STEPS[ways.argmin(axis=0)[1:-1]]
        cost[y] = ways.min(axis=0)[1:-1] + ink[y]
    return cost, steps


def _weigh(ink: Ink, scale: Scale) -> Ink:
    """Return the cost of each pixel: less inside parts thicker than a stroke, where letters touch."""
    depth = ndimage.distance_transform_cdt(np.pad(ink > INK_THRESHOLD, 1))[1:-1, 1:-1]
    return np.where(depth > _DEEP * scale.stroke, np.float32(_DEEP_COST) * ink, ink)


def _choose(paths: Paths, costs: NDArray[np.float64], scale: Scale) -> Cuts:
    """Keep the cheapest of cuts that are near each other, sort them, and undo crossings."""
    nearest = max(2.0, _MIN_DISTANCE * scale.letter)
    kept: list[int] = []
    for place in timed(np.argsort(costs, kind="stable").tolist()):
        apart = np.abs(paths[:, kept] - paths[:, [place]]).mean(axis=0)
        if not (apart < nearest).any():
            kept.append(place)
        if len(kept) > MAX_CUTS:
            raise PictureError(f"it has too many marks to be writing: more than {MAX_CUTS} cuts in a word")
    kept.sort(key=lambda place: float(paths[:, place].mean()))
    return Cuts(np.sort(paths[:, kept], axis=1), costs[kept])


def _valleys(costs: NDArray[np.float32], scale: Scale) -> list[int]:
    """Return the columns to cut: the middle of a narrow valley of the cost, both ends of a broad one."""
    columns = []
    for bottom in local_minima(costs.tolist(), _EQUAL_COST):
        floor = float(costs[bottom])
        if floor > _MAX_COST:
            continue
        higher = np.flatnonzero(costs > floor + _EQUAL_COST)
        place = int(np.searchsorted(higher, bottom))
        first = int(higher[place - 1]) + 1 if place else 0
        last = int(higher[place]) - 1 if place < len(higher) else len(costs) - 1
        if last - first >= _LONG * scale.letter and floor > _EQUAL_COST:
            columns += [first, last]
        else:
            columns.append((first + last + 1) // 2)
    return columns


def _strips(cuts: Cuts, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the number of cuts on the left of each pixel."""
    height, width = shape
    passed = np.zeros((height, width + 1), np.intp)
    rows = np.repeat(np.arange(height), cuts.paths.shape[1])
    np.add.at(passed, (rows, cuts.paths.ravel()), 1)
    strips: NDArray[np.intp] = passed.cumsum(axis=1)[:, :width]
    return strips


def _targets(areas: NDArray[np.intp], least: float) -> NDArray[np.intp]:
    """Return the target strip of each fragment (component, strip): its own, or that of the nearest large fragment."""
    targets = np.tile(np.arange(areas.shape[1]), (len(areas), 1))
    for target, fragments in zip(targets[1:], areas[1:], strict=True):
        large = np.flatnonzero(fragments >= min(least, fragments.max()))
        small = np.flatnonzero((fragments > 0) & (fragments < least))
        target[small] = large[np.abs(large - small[:, None]).argmin(axis=1)]
    return targets
