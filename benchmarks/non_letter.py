"""Train the shipped non-letter models and the model of marks.

    python -m benchmarks.non_letter -o models/non-letter/non-letter.model   about three minutes on one core
    python -m benchmarks.non_letter --kind mixed -o models/non-letter-mixed/non-letter-mixed.model
    python -m benchmarks.non_letter --kind strokes -o models/non-letter-strokes/non-letter-strokes.model   one minute
    python -m benchmarks.non_letter --kind marks -o models/marks/marks.model   five minutes, also the model of marks

Words are composed of generated letters and of the training parts of the three sources whose licences allow it. They
are common English words, without those that benchmarks.words evaluates on, and random letters. Pen strokes are those of
generated letters only, with overlaps up to a third of their height; some strokes are joined and some broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.letters import data_file
from benchmarks.mixed import CLASSES, letters_of
from benchmarks.strokes import write_carelessly, write_word
from benchmarks.typefaces import TypefaceWord, typefaces, write_in_typefaces
from benchmarks.vocabulary import LETTERS, N_EVALUATION_WORDS, common_words, marked_texts, mixed_texts
from ensemble_hwr import LetterNormalizer, LetterSet, compose_words, generate_letters, save_model
from ensemble_hwr.alphabets import MARKS
from ensemble_hwr.datasets import Composition, concatenate, load_index
from ensemble_hwr.reading import fit_non_letter_model, fit_stroke_non_letter_model
from ensemble_hwr.reading.non_letter import fit_mark_model, mark_examples, stroke_mark_examples

SHARES = {"generated": 1.0, "photo62": 1.0, "tablet55": 0.75, "binary20x16": 0.6}
"""Words per source of letters, relative to --words; sources with fewer writers give fewer."""
MIXED_SHARES = {"generated": 1.0, "photo62": 1.0, "tablet55": 0.75, "fonts": 1.0}
"""The same for the model of capitals, small letters and digits."""
N_COMMON_WORDS = 12_000
SEED = 11  # of the writers of pen strokes; benchmarks.strokes uses another
DrawTexts = Callable[[int, np.random.Generator], list[str]]


@click.command()
@click.option("-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Model file to write.")
@click.option("--words", type=click.IntRange(10), default=1200, show_default=True, help="Words of generated letters.")
@click.option(
    "--kind",
    type=click.Choice(["pictures", "strokes", "mixed", "mixed-strokes", "marks"]),
    default="pictures",
    show_default=True,
)
def main(out: Path, words: int, kind: str) -> None:
    """Train and save the model."""
    train = {
        "pictures": train_on_pictures,
        "strokes": partial(train_on_strokes, texts),
        "mixed": train_on_mixed_pictures,
        "mixed-strokes": partial(train_on_strokes, texts_of_all_classes),
        "marks": train_on_marks,
    }
    model, trained_on = train[kind](words)
    save_model(model, out, metadata={"trained_on": trained_on, "words": "composed"})
    click.echo(f"{out}: {out.stat().st_size:,} bytes, from {sum(trained_on.values())} words")


def train_on_strokes(draw: DrawTexts, words: int) -> tuple[Any, dict[str, int]]:
    """Train on words as pen strokes, each by a writer of its own."""
    rng = np.random.default_rng(3)
    made = [
        write_carelessly(write_word(text, rng.uniform(-0.35, 0.3), (SEED, place)), rng)
        for place, text in enumerate(draw(words, rng))
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
        made += compose(letters, texts(trained_on[source], np.random.default_rng(seed)), seed=seed)
    model = fit_non_letter_model([word.picture for word in made], [word.owner for word in made], random_state=0)
    return model, trained_on


def train_on_mixed_pictures(words: int) -> tuple[Any, dict[str, int]]:
    """Train on pictures of words in either case, numbers and codes: of separate letters, and in typefaces."""
    rng = np.random.default_rng(5)
    made: list[Composition | TypefaceWord] = []
    trained_on = {}
    for seed, (source, share) in enumerate(MIXED_SHARES.items(), start=12):
        own = texts_of_all_classes(round(share * words), rng)
        if source == "fonts":
            found: Sequence[Composition | TypefaceWord] = write_in_typefaces(own, typefaces(held_out=False), rng)
        else:
            letters = letters_of(source)
            letters = letters if letters.split is None else letters.take(letters.split != "test")
            found = compose(with_ink(letters), own, seed=seed)
        made += found
        trained_on[source] = len(found)
    model = fit_non_letter_model(
        [word.picture for word in made], [word.owner for word in made], dots=True, random_state=0
    )
    return model, trained_on


def train_on_marks(words: int) -> tuple[Any, dict[str, int]]:
    """Train on words with marks, in pictures and pen strokes; all marks are generated."""
    signs = generate_letters(len(MARKS) * 150, letters=MARKS, writers=150, random_state=51, format="pictures")
    rng = np.random.default_rng(4)
    rows, labels, trained_on = [], [], {}
    for seed, (source, share) in enumerate({"generated": 2.0, "photo62": 1.0, "tablet55": 1.0}.items(), start=8):
        trained_on[source] = round(share * words)
        if source == "generated":
            characters = CLASSES + MARKS
            letters = generate_letters(len(characters) * 150, letters=characters, random_state=50, format="pictures")
        else:
            real = letters_of(source)
            real = real if real.split is None else real.take(real.split != "test")
            letters = concatenate([LetterSet(part.data, part.target) for part in (with_ink(real), signs)])
        made = compose(letters, marks_of_all_kinds(trained_on[source], rng), seed=seed)
        found = mark_examples(*zip(*[(word.picture, word.owner, word.text) for word in made], strict=True))
        rows.append(found[0])
        labels.append(found[1])
    drawn = [
        write_carelessly(write_word(text, rng.uniform(-0.1, 0.3), (SEED, place)), rng)
        for place, text in enumerate(marks_of_all_kinds(words, rng))
    ]
    found = stroke_mark_examples(*zip(*[(word.strokes, word.owner, word.text) for word in drawn], strict=True))
    trained_on["generated strokes"] = words
    return fit_mark_model(
        np.concatenate([*rows, found[0]]), np.concatenate([*labels, found[1]]), random_state=0
    ), trained_on


def marks_of_all_kinds(count: int, rng: np.random.Generator) -> list[str]:
    """Return texts with marks, and another mark at the end of each or before another word."""
    words = training_words()
    return [
        f"{text}{MARKS[int(rng.integers(len(MARKS)))]}{words[int(rng.integers(len(words)))].lower() * (place % 3 == 0)}"
        for place, text in enumerate(marked_texts(words, count, rng))
    ]


def with_ink(letters: LetterSet) -> LetterSet:
    """Return the pictures of a set that are not blank."""
    return letters.take(LetterNormalizer(errors="blank").fit_transform(list(letters.data)).any(axis=1))


def training_words() -> list[str]:
    """Return common words without those that are composed for evaluation."""
    return [word for word in common_words()[:N_COMMON_WORDS] if len(word) > 1][N_EVALUATION_WORDS:]


def texts(count: int, rng: np.random.Generator) -> list[str]:
    """Draw common words; every third word is random letters."""
    words = training_words()
    return [
        words[rng.integers(len(words))] if place % 3 else "".join(rng.choice(list(LETTERS), rng.integers(2, 8)))
        for place in range(count)
    ]


def texts_of_all_classes(count: int, rng: np.random.Generator) -> list[str]:
    """Draw words in either case, numbers and codes; every fourth text is random letters and digits."""
    drawn = mixed_texts(training_words(), count, rng)
    return [
        text if place % 4 else "".join(rng.choice(list(CLASSES), rng.integers(2, 8)))
        for place, text in enumerate(drawn)
    ]


def compose(letters: LetterSet, words: Sequence[str], *, seed: int) -> list[Composition]:
    """Compose words of separate and touching letters."""
    return compose_words(
        letters,
        words,
        gap=(-0.05, 0.32),
        slant=(-0.2, 0.3),
        noise=(0, 0.6),
        height=(22, 44),
        baseline=(0, 0.07),
        random_state=seed,
    )


if __name__ == "__main__":
    main()
