"""Train the model that tells letters from junk, models/junk.

    python -m benchmarks.junk -o models/junk/junk.model   about three minutes on one core

Words are composed of generated letters and of the training part of the three sources whose licences allow it: common
English words, but none of those that benchmarks.words measures with, and random letters.
"""

from __future__ import annotations

import os
from pathlib import Path

import click
import numpy as np

from benchmarks.vocabulary import LETTERS, WRITTEN, common_words
from ensemble_hwr import LetterSet, compose_words, generate_letters, save_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import fit_junk

ROOT = Path(__file__).parent.parent
SHARES = {"generated": 1.0, "photo62": 1.0, "tablet55": 0.75, "binary20x16": 0.6}
"""Words of each kind of letters, relative to --words; a kind with fewer hands gives fewer."""
KNOWN = 12_000  # of the most common words


@click.command()
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The model file.")
@click.option("--words", type=click.IntRange(10), default=1200, show_default=True, help="Words of generated letters.")
def main(out: Path, words: int) -> None:
    """Train and write the model."""
    folder = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data")) / "letters"
    real = load_index(folder / "index.csv", sources=[kind for kind in SHARES if kind != "generated"])
    made: list[Composition] = []
    trained_on = {}
    for seed, (kind, share) in enumerate(SHARES.items(), start=3):
        trained_on[kind] = round(share * words)
        if kind == "generated":
            letters = generate_letters(5200, writers=120, random_state=50, form="pictures")
        else:
            letters = real.take((real.source == kind) & (real.split == "train"))
        made += written(letters, trained_on[kind], seed=seed)
    junk = fit_junk([word.picture for word in made], [word.owner for word in made], random_state=0)
    save_model(junk, out, metadata={"trained_on": trained_on, "words": "composed"})
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {len(made)} words")


def written(letters: LetterSet, count: int, *, seed: int) -> list[Composition]:
    """Write common words, and random ones, with letters apart and touching."""
    rng = np.random.default_rng(seed)
    words = [word for word in common_words()[:KNOWN] if len(word) > 1][WRITTEN:]
    texts = [
        words[rng.integers(len(words))] if place % 3 else "".join(rng.choice(list(LETTERS), rng.integers(2, 8)))
        for place in range(count)
    ]
    return compose_words(
        letters,
        texts,
        gap=(-0.05, 0.32),
        slant=(-0.2, 0.3),
        noise=(0, 0.6),
        height=(22, 44),
        baseline=(0, 0.07),
        random_state=seed,
    )


if __name__ == "__main__":
    main()
