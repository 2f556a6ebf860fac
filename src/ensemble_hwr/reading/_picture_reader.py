"""What readers of words and of pages have in common: many pictures, some of which cannot be read."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from ensemble_hwr.images import Picture
from ensemble_hwr.images.sources import map_pictures
from ensemble_hwr.reading._document import Page, Word
from ensemble_hwr.reading._measure import character_error_rate

Found = TypeVar("Found", Word, Page)


class PictureReader(BaseEstimator, Generic[Found]):
    """Base of estimators that read pictures, each by itself, in several processes.

    One has the parameters ``errors`` and ``n_jobs``, and says how to `read` a picture and what `_nothing` is.
    """

    errors: str
    n_jobs: int | None

    def predict(self, X: Any) -> NDArray[np.object_]:
        r"""Read pictures.

        Parameters
        ----------
        X : sequence of pictures, or array
            Paths, bytes, PIL images or arrays; or an array of shape (n, height, width).

        Returns
        -------
        ndarray of str, shape (n,)
            Lines of a page end with ``"\n"``, but for the last.

        Raises
        ------
        PictureError
            If a picture cannot be opened or holds no ink; the message has its index and name.
        """
        texts = np.empty(len(X), dtype=object)
        texts[:] = [found.text for found in self.predict_details(X)]
        return texts

    def predict_details(self, X: Any) -> list[Found]:
        """Read pictures, and say where everything is, how sure all is, and what else it could be.

        Parameters
        ----------
        X : sequence of pictures, or array
            As `predict` takes them.

        Returns
        -------
        list of Word or of Page
            As `read` returns them. The other readings of a word and their probabilities are its ``alternatives``.

        Raises
        ------
        PictureError
            As `predict` does.
        """
        check_is_fitted(self)
        with threadpool_limits(1):  # as in processes of their own: with more threads, last bits differ
            blank = None if self.errors == "raise" else self._nothing
            return map_pictures(self.read, X, blank=blank, n_jobs=self.n_jobs)[0]

    def read(self, picture: Picture) -> Found:
        """Read one picture."""
        raise NotImplementedError

    def character_error_rate(self, X: Any, y: Any) -> float:
        """Characters that must be changed, added or removed to make the readings right, for each there is.

        Parameters
        ----------
        X : sequence of pictures, or array
        y : sequence of str
            What they say.

        Returns
        -------
        float
        """
        return character_error_rate(y, self.predict(X).tolist())

    def _nothing(self) -> Found:
        """Return what stands for a picture that cannot be read."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
