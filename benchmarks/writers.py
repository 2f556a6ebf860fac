"""Protocol "writers": more training sources, and 22,000 capitals of unseen writers: table of docs/notes/accuracy.md.

    python -m benchmarks.writers --output writers            an hour of two cores for three random states
    python -m benchmarks.writers --output writers --update   also writes the table into docs/notes/accuracy.md

All letters that may train a shipped model are used for training: photo62, tablet55, binary20x16, sse15, the 82
typefaces and 6,500 generated letters, with sample weights that give all classes the same weight. The test part has
other writers: scan34 and the capitals of unipen62 and phone36. The settings are those of configs/unseen.toml, which
were chosen within photo62, tablet55 and binary20x16. Results of each random state are kept in the folder, so that a
benchmark that was stopped continues.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.fit_cache import cached, settings_of
from benchmarks.pages import put
from ensemble_hwr import LetterNormalizer, generate_letters
from ensemble_hwr.config import ExperimentConfig, build_contenders, load_config
from ensemble_hwr.datasets import class_sample_weight, load_index
from ensemble_hwr.evaluation import Comparison, compare, summarise
from ensemble_hwr.report.formats import spread

ROOT = Path(__file__).parent.parent
CONTENDERS = ("logreg", "flat", "flat_macs", "flat_macs_cheap", "hierarchical")
TRAINING = ("photo62", "tablet55", "binary20x16", "sse15", "fonts", "generated")
TEST = ("scan34", "unipen62", "phone36")
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIZE = 96  # of a rendered letter, in pixels

Letters = tuple[list, list[str]]  # pictures and labels


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--seeds", type=click.IntRange(2), default=3, show_default=True, help="Number of random states.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/accuracy.md.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Number of processes.")
def main(output: Path, seeds: int, update: bool, jobs: int) -> None:
    """Fit the contenders, and print the table."""
    output.mkdir(parents=True, exist_ok=True)
    config = load_config(ROOT / "configs" / "unseen.toml", [f"compare.contenders={list(CONTENDERS)}"])
    rows, labels, sources = cached(output / "letters.joblib", "1", partial(load, jobs))
    found = []
    for seed in range(seeds):
        measure = partial(fit, config, rows, labels, sources, seed=seed, jobs=jobs)
        found.append(cached(output / f"seed-{seed}.joblib", settings_of(config), measure))
    runs = [run for name in CONTENDERS for comparison in found for run in comparison.of(name)]
    text = table(joined(found, runs), sources)
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "accuracy.md", "benchmarks/writers.py", text)


def load(jobs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows, labels and sources of all letters."""
    rows, labels, sources = [], [], []
    for source in (*TRAINING, *TEST):
        pictures, target = letters_of(source)
        found, failures = LetterNormalizer(n_jobs=jobs).fit(pictures).transform_readable(pictures)  # some are blank
        rows.append(found)
        labels.append(np.delete(np.array(target), list(failures)))
        sources += [source] * len(found)
        click.echo(f"{source}: {len(found)} letters, {len(failures)} unreadable", err=True)
    return np.concatenate(rows), np.concatenate(labels), np.array(sources)


def letters_of(source: str) -> Letters:
    """Return the capitals of a source."""
    data = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data"))
    if source == "generated":
        letters = generate_letters(6500, writers=250, random_state=0, format="pictures")
    elif source == "fonts":
        return rendered(sorted((data / "fonts").glob("*/*.woff")))
    elif source == "phone36":
        letters = load_index(data / "more" / source / "index.csv")
    elif source in ("sse15", "unipen62"):
        with np.load(data / "more" / f"{source}.npz", allow_pickle=False) as pack:
            pictures, labels = list(pack["data"]), pack["target"].tolist()
        kept = [k for k, label in enumerate(labels) if label in CAPITALS]
        return [pictures[k] for k in kept], [labels[k] for k in kept]
    else:
        letters = load_index(data / "letters" / "index.csv", sources=[source])
    kept = [k for k, label in enumerate(letters.target.tolist()) if label in CAPITALS]
    return [letters.data[k] for k in kept], letters.target[kept].tolist()


def rendered(files: list[Path]) -> Letters:
    """Return every capital of every typeface, black on white."""
    pictures, labels = [], []
    for file in files:
        font = ImageFont.truetype(str(file), SIZE)
        for letter in CAPITALS:
            picture = Image.new("L", (3 * SIZE, 3 * SIZE), 255)
            ImageDraw.Draw(picture).text((SIZE, SIZE // 2), letter, fill=0, font=font)
            pictures.append(np.array(picture))
            labels.append(letter)
    return pictures, labels


def fit(
    config: ExperimentConfig, rows: np.ndarray, labels: np.ndarray, sources: np.ndarray, *, seed: int, jobs: int
) -> Comparison:
    """Fit all contenders with one random state."""
    training, test = np.flatnonzero(np.isin(sources, TRAINING)), np.flatnonzero(np.isin(sources, TEST))
    weight = np.ones(len(labels))
    weight[training] = class_sample_weight(labels[training])
    return compare(
        build_contenders(config, list(CAPITALS), sources=sources[training].tolist()),
        rows,
        labels,
        split=(training, test),
        seeds=[seed],
        sample_weight=weight,
        n_jobs=jobs,
        on_progress=lambda event: click.echo(f"{event.contender}, seed {event.seed}: {event.seconds:.0f} s", err=True),
    )


def joined(found: list[Comparison], runs: list) -> Comparison:
    """Return one comparison with the runs of all random states."""
    return replace(found[0], runs=tuple(runs))


def table(comparison: Comparison, sources: np.ndarray) -> str:
    """Return the results as a Markdown table, and the differences of the hierarchy from the others."""
    summary = summarise(comparison)
    lines = [
        f"| writers | all, accuracy % | {' | '.join(TEST)} | log-loss | MACs per letter |",
        f"| --- |{' --- |' * (len(TEST) + 3)}",
    ]
    for name, figures in summary["contenders"].items():
        per_source = (spread(list(accuracies(comparison, name, sources, source)), 100) for source in TEST)
        macs = "" if figures["macs"] is None else f"{figures['macs']:,.0f}"
        loss = np.mean(figures["log_loss"])
        cells = [f"`{name}`", spread(figures["accuracy"], 100), *per_source, f"{loss:.3f}", macs]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *differences(summary)]) + "\n"


def accuracies(comparison: Comparison, name: str, sources: np.ndarray, source: str) -> Iterator[float]:
    """Yield the accuracy on one source for each random state."""
    for run in comparison.of(name):
        where = sources[run.test] == source
        predicted = comparison.classes[run.probabilities[where].argmax(axis=1)]
        yield float((predicted == comparison.y[run.test][where]).mean())


def differences(summary: dict) -> Iterator[str]:
    """Yield a line for each contender: the difference of the hierarchy's accuracy from its own."""
    for pair in summary["pairs"]:
        if "hierarchical" not in (pair["a"], pair["b"]) or pair["p_holm"] is None:
            continue
        other, sign = (pair["a"], -1) if pair["b"] == "hierarchical" else (pair["b"], 1)
        low, high = sorted(100 * sign * end for end in pair["interval"])
        yield (
            f"- `hierarchical` against `{other}`: {100 * sign * pair['difference']:+.2f} points "
            f"({low:+.2f} to {high:+.2f}), p = {pair['p_holm']:.2g}"
        )


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
