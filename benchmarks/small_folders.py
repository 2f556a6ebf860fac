"""Choose and measure the recipe of configs/folder.toml on small sets of letters: table of docs/notes/small_folders.md.

    python -m benchmarks.small_folders choose --output small             cross-validate the candidates
    python -m benchmarks.small_folders measure --output small --update   measure on the test parts; write the table

Three sets of 36 classes are used: photo62_rest and tablet55_rest (digits and small letters), and phone36 (digits and
capitals). A quarter of each set, drawn at random within the classes, is its test part. Candidates are compared by
cross-validation within the other three quarters; the test parts are used once, for the recipe and its controls.
Results are kept in the folder, so that a benchmark that was stopped continues.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import mean

import click
import numpy as np
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from benchmarks.fit_cache import cached, settings_of
from benchmarks.letters import data_file
from benchmarks.pages import put
from ensemble_hwr.config import ExperimentConfig, build_contenders, load_config
from ensemble_hwr.config.letters import build_normalizer
from ensemble_hwr.datasets import load_index
from ensemble_hwr.evaluation import Comparison, compare, summarise
from ensemble_hwr.report.formats import spread

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "configs" / "folder.toml"
SETS = ("photo62_rest", "tablet55_rest", "phone36")
CONTROLS = ("logreg", "flat")
N_FOLDS = 3
MEASURED_FOLDS = 2  # of the three, one after the other
SEEDS = (0, 1, 2)
ONLY = "compare.contenders=['logreg', 'flat', 'hierarchical']"

EARLIER = [  # members without augmentation, as the config had them before
    "views.fine.steps=[{ use = 'gradient', directions = 8, grid = 7 }]",
    "hierarchy.confusables='derived'",
    "hierarchy.max_confusables=5",
    "hierarchy.cv=3",
    "hierarchy.confidence_threshold=0.995",
    "router={ view = 'coarse', params = { hidden_layer_sizes = [40], batch_size = 20, max_iter = 100 } }",
    "specialist={ view = 'fine', params = { hidden_layer_sizes = [20], batch_size = 10, max_iter = 100 } }",
    "expert={ view = 'fine', params = { hidden_layer_sizes = [20], batch_size = 10, max_iter = 100 } }",
    "flat={ view = 'fine', params = { hidden_layer_sizes = [40], batch_size = 20, max_iter = 100 } }",
]
ROLES = ("router", "specialist", "expert", "flat")
SHORT = [f"{role}.params.max_iter=40" for role in ROLES]
CANDIDATES = {
    "as in configs/folder.toml": [],
    "40 epochs": SHORT,
    "40 epochs, default augmentation": [*SHORT, *(f"{role}.augmentation='default'" for role in ROLES)],
    "a router of 300 units on a finer view": [
        "router.params.hidden_layer_sizes=[300]",
        "views.coarse.steps=[{ use = 'gradient', grid = 7 }]",
    ],
    "no augmentation, derived experts": EARLIER,
}


@click.group()
def cli() -> None:
    """Choose or measure."""


@cli.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--only", multiple=True, type=click.Choice(list(CANDIDATES)), help="Default: all.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Number of processes.")
def choose(output: Path, only: tuple[str, ...], jobs: int) -> None:
    """Cross-validate the candidates within the training parts."""
    click.echo(f"| candidate | {' | '.join(SETS)} | seconds |\n| --- |{' --- |' * (len(SETS) + 1)}")
    for name in only or CANDIDATES:
        config = load_config(FOLDER, [*CANDIDATES[name], ONLY])
        found = {each: summarise(cross_validate(config, each, output, jobs))["contenders"] for each in SETS}
        for contender in (*CONTROLS, "hierarchical"):
            cells = [f"{100 * mean(found[each][contender]['accuracy']):.2f}" for each in SETS]
            seconds = mean(found[each][contender]["fit_seconds"] for each in SETS)
            click.echo(f"| {contender}, {name} | {' | '.join(cells)} | {seconds:.0f} |")


@cli.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/small_folders.md.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Number of processes.")
def measure(output: Path, update: bool, jobs: int) -> None:
    """Measure the recipe and its controls on the test parts."""
    config = load_config(FOLDER, [ONLY])
    text = "\n".join(table(name, cached_comparison(config, name, output, jobs)) for name in SETS)
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "small_folders.md", "benchmarks/small_folders.py", text)


def cross_validate(config: ExperimentConfig, name: str, output: Path, jobs: int) -> Comparison:
    """Compare the contenders on folds of the training part of a set."""
    rows, labels, training, _ = letters_of(config, name, jobs)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(training, labels[training])
    parts = [(training[a], training[b]) for a, b in folds][:MEASURED_FOLDS]
    file = output / f"choose-{name}-{hash_of(config):08x}.joblib"
    return cached(file, settings_of(config), partial(fit_all, config, rows, labels, parts, jobs))


def cached_comparison(config: ExperimentConfig, name: str, output: Path, jobs: int) -> Comparison:
    """Compare the contenders on the test part of a set, with several seeds."""
    rows, labels, training, test = letters_of(config, name, jobs)
    parts = [(training, test)] * len(SEEDS)
    return cached(
        output / f"measure-{name}.joblib", settings_of(config), partial(fit_all, config, rows, labels, parts, jobs)
    )


def hash_of(config: ExperimentConfig) -> int:
    """Return a number that differs for different configs."""
    return zlib.crc32(config.model_dump_json().encode())


def letters_of(config: ExperimentConfig, name: str, jobs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows and labels of a set, and the indices of its training and test part."""
    letters = load_index(data_file(f"more/{name}/index.csv"))
    rows, failures = build_normalizer(config, jobs).fit(letters.data).transform_readable(letters.data)  # some are blank
    labels = np.delete(letters.target, list(failures))
    training, test = next(StratifiedShuffleSplit(1, test_size=0.25, random_state=0).split(labels, labels))
    return rows, labels, np.sort(training), np.sort(test)


