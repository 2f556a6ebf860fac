"""All that a word could say, with what is expected of it, and the word that is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log, log1p

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.boxes import Box, union
from ensemble_hwr.reading._decoder import Graph, Reading, decode
from ensemble_hwr.reading._document import Letter, Word
from ensemble_hwr.reading._grammar import AnyText, Grammar
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._search import find_words

_ALTERNATIVES = 3  # other readings of each letter that are told
_LEAST = 0.001  # unless they are less probable


def find_readings(
    graph: Graph, *, lexicon: Lexicon | None, oov_rate: float, ngrams: Grammar | None, beam: int
) -> list[Reading]:
    """Find readings: words of the lexicon, and texts that are in none.

    Parameters
    ----------
    graph : Graph
    lexicon : Lexicon or None
    oov_rate : float in [0, 1)
        Share of the words that are not in the lexicon.
    ngrams : Grammar or None
        Which letters follow which, in words that are not in the lexicon.
    beam : int
        How many beginnings are followed at a time.

    Returns
    -------
    list of Reading
        Best first; one at least.
    """
    # Without a grammar all letters are alike; what is likelier than that must count for more.
    against_any = replace(graph, scores=graph.scores + log(len(graph.letters)))
    found = decode(graph, AnyText(), beam=beam) if ngrams is None else decode(against_any, ngrams, beam=beam)
    if lexicon is None:
        return found
    words = find_words(against_any, lexicon, most=beam)
    if words and not oov_rate:
        return words
    bonus = log1p(-oov_rate) - log(oov_rate) if words else 0.0
    known = [reading._replace(score=reading.score + bonus) for reading in words]
    new = [reading for reading in found if reading.text not in lexicon]
    return sorted([*known, *new], key=lambda reading: (-reading.score, reading.text)) or found


def tell_word(
    readings: Sequence[Reading], graph: Graph, probability: NDArray[np.float64], boxes: Sequence[Box], *, n_best: int
) -> Word:
    """Tell the best reading: where its letters are, how sure it is, and what else it could be.

    Parameters
    ----------
    readings : sequence of Reading
        Best first.
    graph : Graph
    probability : ndarray of shape (n_spans, n_letters)
        Of each span to be each letter.
    boxes : sequence of Box
        Where each span is.
    n_best : int
        Readings to tell.

    Returns
    -------
    Word
    """
    share = np.exp([reading.score - readings[0].score for reading in readings])
    share /= share.sum()
    best = readings[0]
    letters = tuple(
        replace(_letter(boxes[span], graph.letters, letter, probability[span]), span=graph.spans[span])
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


def _letter(box: Box, names: Sequence[str], letter: int, probability: NDArray[np.float64]) -> Letter:
    order = np.argsort(-probability, kind="stable")[: _ALTERNATIVES + 1].tolist()
    others = [place for place in order if place != letter and probability[place] >= _LEAST][:_ALTERNATIVES]
    return Letter(
        box,
        names[letter],
        float(probability[letter]),
        tuple((names[place], float(probability[place])) for place in others),
    )
