"""Fixed folds of the training letters: every trial of every member is judged on the same."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import PredefinedSplit, StratifiedGroupKFold, StratifiedKFold

from ensemble_hwr._typing import Fold
from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.data_schema import RandomSplit, SourcesSplit
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.exceptions import ConfigError

HELD_OUT = 0.2


def kept_together(config: ExperimentConfig) -> str:
    """Say what ``by = "auto"`` means: whatever the training part and the test part are divided by.

    Where the data prescribe the division, letters of a known writer stay together.
    """
    by = "auto" if config.tune is None else config.tune.by
    if by != "auto":
        return by
    if isinstance(config.split, SourcesSplit):
        return "source"
    return config.split.by if isinstance(config.split, RandomSplit) else "writer"


def companies(letters: LetterSet, by: str) -> NDArray[Any] | None:
    """Give letters that must stay together one number; None where every letter stands for itself.

    A letter whose writer or source is not known stands for itself. Two sources may use the same name for different
    writers.

    Raises
    ------
    ConfigError
        When nothing of the kind is known of any letter.
    """
    if by == "sample":
        return None
    known = letters.source if by == "source" else letters.writer
    if known is None or not (known != "").any():
        if by == "source":
            raise ConfigError("tune.by: got 'source', but no source of these letters is known; write by = 'sample'.")
        return None
    names = known.astype(object)
    if by == "writer" and letters.source is not None:
        names = np.array([f"{source}\0{writer}" for source, writer in zip(letters.source, known, strict=True)], object)
    alone = known == ""
    names[alone] = [f"\0{i}" for i in np.flatnonzero(alone)]
    return np.unique(names.astype(str), return_inverse=True)[1]


def divide_into_folds(labels: NDArray[Any], together: NDArray[Any] | None, n_folds: int, seed: int) -> list[Fold]:
    """Divide letters into pairs of a part to learn from and a part to be judged on.

    Parameters
    ----------
    labels : ndarray of shape (n,)
    together : ndarray of shape (n,), or None
        Number of each letter's company.
    n_folds : int
        Fewer where there are fewer companies.
    seed : int

    Returns
    -------
    list of (ndarray, ndarray)

    Raises
    ------
    ConfigError
        When all letters are of one company.
    """
    positions = np.arange(len(labels))
    most = int(np.unique(labels, return_counts=True)[1].max())
    with warnings.catch_warnings():
        # A class with fewer letters than folds is absent from some folds: members cope with that.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        if together is None:
            if most < 2:
                raise ConfigError("tune.folds: no class has two letters, so nothing is left to judge on; add letters.")
            folds = StratifiedKFold(min(n_folds, most), shuffle=True, random_state=seed)
            return list(folds.split(positions, labels))
        n_companies = len(np.unique(together))
        if n_companies < 2:
            raise ConfigError("tune.by: all letters are of one writer or source; write by = 'sample'.")
        grouped = StratifiedGroupKFold(min(n_folds, n_companies, most), shuffle=True, random_state=seed)
        return list(grouped.split(positions, labels, together))


def with_folds_of(estimator: Any, fit: NDArray[np.intp]) -> Any:
    """Let an ensemble that learns trust from named letters do so among the rows of a fold.

    Where the fold has none of them, or no others, trust is learned from a random fifth.

    Parameters
    ----------
    estimator : estimator
        Changed in place, if its ``cv`` is a division of all letters.
    fit : ndarray of int
        The rows that it will be fitted on.

    Returns
    -------
    estimator

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import PredefinedSplit
    >>> from ensemble_hwr import HierarchicalEnsembleClassifier
    >>> from ensemble_hwr.tuning._folds import with_folds_of
    >>> ensemble = HierarchicalEnsembleClassifier(cv=PredefinedSplit([0, 0, -1, -1]))
    >>> with_folds_of(ensemble, np.array([1, 2, 3])).cv.test_fold
    array([ 0, -1, -1])
    >>> with_folds_of(ensemble, np.array([1, 2])).cv
    0.2
    """
    if isinstance(getattr(estimator, "cv", None), PredefinedSplit):
        fold = estimator.cv.test_fold[fit]
        divided = len(np.unique(fold)) > 1  # -1 stands for those that are only learned from
        estimator.set_params(cv=PredefinedSplit(fold) if divided else HELD_OUT)
    return estimator
