"""Tesseract, read in the same run as this library: one word or one page per picture, restricted to capitals.

Tesseract 5 has no lexicon for its neural network that a caller can replace, so it reads without the lexicon that
readers of this library are given. Its own word list is inside its model.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
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
        folder = Path(name)
        for place, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / f"{place:05d}.png")
        files = sorted(folder.glob("*.png"))
        (folder / "list.txt").write_text("\n".join(map(str, files)) + "\n", encoding="utf-8")
        command = ["tesseract", "list.txt", "-", "--psm", str(mode), "-c", f"tessedit_char_whitelist={LETTERS}"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=3600,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )  # fmt: skip
    texts = done.stdout.split("\f")[: len(pictures)]
    if len(texts) != len(pictures):
        raise click.ClickException(f"Tesseract returned {len(texts)} texts for {len(pictures)} pictures")
    return texts if mode == PAGE else ["".join(text.split()) for text in texts]


def version(mode: int = WORD) -> str:
    """Return name and version of Tesseract, and its settings."""
    printed = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{' '.join(printed.split()[:2]).capitalize()} with --psm {mode} and a whitelist of A to Z"
