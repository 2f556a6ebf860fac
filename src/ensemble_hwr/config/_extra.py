"""Generated letters that are learned from beside a config's own, and never tested on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.config._data_schema import ExtraLetters
from ensemble_hwr.datasets import LetterSet, concatenate
from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.exceptions import DataError

SOURCE = "generated extra"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    labels = [label for label in sorted(set(letters.target.tolist())) if label in set(CAPITALS)]
    if not labels:
        raise DataError(
            f"[extra]: {letters!r} has none of the letters A to Z, and no others are generated; leave it out."
        )
    written = generate_letters(
        extra.generated,
        letters=labels,
        writers=extra.writers,
        random_state=extra.random_state,
        form="rows" if letters.is_rows else "pictures",
    )
    data: Any = written.data
    if not letters.is_rows and polarity == "light":
        data = [255 - picture for picture in data]
    added = LetterSet(data, written.target, source=np.full(len(written), SOURCE), writer=written.writer)
    return concatenate([letters, added], name=letters.name)


def is_extra(letters: LetterSet) -> NDArray[np.bool_]:
    """Tell which letters were appended."""
    if letters.source is None:
        return np.zeros(len(letters), np.bool_)
    return np.asarray(letters.source == SOURCE)
