"""Fit contenders on the same letters with the same seeds, and record what they answer and cost."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from ensemble_hwr.evaluation._checks import (
    Contender,
    Division,
    Split,
    check_contenders,
    check_letters,
    checked_seeds,
    division,
    of_each_letter,
)
from ensemble_hwr.evaluation._measure import Task, measure
from ensemble_hwr.evaluation._result import Comparison, Run
from ensemble_hwr.evaluation._scaling import EqualParameters
from ensemble_hwr.exceptions import ConfigError


@dataclass(frozen=True)
class Progress:
    """One finished fit of a comparison.

    Attributes
    ----------
    contender : str
        Who was fitted.
    seed : int
        With which seed.
    done, total : int
        Fits finished, and fits in all.
    seconds : float
        Processor time of this fit.
    """

    contender: str
    seed: int
    done: int
    total: int
    seconds: float


def compare(
    contenders: Mapping[str, Contender],
    X: ArrayLike,
    y: ArrayLike,
    *,
    split: Split,
    seeds: Iterable[int] = (0, 1, 2, 3, 4),
    suspect: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    data: Mapping[str, object] | None = None,
    n_jobs: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Fit every contender with every seed on the same letters and record what it answers on the others.

    Parameters
    ----------
    contenders : mapping of str to classifier or EqualParameters
        At least one. Classifiers need ``predict_proba``. Every ``random_state`` in them is set by the seed, and
        every ``n_jobs`` to one core, so that seconds compare.
    X : array-like of shape (n_letters, n_features)
        Rows.
    y : array-like of shape (n_letters,)
        Labels.
    split : (train, test) or callable
        Indices of the letters to fit on and to test on, for every seed; or a function from seed to such a pair.
    seeds : iterable of int
        Different seeds. Five at least make the variance of the fits visible.
    suspect : array-like of shape (n_letters,) of bool, optional
        Letters whose label is doubted.
    sample_weight : array-like of shape (n_letters,), optional
        Weights for fitting, for all letters.
    data : mapping, optional
        What the letters are, for the report.
    n_jobs : int, optional
        Processes; each fits one contender at a time on one core.
    on_progress : callable, optional
        Called with a :class:`Progress` after each fit.

    Returns
    -------
    Comparison
        Every run, in the order of contenders and seeds.

    Raises
    ------
    DataError
        If rows, labels or the split do not fit together.
    ConfigError
        If a contender cannot be compared.

    See Also
    --------
    summarise : Figures, tests and the verdict, as a dict.
    comparison_table : The summary as a table for the terminal.
    write_report : The report as a page and as JSON.
    FrontierDisplay, PerClassDisplay, ConfusionDisplay : Plots with matplotlib.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr import compare
    >>> X, y = load_iris(return_X_y=True)
    >>> contenders = {"logistic": LogisticRegression(max_iter=1000), "bayes": GaussianNB()}
    >>> result = compare(contenders, X, y, split=(np.arange(0, 150, 2), np.arange(1, 150, 2)), seeds=[0])
    >>> result
    Comparison(logistic, bayes; 1 seeds, 150 letters)
    >>> from ensemble_hwr.evaluation import summarise
    >>> summarise(result)["contenders"]["bayes"]["accuracy"]
    [0.96]
    """
    check_contenders(contenders)
    rows, labels = np.asarray(X), np.asarray(y)
    check_letters(rows, labels)
    divisions = {seed: division(split, seed, rows, labels) for seed in checked_seeds(seeds)}
    weight = None if sample_weight is None else of_each_letter(sample_weight, "sample_weight", "fiu", len(rows))
    flags = None if suspect is None else of_each_letter(suspect, "suspect", "b", len(rows))
    bench = _Bench(rows, labels, weight, divisions, n_jobs, _Reporter(len(contenders) * len(divisions), on_progress))

    free = {name: contender for name, contender in contenders.items() if not isinstance(contender, EqualParameters)}
    bound = {name: contender for name, contender in contenders.items() if name not in free}
    runs = bench.run([Task(name, free[name], seed, divisions[seed]) for seed in divisions for name in free])
    parameters = {(run.contender, run.seed): run.parameters for run in runs}
    runs += bench.run([bench.sized(name, bound[name], seed, parameters) for seed in divisions for name in bound])
    order, seeds_in_order = list(contenders), list(divisions)
    runs.sort(key=lambda run: (order.index(run.contender), seeds_in_order.index(run.seed)))
    return Comparison(tuple(runs), labels, rows, flags, dict(data or {}))


@dataclass(frozen=True)
class _Bench:
    """What the fits of one comparison share."""

    rows: NDArray[Any]
    labels: NDArray[Any]
    weight: NDArray[Any] | None
    divisions: Mapping[int, Division]
    n_jobs: int | None
    report: _Reporter

    def run(self, tasks: list[Task]) -> list[Run]:
        """Fit and measure, several at a time, in whatever order they end."""
        pool = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")
        try:
            runs = pool(delayed(measure)(task, self.rows, self.labels, self.weight) for task in tasks)
            return [self.report(run) for run in runs]
        except BrokenExecutor as error:
            names = ", ".join(dict.fromkeys(task.name for task in tasks))
            raise ConfigError(
                f"a process that was fitting one of the contenders {names} ended without a word, as when "
                "memory runs out; use fewer jobs, or find the contender with one job."
            ) from error

    def sized(
        self, name: str, contender: EqualParameters, seed: int, parameters: Mapping[tuple[str, int], int | None]
    ) -> Task:
        """Give a contender as many parameters as its reference turned out to have with this seed."""
        train, _ = self.divisions[seed]
        try:
            n_parameters = parameters[contender.reference, seed]
            estimator = contender.sized(n_parameters, self.rows[train], len(np.unique(self.labels[train])))
        except ConfigError as error:
            raise ConfigError(f"contender {name!r}: {error}") from error
        return Task(name, estimator, seed, self.divisions[seed])


@dataclass
class _Reporter:
    """Counts finished fits, tells whoever wants to know, and passes on what they warned of."""

    total: int
    on_progress: Callable[[Progress], None] | None
    done: int = 0

    def __call__(self, run: Run) -> Run:
        self.done += 1
        for warning in run.warnings:
            warnings.warn(warning, stacklevel=4)
        if self.on_progress is not None:
            self.on_progress(Progress(run.contender, run.seed, self.done, self.total, run.fit_seconds))
        return run
