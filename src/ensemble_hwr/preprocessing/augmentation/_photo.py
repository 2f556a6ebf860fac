"""What cameras do to letters: few pixels, paper that is not white, noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing.augmentation._fields import frozen


def pixelate(pictures: Pictures, cells: NDArray[np.intp]) -> Pictures:
    """Show letters as a camera of few pixels would, drawn out to the old size.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, side, side)
    cells : ndarray of int, shape (n,)
        Pixels of the camera along each side. Each takes the mean of its square; between their middles the result
        is interpolated.

    Returns
    -------
    ndarray of float32, shape (n, side, side)
    """
    coarse = np.empty_like(pictures)
    for count in np.unique(cells):
        chosen = cells == count
        matrix = _through_cells(pictures.shape[1], int(count))
        coarse[chosen] = np.matmul(np.matmul(matrix, pictures[chosen]), matrix.T)
    return coarse


def lay_on_paper(pictures: Pictures, shade: Pictures, noise: Pictures) -> Pictures:
    """Put letters on paper that is not white, and add noise.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, side, side)
    shade : ndarray of float32, shape (n, side, side)
        Ink of the bare paper, from 0 to 1; the letter's ink darkens what is left.
    noise : ndarray of float32, shape (n, side, side)
        What is added to each pixel.

    Returns
    -------
    ndarray of float32, shape (n, side, side)
        From 0 to 1.
    """
    laid = pictures + shade * (1 - pictures)
    laid += noise
    return np.clip(laid, np.float32(0), np.float32(1), out=laid)


@lru_cache(maxsize=64)
def _through_cells(side: int, cells: int) -> Pictures:
    """Matrix (side, side) that takes means over cells and interpolates between them; rows sum to 1."""
    edges = np.linspace(0, side, cells + 1)
    pixels = np.arange(side)
    overlap = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
    means = np.maximum(overlap, 0) * cells / side
    middles = (edges[1:] + edges[:-1]) / 2
    between = np.stack([np.interp(pixels + 0.5, middles, row) for row in np.eye(cells)], axis=1)
    return frozen(between @ means)
