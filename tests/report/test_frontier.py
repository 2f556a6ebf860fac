import re

import numpy as np
import pytest

from ensemble_hwr.evaluation import summarise
from ensemble_hwr.report.frontier import frontier_plot, largest_error_shown, operating_curve


def test_marks_lie_inside_the_frame_cheaper_left_and_better_above(build):
    summary = summarise(build({"baseline": 0.3, "flat": 0.2, "hierarchical": 0.1}))
    plot = frontier_plot(summary, width=800, height=400)
    marks = sorted(plot["marks"], key=lambda mark: mark["x"])
    assert [mark["name"] for mark in marks] == ["baseline", "flat", "hierarchical"]
    assert marks[0]["y"] > marks[1]["y"] > marks[2]["y"]
    axes = plot["axes"]
    for mark in marks:
        assert axes.left < mark["x"] < axes.right
        assert axes.top < mark["y"] < axes.bottom


def test_both_axes_are_logarithmic(build):
    axes = frontier_plot(summarise(build({"a": 0.4, "b": 0.1})), width=8000, height=4000)["axes"]
    assert axes.y(60) - axes.y(80) == pytest.approx(axes.y(80) - axes.y(90), abs=0.3)
    assert axes.x(10_000) - axes.x(5000) == pytest.approx(axes.x(8000) - axes.x(4000), abs=0.3)


def test_the_staircase_passes_through_the_frontier_only(build):
    plot = frontier_plot(summarise(build({"a": 0.2, "b": 0.3, "c": 0.1})), width=800, height=400)
    at = {mark["name"]: (str(mark["x"]), str(mark["y"])) for mark in plot["marks"]}
    corners = re.findall(r"H([\d.]+)V([\d.]+)", plot["frontier"])
    assert corners == [at["a"], at["c"]]


def test_labels_of_close_marks_do_not_overlap(build):
    names = ["flat", "committee", "hierarchical", "top_down"]
    plot = frontier_plot(summarise(build(dict.fromkeys(names, 0.1), seeds=(0,))), width=800, height=400)
    boxes = [(m["label_x"], m["label_y"], 7.4 * len(m["name"])) for m in plot["marks"]]
    for i, (x, y, wide) in enumerate(boxes):
        for x2, y2, wide2 in boxes[:i]:
            assert abs(y - y2) >= 14 or abs(x - x2) >= (wide + wide2) / 2 - 1


def test_ticks_match_the_axes_and_seeds_surround_the_mean(build):
    plot = frontier_plot(summarise(build({"a": 0.3, "b": 0.1})), width=800, height=400)
    for tick in plot["y_ticks"]:
        assert tick["at"] == plot["axes"].y(float(tick["text"]))
    for mark in plot["marks"]:
        assert min(mark["seeds"]) - 0.1 <= mark["y"] <= max(mark["seeds"]) + 0.1
    (one, _) = frontier_plot(summarise(build({"a": 0.3, "b": 0.1}, seeds=(0,))), width=800, height=400)["marks"]
    assert one["seeds"] == []


def test_a_contender_without_errors_is_inside_the_frame(build):
    plot = frontier_plot(summarise(build({"perfect": -1.0, "poor": 0.5})), width=800, height=400)
    perfect = next(mark for mark in plot["marks"] if mark["name"] == "perfect")
    assert plot["axes"].top <= perfect["y"] < plot["axes"].bottom


def test_no_plot_of_one_point(build):
    assert frontier_plot(summarise(build({"flat": 0.1})), width=800, height=400) is None


def test_time_stands_in_where_macs_cannot_be_counted(build):
    summary = summarise(build({"flat": 0.1, "b": 0.2, "c": 0.3}))
    contenders = summary["contenders"]
    rate = np.median([contenders[name]["macs"] / contenders[name]["seconds_per_sample"] for name in ("flat", "b")])
    contenders["c"] |= {"macs": None, "seconds_per_sample": 8000 / rate}
    plot = frontier_plot(summary, width=800, height=400)
    assert plot["uncounted"] == ["c"]
    (mark,) = [mark for mark in plot["marks"] if mark["name"] == "c"]
    assert mark["x"] == plot["axes"].x(8000)
    assert plot["x_name"] == "MACs per sample"


def test_the_axis_is_the_time_if_no_macs_can_be_counted(build):
    plot = frontier_plot(summarise(build({"flat": 0.1, "b": 0.2}, counted=False)), width=800, height=400)
    assert plot["x_name"] == "microseconds per sample on one core"
    assert plot["frontier"] == ""
    assert {mark["x"] for mark in plot["marks"]} == {plot["axes"].x(1e6 * 0.5 / 200)}


def plot_with(comparison, with_points, points):
    return frontier_plot(summarise(with_points(comparison, points)), width=800, height=400)


