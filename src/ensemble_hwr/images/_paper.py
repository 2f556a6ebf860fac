"""Paper of a picture: its polarity (dark or light), and its brightness at every pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED
from ensemble_hwr.images._histogram import Histogram, Histograms, smooth, smooth_all

_FLAT_WITHIN = 2  # grey levels around the median
_N_REFINEMENTS = 3
_CLEAR_FRAME, _CLEAR_AREA = 0.6, 0.3  # least differences between the shares of light and dark that decide the polarity


def dark_is_ink(grey: NDArray[np.uint8] | NDArray[np.float32]) -> bool:
    """Detect the polarity of a picture: whether its dark pixels are the ink.

    Slow changes of brightness are removed, and the rest is split into dark and light by Otsu's threshold. Paper has
    most of the frame and most of the area. Where these two disagree or are not clear, as for bold letters cropped
    tightly, two more measures decide: paper has the thicker parts and more connected components. Every measure changes
    its sign when the picture is inverted, so no polarity is preferred.

    Parameters
    ----------
    grey : ndarray of uint8 or float32, shape (height, width)

    Returns
    -------
    bool
    """
    light = _light_part(grey)
    frame = np.concatenate([light[0], light[-1], light[1:-1, 0], light[1:-1, -1]])
    frame_vote = 2 * float(frame.mean()) - 1
    area_vote = 2 * float(light.mean()) - 1
    if abs(frame_vote) > _CLEAR_FRAME and abs(area_vote) > _CLEAR_AREA and frame_vote * area_vote > 0:
        return frame_vote > 0
    # weights rounded from a logistic regression on letters of known polarity
    score = frame_vote + 2 * _balance(_thickness(light), _thickness(~light))
    score += _balance(_count_components(light), _count_components(~light))
    return score >= 0


def votes_for_dark_ink(greys: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Detect the polarity of pictures as `dark_is_ink` does, by the frame and the area alone.

    Parameters
    ----------
    greys : ndarray of uint8, shape (n, height, width)

    Returns
    -------
    dark : ndarray of bool, shape (n,)
        Whether the dark pixels are the ink.
    clear : ndarray of bool, shape (n,)
        Where frame and area agree clearly; elsewhere `dark_is_ink` needs its other measures.
    """
    pixels = greys.astype(np.float32)
    local = smooth_all(pixels)
    np.subtract(pixels, local, out=local)
    flattened = local.reshape(len(local), -1)
    least, most = flattened.min(axis=1, keepdims=True), flattened.max(axis=1, keepdims=True)
    threshold = Histograms.of_floats(flattened, least, most).otsu
    light = local > threshold.astype(np.float32)[:, None, None]
    frame = np.concatenate([light[:, 0], light[:, -1], light[:, 1:-1, 0], light[:, 1:-1, -1]], axis=1)
    frame_vote, area_vote = 2 * frame.mean(axis=1) - 1, 2 * light.mean(axis=(1, 2)) - 1
    clear = (np.abs(frame_vote) > _CLEAR_FRAME) & (np.abs(area_vote) > _CLEAR_AREA) & (frame_vote * area_vote > 0)
    return frame_vote > 0, clear


def flat_levels(tones: Histograms) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Detect whether the paper of dark-on-light pictures has one brightness, as `is_flat` does.

    Parameters
    ----------
    tones : Histograms
        Of the pictures' bytes.

    Returns
    -------
    flat : ndarray of bool, shape (n,)
    levels : ndarray of float64, shape (n,)
    """
    paper = tones.above(tones.otsu)
    levels = paper.quantile(0.5)
    near = (paper.counts * (np.abs(paper.values - levels[:, None]) <= _FLAT_WITHIN)).sum(axis=1)
    return near > 0.5 * paper.counts.sum(axis=1), levels


def is_flat(grey: NDArray[np.uint8]) -> tuple[bool, float]:
    """Detect whether the paper of a dark-on-light picture has one brightness.

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


def paper_level(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Estimate the brightness of the paper at every pixel of a dark-on-light picture.

    A plane is fitted to the pixels of paper, without those darker than noise explains. Its residuals are smoothed over
    the same pixels and added, so that the estimate follows broad shadows and vignettes.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)

    Returns
    -------
    ndarray of float32, shape (height, width)
        At least 1.
    """
    pixels = grey.astype(np.float32)
    is_paper = _light_part(grey)
    plane: NDArray[np.float32] = _fit_plane(pixels, is_paper)
    for _ in range(_N_REFINEMENTS):
        rest = pixels - plane
        noise = 1.4826 * float(np.median(np.abs(rest[is_paper] - np.median(rest[is_paper]))))
        is_paper = rest > -2 * max(noise, 1.0)
        plane = _fit_plane(pixels, is_paper)
    paper: NDArray[np.float32] = plane + _smooth_where(pixels - plane, is_paper)
    return np.maximum(paper, np.float32(1), out=paper)


def _light_part(grey: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the pixels that are lighter than their surroundings, by Otsu's threshold."""
    pixels = grey.astype(np.float32)
    local = pixels - smooth(pixels)
    light: NDArray[np.bool_] = local > Histogram.of(local).otsu()
    return light


def _balance(first: float, second: float) -> float:
    """Return the difference of two values relative to their sum, from -1 to 1."""
    total = first + second
    return (first - second) / total if total else 0.0


def _thickness(part: NDArray[np.bool_]) -> float:
    """Return the mean distance of a part's pixels to the other part; the frame repeats outwards."""
    distance = ndimage.distance_transform_cdt(np.pad(part, 1, mode="edge"))
    inside = distance > 0
    return float(distance[inside].mean()) if inside.any() else 0.0


def _count_components(part: NDArray[np.bool_]) -> int:
    """Return the number of 8-connected components."""
    return int(ndimage.label(part, EIGHT_CONNECTED)[1])


def _fit_plane(pixels: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fit a plane to some of the pixels by least squares."""
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
    """Return the Gaussian mean over the selected pixels, at every pixel."""
    weight = where.astype(np.float32)
    share = smooth(weight)
    np.maximum(share, np.float32(1e-3), out=share)
    mean: NDArray[np.float32] = (smooth(values * weight) / share).astype(np.float32, copy=False)
    return mean
