"""Curved cuts from the top of a word to its bottom that cross as little ink as they can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink

Paths = NDArray[np.intp]
Steps = NDArray[np.int8]

_SIDESTEP = np.float32(0.15)  # price of a column to the side from one row to the next, in pixels of ink
_STEPS = np.array([0, -1, 1], np.int8)  # where a way comes from: straight, from the left, from the right


@dataclass(frozen=True, eq=False)
class Seams:
    """The cheapest path from top to bottom through every pixel.

    A path has one pixel in each row and moves at most one column to the side from row to row. Its price is the ink
    under it, and a little for each step to the side. A dynamic programme from the top and one from the bottom find
    the cheapest path through every pixel at once.

    Attributes
    ----------
    price : ndarray of float32, shape (height, width)
        Pixels of ink crossed, sidesteps included.
    up, down : ndarray of int8, shape (height, width)
        The step to the side that each pixel's path takes to the row above and below.
    """

    price: NDArray[np.float32]
    up: Steps
    down: Steps

    @classmethod
    def through(cls, ink: Ink) -> Self:
        """Find them for some ink."""
        above, up = _descend(ink)
        below, down = _descend(ink[::-1])
        return cls(above + below[::-1] - ink, up, down[::-1])

    def paths(self, row: int, columns: NDArray[np.intp]) -> Paths:
        """Column in each row, (height, n), of the paths that pass some pixels of a row."""
        found = np.empty((len(self.price), len(columns)), np.intp)
        found[row] = columns
        for y in range(row, 0, -1):
            found[y - 1] = found[y] + self.up[y, found[y]]
        for y in range(row, len(found) - 1):
            found[y + 1] = found[y] + self.down[y, found[y]]
        return found


def _descend(ink: Ink) -> tuple[NDArray[np.float32], Steps]:
    """Price of the cheapest path from the first row to each pixel, and its last step."""
    height, width = ink.shape
    price, steps = np.empty_like(ink), np.zeros(ink.shape, np.int8)
    ways = np.full((3, width + 2), np.inf, np.float32)
    price[0] = ink[0]
    for y in range(1, height):
        ways[0, 1:-1] = price[y - 1]
        ways[1, 2:] = price[y - 1] + _SIDESTEP
        ways[2, :-2] = price[y - 1] + _SIDESTEP
        steps[y] = _STEPS[ways.argmin(axis=0)[1:-1]]
        price[y] = ways.min(axis=0)[1:-1] + ink[y]
    return price, steps
