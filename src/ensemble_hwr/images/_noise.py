"""Grain of the paper: its strength, its removal, and whether there is anything but grain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.images._histogram import Histogram, Histograms, smooth

_MIN_SIDE = 24  # pixels: smaller pictures have strokes as fine as grain
_CLEAR_RANGE = 40.0  # standard deviations of the grain: range of tones from which on grain does no harm
_CLEAR = 8.0  # standard deviations of the grain between ink and paper: likewise
_SMOOTH = 9.0  # likewise, after smoothing
_MEDIAN_TO_DEVIATION = 1.4826 / 6  # of second differences across and down of independent normal noise
_TOLERANCE = 1e-9  # of rounding
_N_TILES, _TILE = 16, 256  # squares of a large picture that are measured, and their sides in pixels
_ROUNDING = 0.5  # grey levels: noise of pixels that were rounded
_ROUNDED_TO_ONE = 0.75  # grey levels: standard deviation of noise of which half is rounded to one level
_SMALL_CONTRAST = 0.25  # of the range of tones: contrast below which the threshold may separate grain
_MORE = 1.3  # greatest ratio of the contrasts after and before a slight blur, if there is ink
_BLURS = (1.0, 2.0)  # pixels: standard deviations of the Gaussians that remove grain, the weakest first

# a histogram is that of grain alone if it has one peak and no tail; for normal noise the values are 0.64 and 2.9
_ONE_PEAK = 0.76  # share of the variance that Otsu's threshold explains
_ONE_PEAK_OF_FEW_LEVELS = 0.86  # likewise, where rounding leaves few levels
_FEW_LEVELS = 2.0  # grey levels: standard deviation of such noise
_NO_TAIL = 5.2  # robust standard deviations from the median to the darkest pixels
_SHORT_TAIL = 8.0  # likewise, where dark and light are symmetric as well; of letters it is above 20
_TAIL = 0.998  # share of the pixels that are not among the darkest
_NEIGHBOURHOOD = 21  # pixels: least side of the square whose median is the background of a pixel
_OUTER = 0.01  # share of the pixels in either tail
_SYMMETRIC = 1.4  # greatest ratio of the dark tail to the light tail of grain; blurred grain is below 1.37
_ALMOST_SYMMETRIC = 1.7  # likewise, where the histogram is almost that of grain; of letters it is above 9


def without_grain(grey: NDArray[np.uint8], *, compressed: bool = False) -> NDArray[np.uint8] | None:
    """Smooth a picture whose ink differs little from the grain of its paper, as faint pencil does.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    compressed : bool, default=False
        Whether to look for grain that compression has spread over several pixels, too.

    Returns
    -------
    ndarray of uint8, shape (height, width), or None
        None if the grain is weak.
    """
    if min(grey.shape) < _MIN_SIDE:
        return None
    if _is_clear(grey, grain(grey)) and not (compressed and _has_wide_grain(grey)):
        return None
    smoothed = grey
    for blur in _BLURS:
        smoothed = _blurred(grey, blur)
        if _contrast(smoothed) >= _SMOOTH * grain(smoothed, round(2 * blur)):
            break
    return smoothed


def are_clear(greys: NDArray[np.uint8], tones: Histograms) -> NDArray[np.bool_]:
    """Return in which pictures the grain is weak, so that `without_grain` leaves them as they are.

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
        return np.ones(len(greys), np.bool_)
    contrast = np.ptp(greys, axis=(1, 2))
    # the median is below a limit if more than half of the differences are
    limit = contrast / (_CLEAR_RANGE * _MEDIAN_TO_DEVIATION) - _TOLERANCE
    differences = _second_differences(greys, 1).reshape(len(greys), -1)
    n_weak = np.count_nonzero(differences <= limit.astype(np.int16)[:, None], axis=1)
    clear: NDArray[np.bool_] = (contrast >= _CLEAR_RANGE * _ROUNDING) & (2 * n_weak > differences.shape[1])
    others = np.flatnonzero(~clear)
    if len(others):
        distance = tones.above(tones.otsu).quantile(0.5) - tones.below(tones.otsu).quantile(0.5)
        noise = np.maximum(_ROUNDING, _MEDIAN_TO_DEVIATION * np.median(differences[others], axis=1))
        clear[others] = distance[others] >= _CLEAR * noise
    for index in np.flatnonzero(~clear):
        clear[index] = _is_clear(greys[index], grain(greys[index]))
    return clear


def grain(grey: NDArray[np.uint8], lag: int = 1) -> float:
    """Estimate the standard deviation of the noise from second differences of near pixels.

    The median absolute difference counts, taken across and down, so that strokes and their edges do not.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    lag : int, default=1
        Distance of the pixels.

    Returns
    -------
    float
        Grey levels; at least 0.5, the rounding of pixels.
    """
    if min(grey.shape) <= 2 * lag:
        return _ROUNDING
    return max(_ROUNDING, _MEDIAN_TO_DEVIATION * float(np.median(_second_differences(grey, lag))))


def _second_differences(greys: NDArray[np.uint8], lag: int) -> NDArray[np.int16]:
    """Return the absolute second differences, down and across, of a picture or a stack of pictures."""
    signed = greys.astype(np.int16)
    down = signed[..., 2 * lag :, :] - 2 * signed[..., lag:-lag, :] + signed[..., : -2 * lag, :]
    both = down[..., 2 * lag :] - 2 * down[..., lag:-lag] + down[..., : -2 * lag]
    absolute: NDArray[np.int16] = np.abs(both, out=both)
    return absolute


