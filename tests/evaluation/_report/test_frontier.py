import re

import pytest

from ensemble_hwr.evaluation._report._frontier import frontier_plot
from ensemble_hwr.evaluation._summary import summarise


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


def test_a_step_up_is_the_same_share_fewer_errors_and_a_step_right_the_same_factor_of_cost(build):
    axes = frontier_plot(summarise(build({"a": 0.4, "b": 0.1})), width=8000, height=4000)["axes"]
    assert axes.y(60) - axes.y(80) == pytest.approx(axes.y(80) - axes.y(90), abs=0.3)
    assert axes.x(10_000) - axes.x(5000) == pytest.approx(axes.x(8000) - axes.x(4000), abs=0.3)


def test_the_staircase_passes_through_the_frontier_only(build):
    plot = frontier_plot(summarise(build({"a": 0.2, "b": 0.3, "c": 0.1})), width=800, height=400)
    at = {mark["name"]: (str(mark["x"]), str(mark["y"])) for mark in plot["marks"]}
    corners = re.findall(r"H([\d.]+)V([\d.]+)", plot["frontier"])
    assert corners == [at["a"], at["c"]]


def test_names_do_not_cover_each_other_when_marks_crowd(build):
    names = ["flat", "committee", "hierarchical", "top_down"]
    plot = frontier_plot(summarise(build(dict.fromkeys(names, 0.1), seeds=(0,))), width=800, height=400)
    boxes = [(m["label_x"], m["label_y"], 7.4 * len(m["name"])) for m in plot["marks"]]
    for i, (x, y, wide) in enumerate(boxes):
        for x2, y2, wide2 in boxes[:i]:
            assert abs(y - y2) >= 14 or abs(x - x2) >= (wide + wide2) / 2 - 1


def test_ticks_are_where_the_axes_say_and_seeds_beside_their_mean(build):
    plot = frontier_plot(summarise(build({"a": 0.3, "b": 0.1})), width=800, height=400)
    for tick in plot["y_ticks"]:
        assert tick["at"] == plot["axes"].y(float(tick["text"]))
    for mark in plot["marks"]:
        assert min(mark["seeds"]) - 0.1 <= mark["y"] <= max(mark["seeds"]) + 0.1
    (one, _) = frontier_plot(summarise(build({"a": 0.3, "b": 0.1}, seeds=(0,))), width=800, height=400)["marks"]
    assert one["seeds"] == []


def test_nobody_in_error_is_still_within_the_frame(build):
    plot = frontier_plot(summarise(build({"perfect": -1.0, "poor": 0.5})), width=800, height=400)
    perfect = next(mark for mark in plot["marks"] if mark["name"] == "perfect")
    assert plot["axes"].top <= perfect["y"] < plot["axes"].bottom


def test_no_plot_of_one_point_and_the_uncounted_are_named(build):
    assert frontier_plot(summarise(build({"flat": 0.1})), width=800, height=400) is None
    assert frontier_plot(summarise(build({"flat": 0.1, "b": 0.2}, counted=False)), width=800, height=400) is None
    summary = summarise(build({"flat": 0.1, "b": 0.2, "c": 0.3}))
    summary["contenders"]["c"]["macs"] = None
    assert frontier_plot(summary, width=800, height=400)["uncounted"] == ["c"]


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


def test_a_router_far_below_everybody_runs_out_of_the_frame_and_moves_nothing(comparison, with_points):
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


def test_a_curve_may_lower_the_floor_a_little(comparison, with_points):
    summary = summarise(comparison)
    worst = min(a for figures in summary["contenders"].values() for a in figures["accuracy"])
    plot = plot_with(comparison, with_points, [(4000.0, 1 - 1.2 * (1 - worst))])
    assert plot["curves"][0]["cut"] is None
    assert plot["axes"].y(100 * worst) < frontier_plot(summary, width=800, height=400)["axes"].y(100 * worst)


def test_figures_of_before_and_unknown_costs_have_no_curve(comparison, with_points):
    assert plot_with(comparison, with_points, [(None, 0.8), (None, 0.9)])["curves"] == []
    summary = summarise(comparison)
    del summary["contenders"]["hierarchical"]["hierarchy"]["operating_points"]
    plot = frontier_plot(summary, width=800, height=400)
    assert plot["curves"] == []
    assert len(plot["marks"]) == 3


def test_names_keep_off_the_curve(comparison, with_points):
    summary = summarise(comparison)
    accuracy = sum(summary["contenders"]["hierarchical"]["accuracy"]) / 3
    plot = plot_with(comparison, with_points, [(1000.0, accuracy), (200_000.0, accuracy)])
    mark = next(mark for mark in plot["marks"] if mark["name"] == "hierarchical")
    assert abs(mark["label_y"] - 4 - mark["y"]) >= 8
