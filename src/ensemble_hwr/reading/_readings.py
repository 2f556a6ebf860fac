"""Find the readings of a word with a lexicon, a language model or neither, and turn the best one into a `Word`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from math import inf, log, log1p
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import FloatArray, Rows
from ensemble_hwr.alphabets import MARKS
from ensemble_hwr.boxes import Box, union
from ensemble_hwr.reading._decoder import Graph, Reading, decode
from ensemble_hwr.reading._document import Letter, Word
from ensemble_hwr.reading._language_models import (
    CaseModel,
    CasePrices,
    LanguageModel,
    UniformModel,
    has_small_letters,
)
from ensemble_hwr.reading._lexicon import Lexicon, without_accents
from ensemble_hwr.reading._marks import find_marked_words, split_at_marks
from ensemble_hwr.reading.models import Accents, Case

_N_ALTERNATIVES = 3  # per letter
_MIN_PROBABILITY = 0.001  # of an alternative letter

_MAX_LAG_TO_TEXT = 40.0  # nats: words this far below the best text of any letters are not returned
_MAX_LAG_TO_WORD = 10.0  # nats: words this far below the best word are not returned
_N_BETWEEN_MARKS = 4  # words for each part of a text between marks
_FEW_PREFIXES, _MOST_PREFIXES = 50, 5_000  # of words at a boundary, in the first search and in the second


def find_readings(
    graph: Graph, *, lexicon: Lexicon | None, oov_rate: float, ngrams: LanguageModel | None, beam: int
) -> list[Reading]:
    """Find readings: words of the lexicon, and out-of-vocabulary texts.

    If there are small letters, or capitals and digits, texts have prices by their pattern, see `CasePrices`. Words of
    the lexicon are found without regard to case, and are returned in the case that fits best.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon or None
        Spelled with the letters of the graph; in upper case also if there are small letters.
    oov_rate : float in [0, 1)
        Prior probability that a word is not in the lexicon. Numbers and codes without two letters in a row, such
        as B12, have prices instead, unless it is 0.
    ngrams : LanguageModel or None
        Language model of words that are not in the lexicon. None: all texts of one length are equally probable.
    beam : int
        Beam width, and the number of words of the lexicon to find.

    Returns
    -------
    list of Reading
        Best first, at least one.
    """
    folded = fold_case(graph) if _have_patterns(graph.letters, ngrams) else None
    prices = CasePrices() if has_small_letters(graph.letters) else CasePrices(upper=0.0)
    model = ngrams if folded is None else with_case(ngrams, prices)
    # Scores relative to the uniform distribution over letters, so that they add up with log-probabilities of words.
    uniform = log(len(graph.letters) if folded is None else _n_letters(folded.letters))
    found = decode(
        graph if ngrams is None else replace(graph, scores=graph.scores + uniform), model or UniformModel(), beam=beam
    )
    if lexicon is None:
        return found
    of_words = replace(folded or graph, scores=(folded or graph).scores + uniform)
    texts = [reading.text if folded is None else reading.text.upper() for reading in found]
    expected = [text in lexicon for text in texts]
    at_least = -inf
    if any(expected):
        place = expected.index(True)
        at_least = _score_of(texts[place], found[place].spans, of_words, lexicon)
    words = find_words(of_words, lexicon, max_words=beam, at_least=at_least)
    if folded is not None:
        if any(letter in MARKS for letter in graph.letters):
            find = partial(find_words, lexicon=lexicon, max_words=_N_BETWEEN_MARKS)
            words += find_marked_words(found, of_words, find, price=prices.mark + uniform)
        of_case = prices._replace(mark=0.0, misplaced=0.0)
        words = [write_case(reading, graph, uniform, of_case) for reading in words]
    if words and not oov_rate:
        return words if folded is None else sorted(words, key=_best_first)
    bonus = log1p(-oov_rate) - log(oov_rate) if words else 0.0
    known = {word.text for word in words}
    others = [
        reading
        for reading, is_word in zip(found, expected, strict=True)
        if not is_word and (folded is None or reading.text not in known)
    ]
    if folded is None:
        words = [reading._replace(score=reading.score + bonus) for reading in words]
    else:  # the oov_rate is of words; numbers and codes have prices of their own
        others = [reading._replace(score=reading.score - bonus * _has_word(reading.text)) for reading in others]
    return sorted([*words, *others], key=_best_first) or found


def _score_of(word: str, spans: Sequence[int], graph: Graph, lexicon: Lexicon) -> float:
    """Return the score of a word of a lexicon that is read in some spans."""
    letters = [graph.letters.index(letter) for letter in word]
    return float(graph.scores[list(spans), letters].sum()) + lexicon.log_probability(word)


def _has_word(text: str) -> bool:
    """Return whether a text has letters and no digits, or digits and two letters in a row, as in 0slo."""
    letters = [character.isalpha() for character in text]
    return any(one and other for one, other in pairwise(letters)) if _has_digits(text) else any(letters)


def _has_digits(text: Iterable[str]) -> bool:
    return any(character.isdigit() for character in text)


def _n_letters(characters: Iterable[str]) -> int:
    """Return the number of letters, without digits and marks; 26 if there are none."""
    return sum(character.isalpha() for character in characters) or 26


def _best_first(reading: Reading) -> tuple[float, str]:
    return -reading.score, reading.text


def in_case(
    readings: Sequence[Reading], case: Case, spellings: Mapping[str, str], accents: Accents = "drop"
) -> list[Reading]:
    """Return readings in the case that is wanted; scores of readings that become equal are added.

    Parameters
    ----------
    readings : sequence of Reading
        Best first.
    case : {"as_written", "lexicon", "upper", "lower"}
    spellings : mapping of str to str
        Words of the lexicon by the word in upper case without accents. Only used by "lexicon" and "keep"; other words
        stay as they are written.
    accents : {"drop", "keep"}, default="drop"
        "keep" returns words with the accents of the lexicon.

    Returns
    -------
    list of Reading
        Best first.

    Examples
    --------
    >>> from ensemble_hwr.reading._decoder import Reading
    >>> from ensemble_hwr.reading._readings import in_case
    >>> readings = [Reading(-1.0, "Rue", (), ()), Reading(-1.0, "rue", (), ()), Reading(-2.0, "Rye", (), ())]
    >>> [(reading.text, round(reading.score, 2)) for reading in in_case(readings, "upper", {})]
    [('RUE', -0.31), ('RYE', -2.0)]
    >>> in_case([Reading(-1.0, "CAFE", (), ())], "as_written", {"CAFE": "Café"}, "keep")[0].text
    'CAFÉ'
    """
    if case == "as_written" and accents == "drop":
        return list(readings)
    found: dict[str, Reading] = {}
    for reading in readings:
        text = _spelled_in_parts(reading.text, case, spellings, accents)
        before = found.get(text)
        if before is None:
            found[text] = reading._replace(text=text)
        else:
            found[text] = before._replace(score=float(np.logaddexp(before.score, reading.score)))
    return sorted(found.values(), key=_best_first)


def _spelled_in_parts(text: str, case: Case, spellings: Mapping[str, str], accents: Accents) -> str:
    """Return a text in the case that is wanted; without spelling of its own, as its words between marks are spelled."""
    key = without_accents(text).upper()
    parts = [text] if key in spellings else split_at_marks(text)
    return "".join(_spelled(part, case, spellings.get(without_accents(part).upper()), accents) for part in parts)


def _spelled(text: str, case: Case, spelling: str | None, accents: Accents) -> str:
    """Return a text in the case that is wanted, with the accents of its spelling in the lexicon if they are kept."""
    if spelling is not None and case == "lexicon":
        return spelling if accents == "keep" or not text.isascii() else without_accents(spelling)
    if spelling is not None and accents == "keep" and len(spelling) == len(text):
        pairs = zip(text, spelling, strict=True)
        text = "".join(letter.upper() if written.isupper() else letter.lower() for written, letter in pairs)
    return text.upper() if case == "upper" else text.lower() if case == "lower" else text


def find_capitals(texts: Iterable[str]) -> str | None:
    """Return the alphabet of texts whose letters are capitals in their majority; None for other texts.

    Examples
    --------
    >>> from ensemble_hwr.reading._readings import find_capitals
    >>> find_capitals(["BLOCK", "CAPlTALS"]), find_capitals(["ROOM", "12"]), find_capitals(["Room", "12"])
    ('A-Z', 'A-Z0-9', None)
    """
    characters = "".join(texts)
    letters = [character for character in characters if character.isalpha()]
    if not letters or 2 * sum(letter.isupper() for letter in letters) <= len(letters):
        return None
    return "A-Z0-9" if _has_digits(characters) else "A-Z"


def _have_patterns(letters: Sequence[str], ngrams: LanguageModel | None) -> bool:
    """Return whether texts have prices by their pattern of small letters, capitals, digits and marks."""
    if has_small_letters(letters) or any(letter in MARKS for letter in letters):
        return True
    mixed = _has_digits(letters) and any(letter.isalpha() for letter in letters)
    return mixed and not _has_digits(getattr(ngrams, "letters", ""))  # n-grams of digits and letters have patterns


def _has_both_cases(letters: Iterable[str]) -> bool:
    """Return whether some letter occurs in both cases."""
    known = set(letters)
    return any(letter.islower() and letter.upper() in known for letter in known)


def fold_case(graph: Graph) -> Graph:
    """Return a graph whose letters are upper case; the score of a letter is that of its better case.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._decoder import Graph
    >>> from ensemble_hwr.reading._readings import fold_case
    >>> folded = fold_case(Graph(1, [(0, 1)], np.array([[-1.0, -3.0, -2.0]]), "Aab"))
    >>> folded.letters, folded.scores.tolist()
    (['A', 'B'], [[-1.0, -2.0]])
    """
    columns = _columns_of_case(graph.letters)
    best = np.stack([graph.scores[:, places].max(axis=1) for places in columns.values()], axis=1)
    return Graph(graph.n_pieces, graph.spans, best, list(columns))


def _columns_of_case(letters: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of each letter in both cases, by the letter in upper case."""
    columns: dict[str, list[int]] = {}
    for place, letter in enumerate(letters):
        columns.setdefault(letter.upper(), []).append(place)
    return columns


