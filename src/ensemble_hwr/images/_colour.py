"""Convert a colour picture to grey so that pale coloured writing is dark, and coloured ruling and highlighters are not.

The grey of a pixel is usually its luma. In luma, yellow writing is hardly darker than paper, and a blue line may be as
dark as the writing on it. Here the colours of ink are found in a reduced copy: what they absorb, relative to the paper,
has a direction that does not depend on how much of a pixel an ink covers. An ink that is straight lines or thick areas,
next to one that is strokes, is dropped: by mixes of the channels in which it is as bright as paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter
from scipy import ndimage

from ensemble_hwr._typing import FloatArray, Ink

Grey: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]

_LUMA = np.array([0.299, 0.587, 0.114])
_MIN_SIDE = 24  # pixels: smaller pictures are too small to separate lines from strokes
_SAMPLE_SIDE = 800  # pixels: longest side of the copy in which the inks are found
_SMOOTH = 0.7  # pixels: standard deviation of a filter against noise
_LEAST_CHROMA = 0.07  # of the paper's brightness: least difference of channels that is colour
_ABOVE_NOISE = 4.5  # lower quartiles of the differences of channels: likewise
_LEAST_COLOURED = 0.002  # of the pixels
_DARKEST_PAPER = 90  # of 255: darker paper may be a board with light writing
_LEAST_PAPER = 0.3  # of the pixels: least share of the paper
_VISIBLE = 0.1  # of the paper's brightness: least absorption of ink
_BINS = 32  # of the directions of colours
_NEAR, _APART = 0.12, 0.08  # greatest distance of a direction from that of its ink, and least distance of two inks
_NEUTRAL = 0.08  # greatest distance of a grey ink from the direction of grey
_LEAST_INK = 0.04  # of all visible pixels: least share of an ink
_MOST_INKS = 5
_STRAIGHT = 0.8  # of the pixels of an ink: least share in long straight runs of what is ruling
_STRAIGHT_STROKES = 0.5  # likewise: most of what is certain to be writing
_LONG_RUN = 12  # thicknesses of a line: least length of such a run
_THICK = 3.5  # stroke widths of other ink: least thickness of a highlighter
_SEPARATE = 0.25  # least sine of the angle between an ink and one that is dropped
_BLENDED = 0.15  # least share of each of two inks in a blend, and its greatest distance from a blend
_PALE = 0.6  # least ratio of signal to noise in luma, relative to the best mix; paler writing is converted
_FAINT, _LESS_PALE = 0.25, 0.85  # likewise, of ink that absorbs less than this in luma
_COMMON = 0.2  # of the written pixels: share from which an ink is made as dark as the darkest
_TONE = 0.8  # of the paper's brightness: absorption of writing after conversion


@dataclass(frozen=True, eq=False)
class InkColour:
    """An ink of a picture.

    Attributes
    ----------
    absorbed : ndarray of shape (3,)
        Share of the paper's red, green and blue that a stroke absorbs.
    mask : ndarray of bool, shape (height, width)
        Its pixels in the reduced copy.
    """

    absorbed: FloatArray
    mask: Mask

    @property
    def is_neutral(self) -> bool:
        """Whether the ink is black or grey."""
        return bool(np.hypot(*(_direction(self.absorbed) - 1 / 3)) <= _NEUTRAL)

    @property
    def luma(self) -> float:
        """Absorption in luma."""
        return float(_LUMA @ self.absorbed)

    @property
    def n_pixels(self) -> int:
        """Number of pixels in the reduced copy."""
        return int(np.count_nonzero(self.mask))


def separated_grey(image: Image.Image) -> Grey | None:
    """Return a colour picture as grey in which coloured writing is dark and coloured ruling is not.

    Parameters
    ----------
    image : PIL image of mode RGB, or of mode RGBA whose alpha is ignored

    Returns
    -------
    ndarray of uint8, shape (height, width), or None
        None if luma serves as well: there is no colour, no ink to be dropped, and no pale writing.

    Examples
    --------
    Black strokes on a yellow highlighter:

    >>> import numpy as np
    >>> from PIL import Image, ImageChops, ImageFilter
    >>> from ensemble_hwr.images._colour import separated_grey
    >>> page = np.full((60, 160, 3), 250, np.uint8)
    >>> page[15:45, 20:140] = (250, 240, 60)
    >>> page[20:40].reshape(20, 8, 20, 3)[:, 1:6, :4] = 20
    >>> grey = separated_grey(Image.fromarray(page))
    >>> [int(grey[30, column]) for column in (5, 25, 42)]
    [250, 250, 47]
    """
    if min(image.size) < _MIN_SIDE:
        return None
    factor = -(-max(image.size) // _SAMPLE_SIDE)
    reduced = (image.reduce(factor) if factor > 1 else image).convert("RGB")
    smooth = reduced.filter(ImageFilter.GaussianBlur(_SMOOTH))
    if not _may_be_coloured(smooth):
        return None
    sample = np.asarray(smooth)
    paper = _paper_colour(sample)
    if paper is None:
        return None
    inks = find_inks(sample, paper)
    mixes = _mixes(inks) if any(not ink.is_neutral for ink in inks) else []
    return _mixed(image, paper, mixes) if mixes else None


def _may_be_coloured(image: Image.Image) -> bool:
    """Return whether the channels differ in enough pixels; fast, and true for coloured paper too."""
    red, green, blue = image.split()
    lightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    spread = np.array(ImageChops.subtract(lightest, darkest).histogram())
    level = int(np.searchsorted(np.cumsum(lightest.histogram()), 0.5 * spread.sum()))
    return bool(spread[int(_LEAST_CHROMA * level) :].sum() >= _LEAST_COLOURED * spread.sum())


def _paper_colour(sample: Grey) -> FloatArray | None:
    """Return the colour of the lightest quarter of a picture; None if there is no colour, or the paper is not light."""
    luma = sample @ _LUMA.astype(np.float32)
    paper = np.median(sample[luma >= np.quantile(luma, 0.75)], axis=0).astype(np.float64)
    level = float(_LUMA @ paper)
    if level < _DARKEST_PAPER or paper.min() < _DARKEST_PAPER / 2 or (luma > 0.6 * level).mean() < _LEAST_PAPER:
        return None
    relative = sample / paper.astype(np.float32)
    chroma = relative.max(axis=2) - relative.min(axis=2)
    least = max(_LEAST_CHROMA, _ABOVE_NOISE * float(np.quantile(chroma, 0.25)))
    return paper if (chroma > least).mean() >= _LEAST_COLOURED else None


def find_inks(sample: Grey, paper: FloatArray) -> list[InkColour]:
    """Return the inks of a picture, the most frequent first; shadows are no inks.

    Parameters
    ----------
    sample : ndarray of uint8, shape (height, width, 3)
        A small picture.
    paper : ndarray of shape (3,)
        Colour of the paper.

    Returns
    -------
    list of InkColour

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images._colour import find_inks
    >>> page = np.full((40, 90, 3), 250, np.uint8)
    >>> page[10:13] = (50, 100, 250)
    >>> page[20:30, 20:24] = 25
    >>> [ink.absorbed.round(1).tolist() for ink in find_inks(page, np.full(3, 250.0))]
    [[0.8, 0.6, 0.0], [0.9, 0.9, 0.9]]
    """
    relative = sample / paper.astype(np.float32)
    size = max(5, max(sample.shape[:2]) // 8)
    light = ndimage.uniform_filter(ndimage.maximum_filter(relative.max(axis=2), size), size)
    absorbed = np.clip(1 - relative / np.maximum(light, 0.2)[..., None], 0, 1)
    strength = absorbed.max(axis=2)
    visible = strength > _VISIBLE
    rows, weights = absorbed[visible], np.square(strength[visible])
    if not len(rows):
        return []
    places = _direction(rows)
    peaks = _peaks(places, weights)
    if not len(peaks):
        return []
    distances = np.hypot(*(places[:, None] - peaks).transpose(2, 0, 1))
    nearest = np.where(distances.min(axis=1) <= _NEAR, distances.argmin(axis=1), -1)
    inks = [_ink(rows, strength, visible, nearest == n) for n in range(len(peaks)) if (nearest == n).any()]
    return sorted((ink for ink in inks if ink.n_pixels), key=lambda ink: -ink.n_pixels)


def _peaks(places: FloatArray, weights: Ink) -> FloatArray:
    """Return the most frequent directions of colours, of shape (n, 2)."""
    bins = np.minimum((places * _BINS).astype(np.intp), _BINS - 1) @ np.array([_BINS, 1])
    left, found = np.ones(len(places), np.bool_), []
    for _ in range(_MOST_INKS):
        counts = np.bincount(bins, np.where(left, weights, 0), _BINS * _BINS).reshape(_BINS, _BINS)
        peak = np.array(np.unravel_index(int(np.argmax(ndimage.gaussian_filter(counts, 1.0))), counts.shape))
        near = left & (np.hypot(*(places - (peak + 0.5) / _BINS).T) <= _APART)
        left &= ~near
        if np.count_nonzero(near) >= _LEAST_INK * len(places):
            found.append(np.median(places[near], axis=0))
    return np.array(found)


def _ink(rows: Ink, strength: Ink, visible: Mask, members: Mask) -> InkColour:
    """Return an ink by its pixels among the visible ones."""
    darkness = strength[visible]
    strongest = members & (darkness >= np.quantile(darkness[members], 0.75))
    colour = np.median(rows[strongest], axis=0).astype(np.float64)
    mask = np.zeros(strength.shape, np.bool_)
    mask[visible] = members & (darkness > 0.4 * colour.max())
    neighbours = ndimage.convolve(mask.astype(np.int8), np.ones((3, 3), np.int8), mode="constant")
    return InkColour(colour, mask & (neighbours >= 3))


def _direction(absorbed: FloatArray | Ink) -> FloatArray:
    """Return the shares of red and blue in what inks absorb; one third each is grey."""
    total = np.maximum(absorbed.sum(axis=-1, keepdims=True), 1e-6)
    return np.asarray(absorbed[..., [0, 2]] / total, dtype=np.float64)


def _mixes(inks: list[InkColour]) -> list[FloatArray]:
    """Return for each ink that is writing the mixes of what the channels absorb, of shape (3, n); empty for luma.

    The ink absorbs 1 in each of its mixes, and each ink that is dropped absorbs 0 in one of them.
    """
    written = ndimage.binary_closing(np.logical_or.reduce([ink.mask for ink in inks]), np.ones((3, 3)))
    inks = [ink for ink in inks if not _is_blend(ink, inks)]
    dropped = [ink for ink in inks if not ink.is_neutral and _is_dropped(ink, inks, written)]
    dropped += [ink for ink in inks if any(_is_halo(ink, other) for other in dropped)]
    kept = [ink for ink in inks if ink not in dropped]
    if not kept:
        return []
    darkest, total = max(ink.luma for ink in kept), sum(ink.n_pixels for ink in kept)
    mixes, separates, pale = [], False, False
    for ink in kept:
        is_common = ink.n_pixels >= _COMMON * total and _straight_share(ink, []) < _STRAIGHT_STROKES
        goal = 1.0 if is_common else ink.luma / darkest
        colour = np.full(3, ink.absorbed.mean()) if ink.is_neutral else ink.absorbed
        best = colour / (colour @ colour)
        without = [mix for other in dropped if (mix := _mix_without(colour, other.absorbed)) is not None]
        separates = separates or bool(without)
        signal = ink.luma / np.linalg.norm(_LUMA) / np.linalg.norm(colour)
        noisy = signal < (_PALE if ink.luma > _FAINT else _LESS_PALE)
        pale = pale or bool(is_common and (noisy or ink.luma / darkest < _PALE))
        mixes.append(goal * np.stack(without or [best], axis=1))
    return mixes if separates or pale else []


def _mix_without(colour: FloatArray, dropped: FloatArray) -> FloatArray | None:
    """Return the mix with the least noise in which one ink absorbs 1 and another 0; None if they are too alike."""
    rest = colour - (colour @ dropped) / (dropped @ dropped) * dropped
    if np.linalg.norm(rest) < _SEPARATE * np.linalg.norm(colour):
        return None
    return np.asarray(rest / (rest @ colour), dtype=np.float64)


def _is_blend(ink: InkColour, inks: list[InkColour]) -> bool:
    """Return whether an ink is that of the edges of strokes on a highlighter: between two more frequent inks."""
    others = [other.absorbed for other in inks if other.n_pixels > ink.n_pixels]
    for one, other in combinations(others, 2):
        pair = np.stack([one, other], axis=1)
        shares, *_ = np.linalg.lstsq(pair, ink.absorbed, rcond=None)
        rest = np.linalg.norm(ink.absorbed - pair @ shares)
        if shares.min() > _BLENDED and rest < _BLENDED * np.linalg.norm(ink.absorbed):
            return True
    return False


def _is_halo(ink: InkColour, line: InkColour) -> bool:
    """Return whether an ink is the edge of a line, whose colour compression has spread."""
    hues = [other.absorbed - other.absorbed.mean() for other in (ink, line)]
    return ink.luma < 1.2 * line.luma and float(hues[0] @ hues[1]) > 0.9 * float(np.prod(np.linalg.norm(hues, axis=1)))


def _is_dropped(ink: InkColour, inks: list[InkColour], written: Mask) -> bool:
    """Return whether an ink is ruling or a highlighter, next to another that is writing.

    The areas of a highlighter include the strokes on it, whose blended colours are not among the inks.
    """
    darker = [other for other in inks if other.luma > ink.luma]
    if darker:
        thickness = 4 * float(ndimage.distance_transform_edt(written)[ink.mask].mean())
        if thickness >= _THICK * _width(darker[0].mask):
            return True
    return len(inks) > 1 and _straight_share(ink, darker) >= _STRAIGHT


def _width(mask: Mask) -> float:
    """Return the usual thickness of strokes or lines."""
    return min(_run_length(mask), _run_length(mask.T))


def _run_length(mask: Mask) -> float:
    """Return the median length of runs of pixels in rows."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    return float(np.median(np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]))


