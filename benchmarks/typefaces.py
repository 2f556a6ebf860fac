"""Words in handwriting typefaces, whose letters are joined as the typeface joins them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.letters import DATA

HELD_OUT_EVERY = 4  # every fourth typeface trains no non-letter model
_SIZES = 34, 70  # pixels
_INK = 60, 255  # darkness of a pixel that belongs to a letter, and of a full stroke


class TypefaceWord(NamedTuple):
    """A picture of a word, and the index of the letter of each pixel; -1 on paper."""

    text: str
    picture: NDArray[np.uint8]
    owner: NDArray[np.int16]


def typefaces(*, held_out: bool) -> list[Path]:
    """Return the font files of the folder ENSEMBLE_HWR_DATA that train non-letter models, or those held out."""
    files = sorted(path for path in (DATA / "fonts").rglob("*") if path.suffix in {".woff", ".woff2", ".ttf", ".otf"})
    return [file for place, file in enumerate(files) if (place % HELD_OUT_EVERY == 0) == held_out]


def write_in_typefaces(
    texts: Sequence[str], files: Sequence[Path], rng: np.random.Generator, *, spacing: tuple[float, float] = (-0.04, 0)
) -> list[TypefaceWord]:
    """Write each text in a typeface that is drawn at random.

    Parameters
    ----------
    texts : sequence of str
    files : sequence of path
        Font files.
    rng : Generator
    spacing : pair of float
        Range of the distance that is added between letters, relative to the size of the typeface.

    Returns
    -------
    list of TypefaceWord
        Without the texts that a typeface has no glyphs for.
    """
    words = []
    for text in texts:
        font = ImageFont.truetype(str(files[int(rng.integers(len(files)))]), int(rng.integers(*_SIZES)))
        word = _write(text, font, float(rng.uniform(*spacing)) * font.size)
        if word is not None:
            words.append(word)
    return words


def _write(text: str, font: ImageFont.FreeTypeFont, spacing: float) -> TypefaceWord | None:
    """Return a word in a typeface, or None if the typeface lacks a letter."""
    margin = int(font.size)
    shape = int(font.getlength(text)) + 3 * margin, 4 * margin
    inks = []
    for place, letter in enumerate(text):
        layer = Image.new("L", shape)
        left = margin + font.getlength(text[:place]) + place * spacing
        ImageDraw.Draw(layer).text((left, 2 * margin), letter, fill=_INK[1], font=font, anchor="ls")
        inks.append(np.asarray(layer))
    stack = np.stack(inks)
    if not stack.any(axis=(1, 2)).all():
        return None
    darkness = stack.max(axis=0)
    owner = np.where(darkness >= _INK[0], stack.argmax(axis=0), -1).astype(np.int16)
    rows, columns = np.flatnonzero(darkness.any(axis=1)), np.flatnonzero(darkness.any(axis=0))
    pad = margin // 3
    window = slice(rows[0] - pad, rows[-1] + pad), slice(columns[0] - pad, columns[-1] + pad)
    return TypefaceWord(text, 255 - darkness[window], owner[window])
