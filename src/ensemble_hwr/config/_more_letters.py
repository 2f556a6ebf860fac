"""Letters that one member learns from beside everybody's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from sklearn.base import BaseEstimator

from ensemble_hwr.config._data_schema import MemberExtra, StoredData
from ensemble_hwr.config._extra import generate_of
from ensemble_hwr.config._letters import load_section, to_rows
from ensemble_hwr.datasets import balance_indices
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.preprocessing import LetterNormalizer

LabelledRows = tuple[NDArray[np.float32], NDArray[Any]]

WITH_PICTURES = ("folder", "index", "nist")


class MoreLetters(BaseEstimator):
    """Letters of given labels, generated or from elsewhere: the same in every fit.

    Parameters
    ----------
    generated : int, default=0
        How many to generate, of the labels that are asked for.
    writers : int, default=100
        By how many made-up writers.
    seed : int, default=0
        Another seed, other writers.
    pictures : bool, default=False
        Whether they are written as pictures and normalised, or as clean rows.
    stored : mapping, default=None
        A section of a config that says where further letters are.
    per_class : int, default=None
        At most so many of each from there, drawn at random with `seed`.
    normalizer : mapping, default=None
        Parameters of the :class:`~ensemble_hwr.preprocessing.LetterNormalizer` that pictures go through.

    Examples
    --------
    >>> from ensemble_hwr.config._more_letters import MoreLetters
    >>> rows, labels = MoreLetters(generated=4).letters_of(["B", "P"])
    >>> rows.shape, sorted(labels.tolist())
    ((4, 784), ['B', 'B', 'P', 'P'])
    """

    def __init__(
        self,
        generated: int = 0,
        *,
        writers: int = 100,
        seed: int = 0,
        pictures: bool = False,
        stored: Mapping[str, Any] | None = None,
        per_class: int | None = None,
        normalizer: Mapping[str, Any] | None = None,
    ) -> None:
        self.generated = generated
        self.writers = writers
        self.seed = seed
        self.pictures = pictures
        self.stored = stored
        self.per_class = per_class
        self.normalizer = normalizer

    def letters_of(self, labels: Any) -> LabelledRows:
        """Return rows of ink and their labels, none but those given.

        Raises
        ------
        DataError
            When none of the labels is to be had.
        """
        return _letters_of(json.dumps(self.get_params(), sort_keys=True), tuple(np.asarray(labels).tolist()))


def more_letters(extra: MemberExtra, *, format: str, normalizer: Mapping[str, Any]) -> MoreLetters:
    """Return what a member's section asks for; letters are written in the form that the config's own have."""
    return MoreLetters(
        extra.generated,
        writers=extra.writers,
        seed=extra.random_state,
        pictures=format in WITH_PICTURES,
        stored=None if extra.data is None else extra.data.model_dump(mode="json"),
        per_class=extra.per_class,
        normalizer=dict(normalizer),
    )


@lru_cache(maxsize=16)  # trials and folds ask for the same letters again and again
def _letters_of(settings: str, labels: tuple[Any, ...]) -> LabelledRows:
    supply = MoreLetters(**json.loads(settings))
    parts = [_generated(supply, labels)] if supply.generated else []
    if supply.stored is not None and supply.per_class != 0:
        parts.append(_stored(supply, labels))
    if not parts:
        return np.empty((0, 784), np.float32), np.empty(0, "U1")
    rows, names = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    rows.flags.writeable = names.flags.writeable = False
    return rows, names


def _generated(supply: MoreLetters, labels: tuple[Any, ...]) -> LabelledRows:
    written = generate_of(
        labels, supply.generated, supply.writers, supply.seed, pictures=supply.pictures, asked="extra.generated"
    )
    normalizer = None
    if supply.pictures:  # they are dark on light, whatever the config's own are
        normalizer = LetterNormalizer(**{**(supply.normalizer or {}), "polarity": "auto"})
    return to_rows(written, normalizer), written.target


def _stored(supply: MoreLetters, labels: tuple[Any, ...]) -> LabelledRows:
    letters = load_section(TypeAdapter(StoredData).validate_python(supply.stored))
    letters = letters.take(np.isin(letters.target, labels))
    if not len(letters):
        raise DataError(f"extra.data: there is none of {list(labels)} in {letters!r}; leave it out.")
    if supply.per_class is not None:
        few = balance_indices(letters.target, "cap", limit=supply.per_class, random_state=supply.seed)
        letters = letters.take(few)
    normalizer = None if letters.is_rows else LetterNormalizer(**(supply.normalizer or {}))
    return to_rows(letters, normalizer), letters.target
