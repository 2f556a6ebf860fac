"""Segmentation of a word into letters: components are grouped by the gaps between them, wide groups are split."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.segmentation._components import Components, Labels, Scale
from ensemble_hwr.segmentation._split import split_wide
from ensemble_hwr.segmentation._word import UprightWord

# lengths in letter heights, unless another unit is given
_MIN_OVERLAP = 0.45  # of the columns of the narrower of two components, from which on they are one letter
_MARK_HEIGHT = 0.45  # greatest height of a dot or an accent
_MARK_BOTTOM = 0.5  # from the top of the word: greatest depth at which a dot or an accent ends
_MARK_DISTANCE = 0.3  # greatest distance to the side of the letter below it
_PRIOR_GAP = 0.2  # gap between letters
_PRIOR_GAP_COUNT = 2  # gaps that this prior counts for
_BREAK = 0.3  # of the usual gap of the word: smaller gaps are breaks in a letter
_PART_BREAK = 0.6  # likewise, if one side is lower than a letter
_MAX_BREAK = 0.12  # greatest gap within a letter
_LETTER_HEIGHT = 0.65  # least height of a letter
_MAX_JOINED_WIDTH = 1.25  # greatest width of a letter that is joined from several groups
_TYPICAL_WIDTHS = (0.3, 1.2)  # range of widths from which the width of letters is estimated
_PRIOR_WIDTH = 0.7  # width of a letter
_PRIOR_WIDTH_COUNT = 2  # letters that this prior counts for
_UNCERTAIN = 0.03  # distance of a gap from the threshold within which it is uncertain
_UNCERTAIN_COST = 2.0  # strokes: cost of a cut from which on it is uncertain


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Letters of a word.

    Attributes
    ----------
    boxes : tuple of Box
        Bounding box of each letter in the picture, from left to right.
    letters : tuple of ndarray of float32
        Ink of each letter alone, from 0 to 1, upright and with a margin of paper.
    gaps : ndarray of float, shape (n_letters - 1,)
        Blank columns between neighbouring letters of the upright word, in letter heights; negative if both have ink in
        the same columns.
    threshold : float
        Least gap that separated letters, in letter heights.
    cuts : tuple of int
        Positions of the letters that were cut from the letter before because they touched.
    confidence : float
        Confidence of the least certain decision, from 0 to 1. It is high if all gaps are far from the threshold and
        nothing was cut.
    slant : float
        Tangent of the slant that was removed; positive is to the right.
    letter_height : float
        In pixels of the picture.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation import WordSegmenter
    >>> picture = np.zeros((40, 60))
    >>> picture[5:35, 5:10] = picture[5:35, 25:30] = picture[5:35, 45:50] = 1.0
    >>> found = WordSegmenter().segment(picture)
    >>> len(found), found.gaps, found.letter_height
    (3, array([0.5, 0.5]), 30.0)
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


@dataclass(frozen=True, eq=False)
class Groups:
    """Components grouped to letters.

    Attributes
    ----------
    number : ndarray of int, shape (n_components,)
        Letter of each component, from 0 and from left to right.
    left, right : ndarray of float, shape (n_letters,)
        Extents in columns.
    gaps : ndarray of float, shape (n_letters - 1,)
        Blank columns between neighbours in letter heights; negative if they overlap.
    threshold : float
        Least gap that separates letters, in letter heights.
    usual_gap : float
        Median gap of the word in letter heights, with a prior.
    margin : ndarray of float
        Distance of each gap from its threshold, in letter heights, before groups were joined.
    """

    number: NDArray[np.intp]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    gaps: NDArray[np.float64]
    threshold: float
    usual_gap: float
    margin: NDArray[np.float64]


def segment_word(word: UprightWord, *, smallest_gap: float | None, cut_touching: bool) -> Segmentation:
    """Segment a normalized word into letters.

    Parameters
    ----------
    word : UprightWord
    smallest_gap : float or None
        Least gap between letters, in letter heights; None estimates it from the word.
    cut_touching : bool
        Whether groups that are too wide for one letter are split.

    Returns
    -------
    Segmentation
    """
    groups = group_components(word.components, word.scale, smallest_gap)
    letters = np.concatenate([[0], groups.number + 1]).astype(np.int32)[word.components.labels]
    costs: dict[int, float] = {}
    if cut_touching:
        width = _usual_width(groups, word.scale)
        letters, costs = split_wide(word.ink, letters, width=width, usual_gap=groups.usual_gap, scale=word.scale)
    masks = [letters == number for number in range(1, int(letters.max()) + 1)]
    return Segmentation(
        boxes=tuple(word.box(mask) for mask in masks),
        letters=tuple(word.cut_out(mask) for mask in masks),
        gaps=_gaps(letters, word.scale),
        threshold=groups.threshold,
        cuts=tuple(number - 1 for number in costs),
        confidence=_confidence(groups, list(costs.values())),
        slant=word.slant,
        letter_height=word.scale.letter * word.origin.factor,
    )


def group_components(components: Components, scale: Scale, smallest_gap: float | None = None) -> Groups:
    """Group the components of a word to letters.

    Components above each other are one letter. From left to right, the remaining groups are separated by gaps of a
    given size. If no size is given, they are separated by all gaps except those much smaller than the usual gap of the
    word; next to a group that is lower than a letter, the gap must be larger.

    Parameters
    ----------
    components : Components
        Upright.
    scale : Scale
    smallest_gap : float, default=None
        Least gap between letters, in letter heights; None estimates it from the word.

    Returns
    -------
    Groups
    """
    letter = scale.letter
    number = _attach_marks(components, _stack(components), letter)
    left, right, height = _extents(components, number)
    gaps = (left[1:] - right[:-1]) / letter
    usual = float(np.median(np.concatenate([gaps, np.full(_PRIOR_GAP_COUNT, _PRIOR_GAP)])))
    if smallest_gap is None:
        threshold = float(np.clip(_BREAK * usual, 0.0, _MAX_BREAK))
        looser = float(np.clip(_PART_BREAK * usual, 0.0, _MAX_BREAK))
        low = height < _LETTER_HEIGHT * letter
        limits = np.where(low[1:] | low[:-1], looser, threshold)
        join = (gaps < limits) & (right[1:] - left[:-1] <= _MAX_JOINED_WIDTH * letter)
    else:
        threshold = smallest_gap
        limits = np.full(len(gaps), threshold)
        join = gaps < limits
    merged = np.concatenate([[0], np.cumsum(~join)]).astype(np.intp)
    number = merged[number]
    left, right, _ = _extents(components, number)
    return Groups(number, left, right, (left[1:] - right[:-1]) / letter, threshold, usual, np.abs(gaps - limits))


def _stack(components: Components) -> NDArray[np.intp]:
    """Group components that share columns; return the group of each, from left to right."""
    number = np.empty(len(components), np.intp)
    order = np.argsort(components.left, kind="stable")
    count, left, right = -1, 0, -1
    for place in order.tolist():
        start, stop = int(components.left[place]), int(components.right[place])
        shared = min(stop, right) - max(start, left)
        if count < 0 or shared < _MIN_OVERLAP * min(stop - start, right - left):
            count, left, right = count + 1, start, stop
        left, right = min(left, start), max(right, stop)
        number[place] = count
    return number


def _attach_marks(components: Components, number: NDArray[np.intp], letter: float) -> NDArray[np.intp]:
    """Join groups that are dots and accents with the letter below them."""
    left, right, height = _extents(components, number)
    bottom = np.full(len(left), -np.inf)
    np.maximum.at(bottom, number, components.bottom)
    marks = (height <= _MARK_HEIGHT * letter) & (bottom - components.top.min() <= _MARK_BOTTOM * letter)
    bodies = np.flatnonzero(~marks)
    if not len(bodies):
        return number
    target = np.arange(len(left))
    for mark in np.flatnonzero(marks):
        apart = np.maximum(left[bodies] - right[mark], left[mark] - right[bodies])
        best = int(apart.argmin())
        if apart[best] <= _MARK_DISTANCE * letter:
            target[mark] = bodies[best]
    return _sort_groups(components, target[number])


def _sort_groups(components: Components, number: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sort groups from left to right by their centres; return the number of each component's group, from 0."""
    compact = np.unique(number, return_inverse=True)[1]
    left, right, _ = _extents(components, compact)
    place = np.argsort(np.argsort(left + right, kind="stable"), kind="stable")
    sorted_number: NDArray[np.intp] = place[compact]
    return sorted_number


