"""Base class of the estimators that read pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr._workers import map_in_order
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import Picture
from ensemble_hwr.images.sources import as_pictures, describe
from ensemble_hwr.reading._document import Page, Word
from ensemble_hwr.reading._metrics import character_error_rate
from ensemble_hwr.reading.issues import Issue

Found = TypeVar("Found", Word, Page)


class PictureReader(BaseEstimator, Generic[Found]):
    """Base class of estimators that read pictures independently of each other, optionally in several processes.

    Subclasses have the parameters `errors` and `n_jobs`, and implement `read` and `_empty`.
    """

    errors: str
    n_jobs: int | None
    _n_together = 1  # pictures that `read_each` gets

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
        pictures, size = as_pictures(X), self._n_together
        batches = (pictures[start : start + size] for start in range(0, len(pictures), size))
        found: list[Found] = []
        with closing(
            map_in_order(
                self.read_each,
                batches,
                n_jobs=self.n_jobs,
                split=lambda batch: [[picture] for picture in batch],
                name=lambda batch: describe(batch[0]),
            )
        ) as results:
            for batch, read in results:
                for result in [read] * len(batch) if isinstance(read, Exception) else read:
                    if isinstance(result, DataError):
                        raise result
                    found.append(self._or_empty(result, len(found)) if isinstance(result, PictureError) else result)
        return found

    def _or_empty(self, error: PictureError, index: int) -> Found:
        """Raise the error of a picture, or return an empty result."""
        if self.errors == "raise":
            raise PictureError(f"picture {index}: {error}") from error
        return replace(self._empty(), issues=(Issue("unreadable", str(error)),))

    def read_each(self, pictures: Sequence[Picture]) -> list[Found | PictureError | DataError]:
        """Read a few pictures in this process, and return the error of a picture in place of its result.

        Parameters
        ----------
        pictures : sequence of pictures

        Returns
        -------
        list of Word or of Page, with errors
        """
        return [self._result_of(picture) for picture in pictures]

    def _result_of(self, picture: Picture) -> Found | PictureError | DataError:
        try:
            return self.read(picture)
        except (PictureError, DataError) as error:
            return error

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
