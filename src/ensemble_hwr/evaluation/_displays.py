"""Plots of a comparison with matplotlib, in scikit-learn's manner."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from ensemble_hwr.evaluation._metrics import answers
from ensemble_hwr.evaluation._result import Comparison
from ensemble_hwr.evaluation._summary import pareto_frontier
from ensemble_hwr.exceptions import MissingExtraError

COLOURS = ("#c2410c", "#1764ab", "#0b7a5e", "#9a3d80", "#6b6b6b", "#8a6a00", "#3e7f9c")
MARKERS = ("o", "s", "^", "D", "v", "P")


class FrontierDisplay:
    """Accuracy against multiply-adds per letter, with the Pareto frontier.

    Make it with :meth:`from_comparison`.

    Parameters
    ----------
    names : sequence of str
        Contenders.
    multiply_adds : ndarray of shape (n,)
        Multiply-adds per letter, each above 0.
    accuracy : ndarray of shape (n,)
        Mean accuracies, between 0 and 1.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    """

    def __init__(self, names: tuple[str, ...], multiply_adds: NDArray[Any], accuracy: NDArray[Any]) -> None:
        self.names = names
        self.multiply_adds = multiply_adds
        self.accuracy = accuracy

    @classmethod
    def from_comparison(cls, comparison: Comparison, *, ax: Any = None) -> FrontierDisplay:
        """Plot the contenders whose multiply-adds are known.

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
        kept, costs, accuracies = [], [], []
        for name in comparison.contenders:
            spent = [run.multiply_adds for run in comparison.of(name)]
            known = [cost for cost in spent if cost]
            if len(known) == len(spent):
                kept.append(name)
                costs.append(float(np.mean(known)))
                accuracies.append(float(np.mean(_right(comparison, name)[1])))
        return cls(tuple(kept), np.array(costs), np.array(accuracies)).plot(ax=ax)

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
        on = np.array(pareto_frontier(list(self.multiply_adds), list(self.accuracy)), dtype=bool)
        order = np.argsort(self.multiply_adds[on])
        steps = self.multiply_adds[on][order], 100 * self.accuracy[on][order]
        ax.step(*steps, where="post", color="0.4", linestyle="--", linewidth=1.2, label="frontier", zorder=1)
        for i, name in enumerate(self.names):
            point = self.multiply_adds[i], 100 * self.accuracy[i]
            ax.scatter(*point, marker=_cycled(MARKERS, i), color=_cycled(COLOURS, i), s=55, zorder=2)
            ax.annotate(name, point, xytext=(7, 5), textcoords="offset points")
        ax.set(xscale="log", xlabel="multiply-adds per letter", ylabel="accuracy (%)")
        ax.margins(x=0.25, y=0.12)
        return self


class PerLetterDisplay:
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
    def from_comparison(cls, comparison: Comparison, *, ax: Any = None) -> PerLetterDisplay:
        """Plot all contenders.

        Parameters
        ----------
        comparison : Comparison
            What was measured.
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        PerLetterDisplay

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

    def plot(self, *, ax: Any = None) -> PerLetterDisplay:
        """Plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        PerLetterDisplay
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


def _axes(ax: Any, **figure: Any) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("matplotlib", "plots") from None
    return plt.subplots(layout="constrained", **figure)[1] if ax is None else ax


def _cycled(values: tuple[str, ...], i: int) -> str:
    return values[i % len(values)]
