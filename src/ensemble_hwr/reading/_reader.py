"""Pictures of words to text, as an estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _check_sample_weight
from ensemble_hwr.boxes import Box
from ensemble_hwr.images import Picture
from ensemble_hwr.reading._candidates import describe_candidates
from ensemble_hwr.reading._costs import evidence_by_pieces, letter_evidence, non_letter_log_odds
from ensemble_hwr.reading._decoder import Graph
from ensemble_hwr.reading._document import Page, Word, page_of
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._measure import check_texts
from ensemble_hwr.reading._models import SHIPPED_STROKE_NON_LETTER, class_names, letter_model, non_letter_model
from ensemble_hwr.reading._non_letter import LETTER
from ensemble_hwr.reading._picture_reader import PictureReader
from ensemble_hwr.reading._readings import find_readings, tell_word
from ensemble_hwr.segmentation import Lattice, Segmentation, StrokeLattice, WordCut, WordSegmenter, cut_page, cut_word


class WordReader(PictureReader[Word]):
    """Read pictures of words.

    A word is cut wherever letters might meet. Every run of a few pieces could be a letter; a classifier says which, and
    another one whether it is a letter at all or junk: a piece of a letter, or letters run together. The reading that
    explains all of them best is found by a beam search, in which a lexicon or a letter model may have a say.

    Parameters
    ----------
    classifier : classifier, default=None
        Fitted on letters, with ``predict_proba``: on rows of 784, or a Pipeline whose first step is a
        `LetterNormalizer`. None takes the shipped model.
    non_letter : "shipped", classifier or None, default="shipped"
        Fitted as `fit_non_letter_model` does, with the classes "letter" and "non_letter". "shipped" takes the shipped model where there
        is one. None reads without, which is worse than gaps alone.
    cut : {"lattice", "gaps"}, default="lattice"
        "gaps" reads the letters that a `WordSegmenter` finds, and looks for no others.
    segmenter : WordSegmenter, default=None
        How gaps are found; of it the lattice has the polarity, the slant and the largest picture. None takes defaults.
    lexicon : Lexicon, iterable of str, or mapping of str to float, default=None
        The words that are expected, in capitals or not; with counts the common ones are expected more. None expects
        nothing.
    oov_rate : float, default=0.01
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
    non_letter_ : classifier or None
    stroke_non_letter_ : classifier or None
        The same for words in pen strokes: a shipped model of its own, or `junk` where that is a classifier.
    lexicon_ : Lexicon or None
        The words that those letters can spell.

    See Also
    --------
    WordSegmenter : Cuts words by their gaps.
    fit_non_letter_model : Trains a classifier of junk.

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
        "non_letter": [StrOptions({"shipped"}), HasMethods(["predict_proba"]), None],
        "cut": [StrOptions({"lattice", "gaps"})],
        "segmenter": [WordSegmenter, None],
        "lexicon": [Lexicon, "array-like", set, frozenset, Mapping, None],
        "oov_rate": [Interval(Real, 0, 1, closed="left")],
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
        non_letter: Any = "shipped",
        cut: str = "lattice",
        segmenter: Any = None,
        lexicon: Any = None,
        oov_rate: float = 0.01,
        ngrams: Any = None,
        beam: int = 32,
        n_best: int = 5,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.classifier = classifier
        self.non_letter = non_letter
        self.cut = cut
        self.segmenter = segmenter
        self.lexicon = lexicon
        self.oov_rate = oov_rate
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
        self.normalizer_, self.classifier_ = letter_model(self.classifier)
        self.classes_ = np.asarray(class_names(self.classifier_, "classifier"))
        self.non_letter_ = non_letter_model(self.non_letter)
        self.stroke_non_letter_ = non_letter_model(self.non_letter, SHIPPED_STROKE_NON_LETTER)
        self.segmenter_ = WordSegmenter() if self.segmenter is None else clone(self.segmenter)
        self.lexicon_ = None
        if self.lexicon is not None:
            self.lexicon_ = _as_lexicon(self.lexicon).spelled_with(self.classes_.tolist())
        return self

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

        Raises
        ------
        DataError
            If there is not a text for each picture.
        ValueError
            If there is not a weight of 0 or more for each, or all are 0.
        """
        read = self.predict(X)
        check_texts(y, read.tolist())
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, read[:, None], ensure_non_negative=True)
            if not weight.sum():
                raise ValueError("sample_weight is 0 for every picture; let some weigh more than 0.")
        return float(np.average(read == np.asarray(y, dtype=object), weights=weight))

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
        graph = Graph(len(found), spans, letter_evidence(probability), self.classes_.tolist())
        return self._word(graph, probability, found.boxes)

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
        non_letter = self.stroke_non_letter_ if isinstance(lattice, StrokeLattice) else self.non_letter_
        if non_letter is None:
            scores = evidence_by_pieces(probability, lattice.spans)
        else:
            column = non_letter.classes_.tolist().index(LETTER)
            is_letter = non_letter.predict_proba(describe_candidates(lattice, rows))[:, column]
            scores = non_letter_log_odds(probability, is_letter)
        boxes = tuple(candidate.box for candidate in lattice.candidates)
        graph = Graph(lattice.n_pieces, lattice.spans, scores, self.classes_.tolist())
        return self._word(graph, probability, boxes)

    def _rows(self, letters: list[Any]) -> NDArray[np.float32]:
        return np.asarray(self.normalizer_.transform(letters), dtype=np.float32)

    def _probability(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(self.classifier_.predict_proba(rows), dtype=np.float64)

    def _word(self, graph: Graph, probability: NDArray[np.float64], boxes: Sequence[Box]) -> Word:
        readings = find_readings(
            graph, lexicon=self.lexicon_, oov_rate=self.oov_rate, ngrams=self.ngrams, beam=self.beam
        )
        return tell_word(readings, graph, probability, boxes, n_best=self.n_best)

    def _nothing(self) -> Word:
        return Word(Box(0, 0, 0, 0), (), "", 0.0)


def _as_lexicon(words: Any) -> Lexicon:
    if isinstance(words, Lexicon):
        return words
    return Lexicon(words if isinstance(words, Mapping) else map(str, words))
