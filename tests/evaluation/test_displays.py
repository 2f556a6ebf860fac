import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib", reason="needs the extra 'plots'")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from ensemble_hwr.evaluation._displays import ConfusionDisplay, FrontierDisplay, PerClassDisplay  # noqa: E402
from ensemble_hwr.evaluation._summary import summarise  # noqa: E402
from ensemble_hwr.exceptions import MissingExtraError  # noqa: E402


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_frontier_shows_the_figures_of_the_summary(comparison):
    display = FrontierDisplay.from_comparison(comparison)
    figures = summarise(comparison)["contenders"]
    assert display.names == tuple(figures)
    assert display.accuracy == pytest.approx([np.mean(f["accuracy"]) for f in figures.values()])
    assert display.macs == pytest.approx([f["macs"] for f in figures.values()])
    assert display.ax_.get_xscale() == "log"
    display.figure_.canvas.draw()


def test_time_stands_in_where_macs_are_unknown(build):
    whole = build({"svc": 0.1, "flat": 0.2, "hierarchical": 0.1})
    runs = [replace(run, macs=None, predict_seconds=1.0) if run.contender == "svc" else run for run in whole.runs]
    display = FrontierDisplay.from_comparison(replace(whole, runs=tuple(runs)))
    assert display.names == ("svc", "flat", "hierarchical")
    assert display.by_time == ("svc",)
    assert display.macs == pytest.approx([2 * 12_500, 10_000, 15_000])  # twice the time of the others
    assert "svc (by time)" in [text.get_text() for text in display.ax_.texts]
    assert display.ax_.get_xlabel() == "MACs per sample"
    display.figure_.canvas.draw()


def test_the_axis_is_the_time_if_all_macs_are_unknown(build):
    display = FrontierDisplay.from_comparison(build({"svc": 0.1, "flat": 0.2}, counted=False))
    assert display.macs == pytest.approx([1e6 * 0.5 / 200] * 2)
    assert display.ax_.get_xlabel() == "microseconds per sample on one core"
    display.figure_.canvas.draw()


def test_frontier_draws_a_curve_through_hierarchies(comparison, with_points):
    points = [(9000.0, 0.88), (30_000.0, 0.91)]
    display = FrontierDisplay.from_comparison(with_points(comparison, points))
    own = display.macs[-1], display.accuracy[-1]
    assert list(display.curves) == ["hierarchical"]
    assert display.curves["hierarchical"] == pytest.approx(np.array([points[0], own, points[1]]))
    low, high = display.ax_.get_xlim()
    assert low < points[0][0]
    assert high > points[1][0]
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["frontier", "same fits at other confidence thresholds"]
    display.figure_.canvas.draw()


def test_curve_points_far_below_all_contenders_do_not_extend_the_axes(comparison, with_points):
    plain = FrontierDisplay.from_comparison(comparison).ax_
    curved = FrontierDisplay.from_comparison(with_points(comparison, [(10.0, 0.2), (10_000.0, 0.88)])).ax_
    assert curved.get_xlim() == plain.get_xlim()
    assert curved.get_ylim() == plain.get_ylim()


@pytest.mark.parametrize("points", [[], [(None, 0.88), (None, 0.91)]])
def test_hierarchies_without_points_or_costs_have_no_curve(comparison, with_points, points):
    display = FrontierDisplay.from_comparison(with_points(comparison, points))
    assert display.curves == {}
    assert display.ax_.get_legend() is None


def test_frontier_without_curves():
    display = FrontierDisplay(("a", "b"), np.array([1.0, 2.0]), np.array([0.8, 0.9])).plot()
    assert display.curves == {}


def test_per_class_display_shows_error_rates(comparison):
    display = PerClassDisplay.from_comparison(comparison)
    table = summarise(comparison)["contenders"]["flat"]["per_class"]
    expected = [1 - table[label]["accuracy"] for label in display.classes]
    assert display.error_rates[display.names.index("flat")] == pytest.approx(expected)
    display.figure_.canvas.draw()


def test_confusion_display_shades_errors_only(comparison):
    display = ConfusionDisplay.from_comparison(comparison, "baseline")
    assert (np.diag(display.errors) == 0).all()
    table = summarise(comparison)["contenders"]["baseline"]["per_class"]
    assert display.errors.sum(axis=1) == pytest.approx([1 - row["accuracy"] for row in table.values()])
    display.figure_.canvas.draw()


def test_confusion_display_of_an_unknown_contender_is_an_error(comparison):
    with pytest.raises(ValueError, match="'svm'; the contenders are baseline"):
        ConfusionDisplay.from_comparison(comparison, "svm")


def test_plots_use_the_given_axes(comparison):
    _, ax = plt.subplots()
    assert FrontierDisplay.from_comparison(comparison, ax=ax).ax_ is ax


def test_without_matplotlib_the_error_names_the_extra(comparison, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match=r"ensemble_hwr\[plots\]"):
        FrontierDisplay.from_comparison(comparison)


def test_labels_of_contenders_and_ticks_do_not_leave_the_axes_or_overlap():
    names = ("logistic", "a contender of a long name")
    axes = FrontierDisplay(names, np.array([2e4, 1.4e5]), np.array([0.87, 0.75])).plot().ax_
    axes.figure.canvas.draw()
    frame = axes.get_window_extent()
    for text in axes.texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0, text
        assert box.x1 <= frame.x1, text
    shown = [tick.label1 for tick in axes.xaxis.get_major_ticks() if frame.x0 <= tick.label1.get_window_extent().x1]
    assert {"20k", "50k", "100k"} <= {text.get_text() for text in shown}
    edges = sorted((text.get_window_extent().x0, text.get_window_extent().x1) for text in shown)
    assert all(one[1] < other[0] for one, other in pairwise(edges))
