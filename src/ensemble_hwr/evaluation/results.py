"""Results of a comparison as plain records, before any statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.evaluation.metrics import scores
from ensemble_hwr.exceptions import MissingExtraError
from ensemble_hwr.report.formats import mean, quantity, seconds, spread

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class MemberTrace:
    """Effect of one member of a hierarchy on the test samples.

    Attributes
    ----------
    name : str
        Name of the member, such as ``"specialist:A-E"`` or ``"expert:B/P"``.
    role : str
        ``"specialist"`` or ``"expert"``.
    classes : tuple of str
        The member's set.
    trust : float
        Weight of the member, between 0 and 1.
    routed : int
        Test samples on which the member was evaluated.
    improved : int
        Samples whose prediction the member changed from wrong to correct.
    worsened : int
        Samples whose prediction the member changed from correct to wrong.
    """

    name: str
    role: str
    classes: tuple[str, ...]
    trust: float
    routed: int
    improved: int
    worsened: int


@dataclass(frozen=True)
class OperatingPoint:
    """Accuracy and cost of a fitted hierarchy at one confidence threshold.

    Attributes
    ----------
    confidence_threshold : float
        Members were evaluated on samples where the leading class of their set had less than this share of the set's
        probability.
    accuracy : float
        Accuracy on the test samples, between 0 and 1.
    macs : float or None
        Mean MACs per test sample; None if they cannot be counted.
    """

    confidence_threshold: float
    accuracy: float
    macs: float | None


@dataclass(frozen=True)
class HierarchyTrace:
    """Effect of router and members of one fitted hierarchy on the test samples.

    Attributes
    ----------
    router_accuracy : float
        Accuracy of the router alone.
    perfect_router_accuracy : float
        Accuracy with a router that puts the whole probability into the true group of each sample.
    groups : dict of str to tuple of str
        Classes of each group.
    members : tuple of MemberTrace
        Specialists and experts in the order in which they are applied.
    operating_points : tuple of OperatingPoint
        The same fit at confidence thresholds from 0 (router alone) to 1 (all members on all samples of their sets).
    macs : float or None
        Mean MACs per test sample at the hierarchy's own threshold; None if they cannot be counted.
    subgroups : dict of str to tuple of str, or None
        Classes of each group within a group, level by level; None without such groups.
    """

    router_accuracy: float
    perfect_router_accuracy: float
    groups: dict[str, tuple[str, ...]]
    members: tuple[MemberTrace, ...]
    operating_points: tuple[OperatingPoint, ...] = ()
    macs: float | None = None
    subgroups: dict[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Run:
    """Result of one contender with one seed.

    Attributes
    ----------
    contender : str
        Name of the contender.
    seed : int
        Seed of the fit, and of the split if the split depends on the seed.
    test : ndarray of shape (n_test,) of int
        Indices of the test samples.
    probabilities : ndarray of shape (n_test, n_classes)
        Predicted probabilities; columns follow ``Comparison.classes``.
    fit_seconds, predict_seconds : float
        Processor time on one core.
    size_bytes : int
        Size of the fitted contender, pickled.
    parameters : int or None
        Number of weights and intercepts; None for estimators that have none to count.
    macs : float or None
        Mean MACs per test sample, features included; None if they cannot be counted.
    hierarchy : HierarchyTrace or None
        Effect of the members, for hierarchies.
    warnings : tuple of Warning
        Warnings of fit and prediction.
    loss_fell : bool or None
        Whether the training loss of every network in it fell below that of the first epoch; None without a network
        that keeps ``loss_curve_`` for two epochs or more, and for hierarchies.
    settings : str
        The estimator before the fit, as scikit-learn shows it: its class and the parameters that are not at their
        defaults. Long values are shortened.

    See Also
    --------
    compare : Returns runs within a :class:`Comparison`.
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
    loss_fell: bool | None = None
    settings: str = ""


@dataclass(frozen=True)
class CompareProgress:
    """Report of one finished fit of a comparison.

    Attributes
    ----------
    contender : str
        Name of the contender that was fitted.
    seed : int
        Seed of the fit.
    done, total : int
        Number of finished fits, and of all fits.
    seconds : float
        Processor time of the fit.

    See Also
    --------
    compare : Calls `on_progress` with it.
    """

    contender: str
    seed: int
    done: int
    total: int
    seconds: float


