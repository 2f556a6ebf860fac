"""Measure speed and memory, and write the results as JSON and as Markdown tables.

    python -m benchmarks --output speed                      all sections, several minutes on an idle machine
    python -m benchmarks prediction --output speed           one section
    python -m benchmarks --quick                             two minutes; only ratios are checked, with wide margins
    python -m benchmarks --output speed --before old.json --update    also update docs/user_guide/speed.md

Ratios compare times of one run; values are medians over repeats. ``ENSEMBLE_HWR_DATA`` is the folder of the real
letters; without them, generated letters are used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from benchmarks.figures import Figure, environment
from benchmarks.pages import put

SECTIONS = ("normalising", "prediction", "fitting", "scale", "startup", "cores", "reading")
PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "speed.md"


@click.command()
@click.argument("sections", nargs=-1, metavar=f"[{'|'.join(SECTIONS)}]...")
@click.option("--quick", is_flag=True, help="Use small samples; fail if a ratio is outside its bounds.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for speed.json and speed.md.")
@click.option(
    "--before", type=click.Path(exists=True, path_type=Path), help="speed.json of an earlier run to compare with."
)
@click.option("--update", is_flag=True, help="Write the tables into docs/user_guide/speed.md.")
def main(sections: tuple[str, ...], quick: bool, output: Path | None, before: Path | None, update: bool) -> None:
    """Run the given sections, or all of them."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # of worker processes, where rows are fewer than a batch
    unknown = sorted(set(sections) - set(SECTIONS))
    if unknown:
        raise click.BadParameter(f"unknown section {', '.join(unknown)}; choose from {', '.join(SECTIONS)}")
    found = {name: import_module(f"benchmarks.{name}").measure(quick) for name in sections or SECTIONS}
    earlier = values(json.loads(before.read_text(encoding="utf-8"))) if before else {}
    tables = {name: table(figures, earlier.get(name, {})) for name, figures in found.items()}
    text = "\n".join(f"{describe(environment())}\n\n{table}" for table in tables.values())
    click.echo(text)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "speed.json").write_text(json.dumps(report(found, quick), indent=1) + "\n", encoding="utf-8")
        (output / "speed.md").write_text(text, encoding="utf-8")
    if update:
        for name, lines in tables.items():
            put(PAGE, f"python -m benchmarks {name}", f"{describe(environment())}\n\n{lines}")
    outside = [figure for figures in found.values() for figure in figures if not figure.is_within_bounds]
    if quick and outside:
        raise click.ClickException("; ".join(map(violation, outside)))


def report(found: Mapping[str, Sequence[Figure]], quick: bool) -> dict[str, Any]:
    """Return all results and their environment as values that JSON can hold."""
    return {
        "environment": environment(),
        "quick": quick,
        "sections": {name: [asdict(figure) for figure in figures] for name, figures in found.items()},
    }


def values(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the values of a report, by section and name."""
    return {
        section: {figure["name"]: figure["value"] for figure in figures}
        for section, figures in report["sections"].items()
    }


def table(figures: Sequence[Figure], before: Mapping[str, float]) -> str:
    """Return a Markdown table, with an additional column if there is an earlier run."""
    head = ["what", *(["before"] if before else []), "measured", "target"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for figure in figures:
        old = [shown(before.get(figure.name), figure.unit)] if before else []
        lines.append(f"| {' | '.join([figure.name, *old, shown(figure.value, figure.unit), figure.target])} |")
    return "\n".join(lines) + "\n"


def shown(value: float | None, unit: str) -> str:
    """Format a value with three significant digits and its unit."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def describe(facts: Mapping[str, Any]) -> str:
    """Describe the environment in one line."""
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return (
        f"{facts['processor']}, {facts['cores']} cores; {facts['system']}; Python {facts['python']}, "
        f"{packages}; {facts['blas']}."
    )


def violation(figure: Figure) -> str:
    """Return the message for a figure that is outside its bounds."""
    bounds = [f"at least {figure.at_least:g}"] if figure.at_least is not None else []
    bounds += [f"at most {figure.at_most:g}"] if figure.at_most is not None else []
    return f"{figure.name}: {figure.value:.2f}, expected {' and '.join(bounds)}"


if __name__ == "__main__":
    main()
