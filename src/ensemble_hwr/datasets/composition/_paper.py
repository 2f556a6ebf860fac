"""The paper a composed text is on, from a clean scan to a poor photograph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._typing import Ink
from ensemble_hwr.datasets.handwriting import paper_picture

_SPECKS = 0.02  # at most, for each square of cap height


def photograph(ink: Ink, noise: float, height: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn ink into a grey picture.

    Parameters
    ----------
    ink : ndarray of float32
    noise : float in [0, 1]
        0 is black on white; 1 is grey on grey, blurred, unevenly lit, with specks and grain.
    height : float
        The cap height in pixels.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of uint8
    """
    if noise:
        ink = np.maximum(ndimage.gaussian_filter(ink, 0.7 * noise), _specks(ink.shape, noise, height, rng))
    return paper_picture(
        ink,
        paper=1 - 0.25 * noise,
        contrast=1 - 0.5 * noise,
        shading=0.15 * noise,
        noise=0.04 * noise,
        random_state=rng,
    )


def _specks(shape: tuple[int, ...], noise: float, height: float, rng: np.random.Generator) -> Ink:
    """Dots of dust, far smaller than any stroke is long."""
    specks = np.zeros(shape, np.float32)
    count = rng.poisson(noise * _SPECKS * specks.size / height**2)
    side = max(1, round(0.04 * height))
    for y, x in zip(rng.integers(shape[0], size=count), rng.integers(shape[1], size=count), strict=True):
        specks[y : y + side, x : x + side] = rng.uniform(0.3, 0.9)
    return specks
