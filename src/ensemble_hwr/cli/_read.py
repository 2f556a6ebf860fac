"""``ensemble-hwr read`` and ``ensemble-hwr draw``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder, whole_files
from ensemble_hwr.cli._errors import DONE, FAILED, report_error
from ensemble_hwr.cli._options import lexicon_option, model_option
from ensemble_hwr.cli._pictures import find_all, omitted_pages
from ensemble_hwr.exceptions import PictureError

if TYPE_CHECKING:
    from ensemble_hwr.reading import Page, Word


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@lexicon_option
@click.option("--page", is_flag=True, help="Read pages: pictures with lines of words.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--debug",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for pictures that show the box of every letter.",
)
def read(  # noqa: PLR0917
    paths: tuple[str, ...], model: str, lexicon: Path | None, page: bool, as_json: bool, debug: Path | None
) -> int:
    """Read the word, or the lines of words, in each picture.

    PATH is a picture, or a folder, which is searched with its subfolders. Texts are printed in the order of the
    pictures; --json adds paths, confidences and boxes.

    A picture that cannot be read, and a file of several pages, of which the first is read, are reported on standard
    error. The other pictures are still read, and the exit code is 1.
    """
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.persistence import load_model
    from ensemble_hwr.reading import Lexicon, WordReader

    if debug is not None:
        check_folder(debug)
    with progress(transient=True) as steps:
        words = None if lexicon is None else Lexicon.from_file(lexicon)
        reader = WordReader(load_model(model), lexicon=words).fit()
        pictures, problems = find_all(paths)
        if debug is not None:
            debug.mkdir(parents=True, exist_ok=True)
        with steps.step("reading", total=len(pictures)) as update:
            for position, picture in enumerate(pictures):
                try:
                    found = reader.read_page(picture) if page else reader.read(picture)
                except PictureError as error:
                    problems.append(str(error))
                    report_error(str(error))
                else:
                    problems += omitted_pages(picture)
                    click.echo(json.dumps(_as_dict(picture, found)) if as_json else found.text)
                    if debug is not None:
                        _draw_boxes(debug / f"{position + 1:04d}-{Path(picture).stem}.png", picture, found)
                update(position + 1, "")
    return FAILED if problems else DONE


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False))
@model_option
@lexicon_option
def draw(file: Path | None, model: str, lexicon: Path | None) -> None:
    """Open a window to write in; words are read while you write.

    FILE is a picture, or a .json file with the strokes of an earlier session. Ctrl-S saves to FILE if its name ends in
    .json: strokes and text, and a picture next to it. Ctrl-L switches the lexicon off and on.

    The window needs a screen and Python's tkinter.
    """
    from ensemble_hwr.canvas import open_window
    from ensemble_hwr.cli._progress import warnings_counted

    with warnings_counted():
        open_window(model=model, file=file, lexicon=lexicon)


def _as_dict(path: str, found: Word | Page) -> dict[str, Any]:
    """Return a result as one line of ``--json`` holds it."""
    from ensemble_hwr.reading import Page

    if isinstance(found, Page):
        return {"path": path, **found.export()}
    letters = [
        {"letter": letter.text, "probability": round(letter.confidence or 0.0, 6), "box": list(letter.box)}
        for letter in found.letters
    ]
    return {"path": path, "text": found.text, "confidence": round(found.confidence or 0.0, 6), "letters": letters}


def _draw_boxes(file: Path, picture: str, found: Word | Page) -> None:
    """Write a copy of a picture with the boxes of its letters."""
    from PIL import Image

    from ensemble_hwr.images import open_picture
    from ensemble_hwr.reading import Page, draw_reading

    words = [word for line in found.lines for word in line.words] if isinstance(found, Page) else [found]
    with whole_files(file) as (stream,):
        Image.fromarray(draw_reading(open_picture(picture), words)).save(stream, "PNG")
