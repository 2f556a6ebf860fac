"""Smooth random fields over a picture."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.preprocessing.augmentation._scratch import Scratch

Fields = NDArray[np.float32]

_STEP = 1.25  # between lattice points, in standard deviations of the filter
_BEYOND = 2  # lattice points outside each edge


def smooth_fields(noise: Fields, side: int, smoothness: float, scratch: Scratch) -> Fields:
    """Smooth noise on a coarse lattice into fields of full resolution.

    Displacement fields made of noise under a Gaussian filter are those of [1]_. Noise of four points
    to five standard deviations of the filter is enough: fields vary together as those of noise in every pixel do, to
    within a few thousandths, away from the edges.

    Parameters
    ----------
    noise : ndarray of float32, shape (..., lattice, lattice)
        Independent, of variance 1; `lattice` is ``lattice_size(smoothness)``.
    side : int
        Side of the pictures, in pixels.
    smoothness : float
        Standard deviation of the filter, as a share of the side.
    scratch : Scratch
        Lends what is returned.

    Returns
    -------
    ndarray of float32, shape (..., side * side)
        Of variance 1 in every pixel.

    References
    ----------
    .. [1] P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional neural networks applied to
       visual document analysis", ICDAR 2003, 958-963.
    """
    weights = _filter(side, smoothness)
    stack, lattice = noise.shape[:-2], noise.shape[-1]
    columns = np.matmul(weights, noise, out=scratch.array("columns", (*stack, side, lattice)))
    fields = np.matmul(columns, weights.T, out=scratch.array("fields", (*stack, side, side)))
    return fields.reshape(*stack, side * side)


def lattice_size(smoothness: float) -> int:
    """Points of noise along each side of the lattice."""
    return math.ceil(1 / (smoothness * _STEP)) + 1 + 2 * _BEYOND


def frozen(array: NDArray[Any]) -> Fields:
    """As float32 that nobody can change: what a cache hands to several threads."""
    fixed: Fields = array.astype(np.float32)
    fixed.flags.writeable = False
    return fixed


@lru_cache(maxsize=32)
def _filter(side: int, smoothness: float) -> Fields:
    """Weight of each lattice point for each pixel of a side; (side, lattice), their squares sum to 1."""
    points = _STEP * (np.arange(lattice_size(smoothness)) - _BEYOND)
    pixels = (np.arange(side) + 0.5) / side / smoothness
    weights = np.exp(-0.5 * (pixels[:, None] - points) ** 2)
    return frozen(weights / np.sqrt((weights**2).sum(axis=1, keepdims=True)))
