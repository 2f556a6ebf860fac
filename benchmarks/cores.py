"""Time to read many pictures with two processes against one, and to build a lexicon of 200,000 words.

    python -m benchmarks cores               ten minutes on two idle cores
    python -m benchmarks cores --quick       a minute

The pictures are words and letters, composed of generated letters. Two processes are started for each run, so that the
times hold their start, the loading of the model included. Matrix products alone show what a second process can add on
this machine. The words of the lexicon are generated; its memory is that of Python's objects and arrays.
"""

from __future__ import annotations

import tracemalloc
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import joblib
import numpy as np
from PIL import Image

from benchmarks.figures import Figure, ratio, time_in_turn
from benchmarks.fitting import multiply_in_processes
from ensemble_hwr import Lexicon, WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.folders import read_folders

MB = 1e6
TEXTS = ("QUICK", "BROWN", "FOXES", "JUMP", "OVER", "THE", "LAZY", "DOGS")
SYLLABLES = [first + second for first in "BCDFGHJKLMNPRSTVWZ" for second in "AEIOU"]


def measure(quick: bool = False) -> list[Figure]:
    """Time two processes against one, and the building of a lexicon."""
    return [*of_processes(quick), *of_lexicon(quick)]


def of_processes(quick: bool) -> list[Figure]:
    """Read words by the reader, and a folder of letters in parts, with one process and with two."""
    n_words, n_letters, n_products, repeats = (40, 400, 50, 1) if quick else (1000, 4000, 500, 3)
    letters = generate_letters(520, writers=5, random_state=0)
    texts = [TEXTS[number % len(TEXTS)] for number in range(n_words)]
    pictures = [word.picture for word in compose_words(letters, texts, gap=0.2, random_state=0)]
    product = np.random.default_rng(0).random((600, 600))
    with TemporaryDirectory() as folder:
        for number, picture in enumerate(generate_letters(400, writers=5, random_state=1, format="pictures").data):
            Image.fromarray(picture).save(Path(folder, f"{number}.png"))
        files = [str(path) for path in sorted(Path(folder).iterdir())] * (n_letters // 400)
        functions = {
            "words, 1": partial(_read_words, pictures, 1),
            "words, 2": partial(_read_words, pictures, 2),
            "letters, 1": partial(_read_letters, files, 1),
            "letters, 2": partial(_read_letters, files, 2),
            "products, 1": partial(multiply_in_processes, product, 1, n_products),
            "products, 2": partial(multiply_in_processes, product, 2, n_products),
        }
        found = time_in_turn(functions, repeats)
    target = "1.85" if joblib.cpu_count() > 1 else ""
    words, in_parts = f"{n_words:,} words", f"a folder of {n_letters:,} letters in parts"
    return [
        Figure(f"{words}, one process", median(found["words, 1"]), "s"),
        Figure(f"{words}, two processes against one", _gain(found, "words"), "times as fast", target),
        Figure(f"{in_parts}, one process", median(found["letters, 1"]), "s"),
        Figure(f"{in_parts}, two processes against one", _gain(found, "letters"), "times as fast", target),
        Figure("matrix products alone, two processes against one", 2 * _gain(found, "products"), "times as fast"),
    ]


def of_lexicon(quick: bool) -> list[Figure]:
    """Build lexicons without and with counts, and measure their memory."""
    words = generated_words(20_000 if quick else 200_000)
    counts = {word: 1 + place for place, word in enumerate(words)}
    functions = {"plain": partial(Lexicon, words), "counts": partial(Lexicon, counts), "sort": partial(sorted, words)}
    seconds = time_in_turn(functions, 2 if quick else 5, process_time)
    figures = []
    for name, given in (("plain", words), ("counts", counts)):
        label = f"a lexicon of {len(words):,} words{' with counts' if name == 'counts' else ''}"
        kept, peak = memory_of(given)
        figures += [
            Figure(label, median(seconds[name]), "s", "under 0.3 s"),
            Figure(
                f"{label}, over the sorting of its words", ratio(seconds[name], seconds["sort"]), "times", at_most=60
            ),
            Figure(f"{label}, memory", kept / MB, "MB", "under 25 MB"),
            Figure(f"{label}, peak memory while it is built", peak / MB, "MB"),
        ]
    return figures


def generated_words(n: int) -> list[str]:
    """Return different words of two to four syllables."""
    rng = np.random.default_rng(0)
    words: dict[str, None] = {}
    while len(words) < n:
        chosen = rng.integers(len(SYLLABLES), size=int(rng.integers(2, 5)))
        words["".join(SYLLABLES[place] for place in chosen)] = None
    return list(words)


def memory_of(words: Any) -> tuple[int, int]:
    """Return the bytes that a lexicon keeps, and the most that it needs while it is built."""
    tracemalloc.start()
    try:
        lexicon = Lexicon(words)
        kept, peak = tracemalloc.get_traced_memory()
        assert len(lexicon) == len(words)
        return kept, peak
    finally:
        tracemalloc.stop()


def _gain(found: dict[str, list[float]], name: str) -> float:
    return ratio(found[f"{name}, 1"], found[f"{name}, 2"])


def _read_words(pictures: list[Any], n_jobs: int) -> None:
    WordReader(load_model("az"), n_jobs=n_jobs).fit().predict(pictures)


def _read_letters(files: list[str], n_jobs: int) -> None:
    with TemporaryDirectory() as folder:
        read_folders(load_model("az"), files, folder, n_jobs=n_jobs)


if __name__ == "__main__":
    for figure in measure():
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}")
