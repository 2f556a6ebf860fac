"""Segmentation of a page into lines and words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._deadlines import check_time, timed
from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box, union
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import Picture, Polarity
from ensemble_hwr.images.machine_print import Print
from ensemble_hwr.images.sources import describe
from ensemble_hwr.segmentation._cells import (
    Filling,
    cell_pieces,
    fill_cells,
    lattice_of_cells,
    segmentation_of_cells,
)
from ensemble_hwr.segmentation._components import (
    Components,
    Labels,
    Scale,
    measure_components,
    measure_scale,
    read_ruled,
    renumber,
)
from ensemble_hwr.segmentation._cuts import PieceMap, local_minima
from ensemble_hwr.segmentation._lattice import Lattice, build_lattice
from ensemble_hwr.segmentation._segment import Groups, Segmentation, group_components, segment_word
from ensemble_hwr.segmentation._word import (
    Origin,
    UprightWord,
    clean_labels,
    find_skew,
    isolate,
    normalize_word,
    row_shifts,
    shift_rows,
)

_PADDING = 2  # pixels of paper around a line that is cut out
_WORD_SCALE = (0.7, 1.5)  # range of the letter height of a word, relative to that of its line

# hyphens
_HYPHEN_HEIGHT = 0.35  # letter heights: greatest height
_HYPHEN_WIDTH = (0.2, 1.3)  # letter heights: range of widths
_HYPHEN_ASPECT = 1.3  # least ratio of width to height
_HYPHEN_POSITION = (0.2, 0.85)  # range of the vertical position of the centre, relative to the height of the line

# lines
_BLUR = 0.25  # letter heights: standard deviation of the Gaussian that smooths the profile
_LINE_PROMINENCE = 0.8  # natural logarithm: between two lines, the profile falls below exp(-0.8), or 45 %
_PROFILE_FLOOR = 0.004  # relative to the maximum of the profile: smaller values are noise
_MIN_LINE_DISTANCE = 0.9  # letter heights between the centres of two lines
_MIN_SHARE = 0.2  # of the ink of a component: less ink in a second line is the end of a long stroke

# gaps within words and between words, in letter heights: a prior for a line of one word or of one-letter words
_PRIOR_MEANS = np.array([0.2, 1.2])
_PRIOR_DEVIATIONS = np.array([0.2, 0.3])
_PRIOR_WEIGHTS = np.array([3.0, 3.0])  # gaps that the prior of mean and deviation counts for
_PRIOR_COUNTS = np.array([4.0, 1.0])  # gaps that the prior of the mixing proportions counts for
_N_ITERATIONS = 50
_GAP_RANGE = (-0.2, 3.0)  # gaps are limited to this range


@dataclass(frozen=True, eq=False)
class WordCut:
    """A word of a page.

    Attributes
    ----------
    box : Box
        Bounding box in the picture.
    upright : UprightWord
        Ink of the word, with its slant removed.
    pieces : ndarray of int, shape (height, width), default=None
        Letter of each pixel, from 0; -1 is paper. Given if the word is written in cells of one letter each.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation import cut_page
    >>> picture = np.zeros((40, 200))
    >>> for left in (5, 25, 45, 140, 160):
    ...     picture[5:35, left : left + 5] = 1.0
    >>> word = cut_page(picture).lines[0].words[1]
    >>> word.box
    Box(left=140, top=5, right=165, bottom=35)
    >>> word.lattice(), word.segment()
    (Lattice(2 pieces, 2 candidates), Segmentation(2 letters, confidence 1.00))
    """

    box: Box
    upright: UprightWord
    pieces: PieceMap | None = None

    def lattice(self) -> Lattice:
        """Oversegment the word into a lattice of candidates, like `cut_word`.

        Returns
        -------
        Lattice
            Boxes are in pixels of the page.
        """
        return build_lattice(self.upright) if self.pieces is None else lattice_of_cells(self.upright, self.pieces)

    def segment(self, *, smallest_gap: float | None = None, cut_touching: bool = True) -> Segmentation:
        """Segment the word into letters, like `WordSegmenter`.

        Parameters
        ----------
        smallest_gap : float, default=None
            Least gap between letters, in letter heights; None estimates it from the word.
        cut_touching : bool, default=True
            Whether groups that are too wide for one letter are cut.

        Returns
        -------
        Segmentation
            Boxes are in pixels of the page.
        """
        if self.pieces is not None:
            return segmentation_of_cells(self.upright, self.pieces)
        return segment_word(self.upright, smallest_gap=smallest_gap, cut_touching=cut_touching)


@dataclass(frozen=True, eq=False)
class LineCut:
    """A line of a page.

    Attributes
    ----------
    box : Box
        Bounding box in the picture.
    words : tuple of WordCut
        From left to right.
    threshold : float
        Least gap between words, in letter heights.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation import cut_page
    >>> picture = np.zeros((40, 200))
    >>> for left in (5, 25, 45, 140, 160):
    ...     picture[5:35, left : left + 5] = 1.0
    >>> (line,) = cut_page(picture).lines
    >>> len(line.words), line.box
    (2, Box(left=5, top=5, right=165, bottom=35))
    """

    box: Box
    words: tuple[WordCut, ...]
    threshold: float


@dataclass(frozen=True, eq=False)
class PageCut:
    """Lines and words of a page.

    Attributes
    ----------
    lines : tuple of LineCut
        From top to bottom.
    width, height : int
        Size of the picture in pixels.
    skew : float
        Slope of the lines: rows upwards per column to the right.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation import cut_page
    >>> picture = np.zeros((40, 200))
    >>> for left in (5, 25, 45, 140, 160):
    ...     picture[5:35, left : left + 5] = 1.0
    >>> page = cut_page(picture)
    >>> page, page.width, page.height
    (PageCut(1 lines, 2 words), 200, 40)
    """

    lines: tuple[LineCut, ...]
    width: int
    height: int
    skew: float

    def __repr__(self) -> str:
        return f"PageCut({len(self.lines)} lines, {sum(len(line.words) for line in self.lines)} words)"


def cut_page(
    picture: Picture,
    *,
    word_gap: float | None = None,
    polarity: Polarity = "auto",
    print: Print = "keep",
    max_pixels: int = 50_000_000,
) -> PageCut:
    r"""Segment a page, or a single line, into lines and words.

    The skew of the page is removed first. In each line, a mixture of two normal distributions separates the gaps
    between words from those between letters; a line may be a single word. A hyphen belongs to the words on both sides.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A picture of one or more lines of handwriting.
    word_gap : float, default=None
        Least gap between words, in letter heights; None estimates it per line.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    print : {"keep", "ignore"}, default="keep"
        Whether machine print next to the handwriting, such as the labels of a form, is kept as if it were handwriting.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error.

    Returns
    -------
    PageCut

    Raises
    ------
    PictureError
        If the picture cannot be opened, or holds no ink.

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.segmentation import cut_page
    >>> letters = generate_letters(520, writers=5, random_state=0)
    >>> page = compose_words(letters, ["TWO WORDS\nAND FOUR MORE HERE"], random_state=0)[0]
    >>> cut = cut_page(page.picture)
    >>> [len(line.words) for line in cut.lines]
    [2, 4]
    """
    ruled = read_ruled(picture, polarity=polarity, print=print, max_pixels=max_pixels)
    ink = ruled.ink
    try:
        labels = clean_labels(ink)
    except PictureError as error:
        raise PictureError(f"{describe(picture)}: {error}") from None
    check_time()
    scale = measure_scale(measure_components(labels))
    filling = fill_cells(labels, ruled.cells)
    check_time()
    skew = find_skew(labels > 0, scale.letter)
    drops = row_shifts(ink.shape[1], skew)
    page = _Level(shift_rows(ink.T, drops).T, scale, drops, Origin(factor=ruled.factor, drops=drops), word_gap)
    cut = page.cut_lines(page.level(labels if filling is None else renumber(filling.outside)))
    if filling is not None:
        cut = _in_order(cut, page.cut_cells(filling, page.level(labels)))
    height, width = ink.shape
    return PageCut(tuple(cut), width * ruled.factor, height * ruled.factor, skew)


@dataclass(frozen=True, eq=False)
class _Level:
    """Ink of a page without skew, and how it is segmented."""

    ink: Ink
    scale: Scale
    drops: NDArray[np.intp]
    origin: Origin
    word_gap: float | None

    def level(self, labels: Labels) -> Labels:
        """Return labels of the page without skew."""
        return shift_rows(labels.T, self.drops).T

    def cut_lines(self, labels: Labels) -> list[LineCut]:
        """Segment components that may be of several lines."""
        lines = line_map(labels, self.scale) if labels.any() else labels
        return [self.cut_line(lines == number) for number in timed(range(1, int(lines.max()) + 1))]

    def cut_line(self, mask: NDArray[np.bool_]) -> LineCut:
        """Segment one line, given by its pixels, into words."""
        return _cut_line(self.ink, mask, self.origin, self.word_gap)

    def cut_cells(self, filling: Filling, labels: Labels) -> list[LineCut]:
        """Segment writing in cells row by row: into single letters, or cell by cell into lines and words."""
        owner = self.level(filling.owner)
        lines = []
        for row in range(int(filling.rows.max()) + 1):
            cells = filling.filled(row)
            if not cells:
                continue
            if filling.letters:
                lines.append(self._cut_letters(np.isin(owner, cells), cells, filling))
                continue
            parts = [self.cut_lines(renumber(np.where(owner == cell, labels, 0))) for cell in cells]
            if max(map(len, parts)) > 1:
                lines += [line for part in parts for line in part]
                continue
            words = tuple(word for part in parts for word in part[0].words)
            lines.append(LineCut(union(word.box for word in words), words, parts[0][0].threshold))
        return lines

    def _cut_letters(self, mask: NDArray[np.bool_], cells: list[int], filling: Filling) -> LineCut:
        """Cut a row of cells with one letter each into words: runs of neighbouring cells."""
        line = _normalize_line(self.ink, mask, self.origin)
        y, x = np.nonzero(line.components.labels)
        owners = np.zeros_like(line.components.labels)
        owners[y, x] = filling.owner[tuple(place // self.origin.factor for place in line.source(y, x))]
        words = []
        for run in filling.words(cells):
            inside = np.isin(owners, run)
            if inside.any():
                word = _cut_word(line, inside)
                words.append(replace(word, pieces=cell_pieces(word.upright, filling)))
        return LineCut(union(word.box for word in words), tuple(words), 0.0)


def _in_order(lines: list[LineCut], rows: list[LineCut]) -> list[LineCut]:
    """Insert lines between the rows of cells by their vertical position; the rows keep their order."""
    places = np.maximum.accumulate([row.box.top + row.box.bottom for row in rows] or [0])
    before = np.searchsorted(places[: len(rows)], [line.box.top + line.box.bottom for line in lines])
    keyed = [(int(place), 0, line) for place, line in zip(before, lines, strict=True)]
    keyed += [(place, 1, row) for place, row in enumerate(rows)]
    return [line for _, _, line in sorted(keyed, key=lambda entry: entry[:2])]


def _cut_line(ink: Ink, mask: NDArray[np.bool_], origin: Origin, word_gap: float | None) -> LineCut:
    """Segment one line, given by its pixels, into words."""
    line = _normalize_line(ink, mask, origin)
    groups = group_components(line.components, line.scale, 0.0)
    threshold = space_threshold(groups.gaps) if word_gap is None else word_gap
    hyphen = _is_hyphen(line.components, groups, line.scale)
    opens = (groups.gaps >= threshold) & ~(hyphen[1:] | hyphen[:-1])
    word_of = np.concatenate([[0], np.cumsum(opens)])
    words = np.concatenate([[0], word_of[groups.number] + 1]).astype(np.int32)[line.components.labels]
    cut = tuple(_cut_word(line, words == number) for number in range(1, int(words.max()) + 1))
    return LineCut(union(word.box for word in cut), cut, threshold)


def _normalize_line(ink: Ink, mask: NDArray[np.bool_], origin: Origin) -> UprightWord:
    """Cut a line, given by its pixels, out of a page, and remove its slant."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return normalize_word(
        np.pad(isolate(ink[window], mask[window]), _PADDING),
        origin=origin.moved(int(columns[0]) - _PADDING, int(rows[0]) - _PADDING),
    )


