"""The likeliest words of a lexicon for a word whose possible letters are known."""

from __future__ import annotations

from heapq import heappop, heappush

from ensemble_hwr.reading._decoder import Graph, Reading
from ensemble_hwr.reading._lexicon import Lexicon

_FARTHEST = 40.0  # what is so far behind the best text of all is no reading
_BESIDE = 10.0  # readings so far behind the best word are not worth telling
_PATIENCE = 20_000  # beginnings looked at: a tenth of a second

Branch = tuple[int, int, list[float], float]  # a span: its place, where it stops, its letters' scores, the best of them

_Beginning = tuple[float, int, int, float, str, tuple[int, ...], tuple[int, ...]]


def find_words(graph: Graph, lexicon: Lexicon, *, most: int) -> list[Reading]:
    """Find the best readings that are words of a lexicon.

    A search of the best first: a beginning's promise is its evidence, the log-probability of the likeliest word that
    begins so, and the best evidence that could follow if all letters were allowed. No promise is ever too small, so
    that the first word found is the best, however large the lexicon, unless the search has to give up.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon
        Its words are spelled with the graph's letters.
    most : int
        Readings to find at most.

    Returns
    -------
    list of Reading
        Best first, with the log-probability of the word in the score; empty where no word comes near.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading import Lexicon
    >>> from ensemble_hwr.reading._decoder import Graph
    >>> from ensemble_hwr.reading._search import find_words
    >>> scores = np.log([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    >>> graph = Graph(2, [(0, 1), (1, 2), (0, 2)], scores, "IN")
    >>> [reading.text for reading in find_words(graph, Lexicon(["IN", "NIN"]), most=3)]
    ['IN']
    """
    promise, leaving = _prepare(graph)
    place_of = {letter: place for place, letter in enumerate(graph.letters)}
    floor = promise[0] + lexicon.least - _FARTHEST
    waiting: list[_Beginning] = [(-promise[0], 0, lexicon.start, 0.0, "", (), ())]
    seen: set[tuple[int, int]] = set()
    found: list[Reading] = []
    while waiting and len(found) < most and len(seen) < _PATIENCE:
        hope, boundary, node, score, text, spans, letters = heappop(waiting)
        if -hope < floor:
            break
        if (boundary, node) in seen:
            continue
        seen.add((boundary, node))
        if boundary == graph.n_pieces:
            found.append(Reading(score, text, spans, letters))
            floor = max(floor, found[0].score - _BESIDE)
            continue
        following = lexicon.following(node)
        for span, stop, evidence, best in leaving[boundary]:
            if score + best + promise[stop] < floor:
                continue
            last = stop == graph.n_pieces
            for name, child, part in following:
                letter = place_of[name]
                reached = score + evidence[letter] + part
                if reached + promise[stop] < floor or (stop, child) in seen:
                    continue
                if last:
                    end = lexicon.end(child)
                    if end is None:
                        continue
                    reached += end
                hope = -reached - promise[stop]
                heappush(waiting, (hope, stop, child, reached, text + name, (*spans, span), (*letters, letter)))
    return found


def _prepare(graph: Graph) -> tuple[list[float], list[list[Branch]]]:
    """Best score of all texts from each boundary to the end, and the spans that leave it."""
    best = graph.scores.max(axis=1).tolist()
    evidence = graph.scores.tolist()
    promise = [-float("inf")] * graph.n_pieces + [0.0]
    leaving: list[list[Branch]] = [[] for _ in range(graph.n_pieces)]
    for place in sorted(range(len(graph.spans)), key=lambda place: -graph.spans[place][0]):
        start, stop = graph.spans[place]
        promise[start] = max(promise[start], best[place] + promise[stop])
        leaving[start].append((place, stop, evidence[place], best[place]))
    return promise, leaving
