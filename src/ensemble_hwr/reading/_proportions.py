"""Lines of a word, such as its base line and x-height, and what they say about the case of letters.

Some letters have the same shape in both cases, such as o and O, and differ in size and position only. The lines of a
word are estimated together with its letters, whose cases need not be known: each hypothesis of the lines explains the
extents of all letters by the characters they may be. The lines then weight the characters of every letter candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ensemble_hwr._typing import FloatArray
from ensemble_hwr.alphabets import SHAPES, parse_alphabet

# lengths in cap heights
X_HEIGHT, DESCENDER = 0.55, 0.4  # means of writers
_X_DEVIATION, _DESCENDER_DEVIATION = 0.08, 0.1  # standard deviations of writers
_ASCENT = {**dict.fromkeys("bdfhkl", 1.0), **dict.fromkeys("ijt", 0.85)}  # of small letters
_DESCENDING = "gjpqy"
_MARKS = {  # reach of marks above and below the base line; negative where they end above it
    ".": (0.16, 0.0), ",": (0.08, 0.16), "-": (0.38, -0.32), "'": (1.0, -0.75), ":": (0.45, 0.0), "/": (1.02, 0.06),
}  # fmt: skip
_DEVIATION = 0.08  # of the top and the bottom of a letter
_WIDE_DEVIATION = 0.18  # of tops and bottoms that differ from writer to writer
_VARIABLE_TOPS, _VARIABLE_BOTTOMS = "ijt", "fzJQ,"

_SHARED_DEVIATIONS = (0.2, 0.06, 0.06, 0.06)  # of a word from its line of text: of the base line, and of the heights
_N_NEIGHBOURS = 5  # words, including itself, that the base line at a word is the median of
_STARTS = (1.0, 1.0 / X_HEIGHT, 1.0 / 0.85)  # cap heights per height of the tallest letter: the hypotheses
_N_ITERATIONS = 4
_LOG_OUTLIER = -7.0  # log-density of letters that are out of place

PROPORTION_WEIGHT = 0.7
"""Weight of the evidence of extents: below 1, because top and bottom of a letter are not independent."""


@dataclass(frozen=True, eq=False)
class Expected:
    """Expected extents of characters, as linear functions of the lines of a word.

    Attributes
    ----------
    edges : ndarray of shape (n_kinds, 2, 4)
        Top and bottom of each kind of characters: factors of base, cap height, x-height and descender.
    deviations : ndarray of shape (n_kinds, 2)
        Standard deviations of top and bottom, in cap heights.
    kinds : ndarray of int, shape (n_classes,)
        Kind of each character; characters of a kind have the same extents.
    """

    edges: FloatArray
    deviations: FloatArray
    kinds: NDArray[np.intp]

    @property
    def differ(self) -> bool:
        """Whether some characters differ in their extents."""
        return len(self.edges) > 1


@dataclass(frozen=True, eq=False)
class Lines:
    """Hypotheses of the lines of a word, each with its probability.

    Attributes
    ----------
    values : ndarray of shape (n_hypotheses, 4)
        Position of the base line, downwards, then cap height, x-height and descender, in the unit of the extents.
    probability : ndarray of shape (n_hypotheses,)
        Adds up to 1.
    scale : float
        Unit of the standard deviations of extents.
    """

    values: FloatArray
    probability: FloatArray
    scale: float

    @property
    def best(self) -> FloatArray:
        """Base, cap height, x-height and descender of the most probable hypothesis."""
        best: FloatArray = self.values[int(self.probability.argmax())]
        return best


def expected_extents(classes: Sequence[str]) -> Expected:
    """Return the expected extents of characters.

    Parameters
    ----------
    classes : sequence of str
        Letters, digits and marks.

    Returns
    -------
    Expected

    Examples
    --------
    >>> from ensemble_hwr.reading._proportions import expected_extents
    >>> expected = expected_extents("oOp")
    >>> expected.edges[expected.kinds[2]].tolist()
    [[1.0, 0.0, -1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    >>> expected_extents("AEIOU").differ
    False
    """
    rows = [_row(character) for character in classes]
    found, kinds = np.unique(np.array(rows), axis=0, return_inverse=True)
    return Expected(found[:, :8].reshape(-1, 2, 4), found[:, 8:], kinds.reshape(-1))


def _row(character: str) -> list[float]:
    """Return the factors of the lines for top and bottom, and their standard deviations."""
    top, bottom = [1.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]
    if character in _MARKS:
        above, below = _MARKS[character]
        top[1], bottom[1] = -above, below
    elif character.islower():
        top[1:3] = (-_ASCENT[character], 0.0) if character in _ASCENT else (0.0, -1.0)
        bottom[3] = float(character in _DESCENDING)
    deviations = [
        _WIDE_DEVIATION if character in variable else _DEVIATION for variable in (_VARIABLE_TOPS, _VARIABLE_BOTTOMS)
    ]
    return [*top, *bottom, *deviations]


def fit_lines(
    extents: FloatArray, probability: FloatArray, expected: Expected, *, shared: Lines | None = None
) -> Lines:
    """Estimate the lines of a word together with the kinds of its letters, by expectation maximization.

    Parameters
    ----------
    extents : ndarray of shape (n_letters, 2)
        Top and bottom of each letter, downwards.
    probability : ndarray of shape (n_letters, n_classes)
        Probability of each character, before its extents are taken into account.
    expected : Expected
    shared : Lines, default=None
        Hypotheses of the lines of the line of text, in the same unit; those of the word are near one of them.

    Returns
    -------
    Lines
        One hypothesis per hypothesis of `shared`; else per start of the search: the tallest letter is a capital, an
        x-height letter, or a t.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._proportions import expected_extents, fit_lines
    >>> expected = expected_extents("lo")
    >>> lines = fit_lines(np.array([[0.0, 1.0], [0.5, 1.0]]), np.eye(2), expected)
    >>> base, cap, x, descender = lines.best.round(1).tolist()
    >>> base, cap, x
    (1.0, 1.0, 0.5)
    """
    kinds = np.zeros((len(extents), len(expected.edges)))
    for kind in range(kinds.shape[1]):
        kinds[:, kind] = probability[:, expected.kinds == kind].sum(axis=1)
    values, rows, targets, scale = _starts(extents) if shared is None else _near(shared)
    weighted = expected.edges / (scale * expected.deviations)[:, :, None]
    gram = np.einsum("ker,kes->krs", weighted, weighted)
    log_kinds = np.log(kinds + 1e-6)
    for _ in range(_N_ITERATIONS):
        density = _log_density(extents, values, expected, scale)
        share = log_kinds + density
        share = np.exp(share - logsumexp(share, axis=2, keepdims=True)) * -np.expm1(_LOG_OUTLIER - density)
        sums = np.einsum("hik,ie->hke", share, extents) / (scale * expected.deviations)
        left = np.einsum("hk,krs->hrs", share.sum(axis=1), gram) + rows.T @ rows
        right = np.einsum("hke,ker->hr", sums, weighted) + targets @ rows
        values = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    evidence = logsumexp(log_kinds + _log_density(extents, values, expected, scale), axis=2).sum(axis=1)
    evidence -= 0.5 * ((values @ rows.T - targets) ** 2).sum(axis=1)
    if shared is not None:
        evidence += np.log(shared.probability + 1e-12)
    return Lines(values, np.exp(evidence - logsumexp(evidence)), scale)


_Start = tuple[FloatArray, FloatArray, FloatArray, float]


def _starts(extents: FloatArray) -> _Start:
    """Return hypotheses of the lines of letters, and the prior of writers.

    The prior consists of observations with standard deviation 1: factors of the lines, and values. The last result is
    the unit of standard deviations of extents.
    """
    base = float(np.median(extents[:, 1]))
    tops = np.sort(extents[:, 0])
    scale = max(base - float(tops[len(tops) // 20]), 1e-3)  # not the highest of many
    caps = scale * np.array(_STARTS)
    values = np.stack([np.full_like(caps, base), caps, X_HEIGHT * caps, DESCENDER * caps], axis=1)
    rows = np.array([
        [0.0, -X_HEIGHT / _X_DEVIATION, 1.0 / _X_DEVIATION, 0.0],
        [0.0, -DESCENDER / _DESCENDER_DEVIATION, 0.0, 1.0 / _DESCENDER_DEVIATION],
    ])  # fmt: skip
    return values, rows / scale, np.zeros((1, 2)), scale


def _near(shared: Lines) -> _Start:
    """Return the hypotheses of a line of text, and a prior near them, in the form of `_starts`."""
    rows = np.diag(1.0 / np.array(_SHARED_DEVIATIONS)) / shared.scale
    return shared.values, rows, shared.values @ rows, shared.scale


def _log_density(extents: FloatArray, values: FloatArray, expected: Expected, scale: float) -> FloatArray:
    """Return the log-density of extents, of shape (n_hypotheses, n_letters, n_kinds), up to a constant."""
    edges = np.einsum("ker,hr->hke", expected.edges, values)
    distance = (extents[None, :, None, :] - edges[:, None]) / (scale * expected.deviations)
    inside = -0.5 * (distance**2).sum(axis=3) - np.log(expected.deviations / _DEVIATION).sum(axis=1)
    return np.asarray(np.logaddexp(inside, _LOG_OUTLIER))


def extent_scores(extents: FloatArray, lines: Lines, expected: Expected) -> FloatArray:
    """Return the log-likelihood of extents for each character, given the lines of the word.

    Parameters
    ----------
    extents : ndarray of shape (n_candidates, 2)
        Top and bottom of each letter candidate.
    lines : Lines
    expected : Expected

    Returns
    -------
    ndarray of shape (n_candidates, n_classes)
        Up to a constant.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._proportions import Lines, expected_extents, extent_scores
    >>> expected, lines = expected_extents("oO"), Lines(np.array([[1.0, 1.0, 0.5, 0.4]]), np.ones(1), 1.0)
    >>> extent_scores(np.array([[0.0, 1.0], [0.5, 1.0]]), lines, expected).argmax(axis=1).tolist()
    [1, 0]
    """
    density = _log_density(extents, lines.values, expected, lines.scale)
    weighted = density + np.log(lines.probability + 1e-12)[:, None, None]
    return np.asarray(logsumexp(weighted, axis=0)[:, expected.kinds])


def reweight(probability: FloatArray, scores: FloatArray, weight: float = PROPORTION_WEIGHT) -> FloatArray:
    """Return letter probabilities that take extents into account.

    Parameters
    ----------
    probability, scores : ndarray of shape (n_candidates, n_classes)
    weight : float, default=0.7
        Factor of the scores.

    Returns
    -------
    ndarray of shape (n_candidates, n_classes)
        Rows add up to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._proportions import reweight
    >>> reweight(np.array([[0.5, 0.5]]), np.log([[0.9, 0.1]]), weight=1.0).round(2).tolist()
    [[0.9, 0.1]]
    """
    weighted = probability * np.exp(weight * (scores - scores.max(axis=1, keepdims=True)))
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))


def best_path(n_pieces: int, spans: Sequence[tuple[int, int]], scores: FloatArray) -> list[int]:
    """Return the spans of the best reading of all pieces, given the best score of each span.

    Parameters
    ----------
    n_pieces : int
    spans : sequence of (int, int)
        Start and stop of each span.
    scores : ndarray of shape (n_spans,)

    Returns
    -------
    list of int
        Positions in `spans`, from left to right.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._proportions import best_path
    >>> best_path(2, [(0, 1), (0, 2), (1, 2)], np.array([-1.0, -3.0, -1.0]))
    [0, 2]
    """
    best, last = np.full(n_pieces + 1, -np.inf), np.full(n_pieces + 1, -1)
    best[0] = 0.0
    for place in sorted(range(len(spans)), key=lambda place: spans[place][0]):
        start, stop = spans[place]
        if best[start] + scores[place] > best[stop]:
            best[stop], last[stop] = best[start] + scores[place], place
    path: list[int] = []
    at = n_pieces
    while at > 0 and last[at] >= 0:
        path.insert(0, int(last[at]))
        at = spans[path[0]][0]
    return path


class WordExtents(NamedTuple):
    """Sizes and positions of the letters of the best reading of a word, in a line of text.

    Attributes
    ----------
    extents : ndarray of shape (n_letters, 2)
        Top and bottom of each letter, downwards, in pixels of the page without skew.
    probability : ndarray of shape (n_letters, n_classes)
    """

    extents: FloatArray
    probability: FloatArray


def share_lines(words: Sequence[WordExtents], expected: Expected) -> list[Lines | None]:
    """Estimate the lines of a line of text on all of its words.

    Cap height, x-height and descender are those of the whole line. The base line may bend: at a word, it is the median
    of those of the words around it.

    Parameters
    ----------
    words : sequence of WordExtents
        From left to right.
    expected : Expected

    Returns
    -------
    list of Lines or None
        The lines at each word, in pixels; None if there are fewer than two words.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._proportions import WordExtents, expected_extents, share_lines
    >>> expected, either = expected_extents("loO"), np.array([[0.0, 0.5, 0.5]])
    >>> tall = WordExtents(np.array([[0.0, 1.0], [0.5, 1.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]))
    >>> lines = share_lines([tall, WordExtents(np.array([[0.5, 1.0]]), either)], expected)
    >>> lines[1].best.round(1).tolist()[:3]
    [1.0, 1.0, 0.5]
    """
    if len(words) < 2:
        return [None] * len(words)
    bases = np.array([fit_lines(*word, expected).best[0] for word in words])
    level = np.concatenate([word.extents - base for word, base in zip(words, bases, strict=True)])
    lines = fit_lines(level, np.concatenate([word.probability for word in words]), expected)
    counts = [len(word.extents) for word in words]
    found: list[Lines | None] = []
    for place in range(len(words)):
        first = min(max(place - _N_NEIGHBOURS // 2, 0), max(len(words) - _N_NEIGHBOURS, 0))
        near = slice(first, first + _N_NEIGHBOURS)
        values = lines.values.copy()
        values[:, 0] += float(np.median(np.repeat(bases[near], counts[near])))
        found.append(replace(lines, values=values))
    return found


class Proportions:
    """Weights the letters of candidates by their sizes and positions in the word.

    Parameters
    ----------
    letters : sequence of str
        Letters, in the order of the columns of probabilities.
    weight : float, default=0.7
        Factor of the log-likelihood of extents.
    """

    def __init__(self, letters: Sequence[str], weight: float = PROPORTION_WEIGHT) -> None:
        self.expected, self.weight = expected_extents(letters), weight
        shapes = parse_alphabet(SHAPES).parts
        shape_of = {letter: label for label, members in shapes for letter in members}
        labels = [shape_of.get(letter, letter) for letter in letters]
        self._to_shapes = np.array([[label == shape for shape in dict.fromkeys(labels)] for label in labels], float)

    def find_letters(
        self,
        n_pieces: int,
        spans: Sequence[tuple[int, int]],
        probability: FloatArray,
        score: Callable[[FloatArray], FloatArray],
    ) -> list[int]:
        """Return the candidates of the best reading in which characters of one shape are not separated.

        Parameters
        ----------
        n_pieces : int
        spans : sequence of (int, int)
        probability : ndarray of shape (n_spans, n_letters)
        score : callable
            Turns letter probabilities into scores that add up over a reading.

        Returns
        -------
        list of int
            Positions in `spans`. The lines of the word are estimated on these letters.
        """
        return best_path(n_pieces, spans, score(probability @ self._to_shapes).max(axis=1))

    def weigh(
        self, extents: FloatArray, probability: FloatArray, letters: Sequence[int], shared: Lines | None = None
    ) -> FloatArray:
        """Return letter probabilities that take the extents of candidates into account.

        Parameters
        ----------
        extents : ndarray of shape (n_spans, 2)
            Top and bottom of each candidate, downwards.
        probability : ndarray of shape (n_spans, n_letters)
        letters : sequence of int
            As `find_letters` returns them.
        shared : Lines, default=None
            Lines of the line of text, in the unit of the extents.

        Returns
        -------
        ndarray of shape (n_spans, n_letters)
        """
        lines = fit_lines(extents[letters], probability[letters], self.expected, shared=shared)
        return reweight(probability, extent_scores(extents, lines, self.expected), self.weight)


def find_proportions(letters: Sequence[str]) -> Proportions | None:
    """Return the proportions of letters; None if all have the same extents, as capitals and digits do."""
    small = any(letter.islower() for letter in letters)
    return Proportions(letters) if small and expected_extents(letters).differ else None
