"""What is known of each candidate for a letter: its pixels, and how it lies in its word."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ensemble_hwr._sklearn import Interval
from ensemble_hwr._typing import Rows
from ensemble_hwr.preprocessing import GradientFeatures
from ensemble_hwr.segmentation import Lattice, StrokeLattice

PLACES = (
    "width", "height", "top", "bottom", "gap before", "gap after", "price before", "price after",
    "widest gap inside", "narrowest gap inside", "highest price inside", "lowest price inside", "pieces",
    "stroke", "usual gap", "pieces a letter height",
)  # fmt: skip
"""Columns that follow the pixels; lengths are in letter heights, prices in strokes."""

_OUTSIDE = 1.0  # letter heights of paper before the first letter and after the last
_NEAREST, _FARTHEST = -0.5, 1.0  # letter heights: gaps beyond say no more


def describe_candidates(lattice: Lattice | StrokeLattice, rows: Rows) -> Rows:
    """Put together what is known of the candidates of a word.

    Parameters
    ----------
    lattice : Lattice or StrokeLattice
    rows : ndarray of float32, shape (n_candidates, n_pixels)
        Each candidate's ink, as a `LetterNormalizer` makes it.

    Returns
    -------
    ndarray of float32, shape (n_candidates, n_pixels + 16)
    """
    return np.hstack([rows, _places(lattice)])


def _places(lattice: Lattice | StrokeLattice) -> Rows:
    """Size and place of each candidate, the paper around and in it, and what its cuts cross."""
    gaps = np.clip(np.concatenate([[_OUTSIDE], lattice.gaps, [_OUTSIDE]]), _NEAREST, _FARTHEST)
    prices = np.concatenate([[0.0], lattice.prices, [0.0]])
    usual = float(np.median(lattice.gaps)) if len(lattice.gaps) else 0.0
    length = max(candidate.right for candidate in lattice.candidates)
    stroke = lattice.stroke_width / lattice.letter_height
    described = []
    for candidate in lattice.candidates:
        start, stop = candidate.start, candidate.stop
        inner = slice(start + 1, stop)
        alone = stop - start == 1
        described.append([
            candidate.width, candidate.height, candidate.top, candidate.bottom,
            gaps[start], gaps[stop], prices[start], prices[stop],
            _NEAREST if alone else gaps[inner].max(), _NEAREST if alone else gaps[inner].min(),
            0.0 if alone else prices[inner].max(), 0.0 if alone else prices[inner].min(),
            stop - start, stroke, usual, lattice.n_pieces / max(length, 0.1),
        ])  # fmt: skip
    return np.array(described, dtype=np.float32)


class CandidateFeatures(TransformerMixin, BaseEstimator):
    """Gradient features of a candidate's pixels, beside how it lies in its word.

    Parameters
    ----------
    grid : int, default=5
        As in `GradientFeatures`.

    Attributes
    ----------
    n_features_in_ : int
    gradient_ : GradientFeatures

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.reading import CandidateFeatures
    >>> rows = np.random.default_rng(0).random((3, 784 + 16))
    >>> CandidateFeatures().fit_transform(rows).shape
    (3, 216)
    """

    _parameter_constraints: dict[str, list[Any]] = {"grid": [Interval(Integral, 2, 28, closed="both")]}

    def __init__(self, grid: int = 5) -> None:
        self.grid = grid

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the form of the rows; nothing else is learned.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels + 16)
        y : ignored

        Returns
        -------
        CandidateFeatures
        """
        self._validate_params()
        X = validate_data(self, X, dtype=np.float32, ensure_min_features=len(PLACES) + 4)
        self.gradient_ = GradientFeatures(grid=self.grid).fit(X[:, : -len(PLACES)])
        return self

    def transform(self, X: Any) -> Rows:
        """Turn rows into features.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels + 16)
            As `describe_candidates` makes them.

        Returns
        -------
        ndarray of float32
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        return np.hstack([self.gradient_.transform(X[:, : -len(PLACES)]), X[:, -len(PLACES) :]])
