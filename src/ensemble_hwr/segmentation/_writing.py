"""The ink of a word, cleaned and set upright, and the way back to the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation._parts import (
    INKED,
    Labels,
    Parts,
    Scale,
    is_speck,
    label_ink,
    measure_parts,
    measure_scale,
)
from ensemble_hwr.segmentation._upright import find_slant, row_shifts, set_upright

_RULE_LENGTH = 2.5  # letter heights: a flat part so long is a ruled line
_RULE_HEIGHT = 0.2  # letter heights
_EDGE_LENGTH = 0.5  # letter heights: at the picture's edge a shorter one is the rest of a line too
_BAR_HEIGHT = 1.5  # letter heights: an upright bar so tall, from edge to edge, is a ruled line
_THIN = 0.7  # strokes: what is so thin was hardly written with this pen
_LINE = 1.2  # letter heights: what is so thin and so long, or ends at the picture's edge, is the rest of a line
_BESIDE = 0.25  # letter heights: unless it is so near to writing
_ALOOF = 0.85  # letter heights: farther from writing than a hyphen, what is thin and low is nothing that was written
_TALL = 0.6  # letter heights: what is taller may be an I
_DUST = 0.4  # letter heights: no larger may be a dot
_FAR = 2.0  # letter heights: unless it is so far from writing
_MARGIN = 0.1  # letter heights of paper around a letter that is cut out
_TOUCHING = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a piece of ink was taken from.

    Attributes
    ----------
    left, top : int
        Place of its upper left corner in the levelled ink of the whole picture.
    factor : int
        Pixels of the user's picture, in each direction, for one of the ink.
    drops : ndarray of int or None
        How far each column of the whole ink was moved down in order to level lines; None: not at all.
    """

    left: int = 0
    top: int = 0
    factor: int = 1
    drops: NDArray[np.intp] | None = None

    def moved(self, right: int, down: int) -> Origin:
        """Return the origin of a part that begins so far to the right and down."""
        return replace(self, left=self.left + right, top=self.top + down)

    def box(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Box:
        """Find the box, in the user's picture, of some pixels."""
        rows, columns = rows + self.top, columns + self.left
        if self.drops is not None:
            rows = rows - self.drops[columns]
        edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        return Box(*(int(edge) * self.factor for edge in edges))


@dataclass(frozen=True, eq=False)
class Writing:
    """A word, upright.

    Attributes
    ----------
    ink : ndarray of float32, shape (height, width)
        Rows from the word's highest ink to its lowest.
    parts : Parts
        Connected parts and their labels; specks and ruled lines are paper.
    scale : Scale
    slant : float
        What was taken away: columns to the right for each row up.
    shifts : ndarray of int, shape (height,)
        How far each row was moved to the right.
    origin : Origin
        The way back to the user's picture.
    """

    ink: Ink
    parts: Parts
    scale: Scale
    slant: float
    shifts: NDArray[np.intp]
    origin: Origin

    def box(self, mask: NDArray[np.bool_]) -> Box:
        """Box, in the user's picture, of some of the upright pixels."""
        rows, columns = np.nonzero(mask)
        columns = columns - self.shifts[rows]
        return self.origin.box(rows, columns)

    def cut_out(self, mask: NDArray[np.bool_]) -> Ink:
        """Cut out some of the upright pixels, with their soft edges and a little paper, without what is around them."""
        margin = max(2, round(_MARGIN * self.scale.letter))
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
        window = (slice(top, rows[-1] + 2), slice(left, columns[-1] + 2))
        mine = mask[window]
        soft = ndimage.binary_dilation(mine, _TOUCHING) & (self.ink[window] <= INKED)
        return np.pad(np.where(mine | soft, self.ink[window], np.float32(0)), margin)


def take_writing(ink: Ink, *, slant: float | None = None, origin: Origin | None = None) -> Writing:
    """Clean the ink of a word and set it upright.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    slant : float, default=None
        What to take away; None finds it.
    origin : Origin, default=None
        Where the ink was taken from; None: it is the picture.

    Returns
    -------
    Writing

    Raises
    ------
    PictureError
        If there is nothing but specks.
    """
    kept = clean_labels(ink)
    rows = np.flatnonzero((kept > 0).any(axis=1))
    window = slice(int(rows[0]), int(rows[-1]) + 1)
    kept, ink = kept[window], ink[window]
    slant = find_slant(kept > 0) if slant is None else slant
    shifts = row_shifts(len(ink), slant)
    upright = measure_parts(set_upright(kept, shifts))
    return Writing(
        ink=set_upright(ink, shifts),
        parts=upright,
        scale=measure_scale(upright),
        slant=slant,
        shifts=shifts,
        origin=(origin or Origin()).moved(0, window.start),
    )


def clean_labels(ink: Ink) -> Labels:
    """Label the connected parts of ink from 1, without specks and ruled lines.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)

    Returns
    -------
    ndarray of int32, shape (height, width)

    Raises
    ------
    PictureError
        If there is nothing but specks.
    """
    labels = label_ink(ink)
    parts = measure_parts(labels)
    if not len(parts):
        raise PictureError("no ink stands out from the paper")
    scale = measure_scale(parts)
    drop = is_speck(parts, scale)
    if drop.all():
        raise PictureError("it holds nothing but specks")
    drop |= _is_rule(parts, scale, drop)
    return _kept(labels, drop | _is_remnant(parts, scale, drop))


def _is_rule(parts: Parts, scale: Scale, specks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which parts are ruled lines, or what is left of them at the picture's edge; never all that is there."""
    height, width = parts.labels.shape
    letter = scale.letter
    flat = parts.height <= max(_RULE_HEIGHT * letter, 2)
    narrow = parts.width <= max(_RULE_HEIGHT * letter, 2)
    at_side = ((parts.left == 0) | (parts.right == width)) & narrow & (parts.height >= _EDGE_LENGTH * letter)
    across = (parts.top == 0) & (parts.bottom == height) & narrow & (parts.height >= _BAR_HEIGHT * letter)
    at_end = ((parts.top == 0) | (parts.bottom == height)) & flat & (parts.width >= _EDGE_LENGTH * letter)
    rules: NDArray[np.bool_] = at_side | across | at_end | (flat & (parts.width >= _RULE_LENGTH * letter))
    left_over = parts.area[~(rules | specks)].sum()
    return rules if left_over > 0 else np.zeros_like(rules)


def _is_remnant(parts: Parts, scale: Scale, dropped: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the other parts are bits of ruled lines and dust, by how thin they are and how far from writing."""
    height, width = parts.labels.shape
    length = np.maximum(parts.width, parts.height)
    thin = (parts.area <= _THIN * scale.stroke * length) & ~dropped
    small = (length <= _DUST * scale.letter) & ~dropped
    writing = ~(dropped | thin | small)
    if not (thin | small).any() or not writing.any():
        return np.zeros_like(dropped)
    paper = ~np.concatenate([[False], writing])[parts.labels]
    distance = ndimage.distance_transform_cdt(paper, "chessboard")
    away = ndimage.minimum(distance, parts.labels, np.arange(1, len(parts) + 1)) / scale.letter
    at_edge = (parts.left == 0) | (parts.right == width) | (parts.top == 0) | (parts.bottom == height)
    line = thin & (at_edge | (length >= _LINE * scale.letter)) & (away >= _BESIDE)
    stray = thin & (parts.height < _TALL * scale.letter) & (away >= _ALOOF)
    remnants: NDArray[np.bool_] = line | stray | (small & (away >= _FAR))
    return remnants


def _kept(labels: Labels, drop: NDArray[np.bool_]) -> Labels:
    """Labels without some parts, numbered anew."""
    number = np.zeros(len(drop) + 1, np.int32)
    number[1:][~drop] = np.arange(1, np.count_nonzero(~drop) + 1)
    kept: Labels = number[labels]
    return kept
