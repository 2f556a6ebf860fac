import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import GaussianNB

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import compare
from ensemble_hwr.evaluation._summary import pareto_frontier, summarise
from ensemble_hwr.evaluation._table import comparison_table
from ensemble_hwr.evaluation.metrics import hierarchical_scores
from ensemble_hwr.evaluation.results import Comparison, HierarchyTrace, MemberTrace, Run
from ensemble_hwr.evaluation.statistics import PairedTest, holm, mcnemar
from ensemble_hwr.hierarchy import resolve_groups


def test_summary_is_json_without_nan_and_comes_back_the_same(comparison):
    summary = summarise(comparison)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_summary_has_the_documented_keys(comparison):
    summary = summarise(comparison)
    assert {"contenders", "pairs", "verdict", "data", "versions"} <= set(summary)
    assert list(summary["contenders"]) == ["baseline", "flat", "hierarchical"]
    for figures in summary["contenders"].values():
        for scored in (figures, figures["without_suspected_errors"]):
            for score in ("accuracy", "macro_f1", "log_loss", "expected_calibration_error"):
                assert len(scored[score]) == 3
        for cost in ("parameters", "macs", "fit_seconds", "samples_per_second", "size_bytes"):
            assert figures[cost] > 0
        assert set(figures["per_class"]) == {"B", "D", "O", "P"}
        assert {"a", "b", "count"} <= set(figures["confused_pairs"][0])
    documented = {"a", "b", "difference", "interval", "p_value", "p_holm", "test", "better"}
    assert all(documented <= set(pair) for pair in summary["pairs"])
    assert summary["versions"]["scikit-learn"]
    assert summary["n_samples"] == 200
    assert summary["seeds"] == [0, 1, 2]


def test_scores_per_seed_with_and_without_suspected_label_errors(comparison):
    figures = summarise(comparison)["contenders"]["flat"]
    for i, run in enumerate(comparison.of("flat")):
        predicted = comparison.classes[run.probabilities.argmax(axis=1)]
        kept = ~comparison.suspect
        assert figures["accuracy"][i] == accuracy_score(comparison.y, predicted)
        assert figures["without_suspected_errors"]["accuracy"][i] == accuracy_score(comparison.y[kept], predicted[kept])


def test_per_class_counts_are_over_all_seeds(comparison):
    table = summarise(comparison)["contenders"]["flat"]["per_class"]
    assert sum(row["support"] for row in table.values()) == 600


def test_without_flags_there_are_no_scores_without_suspected_errors(build):
    summary = summarise(build({"flat": 0.1}, suspect=False))
    assert summary["contenders"]["flat"]["without_suspected_errors"] is None


def test_all_samples_suspect_gives_none_instead_of_nan(build):
    whole = build({"flat": 0.1})
    flagged = Comparison(whole.runs, whole.y, whole.rows, np.ones(200, dtype=bool))
    assert summarise(flagged)["contenders"]["flat"]["without_suspected_errors"]["accuracy"] == [None] * 3


def test_unknown_costs_are_none(build):
    figures = summarise(build({"svc": 0.1, "flat": 0.2}, counted=False))
    assert figures["contenders"]["svc"]["parameters"] is None
    assert figures["contenders"]["svc"]["macs"] is None
    assert figures["frontier"] == []


def test_pairs_are_tested_clustered_by_sample_and_corrected(comparison):
    pairs = summarise(comparison)["pairs"]
    assert [(pair["a"], pair["b"]) for pair in pairs] == [
        ("baseline", "flat"),
        ("baseline", "hierarchical"),
        ("flat", "hierarchical"),
    ]
    a, b = (
        np.concatenate([run.probabilities.argmax(axis=1) for run in comparison.of(name)])
        == np.tile(np.searchsorted(comparison.classes, comparison.y), 3)
        for name in ("baseline", "flat")
    )
    assert pairs[0]["difference"] == pytest.approx(a.mean() - b.mean())
    assert pairs[0]["p_value"] == mcnemar(a, b, np.tile(np.arange(200), 3)).p_value
    assert pairs[1]["better"] == "hierarchical"
    assert pairs[2]["better"] is None


