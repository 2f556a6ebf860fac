"""Wide shapes cut into as many letters as their width makes likely, or, in joined-up writing, their strokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.segmentation._cuts import find_cuts
from ensemble_hwr.segmentation._parts import Labels, Scale
from ensemble_hwr.segmentation._pieces import map_pieces

_SPREAD = 0.35  # of the width of letters, relative to their mean
_CUT = 0.35  # what crossing a stroke costs, in the squared deviations that a width costs
_WIDE = 1.45  # mean widths: what is less wide is left whole
_ROOMY = 2.0  # mean widths more for each letter height by which the usual gap exceeds
_CLOSE = 0.05  # letter heights
_JOINED = 0.3  # cuts for each letter, from which on writing is joined up
_UNCUT = 6  # letters without cuts that are added first: a short word with letters that touch is not joined up yet
_STROKES = 1.25  # that cross the middle of a joined-up letter
_MIDDLE = 0.5  # of the ink that the fullest rows hold: rows with more are the middle of the letters


def split_wide(
    ink: Ink, letters: Labels, *, width: float, usual_gap: float, scale: Scale
) -> tuple[Labels, dict[int, float]]:
    """Cut letters that are too wide to be one.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        Upright.
    letters : ndarray of int32, shape (height, width)
        Letter of each pixel, from 1, from left to right; 0 on paper.
    width : float
        Mean width of a letter, in pixels.
    usual_gap : float
        Gap between letters in letter heights. Who leaves much paper between letters lets few of them touch, so that
        a wide shape is rather a wide letter.
    scale : Scale

    Returns
    -------
    letters : ndarray of int32
        With more letters, numbered from left to right.
    prices : dict of int to float
        For each letter that was cut from the one before it, the strokes that the cut crosses.
    """
    widest = (_WIDE + _ROOMY * max(0.0, usual_gap - _CLOSE)) * width
    masks = [letters == number for number in range(1, int(letters.max()) + 1)]
    shapes = {place: _Shape.take(ink, mask, width, scale) for place, mask in enumerate(masks) if _reach(mask) >= widest}
    counts = {place: shape.likeliest for place, shape in shapes.items()}
    cuts = sum(counts.values()) - len(counts)
    if cuts >= _JOINED * (len(masks) + cuts + _UNCUT):
        middle = _middle(letters > 0)
        counts = {place: round(_strokes(masks[place], middle) / _STROKES) for place in shapes}
    split = np.zeros_like(letters)
    prices: dict[int, float] = {}
    for place, mask in enumerate(masks):
        count = int(split.max())
        if place not in shapes:
            split[mask] = count + 1
            continue
        pieces, cut_prices = shapes[place].divide(counts[place])
        split[mask] = count + 1 + pieces[mask]
        prices.update({count + 2 + cut: price for cut, price in enumerate(cut_prices)})
    return split, prices


def _reach(mask: NDArray[np.bool_]) -> int:
    """Columns from the first to the last of a shape."""
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] + 1 - columns[0])


def _middle(ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Rows of the middle of the letters, without what reaches above and below it."""
    count = np.count_nonzero(ink, axis=1)
    return np.flatnonzero(count >= _MIDDLE * np.quantile(count, 5 / 6))


def _strokes(mask: NDArray[np.bool_], rows: NDArray[np.intp]) -> float:
    """Strokes that a row crosses, on average."""
    return np.count_nonzero(np.diff(mask[rows].astype(np.int8), axis=1, prepend=0) == 1) / len(rows)


@dataclass(frozen=True, eq=False)
class _Shape:
    """A wide shape, and what it costs to divide it into any number of letters.

    Attributes
    ----------
    pieces : ndarray of int, shape (height, width)
        From 0, -1 elsewhere.
    prices : ndarray of float, shape (n_pieces - 1,)
        Strokes that the cuts between pieces cross.
    cost : ndarray of float, shape (n_pieces + 1, n_pieces + 1)
        What widths and cuts cost at least, for so many letters made of so many pieces.
    source : ndarray of int, shape (n_pieces + 1, n_pieces + 1)
        Where the last of those letters starts.
    """

    pieces: NDArray[np.intp]
    prices: NDArray[np.float64]
    cost: NDArray[np.float64]
    source: NDArray[np.intp]

    @classmethod
    def take(cls, ink: Ink, mask: NDArray[np.bool_], width: float, scale: Scale) -> Self:
        """Find the cuts of a shape, and what the letters between them would cost."""
        columns = np.flatnonzero(mask.any(axis=0))
        window = (slice(None), slice(int(columns[0]), int(columns[-1]) + 1))
        alone = np.where(mask[window], ink[window], np.float32(0))
        cut, prices = map_pieces(mask[window].astype(np.int32), find_cuts(alone, scale), scale)
        pieces = np.full(mask.shape, -1)
        pieces[window] = cut
        return cls(pieces, prices, *_costs(cut, prices, width))

    @property
    def likeliest(self) -> int:
        """Letters that cost the least."""
        return int(self.cost[:, -1].argmin())

    def divide(self, count: int) -> tuple[NDArray[np.intp], list[float]]:
        """Letter of each pixel, from 0, and the prices of the cuts between them; as many letters as can be."""
        stops = [len(self.prices) + 1]
        for letters in range(min(max(count, 1), len(self.prices) + 1), 1, -1):
            stops.insert(0, int(self.source[letters, stops[0]]))
        letter_of = np.searchsorted(stops, np.arange(len(self.prices) + 1), side="right")
        return np.where(self.pieces >= 0, letter_of[self.pieces], -1), [float(self.prices[at - 1]) for at in stops[:-1]]


def _costs(
    pieces: NDArray[np.intp], prices: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Least cost of so many letters (rows) of so many pieces (columns), and where the last of them starts."""
    n = len(prices) + 1
    columns = [np.flatnonzero((pieces == piece).any(axis=0)) for piece in range(n)]
    left, right = (np.array([column[end] for column in columns]) for end in (0, -1))
    cost, source = np.full((n + 1, n + 1), np.inf), np.zeros((n + 1, n + 1), np.intp)
    cost[0, 0] = 0.0
    for start in range(n):
        low, high = left[start], right[start]
        entry = cost[:-1, start] + (_CUT * prices[start - 1] if start else 0.0)
        for stop in range(start + 1, n + 1):
            low, high = min(low, left[stop - 1]), max(high, right[stop - 1])
            total = entry + (((high + 1 - low) / width - 1) / _SPREAD) ** 2 / 2
            better = total < cost[1:, stop]
            cost[1:, stop] = np.where(better, total, cost[1:, stop])
            source[1:, stop] = np.where(better, start, source[1:, stop])
    return cost, source
