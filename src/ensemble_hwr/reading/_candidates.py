"""Features of letter candidates, and letter probabilities as scores that add up over a reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import Interval, _fit_context
from ensemble_hwr._typing import FloatArray, Rows
from ensemble_hwr.alphabets import parse_alphabet, restrict
from ensemble_hwr.boxes import Box
from ensemble_hwr.preprocessing import GradientFeatures
from ensemble_hwr.reading._decoder import Graph
from ensemble_hwr.reading._language_models import has_small_letters
from ensemble_hwr.reading._proportions import Lines, Proportions, WordExtents, share_lines
from ensemble_hwr.segmentation import Lattice, StrokeLattice

GEOMETRY = (
    "width", "height", "top", "bottom", "gap before", "gap after", "cost before", "cost after",
    "widest gap inside", "narrowest gap inside", "highest cost inside", "lowest cost inside", "pieces",
    "stroke width", "median gap", "pieces per letter height",
)  # fmt: skip
"""Columns after the pixels: lengths in letter heights, costs of cuts in strokes."""

NON_LETTER, LETTER = "non_letter", "letter"
"""Classes of a non-letter model."""

_OUTER_GAP = 1.0  # letter heights of paper before the first letter and after the last
_MIN_GAP, _MAX_GAP = -0.5, 1.0  # letter heights

_UNIFORM_SHARE = 0.005  # mixed into letter probabilities, so that no letter is impossible
_NON_LETTER_WEIGHT = 0.45  # below 1, because candidates that share pieces are not independent
_TINY = 1e-12
_MAX_LOG_ODDS = 12.0  # of the non-letter model
_DOT_SIZE = 0.5  # letter heights: greatest size of a dot
_LOG_DOT = -3.0  # log-probability of a dot above a letter that has none
_DOTTED = 0.5  # probability of i or j from which on a mark above a candidate is a dot, and is part of its height


def candidate_rows(lattice: Lattice | StrokeLattice, pixels: Rows) -> Rows:
    """Return pixels and geometry of the candidates of a word, without accents: the input of a non-letter model.

    Parameters
    ----------
    lattice : Lattice or StrokeLattice
    pixels : ndarray of float32, shape (n_candidates, n_pixels)
        Ink of each candidate, as `LetterNormalizer` returns it.

    Returns
    -------
    ndarray of float32, shape (n_candidates, n_pixels + 16)
    """
    return np.hstack([pixels, _geometry(lattice)])


def _geometry(lattice: Lattice | StrokeLattice) -> Rows:
    """Return size and position of each candidate, the gaps around and inside it, and the costs of its cuts."""
    gaps = np.clip(np.concatenate([[_OUTER_GAP], lattice.gaps, [_OUTER_GAP]]), _MIN_GAP, _MAX_GAP)
    costs = np.concatenate([[0.0], lattice.cut_costs, [0.0]])
    median_gap = float(np.median(lattice.gaps)) if len(lattice.gaps) else 0.0
    length = max(candidate.right for candidate in lattice.candidates)
    bare = [found.bare or found for found in lattice.candidates]
    start, stop = np.array([(form.start, form.stop) for form in bare]).T
    rows = np.empty((len(bare), len(GEOMETRY)), dtype=np.float32)
    rows[:, :4] = [(form.width, form.height, form.top, form.bottom) for form in bare]
    rows[:, 4:8] = np.stack([gaps[start], gaps[stop], costs[start], costs[stop]], axis=1)
    inner = np.stack([start + 1, stop], axis=1).ravel()  # of every second run: the cuts inside; of one piece, none
    single = stop - start == 1
    for column, (values, none) in enumerate(((gaps, _MIN_GAP), (costs, 0.0))):
        rows[:, 8 + 2 * column] = np.where(single, none, np.maximum.reduceat(values, inner)[::2])
        rows[:, 9 + 2 * column] = np.where(single, none, np.minimum.reduceat(values, inner)[::2])
    rows[:, 12] = stop - start
    rows[:, 13:] = lattice.stroke_width / lattice.letter_height, median_gap, lattice.n_pieces / max(length, 0.1)
    return rows


class CandidateFeatures(TransformerMixin, BaseEstimator):
    """Gradient features of the pixels of a letter candidate, followed by its geometry in the word.

    The first step of the classifiers that `fit_non_letter_model` trains.

    Parameters
    ----------
    grid : int, default=5
        Cells per side of `GradientFeatures`, from 2 to 28.

    Attributes
    ----------
    n_features_in_ : int
    gradient_ : GradientFeatures

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._candidates import CandidateFeatures
    >>> rows = np.random.default_rng(0).random((3, 784 + 16))
    >>> CandidateFeatures().fit_transform(rows).shape
    (3, 216)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"grid": [Interval(Integral, 2, 28, closed="both")]}

    def __init__(self, grid: int = 5) -> None:
        self.grid = grid

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the shape of the rows.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels + 16)
        y : ignored

        Returns
        -------
        CandidateFeatures
        """
        X = validate_data(self, X, dtype=np.float32, ensure_min_features=len(GEOMETRY) + 4)
        self.gradient_ = GradientFeatures(grid=self.grid).fit(X[:, : -len(GEOMETRY)])
        return self

    def transform(self, X: Any) -> Rows:
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels + 16)
            Pixels and geometry.

        Returns
        -------
        ndarray of float32, shape (n, 8 * grid ** 2 + 16)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        return np.hstack([self.gradient_.transform(X[:, : -len(GEOMETRY)]), X[:, -len(GEOMETRY) :]])


def letter_scores(probability: NDArray[np.floating]) -> FloatArray:
    """Return logarithms of letter probabilities, smoothed so that none is -inf.

    Parameters
    ----------
    probability : ndarray of shape (n, n_letters)

    Returns
    -------
    ndarray of float, shape (n, n_letters)
    """
    p = np.asarray(probability, dtype=np.float64)
    return np.asarray(np.log((1 - _UNIFORM_SHARE) * p + _UNIFORM_SHARE / p.shape[1]), dtype=np.float64)


def scores_by_pieces(probability: NDArray[np.floating], spans: Sequence[tuple[int, int]]) -> FloatArray:
    """Return log-probabilities of letters times their numbers of pieces, so that readings of any length compare.

    Parameters
    ----------
    probability : ndarray of shape (n_spans, n_letters)
    spans : sequence of (int, int)

    Returns
    -------
    ndarray of float, shape (n_spans, n_letters)
    """
    start, stop = np.array(spans).T
    return np.asarray(letter_scores(probability) * (stop - start)[:, None], dtype=np.float64)


def non_letter_log_odds(probability: NDArray[np.floating], is_letter: NDArray[np.floating]) -> FloatArray:
    """Return log-odds of each letter against the candidate being no letter.

    A reading explains its own candidates as letters and all others as non-letters. Its likelihood, divided by the
    likelihood that all candidates are non-letters, is the product of these odds over its letters. Candidates that the
    reading leaves out are thus taken into account, and readings of different lengths compare.

    Parameters
    ----------
    probability : ndarray of shape (n_spans, n_letters)
        Probability of each letter, given that the candidate is a letter.
    is_letter : ndarray of shape (n_spans,)
        Probability that the candidate is a letter.

    Returns
    -------
    ndarray of float, shape (n_spans, n_letters)
    """
    p = np.clip(np.asarray(is_letter, dtype=np.float64), 1e-9, 1 - 1e-9)
    odds = np.clip(np.log(p) - np.log1p(-p), -_MAX_LOG_ODDS, _MAX_LOG_ODDS)
    return np.asarray(letter_scores(probability) + _NON_LETTER_WEIGHT * odds[:, None], dtype=np.float64)


class Scored(NamedTuple):
    """Letter scores of the candidates of a word.

    Attributes
    ----------
    graph : Graph
    probability : ndarray of shape (n_spans, n_letters)
        Letter probabilities of each span.
    boxes : sequence of Box
        Box of each span.
    rows : ndarray of shape (n_spans, n_pixels)
        Pixels of each span.
    """

    graph: Graph
    probability: FloatArray
    boxes: Sequence[Box]
    rows: Rows


@dataclass(frozen=True, eq=False)
class Evidence:
    """Evidence for the letters of a word, before the lines of the word are estimated.

    Attributes
    ----------
    lattice : Lattice or StrokeLattice
    rows : ndarray of shape (n_candidates, n_pixels)
        Pixels of each candidate, with its accents.
    probability : ndarray of shape (n_candidates, n_letters)
        Letter probabilities of each candidate.
    letters : sequence of str
        Letters, in the order of these columns.
    is_letter : ndarray of shape (n_candidates,) or None
        Probability that the candidate is a letter. None weights letters by their numbers of pieces.
    proportions : Proportions, default=None
        Weights the letters by the sizes and positions of candidates; None does not.
    n_marks : int, default=0
        Number of the last letters that are marks, such as periods.
    """

    lattice: Lattice | StrokeLattice
    rows: Rows
    probability: FloatArray
    letters: Sequence[str]
    is_letter: FloatArray | None
    proportions: Proportions | None = None
    n_marks: int = 0

    def score(self, probability: FloatArray) -> FloatArray:
        """Turn letter probabilities into scores that add up over a reading."""
        if self.is_letter is None:
            return scores_by_pieces(probability, self.lattice.spans)
        if not self.n_marks:
            return non_letter_log_odds(probability, self.is_letter)
        letters, marks = np.split(probability, [-self.n_marks], axis=1)
        is_mark = marks.sum(axis=1)
        is_non_letter = (1.0 - is_mark) * (1.0 - self.is_letter)
        scores = [
            non_letter_log_odds(letters / np.maximum(letters.sum(axis=1, keepdims=True), _TINY), self.is_letter),
            non_letter_log_odds(marks / np.maximum(is_mark, _TINY)[:, None], is_mark / (is_mark + is_non_letter)),
        ]
        return np.hstack(scores)

    @cached_property
    def best_letters(self) -> list[int]:
        """Candidates of the best reading by shapes."""
        assert self.proportions is not None
        return self.proportions.find_letters(self.lattice.n_pieces, self.lattice.spans, self.probability, self.score)

    def limited(self, alphabet: str) -> Evidence:
        """Return the evidence for the letters of an alphabet, as far as they are known; proportions are not used."""
        n_letters = len(self.letters) - self.n_marks
        characters, marks = self.letters[:n_letters], self.letters[n_letters:]
        known = set(parse_alphabet(alphabet).classes)
        letters = [letter for letter in characters if letter in known]
        probability, of_marks = np.split(self.probability, [n_letters], axis=1)
        probability = restrict(probability, characters, "".join(letters))[0]
        if marks:
            probability = append_marks(probability, of_marks)
        return replace(self, probability=probability, letters=[*letters, *marks], proportions=None)

    def in_line(self) -> WordExtents:
        """Return the extents of these letters in the line of text."""
        assert isinstance(self.lattice, Lattice)
        extents = self.lattice.top_row + self._extents[self.best_letters] * self.lattice.letter_height
        return WordExtents(extents, self.probability[self.best_letters])

    def scored(self, shared: Lines | None = None) -> Scored:
        """Return the letter scores of the candidates.

        Parameters
        ----------
        shared : Lines, default=None
            Lines of the line of text at the word, in pixels; None estimates them on the word alone.

        Returns
        -------
        Scored
        """
        lattice, probability = self.lattice, self.probability
        if self.proportions is not None:
            extents = self._extents
            if shared is not None and isinstance(lattice, Lattice):
                extents = lattice.top_row + extents * lattice.letter_height
            probability = self.proportions.weigh(extents, probability, self.best_letters, shared)
        boxes = tuple(candidate.box for candidate in lattice.candidates)
        graph = Graph(lattice.n_pieces, lattice.spans, self.score(probability) + self._dots, self.letters)
        return Scored(graph, probability, boxes, self.rows)

    @property
    def _dots(self) -> FloatArray:
        """Log-probability of a dot above each candidate, for each letter."""
        scores = np.zeros((len(self.lattice.candidates), len(self.letters)))
        if has_small_letters(self.letters):
            dotted = [0 < found.mark <= _DOT_SIZE for found in self.lattice.candidates]
            scores[np.ix_(np.flatnonzero(dotted), np.flatnonzero(~has_dot(self.letters)))] = _LOG_DOT
        return scores

    @cached_property
    def _extents(self) -> FloatArray:
        dotted = self.probability[:, dotted_columns(self.letters)].sum(axis=1) >= _DOTTED
        forms = [
            found if dot else found.bare or found for found, dot in zip(self.lattice.candidates, dotted, strict=True)
        ]
        return np.array([(form.top, form.bottom) for form in forms])


def score_line(words: Sequence[Evidence]) -> Iterator[Scored]:
    """Yield the letter scores of the words of a line of text, which share base line and x-height."""
    proportions = words[0].proportions
    if proportions is None or len(words) < 2:
        yield from (word.scored() for word in words)
        return
    lines = share_lines([word.in_line() for word in words], proportions.expected)
    yield from (word.scored(line) for word, line in zip(words, lines, strict=True))


def dotted_columns(letters: Sequence[str]) -> list[int]:
    """Return the columns of the letters that have a dot: i and j, also if their case is ignored.

    Examples
    --------
    >>> from ensemble_hwr.reading._candidates import dotted_columns
    >>> dotted_columns("hijk"), dotted_columns("HIJK")
    ([1, 2], [1, 2])
    """
    dotted = "ij" if "i" in letters or "j" in letters else "IJ"
    return [place for place, letter in enumerate(letters) if letter in dotted]


def has_dot(letters: Sequence[str]) -> NDArray[np.bool_]:
    """Return which letters may have a dot: i and j, and the capital I, which some people dot."""
    dotted = np.array([letter == "I" for letter in letters])
    dotted[dotted_columns(letters)] = True
    return dotted


def drop_accents(probability: FloatArray, bare: FloatArray, letters: Sequence[str]) -> FloatArray:
    """Return letter probabilities of candidates with marks above them, from those with and without the marks.

    The marks are a dot of i or j, an accent, or a part of the letter. Letters that have a dot have the probability that
    they have with the marks. So does a capital I, which some people dot. The remaining probability is shared among the
    other letters, by the mean of those with and without the marks.

    Parameters
    ----------
    probability, bare : ndarray of shape (n_candidates, n_letters)
        With the marks, and without them.
    letters : sequence of str

    Returns
    -------
    ndarray of shape (n_candidates, n_letters)

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._candidates import drop_accents
    >>> drop_accents(np.array([[0.5, 0.4, 0.1]]), np.array([[0.1, 0.0, 0.9]]), "ABi").round(2).tolist()
    [[0.7, 0.2, 0.1]]
    """
    dotted = has_dot(letters)
    others = np.where(dotted, 0.0, probability)
    left = others.sum(axis=1, keepdims=True)
    without = np.where(dotted, 1e-12, bare)
    without *= left / without.sum(axis=1, keepdims=True)
    return np.where(dotted, probability, 0.5 * (others + without))


def append_marks(probability: FloatArray, of_marks: FloatArray) -> FloatArray:
    """Return the probabilities of letters and marks, given those of letters and those of marks.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._candidates import append_marks
    >>> append_marks(np.array([[0.5, 0.5]]), np.array([[0.2]])).round(2).tolist()
    [[0.4, 0.4, 0.2]]
    """
    of_letters = np.maximum(1.0 - of_marks.sum(axis=1, keepdims=True), 0.0)  # the sum may exceed 1 in its last digit
    return np.hstack([probability * of_letters, of_marks])


def letter_probability(rows: Rows, non_letter_model: Any) -> FloatArray:
    """Return the probability that each candidate is a letter.

    Parameters
    ----------
    rows : ndarray of shape (n_candidates, n_pixels + 16)
        As `candidate_rows` returns them, of the candidates of any number of words.
    non_letter_model : classifier

    Returns
    -------
    ndarray of shape (n_candidates,)
    """
    column = non_letter_model.classes_.tolist().index(LETTER)
    with config_context(transform_output="default"):  # it was fitted without feature names
        probability: FloatArray = non_letter_model.predict_proba(rows)[:, column]
    return probability


def score_letters(boxes: Sequence[Box], rows: Rows, probability: FloatArray, letters: Sequence[str]) -> Scored:
    """Score letters that are already segmented, each of which is one piece.

    Parameters
    ----------
    boxes : sequence of Box
    rows, probability, letters
        As for `Evidence`.

    Returns
    -------
    Scored
    """
    spans = [(place, place + 1) for place in range(len(boxes))]
    return Scored(Graph(len(boxes), spans, letter_scores(probability), letters), probability, boxes, rows)
