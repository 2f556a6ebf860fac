"""Thicker and thinner strokes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch

_MOST = 0.9  # thinning by a whole pixel would wipe out lines of one


def change_width(pictures: Pictures, change: NDArray[np.floating], scratch: Scratch) -> Pictures:
    """Blend letters with the grey dilation or erosion by a cross of 3x3 pixels, as often as needed.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    change : ndarray of shape (n,)
        What each letter's strokes gain in width, in pixels; negative is thinner. A whole dilation gains 2.
    scratch : Scratch
        Lends what is returned.

    Returns
    -------
    ndarray of float32, shape (n, height, width)
        The darkest pixel is as dark as before, so that thin lines stay readable: a line of one pixel
        does not get thinner.
    """
    sign = np.where(change < 0, np.float32(-1), np.float32(1))[:, None, None]
    passes = np.abs(change) / 2
    # the erosion is the dilation of the negative
    changed: Pictures = np.multiply(pictures, sign, out=scratch.array("changed", pictures.shape))
    for done in range(math.ceil(passes.max(initial=0))):
        share = np.clip(passes - done, 0, np.where(change < 0, _MOST, 1)).astype(np.float32)
        gain = _dilated(changed, scratch.array("gain", pictures.shape))
        gain -= changed
        gain *= share[:, None, None]
        changed += gain
    changed *= sign
    before, after = (one.max(axis=(1, 2), initial=0) for one in (pictures, changed))
    changed *= np.divide(before, after, out=np.ones_like(before), where=after > 0)[:, None, None]
    np.minimum(changed, np.float32(1), out=changed)
    return changed


def _dilated(pictures: Pictures, found: Pictures) -> Pictures:
    """Greatest of each pixel and its four neighbours in the frame."""
    found[:] = pictures
    for here, there in (
        (found[:, 1:], pictures[:, :-1]),
        (found[:, :-1], pictures[:, 1:]),
        (found[:, :, 1:], pictures[:, :, :-1]),
        (found[:, :, :-1], pictures[:, :, 1:]),
    ):
        np.maximum(here, there, out=here)
    return found
