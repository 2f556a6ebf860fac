"""Pictures of pages to text, as an estimator."""

from __future__ import annotations

from copy import copy
from numbers import Integral, Real
from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._sklearn import Interval, StrOptions
from ensemble_hwr.images import Picture
from ensemble_hwr.reading._document import Page
from ensemble_hwr.reading._picture_reader import PictureReader
from ensemble_hwr.reading._reader import WordReader


class PageReader(PictureReader[Page]):
    r"""Read pictures of pages or lines.

    Each is levelled and cut into lines, each line into words; a `WordReader` reads those.

    Parameters
    ----------
    reader : WordReader, default=None
        Reads the words; None takes one with the shipped models and no lexicon.
    word_gap : float, default=None
        The smallest gap between words, in letter heights; None finds it for each line.
    errors : {"raise", "empty"}, default="raise"
        What becomes of a picture that cannot be read: the first one raises an error, or each becomes "".
    n_jobs : int, default=None
        Processes to work in; None is 1, -1 all processors.

    Attributes
    ----------
    reader_ : WordReader
        A copy, ready to read.

    See Also
    --------
    cut_page : Finds lines and words and reads nothing.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from ensemble_hwr import PageReader, WordReader, compose_words, generate_letters
    >>> letters = generate_letters(1300, writers=10, random_state=0)
    >>> model = LogisticRegression().fit(letters.to_rows(), letters.target)
    >>> pages = compose_words(letters, ["HELLO WORLD\nHOW ARE YOU"], gap=0.3, random_state=0)
    >>> reader = PageReader(WordReader(model, cut="gaps", lexicon=["HELLO", "WORLD", "HOW", "ARE", "YOU"])).fit()
    >>> print(reader.predict([page.picture for page in pages])[0])
    HELLO WORLD
    HOW ARE YOU
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "reader": [WordReader, None],
        "word_gap": [Interval(Real, 0, None, closed="left"), None],
        "errors": [StrOptions({"raise", "empty"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        reader: Any = None,
        *,
        word_gap: float | None = None,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.reader = reader
        self.word_gap = word_gap
        self.errors = errors
        self.n_jobs = n_jobs

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Get everything ready to read; nothing is learned from pictures.

        Parameters
        ----------
        X, y : ignored

        Returns
        -------
        PageReader

        Raises
        ------
        ModelError
            If the reader's classifiers cannot be used, or no model is shipped.
        """
        self._validate_params()
        self.reader_ = (WordReader() if self.reader is None else copy(self.reader)).fit()
        return self

    def read(self, picture: Picture) -> Page:
        """Read one page.

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
        return self.reader_.read_page(picture, word_gap=self.word_gap)

    def score(self, X: Any, y: Any) -> float:
        """1 less the characters that must be changed to make the readings right, for each character there is.

        Parameters
        ----------
        X : sequence of pictures, or array
        y : sequence of str
            What they say.

        Returns
        -------
        float
            1 is all right; below 0 where much was read that is not there.
        """
        return 1.0 - self.character_error_rate(X, y)

    def _nothing(self) -> Page:
        return Page(0, 0, ())
