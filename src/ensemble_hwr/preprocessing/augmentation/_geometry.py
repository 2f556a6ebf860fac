"""Turn, slant, stretch, scale, bend and move letters, all in one resampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing.augmentation._fields import frozen
from ensemble_hwr.preprocessing.augmentation._resample import resample
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch

INK = 0.1  # pixels with more ink than this stay in the frame, whole

Floats = NDArray[Any]
Range = tuple[Floats, Floats]


@dataclass(frozen=True)
class Warp:
    """How letters are to be warped; a value for each letter.

    Attributes
    ----------
    rotation, slant : ndarray of shape (n,)
        Radians; letters turn clockwise, and lean to the right.
    stretch : ndarray of shape (n,)
        Factor of the width by that of the height.
    scale : ndarray of shape (n,)
        Factor of the letter's longer side.
    shift : ndarray of shape (2, n)
        Pixels to the right and downwards.
    bend : ndarray of float32, shape (2, n, side * side), or None
        Displacement of each place of the result, in pixels to the right and downwards; where it is too much for
        the frame it is made smaller in place.
    """

    rotation: Floats
    slant: Floats
    stretch: Floats
    scale: Floats
    shift: Floats
    bend: Pictures | None


def warp(pictures: Pictures, how: Warp, scratch: Scratch) -> Pictures:
    """Warp letters and keep them in the frame.

    A point `s` of the letter, seen from the frame's middle, goes to ``L s + t + bend``, where L is the rotation
    times the slant times the stretch. L is scaled so that the letter's longer side is what it was, times `scale`,
    and t is the shift, both cut short where ink would leave the frame.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, side, side)
    how : Warp
    scratch : Scratch
        Lends what is returned.

    Returns
    -------
    ndarray of float32, shape (n, side, side)
        All ink above 0.1 is inside the frame.
    """
    n, side, _ = pictures.shape
    inverse, offset, bend = _plan(pictures, how)
    start = (side - 1) / 2 - np.einsum("ijn,jn->in", inverse, offset)
    shape = (n, side * side)
    across, down, part, x, y = scratch.array("warp", (5, *shape))
    across[:], down[:] = _middle_grid(side)
    if bend is not None:
        across -= bend[0]
        down -= bend[1]
    for axis, place in enumerate((x, y)):
        by_across, by_down, origin = (one.astype(np.float32)[:, None] for one in (*inverse[axis], start[axis]))
        np.multiply(across, by_across, out=place)
        np.multiply(down, by_down, out=part)
        np.add(place, part, out=place)
        np.add(place, origin, out=place)
    return resample(pictures, x, y, scratch).reshape(pictures.shape)


@lru_cache(maxsize=16)
def _middle_grid(side: int) -> Pictures:
    """Columns and rows of all pixels, counted from the middle; (2, side * side)."""
    steps = np.arange(side) - (side - 1) / 2
    return frozen(np.stack([np.tile(steps, side), np.repeat(steps, side)]))


def _plan(pictures: Pictures, how: Warp) -> tuple[Floats, Floats, Pictures | None]:
    """Inverse of L (2, 2, n), t (2, n) and the bend, such that no ink leaves the frame."""
    side = pictures.shape[1]
    room = side + 1  # bilinear ink reaches just less than one pixel beyond its own middle
    bend, low, high = _limited(how.bend, room / 2)
    ends = _line_ends(pictures)
    forward = _linear(how)
    was, becomes = _longer_side(ends), _longer_side(_turned(forward, ends))
    forward *= how.scale * was / becomes
    least, most = _reach(forward, ends)
    forward *= np.minimum(1, (room - (high - low)) / (most - least)).min(axis=0)
    least, most = _reach(forward, ends)
    offset = np.clip(how.shift, -room / 2 - least - low, room / 2 - most - high)
    return _inverted(forward), offset, bend


def _limited(bend: Pictures | None, most: float) -> tuple[Pictures | None, Floats, Floats]:
    """Return the bend with its range at most `most` on both axes, and its least and greatest values (2, n)."""
    if bend is None:
        return None, np.zeros((2, 1)), np.zeros((2, 1))
    low, high = bend.min(axis=2), bend.max(axis=2)
    part = np.minimum(1, most / np.maximum(high - low, 1e-6)).min(axis=0)
    if (part < 1).any():
        bend *= part[:, None].astype(np.float32)
    return bend, low * part, high * part


def _line_ends(pictures: Pictures) -> Floats:
    """First and last ink of each row of pixels, from the middle; (2, n, 2 * side)."""
    n, side, _ = pictures.shape
    ink = pictures > np.float32(INK)
    ends = np.empty((2, n, side, 2))
    ends[0, :, :, 0] = ink.argmax(axis=2)
    ends[0, :, :, 1] = side - 1 - ink[:, :, ::-1].argmax(axis=2)
    ends[1] = np.arange(side)[:, None]
    ends -= (side - 1) / 2
    # rows without ink repeat the first that has some
    has_ink: NDArray[np.bool_] = ink.max(axis=2)
    first = ends[:, np.arange(n), has_ink.argmax(axis=1)]
    return np.where(has_ink[:, :, None], ends, first[:, :, None]).reshape(2, n, 2 * side)


def _linear(how: Warp) -> Floats:
    """Rotation times slant times stretch; (2, 2, n)."""
    cosine, sine, lean = np.cos(how.rotation), np.sin(how.rotation), -np.tan(how.slant)
    wide = np.sqrt(how.stretch)
    high = 1 / wide
    return np.array([[cosine * wide, (cosine * lean - sine) * high], [sine * wide, (sine * lean + cosine) * high]])


def _inverted(forward: Floats) -> Floats:
    (a, b), (c, d) = forward
    inverse: Floats = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    return inverse


def _turned(forward: Floats, points: Floats) -> Floats:
    turned: Floats = np.stack([row[0][:, None] * points[0] + row[1][:, None] * points[1] for row in forward])
    return turned


def _longer_side(points: Floats) -> Floats:
    """Longer side of the box around points, to the outer edges of their pixels; (n,)."""
    longer: Floats = np.ptp(points, axis=2).max(axis=0) + 1
    return longer


def _reach(forward: Floats, ends: Floats) -> Range:
    """Least and greatest coordinates that a letter's ink comes to, interpolation included; (2, n) each."""
    turned = _turned(forward, ends)
    spread = np.abs(forward).sum(axis=1)
    return turned.min(axis=2) - spread, turned.max(axis=2) + spread
