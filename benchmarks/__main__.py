"""Run the benchmarks of speed, and write what they find as JSON and as a table.

    python -m benchmarks --output speed                      everything: some minutes on an idle machine
    python -m benchmarks prediction --output speed           one section
    python -m benchmarks --quick                          two minutes: ratios alone are checked, with wide margins
    python -m benchmarks --output speed --before old.json --update    and writes the tables into docs/user_guide/speed.md

Ratios are taken within one run, figures are medians over repeats. Without the real letters (``ENSEMBLE_HWR_DATA``,
or ../shared/data beside this repository) generated ones are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from benchmarks.figures import Figure, environment
from benchmarks.pages import put

SECTIONS = ("prediction", "fitting", "scale", "startup")
PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "speed.md"


@click.command()
@click.argument("sections", nargs=-1, metavar=f"[{'|'.join(SECTIONS)}]...")
@click.option("--quick", is_flag=True, help="Small samples; fail where a ratio is beyond its bounds.")
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), help="Folder for speed.json and speed.md.")
@click.option("--before", type=click.Path(exists=True, path_type=Path), help="speed.json of an earlier run to show.")
@click.option("--update", is_flag=True, help="Write the tables into docs/user_guide/speed.md.")
def main(sections: tuple[str, ...], quick: bool, out: Path | None, before: Path | None, update: bool) -> None:
    """Measure sections of the library's speed."""
    unknown = sorted(set(sections) - set(SECTIONS))
    if unknown:
        raise click.BadParameter(f"there is no section {', '.join(unknown)}; choose from {', '.join(SECTIONS)}.")
    found = {name: import_module(f"benchmarks.{name}").measure(quick) for name in sections or SECTIONS}
    earlier = values(json.loads(before.read_text(encoding="utf-8"))) if before else {}
    tables = {name: table(figures, earlier.get(name, {})) for name, figures in found.items()}
    text = "\n".join(f"{stated(environment())}\n\n{table}" for table in tables.values())
    click.echo(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "speed.json").write_text(json.dumps(report(found, quick), indent=1) + "\n", encoding="utf-8")
        (out / "speed.md").write_text(text, encoding="utf-8")
    if update:
        for name, lines in tables.items():
            put(PAGE, f"python -m benchmarks {name}", f"{stated(environment())}\n\n{lines}")
    broken = [figure for figures in found.values() for figure in figures if not figure.is_kept]
    if quick and broken:
        raise click.ClickException("; ".join(map(complaint, broken)))


def report(found: Mapping[str, Sequence[Figure]], quick: bool) -> dict[str, Any]:
    """Put everything that was found, and on what, into what JSON can hold."""
    return {
        "environment": environment(),
        "quick": quick,
        "sections": {name: [asdict(figure) for figure in figures] for name, figures in found.items()},
    }


def values(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the values of a report by section and name."""
    return {
        section: {figure["name"]: figure["value"] for figure in figures}
        for section, figures in report["sections"].items()
    }


def table(figures: Sequence[Figure], before: Mapping[str, float]) -> str:
    """Make a Markdown table, with a column for an earlier run where there is one."""
    head = ["what", *(["before"] if before else []), "now", "asked"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for figure in figures:
        old = [shown(before.get(figure.name), figure.unit)] if before else []
        lines.append(f"| {' | '.join([figure.name, *old, shown(figure.value, figure.unit), figure.asked])} |")
    return "\n".join(lines) + "\n"


def shown(value: float | None, unit: str) -> str:
    """Write a value with three digits that count, and its unit."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def stated(facts: Mapping[str, Any]) -> str:
    """Say in a sentence on what was measured."""
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return (
        f"{facts['processor']}, {facts['cores']} cores; {facts['system']}; Python {facts['python']}, "
        f"{packages}; {facts['blas']}."
    )


def complaint(figure: Figure) -> str:
    """Say what is wrong with a figure."""
    bounds = [f"at least {figure.at_least:g}"] if figure.at_least is not None else []
    bounds += [f"at most {figure.at_most:g}"] if figure.at_most is not None else []
    return f"{figure.name}: {figure.value:.2f}, it should be {' and '.join(bounds)}"


if __name__ == "__main__":
    main()
