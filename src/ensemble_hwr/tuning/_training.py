"""The letters that tuning learns from and judges on: the training part of a config, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Fold
from ensemble_hwr.config import ExperimentConfig, build_split
from ensemble_hwr.config.data_schema import OversampleBalance
from ensemble_hwr.config.letters import is_extra, training_weight
from ensemble_hwr.datasets import LetterSet, balance_indices
from ensemble_hwr.tuning._folds import companies, divide_into_folds, kept_together
from ensemble_hwr.tuning._question import Letters


@dataclass(frozen=True)
class TrainingLetters:
    """The training part of a config.

    Attributes
    ----------
    letters : Letters
        Rows, labels and weights.
    own : ndarray of bool
        Which of them are the config's own: judged on; those beside them are learned from alone.
    together : ndarray of int, or None
        Number of each letter's company, of those that must stay together in a fold.
    sources : list of str or None, or None
        Source of each letter, where letters have one.
    """

    letters: Letters
    own: NDArray[np.bool_]
    together: NDArray[np.intp] | None
    sources: list[str | None] | None

    @property
    def n_classes(self) -> int:
        """Return how many labels there are."""
        return len(np.unique(self.letters.labels))

    def folds(self, config: ExperimentConfig, seed: int) -> list[Fold]:
        """Divide the config's own letters into folds; letters beside them are learned from in all."""
        assert config.tune is not None
        labels = self.letters.labels
        own, beside = np.flatnonzero(self.own), np.flatnonzero(~self.own)
        together = None if self.together is None else self.together[own]
        drawn = []
        for fit, judge in divide_into_folds(labels[own], together, config.tune.folds, seed):
            learned = np.concatenate([own[fit], beside])
            if isinstance(config.balance, OversampleBalance):
                limit = config.balance.per_class
                again = balance_indices(labels[learned], "oversample", limit=limit, random_state=seed)
                learned = learned[again]
            drawn.append((learned, own[judge]))
        return drawn


def training_letters(config: ExperimentConfig, letters: LetterSet, rows: NDArray[np.float32]) -> TrainingLetters:
    """Take the training part, every letter once: where rare ones are repeated, this is done within each fold."""
    split = build_split(config, letters)
    train, _ = split(config.seeds[0]) if callable(split) else split
    train = np.unique(train)
    weight = training_weight(config, letters)
    chosen = letters.take(train)
    return TrainingLetters(
        Letters(rows[train], chosen.target, None if weight is None else weight[train]),
        ~is_extra(chosen),
        companies(chosen, kept_together(config)),
        None if chosen.source is None else chosen.source.tolist(),
    )
