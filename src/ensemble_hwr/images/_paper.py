"""How bright the paper is at every pixel."""

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.images._grey import Grey
from ensemble_hwr.images._smooth import smooth
from ensemble_hwr.images._threshold import Histogram

_FLAT_WITHIN = 2  # grey levels
_REFINEMENTS = 3


def is_flat(grey: Grey) -> tuple[bool, float]:
    """Say whether the paper of a dark-on-light picture has one brightness, and which.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    flat : bool
        Whether more than half of the paper lies within two grey levels of its median.
    level : float
        That median.
    """
    histogram = Histogram.of(grey)
    paper = histogram.above(histogram.otsu())
    level = paper.quantile(0.5)
    near = paper.counts[np.abs(paper.values - level) <= _FLAT_WITHIN].sum()
    return bool(near > 0.5 * paper.counts.sum()), level


def paper_level(grey: Grey) -> NDArray[np.float32]:
    """Estimate the brightness of the paper under and around the ink of a dark-on-light picture.

    A plane is fitted to the paper's pixels, those darker than noise explains being left out; what it leaves
    is smoothed over the same pixels and added, so that broad shadows and vignettes are followed.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray of float32, shape (height, width)
        At least 1.
    """
    pixels = grey.astype(np.float32)
    local = pixels - smooth(pixels)
    is_paper = local > Histogram.of(local).otsu()
    plane: NDArray[np.float32] = _fit_plane(pixels, is_paper)
    for _ in range(_REFINEMENTS):
        rest = pixels - plane
        noise = 1.4826 * float(np.median(np.abs(rest[is_paper] - np.median(rest[is_paper]))))
        is_paper = rest > -2 * max(noise, 1.0)
        plane = _fit_plane(pixels, is_paper)
    paper: NDArray[np.float32] = plane + _smooth_where(pixels - plane, is_paper)
    return np.maximum(paper, np.float32(1), out=paper)


def _fit_plane(pixels: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Least-squares plane through some of the pixels."""
    height, width = pixels.shape
    y, x = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    rows, columns = np.nonzero(where)
    terms = np.column_stack([np.ones(rows.size), y[rows], x[columns]])
    # the tiny ridge keeps the slope at 0 where the pixels do not determine it
    normal = terms.T @ terms + 1e-3 * np.diag([0, 1, 1])
    level, down, across = np.linalg.lstsq(normal, terms.T @ pixels[where], rcond=None)[0]
    plane: NDArray[np.float32] = np.add.outer(level + down * y, across * x).astype(np.float32)
    return plane


def _smooth_where(values: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Gaussian mean over the pixels that count, also for those that do not."""
    weight = where.astype(np.float32)
    share = smooth(weight)
    np.maximum(share, np.float32(1e-3), out=share)
    mean: NDArray[np.float32] = (smooth(values * weight) / share).astype(np.float32, copy=False)
    return mean
