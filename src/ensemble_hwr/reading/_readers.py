"""Estimators that read pictures: `WordReader` for words, `PageReader` for lines and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from ensemble_hwr._deadlines import SECONDS, check_time, deadline
from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _check_sample_weight, _fit_context
from ensemble_hwr._typing import FloatArray, Rows
from ensemble_hwr.adaptation import adapt_rows
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture, open_picture
from ensemble_hwr.images.machine_print import Print
from ensemble_hwr.images.sources import FilePage, describe, map_pictures
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading._alignment import LabelledLetters, spelled
from ensemble_hwr.reading._candidates import candidate_rows, letter_scores, non_letter_log_odds, scores_by_pieces
from ensemble_hwr.reading._decoder import Graph
from ensemble_hwr.reading._document import Page, Word
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._metrics import character_error_rate, check_texts
from ensemble_hwr.reading._readings import find_readings, to_word
from ensemble_hwr.reading.issues import Issue, reading_issues
from ensemble_hwr.reading.models import (
    SHIPPED_STROKE_NON_LETTER,
    class_names,
    find_letter_model,
    find_non_letter_model,
)
from ensemble_hwr.reading.non_letter import LETTER
from ensemble_hwr.segmentation import Lattice, Segmentation, StrokeLattice, WordCut, WordSegmenter, cut_page, cut_word

Found = TypeVar("Found", Word, Page)


class PictureReader(BaseEstimator, Generic[Found]):
    """Base class of estimators that read pictures independently of each other, optionally in several processes.

    Subclasses have the parameters `errors` and `n_jobs`, and implement `read` and `_empty`.
    """

    errors: str
    n_jobs: int | None

    def predict(self, X: Any) -> NDArray[np.object_]:
        r"""Read pictures and return their texts.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays; or one array of shape (n, height, width).

        Returns
        -------
        ndarray of str, shape (n,)
            Lines of a page are separated by ``"\n"``.

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink, unless ``errors="empty"``. The message names its index.
        """
        texts = np.empty(len(X), dtype=object)
        texts[:] = [found.text for found in self.predict_details(X)]
        return texts

    def predict_details(self, X: Any) -> list[Found]:
        """Read pictures and return texts with boxes, confidences and alternatives.

        Parameters
        ----------
        X : sequence of pictures, or array
            As in `predict`.

        Returns
        -------
        list of Word or of Page
            As `read` returns them.

        Raises
        ------
        PictureError
            As in `predict`.
        """
        check_is_fitted(self)
        with threadpool_limits(1):  # as in worker processes: the last bits depend on the number of threads
            blank = None if self.errors == "raise" else self._empty
            found, failures = map_pictures(self.read, X, blank=blank, n_jobs=self.n_jobs)
        for index, reason in failures.items():
            found[index] = replace(found[index], issues=(Issue("unreadable", reason),))
        return found

    def read(self, picture: Picture) -> Found:
        """Read one picture."""
        raise NotImplementedError

    def character_error_rate(self, X: Any, y: Any) -> float:
        """Return the character error rate (CER) on pictures: edits per character of the true texts.

        Parameters
        ----------
        X : sequence of pictures, or array
            As in `predict`.
        y : sequence of str
            True texts.

        Returns
        -------
        float
            0 if every reading is right; above 1 if more characters were read wrongly than there are.
        """
        return character_error_rate(y, self.predict(X).tolist())

    def _empty(self) -> Found:
        """Return the result for a picture that cannot be read."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags


