"""Find the readings of a word with a lexicon, a language model or neither, and turn the best one into a `Word`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush
from math import log, log1p

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Rows
from ensemble_hwr.boxes import Box, union
from ensemble_hwr.reading._decoder import Graph, Reading, decode
from ensemble_hwr.reading._document import Letter, Word
from ensemble_hwr.reading._language_models import LanguageModel, UniformModel
from ensemble_hwr.reading._lexicon import Lexicon

_N_ALTERNATIVES = 3  # per letter
_MIN_PROBABILITY = 0.001  # of an alternative letter

_MAX_LAG_TO_TEXT = 40.0  # nats: words this far below the best text of any letters are not returned
_MAX_LAG_TO_WORD = 10.0  # nats: words this far below the best word are not returned
_MAX_EXPANSIONS = 20_000  # expanded prefixes: about a tenth of a second

_Edge = tuple[int, int, list[float], float]  # span index, stop, letter scores, best letter score
_QueueEntry = tuple[float, int, int, float, str, tuple[int, ...], tuple[int, ...]]


def find_readings(
    graph: Graph, *, lexicon: Lexicon | None, oov_rate: float, ngrams: LanguageModel | None, beam: int
) -> list[Reading]:
    """Find readings: words of the lexicon, and out-of-vocabulary texts.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon or None
    oov_rate : float in [0, 1)
        Prior probability that a word is not in the lexicon.
    ngrams : LanguageModel or None
        Language model of words that are not in the lexicon. None: all texts of one length are equally probable.
    beam : int
        Beam width, and the number of words of the lexicon to find.

    Returns
    -------
    list of Reading
        Best first, at least one.
    """
    # Scores relative to the uniform distribution over letters, so that they add up with log-probabilities of words.
    normalized = replace(graph, scores=graph.scores + log(len(graph.letters)))
    found = decode(graph, UniformModel(), beam=beam) if ngrams is None else decode(normalized, ngrams, beam=beam)
    if lexicon is None:
        return found
    words = find_words(normalized, lexicon, max_words=beam)
    if words and not oov_rate:
        return words
    bonus = log1p(-oov_rate) - log(oov_rate) if words else 0.0
    in_vocabulary = [reading._replace(score=reading.score + bonus) for reading in words]
    out_of_vocabulary = [reading for reading in found if reading.text not in lexicon]
    readings = [*in_vocabulary, *out_of_vocabulary]
    return sorted(readings, key=lambda reading: (-reading.score, reading.text)) or found


def find_words(graph: Graph, lexicon: Lexicon, *, max_words: int) -> list[Reading]:
    """Find the best words of a lexicon by A* search over its trie.

    The priority of a prefix is the sum of its letter scores, the log-probability of the likeliest word that starts
    with it, and a heuristic: the best score of any completion, over all texts. The heuristic never underestimates, so
    the first word found is the best one, unless the search stops at its limit of expansions.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon
        Spelled with the letters of the graph.
    max_words : int
        Number of words to find at most.

    Returns
    -------
    list of Reading
        Best first; scores include the log-probability of the word. Empty if every word is far below the best text.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading import Lexicon
    >>> from ensemble_hwr.reading._decoder import Graph
    >>> from ensemble_hwr.reading._readings import find_words
    >>> scores = np.log([[0.6, 0.4], [0.6, 0.4], [0.1, 0.9]])
    >>> graph = Graph(2, [(0, 1), (1, 2), (0, 2)], scores, "IN")
    >>> [reading.text for reading in find_words(graph, Lexicon(["IN", "NIN"]), max_words=3)]
    ['IN']
    """
    heuristic, outgoing = _heuristic(graph)
    index = {letter: place for place, letter in enumerate(graph.letters)}
    floor = heuristic[0] + lexicon.least - _MAX_LAG_TO_TEXT
    queue: list[_QueueEntry] = [(-heuristic[0], 0, lexicon.start, 0.0, "", (), ())]
    expanded: set[tuple[int, int]] = set()
    found: list[Reading] = []
    while queue and len(found) < max_words and len(expanded) < _MAX_EXPANSIONS:
        priority, boundary, node, score, text, spans, letters = heappop(queue)
        if -priority < floor:
            break
        if (boundary, node) in expanded:
            continue
        expanded.add((boundary, node))
        if boundary == graph.n_pieces:
            found.append(Reading(score, text, spans, letters))
            floor = max(floor, found[0].score - _MAX_LAG_TO_WORD)
            continue
        following = lexicon.following(node)
        for span, stop, letter_scores, best in outgoing[boundary]:
            if score + best + heuristic[stop] < floor:
                continue
            for name, child, log_probability in following:
                letter = index[name]
                reached = score + letter_scores[letter] + log_probability
                if reached + heuristic[stop] < floor or (stop, child) in expanded:
                    continue
                ending = lexicon.end(child) if stop == graph.n_pieces else 0.0
                if ending is None:
                    continue
                reached += ending
                path = (*spans, span), (*letters, letter)
                heappush(queue, (-reached - heuristic[stop], stop, child, reached, text + name, *path))
    return found


def _heuristic(graph: Graph) -> tuple[list[float], list[list[_Edge]]]:
    """Return the best score from each boundary to the end over all texts, and the spans that start at each."""
    best = graph.scores.max(axis=1).tolist()
    scores = graph.scores.tolist()
    heuristic = [-float("inf")] * graph.n_pieces + [0.0]
    outgoing: list[list[_Edge]] = [[] for _ in range(graph.n_pieces)]
    for place in sorted(range(len(graph.spans)), key=lambda place: -graph.spans[place][0]):
        start, stop = graph.spans[place]
        heuristic[start] = max(heuristic[start], best[place] + heuristic[stop])
        outgoing[start].append((place, stop, scores[place], best[place]))
    return heuristic, outgoing


def to_word(
    readings: Sequence[Reading], graph: Graph, probability: NDArray[np.float64], boxes: Sequence[Box], rows: Rows,
    *, n_best: int,
) -> Word:  # fmt: skip
    """Turn readings into a word: the best one with its letters, the others as alternatives.

    Parameters
    ----------
    readings : sequence of Reading
        Best first.
    graph : Graph
    probability : ndarray of shape (n_spans, n_letters)
        Letter probabilities of each span.
    boxes : sequence of Box
        Box of each span.
    rows : ndarray of shape (n_spans, n_pixels)
        Pixels of each span.
    n_best : int
        Number of readings to keep, including the best.

    Returns
    -------
    Word
        Its confidence and the probabilities of its alternatives are the softmax of the scores of all readings.
    """
    share = np.exp([reading.score - readings[0].score for reading in readings])
    share /= share.sum()
    best = readings[0]
    letters = tuple(
        replace(
            _to_letter(boxes[span], graph.letters, letter, probability[span]),
            span=graph.spans[span],
            row=rows[span].copy(),  # a view would keep the rows of all candidates in memory
        )
        for span, letter in zip(best.spans, best.letters, strict=True)
    )
    others = list(zip(readings, share.tolist(), strict=True))[1:n_best]
    return Word(
        union(letter.box for letter in letters),
        letters,
        best.text,
        float(share[0]),
        tuple((reading.text, p) for reading, p in others),
    )


def _to_letter(box: Box, names: Sequence[str], letter: int, probability: NDArray[np.float64]) -> Letter:
    order = np.argsort(-probability, kind="stable")[: _N_ALTERNATIVES + 1].tolist()
    likely = [place for place in order if place != letter and probability[place] >= _MIN_PROBABILITY]
    return Letter(
        box,
        names[letter],
        float(probability[letter]),
        tuple((names[place], float(probability[place])) for place in likely[:_N_ALTERNATIVES]),
    )
