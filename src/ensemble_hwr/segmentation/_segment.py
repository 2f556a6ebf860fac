"""A word cut into letters, and everything that is known of how."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.segmentation._groups import Groups, group_parts
from ensemble_hwr.segmentation._parts import Labels, Scale
from ensemble_hwr.segmentation._split import split_wide
from ensemble_hwr.segmentation._writing import Writing

_NARROWEST, _WIDEST = 0.3, 1.2  # letter heights: widths that tell the width of letters
_WIDTH = 0.7  # letter heights, where no width does
_WIDTHS = 2  # letters that this expectation counts for
_DOUBT = 0.03  # letter heights: a gap so far from the threshold is as good as sure
_EASY = 2.0  # strokes: a cut that crosses so many is a guess


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The letters of a word.

    Attributes
    ----------
    boxes : tuple of Box
        Where each letter is in the picture, from left to right.
    letters : tuple of ndarray of float32
        Each letter's ink, upright and alone, with a little paper around.
    gaps : ndarray of float, shape (n_letters - 1,)
        Blank columns between neighbours, in letter heights, once the word is upright; negative where both have ink in
        the same columns.
    threshold : float
        Gaps from this size on closed a letter, in letter heights.
    cuts : tuple of int
        Letters, counted from 0, that were cut from the one before them because they touched it.
    confidence : float
        How sure the least sure decision is, from 0 to 1: high where all gaps are far from the threshold and nothing
        had to be cut.
    slant : float
        Tangent of the lean that was taken away; positive leans to the right.
    letter_height : float
        In the picture's pixels.
    """

    boxes: tuple[Box, ...]
    letters: tuple[Ink, ...]
    gaps: NDArray[np.float64]
    threshold: float
    cuts: tuple[int, ...]
    confidence: float
    slant: float
    letter_height: float

    def __repr__(self) -> str:
        return f"Segmentation({len(self.boxes)} letters, confidence {self.confidence:.2f})"

    def __len__(self) -> int:
        return len(self.boxes)


def segment_writing(writing: Writing, *, smallest_gap: float | None, cut_touching: bool) -> Segmentation:
    """Cut a word that has been cleaned and set upright.

    Parameters
    ----------
    writing : Writing
    smallest_gap : float or None
        As for `group_parts`.
    cut_touching : bool
        Whether shapes too wide for one letter are cut.

    Returns
    -------
    Segmentation
    """
    groups = group_parts(writing.parts, writing.scale, smallest_gap)
    letters = np.concatenate([[0], groups.number + 1]).astype(np.int32)[writing.parts.labels]
    prices: dict[int, float] = {}
    if cut_touching:
        width = _usual_width(groups, writing.scale)
        letters, prices = split_wide(writing.ink, letters, width=width, usual_gap=groups.usual_gap, scale=writing.scale)
    masks = [letters == number for number in range(1, int(letters.max()) + 1)]
    return Segmentation(
        boxes=tuple(writing.box(mask) for mask in masks),
        letters=tuple(writing.cut_out(mask) for mask in masks),
        gaps=_gaps(letters, writing.scale),
        threshold=groups.threshold,
        cuts=tuple(number - 1 for number in prices),
        confidence=_confidence(groups, list(prices.values())),
        slant=writing.slant,
        letter_height=writing.scale.letter * writing.origin.factor,
    )


def _usual_width(groups: Groups, scale: Scale) -> float:
    """Median width of this word's letters, in pixels, with an expectation of what it may be."""
    widths = (groups.right - groups.left) / scale.letter
    telling = widths[(widths >= _NARROWEST) & (widths <= _WIDEST)]
    return float(np.median(np.concatenate([telling, np.full(_WIDTHS, _WIDTH)]))) * scale.letter


def _gaps(letters: Labels, scale: Scale) -> NDArray[np.float64]:
    columns = [np.flatnonzero((letters == number).any(axis=0)) for number in range(1, int(letters.max()) + 1)]
    gaps = [after[0] - before[-1] - 1 for before, after in pairwise(columns)]
    return np.array(gaps, dtype=np.float64) / scale.letter


def _confidence(groups: Groups, prices: list[float]) -> float:
    """Sureness of the least sure decision: a gap near the threshold, or the dearest cut."""
    sure = [1.0, *(1 - 0.5 * np.exp(-groups.margin / _DOUBT)).tolist()]
    sure += [0.7 * float(np.exp(-price / _EASY)) for price in prices]
    return float(min(sure))
