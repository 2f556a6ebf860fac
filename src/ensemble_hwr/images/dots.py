"""Dotted paper: small components of one size at regular distances, found and removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink

_LARGEST = 0.1  # of the shorter side of the picture: greatest size of a dot
_ALIKE = 0.5  # of the usual size of the dots, beyond one pixel: greatest difference
_ROUND = 0.45  # of its bounding box: least area of a dot
_MIN_DOTS = 12
_REGULAR = 0.15  # of the usual distance of the nearest dot: greatest difference
_MOST = 0.7  # of the dots: least share whose nearest dot is at the usual distance


def remove_dots(ink: Ink) -> Ink:
    """Remove the dots of dotted paper; dots that touch writing stay a part of it.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1.

    Returns
    -------
    ndarray of float32, shape (height, width)
        The same array if there are no dots at regular distances.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.dots import remove_dots
    >>> ink = np.zeros((100, 120), np.float32)
    >>> ink[10::20, 10::20] = ink[30:60, 45:48] = 1.0
    >>> cleaned = remove_dots(ink)
    >>> float(cleaned[10, 10]), float(cleaned[40, 46])
    (0.0, 1.0)
    """
    mask = ink > INK_THRESHOLD
    labels, count = ndimage.label(mask, EIGHT_CONNECTED)
    if count < _MIN_DOTS:
        return ink
    dots = _dots(labels)
    if np.count_nonzero(dots) < _MIN_DOTS or not _is_regular(labels, dots):
        return ink
    pixels = np.concatenate([[False], dots])[labels]
    soft = ndimage.binary_dilation(pixels, EIGHT_CONNECTED) & ~mask
    return np.where(pixels | soft, np.float32(0), ink)


def _dots(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which components are small, round and of the usual size of such components."""
    sizes = np.array([[edge.stop - edge.start for edge in window] for window in ndimage.find_objects(labels)])
    area = np.bincount(labels.ravel(), minlength=len(sizes) + 1)[1:]
    longer, shorter = sizes.max(axis=1), sizes.min(axis=1)
    small = (longer <= max(3.0, _LARGEST * min(labels.shape))) & (longer <= 2 * shorter)
    small &= area >= _ROUND * longer * shorter
    usual = float(np.median(longer[small])) if small.any() else 0.0
    return np.asarray(small & (np.abs(longer - usual) <= _ALIKE * usual + 1), dtype=np.bool_)


def _is_regular(labels: NDArray[np.int32], dots: NDArray[np.bool_]) -> bool:
    """Return whether the two nearest neighbours of most components are at one distance."""
    from scipy.spatial import cKDTree

    places = np.array(ndimage.center_of_mass(labels > 0, labels, np.flatnonzero(dots) + 1))
    distances = cKDTree(places).query(places, k=3)[0][:, 1:]
    usual = float(np.median(distances[:, 0]))
    near = np.abs(distances - usual) <= _REGULAR * usual + 0.5
    return bool(near.all(axis=1).mean() >= _MOST)
