"""Paper under an uneven light: a background that follows the edges of shadows."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED
from ensemble_hwr.images._histogram import Histogram

Level = TypeVar("Level", np.uint8, np.float32)
Tones: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]

_MIN_SIDE = 40  # pixels: smaller pictures have strokes as wide as shadows
_THUMBNAIL = 64  # pixels: longest side of the copy from which a median is taken
_EVEN = 0.1  # of the contrast: distance of an even background from the lightest paper
_MAX_SIZE = 0.3  # of the shorter side: greatest size of the closing
_SIZE = 6  # stroke widths: size of the closing, about the height of a small letter
_LEAST_SIZE = 5  # pixels
_DARKER = 0.92  # relative brightness below which the background differs from an even estimate
_LIGHTER = 0.3  # of the contrast: least distance of a shadow from the darkest stroke
_LATTICE = 4  # least number of points of a lattice along a side of a square that is searched for
_ROUNDING = 1e-3  # grey levels
_MIN_AREA = 0.01  # of the picture: least area of such a difference
_DETAIL = 640  # pixels: longest side of the copy in which narrow shadows are found
_DARK = 0.12  # relative darkness of a narrow shadow, at least
_INK = 0.22  # relative darkness of strokes, at least
_CLEAR = 0.4  # of a narrow shadow: least area without strokes
_TONE = 0.7  # of the darkness of the darkest strokes: that of a narrow shadow, at most
_NARROW_SIZE = 1.5  # stroke widths: size of the closing that keeps narrow shadows
_THICKER = 0.75  # of that size: distance from the edge in the middle of a shadow, at least
_SOFT_EDGE = 2  # pixels
_CROSSED = 0.02  # of a narrow shadow: least area of strokes across it


def closing_size(small: NDArray[np.uint8], paper: NDArray[np.float32] | np.float32) -> int | None:
    """Return the size of a closing that follows the background of a dark-on-light picture, if a smooth estimate fails.

    Parameters
    ----------
    small : ndarray of uint8, shape (height, width)
    paper : ndarray of float32, shape (height, width), or float
        Smooth estimate of the brightness of the paper.

    Returns
    -------
    int or None
        A few stroke widths, in pixels. None if nothing but strokes is darker than the smooth estimate, or the picture
        is too small for strokes and shadows to be distinguished.
    """
    if min(small.shape) < _MIN_SIDE:
        return None
    greatest = max(_LEAST_SIZE, round(_MAX_SIZE * min(small.shape)))
    if not may_hold_square(small[None], np.array([_DARKER * float(np.max(paper)) + _ROUNDING]), greatest)[0]:
        return None
    closed = _close(small, greatest)
    darker = ndimage.binary_erosion(closed < np.float32(_DARKER) * paper, EIGHT_CONNECTED)
    if np.count_nonzero(darker) <= _MIN_AREA * small.size or not _has_shadow(small):
        return None
    dark = (closed - small).astype(np.float32)
    strokes = np.pad(dark > Histogram.of(dark).otsu(), 1)
    across = np.count_nonzero(strokes[:, 1:] != strokes[:, :-1])
    down = np.count_nonzero(strokes[1:] != strokes[:-1])
    width = 2 * np.count_nonzero(strokes) / max(float(np.hypot(across, down)), 1.0)
    return int(np.clip(round(_SIZE * width), _LEAST_SIZE, greatest))


def local_paper(grey: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Return the brightness of the surface under the strokes of a dark-on-light picture, edges of shadows included.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    size : int
        Side of the square of the closing in pixels, above the width of the strokes.

    Returns
    -------
    ndarray of float32, shape (height, width)
        At least 1.
    """
    closed = _close(ndimage.uniform_filter(grey, 3, mode="nearest"), size).astype(np.float32)
    return np.maximum(closed, np.float32(1), out=closed)


