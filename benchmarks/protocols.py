"""Compare hierarchical, flat and other models on both protocols: the main table of docs/notes/accuracy.md.

    python -m benchmarks.protocols --output protocols            four hours of one core for pooled, two for unseen
    python -m benchmarks.protocols --output protocols --update   also writes the tables into docs/notes/accuracy.md

HiClass must be installed (``pip install hiclass``), and ENSEMBLE_HWR_DATA must name the folder that holds letters/. The
output folder keeps a report per protocol, and the results of each finished seed, so that a benchmark that was stopped
continues, and contenders that are added to a config are fitted alone. ``--kept`` prints the table of the reports in the
folder without fitting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import click
import numpy as np

from benchmarks.fit_cache import Runs, resumed
from benchmarks.pages import put
from ensemble_hwr.config import ExperimentConfig, load_config, load_letters
from ensemble_hwr.config.building import build_contender, build_member
from ensemble_hwr.config.letters import build_split, describe_data, training_sources, training_weight
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.evaluation import Comparison, compare, write_report
from ensemble_hwr.evaluation.results import CompareProgress
from ensemble_hwr.evaluation.scaling import EqualMacs, EqualParameters, scale_hidden_layers
from ensemble_hwr.report.formats import spread

ROOT = Path(__file__).parent.parent
PROTOCOLS = ("pooled", "unseen")
HICLASS = "hiclass"
SCALED = (EqualParameters, EqualMacs)
DETERMINISTIC = ("svm", "boosting")  # independent of the seed, so one fit is enough


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the reports.")
@click.option("--protocol", "protocols", type=click.Choice(PROTOCOLS), multiple=True, default=PROTOCOLS)
@click.option("--seeds", type=click.IntRange(2), help="Number of the config's seeds to use; by default all.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/accuracy.md.")
@click.option("--again/--kept", default=True, help="Fit again, or print the table of the existing reports.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Number of processes.")
def main(*, output: Path, protocols: tuple[str, ...], seeds: int | None, update: bool, again: bool, jobs: int) -> None:
    """Run the protocols and print their table."""
    for name in protocols if again else ():
        (output / name).mkdir(parents=True, exist_ok=True)
        config = load_config(ROOT / "configs" / f"{name}.toml")
        write_report(measure(bench_of(config, jobs), config.seeds[:seeds], output / name), output / name)
    found = [name for name in PROTOCOLS if (output / name / "report.json").exists()]
    reports = {name: json.loads((output / name / "report.json").read_text(encoding="utf-8")) for name in found}
    for name, report in reports.items():
        text = f"{table(name, report)}\n{differences(report)}"
        click.echo(text)
        if update:
            put(ROOT / "docs" / "notes" / "accuracy.md", f"benchmarks/protocols.py --protocol {name}", text)


def measure(bench: Bench, seeds: Sequence[int], folder: Path) -> Comparison:
    """Compare the config's contenders and HiClass on the same letters, seed by seed."""
    own = fit_all(bench, [*bench.config.compare.contenders, HICLASS], seeds, folder)
    file = folder / "deterministic.joblib"
    once = resumed(file, bench.config, DETERMINISTIC, partial(bench.fit, seeds[0]))
    repeated = [replace(run, seed=seed) for name in DETERMINISTIC for seed in seeds for run in once.of(name)]
    return replace(own, runs=(*own.runs, *repeated))


def fit_all(bench: Bench, names: Sequence[str], seeds: Sequence[int], folder: Path) -> Comparison:
    """Fit contenders seed by seed, but for the fits that are stored in a folder."""
    found = [resumed(folder / f"seed-{seed}.joblib", bench.config, names, partial(bench.fit, seed)) for seed in seeds]
    return replace(found[0], runs=tuple(run for name in names for each in found for run in each.of(name)))


def bench_of(config: ExperimentConfig, jobs: int, data: Path | None = None) -> Bench:
    """Load the letters of a protocol."""
    letters = load_letters(config, data=data)
    return Bench(config, letters, letters.to_rows(n_jobs=jobs), jobs)


