"""Slant of letters and skew of lines: estimation, and removal by shifting rows without resampling."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_MAX_SLANT = 1.0  # greatest slant of the search: 45 degrees
_N_SLANTS = 41
_MAX_ROWS = 48  # the search uses about as many rows
_UPRIGHT_PRIOR = 0.15  # relative gain in sharpness by which a slant of 1 must exceed no slant

_MAX_SKEW = 0.4  # greatest slope of the search: about 22 degrees
_COARSE, _FINE = 0.02, 0.002  # steps of the search
_MAX_POINTS = 20_000  # the search uses about as many pixels
_BIN = 0.12  # letter heights: height of the bins in which ink is counted
_LEVEL_PRIOR = 0.5  # relative gain in sharpness by which a slope of 1 must exceed no slope
_MIN_LINE_WIDTH = 4.0  # letter heights: narrower ink has no direction of its own

Scalar = TypeVar("Scalar", bound=np.generic)


def find_slant(mask: NDArray[np.bool_]) -> float:
    """Estimate the slant of letters: the slant at which vertical strokes are sharpest.

    For each slant, pixels are counted in slanted columns. The sum of the squared counts is greatest when strokes fall
    into single columns. A prior prefers upright letters if the difference is small.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.

    Returns
    -------
    float
        Columns to the right per row upwards, from -1 to 1.
    """
    step = -(-len(mask) // _MAX_ROWS)
    y, x = np.nonzero(mask[::step, ::step])
    if len(y) < 2:
        return 0.0
    slants = np.linspace(-_MAX_SLANT, _MAX_SLANT, _N_SLANTS)
    height, width = int(np.ptp(y)) + 1, int(np.ptp(x)) + 1
    y, x = y - y.min(), x - x.min()
    columns = width + 2 * height + 2
    bins = x + np.floor(slants[:, None] * y + 0.5).astype(np.intp) + height
    bins += np.arange(_N_SLANTS)[:, None] * columns
    counts = np.bincount(bins.ravel(), minlength=_N_SLANTS * columns).reshape(_N_SLANTS, columns).astype(np.float64)
    sharpness = (counts**2).sum(axis=1) * (1 - _UPRIGHT_PRIOR * np.abs(slants))
    return _peak(slants, sharpness)


def find_skew(mask: NDArray[np.bool_], letter: float) -> float:
    """Estimate the skew of lines: the slope at which ink is concentrated in the fewest rows.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    letter : float
        Letter height in pixels.

    Returns
    -------
    float
        Rows upwards per column to the right, from -0.4 to 0.4.
    """
    rows, columns = np.nonzero(mask)
    if len(rows) == 0 or np.ptp(columns) < _MIN_LINE_WIDTH * letter:
        return 0.0
    step = -(-len(rows) // _MAX_POINTS)
    y, x = rows[::step].astype(np.float64), columns[::step].astype(np.float64)
    size = max(1.0, _BIN * letter)
    coarse = _best_slope(y, x, size, np.arange(-_MAX_SKEW, _MAX_SKEW + _COARSE / 2, _COARSE))
    return _best_slope(y, x, size, coarse + np.arange(-_COARSE, _COARSE + _FINE / 2, _FINE))


def row_shifts(height: int, slant: float) -> NDArray[np.intp]:
    """Return by how many columns each row is shifted to the right to remove a slant; the least shift is 0."""
    shifts = np.floor(slant * np.arange(height) + 0.5).astype(np.intp)
    return np.asarray(shifts - shifts.min(), dtype=np.intp)


def shift_rows(pixels: NDArray[Scalar], shifts: NDArray[np.intp]) -> NDArray[Scalar]:
    """Shift each row of pixels to the right, without resampling; no pixel is lost.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
    shifts : ndarray of int, shape (height,)
        Columns, at least 0, as `row_shifts` returns them.

    Returns
    -------
    ndarray, shape (height, width + shifts.max())
        New pixels are 0.
    """
    height, width = pixels.shape
    shifted = np.zeros((height, width + int(shifts.max())), pixels.dtype)
    columns = np.arange(width) + shifts[:, None]
    np.put_along_axis(shifted, columns, pixels, axis=1)
    return shifted


def _peak(slants: NDArray[np.float64], sharpness: NDArray[np.float64]) -> float:
    """Return the slant of the greatest sharpness, refined by the parabola through it and its neighbours."""
    best = int(sharpness.argmax())
    if best in (0, len(slants) - 1):
        return float(slants[best])
    before, at, after = sharpness[best - 1 : best + 2]
    bend = before - 2 * at + after
    offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(slants[best] + offset * (slants[1] - slants[0]))


def _best_slope(y: NDArray[np.float64], x: NDArray[np.float64], size: float, slopes: NDArray[np.float64]) -> float:
    """Return the slope with the sharpest rows; of equally good ones, the one nearest to 0."""
    sharpness = []
    for slope in slopes:
        rows = (y + slope * x) / size
        counts = np.bincount((rows - rows.min()).astype(np.intp)).astype(np.float64)
        sharpness.append(float(counts @ counts) * (1 - _LEVEL_PRIOR * abs(float(slope))))
    best = np.flatnonzero(np.array(sharpness) >= max(sharpness) * (1 - 1e-9))
    return float(slopes[best[np.abs(slopes[best]).argmin()]])
