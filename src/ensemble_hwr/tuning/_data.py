"""The training letters of a config and their folds; test letters are never used."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from ensemble_hwr._typing import Fold
from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.data_schema import OversampleBalance, RandomSplit, SourcesSplit
from ensemble_hwr.config.letters import build_split, is_extra, training_weight
from ensemble_hwr.datasets import LetterSet, balance_indices
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._objective import TrainingData


@dataclass(frozen=True)
class TrainingLetters:
    """The training part of a config.

    Attributes
    ----------
    data : TrainingData
        Rows, labels and weights.
    evaluated : ndarray of bool
        Letters that are evaluated in some fold; the others are additional training letters of every fold.
    groups : ndarray of int, or None
        Group number of each letter; the letters of a group are in the same fold. None if every letter is a group.
    sources : list of str or None, or None
        Source of each letter; None if the letters have no sources.
    """

    data: TrainingData
    evaluated: NDArray[np.bool_]
    groups: NDArray[np.intp] | None
    sources: list[str | None] | None

    def folds(self, config: ExperimentConfig, random_state: int) -> list[Fold]:
        """Split the evaluated letters into folds, and add the additional ones to the training rows of each."""
        assert config.tune is not None
        labels = self.data.y
        evaluated, additional = np.flatnonzero(self.evaluated), np.flatnonzero(~self.evaluated)
        groups = None if self.groups is None else self.groups[evaluated]
        folds = []
        for train, valid in split_folds(labels[evaluated], groups, config.tune.folds, random_state):
            rows = np.concatenate([evaluated[train], additional])
            if isinstance(config.balance, OversampleBalance):
                limit = config.balance.per_class
                repeated = balance_indices(labels[rows], "oversample", limit=limit, random_state=random_state)
                rows = rows[repeated]
            folds.append((rows, evaluated[valid]))
        return folds


def training_letters(config: ExperimentConfig, letters: LetterSet, rows: NDArray[np.float32]) -> TrainingLetters:
    """Select the training part, each letter once: oversampling is done within each fold."""
    split = build_split(config, letters)
    train, _ = split(config.seeds[0]) if callable(split) else split
    train = np.unique(train)
    weight = training_weight(config, letters)
    selected = letters.take(train)
    return TrainingLetters(
        TrainingData(rows[train], selected.target, None if weight is None else weight[train]),
        ~is_extra(selected),
        group_numbers(selected, grouping(config)),
        None if selected.source is None else selected.source.tolist(),
    )


def grouping(config: ExperimentConfig) -> str:
    """Return the grouping of the folds; ``by = "auto"`` follows the split into training and test letters.

    Where the data predefine that split, folds are grouped by writer.
    """
    by = "auto" if config.tune is None else config.tune.by
    if by != "auto":
        return by
    if isinstance(config.split, SourcesSplit):
        return "source"
    return config.split.by if isinstance(config.split, RandomSplit) else "writer"


def group_numbers(letters: LetterSet, by: str) -> NDArray[Any] | None:
    """Return the number of each letter's group; None if every letter is a group of its own.

    A letter of an unknown writer or source is a group of its own. Writers of the same name in different sources are
    different writers.

    Raises
    ------
    ConfigError
        If the letters are to be grouped by source, and all sources are unknown.
    """
    if by == "sample":
        return None
    known = letters.source if by == "source" else letters.writer
    if known is None or not (known != "").any():
        if by == "source":
            raise ConfigError("tune.by: got 'source', but the letters have no known source; write by = 'sample'")
        return None
    names = known.astype(object)
    if by == "writer" and letters.source is not None:
        names = np.array([f"{source}\0{writer}" for source, writer in zip(letters.source, known, strict=True)], object)
    unknown = known == ""
    names[unknown] = [f"\0{i}" for i in np.flatnonzero(unknown)]
    return np.unique(names.astype(str), return_inverse=True)[1]


def split_folds(labels: NDArray[Any], groups: NDArray[Any] | None, n_folds: int, random_state: int) -> list[Fold]:
    """Split letters into folds, stratified by label.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Labels.
    groups : ndarray of shape (n,), or None
        Number of each letter's group.
    n_folds : int
        Number of folds; fewer if there are fewer groups.
    random_state : int
        Seed of the shuffle.

    Returns
    -------
    list of (ndarray, ndarray)
        Rows to train on and rows to evaluate on.

    Raises
    ------
    ConfigError
        If there is one group only, or each class has one letter only.
    """
    positions = np.arange(len(labels))
    most = int(np.unique(labels, return_counts=True)[1].max())
    with warnings.catch_warnings():
        # a class with fewer letters than folds is missing from some folds, which members accept
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        if groups is None:
            if most < 2:
                raise ConfigError("tune.folds: no class has two letters, so none is left to evaluate; add letters")
            folds = StratifiedKFold(min(n_folds, most), shuffle=True, random_state=random_state)
            return list(folds.split(positions, labels))
        n_groups = len(np.unique(groups))
        if n_groups < 2:
            raise ConfigError("tune.by: all letters are of one writer or source; write by = 'sample'")
        grouped = StratifiedGroupKFold(min(n_folds, n_groups, most), shuffle=True, random_state=random_state)
        return list(grouped.split(positions, labels, groups))