def contrast_to_grain(grey: NDArray[np.uint8]) -> float:
    """Estimate how far ink and paper differ, relative to the grain of the paper.

    A large picture is measured in a few squares that are spread over it.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    float
        About 5 for faint pencil on coarse paper; infinite for pictures below 24 pixels, whose strokes are as fine as
        grain.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import contrast_to_grain
    >>> page = np.full((40, 40), 200, dtype=np.uint8)
    >>> page[10:30, 19:22] = 30
    >>> contrast_to_grain(page)  # relative to the rounding of pixels, 0.5
    340.0
    """
    if min(grey.shape) < _MIN_SIDE:
        return float("inf")
    tiles = [grey] if grey.size <= _N_TILES * _TILE**2 else list(_tiles(grey))
    return max(map(_contrast, tiles)) / float(np.median([grain(tile) for tile in tiles]))


def _tiles(grey: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Yield squares that are spread evenly over a picture."""
    height, width = grey.shape
    across = int(np.clip(round((_N_TILES * width / height) ** 0.5), 1, _N_TILES))
    down = max(1, _N_TILES // across)
    for top in np.linspace(0, max(0, height - _TILE), down).astype(int):
        for left in np.linspace(0, max(0, width - _TILE), across).astype(int):
            yield grey[top : top + _TILE, left : left + _TILE]


def is_blank(histogram: Histogram, level: float, small: NDArray[np.uint8], size: int | None) -> bool:
    """Return whether a picture is paper without writing.

    The tones of grain are distributed like normal noise, however strong the grain is and whether or not it is blurred.
    Writing adds a second peak, or a tail of dark pixels. Few coarse grains may do so as well; light ones do it as often
    as dark ones.

    Parameters
    ----------
    histogram : Histogram
        Of the darkness of pixels.
    level : float
        One grey level, in the units of the histogram.
    small, size : ndarray of uint8 and int or None
        As for `is_symmetric`.

    Returns
    -------
    bool
    """
    tail = histogram.quantile(_TAIL) - histogram.quantile(0.5)
    deviation = max(histogram.deviation(), _ROUNDED_TO_ONE * level)
    one_peak = _ONE_PEAK if deviation > _FEW_LEVELS * level else _ONE_PEAK_OF_FEW_LEVELS
    explained = histogram.explained(histogram.otsu())
    if tail >= _SHORT_TAIL * deviation or explained >= one_peak:
        return False
    if tail < _NO_TAIL * deviation:
        return True
    # bold letters have tones as symmetric as grain, but many levels
    return deviation <= _FEW_LEVELS * level and is_symmetric(small, size or 0, _ALMOST_SYMMETRIC)


def may_be_blank(histograms: Histograms, level: float) -> NDArray[np.bool_]:
    """Return for which histograms of darkness `is_blank` may be true.

    Parameters
    ----------
    histograms : Histograms
    level : float
        One grey level, in the units of the histograms.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    tail = histograms.quantile(_TAIL) - histograms.quantile(0.5)
    deviation = np.maximum(histograms.deviation(), _ROUNDED_TO_ONE * level)
    found: NDArray[np.bool_] = tail < _SHORT_TAIL * deviation
    some = np.flatnonzero(found)
    if len(some):
        one_peak = np.where(deviation > _FEW_LEVELS * level, _ONE_PEAK, _ONE_PEAK_OF_FEW_LEVELS)
        found[some] = (histograms.explained(histograms.otsu) < one_peak)[some]
    return found


def is_symmetric(small: NDArray[np.uint8], size: int, ratio: float = _SYMMETRIC) -> bool:
    """Return whether dark pixels differ from their background as little as light ones, so that both are grain.

    Parameters
    ----------
    small : ndarray of uint8, shape (height, width)
        Smoothed picture, of a few hundred pixels a side.
    size : int
        Side of a square in pixels, a few stroke widths.
    ratio : float, default=1.4
        Greatest ratio of the dark tail to the light tail.

    Returns
    -------
    bool
    """
    background = ndimage.median_filter(small, max(_NEIGHBOURHOOD, size), mode="nearest")
    histogram = Histogram.of(background.astype(np.float32) - small)
    middle = histogram.quantile(0.5)
    dark, light = histogram.quantile(1 - _OUTER) - middle, middle - histogram.quantile(_OUTER)
    return bool(dark < ratio * light)


def _is_clear(grey: NDArray[np.uint8], noise: float) -> bool:
    """Return whether ink and paper differ by far more than the noise."""
    return bool(np.ptp(grey) >= _CLEAR_RANGE * noise) or _contrast(grey) >= _CLEAR * noise


def _has_wide_grain(grey: NDArray[np.uint8]) -> bool:
    """Return whether the threshold separates grain: a slight blur then makes dark and light pixels differ more.

    Second differences of near pixels do not show such grain.
    """
    contrast = _distance(Histogram.of(grey))
    if contrast >= _SMALL_CONTRAST * np.ptp(grey):
        return False
    return _distance(Histogram.of(_blurred(grey, _BLURS[0]))) > _MORE * contrast


def _blurred(grey: NDArray[np.uint8], blur: float) -> NDArray[np.uint8]:
    """Return a picture smoothed by a Gaussian."""
    smoothed: NDArray[np.float32] = ndimage.gaussian_filter(grey.astype(np.float32), blur, mode="nearest")
    return np.rint(smoothed).astype(np.uint8)


def _contrast(grey: NDArray[np.uint8]) -> float:
    """Return the difference between dark and light pixels, in grey levels; under uneven light, from near pixels."""
    tones = grey.astype(np.float32)
    return max(_distance(Histogram.of(grey)), _distance(Histogram.of(tones - smooth(tones))))


def _distance(histogram: Histogram) -> float:
    """Return the difference between the medians of the dark and of the light tones."""
    threshold = histogram.otsu()
    return histogram.above(threshold).quantile(0.5) - histogram.below(threshold).quantile(0.5)
