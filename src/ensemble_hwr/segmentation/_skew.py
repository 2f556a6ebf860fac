"""The angle by which lines climb."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEEPEST = 0.4
"""Largest slope of lines that is looked for: about 22 degrees."""

_COARSE, _FINE = 0.02, 0.002
_POINTS = 20_000  # the search needs no more pixels
_BIN = 0.12  # letter heights: rows are counted together so far
_RELUCTANCE = 0.5  # what a slope of 1 must gain over none
_SHORTEST = 4.0  # letter heights: what is less wide has no direction of its own


def find_skew(mask: NDArray[np.bool_], letter: float) -> float:
    """Find the slope at which ink gathers in the fewest rows.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Where ink is.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    float
        Rows that lines climb for each column to the right.
    """
    rows, columns = np.nonzero(mask)
    if len(rows) == 0 or np.ptp(columns) < _SHORTEST * letter:
        return 0.0
    step = -(-len(rows) // _POINTS)
    y, x = rows[::step].astype(np.float64), columns[::step].astype(np.float64)
    size = max(1.0, _BIN * letter)
    coarse = _best(y, x, size, np.arange(-STEEPEST, STEEPEST + _COARSE / 2, _COARSE))
    return _best(y, x, size, coarse + np.arange(-_COARSE, _COARSE + _FINE / 2, _FINE))


def _best(y: NDArray[np.float64], x: NDArray[np.float64], size: float, slopes: NDArray[np.float64]) -> float:
    """Slope with the sharpest rows; the most level one of those that are equally good."""
    sharpness = []
    for slope in slopes:
        rows = (y + slope * x) / size
        counts = np.bincount((rows - rows.min()).astype(np.intp)).astype(np.float64)
        sharpness.append(float(counts @ counts) * (1 - _RELUCTANCE * abs(float(slope))))
    best = np.flatnonzero(np.array(sharpness) >= max(sharpness) * (1 - 1e-9))
    return float(slopes[best[np.abs(slopes[best]).argmin()]])
