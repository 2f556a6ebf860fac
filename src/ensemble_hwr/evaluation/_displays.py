"""Plots of a comparison with matplotlib, as scikit-learn display objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix

from ensemble_hwr.evaluation._summary import mean_operating_points, pareto_frontier
from ensemble_hwr.evaluation.metrics import predicted_labels
from ensemble_hwr.evaluation.results import Comparison
from ensemble_hwr.exceptions import MissingExtraError
from ensemble_hwr.report.frontier import largest_error_shown, macs_or_time, operating_curve

COLOURS = ("#c2410c", "#1764ab", "#0b7a5e", "#9a3d80", "#6b6b6b", "#8a6a00", "#3e7f9c")
CURVE = "same fits at other confidence thresholds"
MARKERS = ("o", "s", "^", "D", "v", "P")


class FrontierDisplay:
    """Accuracy against MACs per sample, with the Pareto frontier.

    The thin line with dots through each hierarchy shows the same fits at other confidence thresholds. Points far below
    all contenders do not extend the axes.

    Create it with :meth:`from_comparison`.

    Parameters
    ----------
    names : sequence of str
        Names of the contenders.
    macs : ndarray of shape (n,)
        MACs per sample, each above 0.
    accuracy : ndarray of shape (n,)
        Mean accuracies, between 0 and 1.
    curves : mapping of str to ndarray of shape (n_points, 2), default=None
        MACs and mean accuracies of hierarchies at other confidence thresholds, in order of MACs; None for no curves.
    by_time : sequence of str, default=()
        Names of the contenders whose MACs are unknown. Their cost is that of the others in the same time; if all are
        named, costs are microseconds per sample.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(
        self,
        names: tuple[str, ...],
        macs: NDArray[Any],
        accuracy: NDArray[Any],
        curves: Mapping[str, NDArray[Any]] | None = None,
        by_time: Sequence[str] = (),
    ) -> None:
        self.names = names
        self.macs = macs
        self.accuracy = accuracy
        self.curves = dict(curves or {})
        self.by_time = tuple(by_time)

    @classmethod
    def from_comparison(cls, comparison: Comparison, *, ax: Any = None) -> FrontierDisplay:
        """Plot the contenders; where MACs are unknown, the time per sample stands in.

        Parameters
        ----------
        comparison : Comparison
            Return value of :func:`compare`.
        ax : matplotlib Axes, default=None
            Axes to plot on; None creates a figure.

        Returns
        -------
        FrontierDisplay

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        figures = {name: _costs(comparison, name) for name in comparison.contenders}
        costs = macs_or_time(figures)
        accuracies = {name: float(np.mean(_correct(comparison, name)[1])) for name in costs}
        curves = {
            name: curve
            for name, macs in costs.items()
            if figures[name]["macs"] and len(curve := _curve(comparison, name, macs, accuracies[name]))
        }
        by_time = [name for name in costs if not figures[name]["macs"]]
        return cls(tuple(costs), np.array([*costs.values()]), np.array([*accuracies.values()]), curves, by_time).plot(
            ax=ax
        )

    def plot(self, *, ax: Any = None) -> FrontierDisplay:
        """Draw the plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; None creates a figure.

        Returns
        -------
        FrontierDisplay
        """
        self.ax_ = ax = _axes(ax)
        self.figure_ = ax.figure
        counted = np.array([name not in self.by_time for name in self.names], dtype=bool)
        macs, accuracy = self.macs[counted], self.accuracy[counted]
        on = np.array(pareto_frontier(list(macs), list(accuracy)), dtype=bool)
        order = np.argsort(macs[on])
        steps = macs[on][order], 100 * accuracy[on][order]
        dashed = {"color": "0.4", "linestyle": "--", "linewidth": 1.2, "zorder": 1}
        (frontier,) = ax.step(*steps, where="post", label="frontier", **dashed)
        for i, name in enumerate(self.names):
            point = self.macs[i], 100 * self.accuracy[i]
            ax.scatter(*point, marker=_cycled(MARKERS, i), color=_cycled(COLOURS, i), s=55, zorder=2)
            is_right = point[0] ** 2 > self.macs.min() * self.macs.max()  # of the middle of the logarithmic scale
            ax.annotate(
                f"{name} (by time)" if name in self.by_time and counted.any() else name,
                point,
                xytext=(-7 if is_right else 7, 5),
                textcoords="offset points",
                ha="right" if is_right else "left",
            )
            if name in self.curves:
                self._plot_curve(self.curves[name], _cycled(COLOURS, i))
        by_time_alone = bool(self.by_time) and not counted.any()
        cost = "microseconds per sample on one core" if by_time_alone else "MACs per sample"
        ax.set(xscale="log", xlabel=cost, ylabel="accuracy (%)")
        _label_decades(ax.xaxis)
        ax.margins(x=0.25, y=0.12)
        ax.autoscale_view()
        if self.curves:
            handles = [frontier, _curve_line([], [], color="0.4", label=CURVE)]
            ax.legend(handles=handles, ncols=2, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return self

    def _plot_curve(self, curve: NDArray[Any], colour: str) -> None:
        """Plot a curve; points far below all contenders do not extend the axes."""
        costs, accuracies = curve.T
        shown = 1 - accuracies <= largest_error_shown(1 - self.accuracy.min())
        self.ax_.add_artist(_curve_line(costs, 100 * accuracies, color=colour, zorder=1.5))
        self.ax_.update_datalim(np.column_stack([costs, 100 * accuracies])[shown])


class PerClassDisplay:
    """Error rate of each contender on each class, hardest classes first.

    Create it with :meth:`from_comparison`.

    Parameters
    ----------
    names : sequence of str
        Names of the contenders.
    classes : ndarray of shape (n_classes,)
        Labels.
    error_rates : ndarray of shape (n_contenders, n_classes)
        Between 0 and 1.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, names: tuple[str, ...], classes: NDArray[np.str_], error_rates: NDArray[Any]) -> None:
        self.names = names
        self.classes = classes
        self.error_rates = error_rates

    @classmethod
    def from_comparison(cls, comparison: Comparison, *, ax: Any = None) -> PerClassDisplay:
        """Plot all contenders.

        Parameters
        ----------
        comparison : Comparison
            Return value of :func:`compare`.
        ax : matplotlib Axes, default=None
            Axes to plot on; None creates a figure.

        Returns
        -------
        PerClassDisplay

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        tested = np.unique(np.concatenate([comparison.y[run.test] for run in comparison.runs]))
        error_rates = []
        for name in comparison.contenders:
            y, correct = _correct(comparison, name)
            error_rates.append([1 - correct[y == label].mean() for label in tested])
        shares = np.array(error_rates)
        order = np.argsort(-shares.mean(axis=0), kind="stable")
        return cls(comparison.contenders, tested[order], shares[:, order]).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> PerClassDisplay:
        """Draw the plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; None creates a figure.

        Returns
        -------
        PerClassDisplay
        """
        self.ax_ = ax = _axes(ax, figsize=(10.0, 3.6))
        self.figure_ = ax.figure
        at = np.arange(len(self.classes))
        for i, (name, shares) in enumerate(zip(self.names, self.error_rates, strict=True)):
            ax.plot(at, 100 * shares, label=name, marker=_cycled(MARKERS, i), color=_cycled(COLOURS, i), linestyle="")
        ax.vlines(at, 100 * self.error_rates.min(axis=0), 100 * self.error_rates.max(axis=0), color="0.8", zorder=0)
        ax.set_xticks(at, self.classes)
        ax.set_ylabel("error rate (%)")
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False)
        return self


class ConfusionDisplay:
    """Confusion matrix in which only errors are shaded, as shares of the samples of the true class.

    scikit-learn's ``ConfusionMatrixDisplay`` shades correct predictions too, and rare errors cannot be seen next to
    them. Create it with :meth:`from_comparison`.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels.
    errors : ndarray of shape (n_classes, n_classes)
        Shares between 0 and 1; rows are true classes, columns predicted classes; the diagonal is 0.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, classes: NDArray[np.str_], errors: NDArray[Any]) -> None:
        self.classes = classes
        self.errors = errors

    @classmethod
    def from_comparison(cls, comparison: Comparison, contender: str, *, ax: Any = None) -> ConfusionDisplay:
        """Plot one contender, with the errors of all seeds.

        Parameters
        ----------
        comparison : Comparison
            Return value of :func:`compare`.
        contender : str
            Its name.
        ax : matplotlib Axes, default=None
            Axes to plot on; None creates a figure.

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        ValueError
            If `contender` is not in the comparison.
        MissingExtraError
            If matplotlib is not installed.
        """
        runs = comparison.of(contender)
        if not runs:
            raise ValueError(f"contender: got {contender!r}; the contenders are {', '.join(comparison.contenders)}")
        y = np.concatenate([comparison.y[run.test] for run in runs])
        predicted = np.concatenate([predicted_labels(run.probabilities, comparison.classes) for run in runs])
        matrix = confusion_matrix(y, predicted, labels=comparison.classes)
        errors = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(errors, 0.0)
        return cls(comparison.classes, errors).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> ConfusionDisplay:
        """Draw the plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to plot on; None creates a figure.

        Returns
        -------
        ConfusionDisplay
        """
        self.ax_ = ax = _axes(ax, figsize=(7.0, 6.0))
        self.figure_ = ax.figure
        at = np.arange(len(self.classes))
        image = ax.imshow(100 * np.ma.masked_equal(self.errors, 0.0), cmap="Oranges", vmin=0)
        ax.scatter(at, at, marker=".", s=8, color="0.7")
        ax.set_xticks(at, self.classes)
        ax.set_yticks(at, self.classes)
        ax.set(xlabel="predicted class", ylabel="true class")
        self.figure_.colorbar(image, ax=ax, label="share of the true class (%)")
        return self


