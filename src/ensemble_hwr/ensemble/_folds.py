"""Which rows members are judged on that they were not fitted on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold, check_cv

from ensemble_hwr._typing import Fold, IntArray
from ensemble_hwr.exceptions import HierarchyError

DEFAULT_FOLDS = 3
MANY_ROWS = 5000  # from here on one held-out half teaches as much, for half the fits


def held_out_folds(
    cv: Any, X: Any, codes: IntArray, rng: np.random.RandomState | None, **split_params: Any
) -> list[Fold]:
    """Divide rows into pairs of a part to fit on and a part to judge on.

    Parameters
    ----------
    cv : None, int, float, splitter or iterable
        Number of stratified folds; the share of rows of a single held-out part; or anything scikit-learn takes as
        ``cv``. None is 3 folds, or from 5,000 rows on one held-out half.
    X : array-like of shape (n_samples, n_features)
        Rows.
    codes : ndarray of shape (n_samples,)
        Their classes, as columns.
    rng : RandomState or None
        Source of the shuffle.
    **split_params
        Such as ``groups``, for splitters that keep writers together.

    Returns
    -------
    list of (ndarray, ndarray)
        Rows to fit on and rows to judge on.
    """
    if cv is not None and not isinstance(cv, Real):
        drawn = check_cv(cv, codes, classifier=True).split(X, codes, **split_params)
        return _checked(drawn, len(codes))
    if cv is None and len(codes) >= MANY_ROWS:
        cv = 0.5
    wanted = DEFAULT_FOLDS if cv is None else int(cv) if isinstance(cv, Integral) else max(2, round(1 / float(cv)))
    n_folds = min(wanted, int(np.bincount(codes).max()))
    if n_folds < 2:
        raise HierarchyError(
            "trust and derived sets are learned from rows the members were not fitted on, but no class has two rows; "
            "give more rows, or trust a number and declare the sets."
        )
    seed = None if rng is None else int(rng.randint(np.iinfo(np.int32).max))
    with warnings.catch_warnings():
        # A class with fewer rows than folds is absent from some folds: members cope with that.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(np.empty(len(codes)), codes))
    return folds if cv is None or isinstance(cv, Integral) else folds[:1]


def _checked(drawn: Iterable[Any], n_samples: int) -> list[Fold]:
    """Return folds as arrays of positions, each row on one side at most."""
    folds: list[Fold] = []
    for fold in drawn:
        train, test = (np.asarray(part) for part in fold)
        masks = train.dtype == test.dtype == bool
        if masks and train.shape == test.shape == (n_samples,):
            train, test = np.flatnonzero(train), np.flatnonzero(test)
        for part in (train, test):
            if part.ndim != 1 or part.dtype.kind not in "iu" or not len(part):
                raise _wrong_fold(len(folds), f"got a part of shape {part.shape} and dtype {part.dtype}")
            if part.min() < 0 or part.max() >= n_samples:
                raise _wrong_fold(len(folds), f"got positions {part.min()} to {part.max()} of {n_samples} rows")
        both = np.intersect1d(train, test)
        if len(both):
            raise _wrong_fold(len(folds), f"row {both[0]} is on both sides")
        folds.append((train, test))
    if not folds:
        raise HierarchyError("cv: got no folds; give at least one pair of rows to fit on and rows to judge on.")
    return folds


def _wrong_fold(number: int, got: str) -> HierarchyError:
    return HierarchyError(
        f"cv: fold {number}: {got}; a fold is a pair of rows to fit on and other rows to judge on, "
        "each one or more positions."
    )
