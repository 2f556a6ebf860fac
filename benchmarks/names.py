"""Real names in block capitals from scanned forms, read with the models "az" and "mixed": right words and letters.

    python -m benchmarks.names --list first_names.all.txt --list last_names.all.txt
    python -m benchmarks.names --list first_names.all.txt --list last_names.all.txt --update     also writes the table

ENSEMBLE_HWR_DATA must name the folder that holds more/names_caps and its lexicon more/names.txt. The lists are files of
names, one per line, such as those of the package names-dataset 1.9.1 (MIT licence). They and the lexicon train the
letter model, but for the tested names that occur once among the pictures; a part of them fills the lexicon of 10,000.

The pictures are personal: the benchmark prints and stores figures and counts of single letters only, never a name or
the name of a file. It is for evaluation: do not choose settings by it.
"""

from __future__ import annotations

import csv
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import click
import numpy as np

from benchmarks.letters import data_file
from benchmarks.mixed import ROOT
from benchmarks.pages import put
from ensemble_hwr import WordReader, load_model
from ensemble_hwr.reading import LetterNgrams, Lexicon, character_error_rate, error_report

PAGE = ROOT / "docs" / "notes" / "mixed.md"
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
FORMS = {"clean + nearly": ("clean", "nearly"), "all": ("clean", "nearly", "left", "top")}  # left and top: near print
LARGE = 10_000  # words of the larger lexicon
ORDER = 5  # of the letter model; the best of 3, 4 and 5 on names of the lists that were held out
MODELS = {"az": None, "mixed": "A-Z"}  # and the alphabet
AIMS = {  # words right and character error rate in percent, on the forms "clean + nearly"
    "no lexicon": (75, 6),
    "letter model": (80, None),
    "lexicon": (97, None),
    "large lexicon": (95, None),
}


class Names(NamedTuple):
    """Pictures of names with their texts and forms."""

    pictures: list[Path]
    texts: list[str]
    forms: list[str]


@click.command()
@click.option(
    "--list",
    "lists",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="File of names, one per line. Can be given several times.",
)
@click.option("--model", "models", type=click.Choice(list(MODELS)), multiple=True, default=list(MODELS))
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Use every n-th picture.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/mixed.md.")
def main(lists: Sequence[Path], models: Sequence[str], every: int, update: bool) -> None:  # fmt: skip
    """Read the names, and print the figures."""
    names = load_names(every)
    lexicon = read_list(data_file("more/names.txt"))
    known = sorted(set(lexicon).union(*map(read_list, lists)))
    found: dict[tuple[str, str], dict[str, float]] = {}
    notes = []
    for model in models:
        classifier = load_model(model)
        for name, options in readers(lexicon, known, names.texts).items():
            reader = WordReader(classifier, alphabet=MODELS[model], errors="empty", **options).fit()
            start = process_time()
            words = silently(reader, names.pictures)
            seconds = process_time() - start
            found[model, name] = {**figures(names, words), "ms": 1000 * seconds / len(words)}
            click.echo(f"{model}, {name}: {found[model, name]}", err=True)
            notes += [f"- {causes(model, names, words)}"] if name == "no lexicon" else []
    text = "\n".join([*table(found, names), "", *notes])
    click.echo(text)
    if update:
        put(PAGE, "benchmarks/names.py", f"{text}\n")


def load_names(every: int = 1) -> Names:
    """Return the pictures; texts are letters only, since the alphabet has no hyphen and no space."""
    folder = data_file("more/names_caps")
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::every]
    texts = ["".join(letter for letter in row["text"] if letter in LETTERS) for row in rows]
    return Names([folder / row["path"] for row in rows], texts, [row["form"] for row in rows])


def read_list(file: Path) -> list[str]:
    """Return the names of a list that are 2 to 20 letters, in capitals without accents."""
    lines = unicodedata.normalize("NFD", file.read_text(encoding="utf-8")).upper().splitlines()
    plain = ("".join(letter for letter in line.strip() if not unicodedata.combining(letter)) for line in lines)
    return sorted({name for name in plain if 2 <= len(name) <= 20 and set(name) <= LETTERS})


def readers(lexicon: Sequence[str], known: Sequence[str], tested: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the options of the readers by name."""
    once = {name for name, count in Counter(tested).items() if count == 1}
    others = sorted(set(known) - set(lexicon))
    more = np.random.default_rng(0).permutation(len(others))[: max(0, LARGE - len(lexicon))]
    return {
        "no lexicon": {},
        "letter model": {"ngrams": LetterNgrams([name for name in known if name not in once], order=ORDER)},
        "lexicon": {"lexicon": Lexicon(lexicon)},
        "large lexicon": {"lexicon": Lexicon([*lexicon, *(others[place] for place in more)])},
    }


def silently(reader: WordReader, pictures: Sequence[Path]) -> list[Any]:
    """Read pictures without warnings, which may name files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(reader.predict_details(pictures))


def figures(names: Names, words: Sequence[Any]) -> dict[str, float]:
    """Return the percentages of right words and wrong letters by form."""
    result = {}
    for name, forms in FORMS.items():
        chosen = [place for place, form in enumerate(names.forms) if form in forms]
        texts, read = [names.texts[place] for place in chosen], [words[place].text for place in chosen]
        right = [text == other for text, other in zip(texts, read, strict=True)]
        result[name] = 100 * float(np.mean(right))
        result[f"{name}, letters"] = 100 * character_error_rate(texts, read)
    return result


def causes(model: str, names: Names, words: Sequence[Any]) -> str:
    """Return the numbers of wrong words by cause, and the letters that are confused most often."""
    chosen = [place for place, form in enumerate(names.forms) if form in FORMS["clean + nearly"]]
    report = error_report([names.texts[place] for place in chosen], [words[place] for place in chosen])
    pairs = ", ".join(f"{true} as {got} ({count})" for (true, got), count in report.confusions[:10])
    return (
        f"`{model}`, clean + nearly, no lexicon: of {report.n_words} words {report.n_right} are right; wrong by a "
        f"missed cut {report.missed_cuts}, an additional cut {report.extra_cuts}, letters {report.letters}: {pairs}."
    )


def table(found: Mapping[tuple[str, str], Mapping[str, float]], names: Names) -> list[str]:
    """Return the lines of a table: a row per model and reader."""
    heads = ["model", "reader"]
    for name, forms in FORMS.items():
        heads += [f"{name}: words right of {sum(form in forms for form in names.forms)}", "character errors"]
    lines = [f"| {' | '.join([*heads, 'aim', 'ms per word'])} |", "| --- " * (len(heads) + 2) + "|"]
    for (model, reader), each in found.items():
        cells = [f"`{model}`", reader]
        for name in FORMS:
            cells += [f"{each[name]:.1f}", f"{each[f'{name}, letters']:.1f}"]
        words, letters = AIMS[reader]
        cells += [f"{words}" if letters is None else f"{words}, errors at most {letters}", f"{each['ms']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