def _extents(
    components: Components, number: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return left end, right end and height of each group, in pixels."""
    count = int(number.max()) + 1
    left, top = np.full(count, np.inf), np.full(count, np.inf)
    right, bottom = np.full(count, -np.inf), np.full(count, -np.inf)
    np.minimum.at(left, number, components.left)
    np.minimum.at(top, number, components.top)
    np.maximum.at(right, number, components.right)
    np.maximum.at(bottom, number, components.bottom)
    return left, right, bottom - top


def _usual_width(groups: Groups, scale: Scale) -> float:
    """Return the median width of the letters of a word in pixels, with a prior."""
    widths = (groups.right - groups.left) / scale.letter
    typical = widths[(widths >= _TYPICAL_WIDTHS[0]) & (widths <= _TYPICAL_WIDTHS[1])]
    return float(np.median(np.concatenate([typical, np.full(_PRIOR_WIDTH_COUNT, _PRIOR_WIDTH)]))) * scale.letter


def _gaps(letters: Labels, scale: Scale) -> NDArray[np.float64]:
    """Return the blank columns between neighbouring letters, in letter heights."""
    columns = [np.flatnonzero((letters == number).any(axis=0)) for number in range(1, int(letters.max()) + 1)]
    gaps = [after[0] - before[-1] - 1 for before, after in pairwise(columns)]
    return np.array(gaps, dtype=np.float64) / scale.letter


def _confidence(groups: Groups, costs: list[float]) -> float:
    """Return the confidence of the least certain decision: the gap nearest to its threshold, or the costliest cut."""
    confidences = [1.0, *(1 - 0.5 * np.exp(-groups.margin / _UNCERTAIN)).tolist()]
    confidences += [0.7 * float(np.exp(-cost / _UNCERTAIN_COST)) for cost in costs]
    return float(min(confidences))
