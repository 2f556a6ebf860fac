"""Borders of a letter's cell: bars along the edges of its picture and closed frames, found and removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr._geometry import EIGHT_CONNECTED, INK_THRESHOLD
from ensemble_hwr._typing import Ink

_MAX_THICKNESS = 0.12  # of the side of the picture: greatest thickness of a bar
_COVERED = 0.9  # of a side: least length of a bar
_CLEAR = 0.02  # of the edges of the picture: greatest share with ink of the letter itself
_MIN_HEIGHT = 0.3  # of the picture: least height of the letter, so that its own strokes are not taken for bars
_SIDE_BAND = 0.12  # of the smaller side of a frame: greatest distance of its pixels from its outline


def remove_borders(ink: Ink) -> Ink:
    """Remove a closed frame around the other ink, and straight bars along the edges of the picture.

    A picture that is cropped to its letter is left as it is: the letter itself touches the edges.

    Parameters
    ----------
    ink : ndarray of float32, shape (height, width)
        From 0 to 1.

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
    bars = _bars(mask)
    if bars.any():
        cleared = np.where(_grown(bars), np.float32(0), ink)
        return cleared if _is_letter(mask & ~_grown(bars), bars) else ink
    frame = _frame(mask)
    return ink if frame is None else np.where(_grown(frame) & ~(mask & ~frame), np.float32(0), ink)


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
    band = 1 + int(_SIDE_BAND * min(component.shape))
    if min(component.shape) <= 4 * band or component[band:-band, band:-band].any():
        return None
    sides = (component[:band], component[-band:], component[:, :band].T, component[:, -band:].T)
    if min(side.any(axis=0).mean() for side in sides) < _COVERED:
        return None
    frame = np.zeros_like(mask)
    frame[boxes[outer]] = component
    return frame


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask and their neighbours."""
    grown: NDArray[np.bool_] = ndimage.binary_dilation(mask, EIGHT_CONNECTED)
    return grown
