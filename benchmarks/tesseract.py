"""Tesseract, read in the same run as this library: one word or one page per picture, restricted to capitals.

Tesseract 5 has no lexicon for its neural network that a caller can replace, so it reads without the lexicon that
readers of this library are given. Its own word list is inside its model.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from PIL import Image

from benchmarks.vocabulary import LETTERS

WORD, PAGE = 8, 6  # page segmentation modes: a single word, a single block of text


def is_installed() -> bool:
    """Whether the command ``tesseract`` is on the path."""
    return shutil.which("tesseract") is not None


def read(pictures: Sequence[Any], mode: int = WORD) -> list[str]:
    """Read pictures with Tesseract, in one process with one thread; texts keep their line breaks."""
    with tempfile.TemporaryDirectory() as name:
        files = _saved(pictures, Path(name))
        list_ = Path(name, "list.txt")
        list_.write_text("\n".join(map(str, files)) + "\n", encoding="utf-8")
        texts = _run(list_, mode).split("\f")[: len(pictures)]
    if len(texts) != len(pictures):
        raise click.ClickException(f"Tesseract returned {len(texts)} texts for {len(pictures)} pictures")
    return texts if mode == PAGE else ["".join(text.split()) for text in texts]


def processor_seconds(pictures: Sequence[Any], *, together: bool, mode: int = WORD) -> list[float]:
    """Return the processor time of the command ``tesseract`` for each picture, or for all of them in one process."""
    with tempfile.TemporaryDirectory() as name:
        files = _saved(pictures, Path(name))
        if together:
            list_ = Path(name, "list.txt")
            list_.write_text("\n".join(map(str, files)) + "\n", encoding="utf-8")
            files = [list_]
        seconds = [_used()]
        for file in files:
            _run(file, mode)
            seconds.append(_used())
    return [after - before for before, after in pairwise(seconds)]


def _saved(pictures: Sequence[Any], folder: Path) -> list[Path]:
    """Save pictures, and return their files."""
    files = [folder / f"{place:05d}.png" for place in range(len(pictures))]
    for file, picture in zip(files, pictures, strict=True):
        Image.fromarray(picture).save(file)
    return files


def _run(file: Path, mode: int) -> str:
    """Read a picture, or those of a list, with one thread."""
    command = ["tesseract", str(file), "-", "--psm", str(mode), "-c", f"tessedit_char_whitelist={LETTERS}"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600, env=environment)
    return done.stdout


def _used() -> float:
    """Return the processor time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def version(mode: int = WORD) -> str:
    """Return name and version of Tesseract, and its settings."""
    printed = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{' '.join(printed.split()[:2]).capitalize()} with --psm {mode} and a whitelist of A to Z"
