"""Convert a colour picture to grey so that pale coloured writing is dark, and coloured ruling and highlighters are not.

The grey of a pixel is usually its luma. In luma, yellow writing is hardly darker than paper, and a blue line may be as
dark as the writing on it. Here the colours of ink are found in a reduced copy: what they absorb, relative to the paper,
has a direction that does not depend on how much of a pixel an ink covers. An ink that is straight lines or thick areas,
next to one that is strokes, is dropped: by mixes of the channels in which it is as bright as paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from math import ceil, floor
from typing import Any, TypeAlias

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
_BIN_FILTER = ndimage.gaussian_filter1d(np.eye(_BINS), 1.0, axis=0)  # of counts in bins, by multiplication
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

    @cached_property
    def is_neutral(self) -> bool:
        """Whether the ink is black or grey."""
        return bool(np.hypot(*(_direction(self.absorbed) - 1 / 3)) <= _NEUTRAL)

    @cached_property
    def luma(self) -> float:
        """Absorption in luma."""
        return float(_LUMA @ self.absorbed)

    @cached_property
    def n_pixels(self) -> int:
        """Number of pixels in the reduced copy."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def width(self) -> float:
        """Usual thickness of its strokes or lines."""
        return _width(self.mask)


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
    if reduced.getchannel(0).tobytes() == reduced.getchannel(1).tobytes() == reduced.getchannel(2).tobytes():
        return None
    sample = np.asarray(reduced.filter(ImageFilter.GaussianBlur(_SMOOTH)))
    paper = _paper_colour(sample)
    if paper is None:
        return None
    inks = find_inks(sample, paper)
    mixes = _mixes(inks) if any(not ink.is_neutral for ink in inks) else []
    return _mixed(image, paper, mixes) if mixes else None


def _paper_colour(sample: Grey) -> FloatArray | None:
    """Return the colour of the lightest quarter of a picture; None if there is no colour, or the paper is not light."""
    lightest, darkest = _extremes(np.ascontiguousarray(sample.transpose(2, 0, 1)))
    spread, counts = lightest - darkest, np.cumsum(Image.fromarray(lightest).histogram())
    level = float(np.searchsorted(counts, 0.5 * spread.size))
    if np.count_nonzero(spread >= int(_LEAST_CHROMA * level)) < _LEAST_COLOURED * spread.size:  # grey photographs
        return None
    luma = (sample @ _LUMA.astype(np.float32)).ravel()
    lightest_quarter = sample.reshape(-1, 3).compress(luma >= _quantile(luma, 0.75), axis=0)
    paper = _quantile(lightest_quarter.T.astype(np.float32), 0.5).astype(np.float64)
    level = float(_LUMA @ paper)
    if level < _DARKEST_PAPER or paper.min() < _DARKEST_PAPER / 2 or (luma > 0.6 * level).mean() < _LEAST_PAPER:
        return None
    lightest, darkest = _extremes(_relative(sample, paper))
    chroma = (lightest - darkest).ravel()
    least = max(_LEAST_CHROMA, _ABOVE_NOISE * float(_quantile(chroma, 0.25)))
    return paper if (chroma > least).mean() >= _LEAST_COLOURED else None


def _relative(sample: Grey, paper: FloatArray) -> Ink:
    """Return the channels of a picture, relative to those of the paper, of shape (3, height, width)."""
    return np.divide(sample.transpose(2, 0, 1), paper.astype(np.float32)[:, None, None], order="C")


