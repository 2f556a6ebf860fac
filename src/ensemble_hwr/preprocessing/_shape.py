"""The shape of the pictures that rows hold."""

from __future__ import annotations

import math
from collections.abc import Sequence


def picture_shape(n_pixels: int, image_shape: Sequence[int] | None) -> tuple[int, int]:
    """Return height and width of the pictures in rows.

    Parameters
    ----------
    n_pixels : int
        Pixels in a row.
    image_shape : sequence of int or None
        ``(height, width)``. None: they are square.

    Returns
    -------
    tuple of int
        Height and width.

    Raises
    ------
    ValueError
        If the rows do not have the pixels of `image_shape`, or of a square.

    Examples
    --------
    >>> picture_shape(784, None)
    (28, 28)
    """
    if image_shape is None:
        side = math.isqrt(n_pixels)
        if side * side != n_pixels:
            raise ValueError(
                f"rows of {n_pixels} pixels are not square pictures, as 784 = 28x28 would be; "
                "give image_shape=(height, width)"
            )
        return side, side
    sides = [int(side) for side in image_shape]
    if len(sides) != 2 or min(sides) < 1 or math.prod(sides) != n_pixels:
        raise ValueError(
            f"image_shape={image_shape!r} does not fit rows of {n_pixels} pixels; "
            "it should be (height, width) with that product"
        )
    return sides[0], sides[1]
