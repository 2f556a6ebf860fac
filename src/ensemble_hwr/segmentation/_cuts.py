"""Where a word could be cut between letters: generously, so that hardly a true cut is missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._typing import Ink
from ensemble_hwr.segmentation._parts import INKED, Scale
from ensemble_hwr.segmentation._seams import Paths, Seams

_ROWS = (0.5, 0.25, 0.75)  # heights at which cuts are looked for
_DEAREST = 4.5  # strokes that a cut may cross
_NEAREST = 0.09  # letter heights between two cuts, on average over the rows
_LONG = 0.3  # letter heights: along a stroke as long as this, both of its ends are cut, not its middle
_DEEP = 0.65  # strokes: ink lies so deep only where strokes meet or lie side by side
_INSIDE = 0.1  # what it counts there
_SAME = 0.15  # strokes: prices that differ by less are the same


@dataclass(frozen=True, eq=False)
class Cuts:
    """Cuts from left to right.

    Attributes
    ----------
    paths : ndarray of int, shape (height, cuts)
        Column in each row; pixels of that column lie to the right of the cut. Cuts do not cross.
    price : ndarray of float, shape (cuts,)
        Strokes crossed: 0 where there is only paper.
    """

    paths: Paths
    price: NDArray[np.float64]


def find_cuts(ink: Ink, scale: Scale) -> Cuts:
    """Find the places where a seam is cheaper than those beside it.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        Upright, without empty rows above and below.
    scale : Scale

    Returns
    -------
    Cuts
    """
    seams = Seams.through(_resistance(ink, scale))
    paths, prices = [], []
    for share in _ROWS:
        row = int(share * (len(ink) - 1))
        price = seams.price[row] / np.float32(scale.stroke)
        columns = np.array(_valleys(price, scale), dtype=np.intp)
        paths.append(seams.paths(row, columns))
        prices.append(price[columns].astype(np.float64))
    return _choose(np.concatenate(paths, axis=1), np.concatenate(prices), scale)


def _resistance(ink: Ink, scale: Scale) -> Ink:
    """Weigh ink for a cut: inside what is thicker than a stroke, which is two strokes in one, it counts less."""
    depth = ndimage.distance_transform_cdt(np.pad(ink > INKED, 1))[1:-1, 1:-1]
    return np.where(depth > _DEEP * scale.stroke, np.float32(_INSIDE) * ink, ink)


def _choose(paths: Paths, prices: NDArray[np.float64], scale: Scale) -> Cuts:
    """Of cuts that are near each other keep the cheapest; put them in order and undo crossings."""
    nearest = max(2.0, _NEAREST * scale.letter)
    kept: list[int] = []
    for place in np.argsort(prices, kind="stable").tolist():
        apart = np.abs(paths[:, kept] - paths[:, [place]]).mean(axis=0)
        if not (apart < nearest).any():
            kept.append(place)
    kept.sort(key=lambda place: float(paths[:, place].mean()))
    return Cuts(np.sort(paths[:, kept], axis=1), prices[kept])


def _valleys(prices: NDArray[np.float32], scale: Scale) -> list[int]:
    """Places to cut: the middle of a narrow valley of the price, both ends of a broad one."""
    columns = []
    for bottom in bottoms(prices.tolist(), _SAME):
        floor = float(prices[bottom])
        if floor > _DEAREST:
            continue
        higher = np.flatnonzero(prices > floor + _SAME)
        place = int(np.searchsorted(higher, bottom))
        first = int(higher[place - 1]) + 1 if place else 0
        last = int(higher[place]) - 1 if place < len(higher) else len(prices) - 1
        if last - first >= _LONG * scale.letter and floor > _SAME:
            columns += [first, last]
        else:
            columns.append((first + last + 1) // 2)
    return columns


def bottoms(heights: list[float], depth: float) -> list[int]:
    """Lowest points of all valleys from which one must climb more than `depth` to get to a lower one."""
    bottoms, lowest, highest, falling = [], 0, 0, True
    for place, height in enumerate(heights):
        if falling:
            if height < heights[lowest]:
                lowest = place
            elif height > heights[lowest] + depth:
                bottoms.append(lowest)
                highest, falling = place, False
        elif height > heights[highest]:
            highest = place
        elif height < heights[highest] - depth:
            lowest, falling = place, True
    if falling:
        bottoms.append(lowest)
    return bottoms
