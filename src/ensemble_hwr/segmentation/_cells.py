"""Handwriting in cells: the cell of each component, and words of cells that hold one letter each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ensemble_hwr.images.cells import Cells
from ensemble_hwr.segmentation._components import Labels, measure_components
from ensemble_hwr.segmentation._cuts import PieceMap
from ensemble_hwr.segmentation._lattice import Lattice, boundary_gaps
from ensemble_hwr.segmentation._segment import Segmentation
from ensemble_hwr.segmentation._word import UprightWord

_SPLIT = 0.25  # of the ink of a component: least ink in a second cell, for the component to be two letters that touch
_INSIDE = 0.8  # of all ink: least ink of components that lie in one cell
_REMNANT = 0.6  # of the ink of a component: least ink near lines, for it to be a remnant of them
_NEAR_LINE = 4  # pixels: distance from the course of a line within which ink is near it
_EMPTY = 0.3  # of the median size of the ink in a cell: smaller ink is dust
_MIN_FILLED = 3  # filled cells, from which on cells are the order of reading
_LETTER_ASPECT = 1.1  # greatest median ratio of width to height of the ink in cells for single letters
_CELL_ASPECT = 1.8  # likewise of the cells


@dataclass(frozen=True, eq=False)
class Filling:
    """Writing in cells.

    Attributes
    ----------
    owner : ndarray of int32, shape (height, width)
        Cell of each pixel of ink, from 1 in the order of reading; 0 is paper, or ink outside of cells.
    outside : ndarray of int32, shape (height, width)
        Components outside of cells, without remnants of lines; 0 is anything else.
    rows : ndarray of int, shape (n_cells,)
        Row of each cell.
    letters : bool
        Whether each cell holds a single letter.
    opens : ndarray of bool, shape (n_cells,)
        Whether a cell is not next to the one before it.
    """

    owner: Labels
    outside: Labels
    rows: NDArray[np.intp]
    letters: bool
    opens: NDArray[np.bool_]

    def filled(self, row: int) -> list[int]:
        """Return the numbers of the cells of a row that hold ink, from left to right."""
        present = np.flatnonzero(np.bincount(self.owner.ravel(), minlength=len(self.rows) + 1)[1:])
        return [int(cell) + 1 for cell in present if self.rows[cell] == row]

    def words(self, cells: list[int]) -> list[list[int]]:
        """Return the runs of neighbouring cells."""
        runs: list[list[int]] = []
        for cell in cells:
            if runs and runs[-1][-1] == cell - 1 and not self.opens[cell - 1]:
                runs[-1].append(cell)
            else:
                runs.append([cell])
        return runs


def fill_cells(labels: Labels, cells: Cells | None) -> Filling | None:
    """Assign components to cells.

    A component belongs to the cell with most of its ink, also if it reaches beyond its borders. A component with much
    ink in two cells, because the letters of two cells touch, is split at their border.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        Connected components, numbered from 1.
    cells : Cells or None

    Returns
    -------
    Filling or None
        None if the writing does not follow the cells: it crosses their borders, or only one column is filled.
    """
    if cells is None:
        return None
    labels = _without_remnants(labels, cells)
    count = len(cells) + 1
    inked = labels > 0
    if not inked.any():
        return None
    keys = labels[inked].astype(np.intp) * count + cells.labels[inked]
    ink = np.bincount(keys, minlength=(int(labels.max()) + 1) * count).reshape(-1, count)
    shares = ink[:, 1:] / np.maximum(ink[:, 1:].sum(axis=1, keepdims=True), 1)
    several = np.count_nonzero(shares >= _SPLIT, axis=1) > 1
    within = ink[:, 1:].any(axis=1)
    if ink[within & ~several].sum() < _INSIDE * ink.sum():
        return None
    best = np.where(within, ink[:, 1:].argmax(axis=1) + 1, 0).astype(np.int32)
    owner: Labels = best[labels]
    for component in np.flatnonzero(several):
        _split(owner, labels == component, cells.labels, np.flatnonzero(shares[component] >= _SPLIT) + 1)
    boxes = ndimage.find_objects(owner, max_label=len(cells))
    sizes = np.array([(0, 0) if box is None else [edge.stop - edge.start for edge in box] for box in boxes])
    filled = sizes[:, 0] > 0
    dust = sizes.max(axis=1) < _EMPTY * np.median(sizes[filled].max(axis=1))
    outside = np.where(owner > 0, 0, labels)
    owner[np.isin(owner, np.flatnonzero(dust) + 1)] = 0
    filled &= ~dust
    in_row = np.bincount(cells.rows[filled])
    if np.count_nonzero(filled) < _MIN_FILLED or np.count_nonzero(in_row > 1) * 2 < np.count_nonzero(in_row):
        return None
    outer = ndimage.find_objects(cells.labels)
    aspects = [(box[1].stop - box[1].start) / (box[0].stop - box[0].start) for box in outer]
    letters = np.median(sizes[filled, 1] / sizes[filled, 0]) <= _LETTER_ASPECT and np.median(aspects) <= _CELL_ASPECT
    return Filling(owner, outside, cells.rows, bool(letters), cells.opens)


def cell_pieces(word: UprightWord, filling: Filling) -> PieceMap:
    """Return the pieces of a word of single letters: one per cell."""
    y, x = np.nonzero(word.components.labels)
    rows, columns = word.source(y, x)
    owners = filling.owner[rows // word.origin.factor, columns // word.origin.factor]
    pieces = np.full(word.components.labels.shape, -1, np.intp)
    pieces[y, x] = np.unique(owners, return_inverse=True)[1].ravel()
    return pieces


def lattice_of_cells(word: UprightWord, pieces: PieceMap) -> Lattice:
    """Return a lattice whose candidates are the single pieces."""
    boxes = measure_components((pieces + 1).astype(np.int32))
    count = len(boxes)
    return Lattice(
        pieces,
        count,
        np.zeros(count - 1),
        boundary_gaps(boxes.left / word.scale.letter, boxes.right / word.scale.letter),
        tuple((place, place + 1) for place in range(count)),
        word.scale.letter * word.origin.factor,
        word.scale.stroke * word.origin.factor,
        word.slant,
        word,
    )


def segmentation_of_cells(word: UprightWord, pieces: PieceMap) -> Segmentation:
    """Return the pieces as letters."""
    lattice = lattice_of_cells(word, pieces)
    return Segmentation(
        boxes=tuple(candidate.box for candidate in lattice.candidates),
        letters=tuple(candidate.ink for candidate in lattice.candidates),
        gaps=lattice.gaps,
        threshold=0.0,
        cuts=(),
        confidence=1.0,
        slant=word.slant,
        letter_height=lattice.letter_height,
    )


def _without_remnants(labels: Labels, cells: Cells) -> Labels:
    """Return the components without those along lines, of which they are remnants."""
    near = ndimage.maximum_filter(cells.lines, 2 * _NEAR_LINE + 1)
    ink = np.bincount(labels.ravel())
    share = np.bincount(labels[near], minlength=len(ink)) / np.maximum(ink, 1)
    return np.where((share >= _REMNANT)[labels], 0, labels)


def _split(owner: Labels, mask: NDArray[np.bool_], cells: Labels, chosen: NDArray[np.intp]) -> None:
    """Assign each pixel of a component to the nearest of some cells."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    paper = ~np.isin(cells[window], chosen)
    place = ndimage.distance_transform_edt(paper, return_distances=False, return_indices=True)
    owner[window][mask[window]] = cells[window][tuple(place)][mask[window]]
