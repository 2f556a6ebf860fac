"""Split groups that are too wide for one letter, by their width or, in cursive writing, by their strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.segmentation._components import Labels, Scale
from ensemble_hwr.segmentation._cuts import find_cuts, map_pieces

_WIDTH_DEVIATION = 0.35  # standard deviation of the width of letters, relative to their mean
_STROKE_COST = 0.35  # cost of a cut per stroke, in units of half the squared standardized deviation of a width
_MIN_WIDE = 1.45  # mean widths: least width of a group that is split
_WIDE_PER_GAP = 2.0  # mean widths added per letter height by which the usual gap exceeds the close gap
_CLOSE_GAP = 0.05  # letter heights
_CURSIVE_CUTS = 0.3  # cuts per letter from which on writing is cursive
_PRIOR_UNCUT = 6  # letters without cuts that the prior counts for: a short word with touching letters is not cursive
_CURSIVE_STROKES = 1.25  # mean number of strokes that cross the core rows of a cursive letter
_CORE = 0.5  # of the ink of the fullest rows: rows with more ink are the core of the letters


def split_wide(
    ink: Ink, letters: Labels, *, width: float, usual_gap: float, scale: Scale
) -> tuple[Labels, dict[int, float]]:
    """Split groups that are too wide for one letter.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        Upright.
    letters : ndarray of int32, shape (height, width)
        Letter of each pixel, from 1 and from left to right; 0 is paper.
    width : float
        Mean width of a letter in pixels.
    usual_gap : float
        Gap between letters in letter heights. If it is large, few letters touch, and a wide group is more likely one
        wide letter.
    scale : Scale

    Returns
    -------
    letters : ndarray of int32
        With more letters, numbered from left to right.
    costs : dict of int to float
        Strokes that the cut crosses, for each letter that was cut from the letter before.
    """
    widest = (_MIN_WIDE + _WIDE_PER_GAP * max(0.0, usual_gap - _CLOSE_GAP)) * width
    masks = [letters == number for number in range(1, int(letters.max()) + 1)]
    wide = {place: mask for place, mask in enumerate(masks) if _extent(mask) >= widest}
    groups = {place: _WideGroup.take(ink, mask, width, scale) for place, mask in wide.items()}
    counts = {place: group.best_count for place, group in groups.items()}
    cuts = sum(counts.values()) - len(counts)
    if cuts >= _CURSIVE_CUTS * (len(masks) + cuts + _PRIOR_UNCUT):
        core = _core_rows(letters > 0)
        counts = {place: round(_count_strokes(masks[place], core) / _CURSIVE_STROKES) for place in groups}
    split = np.zeros_like(letters)
    costs: dict[int, float] = {}
    for place, mask in enumerate(masks):
        count = int(split.max())
        if place not in groups:
            split[mask] = count + 1
            continue
        pieces, boundary_costs = groups[place].divide(counts[place])
        split[mask] = count + 1 + pieces[mask]
        costs.update({count + 2 + cut: cost for cut, cost in enumerate(boundary_costs)})
    return split, costs


def _extent(mask: NDArray[np.bool_]) -> int:
    """Return the number of columns from the first to the last pixel."""
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] + 1 - columns[0])


def _core_rows(ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows of the core of the letters, without ascenders and descenders."""
    count = np.count_nonzero(ink, axis=1)
    return np.flatnonzero(count >= _CORE * np.quantile(count, 5 / 6))


def _count_strokes(mask: NDArray[np.bool_], rows: NDArray[np.intp]) -> float:
    """Return the mean number of strokes that a row crosses."""
    return np.count_nonzero(np.diff(mask[rows].astype(np.int8), axis=1, prepend=0) == 1) / len(rows)


@dataclass(frozen=True, eq=False)
class _WideGroup:
    """A wide group, and the cost of its best split into any number of letters.

    Attributes
    ----------
    pieces : ndarray of int, shape (height, width)
        Piece of each pixel, from 0; -1 elsewhere.
    cut_costs : ndarray of float, shape (n_pieces - 1,)
        Strokes that the cuts between pieces cross.
    cost : ndarray of float, shape (n_pieces + 1, n_pieces + 1)
        Least cost of widths and cuts, by the number of letters and of pieces.
    source : ndarray of int, shape (n_pieces + 1, n_pieces + 1)
        First piece of the last of these letters.
    """

    pieces: NDArray[np.intp]
    cut_costs: NDArray[np.float64]
    cost: NDArray[np.float64]
    source: NDArray[np.intp]

    @classmethod
    def take(cls, ink: Ink, mask: NDArray[np.bool_], width: float, scale: Scale) -> Self:
        """Find the cuts of a group, and the costs of its splits."""
        columns = np.flatnonzero(mask.any(axis=0))
        window = (slice(None), slice(int(columns[0]), int(columns[-1]) + 1))
        alone = np.where(mask[window], ink[window], np.float32(0))
        cut, costs = map_pieces(mask[window].astype(np.int32), find_cuts(alone, scale), scale)
        pieces = np.full(mask.shape, -1)
        pieces[window] = cut
        return cls(pieces, costs, *_division_costs(cut, costs, width))

    @property
    def best_count(self) -> int:
        """Number of letters of least cost."""
        return int(self.cost[:, -1].argmin())

    def divide(self, count: int) -> tuple[NDArray[np.intp], list[float]]:
        """Return the letter of each pixel, from 0, and the costs of the cuts; at most as many letters as pieces."""
        stops = [len(self.cut_costs) + 1]
        for letters in range(min(max(count, 1), len(self.cut_costs) + 1), 1, -1):
            stops.insert(0, int(self.source[letters, stops[0]]))
        letter_of = np.searchsorted(stops, np.arange(len(self.cut_costs) + 1), side="right")
        costs = [float(self.cut_costs[at - 1]) for at in stops[:-1]]
        return np.where(self.pieces >= 0, letter_of[self.pieces], -1), costs


def _division_costs(
    pieces: NDArray[np.intp], cut_costs: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the least cost by number of letters (rows) and pieces (columns), and the start of the last letter."""
    n = len(cut_costs) + 1
    columns = [np.flatnonzero((pieces == piece).any(axis=0)) for piece in range(n)]
    left, right = (np.array([column[end] for column in columns]) for end in (0, -1))
    cost, source = np.full((n + 1, n + 1), np.inf), np.zeros((n + 1, n + 1), np.intp)
    cost[0, 0] = 0.0
    for start in range(n):
        low, high = left[start], right[start]
        entry = cost[:-1, start] + (_STROKE_COST * cut_costs[start - 1] if start else 0.0)
        for stop in range(start + 1, n + 1):
            low, high = min(low, left[stop - 1]), max(high, right[stop - 1])
            total = entry + (((high + 1 - low) / width - 1) / _WIDTH_DEVIATION) ** 2 / 2
            better = total < cost[1:, stop]
            cost[1:, stop] = np.where(better, total, cost[1:, stop])
            source[1:, stop] = np.where(better, start, source[1:, stop])
    return cost, source
