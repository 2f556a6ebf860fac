"""Convert pictures to ink: detect the polarity, remove uneven paper, stretch the contrast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ensemble_hwr._typing import FloatArray, Ink, Pictures
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._containers import reduction
from ensemble_hwr.images._histogram import Histogram, Histograms
from ensemble_hwr.images._local import (
    add_narrow_shadows,
    closing_size,
    have_shadows,
    local_paper,
    need_closing,
    without_shadows,
)
from ensemble_hwr.images._noise import are_clear, is_blank, is_symmetric, may_be_blank, without_grain
from ensemble_hwr.images._open import Grey, open_picture
from ensemble_hwr.images._paper import dark_is_ink, flat_levels, is_flat, paper_level, votes_for_dark_ink
from ensemble_hwr.images._strips import without_strip
from ensemble_hwr.images._surroundings import (
    find_surroundings,
    have_rim,
    have_surroundings,
    replace_surroundings,
    without_rim,
)
from ensemble_hwr.images.patterns import without_pale_lines
from ensemble_hwr.images.sources import Picture, describe

Polarity: TypeAlias = Literal["auto", "dark", "light"]

MAX_SIDE = 256
"""Pixels: longest side of the copy of a picture from which polarity and paper are estimated."""

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
    opened = open_picture(picture, max_pixels=max_pixels, longest=longest)
    is_letter = longest is not None  # only letters are reduced
    framed = without_rim(opened) if flatten else opened
    grey = framed if longest is None else _shrink(framed, longest)
    small = _shrink(grey, MAX_SIDE)
    _check_contrast(small, opened, picture)
    smooth = without_grain(grey, compressed=not is_letter)
    if smooth is not None:
        grey, small = smooth, _shrink(smooth, MAX_SIDE)
    around = find_surroundings(small) if flatten and polarity != "light" else None
    if around is not None:
        grey, small = replace_surroundings(grey, around), replace_surroundings(small, around)
    if not (dark_is_ink(without_shadows(small)) if polarity == "auto" else polarity == "dark"):
        grey, small = ~grey, ~small
    clean = flatten and not is_letter
    if clean:
        crossed, grey = grey, without_strip(grey, is_flat(small)[1])
        small = small if grey is crossed else _shrink(grey, MAX_SIDE)
    paper, size = _paper(grey, small, flatten=flatten)
    darkness = _darkness(grey, paper, without_lines=clean)
    histogram = _histogram(darkness)
    level = 1.0 if darkness.max() > 1 else 1 / 255
    faint = smooth is not None and (np.ptp(smooth) < _MIN_CONTRAST or (size is not None and is_symmetric(small, size)))
    if faint or (flatten and min(opened.shape) >= _MIN_SIDE and is_blank(histogram, level, small, size)):
        raise PictureError(f"{describe(picture)}: no writing found; the paper is blank, or the writing is too faint")
    shaded = add_narrow_shadows(grey, paper) if clean else paper  # not before: grain has dark spots
    return _stretch(darkness if shaded is paper else _darkness(grey, shaded, without_lines=True))


def flat_inks(greys: Grey, *, polarity: Polarity = "auto") -> tuple[Pictures, NDArray[np.bool_]]:
    """Convert small pictures of one size to ink at once, if their paper is flat and nothing has to be removed.

    Parameters
    ----------
    greys : ndarray of uint8, shape (n, height, width)
        No side is longer than 256 pixels.
    polarity : {"auto", "dark", "light"}, default="auto"
        As for `to_ink`.

    Returns
    -------
    inks : ndarray of float32, shape (n, height, width)
        The ink that `to_ink` returns, where `clean` is true.
    clean : ndarray of bool, shape (n,)
        Whether a picture is as simple as that. For the others, use `to_ink`.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images import to_ink
    >>> from ensemble_hwr.images._ink import flat_inks
    >>> letter = np.full((16, 12), 230, dtype=np.uint8)
    >>> letter[3:13, 5:7] = 20
    >>> inks, clean = flat_inks(np.stack([letter, np.zeros_like(letter)]))
    >>> clean.tolist(), bool((inks[0] == to_ink(letter)).all())
    ([True, False], True)
    """
    return flat_inks_by_size([greys], polarity=polarity)[0]


def flat_inks_by_size(
    groups: Sequence[Grey], *, polarity: Polarity = "auto"
) -> list[tuple[Pictures, NDArray[np.bool_]]]:
    """Convert small pictures of several sizes to ink at once, as `flat_inks` does.

    Parameters
    ----------
    groups : sequence of ndarray of uint8, shape (n, height, width)
        Pictures of one size in each.
    polarity : {"auto", "dark", "light"}, default="auto"
        As for `to_ink`.

    Returns
    -------
    list of (inks, clean)
        As `flat_inks` returns them, for each group.
    """
    tones = Histograms.of_groups(groups)
    stops = np.cumsum([len(greys) for greys in groups]).tolist()
    parts = [slice(stop - len(greys), stop) for greys, stop in zip(groups, stops, strict=True)]
    occurring = tones.counts > 0
    darkest = occurring.argmax(axis=1).astype(np.uint8)
    lightest = (occurring.shape[1] - 1 - occurring[:, ::-1].argmax(axis=1)).astype(np.uint8)
    clean, dark = lightest - darkest >= _MIN_CONTRAST, np.full(len(darkest), polarity == "dark")
    for greys, part in zip(groups, parts, strict=True):
        clean[part], dark[part] = _are_simple(greys, tones.part(part), clean[part], polarity)
    darkest, lightest = np.where(dark, darkest, ~lightest), np.where(dark, lightest, ~darkest)
    negative = np.where(dark, np.uint8(0), np.uint8(255))[:, None, None]
    positives = [greys ^ negative[part] for greys, part in zip(groups, parts, strict=True)]
    if (np.count_nonzero(occurring, axis=1) == 2).all():
        inks = [
            (greys == darkest[part, None, None]).astype(np.float32)
            for greys, part in zip(positives, parts, strict=True)
        ]
        level = lightest.astype(np.float64)
    else:
        tones = Histograms(np.where(dark[:, None], tones.counts, tones.counts[:, ::-1]), tones.values)
        flat, level = flat_levels(tones)
        check_blank = np.repeat(
            [min(greys.shape[1:]) >= _MIN_SIDE for greys in groups], [len(greys) for greys in groups]
        )
        stretched, is_written = _stretched_tones(tones, level, darkest, lightest, check_blank=check_blank)
        clean &= flat & is_written
        inks = [_looked_up(stretched[part], greys) for greys, part in zip(positives, parts, strict=True)]
    return [
        (ink, clean[part] & ~need_closing(greys, level[part]))
        for ink, greys, part in zip(inks, positives, parts, strict=True)
    ]


def _are_simple(
    greys: Grey, tones: Histograms, contrasting: NDArray[np.bool_], polarity: Polarity
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pictures of one size have nothing to be removed, and in which the dark pixels are the ink."""
    clean = contrasting & are_clear(greys, tones) & ~have_rim(greys)
    if polarity != "light":
        clean &= ~have_surroundings(greys, tones)
    dark = np.full(len(greys), polarity == "dark")
    if polarity == "auto":
        dark, is_certain = votes_for_dark_ink(greys)
        for index in np.flatnonzero(~is_certain & clean):
            dark[index] = dark_is_ink(greys[index])
        clean &= ~have_shadows(greys)
    return clean, dark


