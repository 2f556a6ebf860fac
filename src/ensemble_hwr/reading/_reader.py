"""Pictures of words to text, as an estimator."""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from ensemble_hwr.boxes import Box, union
from ensemble_hwr.exceptions import ModelError, PictureError
from ensemble_hwr.images import Picture, as_pictures
from ensemble_hwr.persistence import available_models, load_model
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.reading._candidates import describe_candidates
from ensemble_hwr.reading._costs import evidence_against_junk, evidence_by_pieces, letter_evidence
from ensemble_hwr.reading._decoder import Graph, Reading, decode
from ensemble_hwr.reading._document import Letter, Page, Word, page_of
from ensemble_hwr.reading._grammar import AnyText
from ensemble_hwr.reading._junk import LETTER
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._measure import character_error_rate
from ensemble_hwr.reading._search import find_words
from ensemble_hwr.segmentation import Lattice, Segmentation, StrokeLattice, WordCut, WordSegmenter, cut_page, cut_word

SHIPPED_JUNK = "junk"
ROW = 28 * 28  # numbers of a letter
"""Name of the shipped model that tells letters from junk."""

_ALTERNATIVES = 3  # other readings of each letter that are told
_LEAST = 0.001  # unless they are less probable


class WordReader(BaseEstimator):
    """Read pictures of words.

    A word is cut wherever letters might meet. Every run of a few pieces could be a letter; a classifier says which, and
    another one whether it is a letter at all or junk: a piece of a letter, or letters run together. The reading that
    explains all of them best is found by a beam search, in which a lexicon or a letter model may have a say.

    Parameters
    ----------
    classifier : classifier, default=None
        Fitted on letters, with ``predict_proba``: on rows of 784, or a Pipeline whose first step is a
        `LetterNormalizer`. None takes the shipped model.
    junk : "shipped", classifier or None, default="shipped"
        Fitted as `fit_junk` does, with the classes "letter" and "junk". "shipped" takes the shipped model where there
        is one. None reads without, which is worse than gaps alone.
    cut : {"lattice", "gaps"}, default="lattice"
        "gaps" reads the letters that a `WordSegmenter` finds, and looks for no others.
    segmenter : WordSegmenter, default=None
        How gaps are found; of it the lattice has the polarity, the slant and the largest picture. None takes defaults.
    lexicon : Lexicon or iterable of str, default=None
        The words that are expected, in capitals or not. None expects nothing.
    novelty : float, default=0.01
        Share of the words that are not in the lexicon, from 0 to less than 1. Such a word could be any letters (or what
        `ngrams` says), so it must fit the picture far better, the more so the longer it is. 0: only words of the
        lexicon are read, where any of them fits at all.
    ngrams : LetterNgrams, default=None
        Which letters follow which, in words that are not in the lexicon.
    beam : int, default=32
        How many beginnings of the word are followed at a time, where no lexicon says how words go on.
    n_best : int, default=5
        Readings that `predict_details` gives.
    errors : {"raise", "empty"}, default="raise"
        What becomes of a picture that cannot be read: the first one raises an error, or each becomes "".
    n_jobs : int, default=None
        Processes to work in; None is 1, -1 all processors.

    Attributes
    ----------
    classes_ : ndarray of str
        The letters that can be read.
    classifier_ : classifier
        Takes rows.
    junk_ : classifier or None
    lexicon_ : Lexicon or None
        The words that those letters can spell.

    See Also
    --------
    WordSegmenter : Cuts words by their gaps.
    fit_junk : Trains a classifier of junk.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr import WordReader, compose_words, generate_letters
    >>> letters = generate_letters(1300, writers=10, random_state=0)
    >>> model = LogisticRegression().fit(letters.to_rows(), letters.target)
    >>> words = compose_words(letters, ["HELLO", "WORLD"], gap=0.3, random_state=0)
    >>> reader = WordReader(model, cut="gaps", lexicon=["hello", "world", "words"]).fit()
    >>> reader.predict([word.picture for word in words]).tolist()
    ['HELLO', 'WORLD']
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "classifier": [HasMethods(["predict_proba"]), None],
        "junk": [StrOptions({"shipped"}), HasMethods(["predict_proba"]), None],
        "cut": [StrOptions({"lattice", "gaps"})],
        "segmenter": [WordSegmenter, None],
        "lexicon": [Lexicon, "array-like", set, frozenset, None],
        "novelty": [Interval(Real, 0, 1, closed="left")],
        "ngrams": [HasMethods(["step", "end"]), None],
        "beam": [Interval(Integral, 1, None, closed="left")],
        "n_best": [Interval(Integral, 1, None, closed="left")],
        "errors": [StrOptions({"raise", "empty"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        classifier: Any = None,
        *,
        junk: Any = "shipped",
        cut: str = "lattice",
        segmenter: Any = None,
        lexicon: Any = None,
        novelty: float = 0.01,
        ngrams: Any = None,
        beam: int = 32,
        n_best: int = 5,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.classifier = classifier
        self.junk = junk
        self.cut = cut
        self.segmenter = segmenter
        self.lexicon = lexicon
        self.novelty = novelty
        self.ngrams = ngrams
        self.beam = beam
        self.n_best = n_best
        self.errors = errors
        self.n_jobs = n_jobs

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Get everything ready to read: the models, and the lexicon.

        The classifiers are taken as they are; nothing is learned from pictures.

        Parameters
        ----------
        X, y : ignored

        Returns
        -------
        WordReader

        Raises
        ------
        ModelError
            If a classifier is not fitted or does not fit its purpose, or no model is shipped.
        DataError
            If no word of the lexicon can be spelled.

        Warns
        -----
        UserWarning
            If some of its words cannot be spelled, and are left out.
        """
        self._validate_params()
        model = load_model() if self.classifier is None else self.classifier
        self.normalizer_, self.classifier_ = _take_apart(model)
        _check_width(self.classifier_)
        self.classes_ = np.asarray([str(label) for label in _classes(self.classifier_, "classifier")])
        self.junk_ = _junk_model(self.junk)
        self.segmenter_ = WordSegmenter() if self.segmenter is None else clone(self.segmenter)
        self.lexicon_ = None
        if self.lexicon is not None:
            lexicon = self.lexicon if isinstance(self.lexicon, Lexicon) else Lexicon(map(str, self.lexicon))
            self.lexicon_ = lexicon.spelled_with(self.classes_.tolist())
        return self

    def predict(self, X: Any) -> NDArray[np.object_]:
        """Read words.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays, each a word; or an array of shape (n, height, width).

        Returns
        -------
        ndarray of str, shape (n,)

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink; the message has its index and name.
        """
        texts = np.empty(len(X), dtype=object)
        texts[:] = [word.text for word in self.predict_details(X)]
        return texts

    def predict_details(self, X: Any) -> list[Word]:
        """Read words, and say where each letter is, how sure all is, and what else it could be.

        Parameters
        ----------
        X : sequence of pictures, or array
            As `predict` takes them.

        Returns
        -------
        list of Word
            The other readings and their probabilities are its ``alternatives``.

        Raises
        ------
        PictureError
            As `predict` does.
        """
        check_is_fitted(self)
        pictures = as_pictures(X)
        n_jobs = min(effective_n_jobs(self.n_jobs), len(pictures))
        with threadpool_limits(1):  # as in processes of their own: with more threads, last bits differ
            return list(
                Parallel(n_jobs=n_jobs)(delayed(_read)(self, picture, place) for place, picture in enumerate(pictures))
            )

    def read(self, picture: Picture) -> Word:
        """Read one word.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        Word

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        """
        check_is_fitted(self)
        if self.cut == "gaps":
            return self._read_letters(self.segmenter_.segment(picture))
        return self.read_lattice(cut_word(picture, slant=self._slant(), **self._opening()))

    def read_page(self, picture: Picture, *, word_gap: float | None = None) -> Page:
        """Read a page, or a line: find its lines and words, and read each.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray
        word_gap : float, default=None
            The smallest gap between words, in letter heights; None finds it for each line.

        Returns
        -------
        Page

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        """
        check_is_fitted(self)
        return page_of(cut_page(picture, word_gap=word_gap, **self._opening()), self._read_cut)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of the words that are read right.

        Parameters
        ----------
        X : sequence of pictures, or array
        y : sequence of str
            What they say.
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        return float(np.average(self.predict(X) == np.asarray(y, dtype=object), weights=sample_weight))

    def character_error_rate(self, X: Any, y: Any) -> float:
        """Letters that must be changed, added or removed to make the readings right, for each letter there is.

        Parameters
        ----------
        X : sequence of pictures, or array
        y : sequence of str
            What they say.

        Returns
        -------
        float
        """
        return character_error_rate(y, self.predict(X).tolist())

    def _opening(self) -> dict[str, Any]:
        """Return how pictures are opened."""
        return {"polarity": self.segmenter_.polarity, "max_pixels": self.segmenter_.max_pixels}

    def _slant(self) -> float | None:
        return None if self.segmenter_.slant == "auto" else float(self.segmenter_.slant)

    def _read_cut(self, cut: WordCut) -> Word:
        return self._read_letters(cut.segment()) if self.cut == "gaps" else self.read_lattice(cut.lattice())

    def _read_letters(self, found: Segmentation) -> Word:
        """Read letters that have been cut."""
        probability = self._probability(self._rows(list(found.letters)))
        spans = [(place, place + 1) for place in range(len(found))]
        return self._best_word(Graph(len(found), spans, letter_evidence(probability), self.classes_.tolist()),
                               probability, found.boxes)  # fmt: skip

    def read_lattice(self, lattice: Lattice | StrokeLattice) -> Word:
        """Read a word that is cut wherever letters might meet.

        Parameters
        ----------
        lattice : Lattice or StrokeLattice
            As `cut_word` makes it of a picture, or `cut_strokes` of pen strokes.

        Returns
        -------
        Word
            With the ``span`` in the lattice of each letter.
        """
        check_is_fitted(self)
        rows = self._rows([candidate.ink for candidate in lattice.candidates])
        probability = self._probability(rows)
        if self.junk_ is None:
            scores = evidence_by_pieces(probability, lattice.spans)
        else:
            column = self.junk_.classes_.tolist().index(LETTER)
            is_letter = self.junk_.predict_proba(describe_candidates(lattice, rows))[:, column]
            scores = evidence_against_junk(probability, is_letter)
        boxes = tuple(candidate.box for candidate in lattice.candidates)
        graph = Graph(lattice.n_pieces, lattice.spans, scores, self.classes_.tolist())
        return self._best_word(graph, probability, boxes)

    def _rows(self, letters: list[Any]) -> NDArray[np.float32]:
        return np.asarray(self.normalizer_.transform(letters), dtype=np.float32)

    def _probability(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(self.classifier_.predict_proba(rows), dtype=np.float64)

    def _best_word(self, graph: Graph, probability: NDArray[np.float64], boxes: tuple[Box, ...]) -> Word:
        readings = self._readings(graph)
        share = np.exp([reading.score - readings[0].score for reading in readings])
        share /= share.sum()
        best = readings[0]
        letters = tuple(
            replace(self._letter(boxes[span], letter, probability[span]), span=graph.spans[span])
            for span, letter in zip(best.spans, best.letters, strict=True)
        )
        others = list(zip(readings, share.tolist(), strict=True))[1 : self.n_best]
        return Word(
            union(letter.box for letter in letters),
            letters,
            best.text,
            float(share[0]),
            tuple((reading.text, p) for reading, p in others),
        )

    def _readings(self, graph: Graph) -> list[Reading]:
        """Return all readings that were found, best first; one at least."""
        # Without a grammar all letters are alike; what is likelier than that must count for more.
        against_any = replace(graph, scores=graph.scores + log(len(graph.letters)))
        if self.ngrams is None:
            found = decode(graph, AnyText(), beam=self.beam)
        else:
            found = decode(against_any, self.ngrams, beam=self.beam)
        if self.lexicon_ is None:
            return found
        words = find_words(against_any, self.lexicon_, most=self.beam)
        if words and not self.novelty:
            return words
        bonus = log1p(-self.novelty) - log(self.novelty) - log(len(self.lexicon_)) if words else 0.0
        known = [reading._replace(score=reading.score + bonus) for reading in words]
        new = [reading for reading in found if reading.text not in self.lexicon_]
        return sorted([*known, *new], key=lambda reading: (-reading.score, reading.text)) or found

    def _letter(self, box: Box, letter: int, probability: NDArray[np.float64]) -> Letter:
        order = np.argsort(-probability, kind="stable")[: _ALTERNATIVES + 1].tolist()
        others = [place for place in order if place != letter and probability[place] >= _LEAST][:_ALTERNATIVES]
        return Letter(
            box,
            str(self.classes_[letter]),
            float(probability[letter]),
            tuple((str(self.classes_[place]), float(probability[place])) for place in others),
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags


def _read(reader: WordReader, picture: Picture, place: int) -> Word:
    """Read one word of many."""
    try:
        return reader.read(picture)
    except PictureError as error:
        if reader.errors == "raise":
            raise PictureError(f"picture {place}: {error}") from error
        return Word(Box(0, 0, 0, 0), (), "", 0.0)


def _take_apart(model: Any) -> tuple[Any, Any]:
    """Return what makes rows of ink, and what classifies rows."""
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else []
    if len(steps) < 2 or not isinstance(steps[0], LetterNormalizer):
        return LetterNormalizer(polarity="light", errors="blank"), model
    normalizer = clone(steps[0]).set_params(polarity="light", errors="blank", n_jobs=None)
    return normalizer, steps[1] if len(steps) == 2 else model[1:]


def _check_width(classifier: Any) -> None:
    """Check that a classifier reads rows of letters, where it says how wide its rows are."""
    width = getattr(classifier, "n_features_in_", ROW)
    if width != ROW:
        raise ModelError(
            f"classifier reads rows of {width} numbers, but a letter is a row of {ROW}; "
            "give one that was fitted on letters"
        )


def _classes(model: Any, name: str) -> list[Any]:
    try:
        check_is_fitted(model)
        return [str(label) for label in model.classes_]
    except (AttributeError, ValueError) as error:
        kind = type(model).__name__
        raise ModelError(f"{name} is a {kind} that is not fitted; fit it on letters first") from error


def _junk_model(junk: Any) -> Any:
    """Return the classifier of junk, or None."""
    if junk is None:
        return None
    if isinstance(junk, str):
        shipped = SHIPPED_JUNK in [model.name for model in available_models()]
        return load_model(SHIPPED_JUNK) if shipped else None
    if LETTER not in _classes(junk, "junk"):
        raise ModelError(f"junk has the classes {list(junk.classes_)}, but 'letter' must be one; train it by fit_junk")
    return junk
