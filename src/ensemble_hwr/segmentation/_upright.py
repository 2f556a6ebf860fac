"""The slant of writing, and writing set upright without changing a pixel."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

STEEPEST = 1.0
"""Largest slant that is looked for: 45 degrees."""

_STEPS = 41  # slants tried
_ROWS = 48  # the search needs no more of them
_RELUCTANCE = 0.15  # what a slant of 1 must gain over none

Scalar = TypeVar("Scalar", bound=np.generic)


def find_slant(mask: NDArray[np.bool_]) -> float:
    """Find the slant at which vertical strokes stand out most.

    For each slant the pixels are counted in leaning columns; the sum of the squared counts is greatest where strokes
    fall into single columns. Upright is preferred where there is little to choose.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Where ink is.

    Returns
    -------
    float
        Columns to the right for each row up.
    """
    step = -(-len(mask) // _ROWS)
    y, x = np.nonzero(mask[::step, ::step])
    if len(y) < 2:
        return 0.0
    slants = np.linspace(-STEEPEST, STEEPEST, _STEPS)
    height, width = int(np.ptp(y)) + 1, int(np.ptp(x)) + 1
    y, x = y - y.min(), x - x.min()
    columns = width + 2 * height + 2
    places = x + np.floor(slants[:, None] * y + 0.5).astype(np.intp) + height
    places += np.arange(_STEPS)[:, None] * columns
    counts = np.bincount(places.ravel(), minlength=_STEPS * columns).reshape(_STEPS, columns).astype(np.float64)
    sharpness = (counts**2).sum(axis=1) * (1 - _RELUCTANCE * np.abs(slants))
    return _peak(slants, sharpness)


def row_shifts(height: int, slant: float) -> NDArray[np.intp]:
    """How many columns each row is moved to the right in order to set writing upright; none is moved to the left."""
    shifts = np.floor(slant * np.arange(height) + 0.5).astype(np.intp)
    return np.asarray(shifts - shifts.min(), dtype=np.intp)


def set_upright(pixels: NDArray[Scalar], shifts: NDArray[np.intp]) -> NDArray[Scalar]:
    """Move each row of pixels to the right; nothing is resampled and nothing lost.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
    shifts : ndarray of int, shape (height,)
        As `row_shifts` gives them.

    Returns
    -------
    ndarray, shape (height, width + shifts.max())
    """
    height, width = pixels.shape
    upright = np.zeros((height, width + int(shifts.max())), pixels.dtype)
    columns = np.arange(width) + shifts[:, None]
    np.put_along_axis(upright, columns, pixels, axis=1)
    return upright


def _peak(slants: NDArray[np.float64], sharpness: NDArray[np.float64]) -> float:
    """Place of the greatest value, between two slants by the parabola through it and its neighbours."""
    best = int(sharpness.argmax())
    if best in (0, len(slants) - 1):
        return float(slants[best])
    before, at, after = sharpness[best - 1 : best + 2]
    bend = before - 2 * at + after
    offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(slants[best] + offset * (slants[1] - slants[0]))
