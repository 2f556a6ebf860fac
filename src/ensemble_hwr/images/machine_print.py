"""Machine print on forms, such as "NOM :", told from the handwriting next to it by its regularity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box, Rgb, draw_boxes

Print: TypeAlias = Literal["ignore", "keep"]

_MIN_HEIGHT = 5  # pixels: lower components are no letters whose regularity can be measured
_MAX_LETTERS = 5000  # components: a picture with more is not searched
_GAP = 0.35  # heights: greatest gap between neighbouring letters of a printed word
_OVERLAP = 0.5  # of the lower of two letters: least overlap of their rows, if they are neighbours
_RATIO = 1.9  # greatest ratio of the heights of neighbours
_LOW = 0.55  # of the median height of a word: lower components are dots and accents, likewise higher ones lines
_TOLERANCE = 0.05  # heights: greatest deviation of an edge from the common level
_PIXEL = 0.75  # pixels: likewise, in small pictures
_WIDE = 1.3  # heights: a component of this width or more is several printed letters that touch
_MIN_LETTERS = 3  # of a printed word
_MIN_OTHERS = 3  # letters of handwriting that print is compared with
_EVIDENCE = 7.0  # natural logarithm: chance below 1 in 1000 that handwriting is as regular
_APART = 1.5  # heights: least paper around a label, such as "NOM :"; words of a line are nearer
_APART_EVIDENCE = 4.0  # natural logarithm: for such a word
_ALONE_EVIDENCE = 1.5  # likewise, for a word with no other on its line, and letters below
_LINE = 1.5  # heights: greatest distance of the middles of letters of one line
_LABEL_SIZE = 0.9  # of the median height of handwriting: greatest height of a label without a colon
_COLON_EVIDENCE = 5.0  # likewise, for a word with a colon
_DOT = 0.4  # heights: greatest size of the dots of a colon
_LEVEL_EVIDENCE = 3.0  # likewise, of size and levels alone: narrow spaces are no evidence by themselves
_MAX_COUNT = 5  # letters of a word that count as evidence, since the letters of one writer are alike
_MAX_IRREGULAR = 0.2  # of the words of similar height: more irregular words mean that all are handwriting
_ALIKE = 1.7  # greatest ratio of such heights
_SIMILAR = 1.15  # greatest ratio of similar heights
_SAME = 1.25  # greatest ratio of heights of letters of one writer
_NEXT = 1.2  # heights: greatest distance of such a letter that continues a word, or the next word
_MAX_SIZE = 1.6  # heights of handwriting: higher print is not told from handwriting
_NEAR = 0.6  # heights: distance of dots and accents from their printed word
_CUT = 0.75  # of the height of the handwriting: greatest height of the parts of a line that the frame cuts


@dataclass(frozen=True, eq=False)
class _Parts:
    """Components of ink; arrays have one entry per component."""

    labels: NDArray[np.int32]
    left: NDArray[np.intp]
    top: NDArray[np.intp]
    right: NDArray[np.intp]
    bottom: NDArray[np.intp]

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> _Parts:
        """Measure the components of a mask."""
        labels = ndimage.label(mask, EIGHT_CONNECTED)[0]
        found = ndimage.find_objects(labels)
        edges = np.array([(x.start, y.start, x.stop, y.stop) for y, x in found], dtype=np.intp).reshape(-1, 4)
        return cls(labels, *edges.T)

    @property
    def height(self) -> NDArray[np.intp]:
        """Rows of each component."""
        return self.bottom - self.top

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Whether each component touches the upper or the lower edge of the picture."""
        touching: NDArray[np.bool_] = (self.top == 0) | (self.bottom == len(self.labels))
        return touching


