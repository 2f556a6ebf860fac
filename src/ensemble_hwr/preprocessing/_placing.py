"""Crop pictures of ink to their letters, without specks, and place these in a frame by their centre of mass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import FloatArray, Ink, IntArray, Pictures, Rows
from ensemble_hwr.images.borders import may_have_bars, remove_borders

_ROUNDING = 1e-4  # pixels, of centres of mass
_MOST_PADDING = 3  # pixels of masks that are examined together, per pixel of the pictures

# components of ink, by their ink relative to that of the largest component
_ALWAYS_KEPT = 0.15  # from this share on, a component belongs to the letter
_NEVER_KEPT = 0.01  # below this share, a component is a speck
_MAX_DISTANCE = 0.10  # in between: within this share of the longer side of the largest component
_BELOW = (0.45, 0.30)  # a part below: greatest distance, and of its middle to the left or right, as shares of that side
_ABOVE = (1.5, 1.0)  # a part above, as in fast writing, where dots are high and late


def place_letters(groups: Sequence[Pictures], size: int, box: int, *, dots: bool = False) -> Rows:
    """Crop pictures of ink to their letters, and place these in the frame, as rows.

    Parameters
    ----------
    groups : sequence of ndarray of float32, shape (n, height, width)
        Pictures of one size in each.
    size, box : int
        Sides of the frame and of the box in pixels.
    dots : bool, default=False
        As for `crop_letter`.

    Returns
    -------
    ndarray of float32, shape (n, size * size)
        Borders, specks and fragments of neighbouring letters are removed.
    """
    inks = [ink for group in groups for ink in group]
    height, width = np.max([group.shape[1:] for group in groups], axis=0)
    if height * width * len(inks) > _MOST_PADDING * sum(group.size for group in groups):
        letters = [letter for group in groups for letter in _cropped(list(group), group > INK_THRESHOLD, dots)]
    elif len(groups) == 1:
        letters = _cropped(inks, groups[0] > INK_THRESHOLD, dots)
    else:
        masks = np.zeros((len(inks), height, width), np.bool_)
        for mask, ink in zip(masks, inks, strict=True):
            np.greater(ink, INK_THRESHOLD, out=mask[: ink.shape[0], : ink.shape[1]])
        letters = _cropped(inks, masks, dots)
    if len(letters) == 1:
        return place_by_mass(letters[0], size, box).reshape(1, -1)
    return _place_together(letters, size, box).reshape(len(letters), -1)


def _cropped(inks: list[Ink], masks: NDArray[np.bool_], dots: bool) -> list[Ink]:
    """Return the letters of pictures; the masks of their ink may be larger."""
    by_row, by_column = np.count_nonzero(masks, axis=2), np.count_nonzero(masks, axis=1)
    heights, widths = np.array([ink.shape for ink in inks]).T
    bars = may_have_bars(by_row, by_column, heights, widths)
    simple = _are_connected(masks) & ~bars
    (tops, bottoms), (lefts, rights) = _spans(by_row > 0), _spans(by_column > 0)
    return [
        ink[tops[index] : bottoms[index], lefts[index] : rights[index]]
        if simple[index]
        else crop_letter(remove_borders(ink, bars=bool(bars[index])), dots=dots)
        for index, ink in enumerate(inks)
    ]


def _are_connected(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pictures have one connected component."""
    structure = np.zeros((3, 3, 3), np.bool_)
    structure[1] = EIGHT_CONNECTED  # within each picture
    labels = ndimage.label(masks, structure)[0].reshape(len(masks), -1)
    connected: NDArray[np.bool_] = labels.sum(axis=1) == labels.max(axis=1) * np.count_nonzero(labels, axis=1)
    return connected