def _correct(comparison: Comparison, contender: str) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Return the true labels of all predictions of a contender, and whether they are correct."""
    runs = comparison.of(contender)
    y = np.concatenate([comparison.y[run.test] for run in runs])
    predicted = np.concatenate([predicted_labels(run.probabilities, comparison.classes) for run in runs])
    return y, predicted == y


def _costs(comparison: Comparison, name: str) -> dict[str, float | None]:
    """Return the mean MACs of a contender, None if they are unknown, and its seconds per sample."""
    runs = comparison.of(name)
    known = [run.macs for run in runs if run.macs]
    seconds = sum(run.predict_seconds for run in runs) / sum(len(run.test) for run in runs)
    return {"macs": float(np.mean(known)) if len(known) == len(runs) else None, "seconds_per_sample": seconds}


def _curve(comparison: Comparison, contender: str, cost: float, accuracy: float) -> NDArray[np.float64]:
    """Return MACs and accuracies along the operating curve of a contender; no rows without a curve."""
    traces = [run.hierarchy for run in comparison.of(contender) if run.hierarchy is not None]
    curve = operating_curve(mean_operating_points(traces), cost, accuracy)
    return np.array([[point["macs"], point["accuracy"]] for point in curve]).reshape(-1, 2)


def _curve_line(costs: ArrayLike, accuracies: ArrayLike, **settings: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(costs, accuracies, marker="o", markersize=3, linewidth=1, **settings)


def _label_decades(axis: Any) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times the powers of 10, such as 20k and 50k."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(EngFormatter(sep=""))
    axis.set_minor_locator(NullLocator())


def _axes(ax: Any, **figure: Any) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plots") from None
    return plt.subplots(layout="constrained", **figure)[1] if ax is None else ax


def _cycled(values: tuple[str, ...], i: int) -> str:
    return values[i % len(values)]