@dataclass(frozen=True, eq=False)
class _Run:
    """Neighbouring letters that may be a printed word.

    Attributes
    ----------
    letters : ndarray of int
        Components, from left to right.
    height : float
        Median height in pixels.
    n_top, n_bottom : int
        Coincidences: upper and lower edges that are at a common level, beyond the one or two that define it.
    n_gaps : int
        Gaps, all of which are small.
    has_colon : bool
        Whether a colon follows, as after a label.
    regular : bool
        Whether all edges are at common levels.
    """

    letters: NDArray[np.intp]
    height: float
    n_top: int
    n_bottom: int
    n_gaps: int
    has_colon: bool
    regular: bool


def find_print(ink: Ink) -> NDArray[np.bool_]:
    """Find machine print in a picture that also holds handwriting.

    Letters with small gaps form words. A word is regular if the upper edges of its letters are at one level, or at two
    as in lower case, and their lower edges likewise. A regular word is print if handwriting as irregular as the rest of
    the picture would be as regular, as narrowly spaced and as small by chance only once in 1000 pictures. Without at
    least three other letters there is nothing to compare with, and no print is found. Handwriting remains.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1, without ruled lines.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Pixels of print.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.machine_print import find_print
    >>> ink = np.zeros((60, 300), np.float32)
    >>> for left in range(10, 90, 14):  # eight equal marks with small gaps
    ...     ink[20:34, left : left + 10] = 1
    >>> for left, top, bottom in [(130, 9, 40), (170, 16, 44), (210, 5, 37), (250, 13, 47)]:
    ...     ink[top:bottom, left : left + 20] = 1
    >>> found = find_print(ink)
    >>> bool(found[25, 12]), bool(found[25, 140])
    (True, False)
    """
    parts = _Parts.of(ink > INK_THRESHOLD)
    nothing = np.zeros(ink.shape, np.bool_)
    tall = np.flatnonzero(parts.height >= _MIN_HEIGHT)
    if not _MIN_LETTERS + _MIN_OTHERS <= len(tall) <= _MAX_LETTERS:
        return nothing
    runs = [_as_label(parts, _measure(parts, letters)) for letters in _runs(parts, tall)]
    regular = [run for run in runs if run.regular]
    if not regular:
        return nothing
    others = np.setdiff1d(tall, np.concatenate([run.letters for run in regular]))
    whole = others[~parts.cut[others]]
    if len(whole) >= _MIN_OTHERS:  # in a narrow crop, most letters may touch an edge
        others = whole
    if len(others) < _MIN_OTHERS:
        return nothing
    chances = _Chances.of(parts, others)
    least = _EVIDENCE + np.log(len(runs))
    printed = [run for run in regular if chances.evidence(run, _label_evidence(parts, run, tall, others)) >= least]
    printed = [run for run in printed if not _continues(parts, run, others) and not _is_common(parts, run, runs)]
    if not printed:
        return nothing
    chosen = np.zeros(len(parts.left), np.bool_)
    for run in printed:
        chosen[run.letters] = True
        chosen |= _marks(parts, run)
        if run.has_colon:
            chosen |= _before(parts, run)
    found: NDArray[np.bool_] = np.concatenate([[False], chosen])[parts.labels]
    return found


def remove_print(ink: Ink) -> Ink:
    """Remove machine print, and parts of lines that the upper or lower edge of the picture cuts there.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1, without ruled lines.

    Returns
    -------
    ndarray of float32, shape (height, width)
        The same array if there is no print, or nothing else.
    """
    printed = find_print(ink)
    if not printed.any():
        return ink
    mask = ink > INK_THRESHOLD
    printed |= _cut_lines(_Parts.of(mask & ~printed))
    soft = ndimage.binary_dilation(printed, EIGHT_CONNECTED) & ~mask
    return np.where(printed | soft, np.float32(0), ink)


def draw_print(grey: NDArray[np.uint8], ink: Ink) -> Rgb:
    """Draw boxes around the machine print of a picture.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    ink : ndarray of float32, shape (height, width)
        Its ink, without ruled lines.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
    """
    found = ndimage.find_objects(ndimage.label(find_print(ink), EIGHT_CONNECTED)[0])
    return draw_boxes(grey, [Box(x.start, y.start, x.stop, y.stop) for y, x in found])