def test_a_curve_goes_through_the_mark_of_its_hierarchy_and_is_inside_the_frame(comparison, with_points):
    plot = plot_with(comparison, with_points, [(1000.0, 0.85), (8000.0, 0.97), (90_000.0, 0.89)])
    (curve,) = plot["curves"]
    mark = next(mark for mark in plot["marks"] if mark["name"] == "hierarchical")
    assert curve["name"] == "hierarchical"
    assert f"L{mark['x']} {mark['y']}L" in curve["line"]
    assert curve["cut"] is None
    assert len(curve["dots"]) == 3
    axes = plot["axes"]
    for dot in curve["dots"]:
        assert axes.left < dot["x"] < axes.right
        assert axes.top < dot["y"] < axes.bottom
        assert (dot["x"], dot["y"]) == (axes.x(dot["macs"]), axes.y(100 * dot["accuracy"]))


def test_points_far_below_all_contenders_leave_the_frame_and_do_not_change_the_axes(comparison, with_points):
    plain = frontier_plot(summarise(comparison), width=800, height=400)
    plot = plot_with(comparison, with_points, [(10.0, 0.2), (10_000.0, 0.88)])
    assert plot["x_ticks"] == plain["x_ticks"]
    assert plot["y_ticks"] == plain["y_ticks"]
    (curve,) = plot["curves"]
    assert [dot["accuracy"] for dot in curve["dots"]] == [0.88]
    assert (curve["cut"]["accuracy"], curve["cut"]["macs"]) == (pytest.approx(0.2), 10.0)
    x, y = map(float, re.match(r"M(\S+) ([^L]+)L", curve["line"]).groups())
    assert x < plot["axes"].left
    assert y > plot["axes"].bottom


def test_a_curve_can_extend_the_axis_by_a_quarter(comparison, with_points):
    summary = summarise(comparison)
    worst = min(a for figures in summary["contenders"].values() for a in figures["accuracy"])
    plot = plot_with(comparison, with_points, [(4000.0, 1 - 1.2 * (1 - worst))])
    assert plot["curves"][0]["cut"] is None
    assert plot["axes"].y(100 * worst) < frontier_plot(summary, width=800, height=400)["axes"].y(100 * worst)


def test_summaries_without_operating_points_or_costs_have_no_curve(comparison, with_points):
    assert plot_with(comparison, with_points, [(None, 0.8), (None, 0.9)])["curves"] == []
    summary = summarise(comparison)
    del summary["contenders"]["hierarchical"]["hierarchy"]["operating_points"]
    plot = frontier_plot(summary, width=800, height=400)
    assert plot["curves"] == []
    assert len(plot["marks"]) == 3


def test_labels_do_not_cover_the_curve(comparison, with_points):
    summary = summarise(comparison)
    accuracy = sum(summary["contenders"]["hierarchical"]["accuracy"]) / 3
    plot = plot_with(comparison, with_points, [(1000.0, accuracy), (200_000.0, accuracy)])
    mark = next(mark for mark in plot["marks"] if mark["name"] == "hierarchical")
    assert abs(mark["label_y"] - 4 - mark["y"]) >= 8


def point(confidence_threshold, cost, accuracy):
    return {"confidence_threshold": confidence_threshold, "accuracy": accuracy, "macs": cost}


POINTS = [point(0.0, 10.0, 0.8), point(0.9, 20.0, 0.9), point(1.0, 40.0, 0.95)]


def test_the_hierarchy_is_on_its_curve_in_order_of_cost():
    curve = operating_curve(POINTS[::-1], 30.0, 0.92)
    assert [p["macs"] for p in curve] == [10.0, 20.0, 30.0, 40.0]
    assert curve[2] == point(None, 30.0, 0.92)


def test_a_hierarchy_equal_to_a_point_is_not_repeated():
    assert operating_curve(POINTS, 20.0 * (1 + 1e-12), 0.9) == POINTS


def test_points_of_unknown_cost_are_left_out():
    assert operating_curve([*POINTS, point(0.5, None, 0.85)], 20.0, 0.9) == POINTS


@pytest.mark.parametrize(
    ("points", "cost"),
    [([], 20.0), (POINTS, None), ([point(c, None, 0.9) for c in (0, 1)], 20.0), ([point(0.0, 20.0, 0.9)] * 2, 20.0)],
)
def test_operating_curve_without_points_costs_or_differences_is_empty(points, cost):
    assert operating_curve(points, cost, 0.9) == []


def test_operating_curve_does_not_change_its_input():
    points = [dict(p) for p in POINTS]
    operating_curve(points, 30.0, 0.92)[0]["x"] = 1.0
    assert points == POINTS


def test_largest_error_shown_is_a_quarter_above_the_worst():
    assert largest_error_shown(8.0) == 10.0
