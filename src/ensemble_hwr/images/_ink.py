"""Convert pictures to ink: detect the polarity, remove uneven paper, stretch the contrast."""

from __future__ import annotations

from numbers import Integral
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from ensemble_hwr._typing import Ink
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._histogram import Histogram
from ensemble_hwr.images._local import closing_size, local_paper, without_shadows
from ensemble_hwr.images._noise import is_blank, is_symmetric, without_grain
from ensemble_hwr.images._open import Grey, open_picture
from ensemble_hwr.images._paper import dark_is_ink, is_flat, paper_level
from ensemble_hwr.images._surroundings import find_surroundings, replace_surroundings, without_rim
from ensemble_hwr.images.patterns import without_pale_lines
from ensemble_hwr.images.sources import Picture, describe

Polarity: TypeAlias = Literal["auto", "dark", "light"]

_REDUCED_SIDE = 256  # pixels: longest side of the copy from which polarity and paper are estimated
_MIN_SIDE = 24  # pixels: smaller pictures have strokes as fine as grain
_MIN_CONTRAST = 6  # grey levels of 255


def to_ink(
    picture: Picture,
    *,
    polarity: Polarity = "auto",
    flatten: bool = True,
    longest: int | None = None,
    max_pixels: int = 50_000_000,
) -> Ink:
    """Convert a picture of handwriting to ink: 0 for paper, 1 for a full stroke.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        Any picture that `open_picture` opens.
    polarity : {"auto", "dark", "light"}, default="auto"
        Whether the dark or the light pixels are ink. "auto" detects it per picture: ink is the tone that touches the
        frame less, has the thinner strokes and the fewer connected components.
    flatten : bool, default=True
        Whether uneven paper (shadows, vignettes) is estimated and removed. Flat paper is detected and left as it is.
    longest : int, default=None
        Longest side of the result in pixels: a larger picture is averaged over square blocks of whole pixels. None
        keeps the size.
    max_pixels : int, default=50_000_000
        Pictures with more pixels raise an error before they are decoded.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Ink from 0 to 1. The contrast is stretched so that the body of the strokes is 1 and noise of the paper is 0.

    Raises
    ------
    PictureError
        If the picture cannot be opened, or its contrast is too low to separate ink from paper.
    ValueError
        If a parameter is not one of the allowed values.

    Examples
    --------
    The ink of a picture and of its negative are equal.

    >>> import numpy as np
    >>> from ensemble_hwr.images import to_ink
    >>> letter = np.full((16, 12), 230, dtype=np.uint8)
    >>> letter[3:13, 5:7] = 20
    >>> bool((to_ink(letter) == to_ink(255 - letter)).all())
    True
    """
    if polarity not in ("auto", "dark", "light"):
        raise ValueError(f"polarity={polarity!r} must be 'auto', 'dark' or 'light'")
    if longest is not None and (not isinstance(longest, Integral) or longest < 1):
        raise ValueError(f"longest={longest!r} must be an integer of 1 or more, or None")
    opened = open_picture(picture, max_pixels=max_pixels)
    framed = without_rim(opened) if flatten else opened
    grey = framed if longest is None else _shrink(framed, longest)
    small = _shrink(grey, _REDUCED_SIDE)
    _check_contrast(small, opened, picture)
    smooth = without_grain(grey)
    if smooth is not None:
        grey, small = smooth, _shrink(smooth, _REDUCED_SIDE)
    around = find_surroundings(small) if flatten and polarity != "light" else None
    if around is not None:
        grey, small = replace_surroundings(grey, around), replace_surroundings(small, around)
    if not (dark_is_ink(without_shadows(small)) if polarity == "auto" else polarity == "dark"):
        grey, small = ~grey, ~small
    darkness, size = _darkness(grey, small, flatten=flatten)
    if flatten and longest is None:  # a picture that is reduced to a small size is that of a letter
        darkness = without_pale_lines(darkness)
    histogram = Histogram.of(np.maximum(darkness, -darkness.max() / 2))  # without glare
    level = 1.0 if darkness.max() > 1 else 1 / 255
    faint = smooth is not None and (np.ptp(smooth) < _MIN_CONTRAST or (size is not None and is_symmetric(small, size)))
    if faint or (flatten and min(opened.shape) >= _MIN_SIDE and is_blank(histogram, level, small, size)):
        raise PictureError(f"{describe(picture)}: no writing found; the paper is blank, or the writing is too faint")
    return _stretch(darkness, histogram)


def _shrink(grey: Grey, longest: int) -> Grey:
    """Average square blocks of pixels, so that no side is longer than `longest`."""
    factor = -(-max(grey.shape) // longest)
    return grey if factor <= 1 else np.asarray(Image.fromarray(grey).reduce(factor))


def _check_contrast(small: Grey, opened: Grey, picture: Picture) -> None:
    """Raise an error if the tones of a picture hardly differ."""
    contrast = int(np.ptp(small))
    if contrast < _MIN_CONTRAST:
        _check_shape(opened, picture)
        seen = "it is all one colour" if contrast == 0 else f"its tones differ by only {contrast} of 255 levels"
        raise PictureError(f"{describe(picture)}: {seen}; ink cannot be separated from paper")


def _check_shape(grey: Grey, picture: Picture) -> None:
    """Raise an error if a picture is so long and thin that its reduced copy lost the contrast."""
    (height, width), least = grey.shape, 2 * max(grey.shape) // _REDUCED_SIDE
    if min(grey.shape) < least and np.ptp(grey) >= _MIN_CONTRAST:
        shape, side = ("flat", "high") if height < width else ("narrow", "wide")
        raise PictureError(
            f"{describe(picture)}: it is too {shape} to hold writing, {width:,} x {height:,} pixels; "
            f"as long as that, it must be {least:,} pixels {side} at least"
        )


def _darkness(grey: Grey, small: Grey, *, flatten: bool) -> tuple[Ink, int | None]:
    """Return how much darker than the paper each pixel is, negative where it is brighter, and the size of a closing."""
    flat, level = is_flat(small)
    tones = grey.astype(np.float32)
    if not flatten:
        return np.float32(level) - tones, None
    paper = np.float32(level) if flat else paper_level(small)
    size = closing_size(small, paper)
    if size is not None:
        paper = local_paper(grey, size * max(grey.shape) // max(small.shape))
    elif flat:
        return paper - tones, None
    elif small.shape != grey.shape:
        shape = (grey.shape[1], grey.shape[0])
        paper = np.asarray(Image.fromarray(paper).resize(shape, Image.Resampling.BILINEAR))
    return np.float32(1) - tones / paper, size


def _stretch(darkness: Ink, histogram: Histogram) -> Ink:
    """Scale darkness so that noise of the paper becomes 0 and the body of the strokes 1."""
    threshold = histogram.otsu()
    full = histogram.above(threshold).quantile(0.7)
    paper = histogram.below(threshold)
    middle, spread = paper.quantile(0.5), paper.deviation()
    floor = min(middle + 3 * spread, 0.35 * full)
    stretched = (darkness - np.float32(floor)) / np.float32(full - floor)
    return np.clip(stretched, np.float32(0), np.float32(1), out=stretched)
