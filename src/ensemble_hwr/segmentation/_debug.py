"""A picture that shows where a word was cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ensemble_hwr.segmentation._segment import Segmentation

Rgb = NDArray[np.uint8]

COLOURS = ((214, 40, 40), (0, 109, 176), (0, 138, 62), (204, 121, 0), (130, 60, 170))
"""Boxes take these in turn."""

_LOWEST = 160  # a smaller picture is enlarged to about this height, so that boxes of one pixel can be seen
_LARGEST = 4  # times


def draw_segmentation(grey: NDArray[np.uint8], segmentation: Segmentation) -> Rgb:
    """Draw the boxes of letters over their picture; those that were cut off the letter before are dashed.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    segmentation : Segmentation

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Small pictures are enlarged.
    """
    factor = min(_LARGEST, max(1, _LOWEST // grey.shape[0]))
    image = Image.fromarray(grey).convert("RGB")
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    for place, box in enumerate(segmentation.boxes):
        colour = COLOURS[place % len(COLOURS)]
        edges = [edge * factor for edge in box]
        draw.rectangle((edges[0], edges[1], edges[2] - 1, edges[3] - 1), outline=colour)
        if place in segmentation.cuts:
            for y in range(edges[1], edges[3], 6):
                draw.line([(edges[0], y), (edges[0], min(y + 2, edges[3] - 1))], fill="white")
    return np.array(image)
