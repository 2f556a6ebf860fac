"""Protocol "writers": more training sources, and 22,000 capitals of unseen writers: table of docs/notes/accuracy.md.

    python -m benchmarks.writers --output writers            an hour of two cores for three random states
    python -m benchmarks.writers --output writers --update   also writes the table into docs/notes/accuracy.md

The letters of configs/writers.toml are collected from the folder ENSEMBLE_HWR_DATA: all that may train a shipped model
(photo62, tablet55, binary20x16, sse15, the 82 typefaces and 6,500 generated letters), and those of other writers for
the test part (scan34 and the capitals of unipen62 and phone36). The output folder keeps them as writers.npz, with a
report and the results of each random state, so that a benchmark that was stopped continues, and contenders that are
added to the config are fitted alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.letters import data_file
from benchmarks.pages import put
from benchmarks.protocols import bench_of, differences, fit_all
from ensemble_hwr import LetterNormalizer, generate_letters
from ensemble_hwr.config import load_config
from ensemble_hwr.datasets import LetterSet, load_index, save_npz
from ensemble_hwr.evaluation import Comparison, summarise, write_report
from ensemble_hwr.report.formats import spread

ROOT = Path(__file__).parent.parent
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIZE = 96  # of a rendered letter, in pixels

Letters = tuple[list, list[str]]  # pictures and labels


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--seeds", type=click.IntRange(2), default=3, show_default=True, help="Number of random states.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/accuracy.md.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Number of processes.")
def main(output: Path, seeds: int, update: bool, jobs: int) -> None:
    """Collect the letters, fit the contenders, and print the table."""
    output.mkdir(parents=True, exist_ok=True)
    config = load_config(ROOT / "configs" / "writers.toml")
    file = output / "writers.npz"
    if not file.exists():
        save_npz(file, collect([*config.split.train, *config.split.test], jobs))
    bench = bench_of(config, jobs, data=file)
    comparison = fit_all(bench, config.compare.contenders, range(seeds), output)
    write_report(comparison, output)
    text = table(comparison, bench.letters.source, config.split.test)
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "accuracy.md", "benchmarks/writers.py", text)


def collect(sources: list[str], jobs: int) -> LetterSet:
    """Return the normalized capitals of all sources, as rows."""
    rows, labels, names = [], [], []
    for source in sources:
        pictures, target = letters_of(source)
        found, failures = LetterNormalizer(n_jobs=jobs).fit(pictures).transform_readable(pictures)  # some are blank
        rows.append(found)
        labels.append(np.delete(np.array(target), list(failures)))
        names += [source] * len(found)
        click.echo(f"{source}: {len(found)} letters, {len(failures)} unreadable", err=True)
    return LetterSet(np.concatenate(rows), np.concatenate(labels), source=np.array(names), name="writers")


def letters_of(source: str) -> Letters:
    """Return the capitals of a source."""
    if source == "generated":
        letters = generate_letters(6500, writers=250, random_state=0, format="pictures")
    elif source == "fonts":
        return rendered(sorted(data_file("fonts").glob("*/*.woff")))
    elif source == "phone36":
        letters = load_index(data_file(f"more/{source}/index.csv"))
    elif source in ("sse15", "unipen62"):
        with np.load(data_file(f"more/{source}.npz"), allow_pickle=False) as pack:
            pictures, labels = list(pack["data"]), pack["target"].tolist()
        kept = [k for k, label in enumerate(labels) if label in CAPITALS]
        return [pictures[k] for k in kept], [labels[k] for k in kept]
    else:
        letters = load_index(data_file("letters/index.csv"), sources=[source])
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


def table(comparison: Comparison, sources: np.ndarray, tested: list[str]) -> str:
    """Return the results as a Markdown table, and the differences of the hierarchy from the others."""
    summary = summarise(comparison)
    lines = [
        f"| writers | all, accuracy % | {' | '.join(tested)} | log-loss | MACs per letter |",
        f"| --- |{' --- |' * (len(tested) + 3)}",
    ]
    for name, figures in summary["contenders"].items():
        per_source = (spread(list(accuracies(comparison, name, sources, source)), 100) for source in tested)
        macs = "" if figures["macs"] is None else f"{figures['macs']:,.0f}"
        loss = np.mean(figures["log_loss"])
        cells = [f"`{name}`", spread(figures["accuracy"], 100), *per_source, f"{loss:.3f}", macs]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", differences(summary)])


def accuracies(comparison: Comparison, name: str, sources: np.ndarray, source: str) -> Iterator[float]:
    """Yield the accuracy on one source for each random state."""
    for run in comparison.of(name):
        where = sources[run.test] == source
        predicted = comparison.classes[run.probabilities[where].argmax(axis=1)]
        yield float((predicted == comparison.y[run.test][where]).mean())


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
