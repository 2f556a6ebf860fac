"""How well words are read from pen strokes, beside their pictures: the table of docs/notes/strokes.md.

    python -m benchmarks.strokes                      about two minutes on one core
    python -m benchmarks.strokes --update             and writes the table into docs/
    python -m benchmarks.strokes --words 10           a small trial

The words are common English ones, none of which any model learned from, each in a hand of its own: generated letters
set beside each other, so far apart that their boxes, once upright, leave a gap; a negative one is an overlap. Both ways
of reading get the same strokes: one as they are, the other drawn on paper with a pen. The hands are none of those that
a model learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import put
from benchmarks.vocabulary import common_words, written_words
from ensemble_hwr import WordReader
from ensemble_hwr.canvas import Drawing, render
from ensemble_hwr.datasets.handwriting import WriterStyle, letter_strokes
from ensemble_hwr.reading import Lexicon, character_error_rate
from ensemble_hwr.reading.non_letter import whole_letters
from ensemble_hwr.segmentation import cut_strokes, cut_word

PAGE = Path(__file__).parent.parent / "docs" / "notes" / "strokes.md"
GAPS = (0.2, 0.1, 0.0, -0.1, -0.2, -0.3)
SEED = 2_000  # of the hands; benchmarks.non_letter takes others
CARELESS = 0.05  # of the strokes that a model learns from are joined to the one before, and as many broken
SHORT = 12  # points: what has fewer is not broken
UNIT = 120  # of the canvas for a letter's height


@dataclass(frozen=True)
class Written:
    """A word in strokes, and which letter each stroke belongs to."""

    text: str
    strokes: list[NDArray[np.float64]]
    owner: list[int]

    def picture(self) -> NDArray[np.uint8]:
        """Draw it as the canvas does."""
        return render(Drawing.from_arrays(self.strokes))


def write_word(text: str, gap: float, seed: Sequence[int]) -> Written:
    """Write a word in a hand of its own; the gap between letters is in letter heights."""
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
    return Written(text, strokes, owner)


def carelessly(word: Written, rng: np.random.Generator) -> Written:
    """Let the pen stay down between two strokes of a letter, or leave the paper within one, now and then."""
    strokes: list[NDArray[np.float64]] = []
    owner: list[int] = []
    for stroke, letter in zip(word.strokes, word.owner, strict=True):
        if owner and owner[-1] == letter and rng.random() < CARELESS:
            strokes[-1] = np.concatenate([strokes[-1], stroke])
        elif len(stroke) > SHORT and rng.random() < CARELESS:
            at = int(rng.uniform(0.3, 0.7) * len(stroke))
            strokes += [stroke[: at + 1], stroke[at:]]
            owner += [letter, letter]
        else:
            strokes.append(stroke)
            owner.append(letter)
    return Written(word.text, strokes, owner)


@click.command()
@click.option("--words", type=click.IntRange(1), default=100, show_default=True, help="Words for each gap.")
@click.option("--update", is_flag=True, help="Write the table into docs/.")
def main(words: int, update: bool) -> None:
    """Measure and print the table."""
    listed = common_words()
    order = np.random.default_rng(5).permutation(written_words(listed))
    texts = [str(order[place % len(order)]) for place in range(words)]
    free, told = WordReader().fit(), WordReader(lexicon=Lexicon(listed[:10_000])).fit()
    heads = ["gap", "strokes", "picture", "strokes, lexicon", "picture, lexicon", "strokes: letters wrong",
             "picture: letters wrong", "words with all letters among the candidates"]  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for gap in GAPS:
        made = [write_word(text, gap, (SEED, place)) for place, text in enumerate(texts)]
        lattices = [cut_strokes(word.strokes) for word in made]
        pictures = [cut_word(word.picture()) for word in made]
        read = [
            [reader.read_lattice(cut).text for cut in cuts] for reader in (free, told) for cuts in (lattices, pictures)
        ]
        there = [
            whole_letters(cut, word.owner).sum() == len(word.text) for cut, word in zip(lattices, made, strict=True)
        ]
        shares = [100 * np.mean(np.array(some) == texts) for some in read]
        shares += [100 * character_error_rate(texts, some) for some in read[:2]] + [100 * np.mean(there)]
        rows.append(f"| {gap:.2f} | {' | '.join(f'{share:.1f}' for share in shares)} |")
        click.echo(rows[-1], err=True)
    table = "\n".join(rows) + f"\n\nPercent of {words} words for each gap; a lexicon of 10,000 words.\n"
    click.echo(table)
    if update:
        put(PAGE, "benchmarks/strokes.py", table)


if __name__ == "__main__":
    main()
