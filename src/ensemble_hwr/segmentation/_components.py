"""Ink of a picture, its connected components, and the scale of the handwriting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ensemble_hwr._deadlines import check_time
from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import Picture, Polarity, open_picture, to_ink
from ensemble_hwr.images.borders import remove_borders, remove_boxes
from ensemble_hwr.images.cells import Cells, cells_of_boxes, find_cells
from ensemble_hwr.images.lines import find_ruling
from ensemble_hwr.images.machine_print import Print, remove_print
from ensemble_hwr.images.patterns import remove_dots
from ensemble_hwr.images.sources import describe

Labels: TypeAlias = NDArray[np.int32]  # (height, width): components numbered from 1; 0 is paper

_MAX_PIXELS = 4_000_000  # larger pictures are reduced: their handwriting is far larger than necessary
_MAX_STROKES = 14.0  # stroke widths: letter height up to which a measured one is credible, before lines are removed
_FLAT = 8.0  # heights: width of a component from which on it is taken for a line when the letters are measured
_SMALLER = 0.8  # of that estimate: letter height after lines are removed, below which they are sought again
_SPECK_HEIGHTS = 0.005  # letter heights squared: components of a smaller area are specks
_SPECK_STROKES = 0.4  # stroke widths squared: likewise
_SAMPLE_SIDE = 1600  # pixels: longest side of the copy from which letters are sampled
_SAMPLE_SIZES = (0.6, 1.6)  # of the usual longer side of a component: sizes of letters


@dataclass(frozen=True, eq=False)
class Components:
    """Connected components of ink, numbered from 1; arrays have one entry per component.

    Attributes
    ----------
    labels : ndarray of int32, shape (height, width)
        Number of the component of each pixel; 0 is paper.
    left, top, right, bottom : ndarray of int, shape (n,)
        Bounding boxes.
    area : ndarray of int, shape (n,)
        Pixels.
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
        """Columns of each bounding box."""
        return self.right - self.left

    @property
    def height(self) -> NDArray[np.intp]:
        """Rows of each bounding box."""
        return self.bottom - self.top


@dataclass(frozen=True)
class Scale:
    """Scale of handwriting in pixels.

    Attributes
    ----------
    letter : float
        Height of the letters.
    stroke : float
        Width of the strokes.
    """

    letter: float
    stroke: float


@dataclass(frozen=True, eq=False)
class RuledInk:
    """Ink of a picture without its ruling.

    Attributes
    ----------
    ink : ndarray of float32, shape (height, width)
    cells : Cells or None
        Cells between the lines.
    factor : int
        Pixels of the picture per pixel of the ink, in each direction.
    """

    ink: Ink
    cells: Cells | None
    factor: int


def read_ruled(
    picture: Picture,
    *,
    polarity: Polarity = "auto",
    print: Print = "keep",
    max_pixels: int = 50_000_000,
) -> RuledInk:
    """Open a picture as ink of at most about 4 million pixels, and remove its ruling.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    print : {"keep", "ignore"}, default="keep"
        Whether machine print next to handwriting is removed.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error.

    Returns
    -------
    RuledInk

    Raises
    ------
    PictureError
        If the picture cannot be opened or holds no ink; the message names it.
    """
    grey = open_picture(picture, max_pixels=max_pixels)
    factor = max(1, math.ceil(math.sqrt(grey.size / _MAX_PIXELS)))
    if factor > 1:
        grey = np.asarray(Image.fromarray(grey).reduce(factor))
    try:
        ink, cells = separate_ruling(to_ink(grey, polarity=polarity))
    except PictureError as error:
        raise PictureError(str(error).replace(describe(grey), describe(picture), 1)) from None
    return RuledInk(remove_print(ink) if print == "ignore" else ink, cells, factor)


def separate_ruling(ink: Ink) -> tuple[Ink, Cells | None]:
    """Remove ruled lines, underlines and boxes, and find the cells between them.

    The ink is returned as it is if there are no lines, or nothing else.
    """
    ink, boxes = remove_boxes(remove_dots(remove_borders(ink)))
    check_time()
    of_boxes = cells_of_boxes(boxes, np.zeros(ink.shape, np.bool_))
    labels = label_ink(ink)
    if not labels.any():
        return ink, None
    letter = _rough_letter_height(labels)
    ruling = find_ruling(ink > INK_THRESHOLD, letter)
    check_time()
    if ruling is None:
        return ink, of_boxes
    cleaned = ruling.remove_from(ink)
    labels = label_ink(cleaned)
    if not labels.any():
        return ink, None
    smaller = _rough_letter_height(labels)
    if smaller < _SMALLER * letter:  # lines joined letters to larger components
        again = find_ruling(ink > INK_THRESHOLD, smaller)
        if again is not None and (again.remove_from(ink) > INK_THRESHOLD).any():
            letter, ruling, cleaned = smaller, again, again.remove_from(ink)
    return cleaned, of_boxes or find_cells(ruling, letter)


