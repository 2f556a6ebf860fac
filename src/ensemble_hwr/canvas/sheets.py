"""Sheets: pen strokes of several words and lines, split into words by position and read word by word."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.boxes import Box
from ensemble_hwr.canvas._drawing import Drawing, Stroke
from ensemble_hwr.canvas.recognizer import read_drawing
from ensemble_hwr.reading import Line, Page, Word, WordReader

WORD_GAP = 0.55
"""Smallest gap between words, in letter heights."""

_LINE_STEP = 0.6  # letter heights between the centres of letters of one line and of the next, at least
_TALL = 0.5  # letter heights: shorter strokes, such as bars, do not decide where lines are

Edges = NDArray[np.float64]


def split_sheet(strokes: Sequence[Stroke]) -> list[list[list[int]]]:
    """Split strokes into lines and words by their positions, in any order of writing.

    Parameters
    ----------
    strokes : sequence of tuple of Point
        At least one.

    Returns
    -------
    list of list of list of int
        Lines from top to bottom, words from left to right; the strokes of a word by their indices, in ascending order.

    Examples
    --------
    >>> from ensemble_hwr.canvas import Drawing
    >>> from ensemble_hwr.canvas.sheets import split_sheet
    >>> stems = [[(x, y), (x, y + 90)] for x, y in [(0, 0), (30, 0), (200, 5), (0, 150)]]
    >>> split_sheet(Drawing.from_arrays(stems).strokes)
    [[[0, 1], [2]], [[3]]]
    """
    points = [np.array(stroke)[:, :2] for stroke in strokes]
    edges = np.array([[*found.min(axis=0), *found.max(axis=0)] for found in points])
    height = _letter_height(edges)
    return [_words(edges, line, WORD_GAP * height) for line in _lines(edges, height)]


def read_sheet(reader: WordReader, drawing: Drawing) -> Page:
    """Read the words and lines of a drawing.

    Parameters
    ----------
    reader : WordReader
        Fitted.
    drawing : Drawing
        Strokes, without a picture; at least one.

    Returns
    -------
    Page
        Boxes are in units of the canvas.

    Examples
    --------
    >>> from ensemble_hwr import WordReader
    >>> from ensemble_hwr.canvas import Drawing
    >>> from ensemble_hwr.canvas.sheets import read_sheet
    >>> tee = [[(40, 0), (40, 90)], [(0, 0), (80, 0)]]
    >>> ell = [[(240, 0), (240, 90), (290, 90)]]
    >>> read_sheet(WordReader().fit(), Drawing.from_arrays(tee + ell)).text
    'T L'
    """
    lines = []
    for line in split_sheet(drawing.strokes):
        words = tuple(read_drawing(reader, Drawing(tuple(drawing.strokes[i] for i in word))) for word in line)
        lines.append(Line(_around(words), words))
    width, height = drawing.extent
    return Page(math.ceil(width), math.ceil(height), tuple(lines))


def _letter_height(edges: Edges) -> float:
    """Return the height of most letters; bars and dots are shorter."""
    heights = edges[:, 3] - edges[:, 1]
    tall = heights[heights >= _TALL * heights.max()]
    return max(float(np.median(tall)), 0.25 * float((edges[:, 2] - edges[:, 0]).max()), 1.0)


def _lines(edges: Edges, height: float) -> list[list[int]]:
    """Group strokes into lines: tall strokes by their centres, then each other stroke with the nearest line."""
    centres = (edges[:, 1] + edges[:, 3]) / 2
    heights = edges[:, 3] - edges[:, 1]
    tall = np.flatnonzero(heights >= _TALL * height)
    if not len(tall):
        tall = np.arange(len(edges))
    ordered = tall[np.argsort(centres[tall], kind="stable")]
    breaks = np.flatnonzero(np.diff(centres[ordered]) > _LINE_STEP * height) + 1
    lines = [found.tolist() for found in np.split(ordered, breaks)]
    spans = [(edges[line, 1].min(), edges[line, 3].max()) for line in lines]
    for stroke in np.setdiff1d(np.arange(len(edges)), tall).tolist():
        away = [max(top - centres[stroke], centres[stroke] - bottom, 0.0) for top, bottom in spans]
        lines[int(np.argmin(away))].append(stroke)
    return lines


def _words(edges: Edges, line: list[int], gap: float) -> list[list[int]]:
    """Group the strokes of a line into words at wide gaps."""
    ordered = sorted(line, key=lambda stroke: float(edges[stroke, 0]))
    words, right = [[ordered[0]]], edges[ordered[0], 2]
    for stroke in ordered[1:]:
        if edges[stroke, 0] - right > gap:
            words.append([])
        words[-1].append(stroke)
        right = max(right, edges[stroke, 2])
    return [sorted(word) for word in words]


def _around(words: Sequence[Word]) -> Box:
    """Return the box around words."""
    boxes = np.array([word.box for word in words])
    return Box(*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
