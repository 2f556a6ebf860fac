"""Level ink into lines."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.segmentation._cuts import bottoms
from ensemble_hwr.segmentation._parts import Labels, Scale, measure_parts

_BLUR = 0.25  # letter heights: the profile is smoothed so far
_DEPTH = 0.8  # the profile falls to less than exp(-0.8), 45 %, between two lines
_FAINTEST = 0.004  # of the profile's greatest value: less is as good as nothing
_NEAREST = 0.9  # letter heights between the middles of two lines
_SHARE = 0.2  # of a part's ink: less in a second line is the end of a long stroke and stays with the rest


def line_map(labels: Labels, scale: Scale) -> Labels:
    """Give every part of level ink to a line.

    Rows of ink are counted and smoothed; lines are the hills of the profile, divided at the lowest rows between them.
    A part goes to the line that holds most of it; one that has much ink in several, because letters of two lines
    touch, is divided.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Connected parts, numbered from 1.
    scale : Scale

    Returns
    -------
    ndarray of int32, shape (height, width)
        Line of each pixel from 1, from top to bottom; 0 on paper.
    """
    profile = np.count_nonzero(labels, axis=1).astype(np.float64)
    borders = _borders(ndimage.gaussian_filter1d(profile, _BLUR * scale.letter, mode="constant"), scale)
    band = np.searchsorted(borders, np.arange(len(labels)), side="right") + 1
    lines = np.where(labels > 0, band[:, None], 0).astype(np.int32)
    parts = measure_parts(labels)
    for part in np.flatnonzero(band[parts.top] != band[parts.bottom - 1]).tolist():
        window = (slice(parts.top[part], parts.bottom[part]), slice(parts.left[part], parts.right[part]))
        mine = labels[window] == part + 1
        rows = np.bincount(band[window[0]], weights=mine.sum(axis=1), minlength=len(borders) + 2)
        rows[rows < _SHARE * rows.sum()] = 0
        present = np.flatnonzero(rows)
        nearest = present[np.abs(present - np.arange(len(rows))[:, None]).argmin(axis=1)]
        lines[window][mine] = nearest[lines[window][mine]]
    used = np.unique(lines[lines > 0])
    number = np.zeros(len(borders) + 2, np.int32)
    number[used] = np.arange(1, len(used) + 1)
    numbered: Labels = number[lines]
    return numbered


def _borders(profile: NDArray[np.float64], scale: Scale) -> NDArray[np.intp]:
    """Rows where one line ends and the next begins."""
    height = np.log(profile + _FAINTEST * profile.max())
    peaks = bottoms((-height).tolist(), _DEPTH)
    kept: list[int] = []
    for peak in sorted(peaks, key=lambda row: -profile[row]):
        if all(abs(peak - other) >= _NEAREST * scale.letter for other in kept):
            kept.append(peak)
    kept.sort()
    borders = []
    for upper, lower in pairwise(kept):
        between = profile[upper:lower]
        lowest = np.flatnonzero(between <= between.min() + 1e-9)
        borders.append(upper + int(lowest[len(lowest) // 2]))
    return np.array(borders, dtype=np.intp)
