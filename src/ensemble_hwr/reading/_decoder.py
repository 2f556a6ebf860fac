"""Beam search over a lattice of letter candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
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
    orders = np.argsort(-graph.scores, axis=1, kind="stable")
    ranked = np.take_along_axis(graph.scores, orders, axis=1)
    outgoing: list[list[tuple[int, int]]] = [[] for _ in range(graph.n_pieces)]
    for span, (start, stop) in enumerate(graph.spans):
        outgoing[start].append((span, stop))
    steps = _Steps(language_model, graph.letters)
    at: list[list[_Arrivals]] = [[] for _ in range(graph.n_pieces + 1)]
    prefixes = [Prefix(0.0, "", language_model.start, None, -1, -1)]
    for boundary in timed(range(graph.n_pieces)):
        if boundary:
            prefixes = _best_prefixes(at[boundary], steps, beam)
            at[boundary] = []
        if not prefixes:
            continue
        reached = np.array([prefix.score for prefix in prefixes])
        gains = np.stack([steps.gains(prefix.state) for prefix in prefixes])
        for span, stop in outgoing[boundary]:
            order = orders[span]
            before = reached[:, None] + ranked[span]
            at[stop].append(_Arrivals(prefixes, span, order, before, before + gains[:, order]))
    return [_to_reading(prefix) for prefix in _ended(at[-1], steps, beam)]


class _Steps:
    """Steps of a language model over all letters, each state calculated once."""

    def __init__(self, language_model: LanguageModel, letters: Sequence[str]) -> None:
        self.letters, self.end = letters, language_model.end
        self._step = language_model.step
        self._known: dict[Any, tuple[NDArray[np.float64], list[Any]]] = {}

    def gains(self, state: Any) -> NDArray[np.float64]:
        """Return the log-probability of each letter after a state; -inf if it cannot follow."""
        return self._of(state)[0]

    def following(self, state: Any, letter: int) -> Any:
        """Return the state after one more letter."""
        return self._of(state)[1][letter]

    def _of(self, state: Any) -> tuple[NDArray[np.float64], list[Any]]:
        found = self._known.get(state)
        if found is None:
            steps = [self._step(state, letter) or (None, -np.inf) for letter in self.letters]
            found = self._known[state] = np.array([gain for _, gain in steps]), [state for state, _ in steps]
        return found


class _Arrivals(NamedTuple):
    """Prefixes that are longer by a letter, all of one span: rows are prefixes, columns letters by decreasing score."""

    prefixes: list[Prefix]
    span: int
    order: NDArray[np.intp]
    before: NDArray[np.float64]
    scores: NDArray[np.float64]

    def prefix(self, place: int, score: float, steps: _Steps) -> Prefix:
        """Return one of them."""
        parent, letter = self.prefixes[place // len(self.order)], int(self.order[place % len(self.order)])
        state = steps.following(parent.state, letter)
        return Prefix(score, parent.text + steps.letters[letter], state, parent, self.span, letter)


def _best_prefixes(arrivals: Sequence[_Arrivals], steps: _Steps, beam: int) -> list[Prefix]:
    """Return the best prefixes of one boundary, each text once, at most `beam`, none far below the best."""
    if not arrivals:
        return []
    scores = np.concatenate([found.scores.ravel() for found in arrivals])
    found: dict[str, Prefix] = {}
    last = np.inf
    least = float(scores.max()) - _MARGIN
    for prefix in _descending(arrivals, scores, least, 4 * beam, steps):
        if len(found) >= beam and prefix.score < last:
            break
        if prefix.text not in found:
            found[prefix.text] = prefix
            last = prefix.score
    return sorted(found.values(), key=_best_first)[:beam]


def _ended(arrivals: Sequence[_Arrivals], steps: _Steps, beam: int) -> list[Prefix]:
    """Return the best prefixes that end at the last boundary, best first, with the log-probability of the end."""
    if not arrivals:
        return []
    scores = np.concatenate([found.scores.ravel() for found in arrivals])
    before = np.concatenate([found.before.ravel() for found in arrivals])
    best = np.concatenate([[-np.inf], np.maximum.accumulate(scores)[:-1]])
    scores[before < best - _MARGIN] = -np.inf  # far below one that was found earlier
    texts: set[str] = set()
    ended: list[Prefix] = []
    worst: list[float] = []  # scores of the best `beam`, a heap
    for prefix in _descending(arrivals, scores, -np.inf, 4 * beam, steps):
        if len(worst) == beam and prefix.score < worst[0]:
            break  # the end adds at most 0
        end = None if prefix.text in texts else steps.end(prefix.state)
        texts.add(prefix.text)
        if end is not None:
            ended.append(prefix._replace(score=prefix.score + end))
            (heappush if len(worst) < beam else heappushpop)(worst, ended[-1].score)
    return sorted(ended, key=_best_first)[:beam]


def _descending(
    arrivals: Sequence[_Arrivals], scores: NDArray[np.float64], least: float, chunk: int, steps: _Steps
) -> Iterator[Prefix]:
    """Yield prefixes by decreasing score, from `least` on; of equal scores the first that arrived."""
    sizes = np.cumsum([found.scores.size for found in arrivals])
    places = np.flatnonzero((scores >= least) & (scores > -np.inf))
    while len(places):
        high = scores[places]
        cut = np.partition(high, -chunk)[-chunk] if len(places) > chunk else -np.inf
        now = places[high >= cut]
        for place in now[np.argsort(-scores[now], kind="stable")].tolist():
            which = int(np.searchsorted(sizes, place, side="right"))
            found = arrivals[which]
            yield found.prefix(place - (int(sizes[which]) - found.scores.size), float(scores[place]), steps)
        places = places[high < cut]
        chunk *= 4


def _best_first(prefix: Prefix) -> tuple[float, str]:
    return -prefix.score, prefix.text


def _to_reading(last: Prefix) -> Reading:
    """Follow the links of a prefix back to the start."""
    spans, letters = [], []
    at: Prefix | None = last
    while at is not None and at.parent is not None:
        spans.append(at.span)
        letters.append(at.letter)
        at = at.parent
    return Reading(last.score, last.text, tuple(reversed(spans)), tuple(reversed(letters)))
