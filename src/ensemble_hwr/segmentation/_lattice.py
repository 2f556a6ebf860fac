"""Segmentation lattice of a word: pieces between cuts, and candidates for letters of consecutive pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._deadlines import check_time, timed
from ensemble_hwr._geometry import MAX_GAP_IN_LETTER, MAX_LETTER_WIDTH, MIN_FULL_HEIGHT
from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box
from ensemble_hwr.images import Picture, Polarity
from ensemble_hwr.images.machine_print import Print
from ensemble_hwr.segmentation._components import measure_components, read_ruled
from ensemble_hwr.segmentation._cuts import PieceMap, find_cuts, map_pieces
from ensemble_hwr.segmentation._word import Origin, UprightWord, normalize_word

MAX_PIECES = 6
"""Greatest number of pieces of a letter."""

_DOT_SIZE = 0.4  # letter heights: greatest height and width of a dot
_DOT_DISTANCE = 1.3  # letter heights: greatest distance of a dot from the stem below it
_DOT_ASIDE = 0.08  # letter heights: distance to the side of a letter from which on a dot may be an apostrophe
_MARK_SIZE = 0.6  # letter heights: greatest height and width of a mark that is a piece of its own
_STEM_TOP = 0.6  # letter heights below the top of most letters: lowest top of a letter with a dot
_ACCENT_SIZE = (0.65, 0.95)  # letter heights (of x if there is no capital): greatest height and width of an accent
_ACCENT_DISTANCE = 0.6  # letter heights: greatest distance of an accent from the letter below it
_MAX_BLOCK_WIDTH = 2.4  # letter heights: greatest width of a letter between two blank columns


@dataclass(frozen=True, eq=False)
class Candidate:
    """Candidate for a letter: some consecutive pieces of a word.

    Attributes
    ----------
    start, stop : int
        Pieces from `start` up to but not including `stop`.
    box : Box
        Bounding box in the picture.
    ink : ndarray of float32, shape (height, width)
        Ink of the candidate alone, from 0 to 1, upright and with a margin of paper.
    left, right : float
        Horizontal extent, in letter heights from the first ink of the word.
    top, bottom : float
        Vertical extent, in letter heights downwards from the top of most letters.
    bare : Candidate or None, default=None
        The candidate without the accents or dots above it; None if there are none. See `Lattice.with_dots`.
    mark : float, default=0.0
        Width or height, the greater of both, of all these accents and dots together, in letter heights.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation import cut_word
    >>> picture = np.zeros((40, 60))
    >>> picture[5:35, 5:10] = picture[5:35, 25:30] = picture[5:35, 45:50] = 1.0
    >>> second = cut_word(picture).candidates[1]
    >>> second.start, second.stop, second.box
    (1, 2, Box(left=25, top=5, right=30, bottom=35))
    """

    start: int
    stop: int
    box: Box
    ink: Ink
    left: float
    right: float
    top: float
    bottom: float
    bare: Candidate | None = None
    mark: float = 0.0

    @property
    def width(self) -> float:
        """Width in letter heights."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in letter heights."""
        return self.bottom - self.top


