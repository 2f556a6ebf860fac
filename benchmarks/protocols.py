"""Flat against hierarchical, and against peers, on both protocols: makes the README's table.

    python -m benchmarks.protocols --output protocols            four hours of one core for pooled, half of that for unseen
    python -m benchmarks.protocols --output protocols --update   and writes the table into docs/notes/accuracy.md

HiClass must be installed (``pip install hiclass``). The letters must be where the configs or ENSEMBLE_HWR_DATA say.
Reports stay in the folder, one for each protocol, and so does each seed as it is finished, so that a stopped
benchmark goes on where it was. ``--kept`` makes the table of the reports that are there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import click
import numpy as np
from scipy.stats import t as student

from benchmarks.keeping import kept, settings_of
from benchmarks.pages import put
from ensemble_hwr.config import (
    ExperimentConfig,
    build_contenders,
    build_member,
    build_split,
    load_config,
    load_letters,
)
from ensemble_hwr.config.letters import describe_data, training_sources
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.evaluation import CompareProgress, Comparison, compare, scale_hidden_layers, write_report

ROOT = Path(__file__).parent.parent
PROTOCOLS = ("pooled", "unseen")
REPEATABLE = ("svm", "boosting")  # a seed changes nothing about them, so one fit stands for all


@click.command()
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@click.option("--protocol", "protocols", type=click.Choice(PROTOCOLS), multiple=True, default=PROTOCOLS)
@click.option("--seeds", type=click.IntRange(2), help="Only so many of the config's seeds.")
@click.option("--update", is_flag=True, help="Write the table into README.md.")
@click.option("--again/--kept", default=True, help="Fit again, or make the table of the reports that are there.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Processes.")
def main(*, out: Path, protocols: tuple[str, ...], seeds: int | None, update: bool, again: bool, jobs: int) -> None:
    """Run the protocols and print their table."""
    for name in protocols if again else ():
        (out / name).mkdir(parents=True, exist_ok=True)
        config = load_config(ROOT / "configs" / f"{name}.toml")
        write_report(measure(config, config.seeds[:seeds], jobs, out / name), out / name)
    found = [name for name in PROTOCOLS if (out / name / "report.json").exists()]
    reports = {name: json.loads((out / name / "report.json").read_text(encoding="utf-8")) for name in found}
    text = "\n".join(f"{table(name, report)}\n{verdict(report)}" for name, report in reports.items())
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "accuracy.md", "benchmarks/protocols.py", text)


def measure(config: ExperimentConfig, seeds: Sequence[int], jobs: int, folder: Path) -> Comparison:
    """Compare the config's contenders and the peers on the same letters, seed by seed."""
    letters = load_letters(config)
    bench = Bench(config, letters, letters.to_rows(n_jobs=jobs), jobs)
    settings = settings_of(config)
    own = [kept(folder / f"seed-{seed}.joblib", settings, partial(bench.own, seed)) for seed in seeds]
    once = kept(folder / "repeatable.joblib", settings, partial(bench.repeatable, seeds[0]))
    repeated = [replace(run, seed=seed) for seed in seeds for run in once.runs]
    runs = [*(run for found in own for run in found.runs), *repeated]
    order = list(dict.fromkeys(run.contender for run in runs))
    return replace(own[0], runs=tuple(sorted(runs, key=lambda run: order.index(run.contender))))


@dataclass(frozen=True)
class Bench:
    """The letters of a protocol, and who is compared on them."""

    config: ExperimentConfig
    letters: LetterSet
    rows: np.ndarray
    jobs: int

    def own(self, seed: int) -> Comparison:
        """Compare the config's contenders and HiClass with one seed."""
        classes = sorted(set(self.letters.target.tolist()))
        contenders = build_contenders(self.config, classes, sources=training_sources(self.config, self.letters))
        own = self._compare(contenders, seed)
        parameters = own.of("hierarchical")[0].parameters
        hiclass = self._compare({"hiclass": top_down(self.config, self.rows, parameters)}, seed)
        return replace(own, runs=(*own.runs, *hiclass.runs))

    def repeatable(self, seed: int) -> Comparison:
        """Compare the peers about which a seed changes nothing."""
        return self._compare(
            {name: build_member(self.config, self.config.contenders[name]) for name in REPEATABLE}, seed
        )

    def _compare(self, contenders: Mapping[str, Any], seed: int) -> Comparison:
        return compare(
            contenders,
            self.rows,
            self.letters.target,
            split=build_split(self.config, self.letters),
            seeds=[seed],
            suspect=self.letters.suspect,
            data=describe_data(self.config, self.letters),
            n_jobs=self.jobs,
            on_progress=_tell,
        )


def top_down(config: ExperimentConfig, rows: Any, parameters: int | None) -> Any:
    """HiClass over the same groups, with members like the flat contender's and as many parameters as the hierarchy."""
    from benchmarks.hiclass_peer import TopDown

    nodes, classes_a_node = 7, 5
    member = scale_hidden_layers(
        build_member(config, config.flat or config.router), (parameters or 0) // nodes, rows[:100], classes_a_node
    )
    return TopDown(member)


def _tell(event: CompareProgress) -> None:
    click.echo(f"{event.done}/{event.total} {event.contender}, seed {event.seed}: {event.seconds:.0f} s", err=True)


def table(protocol: str, report: Mapping[str, Any]) -> str:
    """One protocol as a Markdown table, a row for each contender: means over the seeds, with 95 % intervals."""
    lines = [
        f"| {protocol} | accuracy % | not suspect % | calibration error % | MACs per letter | parameters |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in report["contenders"].items():
        cost, parameters = found["macs"], found["parameters"]
        cells = [
            f"`{name}`",
            spread(found["accuracy"]),
            spread(found["without_suspected_errors"]["accuracy"]),
            f"{100 * mean(found['expected_calibration_error']):.2f}",
            "" if cost is None else f"{cost:,.0f}",
            "" if parameters is None else f"{parameters:,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def spread(shares: list[float]) -> str:
    """Mean over seeds in percent, and half of its 95 % interval by Student's t."""
    if len(shares) < 2 or not np.ptp(shares):
        return f"{100 * mean(shares):.2f}"
    half = float(student.ppf(0.975, len(shares) - 1)) * stdev(shares) / len(shares) ** 0.5
    return f"{100 * mean(shares):.2f} ± {100 * half:.2f}"


def verdict(report: Mapping[str, Any]) -> str:
    """Say what the tests show of the hierarchy and everyone else."""
    lines = []
    for pair in report["pairs"]:
        if "hierarchical" not in (pair["a"], pair["b"]):
            continue
        other, sign = (pair["a"], -1) if pair["b"] == "hierarchical" else (pair["b"], 1)
        low, high = sorted(100 * sign * end for end in pair["interval"])
        lines.append(
            f"- `hierarchical` against `{other}`: {100 * sign * pair['difference']:+.2f} points "
            f"({low:+.2f} to {high:+.2f}), p = {pair['p_holm']:.2g}"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
