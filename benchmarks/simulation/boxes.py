"""Printed boxes: frames around words, a box per letter, combs, and the cells of a table."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from benchmarks.simulation.sheet import MARGIN, PAPER, Pixels, Sheet
from ensemble_hwr.boxes import Box, union

_LINE = 0.05  # letter heights: thickness of printed lines
_ROOM = 0.25  # letter heights between letters and the box around them


def frame(sheet: Sheet, darkness: float) -> Sheet:
    """Draw a rectangle around all the writing."""
    return _rectangle(sheet, _around(sheet.box, 0.3 * sheet.height), 0.06, darkness)


def boxes(sheet: Sheet, darkness: float) -> Sheet:
    """Write each letter into a box of its own; boxes do not touch."""
    sheet, pitch = in_fields(sheet)
    inset = 0.06 * sheet.height
    for field in _fields(sheet, pitch):
        sheet = _rectangle(sheet, _around(field, -inset), _LINE, darkness)
    return sheet


def comb(sheet: Sheet, darkness: float) -> Sheet:
    """Write each letter between the teeth of a comb: short lines that rise from a line below the letters."""
    sheet, pitch = in_fields(sheet)
    y, x = sheet.grid()
    for field in _fields(sheet, pitch):
        tooth = np.where(
            (y > field.bottom - 0.35 * sheet.height) & (y < field.bottom),
            np.minimum(np.abs(x - field.left), np.abs(x - field.right)),
            np.inf,
        )
        floor = np.where((x >= field.left) & (x <= field.right), y - field.bottom, np.inf)
        sheet = sheet.with_line(tooth, _LINE * sheet.height, darkness)
        sheet = sheet.with_line(floor, _LINE * sheet.height, darkness)
    return sheet


def cells(sheet: Sheet, darkness: float) -> Sheet:
    """Draw a table with a line of writing in each row and a word in each cell; the table goes on beyond the picture."""
    y, x = sheet.grid()
    away = 0.3 * sheet.height
    rows = [union(box for word in line for box in word) for line in sheet.lines]
    edges = [rows[0].top - away, *((a.bottom + b.top) / 2 for a, b in pairwise(rows)),
             rows[-1].bottom + away]  # fmt: skip
    for edge in edges:
        sheet = sheet.with_line(y - edge, _LINE * sheet.height, darkness)
    for line, top, bottom in zip(sheet.lines, edges, edges[1:], strict=False):
        words = [union(word) for word in line]
        between = [(a.right + b.left) / 2 for a, b in pairwise(words)]
        for place in (words[0].left - away, *between, words[-1].right + away):
            side = np.where((y >= top) & (y <= bottom), x - place, np.inf)
            sheet = sheet.with_line(side, _LINE * sheet.height, darkness)
    return sheet


def in_fields(sheet: Sheet) -> tuple[Sheet, float]:
    """Move the letters into fields of one width, with an empty field between words; return the sheet and the width."""
    widest = max(box.width for line in sheet.lines for word in line for box in word)
    pitch = float(round(widest + 2 * _ROOM * sheet.height))
    n_fields = max(sum(len(word) + 1 for word in line) - 1 for line in sheet.lines)
    shape = (sheet.ink.shape[0], 2 * MARGIN + round(n_fields * pitch))
    ink, owner, lines = np.zeros(shape), np.full(shape, -1, np.int16), []
    number = 0
    for line in sheet.lines:
        place, words = 0, []
        for word in line:
            moved = []
            for box in word:
                shift = round(MARGIN + (place + 0.5) * pitch - (box.left + box.right) / 2)
                source, target = box.slices, box.moved(shift, 0).slices
                others = (sheet.owner[source] >= 0) & (sheet.owner[source] != number)
                mine = np.where(others, 0, sheet.ink[source])
                ink[target] = np.maximum(ink[target], mine)
                owner[target][mine > 0.5] = number
                moved.append(box.moved(shift, 0))
                number, place = number + 1, place + 1
            words.append(tuple(moved))
            place += 1
        lines.append(tuple(words))
    even = np.ones(shape)
    return replace(sheet, ink=ink, owner=owner, lines=tuple(lines), paper=PAPER * even, light=even, tint=None), pitch


def _fields(sheet: Sheet, pitch: float) -> list[Box]:
    """Return the fields of all letters."""
    found = []
    for line in sheet.lines:
        row = union(box for word in line for box in word)
        top, bottom = (round(edge) for edge in (row.top - _ROOM * sheet.height, row.bottom + _ROOM * sheet.height))
        for word in line:
            for box in word:
                left = MARGIN + np.floor((box.left + box.right) / 2 - MARGIN) // pitch * pitch
                found.append(Box(round(left), top, round(left + pitch), bottom))
    return found


def _rectangle(sheet: Sheet, box: Box, width: float, darkness: float) -> Sheet:
    """Draw a rectangle; the width is in letter heights."""
    y, x = sheet.grid()
    down: Pixels = np.maximum(box.top - y, y - box.bottom)
    across: Pixels = np.maximum(box.left - x, x - box.right)
    return sheet.with_line(np.maximum(down, across), width * sheet.height, darkness)


def _around(box: Box, distance: float) -> Box:
    """Return a box that is larger on each side."""
    return Box(
        round(box.left - distance), round(box.top - distance), round(box.right + distance), round(box.bottom + distance)
    )
