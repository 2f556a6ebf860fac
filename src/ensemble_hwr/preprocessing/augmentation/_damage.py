"""What happens to letters on paper and in the cutter: gaps, blots and lost edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures

Floats = NDArray[Any]
_INK = 0.1


def cover(pictures: Pictures, place: Floats, length: Floats, angle: Floats, darkness: Floats) -> Pictures:
    """Lay a bar over each letter, with edges soft by a pixel.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    place : ndarray of shape (2, n)
        Where the bar's middle is in the box around the letter's ink, from 0 to 1: across, and down.
    length : ndarray of shape (2, n)
        Sides of the bar, in pixels.
    angle : ndarray of shape (n,)
        Direction of the first side, in radians.
    darkness : ndarray of shape (n,)
        Of the bar: 0 wipes ink out, 1 blots.

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
    """Lose what lies beyond a straight line at one side of each letter.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    side : ndarray of int, shape (n,)
        0 left, 1 right, 2 top, 3 bottom.
    depth : ndarray of shape (n,)
        What is lost, as a share of the letter's extent in that direction.

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
        # the part of each pixel that is on the near side of the line
        low = np.where(side == 2 * axis - 2, first + lost, 0)
        high = np.where(side == 2 * axis - 1, last + 1 - lost, length)
        kept.append(np.clip(np.minimum(steps + 1 - low[:, None], high[:, None] - steps), 0, 1).astype(np.float32))
    cut: Pictures = pictures * kept[0][:, None, :] * kept[1][:, :, None]
    return cut


def _inside(distance: Pictures, length: Pictures) -> Pictures:
    """Part of a pixel within a band of some width, by the distance from its middle."""
    return np.clip(length / 2 + np.float32(0.5) - np.abs(distance), 0, np.minimum(1, length))


def _span(profile: Pictures) -> tuple[Floats, Floats]:
    """First and last place of ink of each profile; the whole profile where there is none."""
    ink = profile > _INK
    return ink.argmax(axis=1), profile.shape[1] - 1 - ink[:, ::-1].argmax(axis=1)