def fit_all(
    config: ExperimentConfig,
    rows: np.ndarray,
    labels: np.ndarray,
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
    jobs: int,
) -> Comparison:
    """Fit the recipe and its controls on each part with a seed of its own."""
    contenders = build_contenders(config, sorted(set(labels.tolist())))
    folds = dict(enumerate(parts))
    return compare(
        contenders,
        rows,
        labels,
        split=lambda seed: folds[seed],
        seeds=range(len(parts)),
        n_jobs=jobs,
        on_progress=report,
    )


def report(event: object) -> None:
    """Print a line per fit on standard error."""
    click.echo(f"{event.done}/{event.total} {event.contender}: {event.seconds:.0f} s", err=True)  # type: ignore[attr-defined]


def table(name: str, comparison: Comparison) -> str:
    """Return the results on one set as a Markdown table, with the differences from logistic regression."""
    summary = summarise(comparison, reference="logreg")
    differences = {
        pair["a"] if pair["b"] == "logreg" else pair["b"]: pair for pair in summary["pairs"] if pair["with_reference"]
    }
    lines = [f"| {name} | accuracy % | points above `logreg` | p | fit, s |", "| --- | --- | --- | --- | --- |"]
    for contender, found in summary["contenders"].items():
        pair = differences.get(contender)
        above, p = "", ""
        if pair is not None:
            sign = 1 if pair["a"] == contender else -1
            low, high = sorted(100 * sign * end for end in pair["interval"])
            above, p = f"{100 * sign * pair['difference']:+.2f} ({low:+.2f} to {high:+.2f})", f"{pair['p_holm']:.2g}"
        seconds = f"{found['fit_seconds']:.1f}"
        lines.append(f"| `{contender}` | {spread(found['accuracy'], 100)} | {above} | {p} | {seconds} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    cli()
