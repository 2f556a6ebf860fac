"""The likeliest readings of a word whose possible letters are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.reading._grammar import Grammar

_MARGIN = 16.0  # what is so far behind the best reading of the same pieces is given up


@dataclass(frozen=True, eq=False)
class Graph:
    """What each run of pieces could be.

    Attributes
    ----------
    n_pieces : int
    spans : sequence of (int, int)
        Start and stop of each run of pieces that could be a letter.
    scores : ndarray of float, shape (n_spans, n_letters)
        Logarithmic evidence that it is each letter. Readings are compared by their sums.
    letters : sequence of str
    """

    n_pieces: int
    spans: Sequence[tuple[int, int]]
    scores: NDArray[np.float64]
    letters: Sequence[str]


class Reading(NamedTuple):
    """One way to read a word, or its beginning.

    Attributes
    ----------
    score : float
        Sum of the evidence, and of what the grammar says.
    text : str
    spans : tuple of int
        Place of each letter's span in the graph.
    letters : tuple of int
        Place of each letter in the graph's letters.
    """

    score: float
    text: str
    spans: tuple[int, ...]
    letters: tuple[int, ...]


class _Beginning(NamedTuple):
    score: float
    text: str
    state: Any
    before: _Beginning | None
    span: int
    letter: int


def decode(graph: Graph, grammar: Grammar, *, beam: int) -> list[Reading]:
    """Find the best readings that a grammar allows.

    At each boundary between pieces the `beam` best beginnings are kept. Beginnings that end at the same boundary
    explain the same pieces, so that their scores compare.

    Parameters
    ----------
    graph : Graph
    grammar : Grammar
    beam : int
        The larger, the surer is it that the best reading is found.

    Returns
    -------
    list of Reading
        Best first, each text once, `beam` of them at most; empty where the grammar allows none.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._decoder import Graph, decode
    >>> from ensemble_hwr.reading._grammar import AnyText
    >>> scores = np.log([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    >>> graph = Graph(2, [(0, 1), (1, 2), (0, 2)], scores, "IN")
    >>> [reading.text for reading in decode(graph, AnyText(), beam=3)]
    ['N', 'II', 'IN']
    """
    leaving = _leaving(graph)
    at: list[dict[str, _Beginning]] = [{} for _ in range(graph.n_pieces + 1)]
    best = [-np.inf] * (graph.n_pieces + 1)
    at[0][""] = _Beginning(0.0, "", grammar.start, None, -1, -1)
    step = grammar.step
    for boundary in range(graph.n_pieces):
        beginnings = _best(at[boundary], beam)
        at[boundary] = {}
        for beginning in beginnings:
            for span, stop, ranked in leaving[boundary]:
                reached = at[stop]
                for evidence, letter, name in ranked:
                    score = beginning.score + evidence
                    if score < best[stop] - _MARGIN:
                        break  # letters come best first, and a grammar adds nothing
                    following = step(beginning.state, name)
                    if following is None:
                        continue
                    score += following[1]
                    text = beginning.text + name
                    known = reached.get(text)
                    if known is None or score > known.score:
                        reached[text] = _Beginning(score, text, following[0], beginning, span, letter)
                        best[stop] = max(best[stop], score)
    ended = []
    for beginning in at[-1].values():
        end = grammar.end(beginning.state)
        if end is not None:
            ended.append(beginning._replace(score=beginning.score + end))
    ended.sort(key=lambda beginning: (-beginning.score, beginning.text))
    return [_reading(beginning) for beginning in ended[:beam]]


def _leaving(graph: Graph) -> list[list[tuple[int, int, list[tuple[float, int, str]]]]]:
    """For each boundary the spans that start there: their place, where they stop, and their letters, best first."""
    leaving: list[list[tuple[int, int, list[tuple[float, int, str]]]]] = [[] for _ in range(graph.n_pieces)]
    orders = np.argsort(-graph.scores, axis=1, kind="stable")
    for place, ((start, stop), scores, order) in enumerate(
        zip(graph.spans, graph.scores.tolist(), orders.tolist(), strict=True)
    ):
        ranked = [(scores[letter], letter, graph.letters[letter]) for letter in order]
        leaving[start].append((place, stop, ranked))
    return leaving


def _best(beginnings: dict[str, _Beginning], beam: int) -> list[_Beginning]:
    ordered = sorted(beginnings.values(), key=lambda beginning: (-beginning.score, beginning.text))
    if not ordered:
        return []
    least = ordered[0].score - _MARGIN
    return [beginning for beginning in ordered[:beam] if beginning.score >= least]


def _reading(last: _Beginning) -> Reading:
    spans, letters = [], []
    at: _Beginning | None = last
    while at is not None and at.before is not None:
        spans.append(at.span)
        letters.append(at.letter)
        at = at.before
    return Reading(last.score, last.text, tuple(reversed(spans)), tuple(reversed(letters)))
