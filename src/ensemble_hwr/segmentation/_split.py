"""Wide shapes cut into as many letters as their width makes likely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.segmentation._cuts import find_cuts
from ensemble_hwr.segmentation._parts import Ink, Labels, Scale
from ensemble_hwr.segmentation._pieces import map_pieces

_SPREAD = 0.35  # of the width of letters, relative to their mean
_CUT = 0.35  # what crossing a stroke costs, in the squared deviations that a width costs
_WIDE = 1.45  # mean widths: what is less wide is left whole
_ROOMY = 2.0  # mean widths more for each letter height by which the usual gap exceeds
_CLOSE = 0.05  # letter heights


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
    split = np.zeros_like(letters)
    prices: dict[int, float] = {}
    count = 0
    for number in range(1, int(letters.max()) + 1):
        mask = letters == number
        columns = np.flatnonzero(mask.any(axis=0))
        first, last = int(columns[0]), int(columns[-1]) + 1
        window = (slice(None), slice(first, last))
        if last - first < widest:
            split[mask] = count + 1
            count += 1
            continue
        pieces, cut_prices = _split(np.where(mask[window], ink[window], np.float32(0)), mask[window], width, scale)
        split[window][mask[window]] = count + 1 + pieces[mask[window]]
        prices.update({count + 2 + place: price for place, price in enumerate(cut_prices)})
        count += len(cut_prices) + 1
    return split, prices


def _split(ink: Ink, mask: NDArray[np.bool_], width: float, scale: Scale) -> tuple[NDArray[np.intp], list[float]]:
    """Letter of each pixel of one wide shape, from 0, and the prices of the cuts between them."""
    pieces, prices = map_pieces(mask.astype(np.int32), find_cuts(ink, scale), scale)
    stops = _best_stops(pieces, prices, width)
    letter_of = np.searchsorted(stops, np.arange(len(prices) + 1), side="right")
    letters = np.where(pieces >= 0, letter_of[pieces], -1)
    return letters, [float(prices[stop - 1]) for stop in stops[:-1]]


def _best_stops(pieces: NDArray[np.intp], prices: NDArray[np.float64], width: float) -> list[int]:
    """Where letters stop, in pieces: the division whose widths and cuts together cost the least."""
    n = len(prices) + 1
    columns = [np.flatnonzero((pieces == piece).any(axis=0)) for piece in range(n)]
    left, right = (np.array([column[end] for column in columns]) for end in (0, -1))
    cost, source = np.full(n + 1, np.inf), np.zeros(n + 1, np.intp)
    cost[0] = 0.0
    for start in range(n):
        low, high = left[start], right[start]
        entry = cost[start] + (_CUT * prices[start - 1] if start else 0.0)
        for stop in range(start + 1, n + 1):
            low, high = min(low, left[stop - 1]), max(high, right[stop - 1])
            deviation = ((high + 1 - low) / width - 1) / _SPREAD
            total = entry + deviation**2 / 2
            if total < cost[stop]:
                cost[stop], source[stop] = total, start
    stops = [n]
    while source[stops[0]]:
        stops.insert(0, int(source[stops[0]]))
    return stops
