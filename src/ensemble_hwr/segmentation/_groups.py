"""Which connected parts are one letter, by the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.segmentation._parts import Parts, Scale

_SHARED = 0.45  # parts that share so much of the narrower one's columns are one letter
_LOW = 0.45  # letter heights: a part no taller may be a dot or an accent
_BEFORE = 0.5  # letter heights from the word's top: such a part ends above, if it belongs to what is under it
_REACH = 0.3  # letter heights to the side that it is looked for
_USUAL = 0.2  # letter heights: the gap between letters where a word says nothing of its own
_WEIGHT = 2  # gaps that this expectation counts for
_BREAK = 0.3  # share of the word's usual gap: less is a break in a letter
_PART_BREAK = 0.6  # the same where one side does not look like a whole letter
_LARGEST_BREAK = 0.12  # letter heights
_WHOLE = 0.65  # letter heights: what is less tall is hardly a letter
_WIDEST = 1.25  # letter heights: what is joined is no wider


@dataclass(frozen=True, eq=False)
class Groups:
    """Parts by letters.

    Attributes
    ----------
    number : ndarray of int, shape (n_parts,)
        Letter of each part, from 0, from left to right.
    left, right : ndarray of float, shape (n_letters,)
        Extents in columns.
    gaps : ndarray of float, shape (n_letters - 1,)
        Blank columns between neighbours in letter heights; negative where they overlap.
    threshold : float
        Gaps below it, in letter heights, do not close a letter.
    usual_gap : float
        The word's median gap, with an expectation of what it may be.
    margin : ndarray of float
        How far, in letter heights, each gap that was judged is from the size at which the judgement changes.
    """

    number: NDArray[np.intp]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    gaps: NDArray[np.float64]
    threshold: float
    usual_gap: float
    margin: NDArray[np.float64]


def group_parts(parts: Parts, scale: Scale, smallest_gap: float | None = None) -> Groups:
    """Put parts together that are one letter.

    Parts above each other are. What remains, from left to right, is closed by gaps: by those of a given size, or,
    where none is given, by all but those far smaller than this word's usual gap. A gap beside something too low to be
    a letter must be larger to close one.

    Parameters
    ----------
    parts : Parts
        Upright.
    scale : Scale
    smallest_gap : float, default=None
        The smallest gap that closes a letter, in letter heights; None takes the word's own.

    Returns
    -------
    Groups
    """
    letter = scale.letter
    number = _attach_marks(parts, _stack(parts), letter)
    left, right, height = _extents(parts, number)
    gaps = (left[1:] - right[:-1]) / letter
    usual = float(np.median(np.concatenate([gaps, np.full(_WEIGHT, _USUAL)])))
    if smallest_gap is None:
        threshold = float(np.clip(_BREAK * usual, 0.0, _LARGEST_BREAK))
        looser = float(np.clip(_PART_BREAK * usual, 0.0, _LARGEST_BREAK))
        low = height < _WHOLE * letter
        limits = np.where(low[1:] | low[:-1], looser, threshold)
        join = (gaps < limits) & (right[1:] - left[:-1] <= _WIDEST * letter)
    else:
        threshold = smallest_gap
        limits = np.full(len(gaps), threshold)
        join = gaps < limits
    merged = np.concatenate([[0], np.cumsum(~join)]).astype(np.intp)
    number = merged[number]
    left, right, _ = _extents(parts, number)
    return Groups(number, left, right, (left[1:] - right[:-1]) / letter, threshold, usual, np.abs(gaps - limits))


def _stack(parts: Parts) -> NDArray[np.intp]:
    """Letter of each part when those that share columns are put together, from left to right."""
    number = np.empty(len(parts), np.intp)
    order = np.argsort(parts.left, kind="stable")
    count, left, right = -1, 0, -1
    for part in order.tolist():
        start, stop = int(parts.left[part]), int(parts.right[part])
        shared = min(stop, right) - max(start, left)
        if count < 0 or shared < _SHARED * min(stop - start, right - left):
            count, left, right = count + 1, start, stop
        left, right = min(left, start), max(right, stop)
        number[part] = count
    return number


def _attach_marks(parts: Parts, number: NDArray[np.intp], letter: float) -> NDArray[np.intp]:
    """Give groups that are mere dots and accents to the letter below them."""
    left, right, height = _extents(parts, number)
    bottom = np.full(len(left), -np.inf)
    np.maximum.at(bottom, number, parts.bottom)
    marks = (height <= _LOW * letter) & (bottom - parts.top.min() <= _BEFORE * letter)
    bodies = np.flatnonzero(~marks)
    if not len(bodies):
        return number
    target = np.arange(len(left))
    for mark in np.flatnonzero(marks):
        apart = np.maximum(left[bodies] - right[mark], left[mark] - right[bodies])
        best = int(apart.argmin())
        if apart[best] <= _REACH * letter:
            target[mark] = bodies[best]
    return _renumber(parts, target[number])


def _renumber(parts: Parts, number: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give groups new numbers, from left to right by their middles."""
    left, right, _ = _extents(parts, np.unique(number, return_inverse=True)[1])
    place = np.argsort(np.argsort(left + right, kind="stable"), kind="stable")
    anew: NDArray[np.intp] = place[np.unique(number, return_inverse=True)[1]]
    return anew


def _extents(
    parts: Parts, number: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Left and right end and height of each group."""
    count = int(number.max()) + 1
    left, top = np.full(count, np.inf), np.full(count, np.inf)
    right, bottom = np.full(count, -np.inf), np.full(count, -np.inf)
    np.minimum.at(left, number, parts.left)
    np.minimum.at(top, number, parts.top)
    np.maximum.at(right, number, parts.right)
    np.maximum.at(bottom, number, parts.bottom)
    return left, right, bottom - top
