"""Train the model that tells letters from junk, models/junk.

    python -m benchmarks.junk -o models/junk/junk.model   about five minutes on one core

Words are composed of generated letters and of the training part of the three sources whose licences allow it.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import numpy as np

from ensemble_hwr import compose_words, generate_letters, save_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import fit_junk

ROOT = Path(__file__).parent.parent
ALLOWED = ("photo62", "tablet55", "binary20x16")
COMMON = (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8").split()


@click.command()
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The model file.")
@click.option(
    "--words", type=click.IntRange(10), default=240, show_default=True, help="Words from each kind of letters."
)
def main(out: Path, words: int) -> None:
    """Train and write the model."""
    generated = generate_letters(2600, writers=60, random_state=50, form="pictures")
    made = written(generated, words, seed=3)
    trained_on = {"generated": words}
    folder = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data")) / "letters"
    real = load_index(folder / "index.csv")
    for source in ALLOWED:
        part = real.take((real.source == source) & (real.split == "train"))
        trained_on[source] = words // len(ALLOWED)
        made += written(part, trained_on[source], seed=4)
    junk = fit_junk([word.picture for word in made], [word.owner for word in made], random_state=0)
    save_model(junk, out, metadata={"trained_on": trained_on, "words": "composed"})
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {len(made)} words")


def written(letters: object, count: int, *, seed: int) -> list[Composition]:
    """Write common words and random ones, with letters apart and touching."""
    rng = np.random.default_rng(seed)
    alphabet = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    texts = [
        COMMON[rng.integers(len(COMMON))] if place % 2 else "".join(rng.choice(alphabet, rng.integers(2, 8)))
        for place in range(count)
    ]
    return compose_words(letters, texts, gap=(-0.04, 0.3), slant=(-0.15, 0.25), noise=(0, 0.5), random_state=seed)


if __name__ == "__main__":
    main()
