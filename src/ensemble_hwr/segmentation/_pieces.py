"""A word's ink in pieces: what lies between two cuts, but no crumbs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.segmentation._cuts import Cuts
from ensemble_hwr.segmentation._parts import Labels, Scale

PieceMap = NDArray[np.intp]

_CRUMB = 0.015  # letter heights squared: a smaller fragment stays with the nearest larger one of its part


def map_pieces(labels: Labels, cuts: Cuts, scale: Scale) -> tuple[PieceMap, NDArray[np.float64]]:
    """Give every pixel of ink to a piece.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Connected parts, numbered from 1.
    cuts : Cuts
    scale : Scale

    Returns
    -------
    pieces : ndarray of int, shape (height, width)
        Number of each pixel's piece, from 0 and from left to right; -1 on paper.
    prices : ndarray of float, shape (n_pieces - 1,)
        Price of the cheapest cut between each piece and the next.
    """
    strip = _strips(cuts, labels.shape)
    inked = labels > 0
    count = cuts.paths.shape[1] + 1
    keys = labels[inked].astype(np.intp) * count + strip[inked]
    areas = np.bincount(keys, minlength=(int(labels.max()) + 1) * count).reshape(-1, count)
    home = _homes(areas, _CRUMB * scale.letter**2).ravel()[keys]
    used, number = np.unique(home, return_inverse=True)
    pieces = np.full(labels.shape, -1, np.intp)
    pieces[inked] = number
    prices = [float(cuts.price[first:last].min()) for first, last in pairwise(used)]
    return pieces, np.array(prices)


def _strips(cuts: Cuts, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Find the strip between cuts that each pixel lies in."""
    height, width = shape
    passed = np.zeros((height, width + 1), np.intp)
    rows = np.repeat(np.arange(height), cuts.paths.shape[1])
    np.add.at(passed, (rows, cuts.paths.ravel()), 1)
    strips: NDArray[np.intp] = passed.cumsum(axis=1)[:, :width]
    return strips


def _homes(areas: NDArray[np.intp], least: float) -> NDArray[np.intp]:
    """Strip where each fragment goes, by part and strip: its own, or that of its part's nearest large fragment."""
    homes = np.tile(np.arange(areas.shape[1]), (len(areas), 1))
    for home, fragments in zip(homes[1:], areas[1:], strict=True):
        large = np.flatnonzero(fragments >= min(least, fragments.max()))
        small = np.flatnonzero((fragments > 0) & (fragments < least))
        home[small] = large[np.abs(large - small[:, None]).argmin(axis=1)]
    return homes
