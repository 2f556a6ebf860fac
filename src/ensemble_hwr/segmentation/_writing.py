"""The ink of a word, cleaned and set upright, and the way back to the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.segmentation._parts import (
    INKED,
    Ink,
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
_MARGIN = 0.1  # letter heights of paper around a letter that is cut out
_TOUCHING = np.ones((3, 3), dtype=bool)


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
    top : int
        The first row's place in the picture of ink.
    factor : int
        Pixels of the user's picture, in each direction, for one of the ink.
    """

    ink: Ink
    parts: Parts
    scale: Scale
    slant: float
    shifts: NDArray[np.intp]
    top: int
    factor: int

    def box(self, mask: NDArray[np.bool_]) -> Box:
        """Box, in the user's picture, of some of the upright pixels."""
        rows, columns = np.nonzero(mask)
        columns = columns - self.shifts[rows]
        box = (columns.min(), rows.min() + self.top, columns.max() + 1, rows.max() + 1 + self.top)
        return Box(*(int(edge) * self.factor for edge in box))

    def cut_out(self, mask: NDArray[np.bool_]) -> Ink:
        """Cut out some of the upright pixels, with their soft edges and a little paper, without what is around them."""
        margin = max(2, round(_MARGIN * self.scale.letter))
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
        window = (slice(top, rows[-1] + 2), slice(left, columns[-1] + 2))
        mine = mask[window]
        soft = ndimage.binary_dilation(mine, _TOUCHING) & (self.ink[window] <= INKED)
        return np.pad(np.where(mine | soft, self.ink[window], np.float32(0)), margin)


def take_writing(ink: Ink, *, slant: float | None = None, factor: int = 1) -> Writing:
    """Clean the ink of a word and set it upright.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
    slant : float, default=None
        What to take away; None finds it.
    factor : int, default=1
        As in `Writing`.

    Returns
    -------
    Writing

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
    kept = _kept(labels, drop)
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
        top=window.start,
        factor=factor,
    )


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


def _kept(labels: Labels, drop: NDArray[np.bool_]) -> Labels:
    """Labels without some parts, numbered anew."""
    number = np.zeros(len(drop) + 1, np.int32)
    number[1:][~drop] = np.arange(1, np.count_nonzero(~drop) + 1)
    kept: Labels = number[labels]
    return kept
