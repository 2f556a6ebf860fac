"""Segmentation of a word into letters: components are grouped by the gaps between them, wide groups are split."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.segmentation._components import Components, Labels, Scale
from ensemble_hwr.segmentation._cuts import find_cuts, map_pieces
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

# groups that are too wide for one letter
_WIDTH_DEVIATION = 0.35  # standard deviation of the width of letters, relative to their mean
_STROKE_COST = 0.35  # cost of a cut per stroke, in units of half the squared standardized deviation of a width
_MIN_WIDE = 1.45  # mean widths: least width of a group that is split
_WIDE_PER_GAP = 2.0  # mean widths added per letter height by which the usual gap exceeds the close gap
_CLOSE_GAP = 0.05  # letter heights
_CURSIVE_CUTS = 0.3  # cuts per letter from which on writing is cursive
_PRIOR_UNCUT = 6  # letters without cuts that the prior counts for: a short word with touching letters is not cursive
_CURSIVE_STROKES = 1.25  # mean number of strokes that cross the core rows of a cursive letter
_CORE = 0.5  # of the ink of the fullest rows: rows with more ink are the core of the letters


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


def split_wide(
    ink: Ink, letters: Labels, *, width: float, usual_gap: float, scale: Scale
) -> tuple[Labels, dict[int, float]]:
    """Split groups that are too wide for one letter.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        Upright.
    letters : ndarray of int32, shape (height, width)
        Letter of each pixel, from 1 and from left to right; 0 is paper.
    width : float
        Mean width of a letter in pixels.
    usual_gap : float
        Gap between letters in letter heights. If it is large, few letters touch, and a wide group is more likely one
        wide letter.
    scale : Scale

    Returns
    -------
    letters : ndarray of int32
        With more letters, numbered from left to right.
    costs : dict of int to float
        Strokes that the cut crosses, for each letter that was cut from the letter before.
    """
    widest = (_MIN_WIDE + _WIDE_PER_GAP * max(0.0, usual_gap - _CLOSE_GAP)) * width
    masks = [letters == number for number in range(1, int(letters.max()) + 1)]
    wide = {place: mask for place, mask in enumerate(masks) if _extent(mask) >= widest}
    groups = {place: _WideGroup.take(ink, mask, width, scale) for place, mask in wide.items()}
    counts = {place: group.best_count for place, group in groups.items()}
    cuts = sum(counts.values()) - len(counts)
    if cuts >= _CURSIVE_CUTS * (len(masks) + cuts + _PRIOR_UNCUT):
        core = _core_rows(letters > 0)
        counts = {place: round(_count_strokes(masks[place], core) / _CURSIVE_STROKES) for place in groups}
    split = np.zeros_like(letters)
    costs: dict[int, float] = {}
    for place, mask in enumerate(masks):
        count = int(split.max())
        if place not in groups:
            split[mask] = count + 1
            continue
        pieces, boundary_costs = groups[place].divide(counts[place])
        split[mask] = count + 1 + pieces[mask]
        costs.update({count + 2 + cut: cost for cut, cost in enumerate(boundary_costs)})
    return split, costs


def _extent(mask: NDArray[np.bool_]) -> int:
    """Return the number of columns from the first to the last pixel."""
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] + 1 - columns[0])


def _core_rows(ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows of the core of the letters, without ascenders and descenders."""
    count = np.count_nonzero(ink, axis=1)
    return np.flatnonzero(count >= _CORE * np.quantile(count, 5 / 6))


def _count_strokes(mask: NDArray[np.bool_], rows: NDArray[np.intp]) -> float:
    """Return the mean number of strokes that a row crosses."""
    return np.count_nonzero(np.diff(mask[rows].astype(np.int8), axis=1, prepend=0) == 1) / len(rows)


@dataclass(frozen=True, eq=False)
class _WideGroup:
    """A wide group, and the cost of its best split into any number of letters.

    Attributes
    ----------
    pieces : ndarray of int, shape (height, width)
        Piece of each pixel, from 0; -1 elsewhere.
    cut_costs : ndarray of float, shape (n_pieces - 1,)
        Strokes that the cuts between pieces cross.
    cost : ndarray of float, shape (n_pieces + 1, n_pieces + 1)
        Least cost of widths and cuts, by the number of letters and of pieces.
    source : ndarray of int, shape (n_pieces + 1, n_pieces + 1)
        First piece of the last of these letters.
    """

    pieces: NDArray[np.intp]
    cut_costs: NDArray[np.float64]
    cost: NDArray[np.float64]
    source: NDArray[np.intp]

    @classmethod
    def take(cls, ink: Ink, mask: NDArray[np.bool_], width: float, scale: Scale) -> Self:
        """Find the cuts of a group, and the costs of its splits."""
        columns = np.flatnonzero(mask.any(axis=0))
        window = (slice(None), slice(int(columns[0]), int(columns[-1]) + 1))
        alone = np.where(mask[window], ink[window], np.float32(0))
        cut, costs = map_pieces(mask[window].astype(np.int32), find_cuts(alone, scale), scale)
        pieces = np.full(mask.shape, -1)
        pieces[window] = cut
        return cls(pieces, costs, *_division_costs(cut, costs, width))

    @property
    def best_count(self) -> int:
        """Number of letters of least cost."""
        return int(self.cost[:, -1].argmin())

    def divide(self, count: int) -> tuple[NDArray[np.intp], list[float]]:
        """Return the letter of each pixel, from 0, and the costs of the cuts; at most as many letters as pieces."""
        stops = [len(self.cut_costs) + 1]
        for letters in range(min(max(count, 1), len(self.cut_costs) + 1), 1, -1):
            stops.insert(0, int(self.source[letters, stops[0]]))
        letter_of = np.searchsorted(stops, np.arange(len(self.cut_costs) + 1), side="right")
        costs = [float(self.cut_costs[at - 1]) for at in stops[:-1]]
        return np.where(self.pieces >= 0, letter_of[self.pieces], -1), costs


def _division_costs(
    pieces: NDArray[np.intp], cut_costs: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the least cost by number of letters (rows) and pieces (columns), and the start of the last letter."""
    n = len(cut_costs) + 1
    columns = [np.flatnonzero((pieces == piece).any(axis=0)) for piece in range(n)]
    left, right = (np.array([column[end] for column in columns]) for end in (0, -1))
    cost, source = np.full((n + 1, n + 1), np.inf), np.zeros((n + 1, n + 1), np.intp)
    cost[0, 0] = 0.0
    for start in range(n):
        low, high = left[start], right[start]
        entry = cost[:-1, start] + (_STROKE_COST * cut_costs[start - 1] if start else 0.0)
        for stop in range(start + 1, n + 1):
            low, high = min(low, left[stop - 1]), max(high, right[stop - 1])
            total = entry + (((high + 1 - low) / width - 1) / _WIDTH_DEVIATION) ** 2 / 2
            better = total < cost[1:, stop]
            cost[1:, stop] = np.where(better, total, cost[1:, stop])
            source[1:, stop] = np.where(better, start, source[1:, stop])
    return cost, source