def _stretched_tones(
    tones: Histograms, level: FloatArray, darkest: Grey, lightest: Grey, check_blank: NDArray[np.bool_]
) -> tuple[Ink, NDArray[np.bool_]]:
    """Return the ink of each tone per picture, (n, 256), and which pictures are certain to hold writing."""
    darkness = (level[:, None] - tones.values).astype(np.float32)
    most = (level - darkest).astype(np.float32)[:, None]
    without_glare = np.maximum(darkness, most / -2)
    least = np.maximum((level - lightest).astype(np.float32)[:, None], most / -2)
    histograms = Histograms.of_floats(without_glare, least, most, tones.counts)
    full = histograms.above(histograms.otsu).quantile(0.7)
    paper = histograms.below(histograms.otsu)
    floor = np.minimum(paper.quantile(0.5) + 3 * paper.deviation(), 0.35 * full)
    is_written = (most[:, 0] > 1) & (full > floor) & (histograms.otsu > 0)
    if check_blank.any():
        is_written &= ~(check_blank & may_be_blank(histograms, 1.0))
    scale = np.where(full > floor, full - floor, 1).astype(np.float32)
    darkness -= floor.astype(np.float32)[:, None]
    darkness /= scale[:, None]
    return np.clip(darkness, np.float32(0), np.float32(1), out=darkness), is_written


