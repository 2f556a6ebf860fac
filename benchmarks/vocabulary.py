"""The common English words that words are composed of and lexicons are made of."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WRITTEN = 600
"""How many of the most common words are composed for measuring; nothing learns from these."""


def common_words(file: Path | None = None) -> list[str]:
    """English words in capitals, the most common first.

    The package symspellpy brings them: 82,765 words by how often they stand in books (Google Books Ngrams) that a
    spelling dictionary knows (SCOWL), under the MIT licence; it needs nothing else and pip installs it.

    Parameters
    ----------
    file : path, default=None
        A list of one's own instead, a word a line, the most common first; what follows a space is left out.

    Returns
    -------
    list of str
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
    words = [line.split()[0].upper() for line in lines if line.strip()]
    return [word for word in dict.fromkeys(words) if set(word) <= set(LETTERS) and (len(word) > 1 or word in "AI")]


def written_words(words: list[str]) -> list[str]:
    """Return those that are composed for measuring."""
    return [word for word in words if len(word) > 1][:WRITTEN]
