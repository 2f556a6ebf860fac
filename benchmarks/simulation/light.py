"""Uneven light: shadows, vignettes, lamps and the crease of a fold."""

from __future__ import annotations

import numpy as np

from benchmarks.simulation.sheet import Pixels, Sheet


def shadow(sheet: Sheet, darkness: float) -> Sheet:
    """Cast a shadow with an edge of three pixels that crosses the writing in any direction."""
    return sheet.lit(1 - darkness * _step(_distance(sheet) / 0.75))


def soft_shadow(sheet: Sheet, width: float) -> Sheet:
    """Cast a shadow of 40 % whose edge is some letter heights wide."""
    return sheet.lit(1 - 0.4 * _step(4 * _distance(sheet) / (width * sheet.height)))


def strip_of_shadow(sheet: Sheet, width: float) -> Sheet:
    """Cast the shadow of a pen or a finger: a strip of 40 %, some letter heights wide."""
    return sheet.lit(1 - 0.4 * _step((width * sheet.height / 2 - np.abs(_distance(sheet))) / 0.75))


def vignette(sheet: Sheet, darkness: float) -> Sheet:
    """Darken the corners, as a lens does."""
    y, x = sheet.grid()
    height, width = sheet.ink.shape
    distance = np.hypot(y / height - 0.5, x / width - 0.5)
    return sheet.lit(1 - darkness * (distance / distance.max()) ** 2)


def lamp(sheet: Sheet, darkness: float) -> Sheet:
    """Light the sheet by a near lamp at a random place; the farthest corner is darker by a share."""
    y, x = sheet.grid()
    height, width = sheet.ink.shape
    place = sheet.rng.uniform(-0.2, 1.2, 2) * (height, width)
    distance = np.hypot((y - place[0]) / height, (x - place[1]) / width)
    far = distance.max() ** 2
    return sheet.lit(1 / (1 + darkness / (1 - darkness) * distance**2 / far))


def fold(sheet: Sheet, step: float) -> Sheet:
    """Fold the sheet: its halves face the light differently, and the crease is a thin line."""
    distance = _distance(sheet)
    halves = 1 - step * _step(distance / 0.5)
    return sheet.lit(halves * (1 - step * np.exp(-((distance / (0.03 * sheet.height)) ** 2))))


def _distance(sheet: Sheet) -> Pixels:
    """Return the signed distance of the pixels from a random straight line through the writing."""
    y, x = sheet.grid()
    angle, box = sheet.rng.uniform(0, 2 * np.pi), sheet.box
    across = sheet.rng.uniform(box.left, box.right)
    down = (box.top + box.bottom) / 2 if len(sheet.lines) == 1 else sheet.rng.uniform(box.top, box.bottom)
    return np.cos(angle) * (x - across) + np.sin(angle) * (y - down)


def _step(distance: Pixels) -> Pixels:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-np.clip(distance, -50, 50)))