def _rough_letter_height(labels: Labels) -> float:
    """Estimate the letter height of writing with lines."""
    components = measure_components(labels)
    flat = components.width > _FLAT * components.height
    if flat.any() and not flat.all():
        components = measure_components(renumber(np.where(np.isin(labels, np.flatnonzero(flat) + 1), 0, labels)))
    scale = measure_scale(components)
    return min(scale.letter, _MAX_STROKES * scale.stroke)


def sample_letters(
    picture: Picture, n_letters: int = 64, *, polarity: Polarity = "auto", max_pixels: int = 50_000_000
) -> list[Ink]:
    r"""Return connected components that have the size of letters, in any orientation of the writing.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        A page.
    n_letters : int, default=64
        Number of components at most; they are spread over the page.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error.

    Returns
    -------
    list of ndarray of float32, shape (height, width)
        Ink from 0 to 1, each with a margin of two pixels. Empty if there is no ink.

    Raises
    ------
    PictureError
        If the picture cannot be opened.

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.segmentation import sample_letters
    >>> letters = generate_letters(520, writers=5, random_state=0)
    >>> page = compose_words(letters, ["TWO WORDS\nAND FOUR MORE HERE"], random_state=0)[0]
    >>> len(sample_letters(page.picture, 12))
    12
    """
    grey = open_picture(picture, max_pixels=max_pixels)
    factor = math.ceil(max(grey.shape) / _SAMPLE_SIDE)
    small = grey if factor == 1 else np.asarray(Image.fromarray(grey).reduce(factor))
    try:
        ink = separate_ruling(to_ink(small, polarity=polarity))[0]
    except PictureError:
        return []
    labels = label_ink(ink)
    if not labels.any():
        return []
    components = measure_components(labels)
    side = np.maximum(components.width, components.height)
    order = np.argsort(side)
    usual = side[order][np.searchsorted(np.cumsum(side[order]), side.sum() / 2)]  # specks weigh little
    found = np.flatnonzero((side >= _SAMPLE_SIZES[0] * usual) & (side <= _SAMPLE_SIZES[1] * usual))
    chosen = found[np.unique(np.linspace(0, len(found) - 1, min(n_letters, len(found))).round().astype(int))]
    boxes = ndimage.find_objects(labels)
    return [np.pad(ink[boxes[index]] * (labels[boxes[index]] == index + 1), 2) for index in chosen]


def label_ink(ink: Ink) -> Labels:
    """Label the 8-connected components of ink from 1."""
    labels: Labels = ndimage.label(ink > INK_THRESHOLD, EIGHT_CONNECTED)[0]
    return labels


def measure_components(labels: Labels) -> Components:
    """Measure bounding boxes and areas of labelled components; labels must be 1, 2, ... without omissions."""
    found = ndimage.find_objects(labels)
    edges = np.array([(x.start, y.start, x.stop, y.stop) for y, x in found], dtype=np.intp).reshape(-1, 4)
    area = np.bincount(labels.ravel(), minlength=len(found) + 1)[1:]
    return Components(labels, edges[:, 0], edges[:, 1], edges[:, 2], edges[:, 3], area)


def renumber(labels: Labels) -> Labels:
    """Replace the labels that occur by 1, 2, ... in their order; one of the labels must be 0."""
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)


def measure_scale(components: Components) -> Scale:
    """Estimate the letter height and the stroke width.

    The letter height is the weighted median height of the components. The weight is the width times the square root of
    the height, so that many small marks do not reduce it. The stroke width is that of a line with the same area and
    the same length of the outline.

    Parameters
    ----------
    components : Components
        One or more.

    Returns
    -------
    Scale
    """
    order = np.argsort(components.height, kind="stable")
    weight = np.cumsum((components.width * np.sqrt(components.height))[order])
    letter = float(components.height[order][np.searchsorted(weight, weight[-1] / 2)])
    mask = np.pad(components.labels > 0, 1)
    across = np.count_nonzero(mask[:, 1:] != mask[:, :-1])
    down = np.count_nonzero(mask[1:] != mask[:-1])
    outline = float(np.hypot(across, down))
    return Scale(letter, max(1.0, 2 * float(components.area.sum()) / outline))


def is_speck(components: Components, scale: Scale) -> NDArray[np.bool_]:
    """Return which components are too small to be handwriting."""
    least = max(_SPECK_HEIGHTS * scale.letter**2, _SPECK_STROKES * scale.stroke**2)
    specks: NDArray[np.bool_] = components.area < least
    return specks
