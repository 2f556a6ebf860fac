"""Find and remove straight strips of shadow that cross a picture, such as those of a pen or of a finger.

A strip has two parallel edges, and reaches the frame at both ends. Along every line between its edges no pixel is as
light as paper, while strokes leave some paper free on every line. So direction and edges of a strip are found by the
share of light pixels on parallel lines (a Radon transform), and its darkness is the brightness of the lightest pixels
on each line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.images._containers import reduction

_COARSE, _FINE = 256, 640  # pixels: longest sides of the copies in which a strip is found and measured
_DIRECTIONS = np.deg2rad(np.arange(0.0, 180.0, 1.5))
_TURNS = np.deg2rad(np.arange(-1.6, 1.7, 0.1))  # from the best of these
_LIGHT = 0.88  # of the brightness of paper: that of a pixel that may be paper, at least
_MOST_LIGHT = 0.1  # of the share of light pixels on lines outside of a strip: that on a line within it
_LEAST_WIDTH = 4  # pixels of the coarse copy
_GREATEST_WIDTH = 0.7  # of the lines
_LEAST_LENGTH = 0.5  # of the shorter side: shorter lines cut off a corner
_PAPER = 0.75  # quantile of the brightness on a line that is that of paper: strokes cover less than the rest
_SOFT = 6  # lines on each side of a strip that may be its soft edges
_BLACK = 1e-3  # of the brightness of paper: of a line that a black stroke covers
_DARKEST = 0.3  # of the brightness of paper: darker strips are no shadows


class _Band(NamedTuple):
    """A strip in one of the copies: direction of its normal, in radians, and offsets of its first and last line."""

    direction: float
    first: int
    last: int


def without_strip(grey: NDArray[np.uint8], paper: float) -> NDArray[np.uint8]:
    """Return a dark-on-light picture without the widest strip of shadow that crosses it.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    paper : float
        Brightness of the paper.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        `grey` itself if there is no strip.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images._strips import without_strip
    >>> page = np.full((60, 200), 200, np.uint8)
    >>> page[:, 80:100] = 120
    >>> page[20:40, 50:54] = page[20:40, 90:94] = 30
    >>> np.unique(without_strip(page, 200.0)).tolist()
    [30, 50, 200]
    """
    fine, factor = _reduced(grey, _FINE)
    band = _find_band(fine, _LIGHT * paper)
    if band is None:
        return grey
    offsets = np.arange(band.first - _SOFT, band.last + _SOFT + 1)
    brightness = _brightness_of_lines(fine / paper, band.direction, offsets)
    inside, around = float(np.median(brightness[_SOFT:-_SOFT])), float(brightness[[0, -1]].min())
    if not _DARKEST < inside < _LIGHT * around:
        return grey
    brightness[[0, -1]] = 1.0
    row, column = (factor * (n // 2 + 0.5) - 0.5 for n in fine.shape)
    distance = _distances(grey.shape, band.direction, (row, column))
    relative = np.interp(distance, factor * offsets, brightness).astype(np.float32)
    return np.minimum(np.rint(grey / np.maximum(relative, _BLACK)), 255).astype(np.uint8)


def _find_band(fine: NDArray[np.uint8], least: float) -> _Band | None:
    """Return the widest strip, given the least brightness of pixels that may be paper."""
    coarse = _reduced(fine, _COARSE)[0] >= least
    if not _reaches_frame(coarse):
        return None
    widest = max((_band_along(coarse, direction) for direction in _DIRECTIONS.tolist()), key=_width)
    if widest is None:
        return None
    light = fine >= least
    directions = widest.direction + _TURNS
    sharpness = np.array([_sharpness(light, direction) for direction in directions.tolist()])
    sharpest = sharpness >= sharpness.max() * (1 - 1e-6)  # of a short strip several
    return _band_along(light, float(directions[sharpest].mean()))


def _reaches_frame(light: NDArray[np.bool_]) -> bool:
    """Return whether enough pixels along the frame are dark for a strip that ends there twice."""
    frame = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    return bool(np.count_nonzero(~frame) >= 2 * _LEAST_WIDTH)


def _reduced(tones: NDArray[np.uint8], longest: int) -> tuple[NDArray[np.uint8], int]:
    """Return a copy averaged over square blocks, and the side of these."""
    factor = reduction(tones.shape, longest)
    return (tones, 1) if factor <= 1 else (np.asarray(Image.fromarray(tones).reduce(factor)), factor)


def _distances(
    shape: tuple[int, ...], direction: float, middle: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Return the distance of each pixel from the line of a direction through the middle (row, column) of a picture."""
    down, right = (n // 2 for n in shape) if middle is None else middle
    y = (np.arange(shape[0]) - down) * np.sin(direction)
    x = (np.arange(shape[1]) - right) * np.cos(direction)
    distance: NDArray[np.float32] = np.add(y[:, None], x, dtype=np.float32)
    return distance


def _light_shares(light: NDArray[np.bool_], direction: float) -> tuple[FloatArray, int]:
    """Return the share of light pixels on each long line of a direction, and the offset of the first."""
    lines = np.rint(_distances(light.shape, direction)).astype(np.intp)
    start = int(lines.min())
    lines = (lines - start).ravel()
    n_pixels = np.bincount(lines)
    n_light = np.bincount(lines, light.ravel(), minlength=len(n_pixels))
    long = np.flatnonzero(n_pixels >= _LEAST_LENGTH * min(light.shape))
    if not len(long):
        return np.zeros(0), start
    part = slice(long[0], long[-1] + 1)
    return n_light[part] / np.maximum(n_pixels[part], 1), start + int(long[0])


def _band_along(light: NDArray[np.bool_], direction: float) -> _Band | None:
    """Return the widest strip between lines of a direction, with paper on both sides; None if there is none."""
    share, start = _light_shares(light, direction)
    if len(share) < 3:
        return None
    dark = np.concatenate([[False], share < _MOST_LIGHT * np.quantile(share, 0.8), [False]])
    edges = np.flatnonzero(dark[1:] != dark[:-1]).reshape(-1, 2)  # of each run of dark lines
    inside = edges[(edges[:, 0] > 0) & (edges[:, 1] < len(share))]
    widths = inside[:, 1] - inside[:, 0]
    if not len(widths) or not _LEAST_WIDTH <= widths.max() <= _GREATEST_WIDTH * len(share):
        return None
    first, stop = inside[widths.argmax()] + start
    return _Band(direction, int(first), int(stop) - 1)


def _width(band: _Band | None) -> int:
    """Return the width of a strip, or 0."""
    return 0 if band is None else band.last - band.first + 1


def _sharpness(light: NDArray[np.bool_], direction: float) -> float:
    """Return how much the share of light pixels differs between neighbouring lines of a direction."""
    share = _light_shares(light, direction)[0]
    return float(np.square(np.diff(share)).sum())


def _brightness_of_lines(relative: FloatArray, direction: float, offsets: NDArray[np.intp]) -> FloatArray:
    """Return the brightness of paper on lines of a direction."""
    lines = np.rint(_distances(relative.shape, direction) - offsets[0]).astype(np.intp)
    near = (lines >= 0) & (lines < len(offsets))
    lines, values = lines[near], relative[near]
    order = np.lexsort((values, lines))
    n_pixels = np.bincount(lines, minlength=len(offsets))
    places = np.cumsum(n_pixels) - n_pixels + (_PAPER * np.maximum(n_pixels - 1, 0)).astype(np.intp)
    brightness = np.ones(len(offsets))
    brightness[n_pixels > 0] = values[order][places[n_pixels > 0]]
    return brightness