class WordReader(PictureReader[Word]):
    """Handwritten word recognition: read pictures of words, with or without a lexicon.

    A word is cut at every possible boundary between letters. Every run of a few pieces is a letter candidate. A letter
    classifier gives the probability of each letter, and a non-letter model the probability that the candidate is a
    letter at all, not a part of a letter or several letters (the literature calls this garbage or reject class). The
    reading that explains all candidates best is found by beam search, or by A* search over a lexicon.

    Parameters
    ----------
    classifier : classifier, default=None
        Fitted on letters, with ``predict_proba``. It takes rows of 784 pixels, or is a Pipeline whose first step is a
        `LetterNormalizer`. None loads the shipped model "az".
    non_letter_model : "shipped", classifier or None, default="shipped"
        Classifier with the classes "letter" and "non_letter", as `fit_non_letter_model` trains it. "shipped" loads the
        shipped models, one for pictures and one for pen strokes. None weights letters by their numbers of pieces
        instead, which is less accurate than ``cut="gaps"``.
    cut : {"lattice", "gaps"}, default="lattice"
        "gaps" classifies the letters that a `WordSegmenter` finds, and considers no other candidates.
    segmenter : WordSegmenter, default=None
        Segments words if ``cut="gaps"``. With ``cut="lattice"`` only its polarity, slant and max_pixels are used.
        None uses the default parameters.
    lexicon : Lexicon, iterable of str, or mapping of str to float, default=None
        Expected words, in upper or lower case. A mapping gives the frequency of each word. None expects no words.
    oov_rate : float, default=0.01
        Prior probability that a word is out of vocabulary, in [0, 1). Its letters are then random, or follow `ngrams`.
        With 0 only words of the lexicon are read, unless none of them is possible.
    ngrams : LetterNgrams, default=None
        Letter model of words that are not in the lexicon.
    beam : int, default=32
        Beam width: prefixes kept at each boundary between pieces when no lexicon is followed.
    print : {"ignore", "keep"}, default="ignore"
        "ignore" leaves out machine print next to the handwriting, such as the labels of a form. "keep" reads it too.
    n_best : int, default=5
        Number of readings per word that `predict_details` returns, including the best.
    timeout : float, default=10
        Seconds of processor time for a picture; one that takes longer raises an error. None sets no limit.
    errors : {"raise", "empty"}, default="raise"
        Pictures that cannot be read raise an error, or give the text "".
    n_jobs : int, default=None
        Number of processes; None means 1, -1 all processors.

    Attributes
    ----------
    classes_ : ndarray of str
        Letters that can be read.
    classifier_ : classifier
        Classifier of pixel rows.
    normalizer_ : LetterNormalizer
        Turns the ink of candidates into pixel rows.
    non_letter_model_ : classifier or None
        Non-letter model for pictures.
    stroke_non_letter_model_ : classifier or None
        Non-letter model for pen strokes: a shipped model of its own, or `non_letter_model` if that is a classifier.
    lexicon_ : Lexicon or None
        The words of the lexicon that can be spelled with `classes_`.

    See Also
    --------
    PageReader : Reads lines and pages.
    WordSegmenter : Segments words at their gaps.
    fit_non_letter_model : Trains a non-letter model.

    Examples
    --------
    >>> from ensemble_hwr import WordReader, compose_words, generate_letters
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> words = compose_words(letters, ["HELLO", "WORLD"], gap=0.1, random_state=0)
    >>> reader = WordReader(lexicon=["hello", "world", "words"]).fit()
    >>> reader.predict([word.picture for word in words]).tolist()
    ['HELLO', 'WORLD']
    >>> word = reader.read(words[0].picture)
    >>> word.letters[0].text, word.letters[0].confidence > 0.5
    ('H', True)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "classifier": [HasMethods(["predict_proba"]), None],
        "non_letter_model": [StrOptions({"shipped"}), HasMethods(["predict_proba"]), None],
        "cut": [StrOptions({"lattice", "gaps"})],
        "segmenter": [WordSegmenter, None],
        "lexicon": [Lexicon, "array-like", set, frozenset, Mapping, None],
        "oov_rate": [Interval(Real, 0, 1, closed="left")],
        "ngrams": [HasMethods(["step", "end"]), None],
        "beam": [Interval(Integral, 1, None, closed="left")],
        "print": [StrOptions({"ignore", "keep"})],
        "n_best": [Interval(Integral, 1, None, closed="left")],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "errors": [StrOptions({"raise", "empty"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        classifier: Any = None,
        *,
        non_letter_model: Any = "shipped",
        cut: str = "lattice",
        segmenter: Any = None,
        lexicon: Any = None,
        oov_rate: float = 0.01,
        ngrams: Any = None,
        beam: int = 32,
        print: Print = "ignore",
        n_best: int = 5,
        timeout: float | None = SECONDS,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.classifier = classifier
        self.non_letter_model = non_letter_model
        self.cut = cut
        self.segmenter = segmenter
        self.lexicon = lexicon
        self.oov_rate = oov_rate
        self.ngrams = ngrams
        self.beam = beam
        self.print = print
        self.n_best = n_best
        self.timeout = timeout
        self.errors = errors
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Load the models and prepare the lexicon. Nothing is trained on pictures.

        Parameters
        ----------
        X, y : ignored

        Returns
        -------
        WordReader

        Raises
        ------
        ModelError
            If a classifier is not fitted or has the wrong classes or features, or no model is shipped.
        DataError
            If no word of the lexicon can be spelled with the letters of the classifier.

        Warns
        -----
        UserWarning
            If some words of the lexicon cannot be spelled and are left out.
        """
        self.normalizer_, self.classifier_ = find_letter_model(self.classifier)
        self.classes_ = np.asarray(class_names(self.classifier_, "classifier"))
        self.non_letter_model_ = find_non_letter_model(self.non_letter_model)
        self.stroke_non_letter_model_ = find_non_letter_model(self.non_letter_model, SHIPPED_STROKE_NON_LETTER)
        self.segmenter_ = WordSegmenter() if self.segmenter is None else clone(self.segmenter)
        self.segmenter_.set_params(print=self.print)
        self.lexicon_ = None
        if self.lexicon is not None:
            self.lexicon_ = _as_lexicon(self.lexicon).spelled_with(self.classes_.tolist())
        return self

    def read(self, picture: Picture) -> Word:
        """Read one picture of a word.

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
        with deadline(self.timeout):
            opened = self._open(picture)
            if self.cut == "gaps":
                word = self._read_segmentation(self.segmenter_.segment(opened))
            else:
                word = self.read_lattice(cut_word(opened, slant=self._slant(), **self._opening()))
            return replace(word, issues=reading_issues([word], opened.grey))

    def read_page(self, picture: Picture, *, word_gap: float | None = None) -> Page:
        """Read a picture of a page or a line: find its lines and words, and read each word.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray
        word_gap : float, default=None
            Smallest gap between words, in letter heights; None estimates it for each line.

        Returns
        -------
        Page

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        """
        check_is_fitted(self)
        with deadline(self.timeout):
            opened = self._open(picture)
            page = Page.from_cut(cut_page(opened, word_gap=word_gap, **self._opening()), self._read_cut)
            words = [word for line in page.lines for word in line.words]
            return replace(page, issues=reading_issues(words, opened.grey))

    def read_lattice(self, lattice: Lattice | StrokeLattice) -> Word:
        """Read a word from its lattice of letter candidates.

        Parameters
        ----------
        lattice : Lattice or StrokeLattice
            As `cut_word` returns it for a picture, or `cut_strokes` for pen strokes.

        Returns
        -------
        Word
            Each letter has the ``span`` of its pieces in the lattice and the ``row`` of pixels that was classified.

        Examples
        --------
        >>> from ensemble_hwr import WordReader
        >>> from ensemble_hwr.segmentation import cut_strokes
        >>> stem, bar = [(40, 0), (40, 90)], [(0, 0), (80, 0)]
        >>> WordReader().fit().read_lattice(cut_strokes([stem, bar])).text
        'T'
        """
        check_is_fitted(self)
        with deadline(self.timeout):
            return self._word(*self._scored(lattice))

    def adapt(self, pictures: Any, texts: Sequence[str], **params: Any) -> Self:
        """Return a reader that is adapted to a writer by words with their right texts; this reader stays as it is.

        Each word is aligned with its text. The letters whose places are certain are the samples that the classifier is
        adapted by; words that cannot be aligned, and uncertain letters, are left out.

        Parameters
        ----------
        pictures : sequence of pictures, or array
            Of words, or of lines with several words, as in `predict`.
        texts : sequence of str
            Right texts, in upper or lower case; words of a line are separated by spaces.
        **params : dict
            Parameters of :class:`~ensemble_hwr.adaptation.AdaptedClassifier`.

        Returns
        -------
        WordReader
            A fitted copy with the adapted classifier, and an attribute ``adaptation_``: a dict with the numbers of
            letters, ``n_letters``, and of uncertain ones, ``n_uncertain``, and with ``left_out``, a list of pairs of a
            position in `pictures` and the reason why a word was left out.

        Raises
        ------
        DataError
            If the numbers of pictures and texts differ, or fewer than two classes of letters can be aligned.

        Examples
        --------
        >>> from ensemble_hwr import WordReader, compose_words, generate_letters
        >>> letters = generate_letters(26 * 8, writers=1, difficulty=2.0, random_state=11)
        >>> words = compose_words(letters, ["QUICK", "BROWN", "FOXES", "JUMP"], gap=0.2, random_state=0)
        >>> reader = WordReader().fit()
        >>> mine = reader.adapt([word.picture for word in words], ["quick", "brown", "foxes", "jump"])
        >>> mine.adaptation_["n_letters"] > 10, mine.adaptation_["left_out"]
        (True, [])
        """
        check_is_fitted(self)
        if len(pictures) != len(texts):
            raise DataError(
                f"there are {len(pictures)} pictures, but {len(texts)} texts; give one text for each picture"
            )
        found = LabelledLetters()
        for place, (picture, text) in enumerate(zip(pictures, texts, strict=True)):
            self._label(found, place, picture, text)
        if len(set(found.labels)) < 2:
            reason = f": {found.left_out[0][1]}" if found.left_out else ""
            raise DataError(f"fewer than 2 different letters could be aligned with the texts{reason}")
        model = load_model() if self.classifier is None else self.classifier
        classifier = adapt_rows(model, np.stack(found.rows), found.labels, **params)
        adapted: Self = copy(self).set_params(classifier=classifier).fit()
        adapted.adaptation_ = found.report()
        return adapted

    def _label(self, found: LabelledLetters, place: int, picture: Picture, text: str) -> None:
        """Add the labelled letters of a picture with one or several words."""
        words = text.split()
        spellings = [spelled(word, self.classes_.tolist()) for word in words]
        if not words or None in spellings:
            found.left_out.append((place, f"{text!r} cannot be spelled with the letters of the classifier"))
            return
        try:
            lattices = self._lattices(picture, len(words))
        except PictureError as error:
            found.left_out.append((place, str(error)))
            return
        if len(lattices) != len(words):
            found.left_out.append((place, f"{len(lattices)} words were found for the {len(words)} of {text!r}"))
            return
        for lattice, spelling in zip(lattices, spellings, strict=True):
            graph, _, _, rows = self._scored(lattice)
            found.add(place, str(spelling), graph, rows)

    def _lattices(self, picture: Picture, n_words: int) -> list[Lattice]:
        """Return the lattice of each word in a picture of a word or a line."""
        if n_words == 1:
            return [cut_word(picture, slant=self._slant(), **self._opening())]
        return [word.lattice() for line in cut_page(picture, **self._opening()).lines for word in line.words]

    def _scored(self, lattice: Lattice | StrokeLattice) -> tuple[Graph, FloatArray, tuple[Box, ...], Rows]:
        """Return the graph of a lattice with letter scores, and probabilities, boxes and pixels of its candidates."""
        rows = self._rows([candidate.ink for candidate in lattice.candidates])
        probability = self._probability(rows)
        model = self.stroke_non_letter_model_ if isinstance(lattice, StrokeLattice) else self.non_letter_model_
        if model is None:
            scores = scores_by_pieces(probability, lattice.spans)
        else:
            column = model.classes_.tolist().index(LETTER)
            with config_context(transform_output="default"):  # it was fitted without feature names
                is_letter = model.predict_proba(candidate_rows(lattice, rows))[:, column]
            scores = non_letter_log_odds(probability, is_letter)
        boxes = tuple(candidate.box for candidate in lattice.candidates)
        graph = Graph(lattice.n_pieces, lattice.spans, scores, self.classes_.tolist())
        return graph, probability, boxes, rows

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of words that are read correctly.

        Parameters
        ----------
        X : sequence of pictures, or array
            As in `predict`.
        y : sequence of str
            True texts.
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float

        Raises
        ------
        DataError
            If the numbers of pictures and texts differ.
        ValueError
            If a weight is negative, or all are 0.
        """
        read = self.predict(X)
        check_texts(y, read.tolist())
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, read[:, None], ensure_non_negative=True)
            if not weight.sum():
                raise ValueError("sample_weight is 0 for every picture; give at least one weight above 0")
        return float(np.average(read == np.asarray(y, dtype=object), weights=weight))

    def _open(self, picture: Picture) -> FilePage:
        """Decode a picture once; error messages describe it as it was given."""
        if isinstance(picture, FilePage):
            return picture
        grey = open_picture(picture, max_pixels=self.segmenter_.max_pixels)
        return FilePage(describe(picture), 1, False, grey)

    def _opening(self) -> dict[str, Any]:
        """Return the parameters that pictures are opened with."""
        return {"polarity": self.segmenter_.polarity, "print": self.print, "max_pixels": self.segmenter_.max_pixels}

    def _slant(self) -> float | None:
        return None if self.segmenter_.slant == "auto" else float(self.segmenter_.slant)

    def _read_cut(self, cut: WordCut) -> Word:
        check_time()
        return self._read_segmentation(cut.segment()) if self.cut == "gaps" else self.read_lattice(cut.lattice())

    def _read_segmentation(self, found: Segmentation) -> Word:
        """Classify letters that are already segmented."""
        rows = self._rows(list(found.letters))
        probability = self._probability(rows)
        spans = [(place, place + 1) for place in range(len(found))]
        graph = Graph(len(found), spans, letter_scores(probability), self.classes_.tolist())
        return self._word(graph, probability, found.boxes, rows)

    def _rows(self, letters: list[Any]) -> Rows:
        return np.asarray(self.normalizer_.transform(letters), dtype=np.float32)

    def _probability(self, rows: Rows) -> FloatArray:
        return np.asarray(self.classifier_.predict_proba(rows), dtype=np.float64)

    def _word(self, graph: Graph, probability: FloatArray, boxes: Sequence[Box], rows: Rows) -> Word:
        readings = find_readings(
            graph, lexicon=self.lexicon_, oov_rate=self.oov_rate, ngrams=self.ngrams, beam=self.beam
        )
        return to_word(readings, graph, probability, boxes, rows, n_best=self.n_best)

    def _empty(self) -> Word:
        return Word(Box(0, 0, 0, 0), (), "", 0.0)


