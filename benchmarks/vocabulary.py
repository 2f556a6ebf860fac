"""Common English words, for composing words and for lexicons."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import click
import numpy as np

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
N_EVALUATION_WORDS = 600
"""Number of the most common words that are used for evaluation and never for training."""


def word_counts(file: Path | None = None) -> dict[str, float]:
    """Return English words in capitals with their frequencies, the most common first.

    They come from the package symspellpy (MIT licence): 82,765 words of a spelling dictionary (SCOWL) with their
    frequencies in books (Google Books Ngrams).

    Parameters
    ----------
    file : path, default=None
        Another list with one word and its count per line, the most common first. Missing counts are 1.

    Returns
    -------
    dict of str to float
        Words of at least two letters A to Z, and A and I.
    """
    if file is not None:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    else:
        try:
            word_list = files("symspellpy") / "frequency_dictionary_en_82_765.txt"
        except ModuleNotFoundError:
            raise click.ClickException(
                "the list of common words is missing; pip install 'ensemble_hwr[benchmarks]' or give --list"
            ) from None
        lines = word_list.read_text(encoding="utf-8-sig").splitlines()
    counts: dict[str, float] = {}
    for line in lines:
        word, count, *_ = [*line.split(), "", "1"]
        if word and set(word.upper()) <= set(LETTERS) and (len(word) > 1 or word.upper() in "AI"):
            counts.setdefault(word.upper(), float(count or 1))
    return counts


def common_words(file: Path | None = None) -> list[str]:
    """Return the words of `word_counts`, the most common first."""
    return list(word_counts(file))


def evaluation_words(words: list[str]) -> list[str]:
    """Return the words that are composed for evaluation."""
    return [word for word in words if len(word) > 1][:N_EVALUATION_WORDS]


def mixed_texts(words: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Return in turn a word in small letters, with a capital, and in capitals, a number, and a code such as B12."""
    texts: list[str] = []
    for place in range(count):
        word = words[int(rng.integers(len(words)))]
        number, letter = int(rng.integers(1, 100)), "ABCDEFGHKLMNPRSTUVWXYZ"[int(rng.integers(22))]
        code = f"{letter}{number}" if rng.random() < 0.5 else f"{number}{letter.lower()}"
        digits = "".join(str(digit) for digit in rng.integers(0, 10, rng.integers(1, 7)))
        texts.append([word.lower(), word.capitalize(), word, digits, code][place % 5])
    return texts


def marked_texts(words: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Return words, numbers and codes in small letters, with a capital or in capitals, most of them with marks."""

    def word() -> str:
        chosen = words[int(rng.integers(len(words)))]
        return [chosen.lower(), chosen.capitalize(), chosen][int(rng.integers(3))]

    def number(longest: int = 2) -> str:
        return "".join(map(str, rng.integers(0, 10, rng.integers(1, longest + 1))))

    def text() -> str:
        kind, chosen = rng.random(), word()
        if kind < 0.4:
            return chosen + ".,.,.,!?:"[int(rng.integers(9))]
        if kind < 0.52:
            return f"{chosen}{'--/&'[int(rng.integers(4))]}{word()}"
        if kind < 0.64:
            place = int(rng.integers(1, 3)) if rng.random() < 0.3 else len(chosen) - 1
            return f"{chosen}'s" if rng.random() < 0.4 else f"{chosen[:place]}'{chosen[place:]}"
        if kind < 0.8:
            return f"{number()}{'.,:/-'[int(rng.integers(5))]}{number()}"
        if kind < 0.84:
            return f"{LETTERS[int(rng.integers(26))]}&{LETTERS[int(rng.integers(26))]}"
        return chosen if kind < 0.95 else number(6)

    return [text() for _ in range(count)]
