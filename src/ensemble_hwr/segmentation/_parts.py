"""Connected parts of ink, and what size writing is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._typing import Ink

Labels = NDArray[np.int32]

INKED = 0.25
"""Ink above this is part of a letter."""

_TOUCHING = np.ones((3, 3), dtype=bool)
_SPECK_OF_HEIGHT = 0.005  # a speck has a smaller area, relative to the letter height squared,
_SPECK_OF_STROKE = 0.4  # or to the stroke's width squared


@dataclass(frozen=True, eq=False)
class Parts:
    """Connected parts of ink, numbered from 1 in `labels`; arrays have an entry for each.

    Attributes
    ----------
    labels : ndarray of int32, shape (height, width)
        0 is paper.
    left, top, right, bottom : ndarray of int
        Their boxes.
    area : ndarray of int
        Their pixels.
    """

    labels: Labels
    left: NDArray[np.intp]
    top: NDArray[np.intp]
    right: NDArray[np.intp]
    bottom: NDArray[np.intp]
    area: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.area)

    @property
    def width(self) -> NDArray[np.intp]:
        """Columns that each covers."""
        return self.right - self.left

    @property
    def height(self) -> NDArray[np.intp]:
        """Rows that each covers."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Scale:
    """How large writing is, in pixels.

    Attributes
    ----------
    letter : float
        Height of a letter.
    stroke : float
        Width of the pen's line.
    """

    letter: float
    stroke: float


def label_ink(ink: Ink) -> Labels:
    """Label the connected parts of ink from 1; pixels that meet at a corner are connected."""
    labels: Labels = ndimage.label(ink > INKED, _TOUCHING)[0]
    return labels


def measure_parts(labels: Labels) -> Parts:
    """Find boxes and areas of labelled parts, each of which must be there."""
    found = ndimage.find_objects(labels)
    edges = np.array([(x.start, y.start, x.stop, y.stop) for y, x in found], dtype=np.intp).reshape(-1, 4)
    area = np.bincount(labels.ravel(), minlength=len(found) + 1)[1:]
    return Parts(labels, edges[:, 0], edges[:, 1], edges[:, 2], edges[:, 3], area)


def measure_scale(parts: Parts) -> Scale:
    """Estimate the letter height and the stroke's width.

    The letter height is the median height of the parts, each counted with its width: many small marks do not make
    letters small. The stroke's width is that of a line of the same area and outline.

    Parameters
    ----------
    parts : Parts
        One or more.

    Returns
    -------
    Scale
    """
    order = np.argsort(parts.height, kind="stable")
    reach = np.cumsum((parts.width * np.sqrt(parts.height))[order])
    letter = float(parts.height[order][np.searchsorted(reach, reach[-1] / 2)])
    mask = np.pad(parts.labels > 0, 1)
    across = np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    down = np.count_nonzero(mask[1:] != mask[:-1])
    outline = float(np.hypot(across, down))
    return Scale(letter, max(1.0, 2 * float(parts.area.sum()) / outline))


def is_speck(parts: Parts, scale: Scale) -> NDArray[np.bool_]:
    """Say which parts are too small to be anything that was written."""
    least = max(_SPECK_OF_HEIGHT * scale.letter**2, _SPECK_OF_STROKE * scale.stroke**2)
    specks: NDArray[np.bool_] = parts.area < least
    return specks
