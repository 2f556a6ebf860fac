"""Align the right text of a word with its lattice: labelled letters for adaptation, with their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ensemble_hwr._typing import FloatArray, Rows
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture
from ensemble_hwr.reading._candidates import Scored
from ensemble_hwr.reading._decoder import Graph
from ensemble_hwr.segmentation import Lattice, StrokeLattice

_LEAST_POSTERIOR = 0.9
LARGEST_LAG = 12.0  # nats for each letter: a text that explains a word so much worse than another is not its text


@dataclass
class LabelledLetters:
    """Letters cut out of words with known texts.

    Attributes
    ----------
    letters : sequence of str
        Letters that texts are spelled with: the classes of the classifier, and marks.
    rows : list of ndarray of float32, shape (n_pixels,)
    labels : list of str
    n_uncertain : int
        Letters that were left out, since their place in the word is uncertain.
    left_out : list of (int, str)
        Words that were left out: position, and reason.
    largest_lag : float
        Words are left out if another text explains them better, by more than this for each letter, in nats.
    marks : str, default=""
        Letters that are no samples, because the classifier lacks them.
    """

    letters: Sequence[str]
    rows: list[Rows] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    n_uncertain: int = 0
    left_out: list[tuple[int, str]] = field(default_factory=list)
    largest_lag: float = LARGEST_LAG
    marks: str = ""

    def add_picture(
        self,
        place: int,
        text: str,
        picture: Picture | Lattice | StrokeLattice,
        cut: Callable[[Any, int], Sequence[Lattice | StrokeLattice]],
        score: Callable[[Lattice | StrokeLattice], Scored],
    ) -> None:
        """Add the letters of a picture with one or several words.

        Parameters
        ----------
        place : int
            Position of the picture.
        text : str
            Its right text, in upper or lower case; words are separated by spaces.
        picture : path, bytes, PIL image, ndarray, Lattice or StrokeLattice
        cut : callable
            Takes the picture and the number of words, and returns the lattice of each word that is found.
        score : callable
            Takes a lattice and returns the scores of its candidates.
        """
        words = text.split()
        spellings = [spelled(word, self.letters) for word in words]
        if not words or None in spellings:
            self.left_out.append((place, f"{text!r} cannot be spelled with the letters of the classifier"))
            return
        try:
            lattices = cut(picture, len(words))
        except PictureError as error:
            self.left_out.append((place, str(error)))
            return
        if len(lattices) != len(words):
            self.left_out.append((place, f"{len(lattices)} words were found for the {len(words)} of {text!r}"))
            return
        for lattice, spelling in zip(lattices, spellings, strict=True):
            scored = score(lattice)
            self.add(place, str(spelling), scored.graph, scored.rows)

    def add(self, place: int, text: str, graph: Graph, rows: Rows) -> None:
        """Add the letters of a word whose places are certain.

        Parameters
        ----------
        place : int
            Position of the word.
        text : str
            Its right text, spelled with the letters of the graph.
        graph : Graph
        rows : ndarray of shape (n_spans, n_pixels)
            Pixels of each span of the graph.
        """
        columns = [list(graph.letters).index(letter) for letter in text]
        posterior, lag = align(graph, columns)
        if posterior is None:
            self.left_out.append((place, f"{text!r} has more letters than the word has pieces"))
        elif lag > self.largest_lag * len(text):
            self.left_out.append((place, f"{text!r} does not fit the picture"))
        else:
            spans = posterior.argmax(axis=1)
            sample = np.array([letter not in self.marks for letter in text])
            certain = sample & (posterior.max(axis=1) >= _LEAST_POSTERIOR)
            self.n_uncertain += int(np.count_nonzero(sample & ~certain))
            self.rows += [rows[span].copy() for span in spans[certain]]
            self.labels += [letter for letter, kept in zip(text, certain, strict=True) if kept]

    def adapt(self, model: Any, **params: Any) -> Any:
        """Return a model that is adapted by these letters.

        Parameters
        ----------
        model : classifier
            It is not changed.
        **params : dict
            Parameters of :class:`~ensemble_hwr.adaptation.AdaptedClassifier`.

        Returns
        -------
        classifier

        Raises
        ------
        DataError
            If there are letters of fewer than two classes.
        """
        from ensemble_hwr.adaptation import adapt_rows  # the only use: words are read without it

        if len(set(self.labels)) < 2:
            reason = f": {self.left_out[0][1]}" if self.left_out else ""
            raise DataError(f"fewer than 2 different letters could be aligned with the texts{reason}")
        return adapt_rows(model, np.stack(self.rows), self.labels, **params)

    def report(self) -> dict[str, Any]:
        """Return numbers and reasons as a dict."""
        return {"n_letters": len(self.labels), "n_uncertain": self.n_uncertain, "left_out": list(self.left_out)}


def align(graph: Graph, columns: Sequence[int]) -> tuple[FloatArray | None, float]:
    """Return the probability of each span for each letter of a text, over all alignments of the text.

    Parameters
    ----------
    graph : Graph
    columns : sequence of int
        Columns of the text's letters in the scores of the graph.

    Returns
    -------
    posterior : ndarray of shape (n_letters, n_spans), or None
        Rows sum to 1; None if the text cannot be aligned.
    lag : float
        How much the score of the best text of any letters exceeds that of this text, in nats.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading._alignment import align
    >>> from ensemble_hwr.reading._decoder import Graph
    >>> graph = Graph(2, [(0, 1), (1, 2), (0, 2)], np.log([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]), "AB")
    >>> posterior, lag = align(graph, [0, 1])
    >>> posterior.round(2).tolist(), round(float(lag), 2)
    ([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], 0.0)
    """
    starts, stops = np.array(graph.spans).T
    scores = graph.scores[:, list(columns)]
    forward = _forward(scores, starts, stops, graph.n_pieces)
    reverse = _forward(scores[:, ::-1], graph.n_pieces - stops, graph.n_pieces - starts, graph.n_pieces)
    total = forward[-1, graph.n_pieces]
    if not np.isfinite(total):
        return None, np.inf
    backward = reverse[::-1, ::-1]
    posterior = np.exp(forward[:-1, starts] + scores.T + backward[1:, stops] - total)
    return posterior, _best_score(graph, starts, stops) - float(total)


def _forward(scores: FloatArray, starts: NDArray[Any], stops: NDArray[Any], n_pieces: int) -> FloatArray:
    """Return the log-sum over alignments of the first letters that end at each boundary."""
    n_letters = scores.shape[1]
    found = np.full((n_letters + 1, n_pieces + 1), -np.inf)
    found[0, 0] = 0.0
    for letter in range(n_letters):
        reached = found[letter, starts] + scores[:, letter]
        for stop in np.unique(stops[np.isfinite(reached)]):
            found[letter + 1, stop] = logsumexp(reached[stops == stop])
    return found


def _best_score(graph: Graph, starts: NDArray[Any], stops: NDArray[Any]) -> float:
    """Return the score of the best text of any letters."""
    best = np.full(graph.n_pieces + 1, -np.inf)
    best[0] = 0.0
    tops = graph.scores.max(axis=1)
    for span in np.argsort(starts, kind="stable"):
        best[stops[span]] = max(best[stops[span]], best[starts[span]] + tops[span])
    return float(best[-1])


def spelled(text: str, letters: Sequence[str]) -> str | None:
    """Return a text spelled with given letters, in upper or lower case; None if that is impossible."""
    known = set(letters)
    found = []
    for letter in text:
        form = next((form for form in (letter, letter.upper(), letter.lower()) if form in known), None)
        if form is None:
            return None
        found.append(form)
    return "".join(found)
