"""Grey pictures to ink: which of the two tones was written, on what paper, and how strongly."""

from numbers import Integral
from typing import Literal

import numpy as np
from PIL import Image

from ensemble_hwr._typing import Ink
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._grey import Grey
from ensemble_hwr.images._open import Picture, describe, open_picture
from ensemble_hwr.images._paper import is_flat, paper_level
from ensemble_hwr.images._polarity import dark_is_ink
from ensemble_hwr.images._threshold import Histogram

Polarity = Literal["auto", "dark", "light"]

_LOOK = 256  # longest side, in pixels, at which polarity and paper are judged
_LEAST_CONTRAST = 6  # grey levels of 255


def to_ink(
    picture: Picture,
    *,
    polarity: Polarity = "auto",
    flatten: bool = True,
    longest: int | None = None,
    max_pixels: int = 50_000_000,
) -> Ink:
    """Turn any picture of handwriting into ink, 0 for paper and 1 for a full stroke.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        Whatever `open_picture` opens.
    polarity : {"auto", "dark", "light"}, default="auto"
        Whether the dark or the light pixels are ink. "auto" decides it picture by picture: ink is the tone
        that touches the frame less, has the thinner strokes and falls into fewer pieces.
    flatten : bool, default=True
        Whether to estimate uneven paper (shadows, vignettes) and take it away; flat paper is recognised
        and costs nothing.
    longest : int, default=None
        Longest side wanted, in pixels: a larger picture is first averaged over whole square blocks. None
        keeps every pixel.
    max_pixels : int, default=50_000_000
        Pictures with more pixels are refused, before they are decoded.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Ink in [0, 1]. Contrast is stretched so that the body of the strokes is 1; noise of the paper is 0.

    Raises
    ------
    PictureError
        If the picture cannot be opened, or no ink can be told from paper: all one colour, or nearly so.

    Examples
    --------
    Ink is the same whichever way round the picture is.

    >>> import numpy as np
    >>> from ensemble_hwr.images import to_ink
    >>> letter = np.full((16, 12), 230, dtype=np.uint8)
    >>> letter[3:13, 5:7] = 20
    >>> bool((to_ink(letter) == to_ink(255 - letter)).all())
    True
    """
    if polarity not in ("auto", "dark", "light"):
        raise ValueError(f"polarity={polarity!r}; allowed are 'auto', 'dark' and 'light'")
    if longest is not None and (not isinstance(longest, Integral) or longest < 1):
        raise ValueError(f"longest={longest!r}; it must be a whole number of pixels, 1 or more, or None")
    opened = open_picture(picture, max_pixels=max_pixels)
    grey = opened if longest is None else _shrink(opened, longest)
    small = _shrink(grey, _LOOK)
    _check_contrast(small, opened, picture)
    if not (dark_is_ink(small) if polarity == "auto" else polarity == "dark"):
        grey, small = ~grey, ~small
    return _stretch(_darkness(grey, small, flatten))


def _shrink(grey: Grey, longest: int) -> Grey:
    """Average whole blocks of pixels, so that no side is longer than `longest`."""
    factor = -(-max(grey.shape) // longest)
    return grey if factor <= 1 else np.asarray(Image.fromarray(grey).reduce(factor))


def _check_contrast(small: Grey, opened: Grey, picture: Picture) -> None:
    contrast = int(np.ptp(small))
    if contrast < _LEAST_CONTRAST:
        _check_shape(opened, picture)
        seen = "it is all one colour" if contrast == 0 else f"its tones differ by only {contrast} of 255 levels"
        raise PictureError(f"{describe(picture)}: {seen}; ink cannot be told from paper")


def _check_shape(grey: Grey, picture: Picture) -> None:
    """Refuse a picture whose tones were lost because it is so much longer in one direction than in the other."""
    (height, width), least = grey.shape, 2 * max(grey.shape) // _LOOK
    if min(grey.shape) < least and np.ptp(grey) >= _LEAST_CONTRAST:
        shape, side = ("flat", "high") if height < width else ("narrow", "wide")
        raise PictureError(
            f"{describe(picture)}: it is too {shape} to hold writing, {width:,} x {height:,} pixels; "
            f"as long as that, it must be {least:,} pixels {side} at least"
        )


def _darkness(grey: Grey, small: Grey, flatten: bool) -> Ink:
    """How much darker than its paper every pixel is; below 0 where noise or glare is brighter."""
    flat, level = is_flat(small)
    tones = grey.astype(np.float32)
    if flat or not flatten:
        return np.float32(level) - tones
    paper = paper_level(small)
    if small.shape != grey.shape:
        size = (grey.shape[1], grey.shape[0])
        paper = np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.BILINEAR))
    return np.float32(1) - tones / paper


def _stretch(darkness: Ink) -> Ink:
    """Put the noise of the paper at 0 and the body of the strokes at 1."""
    glare = -darkness.max() / 2
    histogram = Histogram.of(np.maximum(darkness, glare))
    threshold = histogram.otsu()
    full = histogram.above(threshold).quantile(0.7)
    paper = histogram.below(threshold)
    middle, spread = paper.quantile(0.5), paper.deviation()
    floor = min(middle + 3 * spread, 0.35 * full)
    stretched = (darkness - np.float32(floor)) / np.float32(full - floor)
    return np.clip(stretched, np.float32(0), np.float32(1), out=stretched)