def _cut_word(line: UprightWord, mask: NDArray[np.bool_]) -> WordCut:
    """Cut a word, given by its pixels, out of its line; it has the slant of the line."""
    rows = np.flatnonzero(mask.any(axis=1))
    window = slice(int(rows[0]), int(rows[-1]) + 1)
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = max(0, int(columns[0]) - 1), int(columns[-1]) + 2
    mine = mask[window, first:last]
    components = measure_components(renumber(np.where(mine, line.components.labels[window, first:last], 0)))
    word = UprightWord(
        ink=line.ink[window, first:last],
        components=components,
        scale=Scale(_letter_height(components, line.scale), line.scale.stroke),
        slant=line.slant,
        shifts=line.shifts[window] - first,
        origin=line.origin.moved(0, window.start),
    )
    return WordCut(word.box(mine), word)


def _letter_height(components: Components, line: Scale) -> float:
    """Return the letter height of a word, limited to a range around that of its line."""
    low, high = (factor * line.letter for factor in _WORD_SCALE)
    return float(np.clip(measure_scale(components).letter, low, high))


def _is_hyphen(components: Components, groups: Groups, scale: Scale) -> NDArray[np.bool_]:
    """Return which letters of a line are hyphens."""
    count = len(groups.left)
    top, bottom = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(top, groups.number, components.top)
    np.maximum.at(bottom, groups.number, components.bottom)
    width, flat = (groups.right - groups.left) / scale.letter, bottom - top <= _HYPHEN_HEIGHT * scale.letter
    middle = (top + bottom) / 2 / components.labels.shape[0]
    longer = groups.right - groups.left >= _HYPHEN_ASPECT * (bottom - top)
    hyphen = flat & longer & (width >= _HYPHEN_WIDTH[0]) & (width <= _HYPHEN_WIDTH[1])
    return np.asarray(hyphen & (middle >= _HYPHEN_POSITION[0]) & (middle <= _HYPHEN_POSITION[1]), dtype=np.bool_)


