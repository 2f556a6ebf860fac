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


class _Prefix(NamedTuple):
    """Beginning of a reading, linked to the prefix that is one letter shorter.

    Prefixes of one text have the same number, however the word is cut.
    """

    score: float
    text: str
    number: int
    state: Any
    parent: _Prefix | None
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
    at = [_Arrivals(orders, steps) for _ in range(graph.n_pieces + 1)]
    prefixes = [_Prefix(0.0, "", 0, language_model.start, None, -1, -1)]
    for boundary in timed(range(graph.n_pieces)):
        if boundary:
            prefixes = _best_prefixes(at[boundary], beam)
            at[boundary] = _Arrivals(orders, steps)
        if not prefixes:
            continue
        reached = np.array([prefix.score for prefix in prefixes])
        gains = steps.gains(prefixes)
        for span, stop in outgoing[boundary]:
            before = reached[:, None] + ranked[span]
            at[stop].add(prefixes, span, before, before + gains[:, orders[span]])
    return [_to_reading(prefix) for prefix in _ended(at[-1], steps, beam)]


class _Steps:
    """Steps of a language model over all letters, each state calculated once, and numbers of texts."""

    def __init__(self, language_model: LanguageModel, letters: Sequence[str]) -> None:
        self.letters, self.end = letters, language_model.end
        self._step = language_model.step
        self._known: dict[Any, tuple[NDArray[np.float64], list[Any]]] = {}
        self._numbers: dict[int, int] = {}

    def gains(self, prefixes: Sequence[_Prefix]) -> NDArray[np.float64]:
        """Return the log-probability of each letter after each prefix; -inf if it cannot follow."""
        return np.stack([self._of(prefix.state)[0] for prefix in prefixes])

    def following(self, state: Any, letter: int) -> Any:
        """Return the state after one more letter."""
        return self._of(state)[1][letter]

    def number(self, key: int) -> int:
        """Return the number of a text, given that of the text that is a letter shorter, and the letter, as one key."""
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def _of(self, state: Any) -> tuple[NDArray[np.float64], list[Any]]:
        found = self._known.get(state)
        if found is None:
            steps = [self._step(state, letter) or (None, -np.inf) for letter in self.letters]
            found = self._known[state] = np.array([gain for _, gain in steps]), [state for state, _ in steps]
        return found


class _Arrivals:
    """Prefixes that arrive at a boundary, longer by a letter.

    They are the cells of tables whose rows are the shorter prefixes with the spans that lengthen them, and whose
    columns are letters by decreasing score. A place is an index of all cells.

    Parameters
    ----------
    orders : ndarray of int, shape (n_spans, n_letters)
        Letters of each span by decreasing score.
    steps : _Steps
    """

    def __init__(self, orders: NDArray[np.intp], steps: _Steps) -> None:
        self._orders, self._steps = orders, steps
        self._parents: list[_Prefix] = []
        self._spans: list[int] = []
        self._before: list[NDArray[np.float64]] = []
        self._scores: list[NDArray[np.float64]] = []

    def __bool__(self) -> bool:
        return bool(self._parents)

    def add(
        self, parents: Sequence[_Prefix], span: int, before: NDArray[np.float64], scores: NDArray[np.float64]
    ) -> None:
        """Add prefixes that are lengthened by one span, with their scores without and with those of the letters."""
        self._parents += parents
        self._spans += [span] * len(parents)
        self._before.append(before)
        self._scores.append(scores)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores of all places."""
        return np.concatenate(self._scores).ravel()

    @property
    def before(self) -> NDArray[np.float64]:
        """Scores of all places without the log-probability of the last letter."""
        return np.concatenate(self._before).ravel()

    def descending(self, scores: NDArray[np.float64], least: float, chunk: int) -> Iterator[_Prefix]:
        """Yield prefixes by decreasing score, from `least` on, each text once; of equal scores the first that arrived.

        The places of `chunk` prefixes are found at once, then of more.
        """
        numbers = np.array([parent.number for parent in self._parents])
        n_letters, spans, seen = self._orders.shape[1], np.array(self._spans), set[int]()
        places = np.flatnonzero((scores >= least) & (scores > -np.inf))
        while len(places):
            high = scores[places]
            cut = np.partition(high, -chunk)[-chunk] if len(places) > chunk else -np.inf
            now = places[high >= cut]
            now = now[np.argsort(-scores[now], kind="stable")]
            rows, columns = np.divmod(now, n_letters)
            letters = self._orders[spans[rows], columns]
            keys = numbers[rows] * n_letters + letters
            for score, row, letter, key in zip(
                scores[now].tolist(), rows.tolist(), letters.tolist(), keys.tolist(), strict=True
            ):
                if key not in seen:
                    seen.add(key)
                    yield self._prefix(score, row, letter, key)
            places = places[high < cut]
            chunk *= 4

    def _prefix(self, score: float, row: int, letter: int, key: int) -> _Prefix:
        parent, steps = self._parents[row], self._steps
        state, text = steps.following(parent.state, letter), parent.text + steps.letters[letter]
        return _Prefix(score, text, steps.number(key), state, parent, self._spans[row], letter)


def _best_prefixes(arrivals: _Arrivals, beam: int) -> list[_Prefix]:
    """Return the best prefixes of one boundary, each text once, at most `beam`, none far below the best."""
    if not arrivals:
        return []
    scores = arrivals.scores
    found: list[_Prefix] = []
    for prefix in arrivals.descending(scores, float(scores.max()) - _MARGIN, 4 * beam):
        if len(found) >= beam and prefix.score < found[-1].score:
            break
        found.append(prefix)
    return sorted(found, key=_best_first)[:beam]


def _ended(arrivals: _Arrivals, steps: _Steps, beam: int) -> list[_Prefix]:
    """Return the best prefixes that end at the last boundary, best first, with the log-probability of the end."""
    if not arrivals:
        return []
    scores = arrivals.scores
    best = np.concatenate([[-np.inf], np.maximum.accumulate(scores)[:-1]])
    scores[arrivals.before < best - _MARGIN] = -np.inf  # far below one that was found earlier
    ended: list[_Prefix] = []
    worst: list[float] = []  # scores of the best `beam`, a heap
    for prefix in arrivals.descending(scores, -np.inf, 4 * beam):
        if len(worst) == beam and prefix.score < worst[0]:
            break  # the end adds at most 0
        end = steps.end(prefix.state)
        if end is not None:
            ended.append(prefix._replace(score=prefix.score + end))
            (heappush if len(worst) < beam else heappushpop)(worst, ended[-1].score)
    return sorted(ended, key=_best_first)[:beam]


def _best_first(prefix: _Prefix) -> tuple[float, str]:
    return -prefix.score, prefix.text


def _to_reading(last: _Prefix) -> Reading:
    """Follow the links of a prefix back to the start."""
    spans, letters = [], []
    at: _Prefix | None = last
    while at is not None and at.parent is not None:
        spans.append(at.span)
        letters.append(at.letter)
        at = at.parent
    return Reading(last.score, last.text, tuple(reversed(spans)), tuple(reversed(letters)))