def add_narrow_shadows(
    grey: NDArray[np.uint8], paper: NDArray[np.float32] | np.float32
) -> NDArray[np.float32] | np.float32:
    """Return the brightness of the paper of a dark-on-light picture, narrow shadows and stains included.

    They are no wider than letters, so that an estimate without letters lacks them as well. They are several strokes
    wide, and not as dark as strokes.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    paper : ndarray of float32, shape (height, width), or float
        Brightness of the paper without them.

    Returns
    -------
    ndarray of float32, shape (height, width), or float
        `paper` itself if there are none.
    """
    factor = -(-max(grey.shape) // _DETAIL)
    found = _find_narrow_shadows(
        _reduced(grey, factor), paper if isinstance(paper, np.floating) else _reduced(paper, factor)
    )
    if found is None:
        return paper
    shadow, size = found
    height, width = grey.shape
    shadow = shadow.repeat(factor, axis=0).repeat(factor, axis=1)[:height, :width]
    return np.asarray(np.where(shadow, np.minimum(local_paper(grey, size * factor), paper), paper), dtype=np.float32)


def _find_narrow_shadows(
    grey: NDArray[np.uint8], paper: NDArray[np.float32] | np.float32
) -> tuple[NDArray[np.bool_], int] | None:
    """Return the pixels of narrow shadows, and the size of a closing that removes strokes from them."""
    darkness = np.asarray(np.float32(1) - grey / paper, dtype=np.float32)
    inside = _distance(darkness > _DARK)
    smooth = ndimage.gaussian_filter(darkness, 1.0, mode="nearest")  # strokes of a pencil are grainy
    ink = smooth[smooth > _INK]
    if not ink.size:
        return None
    stroke_tone = _TONE * float(np.quantile(ink, 0.95))
    of_strokes = _distance(smooth >= stroke_tone)
    radius = float(np.quantile(of_strokes[_ridges(of_strokes)], 0.8))
    size = 2 + round(_NARROW_SIZE * 2 * radius)
    if inside.max() <= _THICKER * size:
        return None
    local = np.float32(1) - local_paper(grey, size) / paper
    core = _distance((local > _DARK) & (local < stroke_tone)) > size / 2
    even = np.count_nonzero(np.abs(darkness - local)[core] < _EVEN)  # few between the soft edges of strokes
    if even <= max(_MIN_AREA * core.size, _CLEAR * np.count_nonzero(core)):
        return None
    shadow: NDArray[np.bool_] = _distance(~core) <= size / 2 + _SOFT_EDGE
    shadow = _with_strokes(shadow, smooth >= stroke_tone)
    return (shadow, size) if shadow.any() else None


def _with_strokes(shadow: NDArray[np.bool_], strokes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the parts of a mask that strokes cross or that reach the frame: others may be strokes in a paler ink."""
    labels, _ = ndimage.label(shadow, EIGHT_CONNECTED)
    crossed = np.bincount(labels.ravel(), strokes.ravel()) > _CROSSED * np.bincount(labels.ravel())
    at_frame = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    crossed[at_frame] = True
    crossed[0] = False
    kept: NDArray[np.bool_] = crossed[labels]
    return kept


def _ridges(distance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the pixels that are as far from the edge as any of their neighbours: the middle lines of strokes."""
    ridges: NDArray[np.bool_] = (distance > 0) & (distance == ndimage.maximum_filter(distance, 3))
    return ridges


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance of pixels to the nearest one outside of a mask, which continues beyond the frame."""
    return np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1])


def without_shadows(small: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Return how much lighter or darker pixels are than their surroundings, if a shadow lies on the picture.

    The surroundings are a median, which follows the edges of shadows and treats dark and light strokes alike.

    Parameters
    ----------
    small : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray, shape (height, width)
        Of float32, 0 for the background. A picture without shadows is returned as it is.
    """
    if min(small.shape) < _MIN_SIDE or not (_has_shadow(small) and _has_shadow(~small)):
        return small
    thumbnail = _thumbnail(small)
    size = max(3, round(_MAX_SIZE * min(thumbnail.shape)) | 1)
    median = ndimage.median_filter(thumbnail, size, mode="nearest")
    shape = (small.shape[1], small.shape[0])
    background = np.asarray(Image.fromarray(median).resize(shape, Image.Resampling.BILINEAR), dtype=np.float32)
    return np.asarray(small - background, dtype=np.float32)


def have_shadows(greys: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pictures have shadows that `without_shadows` removes.

    Only those in which both dark and light parts hold a large square can have any.

    Parameters
    ----------
    greys : ndarray of uint8, shape (n, height, width)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if min(greys.shape[1:]) < _MIN_SIDE:
        return np.zeros(len(greys), np.bool_)
    tones: Tones = greys
    if max(greys.shape[1:]) > _THUMBNAIL:
        tones = _thumbnails(greys)
    size = max(3, round(_MAX_SIZE * min(tones.shape[1:])))
    darkest, lightest = (greys.min(axis=(1, 2)), greys.max(axis=(1, 2)))
    even = _EVEN * (lightest.astype(np.float64) - darkest) - _ROUNDING
    negative: Tones = np.subtract(255, tones, dtype=tones.dtype)
    found = may_hold_square(tones, lightest - even, size) & may_hold_square(negative, 255.0 - darkest - even, size)
    for index in np.flatnonzero(found):
        grey = greys[index]
        found[index] = without_shadows(grey) is not grey
    return found


def need_closing(greys: NDArray[np.uint8], paper: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return for which dark-on-light pictures on paper of one brightness `closing_size` returns a size.

    Parameters
    ----------
    greys : ndarray of uint8, shape (n, height, width)
    paper : ndarray of float64, shape (n,)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if min(greys.shape[1:]) < _MIN_SIDE:
        return np.zeros(len(greys), np.bool_)
    greatest = max(_LEAST_SIZE, round(_MAX_SIZE * min(greys.shape[1:])))
    found = may_hold_square(greys, _DARKER * paper + _ROUNDING, greatest)
    for index in np.flatnonzero(found):
        found[index] = closing_size(greys[index], np.float32(paper[index])) is not None
    return found


def may_hold_square(tones: Tones, below: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    """Return which pictures may hold a square that is dark everywhere; it may continue beyond the frame.

    Only points of a lattice are examined, of which such a square contains several in each row and column.

    Parameters
    ----------
    tones : ndarray of uint8 or float32, shape (n, height, width)
    below : ndarray of float64, shape (n,)
        Brightness below which a pixel is dark.
    size : int
        Side of the square in pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    step = max(1, size // _LATTICE)
    reach = size // step
    dark: NDArray[np.bool_] = np.asarray(_lattice(tones, step) < below[:, None, None])
    for side in (1, 2):
        first, inside, last = (_part(dark, side, where) for where in (slice(1), slice(1, -1), slice(-1, None)))
        n_runs = max(0, inside.shape[side] - reach + 1)
        runs = _part(inside, side, slice(n_runs))
        for at in range(1, reach):
            runs = runs & _part(inside, side, slice(at, at + n_runs))
        dark = np.concatenate([first, runs, last], axis=side)  # a point on the edge stands for all beyond it
    return np.asarray(dark.any(axis=(1, 2)))


def _lattice(tones: Tones, step: int) -> Tones:
    """Return every n-th pixel, and the darker of the two outermost pixels of each edge."""
    for side in (1, 2):
        length = tones.shape[side]
        first, second, inside, last_but_one, last = (
            _part(tones, side, where)
            for where in (slice(1), slice(1, 2), slice(step, length - 1, step), slice(-2, -1), slice(-1, None))
        )
        tones = np.concatenate([np.minimum(first, second), inside, np.minimum(last_but_one, last)], axis=side)
    return tones


def _part(stack: NDArray[Any], side: int, where: slice) -> NDArray[Any]:
    """Return a part of a stack of pictures along one side."""
    return stack[:, where] if side == 1 else stack[:, :, where]


def _thumbnail(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a copy of few pixels."""
    return _reduced(small.astype(np.float32), -(-max(small.shape) // _THUMBNAIL))


def _thumbnails(greys: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return copies of few pixels of pictures of one size, each as `_thumbnail` does."""
    factor = -(-max(greys.shape[1:]) // _THUMBNAIL)
    if greys.shape[1] % factor or greys.shape[2] % factor:
        return np.stack([_thumbnail(grey) for grey in greys])
    total = np.zeros((len(greys), greys.shape[1] // factor, greys.shape[2] // factor), np.uint16)
    for row in range(factor):
        for column in range(factor):
            total += greys[:, row::factor, column::factor]
    means: NDArray[np.float32] = (total * (1 / factor**2)).astype(np.float32)
    return means


def _reduced(tones: NDArray[Level], factor: int) -> NDArray[Level]:
    """Average square blocks of pixels."""
    return tones if factor == 1 else np.asarray(Image.fromarray(tones).reduce(factor))


def _has_shadow(small: NDArray[np.uint8]) -> bool:
    """Return whether some background of a dark-on-light picture is between the tones of paper and of strokes."""
    tones = _thumbnail(small)
    size = max(3, round(_MAX_SIZE * min(tones.shape)))
    darkest, lightest = float(small.min()), float(small.max())
    contrast = lightest - darkest
    if not may_hold_square(tones[None], np.array([lightest - _EVEN * contrast + _ROUNDING]), size)[0]:
        return False
    background = ndimage.grey_opening(_close(tones, size), (size, size), mode="nearest")
    between = (background < lightest - _EVEN * contrast) & (background > darkest + _LIGHTER * contrast)
    between &= np.abs(tones - background) < _EVEN * contrast  # not the soft edges of strokes, widened by the closing
    return bool(np.count_nonzero(ndimage.binary_erosion(between, EIGHT_CONNECTED)) > _MIN_AREA * between.size)


def _close(tones: NDArray[Level], size: int) -> NDArray[Level]:
    """Return the grey closing by a square: dark parts that hold no such square disappear.

    The picture continues beyond its frame, without the ends of strokes that reach it: shadows along the frame stay,
    however thin they are.
    """
    around = np.pad(tones, size, mode="edge")
    for side in (around, around[::-1], around.T, around[:, ::-1].T):
        outermost = side[size : size + 2].min(axis=0, keepdims=True)  # of two, since the first may be a soft edge
        side[: size + 1] = ndimage.grey_closing(outermost, (1, size), mode="nearest")
    closed = ndimage.grey_closing(around, (size, size), mode="nearest")
    return np.asarray(closed[size:-size, size:-size])
