"""Samplers and pruners whose decisions do not depend on interruptions of the search."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from ensemble_hwr.tuning._heartbeat import RETRY_OF

SURPLUS, BASELINE = "surplus", "baseline"  # user attributes of trials, and of studies
STARTUP_TRIALS = 10
PERCENTILES = {"median": 50.0, "percentile": 40.0}  # of the finished trials, from the best


class Stopped(Exception):
    """The trial was ended because the search is to stop."""


class ResumableSampler(BaseSampler):
    """A sampler with a new seed for every trial, which depends on the trial's position in the study.

    The parameters of a trial depend on the seed, on its position and on the trials before it, but not on the number
    of interruptions. A trial that is queued again has the position of the original one.

    Parameters
    ----------
    kind : {"tpe", "random"}
        The sampler of Optuna.
    random_state : int
        Seed of the study.
    """

    def __init__(self, kind: str, random_state: int) -> None:
        self._kind = kind
        self._random_state = random_state
        self._study: Study | None = None
        self._current: tuple[int, BaseSampler] | None = None

    def follow(self, study: Study) -> None:
        """Count positions in `study`, since Hyperband passes a part of it only."""
        self._study = study

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that are drawn together."""
        return self._sampler(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw parameters together."""
        return self._sampler(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one parameter."""
        return self._sampler(study, trial).sample_independent(study, trial, param_name, param_distribution)

    def _sampler(self, study: Study, trial: FrozenTrial) -> BaseSampler:
        if self._current is None or self._current[0] != trial.number:
            position = _position(self._study or study, trial)
            seed = int(np.random.SeedSequence([self._random_state, position]).generate_state(1)[0])
            self._current = trial.number, _make_sampler(self._kind, seed)
        return self._current[1]


def make_pruner(kind: str, steps_per_fold: int, n_folds: int) -> optuna.pruners.BasePruner:
    """Make a pruner of trials that report up to `steps_per_fold` times in each fold.

    Only Hyperband prunes in the first sixth of the first fold: there the loss depends more on the learning rate than on
    the final network.
    """
    n_steps = steps_per_fold * n_folds
    if kind in PERCENTILES:
        n_warmup = steps_per_fold // 6
        return optuna.pruners.PercentilePruner(PERCENTILES[kind], n_startup_trials=2, n_warmup_steps=n_warmup)
    if kind == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=max(1, n_steps // 27), max_resource=max(2, n_steps))
    return optuna.pruners.NopPruner()


OUT_OF_TIME = "out of time"


@dataclass
class TrialMonitor:
    """Report the loss of a running trial, and end the trial if it is pruned or if the search is to stop.

    The trial of the baseline parameters is never pruned: the improvement is measured against it, and other trials are
    pruned by it.

    Attributes
    ----------
    trial : optuna.Trial
        The running trial.
    steps_per_fold : int
        Number of reports in each fold.
    should_stop : callable
        Whether the search is to stop; called after every epoch.
    is_out_of_time : callable
        Whether the time of the study is over; called after every epoch.
    epochs : int
        Number of epochs so far.
    """

    trial: Trial
    steps_per_fold: int
    should_stop: Callable[[], bool]
    is_out_of_time: Callable[[], bool] = lambda: False
    epochs: int = 0

    def report(self, fold: int, epoch: int | None, loss: float | None) -> None:
        """Report a loss after an epoch, or after a fold if `epoch` is None.

        Parameters
        ----------
        fold, epoch : int
            Their numbers, from 0.
        loss : float or None
            Mean loss so far; None after an epoch in which it was not measured.

        Raises
        ------
        optuna.TrialPruned
            If the trial is not promising, or the time of the study is over.
        Stopped
            If the search is to stop.
        """
        if loss is not None:
            self._report(fold, epoch, loss)
        if self.should_stop():
            raise Stopped
        if self.is_out_of_time():
            raise optuna.TrialPruned(OUT_OF_TIME)

    @cached_property
    def _is_baseline(self) -> bool:
        return self.trial.params == self.trial.study.user_attrs.get(BASELINE)

    def _report(self, fold: int, epoch: int | None, loss: float) -> None:
        last = self.steps_per_fold - 1
        if epoch is not None:
            self.epochs += 1
        if epoch is None or epoch < last:  # the loss after the last epoch is reported at the end of the fold
            self.trial.report(loss, fold * self.steps_per_fold + (last if epoch is None else epoch))
            if not self._is_baseline and self.trial.should_prune():
                raise optuna.TrialPruned


def finished_trials(study: Study) -> list[FrozenTrial]:
    """Return the completed and the pruned trials, in the order in which they were started."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _position(study: Study, trial: FrozenTrial) -> int:
    """Return the number of trials that were started before a trial; those queued again count once."""
    number = trial.user_attrs.get(RETRY_OF, trial.number)
    return sum(
        other.number < number and RETRY_OF not in other.user_attrs and SURPLUS not in other.user_attrs
        for other in study.get_trials(deepcopy=False)
    )


def _make_sampler(kind: str, seed: int) -> BaseSampler:
    if kind == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # group: parameters that are searched together under a condition only are modelled separately
        return TPESampler(multivariate=True, group=True, constant_liar=True, n_startup_trials=STARTUP_TRIALS, seed=seed)
