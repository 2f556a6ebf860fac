"""Printed patterns of paper: dots at regular distances, pale ruled lines, margins and squares, found and removed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink
from ensemble_hwr.images._histogram import Histogram
from ensemble_hwr.images._traces import trace_lines

_LARGEST = 0.1  # of the shorter side of the picture: greatest size of a dot
_ALIKE = 0.5  # of the usual size of the dots, beyond one pixel: greatest difference
_ROUND = 0.45  # of its bounding box: least area of a dot
_MIN_DOTS = 12
_N_NEAREST = 4
_REGULAR, _PIXEL = 0.12, 0.5  # of the distance of the dots, and pixels: greatest difference from it
_STEPS = np.array([1, 1j, -1, -1j, 1 + 1j, 1 - 1j, -1 + 1j, -1 - 1j, 2, 2j, -2, -2j])  # of the lattice, to other dots
_MIN_MET = 3  # of these steps: least number that lead from one dot to another
_MOST = 0.5  # of the small round components: least share that are dots

_MIN_SIDE = 64  # pixels: smaller pictures hold too little of a line
_SAMPLES = 512  # greatest number of columns whose median is taken
_SLOPES = np.linspace(-0.06, 0.06, 49)  # rows per column
_COARSE = 320  # pixels: longest side of the sample from which the slope is estimated
_DARKEST = 0.99  # quantile of the darkness that is the least tone of the strokes
_TONE = 0.8  # likewise of the ink that is not on lines
_PALE = 0.7  # of that tone: greatest darkness of a line
_ALIKE_PALE = 0.8  # likewise, of other lines of the same cells
_VISIBLE = 0.08  # likewise: least darkness
_ABOVE_NOISE = 0.5  # standard deviations of the noise: likewise
_COVERED = 0.8  # of the picture: least length of a line
_THICKEST = 0.05  # of the picture: greatest thickness of a line
_MARGIN = 0.35  # of the width of the picture: greatest distance of a margin from an edge
_MIN_SQUARES = (5, 14)  # lines of squared paper: least number in either direction, and in all
_LONG = 0.5  # of the height of the picture: least length of a line that divides cells
_SIDE, _THIN_SIDE = 0.9, 0.1  # of the distance of lines across: least length and greatest thickness of a cell's side
_MIN_SIDES = 3
_FEW_LINES = 4  # across: greatest number of those of a form, between which cells have sides
_STROKE = 0.35  # of the way from the tone of a line to that of strokes: darker pixels are strokes

Lines: TypeAlias = tuple[float, NDArray[np.float32]]
"""Slope of lines from left to right, and their darkness in each row of the first column; 0 elsewhere."""


def remove_dots(ink: Ink) -> Ink:
    """Remove the dots of dotted paper; dots that touch writing stay a part of it.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1.

    Returns
    -------
    ndarray of float32, shape (height, width)
        The same array if there are no dots at regular distances.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.patterns import remove_dots
    >>> ink = np.zeros((100, 120), np.float32)
    >>> ink[10::20, 10::20] = ink[30:60, 45:48] = 1.0
    >>> cleaned = remove_dots(ink)
    >>> float(cleaned[10, 10]), float(cleaned[40, 46])
    (0.0, 1.0)
    """
    mask = ink > INK_THRESHOLD
    labels, count = ndimage.label(mask, EIGHT_CONNECTED)
    if count < _MIN_DOTS:
        return ink
    dots = _dots(labels)
    if np.count_nonzero(dots) < _MIN_DOTS:
        return ink
    regular = _on_lattice(labels, dots)
    if np.count_nonzero(regular) < max(_MIN_DOTS, _MOST * len(regular)):
        return ink
    pixels = np.concatenate([[False], dots])[labels]
    soft = ndimage.binary_dilation(pixels, EIGHT_CONNECTED) & ~mask
    return np.where(pixels | soft, np.float32(0), ink)


def _dots(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which components are small, round and of the usual size of such components."""
    sizes = np.array([[edge.stop - edge.start for edge in window] for window in ndimage.find_objects(labels)])
    area = np.bincount(labels.ravel(), minlength=len(sizes) + 1)[1:]
    longer, shorter = sizes.max(axis=1), sizes.min(axis=1)
    small = (longer <= max(3.0, _LARGEST * min(labels.shape))) & (longer <= 2 * shorter)
    small &= area >= _ROUND * longer * shorter
    usual = float(np.median(longer[small])) if small.any() else 0.0
    return np.asarray(small & (np.abs(longer - usual) <= _ALIKE * usual + 1), dtype=np.bool_)