def _extremes(channels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the greatest and the least of three channels."""
    first, second, third = channels
    return np.maximum(np.maximum(first, second), third), np.minimum(np.minimum(first, second), third)


def _quantile(values: NDArray[Any], share: float) -> NDArray[Any]:
    """Return a quantile along the last axis; faster for few values than `numpy.quantile`."""
    place, ordered = share * (values.shape[-1] - 1), np.sort(values)
    low, high = ordered[..., floor(place)], ordered[..., ceil(place)]
    return np.asarray(low + (place - floor(place)) * (high - low))


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
    relative = _relative(sample, paper)
    lightest, darkest = _extremes(relative)
    size = max(5, max(lightest.shape) // 8)
    light = np.maximum(ndimage.uniform_filter(ndimage.maximum_filter(lightest, size), size), np.float32(0.2))
    visible = 1 - darkest / light > _VISIBLE
    absorbed = np.clip(1 - relative.reshape(3, -1).compress(visible.ravel(), axis=1) / light[visible], 0, 1)
    strength, places = absorbed.max(axis=0), _direction(absorbed)
    peaks = _peaks(places, np.square(strength))
    if not peaks:
        return []
    distances = np.square(places - np.stack(peaks)[..., None]).sum(axis=1)
    nearest = distances == np.minimum(distances.min(axis=0), _NEAR**2)
    inks = [_ink(absorbed, strength, visible, members) for members in nearest if members.any()]
    return sorted((ink for ink in inks if ink.n_pixels), key=lambda ink: -ink.n_pixels)


def _peaks(places: FloatArray, weights: Ink) -> list[FloatArray]:
    """Return the most frequent directions of colours."""
    columns, rows = np.minimum((places * _BINS).astype(np.intp), _BINS - 1)
    bins, least = columns * _BINS + rows, _LEAST_INK * len(weights)
    left, found = np.ones(len(weights), np.bool_), []
    for _ in range(_MOST_INKS):
        if np.count_nonzero(left) < max(1, least):
            break
        counts = np.bincount(bins, weights * left, _BINS * _BINS).reshape(_BINS, _BINS)
        peak = np.array(divmod(int(np.argmax(_BIN_FILTER @ counts @ _BIN_FILTER.T)), _BINS))[:, None]
        near = left & (np.square(places - (peak + 0.5) / _BINS).sum(axis=0) <= _APART**2)
        left ^= near
        if np.count_nonzero(near) >= least:
            found.append(_quantile(places.compress(near, axis=1), 0.5))
    return found


def _ink(absorbed: Ink, strength: Ink, visible: Mask, members: Mask) -> InkColour:
    """Return an ink by its pixels among the visible ones."""
    strongest = members & (strength >= _quantile(strength[members], 0.75))
    colour = _quantile(absorbed.compress(strongest, axis=1), 0.5).astype(np.float64)
    framed = np.zeros((visible.shape[0] + 2, visible.shape[1] + 2), np.uint8)
    mask = framed[1:-1, 1:-1]
    mask[visible] = members & (strength > 0.4 * colour.max())
    in_columns = framed[:-2] + framed[1:-1] + framed[2:]
    in_squares = in_columns[:, :-2] + in_columns[:, 1:-1] + in_columns[:, 2:]
    return InkColour(colour, (mask > 0) & (in_squares >= 3))


def _direction(absorbed: FloatArray | Ink) -> FloatArray:
    """Return the shares of red and blue in what inks absorb, by channel; one third each is grey."""
    return np.asarray(absorbed[[0, 2]] / np.maximum(absorbed.sum(axis=0), 1e-6), dtype=np.float64)


def _mixes(inks: list[InkColour]) -> list[FloatArray]:
    """Return for each ink that is writing the mixes of what the channels absorb, of shape (3, n); empty for luma.

    The ink absorbs 1 in each of its mixes, and each ink that is dropped absorbs 0 in one of them.
    """
    written = np.logical_or.reduce([ink.mask for ink in inks])
    inks = [ink for ink in inks if not _is_blend(ink, inks)]
    dropped = [ink for ink in inks if not ink.is_neutral and _is_dropped(ink, inks, written)]
    dropped += [ink for ink in inks if any(_is_halo(ink, other) for other in dropped)]
    kept = [ink for ink in inks if ink not in dropped]
    darkest, total = max((ink.luma for ink in kept), default=0.0), sum(ink.n_pixels for ink in kept)
    mixes, differ = [], False  # from luma
    for ink in kept:
        colour = np.full(3, ink.absorbed.mean()) if ink.is_neutral else ink.absorbed
        without = [mix for other in dropped if (mix := _mix_without(colour, other.absorbed)) is not None]
        signal, goal = ink.luma / np.linalg.norm(_LUMA) / np.linalg.norm(colour), ink.luma / darkest
        noisy = bool(signal < (_PALE if ink.luma > _FAINT else _LESS_PALE))
        differ = differ or bool(without)
        may_be_raised = (noisy or goal < 1) and ink.n_pixels >= _COMMON * total
        if may_be_raised and _straight_share(ink, []) < _STRAIGHT_STROKES:
            differ, goal = differ or noisy or goal < _PALE, 1.0
        mixes.append(goal * np.stack(without or [colour / (colour @ colour)], axis=1))
    return mixes if differ else []


def _mix_without(colour: FloatArray, dropped: FloatArray) -> FloatArray | None:
    """Return the mix with the least noise in which one ink absorbs 1 and another 0; None if they are too alike."""
    rest = colour - (colour @ dropped) / (dropped @ dropped) * dropped
    if np.linalg.norm(rest) < _SEPARATE * np.linalg.norm(colour):
        return None
    return np.asarray(rest / (rest @ colour), dtype=np.float64)


def _is_blend(ink: InkColour, inks: list[InkColour]) -> bool:
    """Return whether an ink is that of the edges of strokes on a highlighter: between two more frequent inks."""
    others = [other.absorbed for other in inks if other.n_pixels > ink.n_pixels]
    for pair in combinations(others, 2):
        shares, *_ = np.linalg.lstsq(np.transpose(pair), ink.absorbed, rcond=None)
        rest = np.linalg.norm(ink.absorbed - shares @ np.stack(pair))
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
    if not darker:
        return len(inks) > 1 and _straight_share(ink, []) >= _STRAIGHT
    return _is_thick(ink, written, darker[0].width) or _straight_share(ink, darker) >= _STRAIGHT


def _is_thick(ink: InkColour, written: Mask, stroke_width: float) -> bool:
    """Return whether the areas of an ink, with all that is written on them, are thicker than strokes."""
    own, inside, area = (_bits(mask, 1) for mask in (ink.mask, np.ones_like(written), written))
    stride, least, distances = written.shape[1] + 1, _THICK / 4 * stroke_width * ink.n_pixels, 0
    area = _eroded(_eroded(_dilated(_dilated(area, 3, 1), 3, stride) & inside, 3, 1), 3, stride)
    while area & own and distances < least:  # distances in steps are not less than those below
        distances += (area & own).bit_count()
        around = area | ~inside
        area &= (around << 1) & (around >> 1) & (around << stride) & (around >> stride)
    if distances < least:
        return False
    closed = ndimage.binary_closing(written, np.ones((3, 3)))
    return float(ndimage.distance_transform_edt(closed)[ink.mask].sum()) >= least


def _straight_share(ink: InkColour, darker: list[InkColour]) -> float:
    """Return the share of pixels in long straight runs, which may slope by a pixel, and which darker ink may cross."""
    strokes = np.logical_or.reduce([np.zeros_like(ink.mask), *(other.mask for other in darker)])
    run = 2 * min(round(max(12.0, _LONG_RUN * ink.width) / 2), max(strokes.shape)) + 1
    gap = 2 * round(_width(strokes)) + 3 if darker else 1
    margin = max(run, gap) // 2
    own, inside, near_strokes = (_bits(mask, margin) for mask in (ink.mask, np.ones_like(strokes), strokes))
    stride, straight = strokes.shape[1] + margin, 0
    near_strokes = _dilated(_dilated(near_strokes, 3, 1), 3, stride)
    for along, across in ((1, stride), (stride, 1)):
        line = _dilated(own, 3, across)
        line |= near_strokes & _eroded(_dilated(line, gap, along) | ~inside, gap, along)
        straight |= _dilated(_eroded(line | ~inside, run, along) & inside, run, along)
    return (straight & own).bit_count() / ink.n_pixels


def _width(mask: Mask) -> float:
    """Return the usual thickness of strokes or lines: the least median length of runs, in rows or in columns."""
    medians = []
    for rows in (mask, mask.T):
        framed = np.zeros((len(rows), rows.shape[1] + 2), np.bool_)
        framed[:, 1:-1] = rows
        edges = np.flatnonzero(framed.ravel()[1:] != framed.ravel()[:-1])
        medians.append(float(_quantile(edges[1::2] - edges[::2], 0.5)))
    return min(medians)


def _bits(mask: Mask, margin: int) -> int:
    """Return a mask as an integer with one bit per pixel: an operation on it treats all pixels at once.

    The pixel to the right is the next bit. There are `margin` bits of 0 after each row, and as many rows of 0 above.
    """
    framed = np.zeros((mask.shape[0] + margin, mask.shape[1] + margin), np.bool_)
    framed[margin:, : mask.shape[1]] = mask
    return int.from_bytes(np.packbits(framed, bitorder="little").tobytes(), "little")


def _dilated(bits: int, size: int, step: int) -> int:
    """Return which bits have a 1 among the `size` bits around them, an odd number of them, `step` apart."""
    reach = 1
    while reach < size:
        bits |= bits << min(reach, size - reach) * step
        reach *= 2
    return bits >> size // 2 * step


def _eroded(bits: int, size: int, step: int) -> int:
    """Return which bits have no 0 among the `size` bits around them, an odd number of them, `step` apart."""
    return ~_dilated(~bits, size, step)


def _mixed(image: Image.Image, paper: FloatArray, mixes: list[FloatArray]) -> Grey:
    """Return the grey of a picture by mixes of its channels: the darkest of the lightest mixes of each ink."""
    level = float(_LUMA @ paper)
    image = image if image.mode == "RGB" else image.convert("RGB")
    lightest = []
    for mix in mixes:
        matrices = np.vstack([level * _TONE * mix / paper[:, None], level * (1 - _TONE * mix.sum(axis=0))]).T
        lightest.append(reduce(ImageChops.lighter, [image.convert("L", tuple(row)) for row in matrices.tolist()]))
    return np.array(reduce(ImageChops.darker, lightest))