def _spans(occupied: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Return where the occupied part of each row starts, and where it ends."""
    return occupied.argmax(axis=1), occupied.shape[1] - occupied[:, ::-1].argmax(axis=1)


def crop_letter(ink: Ink, *, despeckle: bool = True, dots: bool = False) -> Ink:
    """Crop a picture of ink to its letter, without specks and fragments of neighbouring letters.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    despeckle : bool, default=True
        Whether small connected components far from the largest one are removed.
    dots : bool, default=False
        Whether such components are kept above and below it, at a distance of up to 1.5 and 0.45 of its longer side.

    Returns
    -------
    ndarray of float32, shape (letter_height, letter_width)
        The bounding box of the letter.
    """
    mask = ink > INK_THRESHOLD
    if despeckle:
        labels, count = ndimage.label(mask, EIGHT_CONNECTED)
        if count > 1:
            mask = _letter_components(ink, labels, dots)[labels]
            ink = ink * ~_halo(labels > 0, mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def place_by_mass(letter: Ink, size: int, box: int) -> Ink:
    """Scale a letter to a box and put its centre of mass on the centre of the frame.

    The shift is limited so that no ink leaves the frame. Scaling and shifting are one anti-aliased resampling, so the
    position is exact to fractions of a pixel.

    Parameters
    ----------
    letter : ndarray of float32, shape (height, width)
    size, box : int
        Sides of the frame and of the box in pixels.

    Returns
    -------
    ndarray of float32, shape (size, size)
    """
    return _resample(letter, _frame_by_mass(letter, size, box), size)


def place_classic(ink: Ink, size: int, box: int) -> Ink:
    """Resize a picture to 128x128 and to 56x56 pixels, crop it, and centre it in the frame.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    size, box : int
        Sides of the frame and of the box in pixels.

    Returns
    -------
    ndarray of float32, shape (size, size)
    """
    for side in (128, 56):
        ink = _resample(ink, _centred(ink, max(ink.shape)), side)
    letter = crop_letter(ink / ink.max(), despeckle=False)
    return _resample(letter, _centred(letter, max(letter.shape) * size / box), size)


def _letter_components(ink: Ink, labels: NDArray[np.int32], dots: bool) -> NDArray[np.bool_]:
    """Return which labels belong to the letter; label 0 is paper."""
    weight = np.bincount(labels.ravel(), weights=ink.ravel())
    weight[0] = 0
    boxes = [(0, 0, 0, 0)]
    boxes += [(y.start, y.stop, x.start, x.stop) for y, x in ndimage.find_objects(labels)]
    main = int(weight.argmax())
    side = max(boxes[main][1] - boxes[main][0], boxes[main][3] - boxes[main][2])
    keep: NDArray[np.bool_] = weight >= _ALWAYS_KEPT * weight[main]
    inside = not _touches_frame(boxes[main], labels.shape)
    for label in range(1, len(weight)):
        if inside and label != main and _touches_frame(boxes[label], labels.shape):
            keep[label] = weight[label] >= 2 * _ALWAYS_KEPT * weight[main]
        elif weight[label] >= _NEVER_KEPT * weight[main]:
            keep[label] |= _distance(boxes[label], boxes[main]) <= _MAX_DISTANCE * side
            keep[label] |= dots and _is_dot(boxes[label], boxes[main], side)
    return keep


def _is_dot(box: tuple[int, int, int, int], main: tuple[int, int, int, int], side: int) -> bool:
    """Return whether a component is above or below the largest one."""
    above, below = main[0] - box[1], box[0] - main[1]
    distance, shift = _ABOVE if above >= 0 else _BELOW
    middle = (box[2] + box[3]) / 2
    outside = max(main[2] - middle, middle - main[3])
    return 0 <= max(above, below) <= distance * side and outside <= shift * side


def _touches_frame(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> bool:
    """Return whether a box (top, bottom, left, right) reaches an edge of the picture."""
    return box[0] == 0 or box[2] == 0 or box[1] == shape[0] or box[3] == shape[1]


def _distance(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> int:
    """Return the Chebyshev distance of two boxes (top, bottom, left, right), in pixels; 0 if they overlap."""
    down = max(first[0] - second[1], second[0] - first[1], 0)
    across = max(first[2] - second[3], second[2] - first[3], 0)
    return max(down, across)


def _halo(inked: NDArray[np.bool_], kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of the removed components and of their soft edges."""
    grown = ndimage.binary_dilation(inked & ~kept, EIGHT_CONNECTED)
    halo: NDArray[np.bool_] = grown & ~kept
    return halo


def _frame_by_mass(letter: Ink, size: int, box: int) -> tuple[float, float, float]:
    """Return the frame whose middle is the centre of mass of a letter: top, left and side, in pixels."""
    frame = max(letter.shape) * size / box
    total = float(letter.sum())
    top = _frame_start(letter.sum(axis=1) / total, frame)
    return top, _frame_start(letter.sum(axis=0) / total, frame), frame


def _frame_start(profile: NDArray[np.float32], frame: float) -> float:
    """Return where the frame starts on one axis: the profile's mean is in its middle, but no ink is outside."""
    centre = float(profile @ _middles(len(profile)))
    return min(0.0, max(len(profile) - frame, centre - frame / 2))


@lru_cache(maxsize=256)
def _middles(length: int) -> FloatArray:
    """Return the middles of the pixels of a side."""
    middles = np.arange(length, dtype=np.float64) + 0.5
    middles.flags.writeable = False
    return middles


def _centred(ink: Ink, frame: float) -> tuple[float, float, float]:
    """Return a frame that is centred on a picture: top, left and side, in pixels."""
    return (ink.shape[0] - frame) / 2, (ink.shape[1] - frame) / 2, frame


def _resample(ink: Ink, frame: tuple[float, float, float], size: int) -> Ink:
    """Resample a frame (top, left, side) that contains all the ink to `size` pixels a side; outside of it is paper."""
    top, left, side = frame
    above, height, *rows = _canvas(ink.shape[0], top, side)
    before, width, *columns = _canvas(ink.shape[1], left, side)
    canvas = np.zeros((height, width), np.float32)
    canvas[above : above + ink.shape[0], before : before + ink.shape[1]] = ink
    edges = (columns[0], rows[0], columns[1], rows[1])
    placed = np.array(Image.fromarray(canvas).resize((size, size), Image.Resampling.HAMMING, box=edges))
    return np.clip(placed, np.float32(0), np.float32(1), out=placed)


def _canvas(length: int, start: float, side: float) -> tuple[int, int, float, float]:
    """Return where a letter starts on a canvas that contains its frame, the length of the canvas, and the frame on it.

    All values are for one axis; the frame starts at `start` on the letter and is `side` long.
    """
    before = max(0, math.ceil(-start - _ROUNDING))
    canvas = max(math.ceil(side) + 1, before + length)
    first = max(0.0, start + before)
    return before, canvas, first, min(first + side, canvas)


def _place_together(letters: Sequence[Ink], size: int, box: int) -> Pictures:
    """Place letters as `place_by_mass` does, up to rounding, by products of matrices."""
    shapes = np.array([letter.shape for letter in letters])
    inks = np.zeros((len(letters), *shapes.max(axis=0)), np.float32)
    for ink, letter in zip(inks, letters, strict=True):
        ink[: letter.shape[0], : letter.shape[1]] = letter
    sides = shapes.max(axis=1) * size / box
    down, across = (
        _resampling(profiles, lengths, sides, size)
        for profiles, lengths in zip((inks.sum(axis=2), inks.sum(axis=1)), shapes.T, strict=True)
    )
    placed: Pictures = np.matmul(np.matmul(down, inks), across.transpose(0, 2, 1))
    return np.clip(placed, np.float32(0), np.float32(1), out=placed)


def _resampling(profiles: NDArray[np.float32], lengths: IntArray, sides: FloatArray, size: int) -> NDArray[np.float32]:
    """Return the matrices that resample letters on one axis to their frames, (n, size, longest).

    They equal the resampling of Pillow with its Hamming window, which is as wide as two pixels of the result.

    Parameters
    ----------
    profiles : ndarray of float32, shape (n, longest)
        Ink of each row or column; 0 from the length of the letter on.
    lengths, sides : ndarray, shape (n,)
        Lengths of the letters and sides of their frames, in pixels.
    size : int
        Side of the result.
    """
    longest = profiles.shape[1]
    centres = profiles @ _middles(longest) / profiles.sum(axis=1)
    starts = np.minimum(0.0, np.maximum(lengths - sides, centres - sides / 2))
    before = np.maximum(0, np.ceil(-starts - _ROUNDING))  # of the canvas, which contains letter and frame
    canvas = np.maximum(np.ceil(sides) + 1, before + lengths)
    first = np.maximum(0.0, starts + before)
    scale = (np.minimum(first + sides, canvas) - first) / size
    radius = np.maximum(scale, 1)[:, None]
    middles = first[:, None] + _middles(size) * scale[:, None]
    n_taps = math.ceil(2 * radius.max()) + 1
    places = np.floor(middles - radius + 0.5)[:, :, None] + np.arange(n_taps)
    distance = np.abs(places + (0.5 - middles[:, :, None])) / radius[:, :, None]
    is_on_canvas = (places >= 0) & (places < canvas[:, None, None])
    weights = _hamming(distance.astype(np.float32)) * is_on_canvas
    weights /= weights.sum(axis=2, keepdims=True)
    places -= before[:, None, None]
    np.copyto(places, longest, where=(places < 0) | (places >= longest))  # an additional column, dropped below
    matrices = np.zeros((len(profiles), size, longest + 1), np.float32)
    np.put_along_axis(matrices, places.astype(np.intp), weights, axis=2)
    return matrices[:, :, :longest]


def _hamming(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sinc function in a Hamming window at distances from 0; it ends at 1."""
    angle = np.clip(distance, np.float32(1e-6), np.float32(1)) * np.float32(np.pi)
    window = np.float32(0.54) + np.float32(0.46) * np.cos(angle)
    weights: NDArray[np.float32] = np.sin(angle) / angle * window
    weights[distance >= 1] = 0
    return weights
