"""Transformer from pictures of words to letters."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone

from ensemble_hwr._deadlines import SECONDS, check_time, deadline
from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions, _fit_context
from ensemble_hwr.boxes import Rgb, draw_boxes
from ensemble_hwr.images import Picture, Polarity, open_picture
from ensemble_hwr.images.machine_print import Print
from ensemble_hwr.images.sources import as_pictures, describe, map_pictures
from ensemble_hwr.segmentation._components import read_ruled
from ensemble_hwr.segmentation._segment import Segmentation, segment_word
from ensemble_hwr.segmentation._word import Origin, normalize_word


class WordSegmenter(TransformerMixin, BaseEstimator):
    """Segment pictures of words into letters.

    A picture is converted to ink, without specks and ruled lines, and its slant is removed. Connected components are
    grouped to letters by the blank columns between them. The least gap between letters is in letter heights, so it does
    not depend on the size of the picture. By default, it is estimated from the word: a gap much smaller than the usual
    gap of the word is a break within a letter, such as a K of two strokes. Dots and accents are joined with the letter
    below them. Letters may overlap in columns if their ink does not touch. Groups that are too wide for one letter are
    cut where the cut crosses the least ink.

    The transformer is stateless. There is an entry for each picture.

    Parameters
    ----------
    gap : "auto" or float, default="auto"
        Least gap between letters in letter heights, from 0 to 5; 0.1 is a tenth of the height of the letters. Raise it
        if letters are broken up, lower it if neighbours stay together. "auto" estimates it per word.
    touching : {"cut", "keep"}, default="cut"
        Whether groups that are too wide for one letter are cut or kept. "keep" separates letters by gaps only.
    normalizer : transformer, default=None
        Transformer from pictures of letters to rows, such as `LetterNormalizer(polarity="light")`. None returns
        pictures.
    slant : "auto" or float, default="auto"
        Slant of the letters to the right: the tangent of the angle, from -2 to 2. "auto" estimates it per word; 0
        removes none.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink. "auto" detects it per picture.
    print : {"keep", "ignore"}, default="keep"
        Whether machine print next to the handwriting is kept as if it were handwriting.
    max_pixels : int, default=50_000_000
        Pictures with more pixels count as unreadable.
    timeout : float, default=10
        Seconds of processor time for a picture; one that takes longer counts as unreadable. None sets no limit.
    errors : {"raise", "empty"}, default="raise"
        How to handle unreadable pictures: "raise" raises an error for the first, "empty" returns a word without letters
        for each.
    n_jobs : int, default=None
        Number of processes; None means 1, -1 means one per processor.

    See Also
    --------
    cut_word : Oversegments a word into a lattice of candidates.

    Examples
    --------
    >>> from ensemble_hwr import LetterNormalizer, WordSegmenter, compose_words, generate_letters
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> words = compose_words(letters, ["HELLO", "WORLDS"], gap=0.3, random_state=0)
    >>> segmenter = WordSegmenter(normalizer=LetterNormalizer(polarity="light"))
    >>> [rows.shape for rows in segmenter.fit_transform([word.picture for word in words])]
    [(5, 784), (6, 784)]
    >>> segmenter.segment(words[0].picture)
    Segmentation(5 letters, confidence 1.00)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "gap": [StrOptions({"auto"}), Interval(Real, 0, 5, closed="both")],
        "touching": [StrOptions({"cut", "keep"})],
        "normalizer": [HasMethods(["fit_transform"]), None],
        "slant": [StrOptions({"auto"}), Interval(Real, -2, 2, closed="both")],
        "polarity": [StrOptions({"auto", "dark", "light"})],
        "print": [StrOptions({"keep", "ignore"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "errors": [StrOptions({"raise", "empty"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        gap: str | float = "auto",
        *,
        touching: str = "cut",
        normalizer: Any = None,
        slant: str | float = "auto",
        polarity: Polarity = "auto",
        print: Print = "keep",
        max_pixels: int = 50_000_000,
        timeout: float | None = SECONDS,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.gap = gap
        self.touching = touching
        self.normalizer = normalizer
        self.slant = slant
        self.polarity = polarity
        self.print = print
        self.max_pixels = max_pixels
        self.timeout = timeout
        self.errors = errors
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Validate the parameters and the form of X; pictures are not opened.

        Parameters
        ----------
        X : sequence of pictures, or array
            As for `transform`.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter is invalid, or X is empty.
        """
        as_pictures(X)
        return self

    def transform(self, X: Any) -> NDArray[np.object_]:
        """Segment words into letters.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays, each of a word; or an array of shape (n, height, width),
            (n, height, width, channels), or (n, k * k) with a flattened square picture in each row.

        Returns
        -------
        ndarray of object, shape (n,)
            Letters of each word from left to right: with a `normalizer`, an array of rows; otherwise, a list of
            pictures of ink (0 is paper, 1 is ink). For an unreadable picture, the array has 0 rows and the list is
            empty.

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink; the message states its index and name.
        """
        self._validate_params()
        blank = None if self.errors == "raise" else list
        cut, _ = map_pictures(self._letters, X, blank=blank, n_jobs=self.n_jobs)
        words = np.empty(len(cut), dtype=object)
        words[:] = cut if self.normalizer is None else self._rows(cut)
        return words

    def segment(self, picture: Picture) -> Segmentation:
        """Segment one word, and return boxes and details.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        Segmentation
            Boxes, letters, gaps, threshold and confidence.

        Raises
        ------
        PictureError
            If the picture cannot be opened, or holds no ink.

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.segmentation import WordSegmenter
        >>> word = np.zeros((40, 60))
        >>> word[5:35, 5:10] = word[5:35, 25:30] = word[5:35, 45:50] = 1.0
        >>> WordSegmenter().segment(word).boxes[0]
        Box(left=5, top=5, right=10, bottom=35)
        """
        self._validate_params()
        with deadline(self.timeout, partial(describe, picture)):
            ruled = read_ruled(picture, polarity=self.polarity, print=self.print, max_pixels=self.max_pixels)
            word = normalize_word(ruled.ink, slant=_number(self.slant), origin=Origin(factor=ruled.factor))
            check_time()
            return segment_word(word, smallest_gap=_number(self.gap), cut_touching=self.touching == "cut")

    def debug_image(self, picture: Picture) -> Rgb:
        """Draw the boxes of the letters of a word over its picture.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            Small pictures are enlarged. The left edge of a letter is dashed if it was cut from the letter before.

        Raises
        ------
        PictureError
            If the picture cannot be opened, or holds no ink.
        """
        found = self.segment(picture)
        return draw_boxes(open_picture(picture, max_pixels=self.max_pixels), found.boxes, dashed=found.cuts)

    def _letters(self, picture: Picture) -> list[Any]:
        """Return the letters of one word."""
        return list(self.segment(picture).letters)

    def _rows(self, words: list[list[Any]]) -> list[Any]:
        """Return the rows of the letters of each word, normalized in one call."""
        letters = [letter for word in words for letter in word]
        if not letters:
            return [np.empty((0, 0), np.float32) for _ in words]
        rows = np.asarray(clone(self.normalizer).fit_transform(letters))
        return np.split(rows, np.cumsum([len(word) for word in words])[:-1])

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False  # only if the columns are the pixels of a square picture
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _number(setting: str | float) -> float | None:
    """Return a numeric parameter, or None for "auto"."""
    return None if isinstance(setting, str) else float(setting)
