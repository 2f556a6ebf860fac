"""Flat against hierarchical on both protocols: makes the README's table.

    python -m benchmarks.protocols --out protocols            about 20 minutes on two cores
    python -m benchmarks.protocols --out protocols --update   and writes the table into README.md

The letters must be where the configs or ENSEMBLE_HWR_DATA say. Reports stay in the folder, one for each protocol.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click

ROOT = Path(__file__).parent.parent
PROTOCOLS = ("pooled", "unseen")
BEGIN, END = "<!-- table: benchmarks/protocols.py -->\n", "<!-- end of table -->"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@click.option("--update", is_flag=True, help="Write the table into README.md.")
@click.option("--again/--kept", default=True, help="Fit again, or make the table of the reports that are there.")
def main(out: Path, update: bool, again: bool) -> None:
    """Run both protocols and print their table."""
    if again:
        for protocol in PROTOCOLS:
            command = ["compare", str(ROOT / "configs" / f"{protocol}.toml"), "--out", str(out / protocol)]
            subprocess.run([sys.executable, "-m", "ensemble_hwr", *command], check=True)
    reports = {name: json.loads((out / name / "report.json").read_text(encoding="utf-8")) for name in PROTOCOLS}
    text = table(reports)
    click.echo(text)
    if update:
        readme = ROOT / "README.md"
        pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
        readme.write_text(
            pattern.sub(lambda _: BEGIN + text + END, readme.read_text(encoding="utf-8")), encoding="utf-8"
        )


def table(reports: dict[str, dict[str, Any]]) -> str:
    """Both protocols as one Markdown table, a row for each contender."""
    lines = [
        "| contender | pooled % | not suspect | multiply-adds a letter "
        "| unseen % | not suspect | multiply-adds a letter | parameters |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, pooled in reports["pooled"]["contenders"].items():
        cells = [f"`{name}`"]
        for report in reports.values():
            found = report["contenders"][name]
            cells += [
                spread(found["accuracy"]),
                spread(found["not_suspect"]["accuracy"]),
                f"{found['multiply_adds']:,.0f}",
            ]
        lines.append(f"| {' | '.join([*cells, format(pooled['parameters'], ',.0f')])} |")
    return "\n".join(lines) + "\n"


def spread(shares: list[float]) -> str:
    """Mean and standard deviation over seeds, in percent."""
    return f"{100 * mean(shares):.2f} ± {100 * stdev(shares):.2f}"


if __name__ == "__main__":
    main()
