"""A word as a lattice: what letters its pieces could be, alone and joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.images import Picture, Polarity
from ensemble_hwr.segmentation._cuts import find_cuts
from ensemble_hwr.segmentation._ink import read_ink
from ensemble_hwr.segmentation._parts import measure_parts
from ensemble_hwr.segmentation._pieces import PieceMap, map_pieces
from ensemble_hwr.segmentation._writing import Origin, Writing, take_writing

MOST_PIECES = 6
"""A letter is made of so many pieces at most."""

_WIDEST = 1.7  # letter heights: pieces that are joined are no wider ...
_WIDEST_BLOCK = 2.4  # ... unless they are all that stands between two blank columns
_WIDEST_GAP = 0.3  # letter heights of paper between two pieces that are joined
_TALL = 0.6  # letter heights: parts so tall say where the line is


@dataclass(frozen=True, eq=False)
class Candidate:
    """What could be one letter: some pieces in a row.

    Attributes
    ----------
    start, stop : int
        Its pieces: from `start` up to, not including, `stop`.
    box : Box
        Where it is in the picture.
    ink : ndarray of float32
        It alone, upright, with a little paper around.
    left, right : float
        Its extent along the word, in letter heights from the word's first ink.
    top, bottom : float
        Its extent across the word, in letter heights downwards from the top of most letters.
    """

    start: int
    stop: int
    box: Box
    ink: Ink
    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        """Its width in letter heights."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Its height in letter heights."""
        return self.bottom - self.top


@dataclass(frozen=True, eq=False)
class Lattice:
    """A word in pieces from left to right, cut wherever letters might meet.

    A path through the lattice is a sequence of candidates, each of which starts where the one before it stops; it
    leads from piece 0 to `n_pieces`. Every piece alone is a candidate, so there is always one.

    Attributes
    ----------
    pieces : ndarray of int, shape (height, width)
        Piece of every pixel of the upright word; -1 on paper.
    n_pieces : int
    prices : ndarray of float, shape (n_pieces - 1,)
        What the cut between each piece and the next crosses, in strokes; 0 where there is only paper.
    gaps : ndarray of float, shape (n_pieces - 1,)
        Blank columns between all that is left of that cut and all that is right of it, in letter heights; negative
        where both have ink in the same columns.
    spans : tuple of (int, int)
        Start and stop of each candidate, rising.
    letter_height, stroke_width : float
        In the picture's pixels.
    slant : float
        Tangent of the lean that was taken away.
    """

    pieces: PieceMap
    n_pieces: int
    prices: NDArray[np.float64]
    gaps: NDArray[np.float64]
    spans: tuple[tuple[int, int], ...]
    letter_height: float
    stroke_width: float
    slant: float
    writing: Writing

    def __repr__(self) -> str:
        return f"Lattice({self.n_pieces} pieces, {len(self.spans)} candidates)"

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """All candidates, in the order of `spans`; cut out when first asked for."""
        return tuple(self.candidate(start, stop) for start, stop in self.spans)

    def candidate(self, start: int, stop: int) -> Candidate:
        """Cut out some pieces as if they were one letter.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        Candidate
        """
        mask = (self.pieces >= start) & (self.pieces < stop)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        letter = self.writing.scale.letter
        first, line = self._origin
        return Candidate(
            start,
            stop,
            self.writing.box(mask),
            self.writing.cut_out(mask),
            left=float(columns[0] - first) / letter,
            right=float(columns[-1] + 1 - first) / letter,
            top=(float(rows[0]) - line) / letter,
            bottom=(float(rows[-1]) + 1 - line) / letter,
        )

    @cached_property
    def _origin(self) -> tuple[int, float]:
        """First column with ink, and the row where most letters begin."""
        parts = self.writing.parts
        tall = parts.height >= _TALL * self.writing.scale.letter
        return int(parts.left.min()), float(np.median(parts.top[tall] if tall.any() else parts.top))


def cut_word(
    picture: Picture,
    *,
    polarity: Polarity = "auto",
    slant: float | None = None,
    max_pixels: int = 50_000_000,
) -> Lattice:
    """Cut a word wherever letters might meet.

    Blank columns, narrow places and strokes that lie side by side are cut, each along the curve that crosses the
    least ink. That is more often than letters meet: a reader is to choose among the candidates.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A picture of one word.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    slant : float, default=None
        How far the letters lean to the right, the tangent of the angle; None finds it.
    max_pixels : int, default=50_000_000
        Larger pictures are refused.

    Returns
    -------
    Lattice

    Raises
    ------
    PictureError
        If the picture cannot be opened, or holds no ink.

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.segmentation import cut_word
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> word = compose_words(letters, ["HELLO"], gap=0.0, random_state=0)[0]
    >>> lattice = cut_word(word.picture)
    >>> lattice.n_pieces >= 5
    True
    >>> lattice.candidates[0].start, lattice.candidates[0].stop
    (0, 1)
    """
    ink, factor = read_ink(picture, polarity=polarity, max_pixels=max_pixels)
    return lattice_of(take_writing(ink, slant=slant, origin=Origin(factor=factor)))


def lattice_of(writing: Writing) -> Lattice:
    """Build the lattice of a word that has been cleaned and set upright."""
    labels, scale = writing.parts.labels, writing.scale
    cuts = find_cuts(np.where(labels > 0, writing.ink, np.float32(0)), scale)
    pieces, prices = map_pieces(labels, cuts, scale)
    boxes = measure_parts((pieces + 1).astype(np.int32))
    left, right = boxes.left / scale.letter, boxes.right / scale.letter
    return Lattice(
        pieces,
        len(boxes),
        prices,
        boundary_gaps(left, right),
        tuple(join_pieces(left, right)),
        scale.letter * writing.origin.factor,
        scale.stroke * writing.origin.factor,
        writing.slant,
        writing,
    )


def boundary_gaps(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blank columns between everything before each boundary and everything behind it; negative where they overlap."""
    gaps: NDArray[np.float64] = np.minimum.accumulate(left[::-1])[::-1][1:] - np.maximum.accumulate(right)[:-1]
    return gaps


def join_pieces(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Say which runs of pieces could be a letter, by their number, width, distance and the paper beside them.

    Parameters
    ----------
    left, right : ndarray of float, shape (n_pieces,)
        Extents of the pieces in letter heights, in their order.

    Returns
    -------
    list of (int, int)
        Start and stop of each run, rising.
    """
    spans = set(_blocks(left, right))
    for start in range(len(left)):
        low, high = left[start], right[start]
        spans.add((start, start + 1))
        for stop in range(start + 2, min(start + MOST_PIECES, len(left)) + 1):
            if left[stop - 1] - high > _WIDEST_GAP:
                break
            low, high = min(low, left[stop - 1]), max(high, right[stop - 1])
            if high - low > _WIDEST:
                break
            spans.add((start, stop))
    return sorted(spans)


def _blocks(left: NDArray[np.float64], right: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """List what stands between blank columns, where it could be a wide letter: an M, a W, a T with a long bar."""
    blank = np.flatnonzero(boundary_gaps(left, right) > 0) + 1
    for start, stop in pairwise([0, *blank.tolist(), len(left)]):
        if stop - start <= MOST_PIECES and right[start:stop].max() - left[start:stop].min() <= _WIDEST_BLOCK:
            yield start, stop
