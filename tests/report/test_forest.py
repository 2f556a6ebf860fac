from itertools import pairwise

import pytest

from ensemble_hwr.evaluation import summarise
from ensemble_hwr.report.forest import forest_plot, oriented


def pair(a, b, difference, interval, better=None):
    shown = {"difference": difference, "interval": interval, "better": better, "p_holm": 0.04 if better else 0.5}
    return {"a": a, "b": b, **shown, "only_a_correct": 7, "only_b_correct": 3, "with_reference": True}


def plot(*pairs, width=860):
    return forest_plot({"reference": "mine", "pairs": list(pairs)}, width=width)


def test_differences_are_those_of_the_reference_whichever_is_the_first_of_the_pair():
    rows = plot(pair("mine", "flat", 0.01, (0.005, 0.02), "mine"), pair("large", "mine", 0.01, (-0.001, 0.02)))["rows"]
    assert [(row["name"], row["numbers"], row["p"], row["significant"]) for row in rows] == [
        ("flat", "+1.00 [+0.50, +2.00]", "p = 0.040", True),
        ("large", "\N{MINUS SIGN}1.00 [\N{MINUS SIGN}2.00, +0.10]", "p = 0.50", False),
    ]


def test_the_counts_of_a_turned_pair_are_swapped():
    turned = oriented(pair("large", "mine", 0.01, (0.0, 0.02)), "mine")
    assert (turned["a"], turned["b"], turned["only_a_correct"], turned["only_b_correct"]) == ("mine", "large", 3, 7)
    assert str(turned["interval"][1]) == "0.0"


@pytest.mark.parametrize("width", [380, 860])
def test_intervals_and_ticks_are_inside_the_plot_and_in_order(comparison, width):
    found = forest_plot(summarise(comparison), width=width)
    assert len(found["rows"]) == 2
    for row in found["rows"]:
        assert found["left"] <= row["low"] <= row["at"] <= row["high"] <= found["right"]
    places = [tick["at"] for tick in found["ticks"]]
    assert all(b - a >= 40 for a, b in pairwise(places))
    assert found["zero"] in places


def test_ticks_are_at_the_place_of_their_difference():
    found = plot(pair("mine", "flat", 0.05, (0.02, 0.1)), pair("mine", "large", -0.02, (-0.1, 0.01)))
    positions = {tick["text"]: tick["at"] for tick in found["ticks"]}
    row, other = found["rows"]
    assert positions["+2"] == row["low"]
    assert positions["+5"] == row["at"]
    assert positions["+10"] == row["high"]
    assert positions["\N{MINUS SIGN}2"] == other["at"]


def test_a_pair_without_a_difference_has_an_axis_around_0():
    found = plot(pair("mine", "flat", 0.0, (0.0, 0.0)))
    assert found["rows"][0]["numbers"] == "0.00 [0.00, 0.00]"
    assert found["zero"] == pytest.approx((found["left"] + found["right"]) / 2, abs=0.1)


def test_other_pairs_make_no_plot():
    assert plot({**pair("flat", "large", 0.1, (0.0, 0.2)), "with_reference": False}) is None
    assert plot() is None
