"""Classify the candidates of words: as letters, as marks, and as what is neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray, Ink, Rows
from ensemble_hwr.alphabets import Alphabet, restrict, split_marks
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._candidates import Evidence, append_marks, drop_accents, letter_probability
from ensemble_hwr.reading._language_models import has_small_letters
from ensemble_hwr.reading._marks import MarkModel, mark_probability
from ensemble_hwr.reading._proportions import Proportions, find_proportions
from ensemble_hwr.reading.models import (
    SHIPPED_MARKS,
    SHIPPED_MIXED,
    SHIPPED_NON_LETTER,
    SHIPPED_STROKE_NON_LETTER,
    class_names,
    find_letter_model,
    find_non_letter_model,
)
from ensemble_hwr.segmentation import Lattice, StrokeLattice

WORDS_TOGETHER = 8
"""Words whose candidates are classified together."""


@dataclass(frozen=True, eq=False)
class CharacterClassifier:
    """The classifiers of a reader, and the characters that their answers are limited to.

    Attributes
    ----------
    normalizer : LetterNormalizer
        Turns the ink of candidates into rows of pixels.
    classifier : classifier
        Of letters and digits, which takes rows.
    non_letter_model, stroke_non_letter_model : classifier or None
        For pictures and for pen strokes.
    letters : ndarray of str
        Classes of `classifier`.
    alphabet : Alphabet or None
        Letters that can occur; None allows all.
    marks : str
        Marks that can occur.
    mark_model : classifier or None
        None if there are no marks.
    """

    normalizer: LetterNormalizer
    classifier: Any
    non_letter_model: Any
    stroke_non_letter_model: Any
    letters: NDArray[np.str_]
    alphabet: Alphabet | None = None
    marks: str = ""
    mark_model: MarkModel | None = field(default=None, repr=False)

    @classmethod
    def load(cls, classifier: Any, non_letter_model: Any) -> Self:
        """Return the classifiers of a reader with these parameters, without marks."""
        normalizer, of_rows = find_letter_model(classifier)
        letters = np.asarray(class_names(of_rows, "classifier"))
        names = [SHIPPED_NON_LETTER, SHIPPED_STROKE_NON_LETTER]
        if has_small_letters(letters.tolist()):
            names = [SHIPPED_MIXED[name] for name in names]
        of_pictures, of_strokes = (find_non_letter_model(non_letter_model, name) for name in names)
        return cls(normalizer, of_rows, of_pictures, of_strokes, letters)

    def limited(self, alphabet: Alphabet | None, *, marks: bool) -> Self:
        """Return the classifiers limited to an alphabet.

        Parameters
        ----------
        alphabet : Alphabet or None
            None allows all letters, and no marks.
        marks : bool
            Whether marks can be read.

        Raises
        ------
        DataError
            If a letter or mark of the alphabet cannot be read.
        """
        known = self.letters.tolist()
        of_letters, of_marks = None, ""
        if alphabet is not None:
            of_letters, of_marks = split_marks(alphabet, known)
            if of_letters is None:
                raise DataError(f"alphabet {alphabet.name!r} has marks only; add letters or digits, such as 'A-Z'")
            if of_marks and not marks:
                raise DataError(f"alphabet {alphabet.name!r}: the marks {of_marks!r} need cut='lattice'")
        model = (self.mark_model or load_model(SHIPPED_MARKS)) if of_marks else None
        limited = replace(self, alphabet=of_letters, marks=of_marks, mark_model=model)
        assert len(limited.classes)  # raises an error for letters that are not known
        return limited

    @cached_property
    def classes(self) -> NDArray[np.str_]:
        """Letters that can occur, in the order of the columns of `probability`."""
        if self.alphabet is None:
            return self.letters
        return restrict(np.ones((1, len(self.letters))), self.letters, self.alphabet)[1]

    @cached_property
    def characters(self) -> list[str]:
        """Letters, then marks."""
        return [*self.classes.tolist(), *self.marks]

    @cached_property
    def proportions(self) -> Proportions | None:
        """Expected sizes and positions of the characters; None if all are the same."""
        return find_proportions(self.characters)

    def rows(self, letters: list[Ink]) -> Rows:
        """Return the rows of pixels of some ink."""
        return np.asarray(self.normalizer.transform(letters), dtype=np.float32)

    def probability(self, rows: Rows) -> FloatArray:
        """Return the probabilities of letters, without marks."""
        probability = np.asarray(self.classifier.predict_proba(rows), dtype=np.float64)
        return probability if self.alphabet is None else restrict(probability, self.letters, self.alphabet)[0]

    def evidence(self, lattices: Iterable[Lattice | StrokeLattice]) -> Iterator[Evidence]:
        """Classify the candidates of several lattices, a few lattices at once."""
        rest = iter(lattices)
        while some := list(islice(rest, WORDS_TOGETHER)):
            yield from self._evidence_of_some(some)

    def _evidence_of_some(self, lattices: Sequence[Lattice | StrokeLattice]) -> Iterator[Evidence]:
        """Classify the candidates of a few lattices at once, those with accents also without these."""
        dots, marks = self.normalizer.dots or self.proportions is not None, bool(self.marks)
        found = [lattice.with_dots(marks=marks) if dots else lattice for lattice in lattices]
        inks = [[candidate.ink for candidate in lattice.candidates] for lattice in found]
        bare = [[form.bare.ink for form in lattice.candidates if form.bare is not None] for lattice in found]
        rows = self.rows([ink for parts in zip(inks, bare, strict=True) for part in parts for ink in part])
        probability = self.probability(rows)
        stops = np.cumsum([len(part) for parts in zip(inks, bare, strict=True) for part in parts])[:-1]
        of_parts = list(zip(np.split(rows, stops), np.split(probability, stops), strict=True))
        for lattice, whole, without in zip(found, of_parts[::2], of_parts[1::2], strict=True):
            yield self._evidence_of(lattice, *whole, *without)

    def _evidence_of(
        self,
        lattice: Lattice | StrokeLattice,
        rows: Rows,
        probability: FloatArray,
        bare_rows: Rows,
        of_bare: FloatArray,
    ) -> Evidence:
        """Return the evidence for characters, given pixels and probabilities of candidates with accents and without."""
        shapes = rows
        if len(bare_rows):
            places = [place for place, candidate in enumerate(lattice.candidates) if candidate.bare is not None]
            probability[places] = drop_accents(probability[places], of_bare, self.classes.tolist())
            shapes = rows.copy()
            shapes[places] = bare_rows
        model = self.stroke_non_letter_model if isinstance(lattice, StrokeLattice) else self.non_letter_model
        is_letter = letter_probability(lattice, shapes, model)
        if self.mark_model is not None:
            of_marks = mark_probability(lattice, shapes, self.mark_model, self.marks)
            probability = append_marks(probability, of_marks)
        return Evidence(lattice, rows, probability, self.characters, is_letter, self.proportions, len(self.marks))
