"""Pictures of words to letters, as a transformer."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone

from ensemble_hwr._sklearn import HasMethods, Interval, StrOptions
from ensemble_hwr.images import Picture, Polarity, open_picture
from ensemble_hwr.images.sources import as_pictures, map_pictures
from ensemble_hwr.segmentation._debug import Rgb, draw_segmentation
from ensemble_hwr.segmentation._ink import read_ink
from ensemble_hwr.segmentation._segment import Segmentation, segment_writing
from ensemble_hwr.segmentation._writing import Origin, take_writing


class WordSegmenter(TransformerMixin, BaseEstimator):
    """Cut pictures of words into letters.

    A picture is opened, turned into ink, freed of specks and ruled lines, and set upright. Then columns are traversed
    from left to right: where enough of them are blank, a letter closes. How many are enough is said in letter heights
    (so the size of the picture does not matter), and by default found out from the word itself: a gap far smaller
    than the word's usual one is a break in a letter, such as a K in two strokes, above all beside something too low to
    be a letter. Dots and accents go with the letter below them, and letters whose columns overlap a little are
    told apart where their ink does not meet. What is too wide to be one letter is cut where that crosses the least ink.

    Nothing is learned, and no word is dropped: there is an entry for each picture.

    Parameters
    ----------
    gap : "auto" or float, default="auto"
        How much blank paper closes a letter, in letter heights: 0.1 is a tenth of the height of the letters. Raise it
        where letters are broken up, lower it where neighbours stay together. "auto" finds it for each word.
    touching : {"cut", "keep"}, default="cut"
        Whether what is too wide to be one letter is cut or kept whole. "keep" is the method of blank columns alone.
    normalizer : transformer, default=None
        What makes rows of a word's letters, such as `LetterNormalizer(polarity="light")`; None leaves them pictures.
    slant : "auto" or float, default="auto"
        How far the letters lean to the right: the tangent of the angle. "auto" finds it for each word; 0 leaves all
        as it is.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink.
    max_pixels : int, default=50_000_000
        Larger pictures are refused.
    errors : {"raise", "empty"}, default="raise"
        What becomes of a picture that cannot be read: the first one raises an error, or each becomes a word without
        letters.
    n_jobs : int, default=None
        Processes to work in; None is 1, -1 all processors.

    See Also
    --------
    cut_word : Cuts more often than letters meet, for a reader to choose.

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

    _parameter_constraints: dict[str, list[Any]] = {
        "gap": [StrOptions({"auto"}), Interval(Real, 0, 5, closed="both")],
        "touching": [StrOptions({"cut", "keep"})],
        "normalizer": [HasMethods(["fit_transform"]), None],
        "slant": [StrOptions({"auto"}), Interval(Real, -2, 2, closed="both")],
        "polarity": [StrOptions({"auto", "dark", "light"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
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
        max_pixels: int = 50_000_000,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.gap = gap
        self.touching = touching
        self.normalizer = normalizer
        self.slant = slant
        self.polarity = polarity
        self.max_pixels = max_pixels
        self.errors = errors
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the settings and the form of X; nothing is learned.

        Parameters
        ----------
        X : sequence of pictures, or array
            As `transform` takes them; they are not opened.
        y : ignored

        Returns
        -------
        WordSegmenter
        """
        self._validate_params()
        as_pictures(X)
        return self

    def transform(self, X: Any) -> NDArray[np.object_]:
        """Cut words into letters.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays, each a word; or an array of shape (n, height, width),
            (n, height, width, channels), or (n, k * k) with a flattened square picture in each row.

        Returns
        -------
        ndarray of object, shape (n,)
            For each word its letters from left to right: with a `normalizer` an array of rows, without a list of
            pictures of ink (0 is paper, 1 is ink). Where there are none, the list is empty and the array has 0 rows.

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink; the message has its index and name.
        """
        self._validate_params()
        blank = None if self.errors == "raise" else list
        cut, _ = map_pictures(self._letters, X, blank=blank, n_jobs=self.n_jobs)
        words = np.empty(len(cut), dtype=object)
        words[:] = cut if self.normalizer is None else self._rows(cut)
        return words

    def segment(self, picture: Picture) -> Segmentation:
        """Cut one word into letters, and say where and how.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        Segmentation
            Boxes, letters, gaps, the threshold used and a confidence.

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        """
        self._validate_params()
        ink, factor = read_ink(picture, polarity=self.polarity, max_pixels=self.max_pixels)
        writing = take_writing(ink, slant=_number(self.slant), origin=Origin(factor=factor))
        return segment_writing(writing, smallest_gap=_number(self.gap), cut_touching=self.touching == "cut")

    def debug_image(self, picture: Picture) -> Rgb:
        """Draw the boxes of a word's letters over its picture.

        Parameters
        ----------
        picture : path, bytes, PIL image or ndarray

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            Small pictures are enlarged; the left edge is dashed where a letter was cut off the one before it.

        Raises
        ------
        PictureError
            If it cannot be opened, or holds no ink.
        """
        return draw_segmentation(open_picture(picture, max_pixels=self.max_pixels), self.segment(picture))

    def _letters(self, picture: Picture) -> list[Any]:
        """Return the letters of one word."""
        return list(self.segment(picture).letters)

    def _rows(self, words: list[list[Any]]) -> list[Any]:
        """Normalise the letters of all words at once."""
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
        tags.input_tags.two_d_array = False  # only where the columns are a square picture's pixels
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _number(setting: str | float) -> float | None:
    return None if isinstance(setting, str) else float(setting)
