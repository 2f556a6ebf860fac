"""Beam search over a lattice of letter candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._deadlines import timed
from ensemble_hwr.reading._language_models import LanguageModel

_MARGIN = 16.0  # nats: prefixes this far below the best one of the same pieces are pruned


@dataclass(frozen=True, eq=False)
class Graph:
    """Letter scores of every run of pieces that could be a letter.

    Attributes
    ----------
    n_pieces : int
        Number of pieces, from left to right.
    spans : sequence of (int, int)
        Start and stop of each run of pieces.
    scores : ndarray of float, shape (n_spans, n_letters)
        Log-score of each letter for each span. The score of a reading is the sum over its letters.
    letters : sequence of str
        Letters, in the order of the columns of `scores`.
    """

    n_pieces: int
    spans: Sequence[tuple[int, int]]
    scores: NDArray[np.float64]
    letters: Sequence[str]


class Reading(NamedTuple):
    """One way to read all pieces of a word.

    Attributes
    ----------
    score : float
        Sum of the letter scores and of the log-probabilities of the language model.
    text : str
    spans : tuple of int
        Index of each letter's span in the graph.
    letters : tuple of int
        Index of each letter in the letters of the graph.
    """

    score: float
    text: str
    spans: tuple[int, ...]
    letters: tuple[int, ...]


class Prefix(NamedTuple):
    """Beginning of a reading, linked to the prefix that is one letter shorter."""

    score: float
    text: str
    state: Any
    parent: Prefix | None
    span: int
    letter: int


def decode(graph: Graph, language_model: LanguageModel, *, beam: int) -> list[Reading]:
    """Find the best readings by beam search.

    At each boundary between pieces the `beam` best prefixes are kept. Prefixes that end at the same boundary explain
    the same pieces, so their scores are comparable.

    Parameters
    ----------
    graph : Graph
    language_model : LanguageModel
    beam : int
        Prefixes kept at each boundary. A larger beam is slower, and more likely to contain the best reading.

    Returns
    -------
    list of Reading
        Best first, each text once, at most `beam`. Empty if the language model allows no reading.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._decoder import Graph, decode
    >>> from ensemble_hwr.reading._language_models import UniformModel
    >>> scores = np.log([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    >>> graph = Graph(2, [(0, 1), (1, 2), (0, 2)], scores, "IN")
    >>> [reading.text for reading in decode(graph, UniformModel(), beam=3)]
    ['N', 'II', 'IN']
    """
    outgoing = _outgoing_spans(graph)
    at: list[dict[str, Prefix]] = [{} for _ in range(graph.n_pieces + 1)]
    best = [-np.inf] * (graph.n_pieces + 1)
    at[0][""] = Prefix(0.0, "", language_model.start, None, -1, -1)
    step = language_model.step
    for boundary in timed(range(graph.n_pieces)):
        prefixes = _prune(at[boundary], beam)
        at[boundary] = {}
        for prefix in prefixes:
            for span, stop, ranked in outgoing[boundary]:
                reached = at[stop]
                for letter_score, letter, name in ranked:
                    score = prefix.score + letter_score
                    if score < best[stop] - _MARGIN:
                        break  # letters are sorted by score, and a language model adds at most 0
                    following = step(prefix.state, name)
                    if following is None:
                        continue
                    score += following[1]
                    text = prefix.text + name
                    known = reached.get(text)
                    if known is None or score > known.score:
                        reached[text] = Prefix(score, text, following[0], prefix, span, letter)
                        best[stop] = max(best[stop], score)
    ended = []
    for prefix in at[-1].values():
        end = language_model.end(prefix.state)
        if end is not None:
            ended.append(prefix._replace(score=prefix.score + end))
    ended.sort(key=_best_first)
    return [_to_reading(prefix) for prefix in ended[:beam]]


def _best_first(prefix: Prefix) -> tuple[float, str]:
    return -prefix.score, prefix.text


def _outgoing_spans(graph: Graph) -> list[list[tuple[int, int, list[tuple[float, int, str]]]]]:
    """List the spans that start at each boundary: index, stop, and letters by decreasing score."""
    outgoing: list[list[tuple[int, int, list[tuple[float, int, str]]]]] = [[] for _ in range(graph.n_pieces)]
    orders = np.argsort(-graph.scores, axis=1, kind="stable")
    for place, ((start, stop), scores, order) in enumerate(
        zip(graph.spans, graph.scores.tolist(), orders.tolist(), strict=True)
    ):
        ranked = [(scores[letter], letter, graph.letters[letter]) for letter in order]
        outgoing[start].append((place, stop, ranked))
    return outgoing


def _prune(prefixes: dict[str, Prefix], beam: int) -> list[Prefix]:
    """Return the best prefixes of one boundary, at most `beam`, none far below the best."""
    ordered = sorted(prefixes.values(), key=_best_first)
    if not ordered:
        return []
    least = ordered[0].score - _MARGIN
    return [prefix for prefix in ordered[:beam] if prefix.score >= least]


def _to_reading(last: Prefix) -> Reading:
    """Follow the links of a prefix back to the start."""
    spans, letters = [], []
    at: Prefix | None = last
    while at is not None and at.parent is not None:
        spans.append(at.span)
        letters.append(at.letter)
        at = at.parent
    return Reading(last.score, last.text, tuple(reversed(spans)), tuple(reversed(letters)))