def with_case(ngrams: LanguageModel | None, prices: CasePrices = CasePrices()) -> LanguageModel:  # noqa: B008
    """Return a model of words in either case, given a model of letters; one of both cases stays as it is."""
    letters: frozenset[str] = getattr(ngrams, "letters", frozenset())
    if ngrams is not None and _has_both_cases(letters):
        return ngrams
    upper = not letters or any(letter.isupper() for letter in letters)
    return CaseModel(ngrams, prices, fold=str.upper if upper else str.lower)


def write_case(
    reading: Reading,
    graph: Graph,
    uniform: float,
    prices: CasePrices = CasePrices(),  # noqa: B008
) -> Reading:
    """Return a reading in upper case, as `find_words` found it, in the case that fits best.

    Parameters
    ----------
    reading : Reading
        Its score includes the log-probability of the word.
    graph : Graph
        With letters of both cases.
    uniform : float
        Was added to each score of the letters.
    prices : CasePrices, default=CasePrices()

    Returns
    -------
    Reading
        Its score also includes the price of the case.
    """
    columns, model = _columns_of_case(graph.letters), CaseModel(prices=prices)
    paths: dict[tuple[Any, int], tuple[float, tuple[int, ...]]] = {model.start: (0.0, ())}
    folded = 0.0
    for span, letter in zip(reading.spans, reading.text, strict=True):
        options = [(place, float(graph.scores[span, place]) + uniform) for place in columns[letter]]
        folded += max(score for _, score in options)
        reached: dict[tuple[Any, int], tuple[float, tuple[int, ...]]] = {}
        for state, (score, letters) in paths.items():
            for place, of_letter in options:
                following = model.step(state, graph.letters[place])
                if following is None:
                    continue
                total = score + of_letter + following[1]
                if following[0] not in reached or total > reached[following[0]][0]:
                    reached[following[0]] = total, (*letters, place)
        paths = reached
    score, letters = max(paths.values())
    text = "".join(graph.letters[place] for place in letters)
    return Reading(reading.score - folded + score, text, reading.spans, letters)


