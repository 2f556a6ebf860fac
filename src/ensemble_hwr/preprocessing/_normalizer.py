"""Pictures of letters of any size to rows of the same size."""

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.parallel import Parallel, delayed

from ensemble_hwr._sklearn import Interval, StrOptions
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import Picture, Polarity, as_pictures, to_ink
from ensemble_hwr.preprocessing._placement import crop_letter, place_by_mass, place_classic

_CHUNK = 256


class LetterNormalizer(TransformerMixin, BaseEstimator):
    """Bring letters to one place, size and polarity, as rows of ink.

    Each picture is opened, turned into ink, and its letter cut out, without specks and fragments of
    neighbours. The letter is then scaled, its aspect kept, and placed in a square frame. No picture is
    dropped and nothing is learned from the data: a row depends on its picture alone.

    Parameters
    ----------
    size : int, default=28
        Side of the frame in pixels.
    box : int, default=20
        Longer side of the scaled letter in pixels.
    method : {"mass", "classic"}, default="mass"
        "mass" centres by centre of mass, as MNIST was made: 20 pixels in 28. "classic" is the chain often
        applied to NIST forms: the whole picture to 128x128, to 56x56, crop the padding, and fit the rest
        centred into the frame (give ``box=size`` to fill it). It leaves specks where they are.
    polarity : {"auto", "dark", "light"}, default="auto"
        Which pixels are ink. Where it is known, as "light" for MNIST-like rows, saying so saves the guess.
    max_pixels : int, default=50_000_000
        Larger pictures are refused.
    errors : {"raise", "blank"}, default="raise"
        What becomes of a picture that cannot be read: the first one raises an error, or each becomes a row
        of zeros and one warning counts them.
    n_jobs : int, default=None
        Processes to work in; None is 1, -1 all processors.

    See Also
    --------
    GradientFeatures : Features of the rows.
    ensemble_hwr.images.to_ink : The first half of the work.

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

    _parameter_constraints: dict[str, list[Any]] = {
        "size": [Interval(Integral, 2, None, closed="left")],
        "box": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions({"mass", "classic"})],
        "polarity": [StrOptions({"auto", "dark", "light"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "errors": [StrOptions({"raise", "blank"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        size: int = 28,
        box: int = 20,
        *,
        method: str = "mass",
        polarity: Polarity = "auto",
        max_pixels: int = 50_000_000,
        errors: str = "raise",
        n_jobs: int | None = None,
    ) -> None:
        self.size = size
        self.box = box
        self.method = method
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
        LetterNormalizer
        """
        self._check_settings()
        as_pictures(X)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Bring pictures to rows of ink.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays of any sizes; or an array of shape (n, height, width),
            (n, height, width, channels), or (n, k * k) with a flattened square picture in each row.

        Returns
        -------
        ndarray of float32, shape (n, size * size)
            0 is paper, 1 is ink.

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink; the message has its index and name.
        """
        rows, failures = self._normalize(X, raising=self.errors == "raise")
        if failures:
            index, reason = next(iter(failures.items()))
            warnings.warn(
                f"{len(failures)} of {len(rows)} pictures became blank rows; the first: picture {index}: {reason}",
                stacklevel=2,
            )
        return rows

    def transform_readable(self, X: Any) -> tuple[NDArray[np.float32], dict[int, str]]:
        """Bring those pictures to rows that can be read, and say what is wrong with the others.

        Parameters
        ----------
        X : sequence of pictures, or array
            As `transform` takes them.

        Returns
        -------
        rows : ndarray of float32, shape (n_readable, size * size)
            In the order of the pictures.
        failures : dict of int to str
            Position of each picture that has no row, and the reason.

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
        """Name the pixels of a row.

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

    def _check_settings(self) -> None:
        self._validate_params()
        if self.box > self.size:
            raise ValueError(f"box={self.box} must not be larger than size={self.size}")

    def _normalize(self, X: Any, *, raising: bool) -> tuple[NDArray[np.float32], dict[int, str]]:
        """Rows of all pictures, and what was wrong with those that became blank."""
        self._check_settings()
        pictures = as_pictures(X)
        starts = range(0, len(pictures), _CHUNK)
        n_jobs = min(effective_n_jobs(self.n_jobs), len(starts))
        chunks = ((pictures[start : start + _CHUNK], start, self, raising) for start in starts)
        if n_jobs > 1:
            done = Parallel(n_jobs=n_jobs)(delayed(_normalize_chunk)(*chunk) for chunk in chunks)
        else:  # to prepare for many would take as long as one letter does
            done = [_normalize_chunk(*chunk) for chunk in chunks]
        failures = {index: reason for _, of_chunk in done for index, reason in of_chunk.items()}
        return np.concatenate([rows for rows, _ in done]), failures

    def _row(self, picture: Picture) -> NDArray[np.float32]:
        # What is shrunk here has no detail that a letter of `box` pixels could show.
        ink = to_ink(picture, polarity=self.polarity, longest=12 * self.size, max_pixels=self.max_pixels)
        if self.method == "classic":
            return place_classic(ink, self.size, self.box).ravel()
        return place_by_mass(crop_letter(ink), self.size, self.box).ravel()

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


def _normalize_chunk(
    pictures: Sequence[Picture], first: int, normalizer: LetterNormalizer, raising: bool
) -> tuple[NDArray[np.float32], dict[int, str]]:
    rows = np.zeros((len(pictures), normalizer.size**2), dtype=np.float32)
    failures = {}
    for index, picture in enumerate(pictures):
        try:
            rows[index] = normalizer._row(picture)
        except PictureError as error:
            if raising:
                raise PictureError(f"picture {first + index}: {error}") from error
            failures[first + index] = str(error)
    return rows, failures
