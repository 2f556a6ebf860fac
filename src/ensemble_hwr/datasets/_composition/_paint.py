"""Render letters on one sheet with slant and rotation, and turn the sheet into a gray picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.datasets._composition._writers import rescaled
from ensemble_hwr.datasets.handwriting._render import paper_picture

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Patch:
    """Ink with the position of its upper left corner on the plane."""

    ink: Ink
    x: int
    y: int


def slant_and_rotate(slant: float, rotation: float) -> Matrix:
    """Return the matrix that shears (x, y) by `slant` and rotates it; y points down."""
    cos, sin = np.cos(rotation), np.sin(rotation)
    matrix: Matrix = np.array([[cos, sin], [-sin, cos]]) @ np.array([[1.0, -slant], [0.0, 1.0]])
    return matrix


def transformed(ink: Ink, x: float, y: float, *, baseline: float, matrix: Matrix, turn: Matrix) -> Patch:
    """Slant an upright letter at (x, y) about the baseline of its line, and rotate it with the page.

    Parameters
    ----------
    ink : ndarray of float32
    x, y : float
        Upper left corner; y is relative to the baseline of the line.
    baseline : float
        Vertical position of the baseline on the upright page.
    matrix, turn : ndarray of shape (2, 2)
        Transformations of letters and of the page: `slant_and_rotate` with and without slant.

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
    swapped = back[::-1, ::-1]  # (row, column) order
    corner = back @ (np.array([left, top]) + 0.5 - start) - (x, y) - 0.5
    shape = (bottom - top, right - left)
    moved = ndimage.affine_transform(ink, swapped, corner[::-1], shape, order=1, mode="grid-constant")
    return Patch(rescaled(moved), int(left), int(top))


def paint(patches: list[Patch], margin: int) -> tuple[Ink, NDArray[np.int16], list[Box]]:
    """Draw patches on one sheet.

    Parameters
    ----------
    patches : list of Patch
        They are numbered in this order.
    margin : int
        Width of the border in pixels.

    Returns
    -------
    ink : ndarray of float32, shape (height, width)
    owner : ndarray of int16, shape (height, width)
        Number of the patch of each pixel of ink; -1 elsewhere.
    boxes : list of Box
        Box around the ink of each patch.
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
        mine = (patch.ink > under) & (patch.ink > INK_THRESHOLD)
        owner[place.slices][mine] = number
        np.maximum(under, patch.ink, out=under)
        boxes.append(_ink_box(patch.ink).moved(place.left, place.top))
    return ink, owner, boxes


def touch(first: Patch, second: Patch) -> bool:
    """Whether the ink of two patches is 8-connected."""
    left, top = max(first.x, second.x) - 1, max(first.y, second.y) - 1
    right = min(patch.x + patch.ink.shape[1] for patch in (first, second)) + 1
    bottom = min(patch.y + patch.ink.shape[0] for patch in (first, second)) + 1
    if left >= right or top >= bottom:
        return False
    a, b = (_window(patch, left, top, right, bottom) for patch in (first, second))
    return bool((ndimage.binary_dilation(a, np.ones((3, 3))) & b).any())


def _window(patch: Patch, left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
    """Return the mask of a patch's ink within a window."""
    mask = np.pad(patch.ink > INK_THRESHOLD, 2)
    x, y = left - patch.x + 2, top - patch.y + 2
    return mask[y : y + bottom - top, x : x + right - left]


def _ink_box(ink: Ink) -> Box:
    mask = ink > INK_THRESHOLD
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


_SPECKS = 0.02  # largest number per square with the side of a cap height


def photograph(ink: Ink, noise: float, height: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Convert ink to a gray picture of a scan or photograph.

    Parameters
    ----------
    ink : ndarray of float32
    noise : float in [0, 1]
        0 is black on white; 1 is low contrast, blurred, unevenly lit, with specks and noise.
    height : float
        Cap height in pixels.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8
    """
    if noise:
        ink = np.maximum(ndimage.gaussian_filter(ink, 0.7 * noise), _specks(ink.shape, noise, height, rng))
    return paper_picture(
        ink,
        paper=1 - 0.25 * noise,
        contrast=1 - 0.5 * noise,
        shading=0.15 * noise,
        noise=0.04 * noise,
        random_state=rng,
    )


def _specks(shape: tuple[int, ...], noise: float, height: float, rng: np.random.Generator) -> Ink:
    """Draw random specks of dust, much smaller than a stroke."""
    specks = np.zeros(shape, np.float32)
    count = rng.poisson(noise * _SPECKS * specks.size / height**2)
    side = max(1, round(0.04 * height))
    for y, x in zip(rng.integers(shape[0], size=count), rng.integers(shape[1], size=count), strict=True):
        specks[y : y + side, x : x + side] = rng.uniform(0.3, 0.9)
    return specks
