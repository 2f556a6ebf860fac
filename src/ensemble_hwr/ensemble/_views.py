"""What members see of rows: each view computed once for all who share it, for the rows they ask about alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._sklearn import _num_samples
from ensemble_hwr._typing import IntArray


@dataclass(frozen=True)
class Step:
    """A fitted transformer. Steps are equal whose transformers hold the same, for they do the same to rows.

    Attributes
    ----------
    transformer : transformer
        Fitted.
    key : str
        A hash of its type and of all it holds.
    """

    transformer: Any = field(compare=False)
    key: str

    @classmethod
    def of(cls, transformer: Any) -> Step:
        """Make a step of a fitted transformer."""
        try:
            return cls(transformer, joblib.hash(transformer))
        except Exception:  # what cannot be pickled is like nothing but itself; picklers raise what they like
            return cls(transformer, f"id {id(transformer)}")

    def __call__(self, rows: Any) -> Any:
        """Transform rows; those of float32 that an own transformer would only check are not checked again."""
        own = getattr(self.transformer, "_transform_checked", None)
        if own is not None and isinstance(rows, np.ndarray) and rows.dtype == np.float32:
            return own(rows)
        return self.transformer.transform(rows)


Chain = tuple[Step, ...]


class Views:
    """What chains of steps make of the rows of one block, kept for as long as this object is.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_rows, n_features)
        The rows of the block, checked.
    """

    def __init__(self, X: Any) -> None:
        self._X = X
        self._kept: dict[Chain, _Kept] = {}

    def __len__(self) -> int:
        n_rows: int = _num_samples(self._X)
        return n_rows

    def see(self, chain: Chain, rows: IntArray | None = None) -> Any:
        """Return what a chain makes of some of the rows; of all where `rows` is None."""
        if not chain:
            return self._X if rows is None else self._X[rows]
        kept = self._kept.setdefault(chain, _Kept(len(self)))
        missing = kept.missing(rows)
        if missing is None or len(missing):
            made = chain[-1](self.see(chain[:-1], missing))
            if not _can_be_kept(made):
                return made if missing is rows else chain[-1](self.see(chain[:-1], rows))
            kept.keep(made, missing)
        return kept.get(rows)


class _Kept:
    """Rows of one view as far as they are known."""

    def __init__(self, n_rows: int) -> None:
        self._known = np.zeros(n_rows, dtype=bool)
        self._values: NDArray[Any] | None = None

    def missing(self, rows: IntArray | None) -> IntArray | None:
        """Return those of the rows that are not known; None for all there are."""
        if self._values is None:
            return rows
        return np.flatnonzero(~self._known) if rows is None else rows[~self._known[rows]]

    def keep(self, made: NDArray[Any], rows: IntArray | None) -> None:
        if rows is None:
            self._values = made
            self._known[:] = True
            return
        if self._values is None:
            self._values = np.empty((len(self._known), made.shape[1]), dtype=made.dtype)
        self._values[rows] = made
        self._known[rows] = True

    def get(self, rows: IntArray | None) -> NDArray[Any]:
        assert self._values is not None
        return self._values if rows is None else self._values[rows]


def _can_be_kept(made: Any) -> bool:
    return type(made) is np.ndarray and made.ndim == 2
