"""Generated letters that are learned from beside a config's own, and never tested on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.config._data_schema import ExtraLetters
from ensemble_hwr.datasets import LetterSet, concatenate
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.hierarchy import CAPITALS

SOURCE = "generated extra"


def with_extra(letters: LetterSet, extra: ExtraLetters, *, polarity: str = "auto") -> LetterSet:
    """Append generated letters of the same labels, in the form that the others have.

    Parameters
    ----------
    letters : LetterSet
        The config's own.
    extra : ExtraLetters
        How many, by how many writers.
    polarity : {"auto", "dark", "light"}
        What the normalizer takes ink to be: pictures are written that way.

    Returns
    -------
    LetterSet
        The letters first; those appended have `SOURCE` as their source.

    Raises
    ------
    DataError
        When none of the labels is a letter that can be generated.
    """
    labels = sorted(set(letters.target.tolist()))
    written = generate_of(
        labels, extra.generated, extra.writers, extra.random_state, pictures=not letters.is_rows, asked="[extra]"
    )
    data: Any = written.data
    if not letters.is_rows and polarity == "light":
        data = [255 - picture for picture in data]
    added = LetterSet(data, written.target, source=np.full(len(written), SOURCE), writer=written.writer)
    return concatenate([letters, added], name=letters.name)


def generate_of(labels: Sequence[Any], n: int, writers: int, seed: int, *, pictures: bool, asked: str) -> LetterSet:
    """Generate letters of those labels that can be.

    Parameters
    ----------
    labels : sequence
    n, writers, seed : int
        How many letters, by how many writers, and which.
    pictures : bool
        Whether they are pictures, dark on light, or clean rows.
    asked : str
        Which setting asks for them.

    Raises
    ------
    DataError
        When none of the labels is a letter that can be generated.
    """
    writable = [label for label in labels if label in set(CAPITALS)]
    if not writable:
        raise DataError(
            f"{asked}: none of {list(labels)} is a letter from A to Z, and no others are generated; leave it out."
        )
    format = "pictures" if pictures else "rows"
    return generate_letters(n, letters=writable, writers=writers, random_state=seed, format=format)


def is_extra(letters: LetterSet) -> NDArray[np.bool_]:
    """Tell which letters were appended."""
    if letters.source is None:
        return np.zeros(len(letters), np.bool_)
    return np.asarray(letters.source == SOURCE)
