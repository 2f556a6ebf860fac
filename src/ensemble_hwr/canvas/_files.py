"""Drawings on disk: strokes as JSON, and pictures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ensemble_hwr._writing import whole_files
from ensemble_hwr.canvas._drawing import Drawing, Grey, Point, Stroke, render
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images import open_picture, to_ink
from ensemble_hwr.images.sources import describe

FORMAT = "ensemble_hwr strokes"
VERSION = 1
SUFFIX = ".json"

_LARGEST_FILE = 50_000_000  # bytes
_FARTHEST = 20_000.0  # units of 1/96 inch: a canvas has no points beyond
_LONGEST = 2_000  # pixels: larger pictures are made so large


def save_drawing(file: Path, drawing: Drawing, text: str) -> Path:
    """Write strokes to a JSON file, and a picture of them beside it; both whole, or neither.

    Parameters
    ----------
    file : Path
        Ends in ``.json``, or has that added.
    drawing : Drawing
        Not empty.
    text : str
        What was read.

    Returns
    -------
    Path
        Of the JSON file. The picture has the same name, and ends in ``.png``.

    Raises
    ------
    DataError
        If a file cannot be written.
    """
    file = strokes_file(file)
    strokes = [
        [[round(point.x, 2), round(point.y, 2), round(point.t, 3)] for point in stroke] for stroke in drawing.strokes
    ]
    content = {"format": FORMAT, "version": VERSION, "text": text, "strokes": strokes}
    try:
        with whole_files(picture_file(file), file) as (picture, stream):
            Image.fromarray(render(drawing)).save(picture, "PNG")
            stream.write(json.dumps(content).encode() + b"\n")
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from None
    return file


def strokes_file(file: Path) -> Path:
    """Return the name with ``.json`` at its end."""
    return file if file.suffix.lower() == SUFFIX else file.with_name(file.name + SUFFIX)


def picture_file(file: Path) -> Path:
    """Return where the picture beside a file of strokes is."""
    return file.with_suffix(".png")


def load_drawing(file: Path) -> Drawing:
    """Read strokes, or a picture.

    Parameters
    ----------
    file : Path
        Strokes where it ends in ``.json``, else a picture of any form and polarity.

    Returns
    -------
    Drawing

    Raises
    ------
    DataError
        If it holds no strokes.
    PictureError
        If it is no picture that can be read.
    """
    if file.suffix.lower() == SUFFIX:
        return Drawing(_load_strokes(file))
    return Drawing(picture=_load_picture(file))


def _load_strokes(file: Path) -> tuple[Stroke, ...]:
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise DataError(f"{file}: is larger than {_LARGEST_FILE:,} bytes; files of strokes are not")
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{file}: is not JSON; give a file that the canvas saved, or a picture") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f'{file}: holds no strokes; its "format" must be "{FORMAT}"')
    if content.get("version") != VERSION:
        raise DataError(f"{file}: is of version {content.get('version')!r}, but this release reads version {VERSION}")
    strokes = content.get("strokes")
    if not isinstance(strokes, list) or not strokes:
        raise DataError(f'{file}: its "strokes" must be a list of one or more strokes')
    return tuple(_stroke(file, place, stroke) for place, stroke in enumerate(strokes))


def _stroke(file: Path, place: int, found: Any) -> Stroke:
    if not isinstance(found, list) or not found or not all(_is_point(point) for point in found):
        raise DataError(
            f"{file}: stroke {place} must be a list of points [x, y, t], numbers no farther than {_FARTHEST:,.0f}"
        )
    return tuple(Point(*map(float, point)) for point in found)


def _is_point(found: Any) -> bool:
    numbers = isinstance(found, list) and len(found) == 3 and all(type(number) in (int, float) for number in found)
    return numbers and all(abs(number) <= _FARTHEST for number in found[:2]) and abs(found[2]) < math.inf


def _load_picture(file: Path) -> Grey:
    """Read a picture as dark ink on light paper, no larger than a screen."""
    grey = open_picture(str(file))
    try:
        ink = to_ink(grey)
    except PictureError as error:
        raise PictureError(str(error).replace(describe(grey), describe(file), 1)) from None
    light = ink.size and grey[ink > 0.5].mean() > grey[ink <= 0.5].mean()
    image = Image.fromarray(255 - grey if light else grey)
    image.thumbnail((_LONGEST, _LONGEST))
    return np.array(image)
