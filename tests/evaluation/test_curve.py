import pytest

from ensemble_hwr.evaluation._curve import deepest_error, operating_curve


def point(confidence_threshold, cost, accuracy):
    return {"confidence_threshold": confidence_threshold, "accuracy": accuracy, "macs": cost}


POINTS = [point(0.0, 10.0, 0.8), point(0.9, 20.0, 0.9), point(1.0, 40.0, 0.95)]


def test_the_hierarchy_itself_lies_on_its_curve_where_its_cost_belongs():
    curve = operating_curve(POINTS[::-1], 30.0, 0.92)
    assert [p["macs"] for p in curve] == [10.0, 20.0, 30.0, 40.0]
    assert curve[2] == point(None, 30.0, 0.92)


def test_a_hierarchy_that_is_one_of_the_points_is_not_put_in_twice():
    assert operating_curve(POINTS, 20.0 * (1 + 1e-12), 0.9) == POINTS


def test_points_of_unknown_cost_are_left_out():
    assert operating_curve([*POINTS, point(0.5, None, 0.85)], 20.0, 0.9) == POINTS


@pytest.mark.parametrize(
    ("points", "cost"),
    [([], 20.0), (POINTS, None), ([point(c, None, 0.9) for c in (0, 1)], 20.0), ([point(0.0, 20.0, 0.9)] * 2, 20.0)],
)
def test_there_is_no_curve_without_points_costs_or_differences(points, cost):
    assert operating_curve(points, cost, 0.9) == []


def test_the_figures_are_left_as_they_were():
    points = [dict(p) for p in POINTS]
    operating_curve(points, 30.0, 0.92)[0]["x"] = 1.0
    assert points == POINTS


def test_curves_may_lower_the_floor_by_a_quarter_of_the_worst_error():
    assert deepest_error(8.0) == 10.0
