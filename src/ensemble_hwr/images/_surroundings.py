"""Dark surroundings of a light sheet: a desk, the bed of a scanner, black corners of a scan that was turned."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED
from ensemble_hwr.images._histogram import Histogram, Histograms
from ensemble_hwr.images._local import may_hold_square

Value = TypeVar("Value", np.bool_, np.uint8, np.int32)

_MIN_SIDE = 40  # pixels: smaller pictures have strokes as thick as desks
_CORE = 0.2  # of the shorter side: thickness from which on a part is no stroke
_MIN_SHEET = 0.15  # of the picture: least area of a sheet
_LOOSE = 0.02  # of the frame: more of it is dark outside of the surroundings only if the picture is cropped to its ink
_MIN_WRITING = 0.003  # of the sheet: least area of other dark parts
_TOUCHING = 0.5  # of the other dark parts: share that touches the surroundings only if both are parts of one letter
_SHARP = 0.5  # of the difference in brightness: least step at the edge
_STRUCTURE = 0.4  # relative darkness of strokes in a shadow
_MIN_DARKNESS = 12  # grey levels: likewise
_MAX_STRUCTURE = 0.005  # of the surroundings: more such pixels are writing in a shadow, not a desk
_SHADE = 0.45  # of the brightness of the sheet: least brightness of paper in a shadow
_SOFT_EDGE = 2  # pixels
_RIM = 0.03  # of the shorter side: greatest thickness of a rim
_RIM_DIFFERENCE = 40.0  # grey levels: least difference between a rim and the pixels inside it
_RIM_CLOSED = 0.97  # least share of a rim with the tone of the rim
_RIM_CLEAR = 0.9  # least share of the pixels inside a rim with another tone


def without_rim(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace a closed thin rim along all four edges, dark or light, by the pixels inside it.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The same array if there is no rim, or the picture is too small for a rim and strokes to be distinguished.
    """
    thickest = max(1, int(_RIM * min(grey.shape)))
    if min(grey.shape) < _MIN_SIDE:
        return grey
    outer = _frame(grey)
    rim = float(np.median(outer))
    for depth in range(1, thickest + 2):  # one more, since the innermost ring may be a soft edge
        inner = _frame(grey[depth:-depth, depth:-depth])
        between = (rim + float(np.median(inner))) / 2
        if abs(between - rim) < _RIM_DIFFERENCE / 2:
            continue
        if np.mean((outer < between) == (rim < between)) < _RIM_CLOSED:
            return grey
        if np.mean((inner < between) != (rim < between)) >= _RIM_CLEAR:
            inside = grey[depth + 1 : -depth - 1, depth + 1 : -depth - 1]
            return np.pad(inside, depth + 1, mode="edge")
    return grey


