"""Normalize pictures of letters of any size to rows of ink of one size."""

from __future__ import annotations

import math
import warnings
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache, partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from ensemble_hwr._deadlines import SECONDS, check_time, deadline
from ensemble_hwr._geometry import FRAME_SIDE, LETTER_BOX
from ensemble_hwr._sklearn import Interval, StrOptions, _fit_context
from ensemble_hwr._typing import Rows
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import MAX_SIDE, Picture, Polarity, flat_inks_by_size, open_picture, to_ink
from ensemble_hwr.images.borders import remove_borders
from ensemble_hwr.images.sources import FilePage, as_pictures, describe, map_batches
from ensemble_hwr.preprocessing._placing import crop_letter, place_by_mass, place_classic, place_letters

_BATCH_SIZE = 256  # pictures per task of a process
_PIXELS_AT_ONCE = 1 << 17  # that are normalized together: they stay in the processor's cache


class LetterNormalizer(TransformerMixin, BaseEstimator):
    """Normalize pictures of letters in size, position and polarity, as rows of ink.

    Each picture is opened, converted to ink, and cropped to its letter, without specks and fragments of neighbouring
    letters. The letter is scaled with its aspect ratio kept, and placed in a square frame. The transformer is
    stateless: a row depends on its picture only, up to rounding (about 1e-6). There is a row for each picture.

    Parameters
    ----------
    size : int, default=28
        Side of the frame in pixels, at least 2.
    box : int, default=20
        Longer side of the scaled letter in pixels, from 1 to `size`.
    method : {"mass", "classic"}, default="mass"
        "mass" puts the centre of mass on the centre of the frame, as MNIST does. "classic" is the chain often applied
        to NIST forms: the whole picture is resized to 128x128 and to 56x56, cropped, and centred in the frame (set
        ``box=size`` to fill it); specks are kept.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink. "auto" detects it per picture. Set it if it is known, such as "light" for MNIST.
    dots : bool, default=False
        Whether small parts above or below a letter are kept, such as the dots of i and j. Set it for small letters and
        punctuation marks. By default they are kept near the letter only; specks of capitals are removed more reliably
        then.
    max_pixels : int, default=50_000_000
        Pictures with more pixels count as unreadable.
    timeout : float, default=10
        Seconds of processor time for a picture; one that takes longer counts as unreadable. None sets no limit.
    errors : {"raise", "blank"}, default="raise"
        How to handle unreadable pictures: "raise" raises an error for the first, "blank" returns a row of zeros for
        each and issues one warning with their number.
    n_jobs : int, default=None
        Number of processes; None means 1, -1 means one per processor.

    See Also
    --------
    GradientFeatures : Features of the rows.
    ensemble_hwr.images.to_ink : Conversion of pictures to ink.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.preprocessing import LetterNormalizer
    >>> large, small = np.full((90, 60), 255, np.uint8), np.zeros((30, 20))
    >>> large[30:70, 25:35] = 0
    >>> small[9:19, 7:10] = 1.0
    >>> rows = LetterNormalizer().fit_transform([large, small])
    >>> rows.shape, rows.dtype
    ((2, 784), dtype('float32'))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "size": [Interval(Integral, 2, None, closed="left")],
        "box": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions({"mass", "classic"})],
        "polarity": [StrOptions({"auto", "dark", "light"})],
        "dots": ["boolean"],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "errors": [StrOptions({"raise", "blank"})],
        "n_jobs": [Integral, None],
    }

    dots: bool = False  # the values in models that were saved before the parameters existed
    timeout: float | None = SECONDS

    def __init__(
        self,
        size: int = FRAME_SIDE,
        box: int = LETTER_BOX,
        *,
        method: str = "mass",
        polarity: Polarity = "auto",
        dots: bool = False,
        max_pixels: int = 50_000_000,
        timeout: float | None = SECONDS,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.size = size
        self.box = box
        self.method = method
        self.polarity = polarity
        self.dots = dots
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
        self._check_box()
        as_pictures(X)
        return self

    def transform(self, X: Any) -> Rows:
        """Normalize pictures to rows of ink.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays of any sizes; or an array of shape (n, height, width),
            (n, height, width, channels), or (n, k * k) with a flattened square picture in each row.

        Returns
        -------
        ndarray of float32, shape (n, size * size)
            Ink from 0 (paper) to 1.

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink; the message states its index and name.
        """
        rows, failures = self._normalize(X, raising=self.errors == "raise")
        if failures:
            index, reason = next(iter(failures.items()))
            warnings.warn(
                f"{len(failures)} of {len(rows)} pictures became blank rows; the first: picture {index}: {reason}",
                stacklevel=2,
            )
        return rows

    def transform_readable(self, X: Any) -> tuple[Rows, dict[int, str]]:
        """Normalize the readable pictures, and return the reasons why the others are unreadable.

        Parameters
        ----------
        X : sequence of pictures, or array
            As for `transform`.

        Returns
        -------
        rows : ndarray of float32, shape (n_readable, size * size)
            In the order of the pictures.
        failures : dict of int to str
            Index of each unreadable picture, and the reason.

        Examples
        --------
        >>> import numpy as np
        >>> from ensemble_hwr.preprocessing import LetterNormalizer
        >>> letter = np.zeros((9, 9))
        >>> letter[2:7, 4] = 1.0
        >>> rows, failures = LetterNormalizer().transform_readable([letter, "missing.png", letter])
        >>> rows.shape, failures
        ((2, 784), {1: "'missing.png': there is no such file"})
        """
        rows, failures = self._normalize(X, raising=False)
        return np.delete(rows, list(failures), axis=0), failures

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the pixels of a row.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str, shape (size * size,)
            ``ink_<row>_<column>``.
        """
        names = [f"ink_{row}_{column}" for row in range(self.size) for column in range(self.size)]
        return np.asarray(names, dtype=object)

    def _check_parameters(self) -> None:
        """Validate the parameters, once for equal ones: a check takes a fifth of the time of a letter."""
        values = [getattr(self, name) for name in self._parameter_constraints]
        if type(self) is LetterNormalizer and all(isinstance(value, Hashable) for value in values):
            _check_values(*values)
        else:
            self._validate_params()
            self._check_box()

    def _check_box(self) -> None:
        """Raise an error if the letter is larger than the frame."""
        if self.box > self.size:
            raise ValueError(f"box={self.box} must not be larger than size={self.size}")

    def _normalize(self, X: Any, *, raising: bool) -> tuple[Rows, dict[int, str]]:
        """Return the rows of all pictures, and the reasons why some are blank."""
        self._check_parameters()
        work = partial(self._normalize_batch, raising=raising)
        done = map_batches(work, X, n_jobs=self.n_jobs, batch_size=_BATCH_SIZE)
        failures = {index: reason for _, of_batch in done for index, reason in of_batch.items()}
        return np.concatenate([rows for rows, _ in done]), failures

    def _normalize_batch(
        self, pictures: Sequence[Picture], start: int, *, raising: bool
    ) -> tuple[Rows, dict[int, str]]:
        """Return the rows of pictures that start at a position of the whole sequence, and why some are blank."""
        rows = np.zeros((len(pictures), self.size**2), np.float32)
        errors: dict[int, PictureError] = {}
        small: dict[tuple[int, ...], dict[int, NDArray[np.uint8]]] = {}  # by shape
        for place, picture in enumerate(pictures):
            try:
                with deadline(self.timeout, partial(describe, picture)):
                    grey = open_picture(picture, max_pixels=self.max_pixels, longest=self._longest)
                    check_time()
                    if self.method == "mass" and max(grey.shape) <= min(self._longest, MAX_SIDE):
                        small.setdefault(grey.shape, {})[place] = grey
                    else:
                        rows[place] = self._row(grey, picture)
            except PictureError as error:
                errors[place] = error
                if raising:
                    break
        for groups in _groups_at_once(small):
            errors |= self._normalize_small(pictures, groups, rows)
        if errors and raising:
            first = min(errors)
            raise PictureError(f"picture {start + first}: {errors[first]}") from errors[first]
        return rows, {start + place: str(errors[place]) for place in sorted(errors)}

    def _normalize_small(
        self, pictures: Sequence[Picture], groups: list[tuple[list[int], NDArray[np.uint8]]], rows: Rows
    ) -> dict[int, PictureError]:
        """Fill the rows of some pictures in groups of one size; return the errors of those that are unreadable."""
        converted = flat_inks_by_size([greys for _, greys in groups], polarity=self.polarity)
        simple, letters = [], []
        others: dict[int, NDArray[np.uint8]] = {}
        for (places, greys), (inks, clean) in zip(groups, converted, strict=True):
            if clean.any():
                simple.append(np.asarray(places)[clean])
                letters.append(inks if clean.all() else inks[clean])
            others |= {places[index]: greys[index] for index in np.flatnonzero(~clean)}
        if simple:
            rows[np.concatenate(simple)] = place_letters(letters, self.size, self.box, dots=self.dots)
        errors = {}
        for place, grey in others.items():
            try:
                rows[place] = self._row(grey, pictures[place])
            except PictureError as error:
                errors[place] = error
        return errors

    @property
    def _longest(self) -> int:
        """Longest side in pixels: nine frames resolve more than a letter shows that is scaled to `box` pixels."""
        return 9 * self.size

    def _row(self, grey: NDArray[np.uint8], picture: Picture) -> Rows:
        """Return the row of one picture that was opened."""
        page = FilePage(describe(picture), 1, False, grey)
        ink = to_ink(page, polarity=self.polarity, longest=self._longest, max_pixels=self.max_pixels)
        check_time()
        if self.method == "classic":
            return place_classic(ink, self.size, self.box).ravel()
        return place_by_mass(crop_letter(remove_borders(ink), dots=self.dots), self.size, self.box).ravel()

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


@lru_cache(maxsize=64, typed=True)
def _check_values(*values: Any) -> None:
    """Raise an error if the parameters of a normalizer are invalid, in the order of their constraints."""
    normalizer = LetterNormalizer(**dict(zip(LetterNormalizer._parameter_constraints, values, strict=True)))
    normalizer._validate_params()
    normalizer._check_box()


def _groups_at_once(
    small: dict[tuple[int, ...], dict[int, NDArray[np.uint8]]],
) -> Iterator[list[tuple[list[int], NDArray[np.uint8]]]]:
    """Yield some groups of places and pictures of one size; they stay in the processor's cache together."""
    groups: list[tuple[list[int], NDArray[np.uint8]]] = []
    left = _PIXELS_AT_ONCE
    for shape, greys in small.items():
        n_at_once = max(1, _PIXELS_AT_ONCE // math.prod(shape))
        for first in range(0, len(greys), n_at_once):
            places = list(greys)[first : first + n_at_once]
            n_pixels = len(places) * math.prod(shape)
            if groups and n_pixels > left:
                yield groups
                groups, left = [], _PIXELS_AT_ONCE
            groups.append((places, np.stack([greys[place] for place in places])))
            left -= n_pixels
    if groups:
        yield groups
