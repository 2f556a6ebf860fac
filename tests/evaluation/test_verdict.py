from dataclasses import replace

import pytest

from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._verdict import recommendation, reference_contender, verdict_sentences


def made_up(difference, p, interval, *, better, seeds=5, turned=False):
    """Return a summary in which hierarchical minus flat is `difference`."""
    names = ("flat", "hierarchical") if turned else ("hierarchical", "flat")
    if turned:
        difference, interval = -difference, [-interval[1], -interval[0]]
    pair = {"a": names[0], "b": names[1], "difference": difference, "interval": interval, "p_holm": p, "better": better}
    pair |= {"with_reference": True, "confidence": 0.95}
    costs = {"parameters": 1000, "macs": 1000.0, "fit_seconds": 10.0}
    own = {"parameters": 1010, "macs": 200.0, "fit_seconds": 25.0}
    return {
        "reference": "hierarchical",
        "contenders": {"flat": {"accuracy": [0.95], **costs}, "hierarchical": {"accuracy": [0.96], **own}},
        "pairs": [pair],
        "n_samples": 3919,
        "samples_per_seed": [3919] * seeds,
        "seeds": list(range(seeds)),
    }


@pytest.mark.parametrize("turned", [False, True])
def test_a_win_is_given_with_its_size_costs_and_significance(turned):
    headline, duel, *_ = verdict_sentences(made_up(0.01, 0.0004, [0.006, 0.014], better="hierarchical", turned=turned))
    assert headline == "On 3,919 test samples, hierarchical (accuracy 96.00 %) is more accurate than flat."
    assert duel == (
        "Compared with flat: accuracy 1.00 points higher (95 % interval +0.60 to +1.40, p < 0.001), "
        "with as many parameters, 20 % of the MACs per sample and 2.5 times the fit time."
    )


@pytest.mark.parametrize("turned", [False, True])
def test_a_loss_is_given_as_lower_accuracy(turned):
    headline, duel, *_ = verdict_sentences(made_up(-0.02, 0.012, [-0.03, -0.01], better="flat", turned=turned))
    assert "is less accurate than flat" in headline
    assert duel.startswith(
        "Compared with flat: accuracy 2.00 points lower (95 % interval \u22123.00 to \u22121.00, p = 0.012)"
    )


def test_no_significant_difference_is_stated():
    headline, duel, *_ = verdict_sentences(made_up(0.001, 0.43, [-0.002, 0.004], better=None))
    assert "does not differ significantly from flat" in headline
    assert duel.startswith(
        "Compared with flat: no significant difference, +0.10 points (95 % interval \u22120.20 to +0.40, p = 0.43)"
    )


@pytest.mark.parametrize(("seeds", "cautious"), [(1, True), (4, True), (5, False)])
def test_few_seeds_give_a_caution(seeds, cautious):
    sentences = verdict_sentences(made_up(0.01, 0.001, [0.006, 0.014], better="hierarchical", seeds=seeds))
    assert sentences[-1].startswith("Caution") is cautious


def test_outcomes_of_several_rivals_are_listed_separately(build):
    summary = summarise(build({"a": 0.4, "b": 0.4, "hierarchical": 0.2, "c": 0.2, "d": 0.02}))
    headline = summary["verdict"].split(". ")[0]
    assert (
        "is more accurate than a and b; it is less accurate than d; it does not differ significantly from c" in headline
    )
    assert "p-values and intervals are corrected for the 4 comparisons with hierarchical (Holm)" in summary["verdict"]


def test_identical_contenders_do_not_differ(build):
    whole = build({"flat": 0.0, "hierarchical": 0.0})
    assert "does not differ significantly from flat" in summarise(whole)["verdict"]


def test_a_single_contender_has_no_comparison(build):
    assert "is the only contender" in summarise(build({"flat": 0.1}))["verdict"]


def test_unknown_costs_are_left_out(build):
    verdict = summarise(build({"svc": 0.3, "hierarchical": 0.1}, counted=False))["verdict"]
    assert "MACs" not in verdict
    assert "times the fit time" in verdict


def test_the_default_reference_is_the_hierarchy(build):
    figures = {"x": {"accuracy": [0.9], "hierarchy": None}, "y": {"accuracy": [0.8], "hierarchy": {"groups": []}}}
    assert reference_contender(figures) == "y"
    assert reference_contender({**figures, "hierarchical": figures["x"]}) == "hierarchical"
    assert reference_contender({"x": figures["x"]}) == "x"
    assert summarise(build({"flat": 0.1, "hierarchical": 0.1}), reference="flat")["reference"] == "flat"


def test_an_unknown_reference_is_an_error(comparison):
    with pytest.raises(ValueError, match="'svm'; the contenders are baseline, flat, hierarchical"):
        summarise(comparison, reference="svm")


def test_a_reference_that_did_not_learn_has_no_conclusion(build):
    verdict = summarise(build({"flat": 0.1, "hierarchical": 0.74}))["verdict"]
    assert "hierarchical (accuracy 31.17 %) did not learn: the accuracy 31.5 %" in verdict
    assert "is not significantly above the share of the most frequent class, 25.0 %." in verdict
    assert "accurate than" not in verdict
    assert "Compared with" not in verdict


def test_contenders_that_did_not_learn_are_not_counted_in_the_correction(build):
    summary = summarise(build({"stuck": 0.75, "flat": 0.2, "other": 0.2, "hierarchical": 0.1}))
    assert "corrected for the 2 comparisons with hierarchical" in summary["verdict"]
    assert "Caution: stuck did not learn and is not compared" in summary["verdict"]
    assert "stuck" not in summary["frontier"]
    (pair,) = [pair for pair in summary["pairs"] if {pair["a"], pair["b"]} == {"stuck", "hierarchical"}]
    assert pair["better"] is pair["p_holm"] is None


def test_a_loss_that_did_not_fall_is_named_with_its_seeds(build):
    whole = build({"flat": 0.2, "hierarchical": 0.1})
    runs = [replace(run, loss_fell=run.seed > 0 if run.contender == "flat" else None) for run in whole.runs]
    figures = summarise(replace(whole, runs=tuple(runs)))["contenders"]
    assert figures["flat"]["did_not_learn"] == (
        "the loss did not fall below that of the first epoch (with 1 of 3 seeds: 0)"
    )
    assert figures["hierarchical"]["did_not_learn"] is None


def test_seeds_that_test_other_samples_are_stated(build):
    whole = build({"flat": 0.2, "hierarchical": 0.09})
    runs = [
        replace(run, test=run.test[50 * run.seed :][:80], probabilities=run.probabilities[50 * run.seed :][:80])
        for run in whole.runs
    ]
    verdict = summarise(replace(whole, runs=tuple(runs)))["verdict"]
    assert verdict.startswith("On 180 distinct test samples (80 per seed), hierarchical")


def test_the_recommendation_is_the_most_accurate_contender_and_a_cheap_one_near_it(build):
    summary = summarise(build({"cheap": 0.104, "bad": 0.4, "best": 0.1}, n=2000))
    (sentence,) = recommendation(summary)
    assert sentence.startswith("Highest accuracy: best (89.5")
    assert "; fewest MACs within 0.5 points of it: cheap (5.00k, " in sentence
    assert sentence in verdict_sentences(summary)
    assert recommendation(summarise(build({"only": 0.1}))) == []
