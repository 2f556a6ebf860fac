"""Letters of a writer from folders, tables and filled sheets, without those that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from ensemble_hwr._typing import PathLike
from ensemble_hwr.adaptation.sheets import cut_sheet
from ensemble_hwr.datasets import open_letters
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture, open_pages
from ensemble_hwr.preprocessing import LetterNormalizer

_TABLES = (".csv", ".npz")


@dataclass
class WriterLetters:
    """Labelled letters of a writer.

    Attributes
    ----------
    pictures : list of pictures
    labels : list of str
    failures : list of str
        Why pictures or pages were left out.
    """

    pictures: list[Picture] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.labels)


def collect_letters(paths: Sequence[PathLike], sheet_labels: Sequence[str]) -> WriterLetters:
    """Collect the letters in folders, tables and photographs of filled sheets.

    Parameters
    ----------
    paths : sequence of paths
        Each is a folder with one subfolder for each letter, a folder with an index.csv, a .csv or .npz file, or a
        picture or PDF of one or more pages of a sheet.
    sheet_labels : sequence of str
        Labels of the sheets, as in :func:`~ensemble_hwr.adaptation.sheets.make_sheet`.

    Returns
    -------
    WriterLetters

    Raises
    ------
    DataError
        If a path does not exist or its format is not known.
    """
    found = WriterLetters()
    for path in map(Path, paths):
        if path.is_file() and path.suffix.lower() not in _TABLES:
            _add_sheets(found, path, sheet_labels)
        else:
            letters = open_letters(path)
            found.pictures += list(letters.to_rows().reshape(-1, 28, 28)) if letters.is_rows else list(letters.data)
            found.labels += letters.target.tolist()
    return found


def _add_sheets(found: WriterLetters, file: Path, labels: Sequence[str]) -> None:
    """Add the letters of each page of a file."""
    for page in open_pages(file):
        try:
            sheet = cut_sheet(page, labels)
        except PictureError as error:
            found.failures.append(str(error))
            continue
        found.pictures += sheet.pictures
        found.labels += sheet.labels


def readable_letters(model: Any, letters: WriterLetters) -> WriterLetters:
    """Return the letters that the normalizer of a model can read; the others are added to the failures.

    Parameters
    ----------
    model : estimator
        A model of pictures.
    letters : WriterLetters

    Returns
    -------
    WriterLetters

    Raises
    ------
    DataError
        If no letter can be read.
    """
    if not len(letters):
        reason = f": {letters.failures[0]}" if letters.failures else ""
        raise DataError(f"there are no letters to adapt to{reason}")
    first = model[0] if isinstance(model, Pipeline) else None
    normalizer = first if isinstance(first, LetterNormalizer) else LetterNormalizer()
    _, failures = normalizer.transform_readable(letters.pictures)
    kept = np.delete(np.arange(len(letters)), list(failures)).tolist()
    if not kept:
        raise DataError(f"no letter can be read: {next(iter(failures.values()))}")
    return WriterLetters(
        [letters.pictures[place] for place in kept],
        [letters.labels[place] for place in kept],
        [*letters.failures, *failures.values()],
    )
