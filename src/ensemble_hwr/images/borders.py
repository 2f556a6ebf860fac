"""Borders of a letter's cell: bars along the edges of its picture and closed frames, found and removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink, IntArray
from ensemble_hwr.boxes import Box

_MAX_THICKNESS = 0.12  # of the side of the picture: greatest thickness of a bar
_COVERED = 0.9  # of a side: least length of a bar
_CLEAR = 0.02  # of the edges of the picture: greatest share with ink of the letter itself
_MIN_HEIGHT = 0.3  # of the picture: least height of the letter, so that its own strokes are not taken for bars
_SIDE_BAND = 0.12  # of the smaller side of a frame: greatest distance of its pixels from its outline
_MIN_BOX = 12  # pixels: least side of a box for a letter
_MIN_BOXES = 2  # least number of boxes that hold ink
_FILLED = 0.4  # of the boxes: likewise
_SAME_SIZE = 0.15  # of the usual side of the boxes: greatest difference of a box that a letter touches


def remove_borders(ink: Ink, *, bars: bool = True) -> Ink:
    """Remove a closed frame around the other ink, and straight bars along the edges of the picture.

    A picture that is cropped to its letter is left as it is: the letter itself touches the edges.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1.
    bars : bool, default=True
        Whether there may be bars, as `may_have_bars` returns it.

    Returns
    -------
    ndarray of float32, shape (height, width)
        The same array if there are no borders.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.borders import remove_borders
    >>> ink = np.zeros((40, 40), np.float32)
    >>> ink[:, :3] = ink[10:30, 18:22] = 1.0
    >>> cleaned = remove_borders(ink)
    >>> float(cleaned[20, 1]), float(cleaned[20, 20])
    (0.0, 1.0)
    """
    mask = ink > INK_THRESHOLD
    found = _bars(mask) if bars else mask[:0]
    if found.any():
        cleared = np.where(_grown(found), np.float32(0), ink)
        return cleared if _is_letter(mask & ~_grown(found), found) else ink
    frame = _frame(mask)
    return ink if frame is None else np.where(_grown(frame) & ~(mask & ~frame), np.float32(0), ink)


def may_have_bars(
    by_row: IntArray, by_column: IntArray, heights: IntArray | None = None, widths: IntArray | None = None
) -> NDArray[np.bool_]:
    """Return in which pictures `remove_borders` may find bars along the edges.

    Parameters
    ----------
    by_row, by_column : ndarray of int, shape (n, height) and (n, width)
        Number of pixels with ink.
    heights, widths : ndarray of int, shape (n,), default=None
        Sizes of the pictures, if they are smaller than the arrays.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.borders import may_have_bars
    >>> masks = np.zeros((2, 40, 40), np.bool_)
    >>> masks[1, :, :3] = True
    >>> may_have_bars(masks.sum(axis=2), masks.sum(axis=1)).tolist()
    [False, True]
    """
    heights = np.full(len(by_row), by_row.shape[1]) if heights is None else heights
    widths = np.full(len(by_column), by_column.shape[1]) if widths is None else widths
    top_and_bottom, left_and_right = _most_at_ends(by_row, heights), _most_at_ends(by_column, widths)
    found: NDArray[np.bool_] = (top_and_bottom / widths >= _COVERED) | (left_and_right / heights >= _COVERED)
    return found


def _most_at_ends(counts: IntArray, lengths: IntArray) -> IntArray:
    """Return the greatest of the first two and of the last two counts of each row of a length."""
    ends = (np.zeros_like(lengths), np.minimum(1, lengths - 1), np.maximum(lengths - 2, 0), lengths - 1)
    most: IntArray = counts[np.arange(len(counts)), ends].max(axis=0)
    return most


def remove_boxes(ink: Ink) -> tuple[Ink, list[Box]]:
    """Remove closed boxes of one size, such as those for the single letters of a form; what is inside stays.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1.

    Returns
    -------
    cleaned : ndarray of float32, shape (height, width)
        The same array unless two boxes or more hold other ink.
    boxes : list of Box
        Boxes that were removed.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.images.borders import remove_boxes
    >>> ink = np.zeros((40, 90), np.float32)
    >>> for left in (5, 45):
    ...     ink[5:35, left : left + 35] = 1.0
    ...     ink[7:33, left + 2 : left + 33] = 0.0
    ...     ink[12:28, left + 16 : left + 19] = 1.0
    >>> cleaned, boxes = remove_boxes(ink)
    >>> float(cleaned[20, 6]), float(cleaned[20, 22])
    (0.0, 1.0)
    >>> boxes
    [Box(left=5, top=5, right=40, bottom=35), Box(left=45, top=5, right=80, bottom=35)]
    """
    mask = ink > INK_THRESHOLD
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    parts = {
        number: (window, labels[window] == number)
        for number, window in enumerate(ndimage.find_objects(labels), 1)
        if min(edge.stop - edge.start for edge in window) >= _MIN_BOX
    }
    closed = {number: (window, part) for number, (window, part) in parts.items() if _is_closed(part)}
    hollow = {number: part for number, (_, part) in closed.items() if _is_hollow(part)}
    n_filled = sum(np.count_nonzero(mask[closed[number][0]] & ~part) > 0 for number, part in hollow.items())
    if n_filled < max(_MIN_BOXES, _FILLED * len(hollow)):
        return ink, []
    usual = np.median([part.shape for part in hollow.values()], axis=0)
    thickness = float(np.median([np.count_nonzero(part) / (2 * sum(part.shape)) for part in hollow.values()]))
    boxes, found = np.zeros_like(mask), []
    for number, (window, part) in closed.items():
        if number in hollow:
            boxes[window] |= part
        elif (np.abs(part.shape - usual) <= _SAME_SIZE * usual).all():
            boxes[window] |= _thin_sides(part, thickness)
        else:
            continue
        found.append(Box(window[1].start, window[0].start, window[1].stop, window[0].stop))
    return np.where(_grown(boxes) & ~(mask & ~boxes), np.float32(0), ink), found


def _thin_sides(part: NDArray[np.bool_], thickness: float) -> NDArray[np.bool_]:
    """Return the sides of a box that a letter touches, without the strokes that cross them."""
    sides = np.zeros_like(part)
    deepest = round(2 * thickness) + 2
    pairs = ((part, sides), (part[::-1], sides[::-1]), (part.T, sides.T), (part[:, ::-1].T, sides[:, ::-1].T))
    for turned, found in pairs:
        band = np.pad(turned[:deepest], ((0, 1), (0, 0)))
        first = band.argmax(axis=0)
        rows = np.arange(len(band))[:, None]
        last = np.where((rows > first) & ~band, rows, len(band)).min(axis=0)
        thin = (last < len(band) - 1) & (last - first <= 1.5 * thickness + 1)
        found[:deepest] |= (band & (rows >= first) & (rows < last) & thin)[:-1]
    return sides


def _bars(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the bars along the four edges."""
    bars = np.zeros_like(mask)
    for side, part in ((mask, bars), (mask[::-1], bars[::-1]), (mask.T, bars.T), (mask[:, ::-1].T, bars[:, ::-1].T)):
        covered = side[: 2 + int(_MAX_THICKNESS * len(side))].mean(axis=1) >= _COVERED
        if covered[:2].any() and not covered[-1]:
            first = int(covered.argmax())
            part[: first + int((~covered[first:]).argmax())] = True
    return bars & mask