def _looked_up(inks: Ink, greys: Grey) -> Pictures:
    """Return the ink of pictures (n, height, width) by the ink of each of their tones, (n, 256)."""
    places = greys.astype(np.intp)
    places += np.arange(0, inks.size, inks.shape[1])[:, None, None]
    return inks.take(places)


def _shrink(grey: Grey, longest: int) -> Grey:
    """Average square blocks of pixels, so that no side is longer than `longest`."""
    factor = reduction(grey.shape, longest)
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
    (height, width), least = grey.shape, 2 * max(grey.shape) // MAX_SIDE
    if min(grey.shape) < least and np.ptp(grey) >= _MIN_CONTRAST:
        shape, side = ("flat", "high") if height < width else ("narrow", "wide")
        raise PictureError(
            f"{describe(picture)}: it is too {shape} to hold writing, {width:,} x {height:,} pixels; "
            f"as long as that, it must be {least:,} pixels {side} at least"
        )


def _paper(grey: Grey, small: Grey, *, flatten: bool) -> tuple[Ink | np.float32, int | None]:
    """Return the brightness of the paper, a number if it is even, and the size of a closing that follows shadows."""
    flat, level = is_flat(small)
    if not flatten:
        return np.float32(level), None
    paper = np.float32(level) if flat else paper_level(small)
    size = closing_size(small, paper)
    if size is not None:
        return local_paper(grey, size * max(grey.shape) // max(small.shape)), size
    if not flat and small.shape != grey.shape:
        shape = (grey.shape[1], grey.shape[0])
        paper = np.asarray(Image.fromarray(paper).resize(shape, Image.Resampling.BILINEAR))
    return paper, None


def _darkness(grey: Grey, paper: Ink | np.float32, *, without_lines: bool) -> Ink:
    """Return how much darker than the paper each pixel is, negative where it is brighter; relative on uneven paper."""
    tones = grey.astype(np.float32)
    darkness = paper - tones if np.ndim(paper) == 0 else np.float32(1) - tones / paper
    return without_pale_lines(darkness) if without_lines else darkness


def _histogram(darkness: Ink) -> Histogram:
    """Return the histogram of darkness without glare."""
    return Histogram.of(np.maximum(darkness, -darkness.max() / 2))


def _stretch(darkness: Ink) -> Ink:
    """Scale darkness so that noise of the paper becomes 0 and the body of the strokes 1."""
    histogram = _histogram(darkness)
    threshold = histogram.otsu()
    if threshold <= 0:  # between glare and paper
        histogram = Histogram.of(np.maximum(darkness, np.float32(0)))
        threshold = histogram.otsu()
    full = histogram.above(threshold).quantile(0.7)
    paper = histogram.below(threshold)
    middle, spread = paper.quantile(0.5), paper.deviation()
    floor = min(middle + 3 * spread, 0.35 * full)
    stretched = (darkness - np.float32(floor)) / np.float32(full - floor)
    return np.clip(stretched, np.float32(0), np.float32(1), out=stretched)
