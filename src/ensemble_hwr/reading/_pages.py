"""`PageReader`: an estimator that reads pictures of lines and pages."""

from __future__ import annotations

from copy import copy
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._deadlines import SECONDS, deadline
from ensemble_hwr._sklearn import Interval, Options, StrOptions, _fit_context
from ensemble_hwr.images import Picture
from ensemble_hwr.images.sources import describe
from ensemble_hwr.reading._document import Page
from ensemble_hwr.reading._pictures import PictureReader
from ensemble_hwr.reading._words import WordReader
from ensemble_hwr.reading.orientation import ORIENTATIONS


class PageReader(PictureReader[Page]):
    r"""Handwritten text recognition: read pictures of pages or lines.

    Each page is turned upright, deskewed and segmented into lines and words; a `WordReader` reads the words.

    Parameters
    ----------
    reader : WordReader, default=None
        Reads the words. None uses a `WordReader` with default parameters: the shipped models and no lexicon.
    word_gap : float, default=None
        Smallest gap between words, in letter heights; None estimates it for each line.
    orientation : {"auto", 0, 90, 180, 270}, default="auto"
        Degrees by which the writing is turned clockwise in the pictures, after their EXIF orientation was undone.
        "auto" finds it for each page from the shapes of a sample of its letters.
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
        "orientation": [StrOptions({"auto"}), Options(Integral, set(ORIENTATIONS))],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "errors": [StrOptions({"raise", "empty"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        reader: Any = None,
        *,
        word_gap: float | None = None,
        orientation: str | int = "auto",
        timeout: float | None = SECONDS,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.reader = reader
        self.word_gap = word_gap
        self.orientation = orientation
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
        with deadline(self.timeout, partial(describe, picture)):
            page: Page = self.reader_.read_page(picture, word_gap=self.word_gap, orientation=self.orientation)
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
