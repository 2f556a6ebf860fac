"""Train the shipped non-letter models: models/non-letter for pictures, models/non-letter-strokes for pen strokes.

    python -m benchmarks.non_letter -o models/non-letter/non-letter.model   about three minutes on one core
    python -m benchmarks.non_letter --strokes -o models/non-letter-strokes/non-letter-strokes.model   one minute

Words are composed of generated letters and of the training parts of the three sources whose licences allow it. They
are common English words, without those that benchmarks.words evaluates on, and random letters. Pen strokes are those of
generated letters only, with overlaps up to a third of their height; some strokes are joined and some broken.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.letters import data_file
from benchmarks.strokes import write_carelessly, write_word
from benchmarks.vocabulary import LETTERS, N_EVALUATION_WORDS, common_words
from ensemble_hwr import LetterSet, compose_words, generate_letters, save_model
from ensemble_hwr.datasets import Composition, load_index
from ensemble_hwr.reading import fit_non_letter_model, fit_stroke_non_letter_model

SHARES = {"generated": 1.0, "photo62": 1.0, "tablet55": 0.75, "binary20x16": 0.6}
"""Words per source of letters, relative to --words; sources with fewer writers give fewer."""
N_COMMON_WORDS = 12_000
SEED = 11  # of the writers of pen strokes; benchmarks.strokes uses another


@click.command()
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Model file to write.")
@click.option("--words", type=click.IntRange(10), default=1200, show_default=True, help="Words of generated letters.")
@click.option("--strokes", is_flag=True, help="Train on pen strokes instead of pictures.")
def main(out: Path, words: int, strokes: bool) -> None:
    """Train and save the model."""
    model, trained_on = train_on_strokes(words) if strokes else train_on_pictures(words)
    save_model(model, out, metadata={"trained_on": trained_on, "words": "composed"})
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {sum(trained_on.values())} words")


def train_on_strokes(words: int) -> tuple[Any, dict[str, int]]:
    """Train on words as pen strokes, each by a writer of its own."""
    rng = np.random.default_rng(3)
    made = [
        write_carelessly(write_word(text, rng.uniform(-0.35, 0.3), (SEED, place)), rng)
        for place, text in enumerate(texts(words, rng))
    ]
    model = fit_stroke_non_letter_model([word.strokes for word in made], [word.owner for word in made], random_state=0)
    return model, {"generated": words}


def train_on_pictures(words: int) -> tuple[Any, dict[str, int]]:
    """Train on pictures of words."""
    real = load_index(data_file("letters/index.csv"), sources=[source for source in SHARES if source != "generated"])
    made: list[Composition] = []
    trained_on = {}
    for seed, (source, share) in enumerate(SHARES.items(), start=3):
        trained_on[source] = round(share * words)
        if source == "generated":
            letters = generate_letters(5200, writers=120, random_state=50, format="pictures")
        else:
            letters = real.take((real.source == source) & (real.split == "train"))
        made += compose(letters, trained_on[source], seed=seed)
    model = fit_non_letter_model([word.picture for word in made], [word.owner for word in made], random_state=0)
    return model, trained_on


def texts(count: int, rng: np.random.Generator) -> list[str]:
    """Draw common words; every third word is random letters."""
    words = [word for word in common_words()[:N_COMMON_WORDS] if len(word) > 1][N_EVALUATION_WORDS:]
    return [
        words[rng.integers(len(words))] if place % 3 else "".join(rng.choice(list(LETTERS), rng.integers(2, 8)))
        for place in range(count)
    ]


def compose(letters: LetterSet, count: int, *, seed: int) -> list[Composition]:
    """Compose common and random words of separate and touching letters."""
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
