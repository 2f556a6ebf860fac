"""Letters of a set as cut-out ink, at the size in which they are to be written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr._typing import Ink
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.preprocessing import LetterNormalizer

INKED = 0.25  # what counts as ink
_SIDE, _BOX = 120, 100  # pictures are brought to this size before they are brought to theirs
_WIDEST = 2.5  # cap heights: a letter so wide lies on its side, and is brought to this width


class Glyphs:
    """Letters of a set, cut out when first asked for.

    Parameters
    ----------
    letters : LetterSet
    chosen : ndarray of int
        Every letter that will be asked for.
    """

    def __init__(self, letters: LetterSet, chosen: NDArray[np.intp]) -> None:
        unique = np.unique(chosen)
        taken = letters.take(unique)
        if letters.is_rows:
            rows = taken.to_rows().reshape(-1, 28, 28)
        else:
            rows = LetterNormalizer(_SIDE, _BOX).fit_transform(list(taken.data)).reshape(-1, _SIDE, _SIDE)
        self._ink = {int(index): cut_out(row) for index, row in zip(unique, rows, strict=True)}

    def at(self, index: int, height: float) -> Ink:
        """Return a letter with its own height brought to `height` pixels; its aspect is kept."""
        ink = self._ink[index]
        scale = min(height / ink.shape[0], _WIDEST * height / ink.shape[1])
        size = (max(1, round(scale * ink.shape[1])), max(1, round(scale * ink.shape[0])))
        resampled = np.array(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC))
        return full(resampled)


def full(ink: Ink) -> Ink:
    """Return resampled ink within 0 and 1, its darkest pixel 1: thin lines do not fade away."""
    darkest = max(float(ink.max()), 1e-6)
    scaled: Ink = np.clip(ink / np.float32(darkest), np.float32(0), np.float32(1))
    return scaled


def cut_out(ink: Ink) -> Ink:
    """Return the part of a picture that holds its ink, the darkest of it 1; blank pictures give one pixel of ink."""
    darkest = float(ink.max(initial=0))
    if darkest == 0:
        return np.ones((1, 1), np.float32)
    mask = ink > INKED * darkest
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / np.float32(darkest)
