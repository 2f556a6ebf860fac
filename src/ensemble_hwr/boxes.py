"""Bounding boxes in pictures, and pictures that show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Rgb: TypeAlias = NDArray[np.uint8]  # (height, width, 3)
Colour: TypeAlias = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = ((214, 40, 40), (0, 109, 176), (0, 138, 62), (204, 121, 0), (130, 60, 170))
"""Colours of boxes, which take turns: red, green and blue from 0 to 255."""

_MIN_HEIGHT = 160  # pixels: lower pictures are enlarged to about this height, so that thin boxes are visible
_MAX_ENLARGEMENT = 4
_LABEL_HEIGHT = 14  # pixels above the picture for labels of boxes at its upper edge, up to _SCREEN pixels of width
_SCREEN = 1000  # pixels: larger pictures are looked at reduced to about this size
_TEXT_SIZE = 0.75  # of the height of a label


class Box(NamedTuple):
    """A rectangle of pixels: columns from `left` up to but not including `right`, and rows likewise.

    A tuple ``(left, top, right, bottom)``, as in Pillow.

    Parameters
    ----------
    left, top, right, bottom : int
        Pixels from the left and the upper edge of the picture.

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
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the pixels of the box in an array of shape (height, width)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def moved(self, right: int, down: int) -> Box:
        """Return the box shifted by some pixels.

        Parameters
        ----------
        right, down : int
            Shift in pixels.

        Returns
        -------
        Box

        Examples
        --------
        >>> from ensemble_hwr.boxes import Box
        >>> Box(0, 0, 2, 2).moved(right=3, down=1)
        Box(left=3, top=1, right=5, bottom=3)
        """
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def turned(self, degrees: int, width: int, height: int) -> Box:
        """Return the box after its picture was turned clockwise.

        Parameters
        ----------
        degrees : int
            A multiple of 90.
        width, height : int
            Size of the picture before it was turned.

        Returns
        -------
        Box

        Examples
        --------
        >>> from ensemble_hwr.boxes import Box
        >>> Box(0, 0, 10, 5).turned(90, width=100, height=60)
        Box(left=55, top=0, right=60, bottom=10)
        """
        left, top, right, bottom = self
        for _ in range(degrees // 90 % 4):
            left, top, right, bottom = height - bottom, left, height - top, right
            width, height = height, width
        return Box(left, top, right, bottom)


def union(boxes: Iterable[Box]) -> Box:
    """Return the bounding box of boxes.

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


def draw_boxes(
    grey: NDArray[np.uint8],
    boxes: Sequence[Box],
    *,
    labels: Sequence[str] | None = None,
    dashed: Collection[int] = (),
    colours: Sequence[Colour] = COLOURS,
) -> Rgb:
    """Draw boxes over a picture.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
        Pictures lower than 80 pixels are enlarged, at most by a factor of 4.
    boxes : sequence of Box
        In pixels of the picture.
    labels : sequence of str, default=None
        Text above each box. With labels, the result has 14 more rows at the top. Lines and labels of pictures larger
        than 1,000 pixels are larger in proportion; labels remain as low as the median box.
    dashed : collection of int, default=()
        Positions of the boxes whose left edge is dashed.
    colours : sequence of tuple of int, default=COLOURS
        Colours of the boxes, used in turn: red, green and blue from 0 to 255.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.boxes import Box, draw_boxes
    >>> picture = np.full((200, 60), 255, np.uint8)
    >>> draw_boxes(picture, [Box(5, 5, 9, 20)]).shape
    (200, 60, 3)
    >>> draw_boxes(picture, [Box(5, 5, 9, 20)], labels=["I"]).shape
    (214, 60, 3)
    """
    factor = min(_MAX_ENLARGEMENT, max(1, _MIN_HEIGHT // grey.shape[0]))
    enlarged = Image.fromarray(grey).convert("RGB")
    enlarged = enlarged.resize((enlarged.width * factor, enlarged.height * factor), Image.Resampling.NEAREST)
    scale = max(1.0, max(enlarged.size) / _SCREEN)
    label = _label_height(boxes, factor, scale)
    offset = 0 if labels is None else label
    image = Image.new("RGB", (enlarged.width, enlarged.height + offset), "white")
    image.paste(enlarged, (0, offset))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TEXT_SIZE * label)
    for place, box in enumerate(boxes):
        colour = colours[place % len(colours)]
        left, top, right, bottom = (edge * factor for edge in box)
        edges = (left, top + offset, right - 1, bottom - 1 + offset)
        _outline(draw, edges, colour, width=round(scale), dashed=place in dashed)
        if labels is not None:
            text = labels[place]
            x = min((left + right - draw.textlength(text, font)) / 2, image.width - draw.textlength(text, font))
            draw.text((max(0, x), max(0, top) + label), text, fill=colour, font=font, anchor="ld")
    return np.array(image)


def _label_height(boxes: Sequence[Box], factor: int, scale: float) -> int:
    """Return the height of labels in pixels: in proportion to the picture, but not above that of the median box."""
    highest = factor * float(np.median([box.height for box in boxes])) if boxes else np.inf
    return round(max(_LABEL_HEIGHT, min(_LABEL_HEIGHT * scale, highest)))


def _outline(
    draw: ImageDraw.ImageDraw, edges: tuple[int, int, int, int], colour: Colour, *, width: int, dashed: bool
) -> None:
    """Draw the outline of a box; its left edge has white gaps if `dashed`."""
    left, top, _, bottom = edges
    draw.rectangle(edges, outline=colour, width=width)
    if dashed:
        for y in range(top, bottom + 1, 6 * width):
            draw.rectangle((left, y, left + width - 1, min(y + 3 * width - 1, bottom)), fill="white")
