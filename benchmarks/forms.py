"""Names on forms with machine print around them, read with and without the print.

    python -m benchmarks.forms                 all forms of names_caps: 3 minutes on one core
    python -m benchmarks.forms --update        also write the table into docs/user_guide/forms.md
    python -m benchmarks.forms --handwriting   only handwriting without print, of which nothing should be removed

Every tenth picture (those whose number ends in 3) was used to choose settings, and is left out. A name counts as read
if all its letters are right; spaces and hyphens are ignored. Names and their pictures are private: none is printed.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import click
import numpy as np

from benchmarks.letters import data_file
from benchmarks.pages import put
from benchmarks.vocabulary import evaluation_words, word_counts
from ensemble_hwr import WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.images import to_ink
from ensemble_hwr.images.machine_print import find_print
from ensemble_hwr.reading import Lexicon

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "user_guide" / "forms.md"
FORMS = {
    "clean": "no print",
    "nearly": "traces at an edge",
    "left": "print on the left",
    "top": "print above and below",
}
CHOSEN_WITH = 3  # last digit of the pictures with which settings were chosen


@click.command()
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/forms.md.")
@click.option("--handwriting", is_flag=True, help="Only handwriting without print.")
def main(update: bool, handwriting: bool) -> None:
    """Measure and print the tables."""
    text = handwriting_table() if handwriting else f"{forms_table()}\n{handwriting_table()}"
    click.echo(text)
    if update:
        put(PAGE, "benchmarks/forms.py", text)


def forms_table() -> str:
    """Return the share of names that are read per kind of form, as a Markdown table."""
    folder = data_file("more/names_caps", otherwise="--handwriting").parent
    with open(folder / "names_caps" / "index.csv", encoding="utf-8", newline="") as stream:
        rows = [row for place, row in enumerate(csv.DictReader(stream)) if place % 10 != CHOSEN_WITH]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that the shipped model cannot spell
        lexicon = Lexicon.from_file(folder / "names.txt")
        readers = [
            WordReader(load_model("az"), lexicon=lexicon, print=kind, errors="empty").fit()
            for kind in ("keep", "ignore")
        ]
    lines = ["| form | names | print kept | print ignored | of the clean forms |", "| --- | --- | --- | --- | --- |"]
    clean = 0.0
    for form, meaning in FORMS.items():
        chosen = [row for row in rows if row["form"] == form]
        names = [_letters(row["text"]) for row in chosen]
        pictures = [folder / "names_caps" / row["path"] for row in chosen]
        kept, ignored = (
            float(np.mean([_letters(text) == name for text, name in zip(reader.predict(pictures), names, strict=True)]))
            for reader in readers
        )
        clean = ignored if form == "clean" else clean
        share = "" if form == "clean" else f"{ignored / clean:.0%}"
        lines.append(f"| {meaning} | {len(names)} | {kept:.1%} | {ignored:.1%} | {share} |")
        click.echo(lines[-1], err=True)
    return "\n".join(lines) + "\n"


def handwriting_table() -> str:
    """Return how many pictures of handwriting alone lose any of it, as a Markdown table."""
    words = evaluation_words(list(word_counts()))
    rng = np.random.default_rng(0)
    chosen = [words[place] for place in rng.permutation(len(words))[:200]]
    texts = ["\n".join(" ".join(rng.choice(words, 5)) for _ in range(6)) for _ in range(40)]
    many = generate_letters(26 * 40, writers=40, random_state=7)
    neat = generate_letters(26 * 30, writers=1, random_state=3)
    lines = ["| handwriting without print | pictures | of which some is taken for print |", "| --- | --- | --- |"]
    for gap in (0.1, 0.3, 0.6):
        made = compose_words(many, chosen, gap=gap, height=40, random_state=1)
        lines.append(f"| words, letters {gap:g} heights apart | {len(made)} | {_count(made)} |")
    for n_lines in (2, 3, 6):
        lists = ["\n".join(rng.choice(words, n_lines)) for _ in range(120)]
        made = compose_words(many, lists, gap=0.2, height=30, random_state=4)
        lines.append(f"| lists of {n_lines} words | {len(made)} | {_count(made)} |")
    for height in (14, 40):
        made = compose_words(neat, texts, gap=0.2, height=height, random_state=2)
        lines.append(f"| pages of one neat writer, {height} pixels | {len(made)} | {_count(made)} |")
    return "\n".join(lines) + "\n"


def _count(made: list) -> int:
    return sum(bool(find_print(to_ink(one.picture)).any()) for one in made)


def _letters(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalpha())


if __name__ == "__main__":
    main()
