"""Real names in block capitals from scanned forms, read with the models "az" and "mixed": right words and letters.

    python -m benchmarks.names --list first_names.all.txt --list last_names.all.txt --output names.json
    python -m benchmarks.names --list first_names.all.txt --list last_names.all.txt --output names.json --update

The file names.json keeps the figures of finished readers, so that a benchmark that was stopped continues; remove it to
measure again. ``--update`` writes the table into docs/notes/mixed.md.

ENSEMBLE_HWR_DATA must name the folder that holds more/names_caps and its lexicon more/names.txt. The lists are files of
names, one per line, such as those of the package names-dataset 1.9.1 (MIT licence). They and the lexicon train the
letter model, but for the tested names that occur once among the pictures; a part of them fills the lexicon of 10,000.

The pictures are personal: the benchmark prints and stores figures and counts of single letters only, never a name or
the name of a file. It is for evaluation: do not choose settings by it.
"""

from __future__ import annotations

import csv
import json
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
FORMS = ("clean", "nearly")  # pictures without print; the others show the labels of the form, too
LARGE = 10_000  # words of the larger lexicon
ORDER = 5  # of the letter model; the best of 3, 4 and 5 on names of the lists that were held out
MODELS = {"mixed": "A-Z", "az": None}  # and the alphabet
AIMS = {  # words right and character errors in percent
    "no lexicon": (75, 6),
    "letter model": (80, None),
    "lexicon": (97, None),
    "large lexicon": (95, None),
}


class Names(NamedTuple):
    """Pictures of names with their texts, and whether these are one word."""

    pictures: list[Path]
    texts: list[str]
    single: list[bool]


@click.command()
@click.option(
    "--list",
    "lists",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="File of names, one per line. Can be given several times.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="JSON file for the figures."
)
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Use every n-th picture.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/mixed.md.")
def main(lists: Sequence[Path], output: Path, every: int, update: bool) -> None:  # fmt: skip
    """Read the names, and print the figures."""
    names = load_names(every)
    lexicon = read_list(data_file("more/names.txt"))
    known = sorted(set(lexicon).union(*map(read_list, lists)))
    options = readers(lexicon, known, names.texts)
    found: dict[str, dict[str, Any]] = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    for model, alphabet in MODELS.items():
        classifier = load_model(model)
        for name, given in options.items():
            key = f"{model}, {name}, {len(names.texts)}"
            if key not in found:
                reader = WordReader(classifier, alphabet=alphabet, errors="empty", **given).fit()
                found[key] = {"model": model, "reader": name, **figures(names, reader)}
                output.write_text(json.dumps(found, indent=1), encoding="utf-8")
                click.echo(f"{key}: {found[key]}", err=True)
    text = table([each for key, each in found.items() if key.endswith(f", {len(names.texts)}")])
    click.echo(text)
    if update:
        put(PAGE, "benchmarks/names.py", f"{text}\n")


def load_names(every: int = 1) -> Names:
    """Return the pictures; texts are letters only, since the alphabet has no hyphen and no space."""
    folder = data_file("more/names_caps")
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["form"] in FORMS][::every]
    texts = ["".join(letter for letter in row["text"] if letter in LETTERS) for row in rows]
    return Names([folder / row["path"] for row in rows], texts, [row["text"].isalpha() for row in rows])


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


def figures(names: Names, reader: WordReader) -> dict[str, Any]:
    """Return the percentages of right words and wrong letters, the causes of wrong words, and the time per word."""
    start = process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they may name files
        words = list(reader.predict_details(names.pictures))
    seconds = process_time() - start
    report = error_report(names.texts, words)
    right = np.array([word.text == text for word, text in zip(words, names.texts, strict=True)])
    return {
        "n": report.n_words,
        "n single": sum(names.single),
        "right": 100 * float(right.mean()),
        "right, single": 100 * float(right[np.array(names.single)].mean()),
        "letters": 100 * character_error_rate(names.texts, [word.text for word in words]),
        "missed cuts": report.missed_cuts,
        "extra cuts": report.extra_cuts,
        "wrong letters": report.letters,
        "wrong word chosen": report.lexicon,
        "confusions": [f"{true} as {got} ({count})" for (true, got), count in report.confusions[:10]],
        "ms": 1000 * seconds / report.n_words,
    }


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a table with a row per model and reader, and a list of the letters that are confused without a lexicon."""
    lines = [
        "| model | reader | words right % | names of one word % | aim | character errors % | aim | missed cut "
        "| additional cut | wrong letters | wrong word chosen | ms per word |",
        "| --- " * 12 + "|",
    ]
    for each in found:
        aims = ["" if aim is None else f"{aim}" for aim in AIMS[each["reader"]]]
        right = [f"{each[key]:.1f}" for key in ("right", "right, single")]
        cells = [f"`{each['model']}`", each["reader"], *right, aims[0], f"{each['letters']:.1f}", aims[1]]
        cells += [f"{each[cause]}" for cause in ("missed cuts", "extra cuts", "wrong letters", "wrong word chosen")]
        lines.append(f"| {' | '.join(cells)} | {each['ms']:.0f} |")
    confused = [
        f"- `{each['model']}`, letters confused most often: {', '.join(each['confusions'])}"
        for each in found
        if each["reader"] == "no lexicon"
    ]
    return "\n".join(
        [*lines, "", f"{found[0]['n']} names, {found[0]['n single']} of one word; wrong words by cause.", "", *confused]
    )


if __name__ == "__main__":
    main()
