"""Statistics of pixels: histograms with Otsu's threshold, and a wide Gaussian mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_N_BINS = 256
_ENLARGE = Image.Resampling.BILINEAR
_THUMBNAIL = 48  # pixels; the mean is so wide that a thumbnail holds all of it


@dataclass(frozen=True)
class Histogram:
    """Counts of pixel values in equal bins.

    Attributes
    ----------
    counts : ndarray of float64, shape (n_bins,)
        Number of pixels per bin.
    values : ndarray of float64, shape (n_bins,)
        Value of each bin, ascending.
    """

    counts: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8] | NDArray[np.float32]) -> Self:
        """Count pixels: one bin per value of bytes, 256 equal bins from the minimum to the maximum of floats."""
        if pixels.dtype == np.uint8:
            counts = np.bincount(pixels.ravel(), minlength=_N_BINS)
            return cls(counts.astype(np.float64), np.arange(_N_BINS, dtype=np.float64))
        least, most = float(pixels.min()), float(pixels.max())
        step = (most - least) / (_N_BINS - 1) or 1.0
        steps = np.rint((pixels - np.float32(least)) * np.float32(1 / step)).astype(np.uint8)
        counts = np.bincount(steps.ravel(), minlength=_N_BINS)
        return cls(counts.astype(np.float64), least + step * np.arange(_N_BINS, dtype=np.float64))

    def otsu(self) -> float:
        """Return Otsu's threshold (1979): it maximizes the variance between the classes; the middle of a gap."""
        weight = np.cumsum(self.counts)[:-1]
        moment = np.cumsum(self.counts * self.values)
        rest = self.counts.sum() - weight
        parts = np.maximum(weight * rest, 1e-9)
        between = (moment[-1] * weight / self.counts.sum() - moment[:-1]) ** 2 / parts
        best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
        return float(self.values[best[0]] + self.values[best[-1] + 1]) / 2

    def explained(self, threshold: float) -> float:
        """Return the share of the variance that lies between the two classes of a threshold, from 0 to 1."""
        total = self.counts.sum()
        mean = float(self.counts @ self.values) / total
        variance = float(self.counts @ (self.values - mean) ** 2) / total
        low = self.below(threshold)
        share = low.counts.sum() / total
        if share in (0, 1) or variance == 0:
            return 0.0
        distance = mean - float(low.counts @ low.values) / low.counts.sum()
        return float(share / (1 - share) * distance**2 / variance)

    def above(self, threshold: float) -> Histogram:
        """Return the histogram of the pixels above a threshold."""
        keep = self.values > threshold
        return Histogram(self.counts[keep], self.values[keep])

    def below(self, threshold: float) -> Histogram:
        """Return the histogram of the pixels not above a threshold."""
        keep = self.values <= threshold
        return Histogram(self.counts[keep], self.values[keep])

    def quantile(self, q: float) -> float:
        """Return the least value that a share `q` of the pixels does not exceed."""
        cumulative = np.cumsum(self.counts)
        return float(self.values[np.searchsorted(cumulative, q * cumulative[-1])])

    def deviation(self) -> float:
        """Estimate the standard deviation robustly, from the median absolute deviation."""
        distance = np.abs(self.values - self.quantile(0.5))
        order = np.argsort(distance)
        cumulative = np.cumsum(self.counts[order])
        return 1.4826 * float(distance[order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])


