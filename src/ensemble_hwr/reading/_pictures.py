"""Base class of the estimators that read pictures."""

from __future__ import annotations

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
from ensemble_hwr.images.sources import as_pictures
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
        found: list[Found] = []
        with closing(map_in_order(self.read, as_pictures(X), n_jobs=self.n_jobs)) as results:
            for index, (_, result) in enumerate(results):
                if isinstance(result, PictureError):
                    if self.errors == "raise":
                        raise PictureError(f"picture {index}: {result}") from result
                    found.append(replace(self._empty(), issues=(Issue("unreadable", str(result)),)))
                elif isinstance(result, DataError):
                    raise result
                else:
                    found.append(result)
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
