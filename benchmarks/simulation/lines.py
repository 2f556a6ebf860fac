"""Printed and drawn lines: ruled, squared and dotted paper, margins, underlines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.simulation.sheet import Pixels, Sheet
from ensemble_hwr.boxes import Box, union

Print = Callable[[Sheet, float], Sheet]

_PITCH = 1.8  # letter heights between ruled lines, as between the lines of composed pages
_SQUARE = 0.6  # letter heights: side of a square of squared paper
_PRINTED, _DRAWN = 0.05, 0.08  # letter heights: thickness of lines


def ruled(sheet: Sheet, darkness: float) -> Sheet:
    """Ruled lines from edge to edge, close to the baselines."""
    y, _ = sheet.grid()
    first = union(box for word in sheet.lines[0] for box in word)
    offset = first.bottom - 1 + sheet.height * sheet.rng.uniform(-0.1, 0.15)
    return sheet.with_line(_nearest(y - offset, _PITCH * sheet.height), _PRINTED * sheet.height, darkness)


def squared(sheet: Sheet, darkness: float) -> Sheet:
    """Squared paper."""
    down, across = _squares(sheet)
    return sheet.with_line(np.minimum(np.abs(down), np.abs(across)), _PRINTED * sheet.height, darkness)


def dotted(sheet: Sheet, darkness: float) -> Sheet:
    """Dotted paper: dots at the corners of squares."""
    return sheet.with_line(np.hypot(*_squares(sheet)), 2 * _PRINTED * sheet.height, darkness)


def margin(sheet: Sheet, darkness: float) -> Sheet:
    """Ruled lines with a margin: a line from top to bottom, left of the writing."""
    _, x = sheet.grid()
    place = sheet.box.left - sheet.height * sheet.rng.uniform(0.15, 0.5)
    return ruled(sheet, darkness).with_line(x - place, _PRINTED * sheet.height, darkness)


def underline(sheet: Sheet, distance: float) -> Sheet:
    """Underline each word, some letter heights below its letters."""
    return _underlined(sheet, lambda box, x: box.bottom + distance * sheet.height + 0 * x)


def touching_underline(sheet: Sheet, overlap: float) -> Sheet:
    """Underline each word through the feet of its letters."""
    return _underlined(sheet, lambda box, x: box.bottom - overlap * sheet.height + 0 * x)


def double_underline(sheet: Sheet, distance: float) -> Sheet:
    """Underline each word twice."""
    return underline(underline(sheet, distance), distance + 0.2)


def rising_underline(sheet: Sheet, degrees: float) -> Sheet:
    """Underline each word by a line that rises, and touches some letters."""
    slope = float(np.tan(np.radians(degrees)))

    def course(box: Box, x: Pixels) -> Pixels:
        start = box.bottom + sheet.height * (0.02 + sheet.rng.uniform(0, 0.1))
        return start + slope * ((box.right - box.left) / 4 - (x - (box.left + box.right) / 2))

    return _underlined(sheet, course)


def wavy_underline(sheet: Sheet, amplitude: float) -> Sheet:
    """Underline each word by a wave; the amplitude is in letter heights."""

    def course(box: Box, x: Pixels) -> Pixels:
        wave = np.sin(2 * np.pi * (x / (2.5 * sheet.height) + sheet.rng.uniform()))
        return box.bottom + sheet.height * (0.12 + amplitude * (1 + wave))

    return _underlined(sheet, course)


def _underlined(sheet: Sheet, course: Callable[[Box, Pixels], Pixels]) -> Sheet:
    """Draw a line under each word, by a function of its box and the columns that returns rows."""
    y, x = sheet.grid()
    for box in list(sheet.words):
        distance = course(box, x) - y
        distance[(x < box.left - 4) | (x > box.right + 4)] = np.inf
        sheet = sheet.with_line(distance, _DRAWN * sheet.height, 1.0)
    return sheet


def _squares(sheet: Sheet) -> tuple[Pixels, Pixels]:
    """Return the distances of the pixels from the lines of squared paper, down and across."""
    y, x = sheet.grid()
    pitch = _SQUARE * sheet.height
    down, across = sheet.rng.uniform(0, pitch, 2)
    return _nearest(y - down, pitch), _nearest(x - across, pitch)


def _nearest(distance: Pixels, pitch: float) -> Pixels:
    """Return the distance from the nearest of equidistant lines."""
    return (distance + pitch / 2) % pitch - pitch / 2