def line_map(labels: Labels, scale: Scale) -> Labels:
    """Assign connected components to lines by the horizontal projection profile.

    The ink of each row is counted, and the profile is smoothed. Lines are the maxima of the profile, separated at the
    lowest rows between them. A component belongs to the line with most of its ink. A component with much ink in several
    lines, because letters of two lines touch, is split.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Connected components without skew, numbered from 1.
    scale : Scale

    Returns
    -------
    ndarray of int32, shape (height, width)
        Line of each pixel, from 1 and from top to bottom; 0 is paper.
    """
    profile = np.count_nonzero(labels, axis=1).astype(np.float64)
    borders = _borders(ndimage.gaussian_filter1d(profile, _BLUR * scale.letter, mode="constant"), scale)
    band = np.searchsorted(borders, np.arange(len(labels)), side="right") + 1
    lines = np.where(labels > 0, band[:, None], 0).astype(np.int32)
    found = measure_components(labels)
    for place in np.flatnonzero(band[found.top] != band[found.bottom - 1]).tolist():
        window = (slice(found.top[place], found.bottom[place]), slice(found.left[place], found.right[place]))
        mine = labels[window] == place + 1
        rows = np.bincount(band[window[0]], weights=mine.sum(axis=1), minlength=len(borders) + 2)
        rows[rows < _MIN_SHARE * rows.sum()] = 0
        present = np.flatnonzero(rows)
        nearest = present[np.abs(present - np.arange(len(rows))[:, None]).argmin(axis=1)]
        lines[window][mine] = nearest[lines[window][mine]]
    used = np.unique(lines[lines > 0])
    number = np.zeros(len(borders) + 2, np.int32)
    number[used] = np.arange(1, len(used) + 1)
    numbered: Labels = number[lines]
    return numbered


