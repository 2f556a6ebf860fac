import pytest
from rich.console import Console

from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._table import comparison_table


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
    assert "no significant difference" in text
    assert "Compared with committee" in text


@pytest.mark.parametrize("settings", [{"suspect": False}, {"counted": False}, {"seeds": (1,)}])
def test_table_without_flags_costs_or_several_seeds(build, settings):
    text = printed(summarise(build({"svc": 0.2, "flat": 0.1}, **settings)))
    assert ("suspected" in text) == settings.get("suspect", True)
    assert ("±" in text) == ("seeds" not in settings)


def test_a_single_contender_has_no_pairs(build):
    assert "95 % interval" not in printed(summarise(build({"flat": 0.1})))


def test_names_are_text_and_not_markup(build):
    assert "[red]x[/red]" in printed(summarise(build({"[red]x[/red]": 0.1})), width=120)
