"""Statistics of pixels: histograms with Otsu's threshold, and a wide Gaussian mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_N_BINS = 256
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
    return _resize(mean, height, width, Image.Resampling.BILINEAR)


def _resize(pixels: NDArray[np.float32], height: int, width: int, resample: Image.Resampling) -> NDArray[np.float32]:
    """Resample a picture; one of the right size is returned as it is."""
    if pixels.shape == (height, width):
        return pixels
    return np.array(Image.fromarray(pixels).resize((width, height), resample))
