"""Time to read a word with a large lexicon, and time of Tesseract in the same run.

    python -m benchmarks reading             the values of docs/user_guide/speed.md: five minutes on an idle machine
    python -m benchmarks reading --quick     half a minute
    python -m benchmarks.reading --words 50  a table of a small run
    python -m benchmarks.reading --words 60 --profile    the functions that take the time, without Tesseract

The words are the most common English ones, composed as those of benchmarks.words: of letters of scan34, or of generated
letters if ENSEMBLE_HWR_DATA is not set. All times are processor times of one thread. Tesseract is started for each
word, as programs that call it by its command do, pytesseract among them; and once for all words, so that it loads its
model once. It has no lexicon that a caller can replace. Its rows are left out if it is not installed.
"""

from __future__ import annotations

import cProfile
import pstats
from time import process_time
from typing import Any

import click
import numpy as np

from benchmarks import tesseract
from benchmarks.figures import Figure
from benchmarks.letters import DATA
from benchmarks.vocabulary import common_words, evaluation_words
from benchmarks.words import STYLE, letters_of
from ensemble_hwr import Lexicon, WordReader, compose_words

LEXICON_SIZE = 50_000
TOGETHER = 8
MODEL = "az"


def measure(quick: bool = False) -> list[Figure]:
    """Time words one by one, words together, and Tesseract."""
    return measured(16 if quick else 200)


def measured(n_words: int) -> list[Figure]:
    """Return the figures of a number of words."""
    from ensemble_hwr import load_model

    vocabulary, texts, pictures = _words(n_words)
    reader = WordReader(load_model(MODEL), lexicon=Lexicon(vocabulary)).fit()
    without = set(texts)
    other = WordReader(load_model(MODEL), lexicon=Lexicon([word for word in vocabulary if word not in without])).fit()
    reader.read(pictures[0])
    compared = tesseract.is_installed()
    seconds: dict[str, list[float]] = {"one": [], "together": [], "other": [], "command": [], "loaded": []}
    read: list[str] = []
    for start in range(0, len(pictures), TOGETHER):  # in turn, so that other load affects all of them
        some = pictures[start : start + TOGETHER]
        for picture in some:
            read.append(_timed(seconds["one"], reader.read, picture).text)
            _timed(seconds["other"], other.read, picture)
            if compared:
                seconds["command"] += tesseract.processor_seconds([picture], together=False)
        _timed(seconds["together"], reader.predict, some)
    if compared:
        alone = float(np.median(seconds["command"]))
        (all_,) = tesseract.processor_seconds(pictures, together=True)
        seconds["loaded"] = [max(all_ - alone, 0.0) / max(len(pictures) - 1, 1)]
    right = {"ensemble_hwr": _right(read, texts)}
    if compared:
        right["Tesseract"] = _right(tesseract.read(pictures), texts)
    return _figures(seconds, right, len(pictures))


def _words(n_words: int) -> tuple[list[str], list[str], list[Any]]:
    """Return the words of the lexicon, and those that are read with their pictures."""
    vocabulary = common_words()[:LEXICON_SIZE]
    words = evaluation_words(vocabulary)
    rng = np.random.default_rng(0)
    texts = [words[place % len(words)] for place in rng.permutation(len(words))[:n_words]]
    pictures = [
        word.picture for word in compose_words(letters_of(DATA), texts, gap=(0.0, 0.3), random_state=2, **STYLE)
    ]
    return vocabulary, texts, pictures


def profile(n_words: int) -> None:
    """Print the functions in which a reader spends its time."""
    from ensemble_hwr import load_model

    vocabulary, _, pictures = _words(n_words)
    reader = WordReader(load_model(MODEL), lexicon=Lexicon(vocabulary)).fit()
    reader.read(pictures[0])
    profiler = cProfile.Profile(process_time)
    with profiler:
        for picture in pictures:
            reader.read(picture)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)


def _figures(seconds: dict[str, list[float]], right: dict[str, float], n_words: int) -> list[Figure]:
    """Return times, ratios and accuracies."""
    one, other = np.array(seconds["one"]), np.array(seconds["other"])
    together = sum(seconds["together"]) / n_words
    lexicon = f"lexicon of {LEXICON_SIZE:,} words"
    figures = [
        Figure(f"a word, {lexicon}: median", 1000 * float(np.median(one)), "ms"),
        Figure(f"a word, {lexicon}: 9 in 10 take at most", 1000 * float(np.quantile(one, 0.9)), "ms"),
        Figure(
            "a word that the lexicon lacks, over one that it has: mean",
            float(other.mean() / one.mean()),
            "times",
            at_most=3,
        ),
        Figure(
            f"words {TOGETHER} at a time, over one by one: mean", together / float(one.mean()), "times", at_most=1.2
        ),
        *(Figure(f"words right, {name}", 100 * share, "%") for name, share in right.items()),
    ]
    if seconds["command"]:
        command = np.array(seconds["command"])
        ratios, loaded = one / command, seconds["loaded"][0]
        figures += [
            Figure("Tesseract started for a word: median", 1000 * float(np.median(command)), "ms"),
            Figure(
                "a word over Tesseract started for it: median",
                float(np.median(ratios)),
                "times",
                "at most 0.25",
                at_most=2,
            ),
            Figure(
                "a word over Tesseract started for it: 9 in 10", float(np.quantile(ratios, 0.9)), "times", "at most 0.5"
            ),
            Figure("Tesseract with its model loaded, a word: mean", 1000 * loaded, "ms"),
            Figure("a word over Tesseract with its model loaded: mean", float(one.mean()) / max(loaded, 1e-9), "times"),
        ]
    return figures


def _timed(seconds: list[float], function: Any, *args: Any) -> Any:
    start = process_time()
    result = function(*args)
    seconds.append(process_time() - start)
    return result


def _right(read: list[str], texts: list[str]) -> float:
    return float(np.mean([found == text for found, text in zip(read, texts, strict=True)]))


@click.command()
@click.option("--words", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--profile", "only_profile", is_flag=True, help="Print a profile instead.")
def main(words: int, only_profile: bool) -> None:
    """Print a table, or a profile."""
    if only_profile:
        profile(words)
        return
    for figure in measured(words):
        click.echo(f"{figure.name}: {figure.value:.3g} {figure.unit}{f' ({figure.target})' if figure.target else ''}")


if __name__ == "__main__":
    main()
