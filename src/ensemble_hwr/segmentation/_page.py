"""A page cut into lines and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box, union
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import Picture, Polarity
from ensemble_hwr.images.sources import describe
from ensemble_hwr.segmentation._groups import Groups, group_parts
from ensemble_hwr.segmentation._ink import read_ink
from ensemble_hwr.segmentation._lattice import Lattice, lattice_of
from ensemble_hwr.segmentation._lines import line_map
from ensemble_hwr.segmentation._parts import INKED, Labels, Parts, Scale, measure_parts, measure_scale
from ensemble_hwr.segmentation._segment import Segmentation, segment_writing
from ensemble_hwr.segmentation._skew import find_skew
from ensemble_hwr.segmentation._spaces import space_threshold
from ensemble_hwr.segmentation._upright import row_shifts, set_upright
from ensemble_hwr.segmentation._writing import Origin, Writing, clean_labels, take_writing

_PAD = 2  # pixels of paper around a word that is cut out
_FLAT = 0.35  # letter heights: a hyphen is no taller
_DASH = (0.2, 1.3)  # letter heights: it is so wide
_MIDDLE = (0.2, 0.85)  # of the line's height, from above: and lies there


@dataclass(frozen=True, eq=False)
class WordCut:
    """One word of a page.

    Attributes
    ----------
    box : Box
        Where it is in the picture.
    writing : Writing
        Its ink, upright.
    """

    box: Box
    writing: Writing

    def lattice(self) -> Lattice:
        """Cut it wherever letters might meet, as `cut_word` does.

        Returns
        -------
        Lattice
            Its boxes are in the page's pixels.
        """
        return lattice_of(self.writing)

    def segment(self, *, smallest_gap: float | None = None, cut_touching: bool = True) -> Segmentation:
        """Cut it into letters, as `WordSegmenter` does.

        Parameters
        ----------
        smallest_gap : float, default=None
            The smallest gap that closes a letter, in letter heights; None takes the word's own.
        cut_touching : bool, default=True
            Whether what is too wide to be one letter is cut.

        Returns
        -------
        Segmentation
            Its boxes are in the page's pixels.
        """
        return segment_writing(self.writing, smallest_gap=smallest_gap, cut_touching=cut_touching)


@dataclass(frozen=True, eq=False)
class LineCut:
    """One line of a page.

    Attributes
    ----------
    box : Box
        Where it is in the picture.
    words : tuple of WordCut
        From left to right.
    threshold : float
        Gaps from this size on are between words, in letter heights.
    """

    box: Box
    words: tuple[WordCut, ...]
    threshold: float


@dataclass(frozen=True, eq=False)
class PageCut:
    """A page cut into lines and words.

    Attributes
    ----------
    lines : tuple of LineCut
        From top to bottom.
    width, height : int
        Of the picture, in pixels.
    skew : float
        Rows that its lines climb for each column to the right.
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
    max_pixels: int = 50_000_000,
) -> PageCut:
    r"""Cut a page, or a line, into lines and words.

    Lines are levelled first. In each line a mixture of two normal distributions tells the gaps between words from
    those between letters; a line may be a single word. A hyphen belongs to the words beside it.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A picture of one line of writing or of several.
    word_gap : float, default=None
        The smallest gap between words, in letter heights; None finds it for each line.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    max_pixels : int, default=50_000_000
        Larger pictures are refused.

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
    ink, factor = read_ink(picture, polarity=polarity, max_pixels=max_pixels)
    try:
        labels = clean_labels(ink)
    except PictureError as error:
        raise PictureError(f"{describe(picture)}: {error}") from None
    scale = measure_scale(measure_parts(labels))
    skew = find_skew(labels > 0, scale.letter)
    drops = row_shifts(ink.shape[1], skew)
    origin = Origin(factor=factor, drops=drops)
    level, level_ink = set_upright(labels.T, drops).T, set_upright(ink.T, drops).T
    lines = line_map(level, scale)
    cut = [_cut_line(level_ink, lines == number, origin, word_gap) for number in range(1, int(lines.max()) + 1)]
    height, width = ink.shape
    return PageCut(tuple(cut), width * factor, height * factor, skew)


def _cut_line(ink: Ink, mask: NDArray[np.bool_], origin: Origin, word_gap: float | None) -> LineCut:
    """Cut one line, whose pixels are given, into words."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    line = take_writing(
        np.pad(_alone(ink[window], mask[window]), _PAD),
        origin=origin.moved(int(columns[0]) - _PAD, int(rows[0]) - _PAD),
    )
    groups = group_parts(line.parts, line.scale, 0.0)
    threshold = space_threshold(groups.gaps) if word_gap is None else word_gap
    dash = _is_dash(line.parts, groups, line.scale)
    opens = (groups.gaps >= threshold) & ~(dash[1:] | dash[:-1])
    word_of = np.concatenate([[0], np.cumsum(opens)])
    words = np.concatenate([[0], word_of[groups.number] + 1]).astype(np.int32)[line.parts.labels]
    cut = tuple(_cut_word(line, words == number) for number in range(1, int(words.max()) + 1))
    return LineCut(union(word.box for word in cut), cut, threshold)


def _alone(ink: Ink, mask: NDArray[np.bool_]) -> Ink:
    """Ink of some pixels with their soft edges; the rest becomes paper."""
    soft = ndimage.binary_dilation(mask, np.ones((3, 3))) & (ink <= INKED)
    return np.where(mask | soft, ink, np.float32(0))


def _cut_word(line: Writing, mask: NDArray[np.bool_]) -> WordCut:
    """Take a word's pixels out of its line; it stays upright as the line is."""
    rows = np.flatnonzero(mask.any(axis=1))
    window = slice(int(rows[0]), int(rows[-1]) + 1)
    columns = np.flatnonzero(mask.any(axis=0))
    first, last = max(0, int(columns[0]) - 1), int(columns[-1]) + 2
    mine = mask[window, first:last]
    parts = measure_parts(_renumbered(np.where(mine, line.parts.labels[window, first:last], 0)))
    writing = Writing(
        ink=line.ink[window, first:last],
        parts=parts,
        scale=Scale(_letter_height(parts, line.scale), line.scale.stroke),
        slant=line.slant,
        shifts=line.shifts[window] - first,
        origin=line.origin.moved(0, window.start),
    )
    return WordCut(writing.box(mine), writing)


def _letter_height(parts: Parts, line: Scale) -> float:
    """Letter height of a word, which is not far from its line's."""
    return float(np.clip(measure_scale(parts).letter, 0.7 * line.letter, 1.5 * line.letter))


def _renumbered(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)


def _is_dash(parts: Parts, groups: Groups, scale: Scale) -> NDArray[np.bool_]:
    """Which letters of a line are hyphens."""
    count = len(groups.left)
    top, bottom = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(top, groups.number, parts.top)
    np.maximum.at(bottom, groups.number, parts.bottom)
    width, flat = (groups.right - groups.left) / scale.letter, bottom - top <= _FLAT * scale.letter
    middle = (top + bottom) / 2 / parts.labels.shape[0]
    longer = groups.right - groups.left >= 1.3 * (bottom - top)
    dash = flat & longer & (width >= _DASH[0]) & (width <= _DASH[1])
    return np.asarray(dash & (middle >= _MIDDLE[0]) & (middle <= _MIDDLE[1]), dtype=np.bool_)