def _straight_share(ink: InkColour, darker: list[InkColour]) -> float:
    """Return the share of pixels in long level or upright runs, which strokes of darker ink may cross."""
    mask, strokes = ink.mask, np.logical_or.reduce([np.zeros_like(ink.mask), *(other.mask for other in darker)])
    run = 2 * round(max(12.0, _LONG_RUN * _width(mask)) / 2) + 1
    gap = 2 * round(_width(strokes)) + 3 if darker else 1
    straight = _straight(mask, strokes, run, gap) | _straight(mask.T, strokes.T, run, gap).T
    return float(np.count_nonzero(straight) / np.count_nonzero(mask))


def _straight(mask: Mask, strokes: Mask, run: int, gap: int) -> Mask:
    """Return the pixels in long runs of a row that may slope by a pixel, over short gaps filled by strokes."""
    tall = ndimage.maximum_filter1d(mask.view(np.uint8), 3, axis=0)
    near_strokes = ndimage.maximum_filter(strokes.view(np.uint8), 3)
    closed = ndimage.minimum_filter1d(ndimage.maximum_filter1d(tall, gap), gap)
    tall |= near_strokes & closed
    long = ndimage.maximum_filter1d(ndimage.minimum_filter1d(tall, run), run)
    return np.asarray(mask & (long > 0), dtype=np.bool_)


def _mixed(image: Image.Image, paper: FloatArray, mixes: list[FloatArray]) -> Grey:
    """Return the grey of a picture by mixes of its channels: the darkest of the lightest mixes of each ink."""
    level = float(_LUMA @ paper)
    image = image if image.mode == "RGB" else image.convert("RGB")
    grey = Image.new("L", image.size, 255)
    for mix in mixes:
        factors, offsets = level * _TONE * mix / paper[:, None], level * (1 - _TONE * mix.sum(axis=0))
        lightest = Image.new("L", image.size, 0)
        for factor, offset in zip(factors.T, offsets, strict=True):
            lightest = ImageChops.lighter(lightest, image.convert("L", (*factor.tolist(), float(offset))))
        grey = ImageChops.darker(grey, lightest)
    return np.array(grey)