def have_rim(greys: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pictures have a rim that `without_rim` replaces.

    Parameters
    ----------
    greys : ndarray of uint8, shape (n, height, width)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if min(greys.shape[1:]) < _MIN_SIDE:
        return np.zeros(len(greys), np.bool_)
    depth = max(1, int(_RIM * min(greys.shape[1:]))) + 2
    bands = (greys[:, :depth], greys[:, -depth:], greys[:, :, :depth], greys[:, :, -depth:])
    darkest = np.min([band.min(axis=(1, 2)) for band in bands], axis=0)
    lightest = np.max([band.max(axis=(1, 2)) for band in bands], axis=0)
    found: NDArray[np.bool_] = lightest - darkest >= _RIM_DIFFERENCE
    for index in np.flatnonzero(found):
        grey = greys[index]
        found[index] = without_rim(grey) is not grey
    return found


def have_surroundings(greys: NDArray[np.uint8], tones: Histograms) -> NDArray[np.bool_]:
    """Return in which pictures `find_surroundings` finds some.

    Parameters
    ----------
    greys : ndarray of uint8, shape (n, height, width)
    tones : Histograms
        Of the pictures.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if min(greys.shape[1:]) < _MIN_SIDE:
        return np.zeros(len(greys), np.bool_)
    edges = [greys[:, 0].min(axis=1), greys[:, -1].min(axis=1), greys[:, :, 0].min(axis=1), greys[:, :, -1].min(axis=1)]
    found: NDArray[np.bool_] = np.min(edges, axis=0) <= tones.otsu
    size = max(3, round(_CORE * min(greys.shape[1:])))
    some = np.flatnonzero(found)
    if len(some):
        found[some] = may_hold_square(greys[some], np.floor(tones.otsu[some]) + 1, size)
        found[some] &= may_hold_square(~greys[some], 255 - tones.otsu[some], size)
    for index in np.flatnonzero(found):
        found[index] = find_surroundings(greys[index]) is not None
    return found


def find_surroundings(small: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Find the dark thick parts along the frame that surround a light sheet.

    Parameters
    ----------
    small : ndarray of uint8, shape (height, width)
        Grey picture; its dark pixels are ink or surroundings.

    Returns
    -------
    ndarray of bool, shape (height, width), or None
        None if there are none: the light parts are thin strokes, the dark parts are strokes of a picture that is
        cropped to its ink, or they are paper in a shadow.
    """
    threshold = Histogram.of(small).otsu()
    light = small > threshold
    if min(small.shape) < _MIN_SIDE or np.count_nonzero(light) < _MIN_SHEET * small.size or _frame(light).all():
        return None
    size = max(3, round(_CORE * min(small.shape)))
    if not may_hold_square(small[None], np.array([np.floor(threshold) + 1]), size)[0]:
        return None
    if np.count_nonzero(_opened(light, size)) < _MIN_SHEET * small.size:
        return None
    around = _touching_frame(_opened(~light, size))
    if not around.any() or not _has_sharp_edge(small, around):
        return None
    around = ndimage.binary_dilation(around, EIGHT_CONNECTED, iterations=_SOFT_EDGE)
    return around if _is_desk(small, around) and not _is_cropped_to_ink(~light, around) else None


def replace_surroundings(grey: NDArray[np.uint8], around: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Replace the surroundings of a sheet by the nearest paper.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    around : ndarray of bool
        Surroundings in the picture, or in a copy of it that is reduced by a whole factor.

    Returns
    -------
    ndarray of uint8, shape (height, width)
    """
    factor = -(-max(grey.shape) // max(around.shape))
    height, width = grey.shape
    mask = around.repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width]
    paper = ndimage.maximum_filter(grey, 2 * factor + 1)
    place = ndimage.distance_transform_edt(around, return_distances=False, return_indices=True)
    rows, columns = (
        np.minimum(nearest.repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width] * factor, side - 1)
        for nearest, side in zip(place, grey.shape, strict=True)
    )
    return np.where(mask, paper[rows, columns], grey)


def _opened(mask: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Return the parts of a mask that hold a square; the mask continues beyond the frame."""
    pixels = np.pad(mask, size, mode="edge").astype(np.uint8)
    opened = ndimage.maximum_filter(ndimage.minimum_filter(pixels, size), size, origin=0 if size % 2 else -1)
    return np.asarray(opened[size:-size, size:-size], dtype=np.bool_)


def _frame(mask: NDArray[Value]) -> NDArray[Value]:
    """Return the outermost pixels."""
    return np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])


def _touching_frame(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the connected components that touch the frame."""
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    touching: NDArray[np.bool_] = np.isin(labels, np.setdiff1d(_frame(labels), 0))
    return touching


def _has_sharp_edge(small: NDArray[np.uint8], around: NDArray[np.bool_]) -> bool:
    """Return whether most of the change of brightness between the surroundings and the sheet is at their edge."""
    inside = around & ~ndimage.binary_erosion(around, EIGHT_CONNECTED, iterations=_SOFT_EDGE + 1, border_value=1)
    near = ndimage.binary_dilation(around, EIGHT_CONNECTED, iterations=_SOFT_EDGE)
    outside = ndimage.binary_dilation(near, EIGHT_CONNECTED, iterations=_SOFT_EDGE) & ~near
    step = _median(small, outside) - _median(small, inside)
    return step >= _SHARP * (_median(small, ~near) - _median(small, around))


def _is_desk(small: NDArray[np.uint8], around: NDArray[np.bool_]) -> bool:
    """Return whether the surroundings of a sheet are too dark for paper in a shadow, and hold no writing."""
    tones, sheet = small[around], small[~around]
    level = float(np.quantile(tones, 0.25))  # the soft edges of thin surroundings are lighter
    darker = level - tones > max(_STRUCTURE * level, _MIN_DARKNESS)
    return bool(level < _SHADE * float(np.median(sheet)) and np.count_nonzero(darker) <= _MAX_STRUCTURE * tones.size)


def _is_cropped_to_ink(dark: NDArray[np.bool_], around: NDArray[np.bool_]) -> bool:
    """Return whether the dark parts are the strokes of a letter or a word that fills its picture."""
    rest = dark & ~around
    if np.count_nonzero(_frame(rest)) > _LOOSE * _frame(rest).size:
        return True
    if np.count_nonzero(rest) < _MIN_WRITING * np.count_nonzero(~around):
        return True
    labels, _ = ndimage.label(rest, EIGHT_CONNECTED)
    near = labels[ndimage.binary_dilation(around, EIGHT_CONNECTED)]
    touching = np.isin(labels, np.setdiff1d(near, 0))
    return bool(np.count_nonzero(touching) >= _TOUCHING * np.count_nonzero(rest))


def _median(small: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    """Return the median brightness of some pixels; 0 if there are none."""
    return float(np.median(small[where])) if where.any() else 0.0