def test_pairs_with_the_reference_alone_are_corrected_and_decided(comparison):
    other, *with_reference = summarise(comparison)["pairs"]
    assert [pair["with_reference"] for pair in (other, *with_reference)] == [False, True, True]
    assert [pair["p_holm"] for pair in with_reference] == holm([pair["p_value"] for pair in with_reference]).tolist()
    assert other["p_holm"] is other["better"] is None
    assert other["p_value"] < 0.001
    assert other["confidence"] == 0.95
    assert [round(pair["confidence"], 3) for pair in with_reference] == [0.975, 0.95]


def test_pairing_does_not_depend_on_the_order_of_samples(build):
    whole = build({"flat": 0.3, "hierarchical": 0.1})
    shuffled = []
    for i, run in enumerate(whole.runs):
        order = np.random.default_rng(i).permutation(200)
        shuffled.append(Run(run.contender, run.seed, run.test[order], run.probabilities[order], 1.0, 1.0, 1))
    mixed = Comparison(tuple(reversed(shuffled[:3])) + tuple(shuffled[3:]), whole.y, whole.rows)
    found, expected = summarise(mixed)["pairs"][0], summarise(whole)["pairs"][0]
    assert found == expected


def test_single_seed_uses_the_exact_test(build):
    pair = summarise(build({"flat": 0.3, "hierarchical": 0.1}, seeds=(7,)))["pairs"][0]
    assert pair["test"] == "McNemar's exact test"


