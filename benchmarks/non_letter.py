"""Train the models that tell letters from model, models/non-letter and, among pen strokes, models/non-letter-strokes.

    python -m benchmarks.non_letter -o models/non-letter/non-letter.model   about three minutes on one core
    python -m benchmarks.non_letter --strokes -o models/non-letter-strokes/non-letter-strokes.model   one minute

Words are composed of generated letters and of the training part of the three sources whose licences allow it: common
English words, but none of those that benchmarks.words measures with, and random letters. Pen strokes are those of
generated letters alone, overlapping by up to a third of their height, some strokes joined and some broken.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.strokes import carelessly, write_word
from benchmarks.vocabulary import LETTERS, WRITTEN, common_words
from ensemble_hwr import LetterSet, compose_words, generate_letters, save_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import fit_non_letter_model, fit_stroke_non_letter_model

ROOT = Path(__file__).parent.parent
SHARES = {"generated": 1.0, "photo62": 1.0, "tablet55": 0.75, "binary20x16": 0.6}
"""Words of each kind of letters, relative to --words; a kind with fewer hands gives fewer."""
KNOWN = 12_000  # of the most common words
HANDS = 11  # seed of those that pen strokes are written in; benchmarks.strokes takes others


@click.command()
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="The model file.")
@click.option("--words", type=click.IntRange(10), default=1200, show_default=True, help="Words of generated letters.")
@click.option("--strokes", is_flag=True, help="Of pen strokes, not of pictures.")
def main(out: Path, words: int, strokes: bool) -> None:
    """Train and write the model."""
    model, trained_on = of_strokes(words) if strokes else of_pictures(words)
    save_model(model, out, metadata={"trained_on": trained_on, "words": "composed"})
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {sum(trained_on.values())} words")


def of_strokes(words: int) -> tuple[Any, dict[str, int]]:
    """Learn from words in pen strokes, each in a hand of its own."""
    rng = np.random.default_rng(3)
    made = [
        carelessly(write_word(text, rng.uniform(-0.35, 0.3), (HANDS, place)), rng)
        for place, text in enumerate(texts(words, rng))
    ]
    model = fit_stroke_non_letter_model([word.strokes for word in made], [word.owner for word in made], random_state=0)
    return model, {"generated": words}


def of_pictures(words: int) -> tuple[Any, dict[str, int]]:
    """Learn from pictures of words."""
    folder = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data")) / "letters"
    real = load_index(folder / "index.csv", sources=[kind for kind in SHARES if kind != "generated"])
    made: list[Composition] = []
    trained_on = {}
    for seed, (kind, share) in enumerate(SHARES.items(), start=3):
        trained_on[kind] = round(share * words)
        if kind == "generated":
            letters = generate_letters(5200, writers=120, random_state=50, format="pictures")
        else:
            letters = real.take((real.source == kind) & (real.split == "train"))
        made += written(letters, trained_on[kind], seed=seed)
    model = fit_non_letter_model([word.picture for word in made], [word.owner for word in made], random_state=0)
    return model, trained_on


def texts(count: int, rng: np.random.Generator) -> list[str]:
    """Draw common words, and random letters for every third."""
    words = [word for word in common_words()[:KNOWN] if len(word) > 1][WRITTEN:]
    return [
        words[rng.integers(len(words))] if place % 3 else "".join(rng.choice(list(LETTERS), rng.integers(2, 8)))
        for place in range(count)
    ]


def written(letters: LetterSet, count: int, *, seed: int) -> list[Composition]:
    """Write common words, and random ones, with letters apart and touching."""
    return compose_words(
        letters,
        texts(count, np.random.default_rng(seed)),
        gap=(-0.05, 0.32),
        slant=(-0.2, 0.3),
        noise=(0, 0.6),
        height=(22, 44),
        baseline=(0, 0.07),
        random_state=seed,
    )


if __name__ == "__main__":
    main()
