"""Additional training letters for one member: generated, or from another data set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from sklearn.base import BaseEstimator

from ensemble_hwr._typing import Rows
from ensemble_hwr.config.data_schema import MemberExtra, StoredData
from ensemble_hwr.config.letters import generate_of, load_section
from ensemble_hwr.datasets import balance_indices
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.preprocessing import LetterNormalizer

LabelledRows = tuple[Rows, NDArray[Any]]

WITH_PICTURES = ("folder", "index", "nist")


class AdditionalLetters(BaseEstimator):
    """Generated or stored letters of given labels, the same in every fit.

    Parameters
    ----------
    generated : int, default=0
        Number of letters to generate, of the labels requested.
    writers : int, default=100
        Number of simulated writers.
    seed : int, default=0
        Random state of the generator.
    pictures : bool, default=False
        Whether to generate pictures, which are normalized then, or rows.
    stored : mapping, default=None
        A section ``data`` of a config with the path and format of stored letters.
    per_class : int, default=None
        Largest number of stored letters per class; drawn at random with `seed`.
    normalizer : mapping, default=None
        Parameters of the :class:`~ensemble_hwr.preprocessing.LetterNormalizer` for pictures.

    Examples
    --------
    >>> from ensemble_hwr.config._additional_letters import AdditionalLetters
    >>> rows, labels = AdditionalLetters(generated=4).letters_of(["B", "P"])
    >>> rows.shape, sorted(labels.tolist())
    ((4, 784), ['B', 'B', 'P', 'P'])
    """

    def __init__(
        self,
        generated: int = 0,
        *,
        writers: int = 100,
        seed: int = 0,  # not random_state: code that sets it in all nested estimators must not change the letters
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
        """Return rows of ink and their labels, of the given labels only.

        Raises
        ------
        DataError
            If there are no letters of these labels.
        """
        return _letters_of(json.dumps(self.get_params(), sort_keys=True), tuple(np.asarray(labels).tolist()))


def additional_letters(extra: MemberExtra, *, format: str, normalizer: Mapping[str, Any]) -> AdditionalLetters:
    """Return the additional letters of a member's section; generated ones are pictures if the config's data are."""
    return AdditionalLetters(
        extra.generated,
        writers=extra.writers,
        seed=extra.random_state,
        pictures=format in WITH_PICTURES,
        stored=None if extra.data is None else extra.data.model_dump(mode="json"),
        per_class=extra.per_class,
        normalizer=dict(normalizer),
    )


@lru_cache(maxsize=16)  # trials and folds request the same letters many times
def _letters_of(settings: str, labels: tuple[Any, ...]) -> LabelledRows:
    supply = AdditionalLetters(**json.loads(settings))
    parts = [_generated(supply, labels)] if supply.generated else []
    if supply.stored is not None and supply.per_class != 0:
        parts.append(_stored(supply, labels))
    if not parts:
        return np.empty((0, 784), np.float32), np.empty(0, "U1")
    rows, names = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    rows.flags.writeable = names.flags.writeable = False
    return rows, names


def _generated(supply: AdditionalLetters, labels: tuple[Any, ...]) -> LabelledRows:
    written = generate_of(
        labels, supply.generated, supply.writers, supply.seed, pictures=supply.pictures, key="extra.generated"
    )
    normalizer = None
    if supply.pictures:  # generated pictures are dark on light, whatever the polarity of the data is
        normalizer = LetterNormalizer(**{**(supply.normalizer or {}), "polarity": "auto"})
    return written.to_rows(normalizer), written.target


def _stored(supply: AdditionalLetters, labels: tuple[Any, ...]) -> LabelledRows:
    letters = load_section(TypeAdapter(StoredData).validate_python(supply.stored))
    letters = letters.take(np.isin(letters.target, labels))
    if not len(letters):
        raise DataError(f"extra.data: {letters!r} has none of the labels {list(labels)}; leave it out")
    if supply.per_class is not None:
        few = balance_indices(letters.target, "cap", limit=supply.per_class, random_state=supply.seed)
        letters = letters.take(few)
    normalizer = None if letters.is_rows else LetterNormalizer(**(supply.normalizer or {}))
    return letters.to_rows(normalizer), letters.target