@dataclass(frozen=True, eq=False)
class Lattice:
    """Segmentation lattice of a word: pieces from left to right, cut at every possible boundary of letters.

    A path through the lattice is a sequence of candidates from piece 0 to `n_pieces`, each of which starts where the
    candidate before it stops. Each single piece is a candidate, so there is at least one path.

    Attributes
    ----------
    pieces : ndarray of int, shape (height, width)
        Piece of each pixel of the upright word; -1 is paper.
    n_pieces : int
        Number of pieces.
    cut_costs : ndarray of float, shape (n_pieces - 1,)
        Strokes that the cut between each piece and the next crosses; 0 if there is only paper.
    gaps : ndarray of float, shape (n_pieces - 1,)
        Blank columns between the pieces on the left and on the right of each cut, in letter heights; negative if both
        sides have ink in the same columns.
    spans : tuple of (int, int)
        Start and stop of each candidate, ascending.
    letter_height, stroke_width : float
        In pixels of the picture.
    slant : float
        Tangent of the slant that was removed.
    upright : UprightWord
        Ink of the word and its position in the picture.
    accents : ndarray of bool, shape (height, width), or None, default=None
        Pixels of accents and of dots above letters; None if they were not looked for.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation import cut_word
    >>> picture = np.zeros((40, 60))
    >>> picture[5:35, 5:10] = picture[5:35, 25:30] = picture[5:35, 45:50] = 1.0
    >>> lattice = cut_word(picture)
    >>> lattice.n_pieces, lattice.spans, lattice.cut_costs
    (3, ((0, 1), (1, 2), (2, 3)), array([0., 0.]))
    """

    pieces: PieceMap
    n_pieces: int
    cut_costs: NDArray[np.float64]
    gaps: NDArray[np.float64]
    spans: tuple[tuple[int, int], ...]
    letter_height: float
    stroke_width: float
    slant: float
    upright: UprightWord
    accents: NDArray[np.bool_] | None = None

    def __repr__(self) -> str:
        return f"Lattice({self.n_pieces} pieces, {len(self.spans)} candidates)"

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Candidates in the order of `spans`; computed at the first access."""
        return tuple(self.candidate(start, stop) for start, stop in timed(self.spans))

    @property
    def top_row(self) -> float:
        """Row that `top` and `bottom` of candidates are measured from, in pixels of the picture without skew."""
        return (self.upright.origin.top + self._origin[1]) * self.upright.origin.factor

    def candidate(self, start: int, stop: int) -> Candidate:
        """Return some consecutive pieces as a candidate.

        Parameters
        ----------
        start, stop : int
            Pieces from `start` up to but not including `stop`.

        Returns
        -------
        Candidate
        """
        left, right = self._sides
        first, last = max(int(left[start:stop].min()) - 1, 0), int(right[start:stop].max()) + 2
        pieces = self.pieces[:, first:last]
        mask = (pieces >= start) & (pieces < stop)
        found = self._candidate(start, stop, mask, first)
        if self.accents is None:
            return found
        accents = mask & self.accents[:, first:last]
        bare = mask & ~accents
        if not accents.any() or not bare.any():
            return found
        size = max(float(np.ptp(places)) + 1 for places in np.nonzero(accents))
        return replace(found, bare=self._candidate(start, stop, bare, first), mark=size / self.upright.scale.letter)

    @cached_property
    def _sides(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """First and last column of each piece."""
        y, x = np.nonzero(self.pieces >= 0)
        left, right = np.full(self.n_pieces, self.pieces.shape[1]), np.zeros(self.n_pieces, np.intp)
        np.minimum.at(left, self.pieces[y, x], x)
        np.maximum.at(right, self.pieces[y, x], x)
        return left, right

    def _candidate(self, start: int, stop: int, mask: NDArray[np.bool_], column: int) -> Candidate:
        """Return some pixels as a candidate, in columns from `column` on."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0)) + column
        letter = self.upright.scale.letter
        first, line = self._origin
        return Candidate(
            start,
            stop,
            self.upright.box(mask, column),
            self.upright.cut_out(mask, column),
            left=float(columns[0] - first) / letter,
            right=float(columns[-1] + 1 - first) / letter,
            top=(float(rows[0]) - line) / letter,
            bottom=(float(rows[-1]) + 1 - line) / letter,
        )

    def align(self, pixels: NDArray[Any], fill: float = 0) -> NDArray[Any]:
        """Return values of pixels of the picture, in the coordinates of `pieces`.

        Parameters
        ----------
        pixels : ndarray, shape (height, width)
            Value of each pixel of the picture.
        fill : float, default=0
            Value of the pixels that belong to no piece.

        Returns
        -------
        ndarray, shape of `pieces`

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.segmentation import cut_word
        >>> stroke = np.zeros((9, 9))
        >>> stroke[2:7, 4] = 1.0
        >>> lattice = cut_word(stroke)
        >>> lattice.align(np.arange(81).reshape(9, 9))[lattice.pieces == 0]
        array([22, 31, 40, 49, 58])
        """
        y, x = np.nonzero(self.pieces >= 0)
        rows, columns = self.upright.source(y, x)
        aligned = np.full(self.pieces.shape, fill, np.asarray(pixels).dtype)
        aligned[y, x] = np.asarray(pixels)[rows, columns]
        return aligned

    def with_dots(self, *, marks: bool = False) -> Lattice:
        """Return a lattice in which dots and accents belong to the piece nearest to them from below.

        A dot that is not right above its stem is otherwise a part of the neighbouring letter, or a piece of its own.
        Candidates with marks that lie above all other ink of theirs have a `bare` form without them.

        Parameters
        ----------
        marks : bool, default=False
            Whether there may be marks such as apostrophes and periods. A dot that is not above a letter, or above the
            gap between two letters, then stays a piece of its own.

        Returns
        -------
        Lattice
            The same object if there are no dots and accents.

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.segmentation import cut_word
        >>> picture = np.zeros((60, 70))
        >>> picture[25:55, 10:15] = picture[5:9, 27:31] = picture[25:55, 40:45] = 1.0
        >>> lattice = cut_word(picture, slant=0.0)
        >>> lattice.n_pieces, lattice.with_dots().n_pieces, lattice.with_dots(marks=True).n_pieces
        (3, 2, 3)
        """
        if marks:
            apart = self._with_marks_apart()
            if apart is not self:
                return apart.with_dots(marks=True)
        components, letter = self.upright.components, self.upright.scale.letter
        dots = np.maximum(components.height, components.width) <= _DOT_SIZE * letter
        high, wide = (size * letter for size in _ACCENT_SIZE)
        accents_or_letters = (components.height <= high) & (components.width <= wide)
        small = dots | (accents_or_letters & (components.bottom <= components.top.max()))
        pieces, accents = self.pieces.copy(), np.zeros(self.pieces.shape, np.bool_)
        y, x = np.nonzero((self.pieces >= 0) & ~np.isin(components.labels, np.flatnonzero(dots) + 1))
        owners = components.labels[y, x] - 1
        under = self._tops(y, x) if marks and len(y) else None
        from_below = np.argsort(-components.bottom, kind="stable")
        for mark in timed(from_below[small[from_below]].tolist() if len(y) else ()):
            middle = (components.left[mark] + components.right[mark] - 1) / 2
            down = y - components.bottom[mark] + 1
            allowed = (down > 0) & (owners != mark)
            if under is not None and dots[mark]:
                allowed &= (y == under[x]) & (under[x] >= components.bottom[mark])
            distance = np.where(allowed, np.hypot(x - middle, down), np.inf) / letter
            nearest = int(distance.argmin())
            above = components.bottom[mark] <= components.top[owners[nearest]]
            limit = _DOT_DISTANCE if dots[mark] else _ACCENT_DISTANCE * above
            if distance[nearest] <= limit:
                pixels = components.labels == mark + 1
                if under is None or not dots[mark] or abs(x[nearest] - middle) <= _DOT_ASIDE * letter:
                    pieces[pixels] = pieces[y[nearest], x[nearest]]
                accents |= pixels & (above or under is not None)
        if not accents.any() and np.array_equal(pieces, self.pieces):
            return self
        return replace(self._with_pieces(pieces), accents=accents)

    def _tops(self, y: NDArray[np.intp], x: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the row of the highest of some pixels in each column; -1 if it is not at the top of a letter."""
        tops = np.full(self.pieces.shape[1], len(self.pieces))
        np.minimum.at(tops, x, y)
        return np.where(tops <= self._origin[1] + _STEM_TOP * self.upright.scale.letter, tops, -1)

    def _with_marks_apart(self) -> Lattice:
        """Return a lattice in which small components on the left or right of all other ink of a piece are pieces."""
        components, letter = self.upright.components, self.upright.scale.letter
        small = np.maximum(components.height, components.width) <= _MARK_SIZE * letter
        y, x = np.nonzero(self.pieces >= 0)
        piece, owner = self.pieces[y, x], components.labels[y, x] - 1
        others = ~small[owner]
        left, right = np.full(self.n_pieces, self.pieces.shape[1]), np.full(self.n_pieces, -1)
        np.minimum.at(left, piece[others], x[others])
        np.maximum.at(right, piece[others], x[others])
        places = 3 * piece + 1
        for mark in np.flatnonzero(small).tolist():
            pixels = np.flatnonzero(owner == mark)
            of_mark = int(piece[pixels[0]])
            if right[of_mark] < 0 or (piece[pixels] != of_mark).any():
                continue
            if components.left[mark] > right[of_mark]:
                places[pixels] += 1
            elif components.right[mark] <= left[of_mark]:
                places[pixels] -= 1
        used, numbers = np.unique(places, return_inverse=True)
        if len(used) == self.n_pieces:
            return self
        pieces = np.full(self.pieces.shape, -1, np.intp)
        pieces[y, x] = numbers
        ends = pairwise((used // 3).tolist())
        costs = [self.cut_costs[first:last].min() if first < last else 0.0 for first, last in ends]
        return replace(self, pieces=pieces, n_pieces=len(used), cut_costs=np.array(costs))._with_pieces(pieces)

    def _with_pieces(self, pieces: PieceMap) -> Lattice:
        """Return a lattice with other pieces, which are some of the numbers of these."""
        used = np.unique(pieces[pieces >= 0])
        costs = np.array([self.cut_costs[first:last].min() for first, last in pairwise(used.tolist())])
        pieces = np.where(pieces >= 0, np.searchsorted(used, pieces), -1)
        boxes = measure_components((pieces + 1).astype(np.int32))
        left, right = boxes.left / self.upright.scale.letter, boxes.right / self.upright.scale.letter
        gaps, spans = boundary_gaps(left, right), tuple(join_pieces(left, right))
        return replace(self, pieces=pieces, n_pieces=len(used), cut_costs=costs, gaps=gaps, spans=spans)

    @cached_property
    def _origin(self) -> tuple[int, float]:
        """First column with ink, and row of the top of most letters."""
        components = self.upright.components
        tall = components.height >= MIN_FULL_HEIGHT * self.upright.scale.letter
        return int(components.left.min()), float(np.median(components.top[tall] if tall.any() else components.top))


def cut_word(
    picture: Picture,
    *,
    polarity: Polarity = "auto",
    slant: float | None = None,
    print: Print = "keep",
    max_pixels: int = 50_000_000,
) -> Lattice:
    """Oversegment a word: cut it at every possible boundary of letters, into a lattice of candidates.

    Cuts are at blank columns, narrow places and strokes that lie side by side, along seams that cross the least ink.
    There are more cuts than boundaries of letters: a reader chooses among the candidates.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A picture of one word.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    slant : float, default=None
        Slant of the letters to the right: the tangent of the angle. None estimates it.
    print : {"keep", "ignore"}, default="keep"
        Whether machine print next to the handwriting, such as the labels of a form, is kept as if it were handwriting.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error.

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
    ruled = read_ruled(picture, polarity=polarity, print=print, max_pixels=max_pixels)
    return build_lattice(normalize_word(ruled.ink, slant=slant, origin=Origin(factor=ruled.factor)))


def build_lattice(word: UprightWord) -> Lattice:
    """Build the lattice of a normalized word."""
    labels, scale = word.components.labels, word.scale
    check_time()
    cuts = find_cuts(np.where(labels > 0, word.ink, np.float32(0)), scale)
    pieces, costs = map_pieces(labels, cuts, scale)
    boxes = measure_components((pieces + 1).astype(np.int32))
    left, right = boxes.left / scale.letter, boxes.right / scale.letter
    return Lattice(
        pieces,
        len(boxes),
        costs,
        boundary_gaps(left, right),
        tuple(join_pieces(left, right)),
        scale.letter * word.origin.factor,
        scale.stroke * word.origin.factor,
        word.slant,
        word,
    )


def boundary_gaps(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the blank columns between the pieces on both sides of each boundary; negative if they overlap."""
    gaps: NDArray[np.float64] = np.minimum.accumulate(left[::-1])[::-1][1:] - np.maximum.accumulate(right)[:-1]
    return gaps


def join_pieces(left: NDArray[np.float64], right: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the runs of pieces that could be a letter, by their number, width, distance and surrounding paper.

    Parameters
    ----------
    left, right : ndarray of float, shape (n_pieces,)
        Extents of the pieces in letter heights.

    Returns
    -------
    list of (int, int)
        Start and stop of each run, ascending.
    """
    spans = set(_blocks(left, right))
    for start in range(len(left)):
        low, high = left[start], right[start]
        spans.add((start, start + 1))
        for stop in range(start + 2, min(start + MAX_PIECES, len(left)) + 1):
            if left[stop - 1] - high > MAX_GAP_IN_LETTER:
                break
            low, high = min(low, left[stop - 1]), max(high, right[stop - 1])
            if high - low > MAX_LETTER_WIDTH:
                break
            spans.add((start, stop))
    return sorted(spans)


def _blocks(left: NDArray[np.float64], right: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield the runs between blank columns that could be a wide letter: an M, a W, a T with a long bar."""
    blank = np.flatnonzero(boundary_gaps(left, right) > 0) + 1
    for start, stop in pairwise([0, *blank.tolist(), len(left)]):
        if stop - start <= MAX_PIECES and right[start:stop].max() - left[start:stop].min() <= _MAX_BLOCK_WIDTH:
            yield start, stop
