"""Segmentation of words into letters and of lines into words: the tables of docs/notes/segmentation.md.

    python -m benchmarks.segmentation            about three minutes on one core
    python -m benchmarks.segmentation --update   also writes the tables and the picture into docs/

Composed words consist of generated letters, 200 words per gap. Real lines are those of ENSEMBLE_HWR_DATA (words/), and
are omitted if they are missing. The parameters of the segmenter were chosen on generated and photographed letters and
on lines of writers 1 to 10; lines of other writers were not used.
"""

from __future__ import annotations

import csv
from pathlib import Path
from time import process_time
from typing import Any

import click
import numpy as np
from PIL import Image

from benchmarks.letters import DATA
from benchmarks.pages import put
from ensemble_hwr import WordSegmenter, compose_words, generate_letters
from ensemble_hwr.datasets import Composition
from ensemble_hwr.segmentation import cut_page, cut_word

ROOT = Path(__file__).parent.parent
GAPS = (0.30, 0.20, 0.12, 0.06, 0.00)
WORDS = [
    "HELLO", "WORLD", "JUMPING", "QUICK", "FOXES", "LAZY", "VEXED", "WIZARD", "TYPE", "BRIDGE", "AXE", "SUMMER",
    "TIME", "UNITED", "NATION", "FILM", "HUMBLE", "DOOR", "BOOK", "HOUSE", "WATER", "LIGHT", "NIGHT", "RIVER",
    "MOUNTAIN", "KITCHEN", "YELLOW", "ZEBRA", "PAPER", "MUSIC",
]  # fmt: skip
SAME = 0.8  # intersection over union from which on a candidate matches a letter
TUNED = 10  # parameters were chosen on writers up to this one


@click.command()
@click.option("--words", type=click.IntRange(1), default=200, show_default=True, help="Composed words per gap.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Take every n-th real line.")
@click.option("--update", is_flag=True, help="Write the tables and the picture into docs/.")
def main(words: int, every: int, update: bool) -> None:
    """Measure and print the tables."""
    letters = generate_letters(26 * 40, writers=40, random_state=7)
    rng = np.random.default_rng(0)
    texts = [WORDS[place] for place in rng.integers(len(WORDS), size=words)]
    made = {gap: compose_words(letters, texts, gap=gap, slant=(-0.1, 0.2), noise=(0, 0.5), random_state=1)
            for gap in GAPS}  # fmt: skip
    text = composed_table(made)
    folder = DATA / "words"
    if (folder / "index.csv").is_file():
        text += "\n" + real_table(folder, every)
    else:
        click.echo(f"no real lines in {folder}; set ENSEMBLE_HWR_DATA", err=True)
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "segmentation.md", "benchmarks/segmentation.py", text)
        picture([made[gap][:3] for gap in GAPS]).save(ROOT / "docs" / "images" / "segmentation.png", optimize=True)


def composed_table(made: dict[float, list[Composition]]) -> str:
    """Return the table of composed words, by the gap between letters."""
    heads = [
        "gap", "pairs touching %", "count right, blank columns %", "with cuts %", "ms",
        "letters in lattice %", "words in lattice %", "pieces per letter", "candidates per letter", "ms",
    ]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for gap, words in made.items():
        touching = np.concatenate([word.words[0].touching for word in words]).mean()
        alone, _ = count_right(WordSegmenter(touching="keep"), words)
        cut, time = count_right(WordSegmenter(), words)
        shares = [f"{100 * share:.1f}" for share in (touching, alone, cut)]
        lines.append(f"| {gap:.2f} | {' | '.join(shares)} | {time:.1f} | {lattice(words)} |")
    return "\n".join(lines) + "\n"


def count_right(segmenter: WordSegmenter, words: list[Composition]) -> tuple[float, float]:
    """Return the share of words with the right number of letters, and the milliseconds per word."""
    start = process_time()
    right = [len(segmenter.segment(word.picture)) == len(word.letters) for word in words]
    return float(np.mean(right)), 1000 * (process_time() - start) / len(words)


def lattice(words: list[Composition]) -> str:
    """Return the cells of the table about the lattices of words."""
    start = process_time()
    cut = [cut_word(word.picture) for word in words]
    for found in cut:
        assert found.candidates
    time = 1000 * (process_time() - start) / len(words)
    recalled = [recall(found, word) for found, word in zip(cut, words, strict=True)]
    letters = sum(len(word.letters) for word in words)
    cells = [
        f"{100 * np.concatenate(recalled).mean():.1f}",
        f"{100 * np.mean([all(found) for found in recalled]):.1f}",
        f"{sum(found.n_pieces for found in cut) / letters:.2f}",
        f"{sum(len(found.spans) for found in cut) / letters:.2f}",
        f"{time:.1f}",
    ]
    return " | ".join(cells)


def recall(found: Any, word: Composition) -> list[bool]:
    """Return whether each letter matches a candidate."""
    owner = found.align(word.owner, fill=-1)
    both = (owner >= 0) & (found.pieces >= 0)
    shared = np.zeros((found.n_pieces, len(word.letters)))
    np.add.at(shared, (found.pieces[both], owner[both]), 1)
    pieces, letters = shared.sum(axis=1), shared.sum(axis=0)
    best = np.zeros(len(letters))
    for start, stop in found.spans:
        common = shared[start:stop].sum(axis=0)
        best = np.maximum(best, common / np.maximum(letters + pieces[start:stop].sum() - common, 1))
    return [bool(share >= SAME) for share in best]


def real_table(folder: Path, every: int) -> str:
    """Return the table of words and letters of real lines."""
    with (folder / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[::every]
    start = process_time()
    words, letters = np.array([count_errors(folder / row["path"], row["text"]) for row in rows]).T
    time = 1000 * (process_time() - start) / len(rows)
    tuned_on = np.array([int(row["writer"]) <= TUNED for row in rows])
    lines = ["| real lines | lines | words right % | letters right within 1 % | letters right % |", "| --- " * 5 + "|"]
    for name, chosen in (("writers 1 to 10", tuned_on), ("the others", ~tuned_on), ("all", tuned_on >= 0)):
        shares = [(words[chosen] == 0).mean(), (abs(letters[chosen]) <= 1).mean(), (letters[chosen] == 0).mean()]
        lines.append(f"| {name} | {chosen.sum()} | {' | '.join(f'{100 * share:.1f}' for share in shares)} |")
    return "\n".join(lines) + f"\n\nA line takes {time:.0f} milliseconds.\n"


def count_errors(path: Path, text: str) -> tuple[int, int]:
    """Return the errors in the numbers of words and letters; all characters except spaces count as letters."""
    cut = [word for line in cut_page(path).lines for word in line.words]
    return len(cut) - len(text.split()), sum(len(word.segment()) for word in cut) - len("".join(text.split()))


def picture(rows: list[list[Composition]]) -> Image.Image:
    """Return debug pictures of some words, with one row per gap."""
    segmenter = WordSegmenter()
    images = [[Image.fromarray(segmenter.debug_image(word.picture)) for word in row] for row in rows]
    size = (max(i.width for row in images for i in row) + 10, max(i.height for row in images for i in row) + 10)
    sheet = Image.new("RGB", (size[0] * len(images[0]), size[1] * len(images)), "white")
    for y, row in enumerate(images):
        for x, image in enumerate(row):
            sheet.paste(image, (x * size[0], y * size[1]))
    return sheet.reduce(2)


if __name__ == "__main__":
    main()
