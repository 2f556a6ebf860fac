"""Train the model of the orientation of letters, and measure how often pages are turned upright.

    python -m benchmarks.orientation train -o models/orientation/orientation.model   half a minute on one core
    python -m benchmarks.orientation pages --update

The model is trained on generated letters and on the training parts of the three sources whose licences allow it, each
letter in four orientations. The limits of `ensemble_hwr.reading.orientation` are chosen on pages of a source that is
left out of the training (`pages --letters left-out`).
"""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline

from benchmarks.letters import data_file
from benchmarks.pages import put
from benchmarks.paper import capitals_of_pack, texts_of
from ensemble_hwr import (
    GradientFeatures,
    LetterSet,
    PageReader,
    WordReader,
    compose_words,
    generate_letters,
    load_model,
    save_model,
)
from ensemble_hwr.datasets import load_index
from ensemble_hwr.ensemble import MemberMLPClassifier
from ensemble_hwr.reading.orientation import ORIENTATIONS, find_orientation

SOURCES = ("photo62", "tablet55", "binary20x16")
TABLE = Path(__file__).parents[1] / "docs/user_guide/paper.md"
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@click.group()
def main() -> None:
    """Train the model, or measure it."""


@main.command()
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Model file to write.")
def train(out: Path) -> None:
    """Train and save the model."""
    rows, trained_on = training_rows(SOURCES)
    save_model(fit(rows), out, metadata={"trained_on": trained_on, "orientations": list(ORIENTATIONS)})
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {sum(trained_on.values())} letters")


def training_rows(sources: tuple[str, ...]) -> tuple[NDArray[np.float32], dict[str, int]]:
    """Return rows of upright letters, and their number by source."""
    generated = generate_letters(62 * 100, letters=CHARACTERS, writers=100, random_state=21)
    real = load_index(data_file("letters/index.csv"), sources=list(sources))
    real = real.take(np.flatnonzero(real.split == "train"))
    rows = np.concatenate([np.asarray(letters.to_rows(), np.float32) for letters in (generated, real)])
    counts = {source: int((real.source == source).sum()) for source in sources}
    return rows, {"generated": len(generated), **counts}


def fit(rows: NDArray[np.float32]) -> Any:
    """Fit the classifier on letters in four orientations."""
    pictures = rows.reshape(-1, 28, 28)
    turned = [np.rot90(pictures, -degrees // 90, axes=(1, 2)).reshape(len(rows), -1) for degrees in ORIENTATIONS]
    labels = np.repeat([str(degrees) for degrees in ORIENTATIONS], len(rows))
    network = MemberMLPClassifier(hidden_layer_sizes=(120,), max_iter=15, alpha=1e-3, random_state=0)
    model = make_pipeline(GradientFeatures(grid=7), network)
    return model.fit(np.concatenate(turned), labels)


@main.command()
@click.option("--letters", type=click.Choice(["generated", "left-out", "unseen"]), default="unseen", show_default=True)
@click.option("--count", type=click.IntRange(1), default=40, show_default=True, help="Pages.")
@click.option("--update", is_flag=True, help=f"Write the table into docs/user_guide/{TABLE.name}.")
def pages(letters: str, count: int, update: bool) -> None:
    """Measure how often pages of 2 to 24 words are turned upright, and what it takes of the time of reading."""
    model = None
    if letters == "left-out":
        model = fit(training_rows(("tablet55", "binary20x16"))[0])
    rows = [row(letters_of(letters), n_words, count, model) for n_words in (2, 6, 24)]
    heading = "| words | upright: turned wrongly | turned: turned upright | turned: left as it is | turned wrongly |"
    table = "\n".join([heading, "| ---: | ---: | ---: | ---: | ---: |", *rows])
    click.echo(table)
    if letters == "unseen":
        table += f"\n\n{count} pages of each size and orientation. {cost(letters_of(letters))}"
        click.echo(table.splitlines()[-1])
    if update:
        put(TABLE, "python -m benchmarks.orientation pages", table + "\n")


def letters_of(source: str) -> LetterSet:
    """Return the letters that pages are composed of."""
    if source == "generated":
        return generate_letters(26 * 40, writers=40, random_state=9)
    if source == "unseen":
        return capitals_of_pack(data_file("more/unipen62.npz"))
    found = load_index(data_file("letters/index.csv"), sources=["photo62"])
    return found.take(np.flatnonzero([str(letter).isupper() for letter in found.target]))


def pages_of(letters: LetterSet, n_words: int, count: int) -> list[NDArray[np.uint8]]:
    """Compose pages of lines of up to six words."""
    words = iter(texts_of(n_words * count))
    texts = []
    for _ in range(count):
        page = [next(words) for _ in range(n_words)]
        texts.append("\n".join(" ".join(page[start : start + 6]) for start in range(0, n_words, 6)))
    return [found.picture for found in compose_words(letters, texts, gap=0.2, noise=0.3, random_state=n_words)]


def row(letters: LetterSet, n_words: int, count: int, model: Any) -> str:
    """Return a row of the table."""
    upright = turned_right = left = wrong = 0
    for picture in pages_of(letters, n_words, count):
        for degrees in ORIENTATIONS:
            found = find_orientation(np.rot90(picture, -degrees // 90), model=model).degrees
            if degrees == 0:
                upright += found != 0
            elif found == degrees:
                turned_right += 1
            else:
                left += found == 0
                wrong += found != 0
    total = 3 * count
    return f"| {n_words} | {upright} of {count} | {turned_right} of {total} | {left} of {total} | {wrong} of {total} |"


def cost(letters: LetterSet) -> str:
    """Return a sentence on the processor time."""
    reader = PageReader(WordReader(load_model("az"))).fit()
    found = pages_of(letters, 24, 4)
    taken = []
    for work in (reader.read, find_orientation):
        start = process_time()
        for picture in found:
            work(picture)
        taken.append(process_time() - start)
    return f"Finding the orientation takes {100 * taken[1] / taken[0]:.0f} % of the time of reading a page of 24 words."


if __name__ == "__main__":
    main()