@dataclass(frozen=True)
class Histograms:
    """Histograms of many pictures, with the methods of `Histogram`; every result is an array with one per picture.

    Attributes
    ----------
    counts : ndarray of float64, shape (n, n_bins)
        Number of pixels per bin.
    values : ndarray of float64, shape (n, n_bins) or (1, n_bins)
        Value of each bin, ascending in equal steps.
    """

    counts: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> Self:
        """Count the bytes of pictures (n, height, width)."""
        return cls(_count(pixels.reshape(len(pixels), -1), None), np.arange(_N_BINS, dtype=np.float64)[None])

    @classmethod
    def of_groups(cls, groups: Sequence[NDArray[np.uint8]]) -> Self:
        """Count the bytes of groups of pictures, each of one size."""
        if len(groups) == 1:
            return cls.of(groups[0])
        sizes = [greys[0].size for greys in groups for _ in greys]
        places = np.concatenate([greys.ravel() for greys in groups]).astype(np.intp)
        places += np.repeat(np.arange(0, _N_BINS * len(sizes), _N_BINS), sizes)
        counts = np.bincount(places, minlength=_N_BINS * len(sizes)).reshape(len(sizes), _N_BINS)
        return cls(counts.astype(np.float64), np.arange(_N_BINS, dtype=np.float64)[None])

    def part(self, pictures: slice) -> Histograms:
        """Return the histograms of some pictures, which share their values."""
        return Histograms(self.counts[pictures], self.values)

    @classmethod
    def of_floats(
        cls,
        pixels: NDArray[np.float32],
        least: NDArray[np.float32],
        most: NDArray[np.float32],
        counts: NDArray[np.float64] | None = None,
    ) -> Self:
        """Count rows of floats in bins as `Histogram.of` does.

        Parameters
        ----------
        pixels : ndarray of float32, shape (n, n_pixels)
        least, most : ndarray of float32, shape (n, 1)
            Extremes of each row.
        counts : ndarray of float64, shape (n, n_pixels), default=None
            How often each pixel counts; those that do not may lie outside of the extremes. None means once.
        """
        step = (most.astype(np.float64) - least) / (_N_BINS - 1)
        np.copyto(step, 1.0, where=step == 0)
        steps = pixels - least
        steps *= (1 / step).astype(np.float32)
        np.rint(steps, out=steps)
        if counts is not None:  # values that do not occur may be outside
            steps.clip(0, _N_BINS - 1, out=steps)
        return cls(_count(steps, counts), least + step * np.arange(_N_BINS, dtype=np.float64))

    @cached_property
    def otsu(self) -> NDArray[np.float64]:
        """Otsu's thresholds."""
        below, total = self._cumulative[:, :-1], self._cumulative[:, -1:]
        moment = (self.counts * self.values).cumsum(axis=1)
        between = moment[:, -1:] * below
        between /= total
        between -= moment[:, :-1]
        between *= between
        between /= np.maximum(below * (total - below), 1e-9)
        best = between >= between.max(axis=1, keepdims=True) * (1 - 1e-9)
        first, last = best.argmax(axis=1), best.shape[1] - best[:, ::-1].argmax(axis=1)
        return (self._value(first) + self._value(last)) / 2

    def explained(self, threshold: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the variance that lies between the two classes of each threshold, from 0 to 1."""
        total = self.counts.sum(axis=1)
        mean = (self.counts * self.values).sum(axis=1) / total
        variance = (self.counts * (self.values - mean[:, None]) ** 2).sum(axis=1) / total
        low = self.below(threshold)
        n_low = low.counts.sum(axis=1)
        share = n_low / total
        is_split = (share > 0) & (share < 1) & (variance > 0)
        distance = mean - (low.counts * low.values).sum(axis=1) / np.maximum(n_low, 1)
        between = share / np.where(is_split, 1 - share, 1) * distance**2
        return np.where(is_split, between / np.where(is_split, variance, 1), 0.0)

    def above(self, threshold: NDArray[np.float64]) -> Histograms:
        """Return the histograms of the pixels above the thresholds."""
        return Histograms(self.counts * (self.values > threshold[:, None]), self.values)

    def below(self, threshold: NDArray[np.float64]) -> Histograms:
        """Return the histograms of the pixels not above the thresholds."""
        return Histograms(self.counts * (self.values <= threshold[:, None]), self.values)

    def quantile(self, q: float) -> NDArray[np.float64]:
        """Return the least values that a share `q` of the pixels of a picture does not exceed."""
        return self._value(self._place(q))

    def deviation(self) -> NDArray[np.float64]:
        """Estimate the standard deviations robustly, from the median absolute deviations."""
        n, n_bins = self.counts.shape
        middle, lags = self._place(0.5)[:, None], np.arange(n_bins)
        rows = n_bins * np.arange(n)[:, None]
        upper, lower = np.minimum(middle + lags, n_bins - 1), np.maximum(middle - lags, 0)
        within = (self._cumulative - self.counts).take(lower + rows)  # the pixels below
        np.subtract(self._cumulative.take(upper + rows), within, out=within)
        lag = (within >= 0.5 * self._cumulative[:, -1:]).argmax(axis=1)
        deviation: NDArray[np.float64] = 1.4826 * lag * (self.values[:, 1] - self.values[:, 0])
        return deviation

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        return self.counts.cumsum(axis=1)

    def _place(self, q: float) -> NDArray[np.intp]:
        """Return the bins of quantiles."""
        places: NDArray[np.intp] = (self._cumulative >= q * self._cumulative[:, -1:]).argmax(axis=1)
        return places

    def _value(self, bins: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the value of one bin per picture."""
        shared = len(self.values) == 1
        values: NDArray[np.float64] = self.values[0].take(bins) if shared else self.values[np.arange(len(bins)), bins]
        return values


def _count(bins: NDArray[np.uint8] | NDArray[np.float32], counts: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Count the bins in each row; `counts` states how often each of them occurs."""
    places = bins.astype(np.intp)
    places += _N_BINS * np.arange(len(bins))[:, None]
    weights = None if counts is None else counts.ravel()
    counted = np.bincount(places.ravel(), weights, minlength=len(bins) * _N_BINS).reshape(len(bins), _N_BINS)
    return np.asarray(counted, dtype=np.float64)


def smooth_all(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth pictures of one size, each as `smooth` does.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)

    Returns
    -------
    ndarray of float32, shape (n, height, width)
    """
    (down, taller), (across, wider) = (_smoothing(side) for side in pictures.shape[1:])
    smoothed: NDArray[np.float32] = np.matmul(np.matmul(down, pictures), across.T)
    if taller is not None:
        smoothed = np.matmul(taller, smoothed)
    return smoothed if wider is None else np.matmul(smoothed, wider.T)


@lru_cache(maxsize=64)
def _smoothing(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the matrix that reduces and smooths along a side, and that which enlarges the result if it is smaller."""
    small = min(side, _THUMBNAIL)
    reduced = _resize(np.eye(side, dtype=np.float32), small, side, Image.Resampling.BOX)
    mean = ndimage.gaussian_filter1d(reduced, small / 4, axis=0, mode="nearest", truncate=2)
    return mean, None if small == side else _resize(np.eye(small, dtype=np.float32), side, small, _ENLARGE)


def smooth(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth a picture with a Gaussian whose standard deviation is a quarter of each side.

    Large pictures are reduced to thumbnails, smoothed, and enlarged again: the mean is too wide to depend on details.

    Parameters
    ----------
    pixels : ndarray of float32, shape (height, width)

    Returns
    -------
    ndarray of float32, shape (height, width)
    """
    height, width = pixels.shape
    small_height, small_width = min(height, _THUMBNAIL), min(width, _THUMBNAIL)
    small = _resize(pixels, small_height, small_width, Image.Resampling.BOX)
    sigma = (small_height / 4, small_width / 4)
    mean = ndimage.gaussian_filter(small, sigma, mode="nearest", truncate=2)
    return _resize(mean, height, width, _ENLARGE)


def _resize(pixels: NDArray[np.float32], height: int, width: int, resample: Image.Resampling) -> NDArray[np.float32]:
    """Resample a picture; one of the right size is returned as it is."""
    if pixels.shape == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), resample))
