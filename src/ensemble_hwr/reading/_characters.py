"""Classify the candidates of words: as letters, as marks, and as what is neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context

from ensemble_hwr._typing import FloatArray, Ink, Rows
from ensemble_hwr.alphabets import Alphabet, restrict, split_marks
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.persistence import load_model
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._candidates import Evidence, append_marks, candidate_rows, drop_accents, letter_probability
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

CANDIDATES_TOGETHER = 400
"""Candidates, about those of a dozen words, from which on no further word is classified together with them."""


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

    def with_marks(self, marks: str) -> Self:
        """Return the classifiers with marks in addition to the letters that can occur."""
        return replace(self, marks=marks, mark_model=self.mark_model or load_model(SHIPPED_MARKS))

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
        with config_context(transform_output="default"):  # it was fitted without feature names
            probability = np.asarray(self.classifier.predict_proba(rows), dtype=np.float64)
        return probability if self.alphabet is None else restrict(probability, self.letters, self.alphabet)[0]

    def evidence(self, lattices: Iterable[Lattice | StrokeLattice]) -> Iterator[Evidence]:
        """Classify the candidates of several lattices, those of some lattices at once."""
        some: list[Lattice | StrokeLattice] = []
        n_candidates = 0
        for lattice in lattices:
            some.append(self._with_dots(lattice))
            n_candidates += len(some[-1].candidates)
            if n_candidates >= CANDIDATES_TOGETHER:
                yield from self._evidence_of_some(some)
                some, n_candidates = [], 0
        if some:
            yield from self._evidence_of_some(some)

    def _with_dots(self, lattice: Lattice | StrokeLattice) -> Lattice | StrokeLattice:
        """Return a lattice whose letters have their dots and accents, if the classifier is trained with them."""
        dots = self.normalizer.dots or self.proportions is not None
        return lattice.with_dots(marks=bool(self.marks)) if dots else lattice

    def _evidence_of_some(self, lattices: Sequence[Lattice | StrokeLattice]) -> Iterator[Evidence]:
        """Classify the candidates of some lattices at once, those with accents also without these."""
        candidates = [candidate for lattice in lattices for candidate in lattice.candidates]
        accented = [place for place, candidate in enumerate(candidates) if candidate.bare is not None]
        bare = [candidate.bare.ink for candidate in candidates if candidate.bare is not None]
        rows, of_bare = np.split(self.rows([candidate.ink for candidate in candidates] + bare), [len(candidates)])
        probability = self.probability(np.concatenate([rows, of_bare]))
        probability, without = np.split(probability, [len(candidates)])
        shapes = rows
        if accented:
            probability[accented] = drop_accents(probability[accented], without, self.classes.tolist())
            shapes = rows.copy()
            shapes[accented] = of_bare
        stops = np.cumsum([len(lattice.candidates) for lattice in lattices])[:-1]
        found = [candidate_rows(*pair) for pair in zip(lattices, np.split(shapes, stops), strict=True)]
        if self.mark_model is not None:
            of_marks = mark_probability(np.concatenate(found), self.mark_model, self.marks)
            probability = append_marks(probability, of_marks)
        parts = zip(
            lattices,
            np.split(rows, stops),
            np.split(probability, stops),
            self._are_letters(lattices, found),
            strict=True,
        )
        for lattice, own, letters, is_letter in parts:
            yield Evidence(lattice, own, letters, self.characters, is_letter, self.proportions, len(self.marks))

    def _are_letters(
        self, lattices: Sequence[Lattice | StrokeLattice], rows: Sequence[Rows]
    ) -> list[FloatArray | None]:
        """Return for each lattice the probability that its candidates are letters; None without a non-letter model."""
        found: list[FloatArray | None] = [None] * len(lattices)
        for kind, model in ((Lattice, self.non_letter_model), (StrokeLattice, self.stroke_non_letter_model)):
            places = [place for place, lattice in enumerate(lattices) if isinstance(lattice, kind)]
            if places and model is not None:
                of_kind = letter_probability(np.concatenate([rows[place] for place in places]), model)
                parts = np.split(of_kind, np.cumsum([len(rows[place]) for place in places])[:-1])
                for place, part in zip(places, parts, strict=True):
                    found[place] = part
        return found