def _on_lattice(labels: NDArray[np.int32], dots: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of the components that may be dots have several others at the steps of a square lattice."""
    from scipy.spatial import cKDTree

    places = np.array(ndimage.center_of_mass(labels > 0, labels, np.flatnonzero(dots) + 1))
    tree = cKDTree(places)
    distances, others = (found[:, 1:] for found in tree.query(places, k=_N_NEAREST + 1))
    usual = _most_frequent(distances.ravel())
    near = np.abs(distances - usual) <= _REGULAR * usual + _PIXEL
    towards = (places[others] - places[:, None])[near] @ np.array([1, 1j])
    turn = np.angle(np.exp(4j * np.angle(towards)).sum()) / 4  # a lattice is the same after a quarter of a turn
    steps = usual * np.exp(1j * turn) * _STEPS
    expected = places[:, None] + np.stack([steps.real, steps.imag], axis=1)
    met = tree.query(expected)[0] <= _REGULAR * usual + _PIXEL
    return np.asarray(np.count_nonzero(met, axis=1) >= _MIN_MET, dtype=np.bool_)


def _most_frequent(distances: NDArray[np.float64]) -> float:
    """Return the middle of the interval of some relative width that holds the most distances."""
    ordered = np.sort(distances)
    stops = np.searchsorted(ordered, ordered * (1 + _REGULAR), side="right")
    first = int(np.argmax(stops - np.arange(len(ordered))))
    return float(np.median(ordered[first : stops[first]]))


def without_pale_lines(darkness: Ink) -> Ink:
    """Replace pale ruled lines and squares by paper; darker strokes that cross them stay, and so do tables.

    The median of the pixels along a line is its tone: strokes cover less than half of it, and on any other course the
    median is that of paper.

    Parameters
    ----------
    darkness : ndarray of float32, shape (height, width)
        How much darker than the paper pixels are, in any unit.

    Returns
    -------
    ndarray of float32, shape (height, width)
        The same array if there are no such lines.
    """
    if min(darkness.shape) < _MIN_SIDE:
        return darkness
    strokes = float(np.quantile(_sample(darkness, _SAMPLES), _DARKEST))
    lines = _line_tones(darkness, strokes)
    if lines is None:
        return darkness
    lines_down = _line_tones(darkness.T, strokes)
    if _is_squared(lines[1], _tones(lines_down, darkness.shape[1])):
        strokes = max(strokes, _tone_off_lines(darkness, lines, lines_down))  # squares are much of the ink
    across, sides = _paler(lines, strokes), _paler(lines_down, strokes)
    if across is None:
        return darkness
    down, alike = _tones(sides, darkness.shape[1]), _tones(_paler(lines, strokes, _ALIKE_PALE), len(darkness))
    if not _is_squared(across[1], down) and (not _is_margin(down) or _has_lines_down(darkness, alike, strokes)):
        return darkness
    cleaned = darkness.copy()
    for tones, turned in ((across, cleaned), (sides, cleaned.T)):
        if tones is not None:
            _remove(turned, *tones, strokes)
    _remove_sides(cleaned, across[1], strokes)
    return cleaned


def _line_tones(darkness: Ink, strokes: float) -> Lines | None:
    """Return the slope of lines from left to right, and their darkness in each row of the first column; 0 elsewhere."""
    noise = 1.4826 * float(np.median(np.abs(_sample(darkness, _SAMPLES))))
    least = max(_VISIBLE * strokes, _ABOVE_NOISE * noise)
    slope = _find_slope(np.clip(_sample(darkness, _COARSE), 0, _PALE * strokes))
    columns = np.linspace(0, darkness.shape[1] - 1, min(_SAMPLES, darkness.shape[1])).round().astype(np.intp)
    level = _levelled(darkness, columns, slope)
    profile = np.median(level, axis=1).astype(np.float32)
    thickest = max(3, round(_THICKEST * len(profile)))
    profile -= ndimage.grey_opening(profile, thickest + 1)
    tones = np.zeros_like(profile)
    inside = np.flatnonzero(np.diff(np.concatenate([[False], profile > least / 2, [False]])))
    for first, last in zip(inside[::2], inside[1::2], strict=True):
        peak = float(profile[first:last].max())
        covered = (level[first:last] > peak / 2).any(axis=0).mean()
        if least <= peak and covered >= _COVERED:
            tones[first:last] = profile[first:last]
    return (slope, tones) if tones.any() else None


def _paler(lines: Lines | None, strokes: float, most: float = _PALE) -> Lines | None:
    """Return the lines whose darkness is at most a share of that of strokes."""
    if lines is None:
        return None
    slope, tones = lines
    labels, count = ndimage.label(tones > 0)
    peaks = np.concatenate([[np.inf], ndimage.maximum(tones, labels, np.arange(1, count + 1))])
    pale = peaks <= most * strokes
    return (slope, np.where(pale[labels], tones, np.float32(0))) if pale.any() else None


def _tones(lines: Lines | None, n_rows: int) -> NDArray[np.float32]:
    """Return the darkness of lines in each row of the first column; 0 without lines."""
    return np.zeros(n_rows, np.float32) if lines is None else lines[1]


def _tone_off_lines(darkness: Ink, across: Lines, down: Lines | None) -> float:
    """Return the tone of the ink that is not on lines from left to right or from top to bottom; 0 if there is none."""
    step = -(-max(darkness.shape) // _SAMPLES)
    rows, columns = (np.arange(0, side, step) for side in darkness.shape)
    off_lines = ~_on_lines(across, rows, columns - darkness.shape[1] / 2)
    off_lines &= ~_on_lines(down, columns, rows - darkness.shape[0] / 2).T
    ink = np.maximum(darkness[::step, ::step][off_lines], 0)
    if not ink.any():
        return 0.0
    histogram = Histogram.of(ink)
    return float(histogram.above(histogram.otsu()).quantile(_TONE))


def _on_lines(lines: Lines | None, rows: NDArray[np.intp], columns: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels, by their rows and their columns from the middle, are on or next to lines."""
    if lines is None:
        return np.zeros((len(rows), len(columns)), np.bool_)
    slope, tones = lines
    level = rows[:, None] - np.rint(slope * columns).astype(np.intp)
    return np.asarray(ndimage.maximum_filter1d(tones, 3)[np.clip(level, 0, len(tones) - 1)] > 0)


def _is_squared(across: NDArray[np.float32], down: NDArray[np.float32]) -> bool:
    """Return whether lines are those of squared paper: more than those of a table."""
    n_across, n_down = (ndimage.label(tones > 0)[1] for tones in (across, down))
    return bool(min(n_across, n_down) >= _MIN_SQUARES[0] and n_across + n_down >= _MIN_SQUARES[1])


def _is_margin(down: NDArray[np.float32]) -> bool:
    """Return whether there is no line from top to bottom, or a single one near an edge of the picture."""
    if not down.any():
        return True
    place = float(np.flatnonzero(down).mean()) / len(down)
    return bool(ndimage.label(down > 0)[1] == 1 and min(place, 1 - place) <= _MARGIN)


def _has_lines_down(darkness: Ink, across: NDArray[np.float32], strokes: float) -> bool:
    """Return whether there are several lines from top to bottom, or the sides of cells between two lines across."""
    step = -(-max(darkness.shape) // _SAMPLES)
    mask = ndimage.maximum_filter(darkness, step)[::step, ::step] > 2 * _VISIBLE * strokes
    height = mask.shape[0]
    thickness = max(3.0, _THICKEST * height)
    if len(trace_lines(mask.T, _LONG * height, thickness)) > 1:
        return True
    starts = np.flatnonzero(np.diff(np.concatenate([[0], across > 0])) == 1)
    if len(starts) < 2:
        return False
    between = float(np.median(np.diff(starts))) / step
    return len(trace_lines(mask.T, _SIDE * between, _THIN_SIDE * between)) >= _MIN_SIDES


def _remove_sides(darkness: Ink, across: NDArray[np.float32], strokes: float) -> None:
    """Replace the pale sides of the cells between a few lines across by paper, in place."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], across > 0, [False]])))
    if len(edges) > 2 * _FEW_LINES:
        return
    for top, bottom in zip(edges[1:-1:2], edges[2:-1:2], strict=True):
        cells = darkness[top:bottom]
        sides = _paler(_line_tones(cells.T, strokes), strokes) if len(cells) > 2 else None
        if sides is not None:
            _remove(cells.T, *sides, strokes)


def _find_slope(sample: Ink) -> float:
    """Return the slope at which the sums over rows differ most between neighbouring rows."""
    columns = np.arange(0, sample.shape[1], 3)
    scores = [float(np.square(np.diff(_levelled(sample, columns, slope).mean(axis=1))).sum()) for slope in _SLOPES]
    scores[len(scores) // 2] *= 1.02  # level lines are the most common
    return float(_SLOPES[int(np.argmax(scores))])


def _levelled(darkness: Ink, columns: NDArray[np.intp], slope: float) -> Ink:
    """Return some columns, shifted so that lines of a slope become level."""
    shift = np.rint(slope * (columns - darkness.shape[1] / 2)).astype(np.intp)
    rows = np.arange(len(darkness))[:, None] + shift
    return np.asarray(darkness[np.clip(rows, 0, len(darkness) - 1), columns])


def _remove(darkness: Ink, slope: float, tones: NDArray[np.float32], strokes: float) -> None:
    """Replace the pixels of lines by paper in place, except those as dark as strokes."""
    columns = np.arange(darkness.shape[1])
    shift = np.rint(slope * (columns - darkness.shape[1] / 2)).astype(np.intp)
    for row in np.flatnonzero(ndimage.maximum_filter1d(tones, 3)):
        tone = float(tones[max(0, row - 1) : row + 2].max())
        rows = row + shift
        here = (rows >= 0) & (rows < len(darkness))
        rows, places = rows[here], columns[here]
        values = darkness[rows, places]
        darkness[rows, places] = np.where(values < tone + _STROKE * (strokes - tone), np.minimum(values, 0), values)


def _sample(darkness: Ink, longest: int) -> Ink:
    """Return every so many rows and columns."""
    step = -(-max(darkness.shape) // longest)
    return darkness[::step, ::step]