@dataclass(frozen=True)
class Bench:
    """The letters of a protocol, and comparisons on them."""

    config: ExperimentConfig
    letters: LetterSet
    rows: np.ndarray
    jobs: int

    def fit(self, seed: int, names: Sequence[str], known: Runs) -> Comparison:
        """Fit contenders with one seed; `known` has the runs of the others.

        Contenders of equal parameters or MACs, and HiClass, are fitted after the hierarchy that they are scaled to.
        """
        built = {name: self._built(name) for name in names if name != HICLASS}
        free = {name: contender for name, contender in built.items() if not isinstance(contender, SCALED)}
        parts = [self._compare(free, seed)] if free else []
        known = {**known, **{run.contender: run for part in parts for run in part.runs}}
        scaled = {name: self._sized(contender, seed, known) for name, contender in built.items() if name not in free}
        if HICLASS in names:
            scaled[HICLASS] = self.hiclass(known["hierarchical"].parameters)
        parts += [self._compare(scaled, seed)] if scaled else []
        return replace(parts[0], runs=tuple(run for part in parts for run in part.runs))

    def hiclass(self, parameters: int | None) -> Any:
        """Return HiClass with as many parameters as the hierarchy."""
        return top_down(self.config, self.rows, parameters)

    def _built(self, name: str) -> Any:
        classes = sorted(set(self.letters.target.tolist()))
        return build_contender(self.config, name, classes, sources=training_sources(self.config, self.letters))

    def _sized(self, contender: EqualParameters | EqualMacs, seed: int, known: Runs) -> Any:
        split = build_split(self.config, self.letters)
        train, _ = split(seed) if callable(split) else split
        cost = getattr(known[contender.reference], contender.cost)
        return contender.sized(cost, self.rows[train], len(set(self.letters.target[train].tolist())))

    def _compare(self, contenders: Mapping[str, Any], seed: int) -> Comparison:
        return compare(
            contenders,
            self.rows,
            self.letters.target,
            split=build_split(self.config, self.letters),
            seeds=[seed],
            suspect=self.letters.suspect,
            sample_weight=training_weight(self.config, self.letters),
            data=describe_data(self.config, self.letters),
            n_jobs=self.jobs,
            on_progress=_report,
        )


def top_down(config: ExperimentConfig, rows: Any, parameters: int | None) -> Any:
    """Return HiClass with members like the flat contender and as many parameters as the hierarchy."""
    from ensemble_hwr.evaluation.peers import HiClassClassifier

    n_nodes, classes_per_node = 7, 5
    member = scale_hidden_layers(
        build_member(config, config.flat or config.router), (parameters or 0) // n_nodes, rows[:100], classes_per_node
    )
    return HiClassClassifier(member)


def _report(event: CompareProgress) -> None:
    click.echo(f"{event.done}/{event.total} {event.contender}, seed {event.seed}: {event.seconds:.0f} s", err=True)


def table(protocol: str, report: Mapping[str, Any]) -> str:
    """Return one protocol as a Markdown table, a row per contender: means over seeds, ± their standard deviation."""
    lines = [
        f"| {protocol} | accuracy % | accuracy % without suspected label errors | ECE % | MACs per letter "
        "| parameters |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in report["contenders"].items():
        cost, parameters = found["macs"], found["parameters"]
        fits = slice(1) if name in DETERMINISTIC else slice(None)
        cells = [
            f"`{name}`",
            spread(found["accuracy"][fits], 100),
            spread(found["without_suspected_errors"]["accuracy"][fits], 100),
            f"{100 * mean(found['expected_calibration_error']):.2f}",
            "" if cost is None else f"{cost:,.0f}",
            "" if parameters is None else f"{parameters:,.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def differences(report: Mapping[str, Any]) -> str:
    """List the hierarchy's differences from all other contenders, with intervals and p-values."""
    lines = []
    for pair in report["pairs"]:
        if not pair["with_reference"]:
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
