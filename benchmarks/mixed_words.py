"""Words in small letters, capitals and digits: right words, case and numbers, with and without a lexicon.

    python -m benchmarks.mixed_words MODEL --words 120 --gap 0.2
    python -m benchmarks.mixed_words mixed --update     also write the table into docs/user_guide/reading_words.md

Words are composed of the test letters of unipen62 in the folder ENSEMBLE_HWR_DATA, whose writers train no model: common
words in small letters, with a capital, and in capitals, numbers of 1 to 6 digits, and codes such as B12 and 42a. Do
not choose settings by these figures.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import click
import numpy as np

from benchmarks.mixed import letters_of
from benchmarks.pages import put
from benchmarks.vocabulary import common_words, evaluation_words
from ensemble_hwr import WordReader, compose_words, load_model
from ensemble_hwr.datasets import Composition
from ensemble_hwr.reading import Lexicon

PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "reading_words.md"
LEXICON_SIZE = 10_000
KINDS = ("lower", "title", "upper", "number", "code")


@click.command()
@click.argument("model")
@click.option("--words", type=click.IntRange(5), default=120, show_default=True, help="Words per gap.")
@click.option("--gap", "gaps", type=float, multiple=True, default=(0.12, 0.2), show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="JSON file for the figures.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/reading_words.md.")
def main(*, model: str, words: int, gaps: Sequence[float], output: Path | None, update: bool) -> None:
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
    if output is not None:
        output.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if update:
        put(PAGE, "python -m benchmarks.mixed_words", f"{table(found)}\n")


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


if __name__ == "__main__":
    main()
