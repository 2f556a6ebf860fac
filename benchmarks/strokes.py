"""Accuracy of reading words from pen strokes, compared with their pictures: the table of docs/notes/strokes.md.

    python -m benchmarks.strokes                      about two minutes on one core
    python -m benchmarks.strokes --update             also write the table into docs/
    python -m benchmarks.strokes --words 10           a small run

The words are common English words on which no model was trained, each by a writer of its own. They consist of generated
letters; the gap is between the boxes of upright letters, and negative gaps are overlaps. The same strokes are read as
strokes and, rendered with a pen, as a picture. No model was trained on these writers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import put
from benchmarks.vocabulary import common_words, evaluation_words
from ensemble_hwr import WordReader, load_model
from ensemble_hwr.canvas import Drawing, render
from ensemble_hwr.datasets.handwriting import WriterStyle, letter_strokes
from ensemble_hwr.reading import Lexicon, character_error_rate
from ensemble_hwr.reading.non_letter import whole_letters
from ensemble_hwr.segmentation import cut_strokes, cut_word

PAGE = Path(__file__).parent.parent / "docs" / "notes" / "strokes.md"
GAPS = (0.2, 0.1, 0.0, -0.1, -0.2, -0.3)
SEED = 2_000  # of the writers; benchmarks.non_letter uses another
CARELESS_RATE = 0.05  # of training strokes are joined to the previous one, and as many broken
MIN_POINTS = 12  # of a stroke that may be broken
UNIT = 120  # letter height in units of the canvas


@dataclass(frozen=True)
class StrokeWord:
    """A word as pen strokes, with the index of the letter of each stroke."""

    text: str
    strokes: list[NDArray[np.float64]]
    owner: list[int]

    def picture(self) -> NDArray[np.uint8]:
        """Render it as the canvas does."""
        return render(Drawing.from_arrays(self.strokes))


def write_word(text: str, gap: float, seed: Sequence[int]) -> StrokeWord:
    """Write a word by a random writer; the gap between letters is in letter heights."""
    rng = np.random.default_rng(seed)
    style = WriterStyle.random(rng)
    strokes, owner, end = [], [], 0.0
    for place, letter in enumerate(text):
        drawn = letter_strokes(letter, style, random_state=rng)
        upright = np.concatenate([stroke[:, 0] + style.slant * (stroke[:, 1] - 1) for stroke in drawn])
        move = end - upright.min()
        strokes += [UNIT * (stroke[:, :2] + (move + 0.5, 0.5)) for stroke in drawn]
        owner += [place] * len(drawn)
        end += float(np.ptp(upright)) + gap
    return StrokeWord(text, strokes, owner)


def write_carelessly(word: StrokeWord, rng: np.random.Generator) -> StrokeWord:
    """Join some strokes of a letter with the previous stroke, and break some others in two."""
    strokes: list[NDArray[np.float64]] = []
    owner: list[int] = []
    for stroke, letter in zip(word.strokes, word.owner, strict=True):
        if owner and owner[-1] == letter and rng.random() < CARELESS_RATE:
            strokes[-1] = np.concatenate([strokes[-1], stroke])
        elif len(stroke) > MIN_POINTS and rng.random() < CARELESS_RATE:
            at = int(rng.uniform(0.3, 0.7) * len(stroke))
            strokes += [stroke[: at + 1], stroke[at:]]
            owner += [letter, letter]
        else:
            strokes.append(stroke)
            owner.append(letter)
    return StrokeWord(word.text, strokes, owner)


@click.command()
@click.option("--words", type=click.IntRange(1), default=100, show_default=True, help="Words per gap.")
@click.option("--update", is_flag=True, help="Write the table into docs/.")
def main(words: int, update: bool) -> None:
    """Measure and print the table."""
    vocabulary = common_words()
    order = np.random.default_rng(5).permutation(evaluation_words(vocabulary))
    texts = [str(order[place % len(order)]) for place in range(words)]
    model = load_model("az")
    readers = WordReader(model).fit(), WordReader(model, lexicon=Lexicon(vocabulary[:10_000])).fit()
    heads = ["gap", "strokes", "picture", "strokes, lexicon", "picture, lexicon", "strokes: letters wrong",
             "picture: letters wrong", "words with all letters among the candidates"]  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for gap in GAPS:
        made = [write_word(text, gap, (SEED, place)) for place, text in enumerate(texts)]
        lattices = [cut_strokes(word.strokes) for word in made]
        pictures = [cut_word(word.picture()) for word in made]
        read = [[reader.read_lattice(cut).text for cut in cuts] for reader in readers for cuts in (lattices, pictures)]
        complete = [
            whole_letters(cut, word.owner).sum() == len(word.text) for cut, word in zip(lattices, made, strict=True)
        ]
        shares = [100 * np.mean(np.array(some) == texts) for some in read]
        shares += [100 * character_error_rate(texts, some) for some in read[:2]] + [100 * np.mean(complete)]
        rows.append(f"| {gap:.2f} | {' | '.join(f'{share:.1f}' for share in shares)} |")
        click.echo(rows[-1], err=True)
    table = "\n".join(rows) + f"\n\nPercent of {words} words per gap; a lexicon of 10,000 words.\n"
    click.echo(table)
    if update:
        put(PAGE, "benchmarks/strokes.py", table)


if __name__ == "__main__":
    main()
