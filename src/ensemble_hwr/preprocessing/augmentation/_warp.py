"""Warp letters: affine maps and elastic displacements in one bilinear resampling that keeps ink in the frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._geometry import FAINT_INK
from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing._picture_transformer import Scratch

Floats: TypeAlias = NDArray[Any]
Fields: TypeAlias = NDArray[np.float32]

_LATTICE_STEP = 1.25  # distance of lattice points, in standard deviations of the filter
_LATTICE_MARGIN = 2  # lattice points outside of each edge


@dataclass(frozen=True)
class Warp:
    """Parameters of a warp: one value per letter.

    Attributes
    ----------
    rotation, slant : ndarray of shape (n,)
        Radians; clockwise, and to the right.
    stretch : ndarray of shape (n,)
        Factor of the ratio of width to height.
    scale : ndarray of shape (n,)
        Factor of the longer side of the letter.
    shift : ndarray of shape (2, n)
        Pixels to the right and downwards.
    bend : ndarray of float32, shape (2, n, side * side), or None
        Displacement of each pixel of the result, in pixels to the right and downwards. Displacements too large for
        the frame are reduced in place.
    """

    rotation: Floats
    slant: Floats
    stretch: Floats
    scale: Floats
    shift: Floats
    bend: Pictures | None


def warp(pictures: Pictures, params: Warp, scratch: Scratch) -> Pictures:
    """Warp letters and keep their ink in the frame.

    A point `s` of the letter, relative to the centre of the frame, is mapped to ``L s + t + bend``, where L is the
    product of rotation, slant and stretch. L is scaled so that the longer side of the letter changes by the factor
    `scale`; t is the shift. Both are limited so that no ink leaves the frame.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, side, side)
    params : Warp
    scratch : Scratch
        Its memory holds the result.

    Returns
    -------
    ndarray of float32, shape (n, side, side)
        All ink above 0.1 is inside the frame.
    """
    n, side, _ = pictures.shape
    inverse, offset, bend = _solve(pictures, params)
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
    """Return columns and rows of all pixels, relative to the centre; (2, side * side)."""
    steps = np.arange(side) - (side - 1) / 2
    return frozen(np.stack([np.tile(steps, side), np.repeat(steps, side)]))


def _solve(pictures: Pictures, params: Warp) -> tuple[Floats, Floats, Pictures | None]:
    """Return the inverse of L (2, 2, n), t (2, n) and the displacements, limited so that no ink leaves the frame."""
    side = pictures.shape[1]
    room = side + 1  # ink that is interpolated reaches less than one pixel beyond its own centre
    bend, low, high = _limited(params.bend, room / 2)
    ends = _line_ends(pictures)
    forward = _linear(params)
    mapped = _mapped(forward, ends)
    first, last = mapped.min(axis=2), mapped.max(axis=2)
    spread = np.abs(forward).sum(axis=1)  # interpolation reaches one pixel of the letter further
    factor = params.scale * _longer_side(ends.min(axis=2), ends.max(axis=2)) / _longer_side(first, last)
    factor *= np.minimum(1, (room - (high - low)) / (factor * (last - first + 2 * spread))).min(axis=0)
    least, most = factor * (first - spread), factor * (last + spread)
    offset = np.clip(params.shift, -room / 2 - least - low, room / 2 - most - high)
    return _inverted(factor * forward), offset, bend


def _limited(bend: Pictures | None, most: float) -> tuple[Pictures | None, Floats, Floats]:
    """Scale displacements to a range of at most `most` per axis; return them, their minimum and maximum (2, n)."""
    if bend is None:
        return None, np.zeros((2, 1)), np.zeros((2, 1))
    low, high = bend.min(axis=2), bend.max(axis=2)
    part = np.minimum(1, most / np.maximum(high - low, 1e-6)).min(axis=0)
    if (part < 1).any():
        bend *= part[:, None].astype(np.float32)
    return bend, low * part, high * part


def _line_ends(pictures: Pictures) -> Floats:
    """Return the first and last ink of each row of pixels, relative to the centre; (2, n, 2 * side)."""
    n, side, _ = pictures.shape
    ink = pictures > np.float32(FAINT_INK)
    ends = np.empty((2, n, side, 2))
    ends[0, :, :, 0] = first = ink.argmax(axis=2)
    ends[0, :, :, 1] = side - 1 - ink[:, :, ::-1].argmax(axis=2)
    ends[1] = np.arange(side)[:, None]
    ends -= (side - 1) / 2
    # rows without ink repeat the first row with ink
    has_ink: NDArray[np.bool_] = ink[:, :, 0] | (first > 0)
    of_first_row = ends[:, np.arange(n), has_ink.argmax(axis=1)]
    return np.where(has_ink[:, :, None], ends, of_first_row[:, :, None]).reshape(2, n, 2 * side)


def _linear(params: Warp) -> Floats:
    """Return the product of rotation, slant and stretch; (2, 2, n)."""
    cosine, sine, lean = np.cos(params.rotation), np.sin(params.rotation), -np.tan(params.slant)
    wide = np.sqrt(params.stretch)
    high = 1 / wide
    return np.array([[cosine * wide, (cosine * lean - sine) * high], [sine * wide, (sine * lean + cosine) * high]])


def _inverted(forward: Floats) -> Floats:
    """Return the inverses of matrices (2, 2, n)."""
    (a, b), (c, d) = forward
    inverse: Floats = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    return inverse


def _mapped(forward: Floats, points: Floats) -> Floats:
    """Return the products of matrices (2, 2, n) and points (2, n, m)."""
    mapped: Floats = np.stack([row[0][:, None] * points[0] + row[1][:, None] * points[1] for row in forward])
    return mapped


def _longer_side(first: Floats, last: Floats) -> Floats:
    """Return the longer sides of bounding boxes (n,), by the centres of their outermost pixels (2, n)."""
    longer: Floats = (last - first).max(axis=0) + 1
    return longer


def resample(pictures: Pictures, x: Pictures, y: Pictures, scratch: Scratch) -> Pictures:
    """Interpolate pictures bilinearly at any coordinates; outside of the pictures is paper.

    Each value is ``a + fx * b + fy * (c + fx * d)`` of four planes of differences between neighbouring pixels. One
    index serves four look-ups, and integral coordinates give the exact pixels.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    x, y : ndarray of float32, shape (n, m)
        Columns and rows in pixels; the centre of the first pixel is at (0, 0). They are overwritten.
    scratch : Scratch
        Its memory holds the result.

    Returns
    -------
    ndarray of float32, shape (n, m)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing._picture_transformer import Scratch
    >>> from ensemble_hwr.preprocessing.augmentation._warp import resample
    >>> picture = np.array([[[0.0, 1.0]]], dtype=np.float32)
    >>> resample(picture, np.float32([[0.25, 1.0, 1.5]]), np.float32([[0.0, 0.0, 0.0]]), Scratch())
    array([[0.25, 1.  , 0.5 ]], dtype=float32)
    """
    n, height, width = pictures.shape
    a, b, c, d = _planes(pictures, scratch)
    left = _split(x, width, scratch.array("left", x.shape))
    top = _split(y, height, scratch.array("top", y.shape))
    top *= np.float32(width + 2)
    top += left
    index = scratch.array("index", x.shape, np.intp)
    np.copyto(index, top, casting="unsafe")
    index += np.arange(0, len(a), len(a) // n)[:, None]
    # _split has limited the indices; mode="wrap" omits a second check of bounds, and is the fastest
    found = d.take(index, mode="wrap", out=scratch.array("found", x.shape))
    found *= x
    part = c.take(index, mode="wrap", out=left)
    found += part
    found *= y
    part = b.take(index, mode="wrap", out=left)
    part *= x
    found += part
    part = a.take(index, mode="wrap", out=left)
    found += part
    return found


def _planes(pictures: Pictures, scratch: Scratch) -> tuple[Pictures, ...]:
    """Return the pixels with a border of paper, and their differences to the right, downwards and of both; flat."""
    n, height, width = pictures.shape
    step = width + 2
    size = n * (height + 2) * step
    flat = scratch.array("flat", (size + step + 1,))
    flat[:] = 0
    flat[:size].reshape(n, height + 2, step)[:, 1:-1, 1:-1] = pictures
    here, below = flat[:size], flat[step : step + size]
    right, down, both = scratch.array("planes", (3, size))
    np.subtract(flat[1 : size + 1], here, out=right)
    np.subtract(below, here, out=down)
    np.subtract(flat[step + 1 :], below, out=both)
    both -= right
    return here, right, down, both


def _split(coordinates: Pictures, length: int, whole: Pictures) -> Pictures:
    """Limit coordinates to the border around the picture; leave their fraction in place and return the integer part."""
    coordinates += np.float32(1)
    np.clip(coordinates, np.float32(0), np.float32(length + 1), out=coordinates)
    np.floor(coordinates, out=whole)
    coordinates -= whole
    return whole


def smooth_fields(noise: Fields, side: int, smoothness: float, scratch: Scratch) -> Fields:
    """Return smooth random fields: noise on a coarse lattice under a Gaussian filter, at full resolution.

    These are the displacement fields of [1]_. Four lattice points per five standard deviations of the filter are
    enough: away from the edges, covariances differ from those of noise in every pixel by a few thousandths.

    Parameters
    ----------
    noise : ndarray of float32, shape (..., lattice, lattice)
        Independent, with variance 1; `lattice` is ``lattice_size(smoothness)``.
    side : int
        Side of the pictures in pixels.
    smoothness : float
        Standard deviation of the filter, relative to the side.
    scratch : Scratch
        Its memory holds the result.

    Returns
    -------
    ndarray of float32, shape (..., side * side)
        With variance 1 in every pixel.

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
    """Return the number of lattice points per side."""
    return math.ceil(1 / (smoothness * _LATTICE_STEP)) + 1 + 2 * _LATTICE_MARGIN


def frozen(array: NDArray[Any]) -> Fields:
    """Return a read-only copy in float32, for caches that several threads share."""
    fixed: Fields = array.astype(np.float32)
    fixed.flags.writeable = False
    return fixed


@lru_cache(maxsize=32)
def _filter(side: int, smoothness: float) -> Fields:
    """Return the weight of each lattice point per pixel of a side; (side, lattice), their squares sum to 1."""
    points = _LATTICE_STEP * (np.arange(lattice_size(smoothness)) - _LATTICE_MARGIN)
    pixels = (np.arange(side) + 0.5) / side / smoothness
    weights = np.exp(-0.5 * (pixels[:, None] - points) ** 2)
    return frozen(weights / np.sqrt((weights**2).sum(axis=1, keepdims=True)))