def _borders(profile: NDArray[np.float64], scale: Scale) -> NDArray[np.intp]:
    """Return the first row of each line but the first."""
    height = np.log(profile + _PROFILE_FLOOR * profile.max())
    peaks = local_minima((-height).tolist(), _LINE_PROMINENCE)
    kept: list[int] = []
    for peak in sorted(peaks, key=lambda row: -profile[row]):
        if all(abs(peak - other) >= _MIN_LINE_DISTANCE * scale.letter for other in kept):
            kept.append(peak)
    kept.sort()
    borders = []
    for upper, lower in pairwise(kept):
        between = profile[upper:lower]
        lowest = np.flatnonzero(between <= between.min() + 1e-9)
        borders.append(upper + int(lowest[len(lowest) // 2]))
    return np.array(borders, dtype=np.intp)


def space_threshold(gaps: NDArray[np.float64]) -> float:
    """Estimate the least gap between words.

    A mixture of two normal distributions is fitted to the gaps by expectation-maximization, with a prior for
    handwriting. The threshold is the gap at which both have the same probability.

    Parameters
    ----------
    gaps : ndarray of float, shape (n,)
        Gaps between the letters of a line, in letter heights; may be empty.

    Returns
    -------
    float
        In letter heights.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.segmentation._page import space_threshold
    >>> 0.3 < space_threshold(np.array([0.1, 0.2, 0.1, 0.9, 0.2, 0.15])) < 0.8
    True
    """
    gaps = np.clip(gaps, *_GAP_RANGE)[:, None]
    means, spreads, shares = _PRIOR_MEANS, _PRIOR_DEVIATIONS, np.array([0.8, 0.2])
    for _ in range(_N_ITERATIONS):
        responsibility = _responsibilities(gaps, means, spreads, shares)
        count = responsibility.sum(axis=0)
        means = (_PRIOR_WEIGHTS * _PRIOR_MEANS + (responsibility * gaps).sum(axis=0)) / (_PRIOR_WEIGHTS + count)
        scatter = (responsibility * (gaps - means) ** 2).sum(axis=0)
        scatter = scatter + _PRIOR_WEIGHTS * (_PRIOR_DEVIATIONS**2 + (means - _PRIOR_MEANS) ** 2 / 4)
        spreads = np.sqrt(scatter / (_PRIOR_WEIGHTS + count))
        shares = (count + _PRIOR_COUNTS) / (len(gaps) + _PRIOR_COUNTS.sum())
    between = np.linspace(means[0], max(means[1], means[0] + 1e-6), 201)
    inside = _responsibilities(between[:, None], means, spreads, shares)[:, 0] >= 0.5
    return float(between[int(np.flatnonzero(inside)[-1])]) if inside.any() else float(means.mean())


def _responsibilities(
    gaps: NDArray[np.float64], means: NDArray[np.float64], spreads: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability that each gap is within a word or between words, (n, 2)."""
    log = np.log(shares / spreads) - ((gaps - means) / spreads) ** 2 / 2
    odds = np.exp(log - log.max(axis=1, keepdims=True))
    probability: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return probability
