"""How well words are read, by the gap between their letters: the tables of docs/reading-words.md.

    python -m benchmarks.words            some minutes on one core
    python -m benchmarks.words --update   and writes the tables and the picture into docs/

Words of common English are composed of generated letters, and of real letters that taught neither model: those of
scan34, left out where they are absent. The lexicon is --lexicon FILE, or the common words themselves, which is easier
than life. No setting was chosen on scan34.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from time import process_time

import click
import numpy as np
from PIL import Image

from ensemble_hwr import LetterSet, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.datasets import load_index
from ensemble_hwr.reading import Lexicon, character_error_rate, draw_reading, error_report

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- table: benchmarks/words.py -->\n", "<!-- end of table -->"
GAPS = (0.30, 0.20, 0.12, 0.06, 0.00)
COMMON = (Path(__file__).parent / "common_words.txt").read_text(encoding="utf-8").split()


@click.command()
@click.option("--words", type=click.IntRange(1), default=40, show_default=True, help="Words for each gap.")
@click.option("--model", default="az", show_default=True, help="Classifier of letters.")
@click.option("--junk", default="junk", show_default=True, help="Classifier of junk.")
@click.option("--lexicon", type=click.Path(path_type=Path), help="Words that are expected, one in each line.")
@click.option("--update", is_flag=True, help="Write the tables and the picture into docs/.")
def main(words: int, model: str, junk: str, lexicon: Path | None, update: bool) -> None:
    """Measure and print the tables."""
    expected = Lexicon(COMMON) if lexicon is None else Lexicon.from_file(lexicon)
    classifier, of_junk = load_model(model), load_model(junk)
    readers = {
        "gaps alone": WordReader(classifier, cut="gaps", junk=None).fit(),
        "lattice": WordReader(classifier, junk=None).fit(),
        "lattice, junk": WordReader(classifier, junk=of_junk).fit(),
        "lattice, junk, lexicon": WordReader(classifier, junk=of_junk, lexicon=expected).fit(),
    }
    sets = {"generated": generate_letters(26 * 40, writers=40, random_state=7)}
    folder = Path(os.environ.get("ENSEMBLE_HWR_DATA", ROOT.parent / "shared" / "data")) / "letters"
    if (folder / "index.csv").is_file():
        sets["scan34"] = load_index(folder / "index.csv", sources=["scan34"])
    else:
        click.echo(f"no real letters in {folder}; set ENSEMBLE_HWR_DATA", err=True)
    text = "\n".join(table(name, letters, readers, words) for name, letters in sets.items())
    text += f"\n{words} words for each gap; a lexicon of {len(expected)} words.\n"
    click.echo(text)
    if update:
        page = ROOT / "docs" / "reading-words.md"
        pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
        page.write_text(pattern.sub(lambda _: BEGIN + text + END, page.read_text(encoding="utf-8")), encoding="utf-8")
        picture(readers["lattice, junk"], sets["generated"]).save(ROOT / "docs" / "images" / "reading-words.png")


def table(name: str, letters: LetterSet, readers: dict[str, WordReader], count: int) -> str:
    """Words right of one set of letters, by gap and reader."""
    heads = [name, *(f"{reader}: words %" for reader in readers), "letters wrong % (lattice, junk)", "milliseconds"]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    rng = np.random.default_rng(0)
    texts = [COMMON[place] for place in rng.integers(len(COMMON), size=count)]
    last = ""
    for gap in GAPS:
        made = compose_words(letters, texts, gap=gap, slant=(-0.1, 0.2), noise=(0, 0.5), random_state=1)
        pictures = [word.picture for word in made]
        cells = []
        for reader_name, reader in readers.items():
            start = process_time()
            details = reader.predict_details(pictures)
            time = 1000 * (process_time() - start) / count
            read = [word.text for word in details]
            cells.append(f"{100 * np.mean([a == b for a, b in zip(read, texts, strict=True)]):.1f}")
            if reader_name == "lattice, junk":
                wrong = f"{100 * character_error_rate(texts, read):.1f}"
            last = str(error_report(texts, details))
        lines.append(f"| {gap:.2f} | {' | '.join(cells)} | {wrong} | {time:.0f} |")
        click.echo(f"{lines[-1]}  {last}", err=True)
    return "\n".join(lines) + "\n"


def picture(reader: WordReader, letters: LetterSet) -> Image.Image:
    """Draw some words, a row for each gap, with what was read."""
    rows = []
    for gap in (0.2, 0.0):
        made = compose_words(letters, ["WATER", "PEOPLE", "NUMBER"], gap=gap, noise=0.3, random_state=2)
        rows.append([Image.fromarray(draw_reading(word.picture, [reader.read(word.picture)])) for word in made])
    width, height = (max(edge) + 10 for edge in zip(*(image.size for row in rows for image in row), strict=True))
    sheet = Image.new("RGB", (width * 3, height * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, image in enumerate(row):
            sheet.paste(image, (x * width, y * height))
    return sheet


if __name__ == "__main__":
    main()
