"""The common English words that words are composed of and lexicons are made of."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WRITTEN = 600
"""How many of the most common words are composed for measuring; nothing learns from these."""


def word_counts(file: Path | None = None) -> dict[str, float]:
    """English words in capitals and how often each is written, the most common first.

    The package symspellpy brings them: 82,765 words by how often they stand in books (Google Books Ngrams) that a
    spelling dictionary knows (SCOWL), under the MIT licence; it needs nothing else and pip installs it.

    Parameters
    ----------
    file : path, default=None
        A list of one's own instead, a word and its count in each line, the most common first; without counts each word
        counts 1.

    Returns
    -------
    dict of str to float
        Two letters A to Z at least, and A and I.
    """
    if file is not None:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    else:
        try:
            listed = files("symspellpy") / "frequency_dictionary_en_82_765.txt"
        except ModuleNotFoundError:
            raise click.ClickException(
                "the list of common words is missing; pip install 'ensemble_hwr[benchmarks]', or give one by --list"
            ) from None
        lines = listed.read_text(encoding="utf-8-sig").splitlines()
    counts: dict[str, float] = {}
    for line in lines:
        word, count, *_ = [*line.split(), "", "1"]
        if word and set(word.upper()) <= set(LETTERS) and (len(word) > 1 or word.upper() in "AI"):
            counts.setdefault(word.upper(), float(count or 1))
    return counts


def common_words(file: Path | None = None) -> list[str]:
    """Return the words of `word_counts`, the most common first."""
    return list(word_counts(file))


def written_words(words: list[str]) -> list[str]:
    """Return those that are composed for measuring."""
    return [word for word in words if len(word) > 1][:WRITTEN]
