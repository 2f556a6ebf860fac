"""Normalization of a word: its ink without specks and ruled lines, upright, with the way back to the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import INK_THRESHOLD, MIN_FULL_HEIGHT
from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation._components import (
    Components,
    Labels,
    Scale,
    is_speck,
    label_ink,
    measure_components,
    measure_scale,
)

# lengths in letter heights, unless another unit is given
_RULE_LENGTH = 2.5  # length from which on a flat component is a ruled line
_RULE_HEIGHT = 0.2  # greatest height of a ruled line
_EDGE_LENGTH = 0.5  # length from which on a flat component at an edge of the picture is a ruled line
_BAR_HEIGHT = 1.5  # height from which on a vertical bar across the picture is a ruled line
_THIN = 0.7  # strokes: thinner components are not from the same pen
_REMNANT_LENGTH = 1.2  # length from which on a thin component is a remnant of a ruled line
_NEAR = 0.25  # distance from handwriting within which such a component is kept
_HYPHEN_DISTANCE = 0.85  # distance from handwriting beyond which a thin, low component is no hyphen
_DOT_SIZE = 0.4  # greatest size of a dot
_DUST_DISTANCE = 2.0  # distance from handwriting beyond which a component of this size is dust
_MARGIN = 0.1  # paper around a letter that is cut out

_MAX_SLANT = 1.0  # greatest slant of the search: 45 degrees
_N_SLANTS = 41
_MAX_ROWS = 48  # the search uses about as many rows
_UPRIGHT_PRIOR = 0.15  # relative gain in sharpness by which a slant of 1 must exceed no slant

_MAX_SKEW = 0.4  # greatest slope of the search: about 22 degrees
_COARSE, _FINE = 0.02, 0.002  # steps of the search
_MAX_POINTS = 20_000  # the search uses about as many pixels
_BIN = 0.12  # letter heights: height of the bins in which ink is counted
_LEVEL_PRIOR = 0.5  # relative gain in sharpness by which a slope of 1 must exceed no slope
_MIN_LINE_WIDTH = 4.0  # letter heights: narrower ink has no direction of its own

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Origin:
    """Position of a piece of ink in the picture.

    Attributes
    ----------
    left, top : int
        Upper left corner in the deskewed ink of the whole picture.
    factor : int
        Pixels of the picture per pixel of the ink, in each direction.
    drops : ndarray of int or None
        Rows by which each column of the whole ink was shifted downwards to deskew lines; None means not at all.
    """

    left: int = 0
    top: int = 0
    factor: int = 1
    drops: NDArray[np.intp] | None = None

    def moved(self, right: int, down: int) -> Origin:
        """Return the origin of a part whose upper left corner is shifted by some pixels."""
        return replace(self, left=self.left + right, top=self.top + down)

    def source(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return rows and columns in the picture of some pixels: of their upper left corners."""
        rows, columns = rows + self.top, columns + self.left
        if self.drops is not None:
            rows = rows - self.drops[columns]
        return rows * self.factor, columns * self.factor

    def box(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Box:
        """Return the bounding box in the picture of some pixels."""
        rows, columns = self.source(rows, columns)
        edges = (columns.min(), rows.min(), columns.max() + self.factor, rows.max() + self.factor)
        return Box(*(int(edge) for edge in edges))


@dataclass(frozen=True, eq=False)
class UprightWord:
    """A word with its slant removed.

    Attributes
    ----------
    ink : ndarray of float32, shape (height, width)
        Rows from the highest ink of the word to the lowest.
    components : Components
        Connected components; specks and ruled lines are paper.
    scale : Scale
    slant : float
        Slant that was removed: columns to the right per row upwards.
    shifts : ndarray of int, shape (height,)
        Columns by which each row was shifted to the right.
    origin : Origin
        Position in the picture.
    """

    ink: Ink
    components: Components
    scale: Scale
    slant: float
    shifts: NDArray[np.intp]
    origin: Origin

    def source(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return rows and columns in the picture of some of the upright pixels."""
        return self.origin.source(rows, columns - self.shifts[rows])

    def box(self, mask: NDArray[np.bool_], first: int = 0) -> Box:
        """Return the bounding box in the picture of some of the upright pixels, in columns from a first one on."""
        rows, columns = np.nonzero(mask)
        return self.origin.box(rows, columns + first - self.shifts[rows])

    def cut_out(self, mask: NDArray[np.bool_], first: int = 0) -> Ink:
        """Cut out some of the upright pixels, with their soft edges and a margin of paper.

        Parameters
        ----------
        mask : ndarray of bool, shape (height, n_columns)
            The pixels, in columns from `first` on. The columns on either side of them are included, if there are any.
        first : int, default=0

        Returns
        -------
        ndarray of float32
        """
        margin = max(2, round(_MARGIN * self.scale.letter))
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
        mask = mask[top : rows[-1] + 2, left : columns[-1] + 2]
        height, width = mask.shape
        letter = isolate(self.ink[top : top + height, first + left : first + left + width], mask)
        framed = np.zeros((height + 2 * margin, width + 2 * margin), np.float32)
        framed[margin : margin + height, margin : margin + width] = letter
        return framed


def normalize_word(ink: Ink, *, slant: float | None = None, origin: Origin | None = None) -> UprightWord:
    """Remove specks, ruled lines and slant from the ink of a word.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    slant : float, default=None
        Slant to remove, columns to the right per row upwards; None estimates it.
    origin : Origin, default=None
        Position of the ink in the picture; None means that it is the whole picture.

    Returns
    -------
    UprightWord

    Raises
    ------
    PictureError
        If there are only specks.
    """
    kept = clean_labels(ink)
    rows = np.flatnonzero((kept > 0).any(axis=1))
    window = slice(int(rows[0]), int(rows[-1]) + 1)
    kept, ink = kept[window], ink[window]
    slant = find_slant(kept > 0) if slant is None else slant
    shifts = row_shifts(len(ink), slant)
    components = measure_components(shift_rows(kept, shifts))
    return UprightWord(
        ink=shift_rows(ink, shifts),
        components=components,
        scale=measure_scale(components),
        slant=slant,
        shifts=shifts,
        origin=(origin or Origin()).moved(0, window.start),
    )


def isolate(ink: Ink, mask: NDArray[np.bool_]) -> Ink:
    """Return the ink of some pixels with their soft edges; other ink becomes paper."""
    near = mask.copy()  # and the eight neighbours of its pixels, in a fraction of the time of a general dilation
    near[1:] |= mask[:-1]
    near[:-1] |= mask[1:]
    columns = near.copy()
    near[:, 1:] |= columns[:, :-1]
    near[:, :-1] |= columns[:, 1:]
    return np.where(mask | (near & (ink <= INK_THRESHOLD)), ink, np.float32(0))


def clean_labels(ink: Ink) -> Labels:
    """Label the connected components of ink from 1, without specks and ruled lines.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)

    Returns
    -------
    ndarray of int32, shape (height, width)
        0 is paper.

    Raises
    ------
    PictureError
        If there are only specks.
    """
    labels = label_ink(ink)
    components = measure_components(labels)
    if not len(components):
        raise PictureError("no ink stands out from the paper")
    scale = measure_scale(components)
    drop = is_speck(components, scale)
    if drop.all():
        raise PictureError("it holds nothing but specks")
    drop |= _is_rule(components, scale, drop)
    return _without(labels, drop | _is_remnant(components, scale, drop))


def _is_rule(components: Components, scale: Scale, specks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which components are ruled lines, or their remnants at the edges of the picture; never all of them."""
    height, width = components.labels.shape
    letter = scale.letter
    flat = components.height <= max(_RULE_HEIGHT * letter, 2)
    narrow = components.width <= max(_RULE_HEIGHT * letter, 2)
    at_side = ((components.left == 0) | (components.right == width)) & narrow
    at_end = ((components.top == 0) | (components.bottom == height)) & flat
    across = (components.top == 0) & (components.bottom == height) & narrow
    rules: NDArray[np.bool_] = (
        (at_side & (components.height >= _EDGE_LENGTH * letter))
        | (across & (components.height >= _BAR_HEIGHT * letter))
        | (at_end & (components.width >= _EDGE_LENGTH * letter))
        | (flat & (components.width >= _RULE_LENGTH * letter))
    )
    left_over = components.area[~(rules | specks)].sum()
    return rules if left_over > 0 else np.zeros_like(rules)


def _is_remnant(components: Components, scale: Scale, dropped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which other components are remnants of ruled lines or dust: thin or small, and far from handwriting."""
    height, width = components.labels.shape
    length = np.maximum(components.width, components.height)
    thin = (components.area <= _THIN * scale.stroke * length) & ~dropped
    small = (length <= _DOT_SIZE * scale.letter) & ~dropped
    written = ~(dropped | thin | small)
    if not (thin | small).any() or not written.any():
        return np.zeros_like(dropped)
    paper = ~np.concatenate([[False], written])[components.labels]
    distance = ndimage.distance_transform_cdt(paper, "chessboard")
    away = ndimage.minimum(distance, components.labels, np.arange(1, len(components) + 1)) / scale.letter
    at_edge = (components.left == 0) | (components.right == width)
    at_edge |= (components.top == 0) | (components.bottom == height)
    line = thin & (at_edge | (length >= _REMNANT_LENGTH * scale.letter)) & (away >= _NEAR)
    stray = thin & (components.height < MIN_FULL_HEIGHT * scale.letter) & (away >= _HYPHEN_DISTANCE)
    remnants: NDArray[np.bool_] = line | stray | (small & (away >= _DUST_DISTANCE))
    return remnants


def _without(labels: Labels, drop: NDArray[np.bool_]) -> Labels:
    """Return the labels without some components, numbered from 1."""
    number = np.zeros(len(drop) + 1, np.int32)
    number[1:][~drop] = np.arange(1, np.count_nonzero(~drop) + 1)
    kept: Labels = number[labels]
    return kept


def find_slant(mask: NDArray[np.bool_]) -> float:
    """Estimate the slant of letters: the slant at which vertical strokes are sharpest.

    For each slant, pixels are counted in slanted columns. The sum of the squared counts is greatest when strokes fall
    into single columns. A prior prefers upright letters if the difference is small.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.

    Returns
    -------
    float
        Columns to the right per row upwards, from -1 to 1.
    """
    step = -(-len(mask) // _MAX_ROWS)
    y, x = np.nonzero(mask[::step, ::step])
    if len(y) < 2:
        return 0.0
    slants = np.linspace(-_MAX_SLANT, _MAX_SLANT, _N_SLANTS)
    height, width = int(np.ptp(y)) + 1, int(np.ptp(x)) + 1
    y, x = y - y.min(), x - x.min()
    columns = width + 2 * height + 2
    bins = x + np.floor(slants[:, None] * y + 0.5).astype(np.intp) + height
    bins += np.arange(_N_SLANTS)[:, None] * columns
    counts = np.bincount(bins.ravel(), minlength=_N_SLANTS * columns).reshape(_N_SLANTS, columns).astype(np.float64)
    sharpness = (counts**2).sum(axis=1) * (1 - _UPRIGHT_PRIOR * np.abs(slants))
    return _peak(slants, sharpness)


def find_skew(mask: NDArray[np.bool_], letter: float) -> float:
    """Estimate the skew of lines: the slope at which ink is concentrated in the fewest rows.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    letter : float
        Letter height in pixels.

    Returns
    -------
    float
        Rows upwards per column to the right, from -0.4 to 0.4.
    """
    rows, columns = np.nonzero(mask)
    if len(rows) == 0 or np.ptp(columns) < _MIN_LINE_WIDTH * letter:
        return 0.0
    step = -(-len(rows) // _MAX_POINTS)
    y, x = rows[::step].astype(np.float64), columns[::step].astype(np.float64)
    size = max(1.0, _BIN * letter)
    coarse = _best_slope(y, x, size, np.arange(-_MAX_SKEW, _MAX_SKEW + _COARSE / 2, _COARSE))
    return _best_slope(y, x, size, coarse + np.arange(-_COARSE, _COARSE + _FINE / 2, _FINE))


def row_shifts(height: int, slant: float) -> NDArray[np.intp]:
    """Return by how many columns each row is shifted to the right to remove a slant; the least shift is 0."""
    shifts = np.floor(slant * np.arange(height) + 0.5).astype(np.intp)
    return np.asarray(shifts - shifts.min(), dtype=np.intp)


def shift_rows(pixels: NDArray[Scalar], shifts: NDArray[np.intp]) -> NDArray[Scalar]:
    """Shift each row of pixels to the right, without resampling; no pixel is lost.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
    shifts : ndarray of int, shape (height,)
        Columns, at least 0, as `row_shifts` returns them.

    Returns
    -------
    ndarray, shape (height, width + shifts.max())
        New pixels are 0.
    """
    height, width = pixels.shape
    shifted = np.zeros((height, width + int(shifts.max())), pixels.dtype)
    columns = np.arange(width) + shifts[:, None]
    np.put_along_axis(shifted, columns, pixels, axis=1)
    return shifted


def _peak(slants: NDArray[np.float64], sharpness: NDArray[np.float64]) -> float:
    """Return the slant of the greatest sharpness, refined by the parabola through it and its neighbours."""
    best = int(sharpness.argmax())
    if best in (0, len(slants) - 1):
        return float(slants[best])
    before, at, after = sharpness[best - 1 : best + 2]
    bend = before - 2 * at + after
    offset = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(slants[best] + offset * (slants[1] - slants[0]))


def _best_slope(y: NDArray[np.float64], x: NDArray[np.float64], size: float, slopes: NDArray[np.float64]) -> float:
    """Return the slope with the sharpest rows; of equally good ones, the one nearest to 0."""
    sharpness = []
    for slope in slopes:
        rows = (y + slope * x) / size
        counts = np.bincount((rows - rows.min()).astype(np.intp)).astype(np.float64)
        sharpness.append(float(counts @ counts) * (1 - _LEVEL_PRIOR * abs(float(slope))))
    best = np.flatnonzero(np.array(sharpness) >= max(sharpness) * (1 - 1e-9))
    return float(slopes[best[np.abs(slopes[best]).argmin()]])
