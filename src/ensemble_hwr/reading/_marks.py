"""Marks of words, such as periods and hyphens: their probabilities, and words of a lexicon with marks around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context

from ensemble_hwr._typing import FloatArray, Rows
from ensemble_hwr.alphabets import MARKS
from ensemble_hwr.reading._decoder import Graph, Reading
from ensemble_hwr.reading._language_models import JOINING

_MAX_LAG = 8.0  # nats: readings this far below the best one give no marks
_MAX_PATTERNS = 4  # different sets of marks that are tried, and combinations of words between them


class MarkModel(Protocol):
    """Classifier of candidates whose classes are marks and "non_letter", which is everything else."""

    classes_: NDArray[np.str_]

    def predict_proba(self, X: Rows) -> FloatArray:
        """Return the probability of each class."""
        ...


def mark_probability(rows: Rows, model: MarkModel, marks: Sequence[str]) -> FloatArray:
    """Return the probability of each mark for each candidate.

    Parameters
    ----------
    rows : ndarray of shape (n_candidates, n_pixels + 16)
        As `candidate_rows` returns them, of the candidates of any number of words.
    model : classifier
    marks : sequence of str

    Returns
    -------
    ndarray of shape (n_candidates, n_marks)
        Rows add up to less than 1; the rest is the probability that the candidate is none of the marks.
    """
    classes = model.classes_.tolist()
    with config_context(transform_output="default"):
        found = np.asarray(model.predict_proba(rows), dtype=np.float64)
    return found[:, [classes.index(mark) for mark in marks]]


_Part = tuple[int, int] | tuple[int, str]  # boundaries of a word, or the span of a mark and the mark


def find_marked_words(
    readings: Sequence[Reading], graph: Graph, find: Callable[[Graph], list[Reading]], *, price: float
) -> list[Reading]:
    """Find words with marks at their ends and between them, such as "well-known", "John's" and "end.".

    The marks are those of the best readings of any characters. The parts between them are words of a lexicon, or an S
    after an apostrophe.

    Parameters
    ----------
    readings : sequence of Reading
        Best first, in either case.
    graph : Graph
        Letters are upper case.
    find : callable
        Finds the best words of a lexicon in a graph.
    price : float
        Of each mark, in nats.

    Returns
    -------
    list of Reading
        In upper case, in no particular order.
    """
    found: dict[str, Reading] = {}
    patterns: set[tuple[_Part, ...]] = set()
    for reading in readings:
        if readings[0].score - reading.score > _MAX_LAG or len(patterns) == _MAX_PATTERNS:
            break
        parts = _parts(reading, graph)
        if parts in patterns or not any(isinstance(part[1], str) for part in parts) or not _are_in_place(parts):
            continue
        patterns.add(parts)
        for whole in _join([_readings_of(part, reading, graph, find, price) for part in parts]):
            if whole.text not in found or found[whole.text].score < whole.score:
                found[whole.text] = whole
    return list(found.values())


def _parts(reading: Reading, graph: Graph) -> tuple[_Part, ...]:
    """Return the words and marks of a reading."""
    parts: list[_Part] = []
    begin = 0
    for span, character in zip(reading.spans, reading.text, strict=True):
        if character in MARKS:
            start, stop = graph.spans[span]
            parts += [(begin, start), (span, character)] if start > begin else [(span, character)]
            begin = stop
    return (*parts, (begin, graph.n_pieces)) if begin < graph.n_pieces else tuple(parts)


def _are_in_place(parts: Sequence[_Part]) -> bool:
    """Return whether all marks are between words, or at the end."""
    names = ["w" if isinstance(part[1], int) else "j" if part[1] in JOINING else "e" for part in parts]
    return re.fullmatch("w(jw)*e*", "".join(names)) is not None


def _readings_of(
    part: _Part, reading: Reading, graph: Graph, find: Callable[[Graph], list[Reading]], price: float
) -> list[Reading]:
    """Return the readings of a word or mark of a reading; those of a word as the lexicon has it, or an S."""
    first, last = part
    if isinstance(last, str):
        column = graph.letters.index(last)
        return [Reading(float(graph.scores[first, column]) - price, last, (first,), (column,))]
    places = [place for place, (start, stop) in enumerate(graph.spans) if first <= start and stop <= last]
    spans = [(graph.spans[place][0] - first, graph.spans[place][1] - first) for place in places]
    words = find(Graph(last - first, spans, graph.scores[places], graph.letters))
    words = [word._replace(spans=tuple(places[span] for span in word.spans)) for word in words]
    inside = [place for place, span in enumerate(reading.spans) if first <= graph.spans[span][0] < last]
    if len(inside) == 1 and inside[0] > 0 and reading.text[inside[0] - 1 : inside[0] + 1].upper() == "'S":
        span, column = reading.spans[inside[0]], graph.letters.index("S")
        words.append(Reading(float(graph.scores[span, column]) - log(26), "S", (span,), (column,)))
    return words


def _join(parts: Sequence[list[Reading]]) -> list[Reading]:
    """Return the texts of all combinations of readings of consecutive parts, of which few are kept."""
    joined = [Reading(0.0, "", (), ())]
    for readings in parts:
        joined = [
            Reading(
                before.score + part.score,
                before.text + part.text,
                before.spans + part.spans,
                before.letters + part.letters,
            )
            for before in joined
            for part in readings
        ]
        joined = sorted(joined, key=lambda reading: -reading.score)[:_MAX_PATTERNS]
    return joined


def split_at_marks(text: str) -> list[str]:
    """Split a text into runs of letters and digits, and single marks.

    Examples
    --------
    >>> from ensemble_hwr.reading._marks import split_at_marks
    >>> split_at_marks("well-known!")
    ['well', '-', 'known', '!']
    """
    parts: list[str] = []
    for character in text:
        if parts and character not in MARKS and parts[-1] not in MARKS:
            parts[-1] += character
        else:
            parts.append(character)
    return parts
