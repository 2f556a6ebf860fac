"""What a comparison measured: plain records that statistics, tables and reports read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class MemberTrace:
    """What one member of a hierarchy did to the test letters.

    Attributes
    ----------
    name : str
        Name of the member, such as ``"specialist:A-E"`` or ``"expert:B/P"``.
    role : str
        ``"specialist"`` or ``"expert"``.
    classes : tuple of str
        The member's set.
    trust : float
        Its weight, between 0 and 1.
    asked : int
        Test letters it spoke on.
    better : int
        Letters whose answer it changed from wrong to right.
    worse : int
        Letters whose answer it changed from right to wrong.
    """

    name: str
    role: str
    classes: tuple[str, ...]
    trust: float
    asked: int
    better: int
    worse: int


@dataclass(frozen=True)
class OperatingPoint:
    """What one fitted hierarchy reaches when its members are asked sooner or later.

    Attributes
    ----------
    confidence_threshold : float
        Members were asked where the leading class of their set held less than this share of it.
    accuracy : float
        Share of the test letters read rightly then.
    macs : float or None
        MACs spent per test letter then; None where they cannot be counted.
    """

    confidence_threshold: float
    accuracy: float
    macs: float | None


@dataclass(frozen=True)
class HierarchyTrace:
    """What the members of one fitted hierarchy did to the test letters.

    Attributes
    ----------
    router_accuracy : float
        Accuracy of the router alone.
    perfect_router_accuracy : float
        Accuracy had the router always put the letter's probability in its true group.
    groups : dict of str to tuple of str
        Classes of each group.
    members : tuple of MemberTrace
        Specialists and experts in the order in which they speak.
    operating_points : tuple of OperatingPoint
        The same fit, its members asked at other confidence_thresholds: from the router alone to everybody everywhere.
    """

    router_accuracy: float
    perfect_router_accuracy: float
    groups: dict[str, tuple[str, ...]]
    members: tuple[MemberTrace, ...]
    operating_points: tuple[OperatingPoint, ...] = ()


@dataclass(frozen=True)
class Run:
    """One contender, fitted and measured once.

    Attributes
    ----------
    contender : str
        Name of the contender.
    seed : int
        Seed of the fit (and of the division, where the division is drawn).
    test : ndarray of shape (n_test,) of int
        Which letters were tested, as indices into the letters of the comparison.
    probabilities : ndarray of shape (n_test, n_classes)
        What it answered; columns follow ``Comparison.classes``.
    fit_seconds, predict_seconds : float
        Processor time on one core.
    size_bytes : int
        Size of the fitted contender, serialised.
    parameters : int or None
        Weights and intercepts in all; None where the kind of estimator has none to count.
    macs : float or None
        MACs spent per test letter, features included; None where they cannot be counted.
    hierarchy : HierarchyTrace or None
        What its members did, for hierarchies.
    warnings : tuple of Warning
        What was warned of while it was fitted.
    """

    contender: str
    seed: int
    test: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    fit_seconds: float
    predict_seconds: float
    size_bytes: int
    parameters: int | None = None
    macs: float | None = None
    hierarchy: HierarchyTrace | None = None
    warnings: tuple[Warning, ...] = ()


@dataclass(frozen=True, repr=False)
class Comparison:
    """Everything a comparison measured, before any statistics.

    Attributes
    ----------
    runs : tuple of Run
        One for each contender and seed; every contender has the same seeds and, for one seed, the same test letters.
    y : ndarray of shape (n_letters,)
        Labels of the letters of the comparison.
    rows : ndarray of shape (n_letters, 784)
        The letters as ink, for pictures of the mistakes; any other width if they are not pictures.
    suspect : ndarray of shape (n_letters,) of bool or None
        Letters whose label is doubted; figures are also given without them.
    data : dict
        What the letters were, for the report: name, sizes, division, sources.
    """

    runs: tuple[Run, ...]
    y: NDArray[np.str_]
    rows: NDArray[np.float32]
    suspect: NDArray[np.bool_] | None = None
    data: dict[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Name what was compared; the arrays would fill pages."""
        return f"Comparison({', '.join(self.contenders)}; {len(self.seeds)} seeds, {len(self.y)} letters)"

    @property
    def classes(self) -> NDArray[np.str_]:
        """Sorted labels: the columns of every run's probabilities."""
        return np.unique(self.y)

    @property
    def contenders(self) -> tuple[str, ...]:
        """Names of the contenders, in the order in which they were given."""
        return tuple(dict.fromkeys(run.contender for run in self.runs))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds, in the order in which they were run."""
        return tuple(dict.fromkeys(run.seed for run in self.runs))

    def of(self, contender: str) -> tuple[Run, ...]:
        """Return the runs of one contender, one for each seed."""
        return tuple(run for run in self.runs if run.contender == contender)
