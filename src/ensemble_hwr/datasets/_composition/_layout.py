"""Positions of the letters of an upright, level line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._geometry import INK_THRESHOLD
from ensemble_hwr._typing import Ink

_GAP_SPREAD = 0.05  # cap heights, standard deviation
_WORD_GAP_SPREAD = 0.12
_MAX_OVERLAP = 0.07  # cap heights, about a stroke width; largest overlap of ink with the neighbor
_TOUCHING_OVERLAP = 0.02  # cap heights; overlap of touching letters
_MAX_SHIFT = 0.2  # cap heights; largest shift to make letters touch
_BASELINE_WAVELENGTH = 6.0  # cap heights; wavelength of the baseline

_ASCENT = {**dict.fromkeys("bdfhkl", 1.0), **dict.fromkeys("ijt", 0.85)}  # of small letters, in cap heights
_MARKS = {  # reach of marks above and below the baseline, in cap heights; negative where they end above it
    ".": (0.16, 0.0),
    ",": (0.08, 0.16),
    "-": (0.38, -0.32),
    "'": (1.0, -0.75),
    ":": (0.45, 0.0),
    "/": (1.02, 0.06),
}
_X_HEIGHT, _DESCENDER = (0.48, 0.62), (0.3, 0.5)  # ranges of writers, in cap heights


@dataclass(frozen=True)
class Proportions:
    """Heights of the small letters of a writer, in cap heights."""

    x_height: float = 0.55
    descender: float = 0.4

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Draw the proportions of a writer."""
        return cls(float(rng.uniform(*_X_HEIGHT)), float(rng.uniform(*_DESCENDER)))

    def reach(self, character: str) -> tuple[float, float]:
        """Return how far a character reaches above and below the baseline, in cap heights."""
        if character in _MARKS:
            return _MARKS[character]
        if not (character.islower() and character.isascii()):
            return 1.0, 0.0
        return _ASCENT.get(character, self.x_height), self.descender if character in "gjpqy" else 0.0


@dataclass(frozen=True)
class Spot:
    """Position of the upper left corner of a letter in pixels; y = 0 is the baseline, y points down."""

    x: float
    y: float


def lay_out(
    words: Sequence[Sequence[Ink]],
    drops: Sequence[Sequence[float]],
    *,
    height: float,
    gap: float,
    touching: float,
    baseline: float,
    word_gap: float,
    rng: np.random.Generator,
) -> list[list[Spot]]:
    """Place the letters of a line from left to right.

    Parameters
    ----------
    words : sequence of sequence of ink
        Upright letters in their final size.
    drops : sequence of sequence of float
        How far each letter reaches below the baseline.
    height : float
        Cap height in pixels; all other lengths are in cap heights.
    gap : float
        Mean distance between the boxes of neighboring letters.
    touching : float
        Fraction of neighboring letters that are shifted until they touch.
    baseline : float
        Standard deviation of the vertical position.
    word_gap : float
        Mean distance between words.
    rng : numpy.random.Generator

    Returns
    -------
    list of list of Spot
    """
    phase, right = rng.uniform(0, 2 * np.pi), 0.0
    spots: list[list[Spot]] = []
    for number, word in enumerate(words):
        if number:
            right += height * max(word_gap + _WORD_GAP_SPREAD * rng.normal(), gap + 0.5 * (word_gap - gap))
        placed: list[Spot] = []
        for ink, drop in zip(word, drops[number], strict=True):
            x = right
            wave = np.sin(phase + 2 * np.pi * x / (_BASELINE_WAVELENGTH * height)) + rng.normal()
            y = height * drop - ink.shape[0] + height * baseline * wave / np.sqrt(1.5)
            if placed:
                before = word[len(placed) - 1]
                distance = height * (gap + _GAP_SPREAD * rng.normal())
                room = _room(before, placed[-1].y, ink, y)
                if rng.random() < touching:
                    distance = max(-room - height * _TOUCHING_OVERLAP, -height * _MAX_SHIFT)
                x = right + max(distance, -room - height * _MAX_OVERLAP)
            placed.append(Spot(float(round(x)), float(round(y))))
            right = placed[-1].x + ink.shape[1]
        spots.append(placed)
    return spots


def _room(left: Ink, left_top: float, right: Ink, right_top: float) -> float:
    """Return how far a letter can be shifted into the box of its left neighbor until their ink touches, in pixels."""
    top = round(min(left_top, right_top))
    first, second = round(left_top) - top, round(right_top) - top
    rows = max(first + len(left), second + len(right))
    ends = np.full(rows, np.inf)
    starts = np.full(rows, np.inf)
    ends[first : first + len(left)] = _margin(left[:, ::-1])
    starts[second : second + len(right)] = _margin(right)
    room = float((ends + starts).min())
    return room if np.isfinite(room) else 0.0


def _margin(ink: Ink) -> NDArray[np.float64]:
    """Return the position of the first ink of each row; infinite for rows without ink."""
    inked = ink > INK_THRESHOLD
    return np.where(inked.any(axis=1), inked.argmax(axis=1), np.inf)
