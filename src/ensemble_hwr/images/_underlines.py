"""Underlines of words, also where most letters touch them, and the teeth of combs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED
from ensemble_hwr.images._traces import Line, band_of, roughness, run_lengths, smooth_within, trace_lines

_LENGTH = 2.6  # letter heights: least length of a line across; the bar of a letter, or of two that touch, is shorter
_THICKNESS = 0.25  # letter heights: greatest thickness
_STEEP = 0.3  # rows per column: greatest mean slope, up and down, of a line; letters rise and fall more
_UNDERLINE = 0.9  # letter heights: least length of the underline of a short word
_UNDER = 0.9  # of the width of the writing: likewise
_LOW = 0.15  # letter heights: part of the writing that may lie below its underline
_TALL = 0.5  # letter heights: least height of the letters above an underline that touches them
_SHORT = 1.2  # letter heights: likewise if it is like other underlines
_ALIKE = 0.35  # of the thickness of underlines: greatest difference of another underline
_ROUGH = 0.04  # of a lower edge: greatest share of steps of more than one pixel
_LEAST_THIN = 0.45  # of a lower edge: least share that is as thin as a line
_TOOTH = 0.7  # letter heights: greatest height of the tooth of a comb
_STRAIGHT = 0.6  # of its bounding box: least area of a tooth
_MIN_TEETH = 3
_NEAR = 0.15  # letter heights: distance within which a line down ends at a line across


def find_underline(mask: NDArray[np.bool_], letter: float) -> NDArray[np.bool_]:
    """Find a line below a short word, as long as the word.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Pixels of the line. None are set if the line touches a single letter, of which it can be a part.
    """
    nothing = np.zeros_like(mask)
    width = int(np.ptp(np.flatnonzero(mask.any(axis=0)))) + 1 if mask.any() else 0
    length = max(_UNDERLINE * letter, _UNDER * width)
    if length >= _LENGTH * letter:
        return nothing
    line = np.zeros_like(mask)
    for found in trace_lines(mask, length, _THICKNESS * letter):
        found.mark(line)
    labels, count = ndimage.label(mask & ~line, EIGHT_CONNECTED)
    if not line.any() or not count:
        return nothing
    boxes = ndimage.find_objects(labels)
    lowest = max(y.stop for y, _ in boxes)
    if lowest > np.flatnonzero(line.any(axis=1))[-1] + 1 + _LOW * letter:
        return nothing
    touches = (ndimage.binary_dilation(line, EIGHT_CONNECTED) & mask & ~line).any()
    n_letters = sum(y.stop - y.start >= _TALL * letter for y, _ in boxes)
    return line if n_letters > bool(touches) else nothing


def find_lower_edges(mask: NDArray[np.bool_], lines: list[Line], letter: float) -> list[Line]:
    """Find underlines that touch most letters of their word: smooth thin lower edges of connected components.

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)
        Pixels with ink, without lines that were found.
    lines : list of Line
        Those lines. Short words are searched only if there are underlines among these, for lines of their thickness.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    list of Line
    """
    margin = _NEAR * letter
    drawn = [line for line in lines if line.columns[0] > margin and line.columns[-1] < mask.shape[1] - margin]
    usual = float(np.median([line.thickness for line in drawn])) if drawn else None
    least = (_LENGTH if usual is None else _SHORT) * letter
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    found = []
    for number, window in enumerate(ndimage.find_objects(labels), 1):
        width = window[1].stop - window[1].start
        if width < least:
            continue
        line = _lower_edge(labels[window] == number, _THICKNESS * letter, usual)
        if line is not None:
            found.append(line.moved(window[0].start, window[1].start))
            if usual is None:
                usual = line.thickness
    return found


def _lower_edge(part: NDArray[np.bool_], thickness: float, usual: float | None) -> Line | None:
    """Return the lower edge of a component as a line, or None if it is not smooth, or mostly thicker than a line."""
    columns = np.arange(part.shape[1])
    rows = len(part) - 1 - part[::-1].argmax(axis=0)
    runs = run_lengths(part)
    along = runs[rows, columns]
    thin = along <= thickness
    if not thin.any():
        return None
    own = float(np.quantile(along[thin], 0.25))
    if usual is not None and abs(own - usual) > max(1.0, _ALIKE * usual):
        return None
    thin = along <= 1.5 * own + 1
    if np.mean(np.abs(np.diff(rows)) > 1) > _ROUGH or thin.mean() < _LEAST_THIN or not _sticks_out(part, own):
        return None
    top, bottom = band_of(rows - (along - 1) / 2, along, own)
    line = Line(rows, columns, top, bottom, thin, int(2 * own + 1), own)
    return line if roughness(line.middles, 2 * thickness) <= smooth_within(own) else None


def _sticks_out(part: NDArray[np.bool_], thickness: float) -> bool:
    """Return whether there is nothing but a line at both ends of a component."""
    alone = part.sum(axis=0) <= 1.5 * thickness + 1
    reach = max(2, round(thickness / 2))
    return bool(alone[:reach].all() and alone[-reach:].all())


def find_teeth(rest: NDArray[np.bool_], across: NDArray[np.bool_], letter: float) -> NDArray[np.bool_]:
    """Find the teeth of a comb: short upright bars that stand on a line and are no parts of letters.

    Parameters
    ----------
    rest : ndarray of bool, shape (height, width)
        Pixels with ink other than lines.
    across : ndarray of bool, shape (height, width)
        Pixels of lines across.
    letter : float
        Height of the letters in pixels.

    Returns
    -------
    ndarray of bool, shape (height, width)
        None are set if there are fewer than three.
    """
    teeth = np.zeros_like(rest)
    if not across.any():
        return teeth
    labels, count = ndimage.label(rest, EIGHT_CONNECTED)
    touching = np.zeros(count + 1, np.bool_)
    touching[labels[ndimage.binary_dilation(across, EIGHT_CONNECTED)]] = True
    sizes = np.bincount(labels.ravel())
    for number, (y, x) in enumerate(ndimage.find_objects(labels), 1):
        height, width = y.stop - y.start, x.stop - x.start
        low = height <= _TOOTH * letter and width <= _THICKNESS * letter
        if low and height >= 2 * width and sizes[number] >= _STRAIGHT * height * width and touching[number]:
            teeth[y, x] |= labels[y, x] == number
    return teeth if ndimage.label(teeth, EIGHT_CONNECTED)[1] >= _MIN_TEETH else np.zeros_like(rest)
