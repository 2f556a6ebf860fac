"""Letters put onto one sheet of ink, leaning and climbing, and who owns each pixel of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.datasets.composition._glyphs import INKED, full

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Patch:
    """A piece of ink with the place of its upper left corner, which may be anywhere on the plane."""

    ink: Ink
    x: int
    y: int


def lean_and_climb(slant: float, rotation: float) -> Matrix:
    """Matrix that takes (x, y), y downwards, to where it lies once letters lean and lines climb."""
    cos, sin = np.cos(rotation), np.sin(rotation)
    matrix: Matrix = np.array([[cos, sin], [-sin, cos]]) @ np.array([[1.0, -slant], [0.0, 1.0]])
    return matrix


def transformed(ink: Ink, x: float, y: float, *, baseline: float, matrix: Matrix, turn: Matrix) -> Patch:
    """Let an upright letter at (x, y) lean about its line's baseline, and turn it with the page.

    Parameters
    ----------
    ink : ndarray of float32
    x, y : float
        Its upper left corner, y from the line's baseline.
    baseline : float
        The baseline's own height on the upright page.
    matrix, turn : ndarray of shape (2, 2)
        Of letters, and of the page: `lean_and_climb` with and without slant.

    Returns
    -------
    Patch
    """
    start = turn @ (0.0, baseline)
    corners = matrix @ np.array([[x, x + ink.shape[1], x, x + ink.shape[1]], [y, y, y + len(ink), y + len(ink)]])
    corners += start[:, None]
    if np.array_equal(matrix, np.eye(2)):
        return Patch(ink, round(corners[0, 0]), round(corners[1, 0]))
    left, top = np.floor(corners.min(axis=1)).astype(int) - 1
    right, bottom = np.ceil(corners.max(axis=1)).astype(int) + 1
    back = np.linalg.inv(matrix)
    swapped = back[::-1, ::-1]  # rows come before columns in arrays
    corner = back @ (np.array([left, top]) + 0.5 - start) - (x, y) - 0.5
    shape = (bottom - top, right - left)
    moved = ndimage.affine_transform(ink, swapped, corner[::-1], shape, order=1, mode="grid-constant")
    return Patch(full(moved), int(left), int(top))


def paint(patches: list[Patch], margin: int) -> tuple[Ink, NDArray[np.int16], list[Box]]:
    """Put patches onto one sheet.

    Parameters
    ----------
    patches : list of Patch
        Numbered as they come.
    margin : int
        Paper on every side.

    Returns
    -------
    ink : ndarray of float32, shape (height, width)
    owner : ndarray of int16, shape (height, width)
        Number of the patch that each pixel of ink belongs to; -1 elsewhere.
    boxes : list of Box
        Around each patch's ink.
    """
    left, top = min(patch.x for patch in patches) - margin, min(patch.y for patch in patches) - margin
    right = max(patch.x + patch.ink.shape[1] for patch in patches) + margin
    bottom = max(patch.y + patch.ink.shape[0] for patch in patches) + margin
    ink = np.zeros((bottom - top, right - left), np.float32)
    owner = np.full(ink.shape, -1, np.int16)
    boxes = []
    for number, patch in enumerate(patches):
        height, width = patch.ink.shape
        place = Box(0, 0, width, height).moved(patch.x - left, patch.y - top)
        under = ink[place.slices]
        mine = (patch.ink > under) & (patch.ink > INKED)
        owner[place.slices][mine] = number
        np.maximum(under, patch.ink, out=under)
        boxes.append(_ink_box(patch.ink).moved(place.left, place.top))
    return ink, owner, boxes


def touch(first: Patch, second: Patch) -> bool:
    """Whether the ink of two patches meets, at an edge or a corner of a pixel."""
    left, top = max(first.x, second.x) - 1, max(first.y, second.y) - 1
    right = min(patch.x + patch.ink.shape[1] for patch in (first, second)) + 1
    bottom = min(patch.y + patch.ink.shape[0] for patch in (first, second)) + 1
    if left >= right or top >= bottom:
        return False
    a, b = (_window(patch, left, top, right, bottom) for patch in (first, second))
    return bool((ndimage.binary_dilation(a, np.ones((3, 3))) & b).any())


def _window(patch: Patch, left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    """Which pixels of a window hold a patch's ink."""
    mask = np.pad(patch.ink > INKED, 2)
    x, y = left - patch.x + 2, top - patch.y + 2
    return mask[y : y + bottom - top, x : x + right - left]


def _ink_box(ink: Ink) -> Box:
    mask = ink > INKED
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