def _runs(parts: _Parts, tall: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Group letters whose neighbours are near, and of similar height and position."""
    order = tall[np.argsort(parts.left[tall], kind="stable")]
    left, right, top, bottom = parts.left[order], parts.right[order], parts.top[order], parts.bottom[order]
    height = bottom - top
    pairs = []
    for place in range(len(order)):
        stop = int(np.searchsorted(left, right[place] + _GAP * height[place], side="right"))
        later = np.arange(place + 1, stop)
        least = np.minimum(height[place], height[later])
        rows = np.minimum(bottom[place], bottom[later]) - np.maximum(top[place], top[later])
        near = (rows >= _OVERLAP * least) & (left[later] - right[place] <= _GAP * least)
        near &= np.maximum(height[place], height[later]) <= _RATIO * least
        pairs += [(place, other) for other in later[near].tolist()]
    rows, columns = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(order), len(order)))
    count, number = connected_components(graph, directed=False)
    return [order[number == place] for place in range(count)]


def _measure(parts: _Parts, letters: NDArray[np.intp]) -> _Run:
    """Measure the regularity of a run of letters."""
    height = parts.height[letters]
    letters = letters[(height >= _LOW * np.median(height)) & (height <= np.median(height) / _LOW)]
    height = parts.height[letters]
    usual = float(np.median(height))
    width = parts.right[letters] - parts.left[letters]
    count = int(np.where(width >= _WIDE * usual, np.rint(width / usual), 1).sum())
    tolerance = max(_PIXEL, _TOLERANCE * usual)
    middle = (parts.left[letters] + parts.right[letters]) / 2
    top, bottom = _level(middle, parts.top[letters], parts.bottom[letters])
    above, below = _n_levels(top, tolerance), _n_levels(bottom, tolerance)
    n_top = 0 if (parts.top[letters] == 0).all() else len(letters) - above
    n_bottom = 0 if (parts.bottom[letters] == len(parts.labels)).all() else len(letters) - below
    has_colon = _has_colon(parts, letters, usual)
    regular = count >= _MIN_LETTERS - has_colon + (above + below > 2) and above <= 2 and below <= 2
    return _Run(letters, usual, n_top, n_bottom, len(letters) - 1, has_colon, regular)


def _as_label(parts: _Parts, run: _Run) -> _Run:
    """Return an irregular run with a colon without its first letter, which a part of the form may touch."""
    if run.regular or not run.has_colon or len(run.letters) < 2:
        return run
    rest = _measure(parts, run.letters[1:])
    return rest if rest.regular else run


def _has_colon(parts: _Parts, letters: NDArray[np.intp], height: float) -> bool:
    """Return whether two dots follow the letters of a word."""
    top, bottom, right = parts.top[letters].min(), parts.bottom[letters].max(), parts.right[letters].max()
    dots = (parts.height <= _DOT * height) & (parts.right - parts.left <= _DOT * height)
    dots &= (parts.left >= right) & (parts.right <= right + height)
    dots &= (parts.top >= top) & (parts.bottom <= bottom + 1)
    return bool(np.count_nonzero(dots) == 2)


def _level(
    middle: NDArray[np.float64], top: NDArray[np.intp], bottom: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the edges of letters without the slope of a word of many letters."""
    if len(middle) < 6:
        return top.astype(np.float64), bottom.astype(np.float64)
    slope = np.median(np.diff(bottom[[0, len(bottom) // 2, -1]]) / np.diff(middle[[0, len(middle) // 2, -1]]))
    return top - slope * middle, bottom - slope * middle


def _n_levels(edges: NDArray[np.float64], tolerance: float) -> int:
    """Return the number of levels, each two tolerances high, that hold all edges."""
    count, start = 0, -np.inf
    for edge in np.sort(edges):
        if edge > start + 2 * tolerance:
            count, start = count + 1, edge
    return count


@dataclass(frozen=True)
class _Chances:
    """Chances that the handwriting of a picture is as regular as print, per letter or gap.

    Attributes
    ----------
    deviations : tuple of ndarray
        Distances of upper and of lower edges from those of the neighbours, in pixels.
    gaps : ndarray
        Gaps between neighbours, in heights.
    height : ndarray
        Heights in pixels.
    """

    deviations: tuple[NDArray[np.float64], NDArray[np.float64]]
    gaps: NDArray[np.float64]
    height: NDArray[np.intp]

    @classmethod
    def of(cls, parts: _Parts, others: NDArray[np.intp]) -> _Chances:
        """Measure the letters that are in no regular word."""
        others = others[np.argsort(parts.left[others], kind="stable")]
        left, right, top, bottom = (edge[others] for edge in (parts.left, parts.right, parts.top, parts.bottom))
        height = bottom - top
        above, below, gaps = [], [], []
        for place in range(len(others)):
            rows = np.minimum(bottom[place], bottom) - np.maximum(top[place], top)
            near = np.flatnonzero((rows > 0) & (left > left[place]))[:1]
            above += (top[near] - top[place]).tolist()
            below += (bottom[near] - bottom[place]).tolist()
            gaps += ((left[near] - right[place]) / height[place]).tolist()
        return cls((np.abs(above), np.abs(below)), np.array(gaps), height)

    def evidence(self, run: _Run, label: float) -> float:
        """Return how improbable a run of letters is as handwriting, as a natural logarithm; `label` is added."""
        usual = float(np.median(self.height))
        if run.height > _MAX_SIZE * usual:
            return 0.0
        tolerance = max(_PIXEL, _TOLERANCE * run.height) * max(1.0, usual / run.height)
        above, below = (_chance(edges <= 2 * tolerance) for edges in self.deviations)
        close = _chance(self.gaps <= _GAP)
        smaller = _chance(self.height <= _SIMILAR * run.height)
        n_top, n_bottom, n_gaps = (min(count, _MAX_COUNT) for count in (run.n_top, run.n_bottom, run.n_gaps))
        level = -n_top * np.log(above) - n_bottom * np.log(below) - np.log(smaller) + label
        return float(level - n_gaps * np.log(close)) if level >= _LEVEL_EVIDENCE else 0.0


def _chance(like_print: NDArray[np.bool_]) -> float:
    """Return the share of true entries, with a prior of one that is true and one that is not."""
    return float((np.count_nonzero(like_print) + 1) / (len(like_print) + 2))


def _is_common(parts: _Parts, run: _Run, runs: list[_Run]) -> bool:
    """Return whether many words as high as a regular one are irregular, so that it is regular by chance."""
    words = [other for other in runs if other.n_gaps + 1 >= _MIN_LETTERS and not parts.cut[other.letters].any()]
    alike = [other for other in words if 1 / _ALIKE <= other.height / run.height <= _ALIKE]
    irregular = sum(not other.regular for other in alike)
    return irregular > max(1, _MAX_IRREGULAR * len(alike))


def _continues(parts: _Parts, run: _Run, others: NDArray[np.intp]) -> bool:
    """Return whether an irregular letter of the same size is next to a word, so that both are handwriting."""
    top, bottom = parts.top[run.letters].min(), parts.bottom[run.letters].max()
    left, right = parts.left[run.letters].min(), parts.right[run.letters].max()
    rows = np.minimum(bottom, parts.bottom[others]) - np.maximum(top, parts.top[others])
    apart = np.maximum(parts.left[others] - right, left - parts.right[others])
    ratio = parts.height[others] / run.height
    alike = (ratio >= 1 / _SAME) & (ratio <= _SAME)
    if run.has_colon:  # a label is followed by handwriting, not preceded by it
        alike &= parts.left[others] >= right
    return bool((alike & (rows > _OVERLAP * run.height) & (apart <= _NEXT * run.height)).any())


def _label_evidence(parts: _Parts, run: _Run, tall: NDArray[np.intp], others: NDArray[np.intp]) -> float:
    """Return the evidence of a word that is a label: the first of its line and far from the next, or with a colon."""
    top, bottom = parts.top[run.letters].min(), parts.bottom[run.letters].max()
    right = int(parts.right[run.letters].max())
    rest = np.setdiff1d(tall, run.letters)
    next_to = rest[np.minimum(bottom, parts.bottom[rest]) - np.maximum(top, parts.top[rest]) > _OVERLAP * run.height]
    apart = (parts.left[next_to] >= right + _APART * run.height).all()
    alone = not len(next_to) and (parts.top[rest] >= bottom).any()
    if not run.has_colon and _is_in_list(parts, run, rest, others):
        return 0.0
    return float(_APART_EVIDENCE * apart + _ALONE_EVIDENCE * alone + _COLON_EVIDENCE * run.has_colon)


def _is_in_list(parts: _Parts, run: _Run, rest: NDArray[np.intp], others: NDArray[np.intp]) -> bool:
    """Return whether a word is as high as the handwriting, and that has several lines, as in a list of words."""
    usual = float(np.median(parts.height[others]))
    whole = rest[~parts.cut[rest]]
    if run.height <= _LABEL_SIZE * usual or not len(whole):
        return False
    return bool(np.ptp((parts.top[whole] + parts.bottom[whole]) / 2) > _LINE * usual)


def _marks(parts: _Parts, run: _Run) -> NDArray[np.bool_]:
    """Return the dots, accents and colons of a printed word."""
    top, bottom = parts.top[run.letters].min(), parts.bottom[run.letters].max()
    left, right = parts.left[run.letters].min(), parts.right[run.letters].max()
    reach = _NEAR * run.height
    inside = (parts.left >= left - reach) & (parts.right <= right + reach + run.height / 2)
    inside &= (parts.top >= top - reach) & (parts.bottom <= bottom + reach)
    marks: NDArray[np.bool_] = inside & (parts.height < _LOW * run.height)
    return marks


def _before(parts: _Parts, run: _Run) -> NDArray[np.bool_]:
    """Return what lies on the left of a label, such as the rest of the form at the edge of the picture."""
    top, bottom = parts.top[run.letters].min(), parts.bottom[run.letters].max()
    found: NDArray[np.bool_] = parts.right <= parts.left[run.letters].min() + run.height
    found &= (parts.bottom > top - run.height) & (parts.top < bottom + run.height)
    return found


def _cut_lines(parts: _Parts) -> NDArray[np.bool_]:
    """Return the pixels of low parts at the upper and lower edges, beyond the rows of the other letters."""
    whole = ~parts.cut & (parts.height >= _MIN_HEIGHT)
    if whole.any():
        top, bottom = np.median(parts.top[whole]), np.median(parts.bottom[whole])
        outside = parts.cut & (parts.height <= _CUT * (bottom - top))
        outside &= (parts.bottom <= (top + bottom) / 2) | (parts.top >= (top + bottom) / 2)
    else:
        outside = _lower_line(parts)
    found: NDArray[np.bool_] = np.concatenate([[False], outside])[parts.labels]
    return found


def _lower_line(parts: _Parts) -> NDArray[np.bool_]:
    """Return the parts at the upper or lower edge, whichever are lower, if the frame cuts the other letters as well."""
    lines = [parts.top == 0, parts.bottom == len(parts.labels)]
    heights = [float(np.median(parts.height[line])) if line.any() else 0.0 for line in lines]
    lower = int(np.argmin(heights))
    return lines[lower] if heights[lower] <= _CUT * heights[1 - lower] else np.zeros(len(parts.top), np.bool_)