def _is_letter(rest: NDArray[np.bool_], bars: NDArray[np.bool_]) -> bool:
    """Return whether what remains without bars is a letter with paper around it, at most cut by one bar."""
    rows = np.flatnonzero(rest.any(axis=1))
    if not len(rows) or np.ptp(rows) < _MIN_HEIGHT * len(rest):
        return False
    edges = np.concatenate([rest[0], rest[-1], rest[:, 0], rest[:, -1]])
    touching = _grown(_grown(_grown(rest))) & bars
    sides = [touching[: len(rest) // 4], touching[-(len(rest) // 4) :]]
    sides += [touching[:, : rest.shape[1] // 4], touching[:, -(rest.shape[1] // 4) :]]
    return bool(edges.mean() <= _CLEAR) and sum(bool(side.any()) for side in sides) <= 1


def _frame(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Return the component that is a closed rectangle around all other ink, or None."""
    labels, count = ndimage.label(mask, EIGHT_CONNECTED)
    if count < 2:
        return None
    boxes = ndimage.find_objects(labels)
    outer = max(range(count), key=lambda place: np.prod([edge.stop - edge.start for edge in boxes[place]]))
    component = labels[boxes[outer]] == outer + 1
    others = np.count_nonzero(mask[boxes[outer]] & ~component)
    if others < np.count_nonzero(mask) - np.count_nonzero(component) or not others:
        return None
    if not (_is_closed(component) and _is_hollow(component)):
        return None
    frame = np.zeros_like(mask)
    frame[boxes[outer]] = component
    return frame


def _is_closed(part: NDArray[np.bool_]) -> bool:
    """Return whether a component has four straight sides along its bounding box."""
    band = _band(part)
    sides = (part[:band], part[-band:], part[:, :band].T, part[:, -band:].T)
    return bool(min(part.shape) > 4 * band and min(side.any(axis=0).mean() for side in sides) >= _COVERED)


def _is_hollow(part: NDArray[np.bool_]) -> bool:
    """Return whether all pixels of a component are close to its bounding box."""
    band = _band(part)
    return not part[band:-band, band:-band].any()


def _band(part: NDArray[np.bool_]) -> int:
    """Return the greatest distance in pixels of a side from the bounding box."""
    return 1 + int(_SIDE_BAND * min(part.shape))


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask and their neighbours."""
    grown: NDArray[np.bool_] = ndimage.binary_dilation(mask, EIGHT_CONNECTED)
    return grown
