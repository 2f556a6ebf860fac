from dataclasses import replace

import pytest
from rich.console import Console

from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._table import TIMES, comparison_table
from ensemble_hwr.report.formats import ABSENT, MINUS


def ratios(numbers):
    return [f"{TIMES}{number}" for number in numbers.split()]


def printed(summary, width=80):
    console = Console(width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(comparison_table(summary))
    return captured.get()


def test_tables_fit_80_columns(build):
    summary = summarise(build({"baseline": 0.3, "flat": 0.1, "committee": 0.1, "hierarchical": 0.09}))
    text = printed(summary)
    for name, figures in summary["contenders"].items():
        line = next(line for line in text.splitlines() if line.strip().startswith(name))
        assert f"{100 * sum(figures['accuracy']) / 3:.2f} ±" in line
    assert "…" not in text
    assert "does not differ significantly from flat and committee" in " ".join(text.split())


def test_the_verdict_is_a_table_of_differences_and_ratios_of_costs(build):
    text = printed(summarise(build({"baseline": 0.3, "flat": 0.1, "hierarchical": 0.09}, counted=True)))
    rows = [line.split() for line in text.splitlines() if line.strip().startswith("vs ")]
    assert rows[0][:5] == ["vs", "baseline", "+15.83", "[+10.15,", "+21.52]"]
    assert rows[0][5:] == ["<", "0.001", "better", *ratios("3.00 3.00 2.00")]
    assert rows[1][:3] == ["vs", "flat", "+0.17"]
    assert rows[1][3].startswith(f"[{MINUS}")
    assert rows[1][6:] == ["n.s.", *ratios("1.50 1.50 1.33")]


def test_unknown_costs_have_no_ratio(build):
    text = printed(summarise(build({"flat": 0.3, "hierarchical": 0.09}, counted=False)))
    (row,) = [line.split() for line in text.splitlines() if line.strip().startswith("vs ")]
    assert row[-3:] == [ABSENT, ABSENT, *ratios("1.50")]


def test_contenders_that_did_not_learn_are_marked_and_kept_out_of_the_verdict(build):
    text = printed(summarise(build({"baseline": 0.76, "flat": 0.2, "hierarchical": 0.09})), width=200)
    assert "baseline (did not learn)" in text
    assert "vs baseline" not in text
    assert "Caution: baseline did not learn and is not compared: the accuracy" in text


def test_other_samples_per_seed_are_stated(build):
    whole = build({"flat": 0.2, "hierarchical": 0.09})
    runs = [
        replace(run, test=run.test[50 * run.seed :][:80], probabilities=run.probabilities[50 * run.seed :][:80])
        for run in whole.runs
    ]
    text = printed(summarise(replace(whole, runs=tuple(runs))))
    assert "180 distinct test samples (80 per seed), mean ± standard deviation of 3 seeds" in text


@pytest.mark.parametrize("settings", [{"suspect": False}, {"counted": False}, {"seeds": (1,)}])
def test_table_without_flags_costs_or_several_seeds(build, settings):
    text = printed(summarise(build({"svc": 0.2, "flat": 0.1}, **settings)))
    assert ("suspected" in text) == settings.get("suspect", True)
    assert ("±" in text) == ("seeds" not in settings)


def test_a_single_contender_has_no_pairs(build):
    assert "interval" not in printed(summarise(build({"flat": 0.1})))


def test_names_are_text_and_not_markup(build):
    assert "[red]x[/red]" in printed(summarise(build({"[red]x[/red]": 0.1})), width=120)
