"""What is known of a drawing that was read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.boxes import Box


@dataclass(frozen=True, eq=False)
class LetterSeen:
    """One letter of what was read.

    Attributes
    ----------
    box : Box
        Where it is on the canvas.
    guesses : tuple of (str, float)
        The letter that was read first, then the others from the likeliest on; three at most.
    seen : ndarray of float32, shape (28, 28)
        What the model sees, 0 for paper and 1 for ink.
    """

    box: Box
    guesses: tuple[tuple[str, float], ...]
    seen: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Reading:
    """What a drawing says.

    Attributes
    ----------
    text : str
    confidence : float
    letters : tuple of LetterSeen
    alternatives : tuple of (str, float)
        Other words it could be, the likeliest first.
    """

    text: str
    confidence: float
    letters: tuple[LetterSeen, ...]
    alternatives: tuple[tuple[str, float], ...] = ()