def find_words(graph: Graph, lexicon: Lexicon, *, max_words: int, at_least: float = -inf) -> list[Reading]:
    """Find the best words of a lexicon: a search over its trie, from boundary to boundary.

    A prefix is followed if the sum of its letter scores, of the log-probability of the likeliest word that starts with
    it, and of the best score of any completion over all texts is not below that of the words that are wanted. This sum
    never underestimates, so the best words are found, unless too many prefixes are that good at one boundary. A first
    search, which follows few prefixes, finds out how good the wanted words are at least.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon
        Words with letters that the graph lacks are not found.
    max_words : int
        Number of words to find at most.
    at_least : float, default=-inf
        A score that the best word reaches, if it is known. It makes the search faster.

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
    search = _Search(graph, lexicon)
    floor = max(search.heuristic[0] + lexicon.least - _MAX_LAG_TO_TEXT, at_least - _MAX_LAG_TO_WORD)
    if at_least == -inf:
        search.run(floor, _FEW_PREFIXES)
        if search.is_complete:
            return search.readings(max_words)
        scores = search.scores
        floor = max([floor, *(score - _MAX_LAG_TO_WORD for score in scores[:1]), *scores[max_words - 1 : max_words]])
    search.run(floor, _MOST_PREFIXES)
    return search.readings(max_words)


class _Search:
    """Search for the words of a lexicon in a graph, breadth first.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon

    Attributes
    ----------
    heuristic : list of float
        Best score from each boundary to the end, over all texts.
    is_complete : bool
        Whether no prefix was left out because there were too many.
    """

    def __init__(self, graph: Graph, lexicon: Lexicon) -> None:
        self._graph, self._trie = graph, lexicon.arrays()
        columns = np.full(max(int(self._trie.codes.max()), *map(ord, graph.letters)) + 1, -1)
        columns[[ord(letter) for letter in graph.letters]] = np.arange(len(graph.letters))
        self._columns = columns
        best = graph.scores.max(axis=1).tolist()
        self.heuristic = [-inf] * graph.n_pieces + [0.0]
        self._outgoing: list[list[tuple[int, int]]] = [[] for _ in range(graph.n_pieces)]
        for span in sorted(range(len(graph.spans)), key=lambda span: -graph.spans[span][0]):
            start, stop = graph.spans[span]
            self.heuristic[start] = max(self.heuristic[start], best[span] + self.heuristic[stop])
            self._outgoing[start].append((span, stop))
        self.is_complete = True
        self._kept: list[_Prefixes] = []

    def run(self, floor: float, width: int) -> None:
        """Find the words whose score is not below a floor, with at most so many prefixes at a boundary."""
        self.is_complete = True
        arrived: list[list[_Prefixes]] = [[] for _ in range(self._graph.n_pieces + 1)]
        arrived[0].append(_Prefixes(np.zeros(1, np.intc), np.zeros(1), np.zeros(1, np.intp), np.zeros(1, np.intp)))
        self._kept = []
        for boundary in range(self._graph.n_pieces + 1):
            self._kept.append(kept := _best_of_nodes(arrived[boundary]))
            if len(kept.nodes) > width:
                self.is_complete = False
                self._kept[-1] = kept = kept.at(slice(width))
            if boundary < self._graph.n_pieces and len(kept.nodes):
                self._lengthen(kept, boundary, floor, arrived)

    def _lengthen(self, prefixes: _Prefixes, boundary: int, floor: float, arrived: list[list[_Prefixes]]) -> None:
        """Add prefixes that are longer by a letter where they arrive."""
        trie, scores = self._trie, self._graph.scores
        first = trie.first[prefixes.nodes]
        counts = trie.first[prefixes.nodes + 1] - first
        rows = np.repeat(np.arange(len(counts)), counts)
        nodes = np.arange(len(rows)) + np.repeat(first - np.cumsum(counts) + counts, counts)
        columns = self._columns[trie.codes[nodes]]
        if (columns < 0).any():
            known = np.flatnonzero(columns >= 0)
            rows, nodes, columns = rows[known], nodes[known], columns[known]
        before = prefixes.scores[rows]
        gains = trie.best[nodes] - trie.best[prefixes.nodes][rows]
        for span, stop in self._outgoing[boundary]:
            reached = before + scores[span, columns] + gains
            if stop == self._graph.n_pieces:
                reached += trie.ending[nodes] - trie.best[nodes]  # -inf where no word ends
            places = np.flatnonzero(reached >= floor - self.heuristic[stop])
            arrived[stop].append(_Prefixes(nodes[places], reached[places], rows[places], np.full(len(places), span)))

    @property
    def scores(self) -> list[float]:
        """Scores of the words that were found, best first."""
        found: list[float] = self._kept[-1].scores.tolist()
        return found

    def readings(self, max_words: int) -> list[Reading]:
        """Return the best words that were found, none far below the best."""
        scores = self.scores[:max_words]
        return [self._reading(row) for row, score in enumerate(scores) if score >= scores[0] - _MAX_LAG_TO_WORD]

    def _reading(self, row: int) -> Reading:
        """Follow a word back to the start."""
        spans: list[int] = []
        letters: list[int] = []
        score, boundary = float(self._kept[-1].scores[row]), self._graph.n_pieces
        while boundary:
            kept = self._kept[boundary]
            spans.append(int(kept.spans[row]))
            letters.append(int(self._columns[self._trie.codes[kept.nodes[row]]]))
            boundary, row = self._graph.spans[spans[-1]][0], int(kept.parents[row])
        letters.reverse()
        text = "".join(self._graph.letters[letter] for letter in letters)
        return Reading(score, text, tuple(reversed(spans)), tuple(letters))


class _Prefixes(NamedTuple):
    """Prefixes of words at a boundary.

    Attributes
    ----------
    nodes : ndarray of int
        Nodes of the trie.
    scores : ndarray of float
    parents : ndarray of int
        Places of the prefixes that are a letter shorter, among those of the boundary where the last span starts.
    spans : ndarray of int
        Last span of each.
    """

    nodes: NDArray[np.integer]
    scores: FloatArray
    parents: NDArray[np.intp]
    spans: NDArray[np.intp]

    def at(self, places: slice | NDArray[np.intp]) -> _Prefixes:
        """Return some of them."""
        return _Prefixes(self.nodes[places], self.scores[places], self.parents[places], self.spans[places])


def _best_of_nodes(arrived: list[_Prefixes]) -> _Prefixes:
    """Return the best prefix of each node, by decreasing score."""
    if not arrived:
        return _Prefixes(np.zeros(0, np.intc), np.zeros(0), np.zeros(0, np.intp), np.zeros(0, np.intp))
    found = arrived[0] if len(arrived) == 1 else _Prefixes(*map(np.concatenate, zip(*arrived, strict=True)))
    order = np.lexsort((-found.scores, found.nodes))
    nodes = found.nodes[order]
    if len(arrived) > 1:
        order = order[np.flatnonzero(np.diff(nodes, prepend=-1))]
    order = order[np.argsort(-found.scores[order], kind="stable")]
    return found.at(order)


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
