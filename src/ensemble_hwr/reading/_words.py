"""`WordReader`: an estimator that reads pictures of words."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import islice
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._deadlines import SECONDS, check_time, deadline, timed
from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _check_sample_weight, _fit_context
from ensemble_hwr.alphabets import AUTO, Alphabet, parse_alphabet
from ensemble_hwr.boxes import Box
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture, open_picture
from ensemble_hwr.images.machine_print import Print
from ensemble_hwr.images.sources import FilePage, describe
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading._alignment import LARGEST_LAG, LabelledLetters
from ensemble_hwr.reading._candidates import Evidence, Scored, score_letters, score_line
from ensemble_hwr.reading._characters import CharacterClassifier
from ensemble_hwr.reading._document import Line, Page, Word
from ensemble_hwr.reading._language_models import has_small_letters
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._metrics import check_texts
from ensemble_hwr.reading._pictures import PictureReader
from ensemble_hwr.reading._readings import find_capitals, find_readings, in_case, to_word
from ensemble_hwr.reading.issues import reading_issues
from ensemble_hwr.reading.models import COMMON_MARKS, SHIPPED_CLASSIFIER, Accents, Case
from ensemble_hwr.reading.orientation import (
    Orientation,
    check_orientation,
    find_orientation,
    turn_upright,
    turned_issues,
)
from ensemble_hwr.segmentation import Lattice, Segmentation, StrokeLattice, WordCut, WordSegmenter, cut_page, cut_word

WORDS_TOGETHER = 8
"""Pictures of words that a process gets at once."""

PIXELS_TOGETHER = 20_000_000
"""Pixels of pictures from which on no more pictures are kept to be classified together."""


class _Cut(NamedTuple):
    """A picture of a word, cut into letter candidates, and the processor time that this took."""

    picture: Picture
    lattice: Lattice
    grey: NDArray[Any]
    seconds: float


class WordReader(PictureReader[Word]):
    """Handwritten word recognition: read pictures of words, with or without a lexicon.

    A word is cut at every possible boundary between letters. Every run of a few pieces is a letter candidate. A letter
    classifier gives the probability of each letter, and a non-letter model the probability that the candidate is a
    letter at all, not a part of a letter or several letters (the literature calls this garbage or reject class). The
    reading that explains all candidates best is found by beam search, and by a search over the trie of a lexicon.

    With a classifier of both cases and ``cut="lattice"``, the lines of the word, such as base line and x-height, are
    estimated with its letters; the words of a line of text share them. They separate letters whose cases have the same
    shape, such as o and O. Words in small letters, in capitals, or with a capital at the start are more probable than
    others, and digits come in runs.

    Parameters
    ----------
    classifier : classifier, default=None
        Fitted on letters, with ``predict_proba``. It takes rows of 784 pixels, or is a Pipeline whose first step is a
        `LetterNormalizer`. None loads the shipped model "mixed" of small letters, capitals and digits.
    alphabet : str, default=None
        Letters that can occur, such as ``"A-Z"`` or ``"a-zA-Z0-9"``, or ``"letters"``, which ignores case; see
        :func:`~ensemble_hwr.alphabets.parse_alphabet`. The marks ``.,-'!?:&/`` are read if they are
        named, as in ``"a-zA-Z.,-"``. None allows all letters of the classifier and, if it has both cases, the marks
        ``.,-'``. ``"auto"`` reads a picture of a word or page as None does, and again with capitals only if most of its
        letters are capitals; digits stay possible if some were read. With ``cut="gaps"`` no marks are read, and
        ``"auto"`` is the same as None.
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
        With a classifier of digits and letters, numbers and codes without two letters in a row, such as B12, are not
        words, and have another prior. With 0 only words of the lexicon are read, unless none of them is possible.
    ngrams : LetterNgrams, default=None
        Letter model of words that are not in the lexicon.
    case : {"as_written", "lexicon", "upper", "lower"}, default="as_written"
        Case of the texts. Words are matched with the lexicon without regard to case; "lexicon" returns them in the
        case of the lexicon, and other words as they are written. Letters of a word are always as they are written.
    accents : {"drop", "keep"}, default="drop"
        Accents are not read: É is E, and words match those of the lexicon without regard to accents. "keep" returns
        words of the lexicon with its accents.
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
    letters_ : ndarray of str
        Letters of the classifier, also those that `alphabet` leaves out.
    alphabet_ : Alphabet or None
        The parsed `alphabet` without marks.
    marks_ : str
        Marks that can be read; "" if there are none.
    classifier_ : classifier
        Classifier of pixel rows.
    normalizer_ : LetterNormalizer
        Turns the ink of candidates into pixel rows.
    non_letter_model_ : classifier or None
        Non-letter model for pictures.
    stroke_non_letter_model_ : classifier or None
        Non-letter model for pen strokes: a shipped model of its own, or `non_letter_model` if that is a classifier.
    lexicon_ : Lexicon or None
        The words of the lexicon that can be spelled with `classes_`, in upper case if these have small letters.

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

    _n_together = WORDS_TOGETHER
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "classifier": [HasMethods(["predict_proba"]), None],
        "alphabet": [str, None],
        "non_letter_model": [StrOptions({"shipped"}), HasMethods(["predict_proba"]), None],
        "cut": [StrOptions({"lattice", "gaps"})],
        "segmenter": [WordSegmenter, None],
        "lexicon": [Lexicon, "array-like", set, frozenset, Mapping, None],
        "oov_rate": [Interval(Real, 0, 1, closed="left")],
        "ngrams": [HasMethods(["step", "end"]), None],
        "case": [StrOptions({"as_written", "lexicon", "upper", "lower"})],
        "accents": [StrOptions({"drop", "keep"})],
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
        alphabet: str | None = None,
        non_letter_model: Any = "shipped",
        cut: str = "lattice",
        segmenter: Any = None,
        lexicon: Any = None,
        oov_rate: float = 0.01,
        ngrams: Any = None,
        case: Case = "as_written",
        accents: Accents = "drop",
        beam: int = 32,
        print: Print = "ignore",
        n_best: int = 5,
        timeout: float | None = SECONDS,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.classifier = classifier
        self.alphabet = alphabet
        self.non_letter_model = non_letter_model
        self.cut = cut
        self.segmenter = segmenter
        self.lexicon = lexicon
        self.oov_rate = oov_rate
        self.ngrams = ngrams
        self.case = case
        self.accents = accents
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
            If the classifier lacks a letter of the alphabet, or no word of the lexicon can be spelled with the letters
            that can be read.

        Warns
        -----
        UserWarning
            If some words of the lexicon cannot be spelled and are left out.
        """
        self._characters = found = CharacterClassifier.load(self.classifier, self.non_letter_model)
        self.normalizer_, self.classifier_, self.letters_ = found.normalizer, found.classifier, found.letters
        self.non_letter_model_, self.stroke_non_letter_model_ = found.non_letter_model, found.stroke_non_letter_model
        self.limit(None if self.alphabet in (None, AUTO) else parse_alphabet(self.alphabet))
        if self.alphabet in (None, AUTO) and has_small_letters(self.letters_.tolist()):
            self._auto = self.alphabet == AUTO
            if self.cut == "lattice" and self.non_letter_model_ is not None:
                self._characters, self.marks_ = self._characters.with_marks(COMMON_MARKS), COMMON_MARKS
        self.segmenter_ = WordSegmenter() if self.segmenter is None else clone(self.segmenter)
        self.segmenter_.set_params(print=self.print, timeout=self.timeout)
        self.lexicon_: Lexicon | None = None
        self._spellings: dict[str, str] = {}
        if self.lexicon is not None:
            self.expect(_as_lexicon(self.lexicon))
        return self

    def limit(self, alphabet: Alphabet | None) -> None:
        """Limit the letters that can be read: replace the alphabet of the fitted reader.

        Parameters
        ----------
        alphabet : Alphabet or None
            None allows all letters of the classifier.

        Raises
        ------
        DataError
            If a letter or mark of the alphabet cannot be read.
        """
        self._characters = found = self._characters.limited(alphabet, marks=self.cut == "lattice")
        self.alphabet_, self.classes_, self.marks_, self._auto = found.alphabet, found.classes, found.marks, False

    def expect(self, lexicon: Lexicon) -> None:
        """Expect other words: replace the lexicon of the fitted reader.

        Parameters
        ----------
        lexicon : Lexicon

        Raises
        ------
        DataError
            If no word of the lexicon can be spelled with the letters that can be read.

        Warns
        -----
        UserWarning
            If some words of the lexicon cannot be spelled and are left out.
        """
        letters = self._characters.characters
        self.lexicon_ = lexicon.spelled_with(letters, ignore_case=has_small_letters(letters))
        before, self._spellings = self._spellings, {}
        if self.case == "lexicon" or self.accents == "keep":  # the lexicon of a fitted reader is in upper case
            spelled = lexicon.spellings().items()
            self._spellings = {upper: before.get(upper, word) if word == upper else word for upper, word in spelled}

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
        with deadline(self.timeout, partial(describe, picture)):
            opened = self._open(picture)
            if self.cut == "gaps":
                word = self._read_segmentation(self.segmenter_.segment(opened))
            else:
                word = self.read_lattice(cut_word(opened, slant=self._slant(), **self._opening()))
            return replace(word, issues=reading_issues([word], opened.grey))

    def read_each(self, pictures: Sequence[Picture]) -> list[Word | PictureError | DataError]:
        """Read a few pictures of words, and return the error of a picture in place of its result.

        The letter candidates of all words are classified together, which is faster than `read` for each picture. The
        last digits of probabilities depend on the number of letters that are classified together.

        Parameters
        ----------
        pictures : sequence of path, bytes, PIL image or ndarray

        Returns
        -------
        list of Word, with PictureError and DataError
        """
        check_is_fitted(self)
        if self.cut == "gaps":
            return super().read_each(pictures)
        found: list[Word | PictureError | DataError] = []
        waiting: list[_Cut | PictureError | DataError] = []
        for picture in pictures:
            waiting.append(self._cut(picture))
            if sum(cut.grey.size for cut in waiting if isinstance(cut, _Cut)) > PIXELS_TOGETHER:
                found += self._read_together(waiting)
                waiting = []
        return found + self._read_together(waiting)

    def _cut(self, picture: Picture) -> _Cut | PictureError | DataError:
        start = time.thread_time()
        try:
            with deadline(self.timeout, partial(describe, picture)):
                opened = self._open(picture)
                lattice = cut_word(opened, slant=self._slant(), **self._opening())
        except (PictureError, DataError) as error:
            return error
        return _Cut(picture, lattice, opened.grey, time.thread_time() - start)

    def _read_together(self, words: Sequence[_Cut | PictureError | DataError]) -> list[Word | PictureError | DataError]:
        """Read words that are cut; errors stay in their places."""
        cuts = [word for word in words if isinstance(word, _Cut)]
        try:
            with deadline(self.timeout):
                evidence = iter(list(self._characters.evidence(cut.lattice for cut in cuts)))
        except PictureError:  # too much for all of them
            return [self._result_of(word.picture) if isinstance(word, _Cut) else word for word in words]
        return [self._read_cut_out(word, next(evidence)) if isinstance(word, _Cut) else word for word in words]

    def _read_cut_out(self, cut: _Cut, evidence: Evidence) -> Word | PictureError:
        try:
            with deadline(self.timeout, partial(describe, cut.picture), used=cut.seconds):
                word = self._read_evidence([[evidence]])[0][0]
                return replace(word, issues=reading_issues([word], cut.grey))
        except PictureError as error:
            return error

    def read_page(self, picture: Picture, *, word_gap: float | None = None, orientation: str | int = "auto") -> Page:
        """Read a picture of a page or a line: find its lines and words, and read each word.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray
        word_gap : float, default=None
            Smallest gap between words, in letter heights; None estimates it for each line.
        orientation : {"auto", 0, 90, 180, 270}, default="auto"
            Degrees by which the writing is turned clockwise in the picture, after its EXIF orientation was undone.
            "auto" finds it from the shapes of a sample of letters.

        Returns
        -------
        Page
            Boxes are in pixels of the picture as it is. If the page is probably turned, but not certainly, it is read
            as it is, and has the issue "turned".

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        ValueError
            If `orientation` is not one of the allowed values.
        """
        check_is_fitted(self)
        check_orientation(orientation)
        with deadline(self.timeout, partial(describe, picture)):
            opened = self._open(picture)
            found = self._orientation_of(opened) if orientation == "auto" else Orientation(int(orientation), None)
            opened = replace(opened, pixels=turn_upright(opened.grey, found.degrees)) if found.degrees else opened
            cut = cut_page(opened, word_gap=word_gap, **self._opening())
            read = self._read_lines([line.words for line in cut.lines])
            lines = tuple(Line(line.box, tuple(words)) for line, words in zip(cut.lines, read, strict=True))
            issues = reading_issues([word for line in lines for word in line.words], opened.grey)
            page = Page(cut.width, cut.height, lines, cut.skew, (*turned_issues(found), *issues))
            return replace(page.turned(found.degrees), orientation_confidence=found.confidence)

    def _orientation_of(self, picture: Picture) -> Orientation:
        """Find the orientation of a page."""
        opening = self._opening()
        return find_orientation(picture, polarity=opening["polarity"], max_pixels=opening["max_pixels"])

    def read_lattice(self, lattice: Lattice | StrokeLattice) -> Word:
        """Read a word from its lattice of letter candidates.

        Parameters
        ----------
        lattice : Lattice or StrokeLattice
            As `cut_word` returns it for a picture, or `cut_strokes` for pen strokes.

        Returns
        -------
        Word
            Each letter has the ``row`` of pixels that was classified, and the ``span`` of its pieces in the lattice, or
            in :meth:`Lattice.with_dots` of it if small letters can be read.

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
            return self._read_evidence([list(self._characters.evidence([lattice]))])[0][0]

    def adapt(self, pictures: Any, texts: Sequence[str], **params: Any) -> Self:
        """Return a reader that is adapted to a writer by words with their right texts; this reader stays as it is.

        Each word is aligned with its text. The letters whose places are certain are the samples that the classifier is
        adapted by; words that cannot be aligned, and uncertain letters, are left out.

        Parameters
        ----------
        pictures : sequence of pictures, or array
            Of words, or of lines with several words, as in `predict`.
        texts : sequence of str
            Right texts; words of a line are separated by spaces. With a classifier of both cases, they are in the case
            in which they are written, otherwise in either case.
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
        >>> mine = reader.adapt([word.picture for word in words], ["QUICK", "BROWN", "FOXES", "JUMP"])
        >>> mine.adaptation_["n_letters"] > 10, mine.adaptation_["left_out"]
        (True, [])
        """
        found = self.label_letters(pictures, texts)
        model = load_model(SHIPPED_CLASSIFIER) if self.classifier is None else self.classifier
        adapted: Self = copy(self).set_params(classifier=found.adapt(model, **params)).fit()
        adapted.adaptation_ = found.report()
        return adapted

    def label_letters(
        self, pictures: Any, texts: Sequence[str], *, largest_lag: float = LARGEST_LAG
    ) -> LabelledLetters:
        """Align words with their right texts, and return the letters whose places are certain.

        Parameters
        ----------
        pictures : sequence of pictures, or array
            Of words, or of lines with several words, as in `predict`; also lattices of words, as in `read_lattice`.
        texts : sequence of str
            Right texts; words of a line are separated by spaces. With a classifier of both cases, they are in the case
            in which they are written, otherwise in either case.
        largest_lag : float, default=12.0
            A word is left out if another text explains it better, by more than this for each letter, in nats. A text
            with a letter too many or too few differs by about 6; a classifier without the letters of the writer
            differs by more.

        Returns
        -------
        LabelledLetters
            Its ``rows`` and ``labels`` are samples for the classifier; ``report()`` describes what was left out.

        Raises
        ------
        DataError
            If the numbers of pictures and texts differ.
        """
        check_is_fitted(self)
        if len(pictures) != len(texts):
            raise DataError(
                f"there are {len(pictures)} pictures, but {len(texts)} texts; give one text for each picture"
            )
        found = LabelledLetters(self._characters.characters, largest_lag=largest_lag, marks=self.marks_)
        for place, (picture, text) in enumerate(zip(pictures, texts, strict=True)):
            found.add_picture(place, text, picture, self._lattices, self._score)
        return found

    def _lattices(self, picture: Picture | Lattice | StrokeLattice, n_words: int) -> Sequence[Lattice | StrokeLattice]:
        """Return the lattice of each word in a picture of a word or a line."""
        if isinstance(picture, Lattice | StrokeLattice):
            return [picture]
        if n_words == 1:
            return [cut_word(picture, slant=self._slant(), **self._opening())]
        return [word.lattice() for line in cut_page(picture, **self._opening()).lines for word in line.words]

    def _score(self, lattice: Lattice | StrokeLattice) -> Scored:
        """Return the letter scores of the candidates of a lattice."""
        return next(self._characters.evidence([lattice])).scored()

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

    def _read_lines(self, lines: Sequence[Sequence[WordCut]]) -> list[list[Word]]:
        """Read the words of a page, line by line."""
        if self.cut == "gaps":
            return [[self._read_cut(cut) for cut in cuts] for cuts in lines]
        evidence = self._characters.evidence(cut.lattice() for cuts in lines for cut in timed(cuts))
        found = (list(islice(evidence, len(cuts))) for cuts in lines)
        if self._auto:
            return self._read_evidence(list(found))
        return [self._read_evidence([line])[0] for line in found]

    def _read_evidence(self, lines: Sequence[Sequence[Evidence]]) -> list[list[Word]]:
        """Read words; those of a line share base line and x-height, and all of them what "auto" finds out."""
        read = [[self._word(scored) for scored in timed(score_line(line))] for line in lines]
        written = [
            "".join(letter.text for letter in word.letters) for line in read for word in line
        ]  # in no other case
        alphabet = find_capitals(written) if self._auto else None
        if alphabet is None:
            return read
        return [[self._word(word.limited(alphabet).scored()) for word in timed(line)] for line in lines]

    def _read_cut(self, cut: WordCut) -> Word:
        check_time()
        return self._read_segmentation(cut.segment())

    def _read_segmentation(self, found: Segmentation) -> Word:
        """Classify letters that are already segmented."""
        rows = self._characters.rows(list(found.letters))
        probability = self._characters.probability(rows)
        return self._word(score_letters(found.boxes, rows, probability, self.classes_.tolist()))

    def _word(self, scored: Scored) -> Word:
        readings = find_readings(
            scored.graph, lexicon=self.lexicon_, oov_rate=self.oov_rate, ngrams=self.ngrams, beam=self.beam
        )
        return to_word(in_case(readings, self.case, self._spellings, self.accents), *scored, n_best=self.n_best)

    def _empty(self) -> Word:
        return Word(Box(0, 0, 0, 0), (), "", 0.0)


def _as_lexicon(words: Any) -> Lexicon:
    if isinstance(words, Lexicon):
        return words
    return Lexicon(words if isinstance(words, Mapping) else map(str, words))
