"""Where a letter's pixels come to lie when its size, aspect and place are normalised by moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Pictures

Edges = NDArray[np.float32]  # (n, length + 1): where the borders between the pixels of a side come to lie

# The narrow side over the long one, as it is and as it gets; the names and formulas are those of the source.
ASPECTS: dict[str, Callable[[Any], Any]] = {
    "keep": lambda ratio: ratio,
    "root": np.sqrt,
    "cube root": np.cbrt,
    "root sine": lambda ratio: np.sqrt(np.sin(np.pi / 2 * ratio)),
    "fill": np.ones_like,
}


def moment_edges(pictures: Pictures, aspect: str, box: float) -> tuple[Edges, Edges]:
    """Map letters into a box by their moments.

    On each axis the middle of the letter is its centre of mass, and its length four standard deviations of its ink.
    The middle goes to the frame's middle, the longer side gets as long as the box, and the other follows from
    the aspect function [1]_. What is far from the middle may come to lie beyond the frame.

    Parameters
    ----------
    pictures : ndarray of float32, shape (n, height, width)
    aspect : {"keep", "root", "cube root", "root sine", "fill"}
        How the ratio r of the sides changes: r, sqrt(r), cbrt(r), sqrt(sin(pi r / 2)), or 1.
    box : float
        Pixels of the longer side.

    Returns
    -------
    down, across : ndarray of float32, shapes (n, height + 1) and (n, width + 1)
        Where the pixels' upper and left borders come to lie, and behind them the last pixel's other border, in pixels
        of the frame. A picture without ink is left where it is.

    References
    ----------
    .. [1] C.-L. Liu, K. Nakashima, H. Sako, H. Fujisawa, "Handwritten digit recognition: investigation of
       normalization and feature extraction techniques", Pattern Recognition 37 (2004) 265-279.
    """
    ink = pictures.clip(0)
    middle_y, height = _extent(ink.sum(axis=2))
    middle_x, width = _extent(ink.sum(axis=1))
    longer = np.maximum(height, width)
    adapted = ASPECTS[aspect](np.minimum(height, width) / longer) * longer
    unit = np.float32(box) / longer
    scale_y = np.where(height < width, adapted / height, 1) * unit
    scale_x = np.where(width < height, adapted / width, 1) * unit
    scale_y, scale_x = (np.where(ink.any(axis=(1, 2)), scale, np.float32(1)) for scale in (scale_y, scale_x))
    return _line(middle_y, scale_y, pictures.shape[1]), _line(middle_x, scale_x, pictures.shape[2])


def default_box(image_shape: tuple[int, int]) -> float:
    """Return 6/7 of the shorter side: 24 pixels of 28."""
    return 6 / 7 * min(image_shape)


def _extent(profile: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and four standard deviations of profiles (n, length), from the frame's middle; ink fills its pixels."""
    length = profile.shape[1]
    place = np.arange(length, dtype=np.float32) - np.float32((length - 1) / 2)
    mass = np.maximum(profile.sum(axis=1), np.float32(1e-6))
    mean = (profile * place).sum(axis=1) / mass
    variance = (profile * (place - mean[:, None]) ** 2).sum(axis=1) / mass
    return mean, 4 * np.sqrt(variance + np.float32(1 / 12))


def _line(middle: NDArray[np.float32], scale: NDArray[Any], length: int) -> Edges:
    borders = np.arange(length + 1, dtype=np.float32) - np.float32(length / 2)
    moved: Edges = ((borders - middle[:, None]) * scale[:, None] + length / 2).astype(np.float32)
    return moved
