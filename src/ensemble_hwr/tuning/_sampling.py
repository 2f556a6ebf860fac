"""Samplers and pruners that go on, after an interruption, as if there had been none."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from ensemble_hwr.tuning._liveness import RETRY_OF

SURPLUS = "surplus"
STARTUP_TRIALS = 10
PERCENTILES = {"median": 50.0, "percentile": 40.0}  # of finished trials, best first, whom a trial must keep up with


class ResumableSampler(BaseSampler):
    """A sampler seeded anew for every trial, by the trial's place in the study.

    What a trial is given follows from the seed, its place and the trials before it, and not from how often the
    process was started. A trial that is tried again has the place of the one it stands for.

    Parameters
    ----------
    kind : {"tpe", "random"}
    seed : int
    """

    def __init__(self, kind: str, seed: int) -> None:
        self._kind = kind
        self._seed = seed
        self._study: Study | None = None
        self._current: tuple[int, BaseSampler] | None = None

    def follow(self, study: Study) -> None:
        """Count places in `study`: Hyperband shows a sampler a part of it only."""
        self._study = study

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the settings that are drawn together."""
        return self._sampler(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw settings together."""
        return self._sampler(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one setting."""
        return self._sampler(study, trial).sample_independent(study, trial, param_name, param_distribution)

    def _sampler(self, study: Study, trial: FrozenTrial) -> BaseSampler:
        if self._current is None or self._current[0] != trial.number:
            place = place_of(self._study or study, trial)
            seed = int(np.random.SeedSequence([self._seed, place]).generate_state(1)[0])
            self._current = trial.number, _sampler(self._kind, seed)
        return self._current[1]


def place_of(study: Study, trial: FrozenTrial) -> int:
    """Return how many trials were begun before a trial, those that were tried again counted once."""
    number = trial.user_attrs.get(RETRY_OF, trial.number)
    return sum(
        other.number < number and RETRY_OF not in other.user_attrs and SURPLUS not in other.user_attrs
        for other in study.get_trials(deepcopy=False)
    )


def make_pruner(kind: str, span: int, folds: int) -> optuna.pruners.BasePruner:
    """Make a pruner of trials that report up to `span` times in each fold.

    The first sixth of the first fold says more of the learning rate than of where it leads to: nobody is pruned then,
    save by Hyperband.
    """
    steps = span * folds
    if kind in PERCENTILES:
        return optuna.pruners.PercentilePruner(PERCENTILES[kind], n_startup_trials=2, n_warmup_steps=span // 6)
    if kind == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=max(1, steps // 27), max_resource=max(2, steps))
    return optuna.pruners.NopPruner()


def finished(study: Study) -> list[FrozenTrial]:
    """Return the trials that were completed or pruned, in the order in which they were begun."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _sampler(kind: str, seed: int) -> BaseSampler:
    if kind == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # group: settings that are searched together only under a condition are modelled apart
        return TPESampler(multivariate=True, group=True, constant_liar=True, n_startup_trials=STARTUP_TRIALS, seed=seed)
