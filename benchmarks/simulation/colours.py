"""Colours, in photographs of a phone: coloured pens, coloured printed lines, and highlighters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.simulation import boxes, lines
from benchmarks.simulation.sheet import Colour, Sheet

RED_PEN: Colour = (0.1, 0.9, 0.85)
BLUE_PEN: Colour = (0.95, 0.8, 0.3)
BLUE: Colour = (0.8, 0.5, 0.1)
RED: Colour = (0.05, 0.7, 0.65)
GREEN: Colour = (0.7, 0.15, 0.6)
PALE_PENS: tuple[Colour, ...] = (
    (0.05, 0.1, 0.95),  # yellow
    (0.35, 0.05, 0.9),  # yellow-green
    (0.6, 0.15, 0.05),  # light blue
    (0.02, 0.4, 0.9),  # orange
    (0.1, 0.6, 0.35),  # pink
)
HIGHLIGHTERS: tuple[Colour, ...] = (
    (0.02, 0.05, 1.0),  # yellow
    (0.03, 0.7, 0.4),  # pink
    (0.65, 0.02, 0.8),  # green
    (0.02, 0.35, 0.95),  # orange
    (0.8, 0.2, 0.02),  # blue
)


def red_pen(sheet: Sheet, contrast: float) -> Sheet:
    """Write with a red pen."""
    return _photographed(replace(sheet, pen=RED_PEN, contrast=contrast))


def pale_pen(sheet: Sheet, contrast: float) -> Sheet:
    """Write with a yellow, yellow-green, light blue, orange or pink pen."""
    pen: Colour = PALE_PENS[sheet.rng.integers(len(PALE_PENS))]
    return _photographed(replace(sheet, pen=pen, contrast=contrast))


def highlighter(sheet: Sheet, strength: float) -> Sheet:
    """Draw a highlighter over every word, or over every second one of several."""
    y, x = sheet.grid()
    colour: Colour = HIGHLIGHTERS[sheet.rng.integers(len(HIGHLIGHTERS))]
    for box in list(sheet.words)[::2]:
        top, bottom, left, right = sheet.height * sheet.rng.uniform(-0.15, 0.3, 4)
        rough = sheet.height * 0.03 * np.sin(2 * np.pi * x / (3 * sheet.height) + sheet.rng.uniform(0, 6))
        inside = np.minimum(y - box.top + top, box.bottom + bottom - y) + rough
        inside = np.minimum(inside, np.minimum(x - box.left + left, box.right + right - x))
        uneven = strength * (1 - 0.15 * sheet.rng.uniform() * np.cos(np.pi * (x - box.left) / box.width))
        sheet = sheet.tinted(np.clip(inside + 0.5, 0, 1) * uneven, colour)
    return _photographed(sheet)


def blue_ruling(sheet: Sheet, strength: float) -> Sheet:
    """Print blue ruled lines."""
    return _printed(sheet, lines.ruled, BLUE, strength)


def notebook(sheet: Sheet, strength: float) -> Sheet:
    """Print blue ruled lines and a red margin, and write with a blue pen."""
    sheet = replace(sheet, pen=BLUE_PEN)
    _, x = sheet.grid()
    place = sheet.box.left - sheet.height * sheet.rng.uniform(0.15, 0.5)
    margin = np.clip(0.03 * sheet.height + 0.5 - np.abs(x - place), 0, 1)
    return _printed(sheet, lines.ruled, BLUE, strength / 2).tinted(strength * margin, RED)


def squares(sheet: Sheet, strength: float) -> Sheet:
    """Print blue, red or green squares."""
    return _printed(sheet, lines.squared, (BLUE, RED, GREEN)[sheet.rng.integers(3)], strength)


def red_cells(sheet: Sheet, strength: float) -> Sheet:
    """Print a red table around the words."""
    return _printed(sheet, boxes.cells, RED, strength)


def _printed(sheet: Sheet, print_lines: lines.Print, colour: Colour, strength: float) -> Sheet:
    """Print lines in a colour."""
    blank = replace(sheet, ink=np.zeros_like(sheet.ink))
    return _photographed(sheet.tinted(strength * print_lines(blank, 1.0).ink, colour))


def _photographed(sheet: Sheet) -> Sheet:
    """Add the noise of a small sensor, which differs between the channels, and compression."""
    return replace(sheet, grain=max(sheet.grain, 5.0), blur=max(sheet.blur, 0.7), quality=sheet.quality or 85)
