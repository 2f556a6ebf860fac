"""What lies around a sheet: a desk, a rim, black corners; and the perspective of a camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.simulation.sheet import Pixels, Sheet

_FOCUS = 1.6  # sides of the sheet: distance of the camera


def desk(sides: int) -> Callable[[Sheet, float], Sheet]:
    """Return a distortion: a dark desk beyond the paper on some sides, some letter heights wide."""

    def distort(sheet: Sheet, width: float) -> Sheet:
        pixels = round(width * sheet.height)
        chosen = set(sheet.rng.permutation(4)[:sides].tolist())
        added = [pixels * (side in chosen) for side in range(4)]
        around = ((added[0], added[1]), (added[2], added[3]))
        return on_desk(sheet.padded(around), np.pad(np.ones(sheet.ink.shape), around))

    return distort


def on_desk(sheet: Sheet, paper: Pixels) -> Sheet:
    """Return the sheet on a desk of dark wood, by the share of paper at every pixel."""
    wood = sheet.rng.uniform(30, 90)
    grain = ndimage.gaussian_filter(sheet.rng.normal(0, 1, paper.shape), (1, 6))
    edge = ndimage.gaussian_filter(paper, 0.7)
    brightness = np.where(paper > 0.5, sheet.paper, np.median(sheet.paper[paper > 0.5]))
    return replace(sheet, paper=edge * brightness + (1 - edge) * (wood + 20 * grain), ink=sheet.ink * edge)


def rim(sheet: Sheet, width: float) -> Sheet:
    """Add a black rim on all sides, as a scanner leaves it."""
    pixels = max(1, round(width * sheet.height))
    added = sheet.padded(((pixels, pixels), (pixels, pixels)))
    return replace(added, paper=np.where(added.paper > 0, added.paper, 20.0))


def corners(sheet: Sheet, degrees: float) -> Sheet:
    """Black corners of a scan that was turned, with the writing level."""
    turn = np.tan(np.radians(sheet.rng.choice([-1, 1]) * degrees))
    height, width = sheet.ink.shape
    y, x = sheet.grid()
    down, right = (y - height / 2) + turn * (x - width / 2), (x - width / 2) - turn * (y - height / 2)
    inside = (np.abs(down) < height / 2 - 2) & (np.abs(right) < width / 2 - 2)
    return replace(sheet, paper=np.where(inside, sheet.paper, 15.0), ink=sheet.ink * inside)


def perspective(sheet: Sheet, degrees: float) -> Sheet:
    """Photograph the whole sheet on a desk from aside, with the camera tilted in any direction."""
    height, width = sheet.ink.shape
    matrix = _projection(np.radians(degrees), sheet.rng.uniform(0, 2 * np.pi))
    side = float(max(height, width))
    box = np.array([[-width, width, width, -width], [-height, -height, height, height], [2 * side] * 4]) / (2 * side)
    seen = matrix @ box
    seen = side * seen[:2] / seen[2]
    scale = max(1.0, sheet.height / _smallest(matrix, sheet.height, side))
    margin = 0.6 * sheet.height
    left, top = scale * seen.min(axis=1) - margin
    right, bottom = scale * seen.max(axis=1) + margin
    y, x = np.mgrid[top:bottom:1.0, left:right:1.0]
    back = np.linalg.inv(matrix) @ np.stack([x.ravel() / scale, y.ravel() / scale, np.full(x.size, side)])
    place = np.stack([side * back[1] / back[2] + (height - 1) / 2, side * back[0] / back[2] + (width - 1) / 2])
    place = place.reshape(2, *x.shape)

    def moved(pixels: Pixels, order: int = 1, outside: float = 0.0) -> Pixels:
        return ndimage.map_coordinates(pixels, place, order=order, mode="constant", cval=outside)

    paper = moved(np.ones_like(sheet.ink))
    projected = replace(
        sheet, ink=moved(sheet.ink), owner=moved(sheet.owner.astype(float), 0, -1.0).astype(np.int16),
        paper=moved(sheet.paper), light=moved(sheet.light, 1, 1.0),
        tint=None if sheet.tint is None else np.dstack([moved(plane, 1, 1.0) for plane in np.rollaxis(sheet.tint, 2)]),
    )  # fmt: skip
    return on_desk(projected, paper)


def _projection(tilt: float, direction: float) -> NDArray[np.float64]:
    """Return the homography of a plane seen by a camera that is tilted in some direction."""
    cos, sin = np.cos(direction), np.sin(direction)
    axis = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    tilted = np.array([[np.cos(tilt), 0, 0], [0, 1, 0], [np.sin(tilt) / _FOCUS, 0, 1]])
    matrix: NDArray[np.float64] = axis @ tilted @ axis.T
    return matrix


def _smallest(matrix: NDArray[np.float64], height: float, side: float) -> float:
    """Return the height in pixels of a letter in the middle of the picture, after the projection."""
    ends = matrix @ np.array([[0, 0], [-height / 2, height / 2], [side, side]])
    first, second = (side * ends[:2] / ends[2]).T
    return float(np.hypot(*(first - second)))
