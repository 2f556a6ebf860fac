"""Where something is in a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle of pixels: columns from `left` up to, not including, `right`, and rows alike.

    A tuple ``(left, top, right, bottom)``, as Pillow takes it.

    Parameters
    ----------
    left, top, right, bottom : int
        Pixels from the picture's left and upper edge.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.boxes import Box
    >>> box = Box(2, 0, 5, 2)
    >>> box.width, box.height
    (3, 2)
    >>> np.arange(12).reshape(2, 6)[box.slices]
    array([[ 2,  3,  4],
           [ 8,  9, 10]])
    """

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of its pixels in an array of shape (height, width)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, right: int, down: int) -> Box:
        """Put it elsewhere.

        Parameters
        ----------
        right, down : int
            Pixels to move by.

        Returns
        -------
        Box
        """
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)


def union(boxes: Iterable[Box]) -> Box:
    """Smallest box around others.

    Parameters
    ----------
    boxes : iterable of Box
        One or more.

    Returns
    -------
    Box

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box, union
    >>> union([Box(0, 0, 2, 2), Box(5, 1, 6, 4)])
    Box(left=0, top=0, right=6, bottom=4)
    """
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))