def test_a_difference_that_is_not_significant_after_correction_has_no_winner(build):
    whole = build({"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0}, seeds=(0,))
    runs = []
    for run in whole.runs:
        p = run.probabilities.copy()
        missed = {"a": [0], "b": range(1, 9)}.get(run.contender, [])
        p[missed] = np.roll(p[missed], 1, axis=1)
        runs.append(Run(run.contender, 0, run.test, p, 1.0, 1.0, 1))
    pair = summarise(Comparison(tuple(runs), whole.y, whole.rows), reference="a")["pairs"][0]
    assert pair["p_value"] < 0.05 < pair["p_holm"]
    assert pair["interval"][0] < 0 < pair["difference"] < pair["interval"][1]
    assert pair["better"] is None


def test_ftests_are_included_in_either_order(comparison):
    ftests = {("flat", "baseline"): PairedTest(5.0, 0.02, "5x2cv F test")}
    pairs = summarise(comparison, ftests=ftests)["pairs"]
    assert pairs[0]["p_value_5x2cv"] == 0.02
    assert pairs[0]["p_holm_5x2cv"] is None
    assert "p_value_5x2cv" not in pairs[1]
    pairs = summarise(comparison, ftests=ftests, reference="flat")["pairs"]
    assert pairs[0]["p_holm_5x2cv"] == 0.02


def test_counts_of_members_are_summed_over_seeds(comparison):
    hierarchy = summarise(comparison)["contenders"]["hierarchical"]["hierarchy"]
    assert hierarchy["router_accuracy"] == [0.9] * 3
    assert hierarchy["members"][0] == {
        "name": "specialist:B-D",
        "role": "specialist",
        "classes": ["B", "D"],
        "seeds": 3,
        "trust": pytest.approx(0.4),
        "tested": 600,
        "routed": 90,
        "improved": 9,
        "worsened": 3,
    }
    assert hierarchy["groups"][0] == {"name": "B-D", "classes": ["B", "D"], "seeds": 3}


def test_groups_that_differ_between_seeds_are_listed_separately(build):
    whole = build({"hierarchical": 0.1}, seeds=(0, 1))
    member = MemberTrace("specialist:1", "specialist", ("O", "P"), 1.0, 5, 0, 0)
    other = HierarchyTrace(0.8, 0.9, {"1": ("O", "P"), "2": ("B", "D")}, (member,))
    second = Run("hierarchical", 1, np.arange(200), whole.runs[1].probabilities, 1.0, 1.0, 1, hierarchy=other)
    hierarchy = summarise(Comparison((whole.runs[0], second), whole.y, whole.rows))["contenders"]["hierarchical"]
    assert [group["seeds"] for group in hierarchy["hierarchy"]["groups"]] == [1, 1, 1, 1]
    assert [member["seeds"] for member in hierarchy["hierarchy"]["members"]] == [1, 1, 1]


def test_data_is_converted_to_json_types(build):
    data = {"n": np.int64(3), "share": float("nan"), "sizes": {"a": np.arange(2)}, "path": object, 5: (1, None)}
    plain = summarise(build({"flat": 0.1}, data=data))["data"]
    assert plain["n"] == 3
    assert plain["share"] is None
    assert plain["sizes"] == {"a": [0, 1]}
    assert plain["5"] == [1, None]
    assert isinstance(plain["path"], str)


def test_labels_can_be_numbers(build):
    summary = summarise(build({"flat": 0.1, "hierarchical": 0.3}, classes=np.arange(4)))
    assert summary["classes"] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("costs", "accuracies", "expected"),
    [
        ([1, 2, 3], [0.9, 0.95, 0.94], [True, True, False]),
        ([1, 1], [0.9, 0.95], [False, True]),
        ([1, 2], [0.9, 0.9], [True, False]),
        ([1, 1], [0.9, 0.9], [True, True]),
        ([], [], []),
    ],
)
def test_pareto_frontier(costs, accuracies, expected):
    assert pareto_frontier(costs, accuracies) == expected


def test_warnings_are_counted_by_contender_where_only_numbers_differ(build):
    whole = build({"flat": 0.2, "hierarchical": 0.09})
    runs = [
        replace(run, warnings=(ConvergenceWarning(f"stopped after {100 + run.seed} epochs\nadvice"),) * 2)
        if run.contender == "flat" and run.seed
        else run
        for run in whole.runs
    ]
    contenders = summarise(replace(whole, runs=tuple(runs)))["contenders"]
    warning = {"category": "ConvergenceWarning", "text": "stopped after 101 epochs", "fits": 2}
    assert contenders["flat"]["warnings"] == [warning]
    assert contenders["hierarchical"]["warnings"] == []


def test_the_time_of_a_prediction_is_given_for_costs_that_cannot_be_counted(build):
    figures = summarise(build({"svc": 0.2, "hierarchical": 0.09}, counted=False))["contenders"]["svc"]
    assert figures["seconds_per_sample"] == pytest.approx(0.5 / 200)


def test_hierarchical_scores_are_reported_for_all_contenders_where_groups_nest():
    X, codes = make_blobs(240, centers=6, n_features=4, cluster_std=2.5, random_state=0)
    y = np.array(list("ABCDEF"))[codes]
    tree = {"low": {"a": "AB", "b": "C"}, "high": "DEF"}
    nested = HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), groups=tree, trust=1.0)
    flat = clone(nested).set_params(groups=["ABC", "DEF"])
    split = (np.arange(120), np.arange(120, 240))
    comparison = compare({"nested": nested, "flat": flat, "bayes": GaussianNB()}, X, y, split=split, seeds=[0, 1])
    contenders = summarise(comparison, reference="flat")["contenders"]
    named = resolve_groups(tree, list("ABCDEF"))
    for name, figures in contenders.items():
        for seed, run in enumerate(comparison.of(name)):
            predicted = comparison.classes[run.probabilities.argmax(axis=1)]
            expected = hierarchical_scores(y[run.test], predicted, named)
            assert {score: values[seed] for score, values in figures["hierarchical_scores"].items()} == expected
    subgroups = contenders["nested"]["hierarchy"]["subgroups"]
    assert [(group["name"], group["seeds"]) for group in subgroups] == [("low/a", 2), ("low/b", 2)]
    assert [member["name"] for member in contenders["nested"]["hierarchy"]["members"]] == [
        "specialist:low",
        "specialist:high",
        "specialist:low/a",
    ]
    assert "hier." in as_text(comparison_table(summarise(comparison)))
    without = replace(comparison, runs=tuple(comparison.of("flat")))
    assert summarise(without)["contenders"]["flat"]["hierarchical_scores"] is None


def as_text(renderable):
    console = Console(width=140, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()
