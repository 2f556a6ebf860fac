import numpy as np
import pytest

from ensemble_hwr.evaluation._report._confusion import confusion_plots
from ensemble_hwr.evaluation._summary import summarise


def test_only_errors_are_shaded_on_one_scale(comparison):
    plots = confusion_plots(summarise(comparison))
    cells = [cell for plot in plots for cell in plot["cells"]]
    assert all(cell["row"] != cell["column"] for cell in cells)
    assert max(cell["opacity"] for cell in cells) == 1.0
    assert all(0.12 <= cell["opacity"] <= 1 for cell in cells)
    assert len({plot["worst"] for plot in plots}) == 1


def test_cells_are_the_errors_counted_one_by_one(comparison):
    classes = comparison.classes.tolist()
    for plot in confusion_plots(summarise(comparison)):
        counted = np.zeros((4, 4), dtype=int)
        for run in comparison.of(plot["name"]):
            for letter, row in zip(run.test, run.probabilities, strict=True):
                counted[classes.index(comparison.y[letter]), row.argmax()] += 1
        attempts = counted.sum(axis=1)
        np.fill_diagonal(counted, 0)
        drawn = np.zeros_like(counted)
        for cell in plot["cells"]:
            drawn[cell["row"], cell["column"]] = cell["count"]
            assert (classes[cell["row"]], classes[cell["column"]]) == (cell["true"], cell["wrong"])
            assert cell["attempts"] == attempts[cell["row"]]
            assert cell["share"] == pytest.approx(cell["count"] / cell["attempts"])
        np.testing.assert_array_equal(drawn, counted)


def test_without_errors_there_are_no_cells(build):
    (plot, _) = confusion_plots(summarise(build({"perfect": -1.0, "other": -1.0})))
    assert (plot["cells"], plot["worst"]) == ([], 0.0)
