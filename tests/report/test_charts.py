import math

import numpy as np
import pytest

from ensemble_hwr.evaluation import summarise
from ensemble_hwr.report.charts import class_bars, confusion_plots, hierarchy_trees, pair_rows


def test_confusion_plots_shade_errors_only_on_one_scale(comparison):
    plots = confusion_plots(summarise(comparison))
    cells = [cell for plot in plots for cell in plot["cells"]]
    assert all(cell["row"] != cell["column"] for cell in cells)
    assert max(cell["opacity"] for cell in cells) == 1.0
    assert all(0.12 <= cell["opacity"] <= 1 for cell in cells)
    assert len({plot["worst"] for plot in plots}) == 1


def test_confusion_cells_equal_the_counted_errors(comparison):
    classes = comparison.classes.tolist()
    for plot in confusion_plots(summarise(comparison)):
        counted = np.zeros((4, 4), dtype=int)
        for run in comparison.of(plot["name"]):
            for sample, row in zip(run.test, run.probabilities, strict=True):
                counted[classes.index(comparison.y[sample]), row.argmax()] += 1
        attempts = counted.sum(axis=1)
        np.fill_diagonal(counted, 0)
        drawn = np.zeros_like(counted)
        for cell in plot["cells"]:
            drawn[cell["row"], cell["column"]] = cell["count"]
            assert (classes[cell["row"]], classes[cell["column"]]) == (cell["true"], cell["predicted"])
            assert cell["support"] == attempts[cell["row"]]
            assert cell["share"] == pytest.approx(cell["count"] / cell["support"])
        np.testing.assert_array_equal(drawn, counted)


def test_confusion_plots_without_errors_have_no_cells(build):
    (plot, _) = confusion_plots(summarise(build({"perfect": -1.0, "other": -1.0})))
    assert (plot["cells"], plot["worst"]) == ([], 0.0)


def test_class_bars_are_sorted_by_error_rate_and_scaled_to_100(comparison):
    rows = class_bars(summarise(comparison))
    means = [np.mean(list(row["error_rates"].values())) for row in rows]
    assert means == sorted(means, reverse=True)
    assert max(bar["length"] for row in rows for bar in row["bars"]) == 100.0


@pytest.mark.parametrize(("count", "cell"), [(7, 12), (99, 12), (100, 17), (1234, 22)])
def test_cells_of_a_confusion_matrix_have_room_for_the_largest_count(comparison, count, cell):
    summary = summarise(comparison)
    true, predicted = summary["classes"][:2]
    table = summary["contenders"]["flat"]["per_class"][true]
    for figures in summary["contenders"].values():
        for row in figures["per_class"].values():
            row["misclassified_with"] = {}
    table["misclassified_with"] = {predicted: count}
    table["support"] = 2 * count
    assert {plot["cell"] for plot in confusion_plots(summary)} == {cell}


def test_intervals_are_on_a_square_root_scale(comparison):
    rows = pair_rows(summarise(comparison))
    assert max(abs(end) for row in rows for end in (row["low_at"], row["high_at"])) == 100.0
    for row in rows:
        assert row["low_at"] <= row["at"] <= row["high_at"]
        assert np.sign(row["at"]) == np.sign(row["difference"])


def test_interval_scale_of_given_values():
    pairs = [{"interval": (-0.04, 0.16), "difference": 0.01}, {"interval": (0.0, 0.04), "difference": 0.02}]
    first, second = pair_rows({"pairs": pairs})
    assert (first["low_at"], first["at"], first["high_at"]) == (-50.0, 25.0, 100.0)
    assert (second["low_at"], second["high_at"]) == (0.0, 50.0)
    assert second["at"] == pytest.approx(100 * math.sqrt(1 / 8), abs=0.05)
    assert first["p_holm_5x2cv"] is None


def test_intervals_of_no_difference_are_at_0():
    (row,) = pair_rows({"pairs": [{"interval": (0.0, 0.0), "difference": 0.0, "p_holm_5x2cv": 0.5}]})
    assert (row["low_at"], row["at"], row["high_at"], row["p_holm_5x2cv"]) == (0, 0, 0, 0.5)


def test_branches_are_groups_of_all_levels(comparison):
    summary = summarise(comparison)
    hierarchy = summary["contenders"]["hierarchical"]["hierarchy"]
    inner = {"name": "outer/inner", "classes": ["B", "D"], "seeds": 3}
    hierarchy["subgroups"] = [inner]
    hierarchy["members"][0] |= {"name": "specialist:outer/inner", "role": "specialist", "classes": ["B", "D"]}
    (tree,) = hierarchy_trees(summary)
    assert [branch["name"] for branch in tree["branches"]] == [g["name"] for g in hierarchy["groups"]] + ["outer/inner"]
    assert tree["branches"][-1]["member"]["name"] == "specialist:outer/inner"