def _as_lexicon(words: Any) -> Lexicon:
    if isinstance(words, Lexicon):
        return words
    return Lexicon(words if isinstance(words, Mapping) else map(str, words))


class PageReader(PictureReader[Page]):
    r"""Handwritten text recognition: read pictures of pages or lines.

    Each page is deskewed and segmented into lines and words; a `WordReader` reads the words.

    Parameters
    ----------
    reader : WordReader, default=None
        Reads the words. None uses a `WordReader` with default parameters: the shipped models and no lexicon.
    word_gap : float, default=None
        Smallest gap between words, in letter heights; None estimates it for each line.
    timeout : float, default=10
        Seconds of processor time for a picture; one that takes longer raises an error. None sets no limit.
    errors : {"raise", "empty"}, default="raise"
        Pictures that cannot be read raise an error, or give the text "".
    n_jobs : int, default=None
        Number of processes; None means 1, -1 all processors.

    Attributes
    ----------
    reader_ : WordReader
        Fitted copy of `reader`.

    See Also
    --------
    WordReader : Reads pictures of single words.
    ensemble_hwr.segmentation.cut_page : Finds lines and words without reading them.

    Examples
    --------
    >>> from ensemble_hwr import PageReader, WordReader, compose_words, generate_letters
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> pages = compose_words(letters, ["HELLO WORLD\nHOW ARE YOU"], gap=0.2, random_state=0)
    >>> reader = PageReader(WordReader(lexicon=["HELLO", "WORLD", "HOW", "ARE", "YOU"])).fit()
    >>> print(reader.predict([page.picture for page in pages])[0])
    HELLO WORLD
    HOW ARE YOU
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "reader": [WordReader, None],
        "word_gap": [Interval(Real, 0, None, closed="left"), None],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "errors": [StrOptions({"raise", "empty"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        reader: Any = None,
        *,
        word_gap: float | None = None,
        timeout: float | None = SECONDS,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.reader = reader
        self.word_gap = word_gap
        self.timeout = timeout
        self.errors = errors
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Fit a copy of the word reader. Nothing is trained on pictures.

        Parameters
        ----------
        X, y : ignored

        Returns
        -------
        PageReader

        Raises
        ------
        ModelError
            If a classifier of the reader cannot be used, or no model is shipped.
        """
        reader = WordReader() if self.reader is None else copy(self.reader)
        self.reader_ = reader.set_params(timeout=self.timeout).fit()
        return self

    def read(self, picture: Picture) -> Page:
        """Read one picture of a page or a line.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        Page

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        """
        check_is_fitted(self)
        with deadline(self.timeout):
            page: Page = self.reader_.read_page(picture, word_gap=self.word_gap)
        return page

    def score(self, X: Any, y: Any) -> float:
        """Return 1 minus the character error rate.

        Parameters
        ----------
        X : sequence of pictures, or array
            As in `predict`.
        y : sequence of str
            True texts.

        Returns
        -------
        float
            1 if every reading is right; below 0 if more characters were read wrongly than there are.
        """
        return 1.0 - self.character_error_rate(X, y)

    def _empty(self) -> Page:
        return Page(0, 0, ())
