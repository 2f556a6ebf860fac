"""Change the pixels of letters: stroke width, resolution, paper and noise, bars and lost edges."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._geometry import FAINT_INK
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._picture_transformer import Scratch
from ensemble_hwr.preprocessing.augmentation._warp import Floats, frozen

_MAX_THINNING = 0.9  # of a pass of erosion: a whole pass would erase lines of one pixel


def change_width(pictures: Pictures, change: NDArray[np.floating], scratch: Scratch) -> Pictures:
    """Change the stroke width of letters by passes of grey dilation or erosion with a cross of 3x3 pixels.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    change : ndarray of shape (n,)
        Change of the stroke width in pixels; negative is thinner. One pass changes it by 2, and the last pass is
        blended with the picture before it.
    scratch : Scratch
        Its memory holds the result.

    Returns
    -------
    ndarray of float32, shape (n, height, width)
        The darkest pixel is as dark as before, so that thin lines stay readable: a line of one pixel does not get
        thinner.
    """
    sign = np.where(change < 0, np.float32(-1), np.float32(1))[:, None, None]
    passes = np.abs(change) / 2
    # erosion is dilation of the negative
    changed: Pictures = np.multiply(pictures, sign, out=scratch.array("changed", pictures.shape))
    for done in range(math.ceil(passes.max(initial=0))):
        share = np.clip(passes - done, 0, np.where(change < 0, _MAX_THINNING, 1)).astype(np.float32)
        gain = _dilated(changed, scratch.array("gain", pictures.shape))
        gain -= changed
        gain *= share[:, None, None]
        changed += gain
    changed *= sign
    before, after = (one.max(axis=(1, 2), initial=0) for one in (pictures, changed))
    changed *= np.divide(before, after, out=np.ones_like(before), where=after > 0)[:, None, None]
    # NumPy compares with an array faster than with a number
    np.minimum(changed, np.ones(changed.shape[1:], dtype=np.float32), out=changed)
    return changed


def _dilated(pictures: Pictures, found: Pictures) -> Pictures:
    """Write the maximum of each pixel and its four neighbours in the frame to `found`, and return it."""
    found[:] = pictures
    for here, there in (
        (found[:, 1:], pictures[:, :-1]),
        (found[:, :-1], pictures[:, 1:]),
        (found[:, :, 1:], pictures[:, :, :-1]),
        (found[:, :, :-1], pictures[:, :, 1:]),
    ):
        np.maximum(here, there, out=here)
    return found


def cover(pictures: Pictures, place: Floats, length: Floats, angle: Floats, darkness: Floats) -> Pictures:
    """Draw a bar over each letter, with anti-aliased edges.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    place : ndarray of shape (2, n)
        Centre of the bar relative to the bounding box of the ink, from 0 to 1: across, and down.
    length : ndarray of shape (2, n)
        Sides of the bar in pixels.
    angle : ndarray of shape (n,)
        Direction of the first side in radians.
    darkness : ndarray of shape (n,)
        Ink of the bar, from 0 (erases the letter) to 1.

    Returns
    -------
    ndarray of float32, shape (n, height, width)
    """
    _, height, width = pictures.shape
    left, right = _span(pictures.max(axis=1))
    top, bottom = _span(pictures.max(axis=2))
    across = np.arange(width) - (left + place[0] * (right - left))[:, None]
    down = np.arange(height) - (top + place[1] * (bottom - top))[:, None]
    across, down, cosine, sine, length = (
        one.astype(np.float32) for one in (across, down, np.cos(angle), np.sin(angle), length)
    )
    along = cosine[:, None, None] * across[:, None, :] + (sine[:, None] * down)[:, :, None]
    aside = cosine[:, None, None] * down[:, :, None] - (sine[:, None] * across)[:, None, :]
    covered = _inside(along, length[0][:, None, None]) * _inside(aside, length[1][:, None, None])
    bar: Pictures = pictures + covered * (darkness.astype(np.float32)[:, None, None] - pictures)
    return bar


def cut_edge(pictures: Pictures, side: NDArray[np.intp], depth: Floats) -> Pictures:
    """Erase one edge of each letter, up to a straight line.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    side : ndarray of int, shape (n,)
        0 left, 1 right, 2 top, 3 bottom.
    depth : ndarray of shape (n,)
        Depth of the erased part, relative to the extent of the letter in that direction.

    Returns
    -------
    ndarray of float32, shape (n, height, width)
    """
    _, height, width = pictures.shape
    kept = []
    for axis, length in ((1, width), (2, height)):
        first, last = _span(pictures.max(axis=axis))
        lost = depth * (last + 1 - first)
        steps = np.arange(length)
        # the share of each pixel on the near side of the line
        low = np.where(side == 2 * axis - 2, first + lost, 0)
        high = np.where(side == 2 * axis - 1, last + 1 - lost, length)
        kept.append(np.clip(np.minimum(steps + 1 - low[:, None], high[:, None] - steps), 0, 1).astype(np.float32))
    cut: Pictures = pictures * kept[0][:, None, :] * kept[1][:, :, None]
    return cut


def _inside(distance: Pictures, length: Pictures) -> Pictures:
    """Return the share of a pixel within a band, by its distance from the centre line and the width of the band."""
    return np.clip(length / 2 + np.float32(0.5) - np.abs(distance), 0, np.minimum(1, length))


def _span(profile: Pictures) -> tuple[Floats, Floats]:
    """Return the first and last index of ink of each profile; the whole profile if it has no ink."""
    ink = profile > FAINT_INK
    return ink.argmax(axis=1), profile.shape[1] - 1 - ink[:, ::-1].argmax(axis=1)


def pixelate(pictures: Pictures, cells: NDArray[np.intp]) -> Pictures:
    """Reduce the resolution of letters and enlarge them to the old size.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, side, side)
    cells : ndarray of int, shape (n,)
        Pixels of the reduced picture per side. Each is the mean of its area; the enlarged picture is interpolated
        linearly between their centres.

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


def add_paper(pictures: Pictures, shade: Pictures, noise: Pictures) -> Pictures:
    """Put letters on grey paper and add noise.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, side, side)
    shade : ndarray of float32, shape (n, side, side)
        Ink of the bare paper, from 0 to 1.
    noise : ndarray of float32, shape (n, side, side)
        Added to each pixel.

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
    """Return the matrix (side, side) that averages over cells and interpolates between them; rows sum to 1."""
    edges = np.linspace(0, side, cells + 1)
    pixels = np.arange(side)
    overlap = np.minimum(pixels + 1, edges[1:, None]) - np.maximum(pixels, edges[:-1, None])
    means = np.maximum(overlap, 0) * cells / side
    middles = (edges[1:] + edges[:-1]) / 2
    between = np.stack([np.interp(pixels + 0.5, middles, row) for row in np.eye(cells)], axis=1)
    return frozen(between @ means)
