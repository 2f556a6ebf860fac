"""Words in small letters, capitals and digits: right words, case and numbers, with and without a lexicon.

    python -m benchmarks.mixed_words MODEL --words 120 --gap 0.2
    python -m benchmarks.mixed_words mixed --update     also write the table into docs/user_guide/reading_words.md

Words are composed of the test letters of unipen62 in the folder ENSEMBLE_HWR_DATA, whose writers train no model: common
words in small letters, with a capital, and in capitals, numbers of 1 to 6 digits, and codes such as B12 and 42a. Do
not choose settings by these figures.

The second table has short words whose letters have one shape in both cases, such as "so" and "cow". They are composed
of generated letters, on lines with longer words, and read alone or with their line.
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import click
import numpy as np

from benchmarks.mixed import letters_of
from benchmarks.pages import put
from benchmarks.vocabulary import common_words, evaluation_words
from ensemble_hwr import WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.datasets import Composition
from ensemble_hwr.reading import Lexicon
from ensemble_hwr.segmentation import cut_page

PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "reading_words.md"
LEXICON_SIZE = 10_000
SHORT = ["so", "us", "cow", "up", "ox", "zoo", "cup", "sow", "vow", "coz", "Sue", "OX", "UK", "WC", "CO", "Pop", "Kos"]
LONG = ["house", "garden", "bridge", "little", "yellow", "London", "Friday", "HOTEL", "quickly", "people", "flight"]
KINDS = ("lower", "title", "upper", "number", "code")


@click.command()
@click.argument("model")
@click.option("--words", type=click.IntRange(5), default=120, show_default=True, help="Words per gap.")
@click.option("--gap", "gaps", type=float, multiple=True, default=(0.12, 0.2), show_default=True)
@click.option("--lines", type=click.IntRange(2), default=100, show_default=True, help="Lines of text.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="JSON file for the figures.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/reading_words.md.")
def main(*, model: str, words: int, gaps: Sequence[float], lines: int, output: Path | None, update: bool) -> None:
    """Read composed words with a model and print the figures."""
    letters = letters_of("unipen62")
    texts = draw_texts(words)
    classifier = load_model(model)
    lexicon = Lexicon([word.lower() for word in common_words()[:LEXICON_SIZE]])
    found: dict[str, dict[str, float]] = {}
    for gap in gaps:
        made = compose_words(letters, texts, gap=gap, random_state=0)
        for name, reader in (
            ("no lexicon", WordReader(classifier, errors="empty")),
            ("lexicon", WordReader(classifier, lexicon=lexicon, errors="empty")),
        ):
            found[f"gap {gap}, {name}"] = figures(reader.fit(), made, texts)
            click.echo(f"gap {gap}, {name}: {found[f'gap {gap}, {name}']}")
    in_lines = short_words(WordReader(classifier).fit(), lines)
    click.echo(in_lines)
    if output is not None:
        output.write_text(json.dumps({**found, **in_lines}, indent=1), encoding="utf-8")
    if update:
        put(PAGE, "python -m benchmarks.mixed_words", f"{table(found)}\n")
        put(PAGE, "python -m benchmarks.mixed_words, lines", f"{table(in_lines)}\n")


def table(found: dict[str, dict[str, float]]) -> str:
    """Return the figures in per cent as a Markdown table."""
    names = [name for name in next(iter(found.values())) if not name.startswith("ms")]
    lines = [f"| read | {' | '.join(names)} |", "| --- " * (len(names) + 1) + "|"]
    for read, shares in found.items():
        lines.append(f"| {read} | {' | '.join(f'{100 * shares[name]:.1f}' for name in names)} |")
    return "\n".join(lines)


def draw_texts(count: int) -> list[str]:
    """Return words, numbers and codes in turn."""
    rng = np.random.default_rng(0)
    words = evaluation_words(common_words())
    texts: list[str] = []
    for place in range(count):
        word = words[int(rng.integers(len(words)))]
        number, letter = int(rng.integers(1, 100)), "ABCDEFGHKLMNPRSTUVWXYZ"[int(rng.integers(22))]
        code = f"{letter}{number}" if rng.random() < 0.5 else f"{number}{letter.lower()}"
        digits = "".join(str(digit) for digit in rng.integers(0, 10, rng.integers(1, 7)))
        texts.append([word.lower(), word.capitalize(), word, digits, code][place % len(KINDS)])
    return texts


def figures(reader: Any, made: Sequence[Composition], texts: Sequence[str]) -> dict[str, float]:
    """Return the shares of right words by kind, of right case, and the time for a word."""
    start = process_time()
    read = [reader.predict([word.picture])[0] for word in made]
    seconds = process_time() - start
    kind = np.arange(len(texts)) % len(KINDS)
    right = np.array([found == text for found, text in zip(read, texts, strict=True)])
    cases = [
        (found_letter == letter)
        for found, text in zip(read, texts, strict=True)
        if found.upper() == text.upper()
        for found_letter, letter in zip(found, text, strict=True)
        if letter.isalpha()
    ]
    by_kind = {name: round(float(right[kind == place].mean()), 3) for place, name in enumerate(KINDS)}
    return {
        "words": round(float(right[kind < 3].mean()), 3),
        **by_kind,
        "letters in the right case": round(float(np.mean(cases)), 3) if cases else 0.0,
        "ms per word": round(1000 * seconds / len(texts), 1),
    }


def short_words(reader: Any, count: int) -> dict[str, dict[str, float]]:
    """Return the shares of right short words and of their letters in the right case, read alone and in a line."""
    rng = np.random.default_rng(0)
    alphabet = string.ascii_letters
    letters = generate_letters(len(alphabet) * 30, letters=alphabet, writers=30, format="pictures", random_state=7)
    texts = [" ".join(rng.permutation([*rng.choice(SHORT, 3), *rng.choice(LONG, 2)])) for _ in range(count)]
    pairs: dict[str, list[tuple[str, str]]] = {"alone": [], "in a line": []}
    for text, made in zip(texts, compose_words(letters, texts, gap=0.2, random_state=3), strict=True):
        cuts = [word for line in cut_page(made.picture).lines for word in line.words]
        if len(cuts) == len(text.split()):
            line = [word.text for line in reader.read_page(made.picture).lines for word in line.words]
            alone = [reader.read_lattice(word.lattice()).text for word in cuts]
            pairs["alone"] += zip(alone, text.split(), strict=True)
            pairs["in a line"] += zip(line, text.split(), strict=True)
    return {name: _shares([pair for pair in found if pair[1] in SHORT]) for name, found in pairs.items()}


def _shares(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Return the shares of words that are read right, and of their letters in the right case."""
    cases = [a == b for found, text in pairs if found.upper() == text.upper() for a, b in zip(found, text, strict=True)]
    right = [found == text for found, text in pairs]
    return {
        "short words": round(float(np.mean(right)), 3),
        "letters in the right case": round(float(np.mean(cases)), 3),
    }


if __name__ == "__main__":
    main()
