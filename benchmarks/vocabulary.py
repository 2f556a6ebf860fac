"""Common English words, for composing words and for lexicons."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

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
