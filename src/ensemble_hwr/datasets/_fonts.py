"""Render the letters of handwriting typefaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr.datasets._letters import LetterSet, pictures_array
from ensemble_hwr.exceptions import DataError

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

SUFFIXES = (".otf", ".ttc", ".ttf", ".woff", ".woff2")
MAX_BYTES = 32 * 2**20
LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
NO_CHARACTER = "\U0010fffe"  # no typeface has it, so that the picture of a missing glyph is drawn
ASCENDERS, X_HEIGHTS, DESCENDERS = "bdhkl", "acemnrs", "gpq"
MIN_ASCENT = 1.2  # of ascenders relative to the other small letters; less means that small letters are capitals
MIN_DESCENT = 0.12  # of the height of a capital


def load_fonts(folder: PathLike, classes: str | Sequence[str] = LETTERS_AND_DIGITS, *, size: int = 64) -> LetterSet:
    """Render the letters of the typefaces in a folder, each typeface as a writer.

    Typefaces drawn from real handwriting give letters of many writers. A class that a typeface has no glyph for is left
    out for that typeface. So are the small letters of typefaces whose small letters are drawn as capitals.

    Parameters
    ----------
    folder : path-like
        A folder with font files (``.ttf``, ``.otf``, ``.ttc``, ``.woff`` or ``.woff2``) in it or in its subfolders, or
        one font file. Check that the license of each typeface allows what you do with it.
    classes : str or sequence of str, default=A to Z, a to z, 0 to 9
        Characters to render.
    size : int, default=64
        Size of the typefaces in pixels, 8 to 1000.

    Returns
    -------
    LetterSet
        Gray pictures of different sizes, black letters on white paper with a margin; ``target``, ``writer`` (the
        family of the typeface) and ``source`` ("fonts"). Styles of one family, such as bold, are one writer.

    Raises
    ------
    DataError
        If the folder does not exist or has no font file, a file is not a font, `classes` is not a sequence of different
        characters, or `size` is out of range.

    Examples
    --------
    >>> import matplotlib
    >>> from pathlib import Path
    >>> from ensemble_hwr.datasets import load_fonts
    >>> fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    >>> letters = load_fonts(fonts / "DejaVuSans.ttf", "Aa1")
    >>> letters.target.tolist(), letters.writer[0].item()
    (['A', 'a', '1'], 'DejaVu Sans')
    """
    alphabet = _check(classes, size)
    pictures: list[NDArray[np.uint8]] = []
    target: list[str] = []
    writer: list[str] = []
    for file in _font_files(Path(folder).expanduser()):
        font = _open_font(file, size)
        rendered = _render(font, [letter for letter in alphabet if not letter.islower() or _has_small_letters(font)])
        pictures += rendered.values()
        target += rendered
        writer += [font.getname()[0] or file.stem] * len(rendered)
    if not pictures:
        raise DataError(f"{folder}: no typeface in it has any of the classes {''.join(alphabet)!r}")
    return LetterSet(
        pictures_array(pictures),
        np.array(target),
        source=np.full(len(target), "fonts"),
        writer=np.array(writer),
        name="fonts",
    )


def _check(classes: str | Sequence[str], size: int) -> list[str]:
    alphabet = list(classes)
    odd = [entry for entry in alphabet if not isinstance(entry, str) or len(entry) != 1 or not entry.isprintable()]
    if odd or not alphabet or len(set(alphabet)) < len(alphabet):
        raise DataError(f"classes is {classes!r}, but it must contain different single characters, at least one")
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 8 <= size <= 1000:
        raise DataError(f"size is {size!r}, but it must be an integer from 8 to 1000")
    return alphabet


def _font_files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise DataError(f"{place}: there is no such file or folder")
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise DataError(f"{place}: no font file in it; expected files with the suffix {', '.join(SUFFIXES)}")
    return files


def _open_font(file: Path, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    if file.stat().st_size > MAX_BYTES:
        raise DataError(f"{file}: larger than {MAX_BYTES // 2**20} MB, which is too large for a font file")
    try:
        return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
    except (OSError, ImportError) as error:  # an ImportError where Pillow was built without FreeType
        raise DataError(f"{file}: cannot be read as a font file ({error})") from error


def _render(font: FreeTypeFont, letters: Sequence[str]) -> dict[str, NDArray[np.uint8]]:
    """Return a picture per letter that the typeface has."""
    missing = _mask(font, NO_CHARACTER)
    masks = {letter: _mask(font, letter) for letter in letters}
    margin = max(2, round(font.size / 4))
    return {
        letter: np.pad(255 - mask, margin, constant_values=255)
        for letter, mask in masks.items()
        if mask.size and mask.max() > 127 and not np.array_equal(mask, missing)
    }


def _mask(font: FreeTypeFont, letter: str) -> NDArray[np.uint8]:
    """Return the ink of a glyph, cropped to it; empty where there is none."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = font.getbbox(letter)
    shape = max(1, int(right - left) + 4), max(1, int(bottom - top) + 4)
    picture = Image.new("L", shape)
    ImageDraw.Draw(picture).text((2 - left, 2 - top), letter, fill=255, font=font)
    box = picture.getbbox()
    return np.zeros((0, 0), np.uint8) if box is None else np.asarray(picture.crop(box))


def _has_small_letters(font: FreeTypeFont) -> bool:
    """Return whether small letters have ascenders or descenders, as capitals drawn in their place do not."""
    heights = {letter: _extent(font, letter) for letter in ASCENDERS + X_HEIGHTS + DESCENDERS}
    if any(above + below <= 0 for above, below in heights.values()):
        return True  # a glyph is missing or empty
    ascent = np.median([heights[letter][0] for letter in ASCENDERS])
    x_height = np.median([heights[letter][0] for letter in X_HEIGHTS])
    descent = np.median([heights[letter][1] for letter in DESCENDERS])
    return bool(ascent >= MIN_ASCENT * x_height or descent >= MIN_DESCENT * ascent)


def _extent(font: FreeTypeFont, letter: str) -> tuple[float, float]:
    """Return how far a glyph reaches above and below the baseline, in pixels."""
    _, top, _, bottom = font.getbbox(letter, anchor="ls")
    return -top, bottom
