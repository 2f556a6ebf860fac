"""Statistics of pixel values from one histogram."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_BINS = 256


@dataclass(frozen=True)
class Histogram:
    """Counts of pixel values in equal steps.

    Attributes
    ----------
    counts : ndarray of float64
        How many pixels lie on each step.
    values : ndarray of float64
        Value of each step, ascending.
    """

    counts: NDArray[np.float64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8] | NDArray[np.float32]) -> Self:
        """Count pixels, bytes as they are and floats in 256 steps from least to most."""
        if pixels.dtype == np.uint8:
            counts = np.bincount(pixels.ravel(), minlength=_BINS)
            return cls(counts.astype(np.float64), np.arange(_BINS, dtype=np.float64))
        least, most = float(pixels.min()), float(pixels.max())
        step = (most - least) / (_BINS - 1) or 1.0
        steps = np.rint((pixels - np.float32(least)) * np.float32(1 / step)).astype(np.uint8)
        counts = np.bincount(steps.ravel(), minlength=_BINS)
        return cls(counts.astype(np.float64), least + step * np.arange(_BINS, dtype=np.float64))

    def otsu(self) -> float:
        """Value that best divides the pixels in two (Otsu 1979); the middle of the gap where there is one."""
        weight = np.cumsum(self.counts)[:-1]
        moment = np.cumsum(self.counts * self.values)
        rest = self.counts.sum() - weight
        parts = np.maximum(weight * rest, 1e-9)
        between = (moment[-1] * weight / self.counts.sum() - moment[:-1]) ** 2 / parts
        best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
        return float(self.values[best[0]] + self.values[best[-1] + 1]) / 2

    def above(self, threshold: float) -> "Histogram":
        """Pixels above a value."""
        keep = self.values > threshold
        return Histogram(self.counts[keep], self.values[keep])

    def below(self, threshold: float) -> "Histogram":
        """Pixels not above a value."""
        keep = self.values <= threshold
        return Histogram(self.counts[keep], self.values[keep])

    def quantile(self, share: float) -> float:
        """Least value that `share` of the pixels do not exceed."""
        cumulative = np.cumsum(self.counts)
        return float(self.values[np.searchsorted(cumulative, share * cumulative[-1])])

    def deviation(self) -> float:
        """Estimate the standard deviation from the median absolute deviation, which is blind to outliers."""
        distance = np.abs(self.values - self.quantile(0.5))
        order = np.argsort(distance)
        cumulative = np.cumsum(self.counts[order])
        return 1.4826 * float(distance[order][np.searchsorted(cumulative, 0.5 * cumulative[-1])])
