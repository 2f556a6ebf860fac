"""Plots of a comparison with matplotlib, in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix

from ensemble_hwr.evaluation._curve import deepest_error, operating_curve
from ensemble_hwr.evaluation._metrics import answers
from ensemble_hwr.evaluation._result import Comparison
from ensemble_hwr.evaluation._summary import mean_operating_points, pareto_frontier
from ensemble_hwr.exceptions import MissingExtraError

COLOURS = ("#c2410c", "#1764ab", "#0b7a5e", "#9a3d80", "#6b6b6b", "#8a6a00", "#3e7f9c")
CURVE = "the same fits, members asked sooner or later"
MARKERS = ("o", "s", "^", "D", "v", "P")


class FrontierDisplay:
    """Accuracy against MACs per letter, with the Pareto frontier.

    A thin line with dots runs through each hierarchy: the same fits, their members asked sooner or later. Where it
    falls far below every contender it leaves the plot, which would be squeezed otherwise.

    Make it with :meth:`from_comparison`.

    Parameters
    ----------
    names : sequence of str
        Contenders.
    macs : ndarray of shape (n,)
        MACs per letter, each above 0.
    accuracy : ndarray of shape (n,)
        Mean accuracies, between 0 and 1.
    curves : mapping of str to ndarray of shape (n_points, 2), default=None
        For hierarchies, MACs and mean accuracies at other confidence_thresholds, from the cheapest; None for no curves.

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
    ) -> None:
        self.names = names
        self.macs = macs
        self.accuracy = accuracy
        self.curves = dict(curves or {})

    @classmethod
    def from_comparison(cls, comparison: Comparison, *, ax: Any = None) -> FrontierDisplay:
        """Plot the contenders whose MACs are known.

        Parameters
        ----------
        comparison : Comparison
            What was measured.
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        FrontierDisplay

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        kept, costs, accuracies, curves = [], [], [], {}
        for name in comparison.contenders:
            spent = [run.macs for run in comparison.of(name)]
            known = [cost for cost in spent if cost]
            if len(known) == len(spent):
                kept.append(name)
                costs.append(float(np.mean(known)))
                accuracies.append(float(np.mean(_right(comparison, name)[1])))
                curve = _curve(comparison, name, costs[-1], accuracies[-1])
                if len(curve):
                    curves[name] = curve
        return cls(tuple(kept), np.array(costs), np.array(accuracies), curves).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> FrontierDisplay:
        """Plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        FrontierDisplay
        """
        self.ax_ = ax = _axes(ax)
        self.figure_ = ax.figure
        on = np.array(pareto_frontier(list(self.macs), list(self.accuracy)), dtype=bool)
        order = np.argsort(self.macs[on])
        steps = self.macs[on][order], 100 * self.accuracy[on][order]
        dashed = {"color": "0.4", "linestyle": "--", "linewidth": 1.2, "zorder": 1}
        (frontier,) = ax.step(*steps, where="post", label="frontier", **dashed)
        for i, name in enumerate(self.names):
            point = self.macs[i], 100 * self.accuracy[i]
            ax.scatter(*point, marker=_cycled(MARKERS, i), color=_cycled(COLOURS, i), s=55, zorder=2)
            ax.annotate(name, point, xytext=(7, 5), textcoords="offset points")
            if name in self.curves:
                self._plot_curve(self.curves[name], _cycled(COLOURS, i))
        ax.set(xscale="log", xlabel="MACs per letter", ylabel="accuracy (%)")
        ax.margins(x=0.25, y=0.12)
        ax.autoscale_view()
        if self.curves:
            handles = [frontier, _curve_line([], [], color="0.4", label=CURVE)]
            ax.legend(handles=handles, ncols=2, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
        return self

    def _plot_curve(self, curve: NDArray[Any], colour: str) -> None:
        """Plot a curve; only what is not far below every contender claims room on the axes."""
        costs, accuracies = curve.T
        shown = 1 - accuracies <= deepest_error(1 - self.accuracy.min())
        self.ax_.add_artist(_curve_line(costs, 100 * accuracies, color=colour, zorder=1.5))
        self.ax_.update_datalim(np.column_stack([costs, 100 * accuracies])[shown])


class PerClassDisplay:
    """Share of each letter misread by each contender, hardest letters first.

    Make it with :meth:`from_comparison`.

    Parameters
    ----------
    names : sequence of str
        Contenders.
    letters : ndarray of shape (n_letters,)
        Letters.
    misread : ndarray of shape (n_contenders, n_letters)
        Shares, between 0 and 1.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, names: tuple[str, ...], letters: NDArray[np.str_], misread: NDArray[Any]) -> None:
        self.names = names
        self.letters = letters
        self.misread = misread

    @classmethod
    def from_comparison(cls, comparison: Comparison, *, ax: Any = None) -> PerClassDisplay:
        """Plot all contenders.

        Parameters
        ----------
        comparison : Comparison
            What was measured.
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        PerClassDisplay

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        tested = np.unique(np.concatenate([comparison.y[run.test] for run in comparison.runs]))
        misread = []
        for name in comparison.contenders:
            y, right = _right(comparison, name)
            misread.append([1 - right[y == letter].mean() for letter in tested])
        shares = np.array(misread)
        order = np.argsort(-shares.mean(axis=0), kind="stable")
        return cls(comparison.contenders, tested[order], shares[:, order]).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> PerClassDisplay:
        """Plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        PerClassDisplay
        """
        self.ax_ = ax = _axes(ax, figsize=(10.0, 3.6))
        self.figure_ = ax.figure
        at = np.arange(len(self.letters))
        for i, (name, shares) in enumerate(zip(self.names, self.misread, strict=True)):
            ax.plot(at, 100 * shares, label=name, marker=_cycled(MARKERS, i), color=_cycled(COLOURS, i), linestyle="")
        ax.vlines(at, 100 * self.misread.min(axis=0), 100 * self.misread.max(axis=0), color="0.8", zorder=0)
        ax.set_xticks(at, self.letters)
        ax.set_ylabel("misread (%)")
        ax.set_ylim(bottom=0)
        ax.legend(frameon=False)
        return self


class ConfusionDisplay:
    """Confusion matrix in which only errors are shaded, as shares of a letter's attempts.

    scikit-learn's ``ConfusionMatrixDisplay`` shades right answers too, beside which rare errors cannot be seen.
    Make it with :meth:`from_comparison`.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Letters.
    errors : ndarray of shape (n_classes, n_classes)
        Shares; rows are what was written, columns what was answered; the diagonal is 0.

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
        """Plot one contender, all its seeds together.

        Parameters
        ----------
        comparison : Comparison
            What was measured.
        contender : str
            Its name.
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        ConfusionDisplay

        Raises
        ------
        ValueError
            If there is no such contender.
        MissingExtraError
            If matplotlib is not installed.
        """
        runs = comparison.of(contender)
        if not runs:
            raise ValueError(f"No contender is called {contender!r}; there are {', '.join(comparison.contenders)}.")
        y = np.concatenate([comparison.y[run.test] for run in runs])
        answered = np.concatenate([answers(run.probabilities, comparison.classes) for run in runs])
        matrix = confusion_matrix(y, answered, labels=comparison.classes)
        errors = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(errors, 0.0)
        return cls(comparison.classes, errors).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> ConfusionDisplay:
        """Plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

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
        ax.set(xlabel="answered", ylabel="written")
        self.figure_.colorbar(image, ax=ax, label="of the letter's attempts (%)")
        return self


def _right(comparison: Comparison, contender: str) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Return the true labels of all attempts of a contender and whether it was right."""
    runs = comparison.of(contender)
    y = np.concatenate([comparison.y[run.test] for run in runs])
    answered = np.concatenate([answers(run.probabilities, comparison.classes) for run in runs])
    return y, answered == y


def _curve(comparison: Comparison, contender: str, cost: float, accuracy: float) -> NDArray[np.float64]:
    """Return MACs and accuracies along the curve of a contender, no rows where it has none."""
    traces = [run.hierarchy for run in comparison.of(contender) if run.hierarchy is not None]
    curve = operating_curve(mean_operating_points(traces), cost, accuracy)
    return np.array([[point["macs"], point["accuracy"]] for point in curve]).reshape(-1, 2)


def _curve_line(costs: ArrayLike, accuracies: ArrayLike, **settings: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(costs, accuracies, marker="o", markersize=3, linewidth=1, **settings)


def _axes(ax: Any, **figure: Any) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plots") from None
    return plt.subplots(layout="constrained", **figure)[1] if ax is None else ax


def _cycled(values: tuple[str, ...], i: int) -> str:
    return values[i % len(values)]