@dataclass(frozen=True, repr=False)
class Comparison:
    """Result of :func:`compare`: all runs, with the data they were tested on.

    Attributes
    ----------
    runs : tuple of Run
        One for each contender and seed. All contenders have the same seeds and, for one seed, the same test samples.
    y : ndarray of shape (n_samples,)
        Labels of all samples.
    rows : ndarray of shape (n_samples, n_features)
        Features of all samples. Rows of square pictures are shown in the report.
    suspect : ndarray of shape (n_samples,) of bool or None
        Samples with a suspected label error; scores are also given without them.
    data : dict
        Description of the data for the report, such as name, sizes and sources.
    train : ndarray of shape (n_train,) of int or None
        Indices of the training samples of the first seed, of which the report shows some.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.evaluation import compare
    >>> split = (range(0, 150, 2), range(1, 150, 2))
    >>> comparison = compare({"bayes": GaussianNB()}, *load_iris(return_X_y=True), split=split, seeds=[0])
    >>> comparison.contenders, comparison.of("bayes")[0].probabilities.shape
    (('bayes',), (75, 3))
    """

    runs: tuple[Run, ...]
    y: NDArray[np.str_]
    rows: NDArray[np.float32]
    suspect: NDArray[np.bool_] | None = None
    data: dict[str, object] = field(default_factory=dict)
    train: NDArray[np.intp] | None = None

    def __repr__(self) -> str:
        """Return names and sizes; the arrays would fill pages."""
        return f"Comparison({', '.join(self.contenders)}; {len(self.seeds)} seeds, {len(self.y)} samples)"

    def _repr_html_(self) -> str:
        """Return the means of the contenders as an HTML table, which notebooks show."""
        rows = "".join(
            f"<tr><th scope='row'>{escape(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
            for name, cells in ((name, _cells(self._records(name))) for name in self.contenders)
        )
        headings = "".join(f"<th scope='col'>{heading}</th>" for heading in ("contender", *_HEADINGS))
        over = f"mean ± standard deviation of {len(self.seeds)} seeds" if len(self.seeds) > 1 else "one seed"
        return f"<table><caption>{over}</caption><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"

    def to_frame(self) -> DataFrame:
        """Return a row per contender and seed, with scores and costs.

        Returns
        -------
        pandas.DataFrame
            Columns ``contender``, ``seed``, ``n_test``, ``accuracy``, ``macro_f1``, ``log_loss``,
            ``expected_calibration_error``, ``parameters`` and ``macs`` (missing if they cannot be counted),
            ``fit_seconds``, ``predict_seconds``, ``size_bytes``, and ``n_warnings``.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from ensemble_hwr.evaluation import compare
        >>> split = (range(0, 150, 2), range(1, 150, 2))
        >>> comparison = compare({"bayes": GaussianNB()}, *load_iris(return_X_y=True), split=split, seeds=[0])
        >>> comparison.to_frame()[["contender", "seed", "n_test", "accuracy"]]
          contender  seed  n_test  accuracy
        0     bayes     0      75      0.96
        """
        try:
            from pandas import DataFrame
        except ModuleNotFoundError as error:
            raise MissingExtraError("pandas", "pandas") from error
        return DataFrame([record for name in self.contenders for record in self._records(name)])

    def _records(self, contender: str) -> list[dict[str, Any]]:
        """Return scores and costs of each run of a contender."""
        return [
            {
                "contender": run.contender,
                "seed": run.seed,
                "n_test": len(run.test),
                **scores(self.y[run.test], run.probabilities, self.classes),
                "parameters": run.parameters,
                "macs": run.macs,
                "fit_seconds": run.fit_seconds,
                "predict_seconds": run.predict_seconds,
                "size_bytes": run.size_bytes,
                "n_warnings": len(run.warnings),
            }
            for run in self.of(contender)
        ]

    @property
    def classes(self) -> NDArray[np.str_]:
        """Sorted labels: the columns of the probabilities of every run."""
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
        """Return the runs of one contender, one for each seed.

        Parameters
        ----------
        contender : str
            Name of the contender.

        Returns
        -------
        tuple of Run
            Empty for an unknown name.
        """
        return tuple(run for run in self.runs if run.contender == contender)


_HEADINGS = ("accuracy %", "log-loss", "ECE", "parameters", "MACs per sample", "fit, s")


def _cells(records: Sequence[dict[str, Any]]) -> list[str]:
    """Return the means over the runs of a contender as texts, in the order of the headings."""
    found = {key: [record[key] for record in records] for key in records[0]}

    def average(key: str) -> float | None:
        return None if None in found[key] else float(np.mean(found[key]))

    return [
        spread(found["accuracy"], 100),
        mean(found["log_loss"]),
        mean(found["expected_calibration_error"]),
        quantity(average("parameters")),
        quantity(average("macs")),
        seconds(average("fit_seconds")),
    ]
