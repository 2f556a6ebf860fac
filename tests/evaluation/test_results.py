"""Records of a comparison."""

import dataclasses
import sys

import numpy as np
import pytest

from ensemble_hwr.evaluation.results import Comparison, Run
from ensemble_hwr.exceptions import MissingExtraError


def run(contender, seed):
    return Run(contender, seed, np.arange(2), np.eye(2), 1.0, 1.0, 1)


@pytest.fixture
def mixed():
    """Return a comparison with its runs ordered by seed."""
    runs = tuple(run(name, seed) for seed in (5, 1) for name in ("top_down", "baseline"))
    return Comparison(runs, np.array(["P", "B"]), np.zeros((2, 784), dtype=np.float32))


def test_contenders_and_seeds_keep_their_order(mixed):
    assert mixed.contenders == ("top_down", "baseline")
    assert mixed.seeds == (5, 1)


def test_of_returns_the_runs_of_one_contender(mixed):
    assert [(one.contender, one.seed) for one in mixed.of("baseline")] == [("baseline", 5), ("baseline", 1)]
    assert mixed.of("unknown") == ()


def test_classes_are_the_sorted_labels(mixed):
    assert mixed.classes.tolist() == ["B", "P"]


def test_records_are_frozen_and_do_not_share_defaults(mixed):
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixed.y = None
    with pytest.raises(dataclasses.FrozenInstanceError):
        mixed.runs[0].seed = 3
    assert mixed.data is not dataclasses.replace(mixed, data={}).data
    assert Comparison((), mixed.y, mixed.rows).data is not Comparison((), mixed.y, mixed.rows).data


def test_the_frame_has_a_row_for_each_contender_and_seed(build):
    comparison = build({"flat": 0.2, "hierarchical": 0.1})
    frame = comparison.to_frame()
    assert frame[["contender", "seed"]].to_numpy().tolist() == [
        [name, seed] for name in ("flat", "hierarchical") for seed in (0, 1, 2)
    ]
    assert frame.groupby("contender")["accuracy"].mean()["flat"] == pytest.approx(0.8167, abs=1e-3)
    assert frame["macs"].tolist() == [5000.0] * 3 + [10000.0] * 3
    assert set(frame["n_test"]) == {200}


def test_costs_that_cannot_be_counted_are_missing_in_the_frame(build):
    frame = build({"svc": 0.2}, counted=False).to_frame()
    assert frame[["parameters", "macs"]].isna().all(axis=None)


def test_without_pandas_the_error_says_what_to_install(build, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ensemble_hwr\[pandas\]'"):
        build({"flat": 0.2}).to_frame()


def test_notebooks_show_a_table_of_means(build):
    html = build({"<flat>": 0.2, "svc": 0.1}, counted=False)._repr_html_()
    assert "&lt;flat&gt;" in html
    assert "<flat>" not in html
    assert html.count("<tr>") == 3
    assert "standard deviation of 3 seeds" in html
    assert html.count("<td>") == 2 * 6
