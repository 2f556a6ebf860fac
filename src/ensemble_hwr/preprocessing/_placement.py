"""Where a letter is in a picture of ink, and where it goes in the frame."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ensemble_hwr._typing import Ink

_INK = 0.25  # what counts as part of a letter
_STROKE = 0.15  # parts with this share of the largest part's ink always belong to the letter
_SPECK = 0.01  # parts with less than this share never do
_NEAR = 0.10  # those in between do within this share of the largest part's longer side
_TOUCHING = np.ones((3, 3), dtype=bool)


def crop_letter(ink: Ink, *, despeckle: bool = True) -> Ink:
    """Cut a letter out of its picture, leaving specks and fragments of neighbours behind.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    despeckle : bool, default=True
        Whether small parts far from the largest one are left out.

    Returns
    -------
    ndarray of float32
        The smallest box around the letter.
    """
    mask = ink > _INK
    if despeckle:
        labels, count = ndimage.label(mask, _TOUCHING)
        if count > 1:
            mask = _letter_parts(ink, labels)[labels]
            ink = ink * ~_halo(labels > 0, mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def place_by_mass(letter: Ink, size: int, box: int) -> Ink:
    """Scale a letter to fit a box and put its centre of mass on the centre of the frame.

    The shift is cut short where it would push ink out of the frame. Scaling and shifting are one
    anti-aliased step, so the place is exact to parts of a pixel.

    Parameters
    ----------
    letter : ndarray of float32, shape (height, width)
    size, box : int
        Sides of the frame and of the box in it, in pixels.

    Returns
    -------
    ndarray of float32, shape (size, size)
    """
    frame = max(letter.shape) * size / box
    total = float(letter.sum())
    top = _frame_start(letter.sum(axis=1) / total, frame)
    left = _frame_start(letter.sum(axis=0) / total, frame)
    return _cut(letter, top, left, frame, size)


def place_classic(ink: Ink, size: int, box: int) -> Ink:
    """Take a picture through 128x128 and 56x56, crop its padding and fit the rest into the frame's middle.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    size, box : int
        Sides of the frame and of the box in it, in pixels.

    Returns
    -------
    ndarray of float32, shape (size, size)
    """
    for side in (128, 56):
        ink = _cut(ink, *_middle(ink, max(ink.shape)), max(ink.shape), side)
    letter = crop_letter(ink / ink.max(), despeckle=False)
    frame = max(letter.shape) * size / box
    return _cut(letter, *_middle(letter, frame), frame, size)


def _letter_parts(ink: Ink, labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which labels belong to the letter; label 0 is paper."""
    weight = np.bincount(labels.ravel(), weights=ink.ravel())
    weight[0] = 0
    boxes = [(0, 0, 0, 0)]
    boxes += [(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(labels)]
    main = int(weight.argmax())
    reach = _NEAR * max(boxes[main][1] - boxes[main][0], boxes[main][3] - boxes[main][2])
    keep: NDArray[np.bool_] = weight >= _STROKE * weight[main]
    inside = not _touches_frame(boxes[main], labels.shape)
    for part in range(1, len(weight)):
        if inside and part != main and _touches_frame(boxes[part], labels.shape):
            keep[part] = weight[part] >= 2 * _STROKE * weight[main]
        elif weight[part] >= _SPECK * weight[main]:
            keep[part] |= _gap(boxes[part], boxes[main]) <= reach
    return keep


def _touches_frame(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> bool:
    return box[0] == 0 or box[2] == 0 or box[1] == shape[0] or box[3] == shape[1]


def _gap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> int:
    down = max(first[0] - second[1], second[0] - first[1], 0)
    across = max(first[2] - second[3], second[2] - first[3], 0)
    return max(down, across)


def _halo(parts: NDArray[np.bool_], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Parts left out with their soft edges."""
    grown = ndimage.binary_dilation(parts & ~kept, _TOUCHING)
    halo: NDArray[np.bool_] = grown & ~kept
    return halo


def _frame_start(profile: NDArray[np.float32], frame: float) -> float:
    """Where the frame starts on one axis so that the profile's mean is its middle and no ink is outside."""
    centre = float(profile @ (np.arange(len(profile)) + 0.5))
    return min(0.0, max(len(profile) - frame, centre - frame / 2))


def _middle(ink: Ink, frame: float) -> tuple[float, float]:
    return (ink.shape[0] - frame) / 2, (ink.shape[1] - frame) / 2


def _cut(ink: Ink, top: float, left: float, frame: float, size: int) -> Ink:
    """Resample a square that contains all the ink to `size` pixels a side; paper surrounds the ink."""
    above, before = math.ceil(-top), math.ceil(-left)
    side = math.ceil(frame) + 1
    canvas = np.zeros((max(side, above + ink.shape[0]), max(side, before + ink.shape[1])), dtype=np.float32)
    canvas[above : above + ink.shape[0], before : before + ink.shape[1]] = ink
    x, y = left + before, top + above
    edges = (x, y, min(x + frame, canvas.shape[1]), min(y + frame, canvas.shape[0]))
    placed = np.array(Image.fromarray(canvas).resize((size, size), Image.Resampling.HAMMING, box=edges))
    return np.clip(placed, np.float32(0), np.float32(1), out=placed)
