"""``ensemble-hwr read``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder, whole_files
from ensemble_hwr.cli._errors import DONE, FAILED
from ensemble_hwr.cli._options import lexicon_option, model_option
from ensemble_hwr.cli._pictures import complain, find_all
from ensemble_hwr.exceptions import PictureError

if TYPE_CHECKING:
    from ensemble_hwr.reading import Page, Word


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@lexicon_option
@click.option("--page", is_flag=True, help="Each picture holds lines of words instead of one word.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--debug",
    "boxes",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a picture of each result there, with the box of every letter.",
)
def read(  # noqa: PLR0917
    paths: tuple[str, ...], model: str, lexicon: Path | None, page: bool, as_json: bool, boxes: Path | None
) -> int:
    """Read the word in each picture, or with --page its lines of words.

    PATH is a picture, or a folder, whose pictures and those of the folders below are read. Texts go to standard output
    in the order of the pictures; --json also tells their paths, how sure each letter is and where it is.

    What cannot be read is told on standard error, a line each; the others are read all the same, and the exit code
    is 1.
    """
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.persistence import load_model
    from ensemble_hwr.reading import Lexicon, WordReader

    if boxes is not None:
        check_folder(boxes)

    with progress(transient=True) as steps:
        words = None if lexicon is None else Lexicon.from_file(lexicon)
        reader = WordReader(load_model(model), lexicon=words).fit()
        pictures, problems = find_all(paths)
        for problem in problems:
            complain(problem)
        if boxes is not None:
            boxes.mkdir(parents=True, exist_ok=True)
        with steps.step("reading", total=len(pictures)) as tell:
            for place, picture in enumerate(pictures):
                try:
                    found = reader.read_page(picture) if page else reader.read(picture)
                except PictureError as error:
                    problems.append(str(error))
                    complain(str(error))
                else:
                    click.echo(json.dumps(_facts(picture, found)) if as_json else found.text)
                    if boxes is not None:
                        _draw(boxes / f"{place + 1:04d}-{Path(picture).stem}.png", picture, found)
                tell(place + 1, "")
    return FAILED if problems else DONE


def _facts(path: str, found: Word | Page) -> dict[str, Any]:
    """Return what a line of JSON says."""
    from ensemble_hwr.reading import Page

    if isinstance(found, Page):
        return {"path": path, **found.export()}
    letters = [
        {"letter": letter.text, "probability": round(letter.confidence or 0.0, 6), "box": list(letter.box)}
        for letter in found.letters
    ]
    return {"path": path, "text": found.text, "confidence": round(found.confidence or 0.0, 6), "letters": letters}


def _draw(file: Path, picture: str, found: Word | Page) -> None:
    """Write a picture of what was read, whole or not at all."""
    from PIL import Image

    from ensemble_hwr.images import open_picture
    from ensemble_hwr.reading import Page, draw_reading

    words = [word for line in found.lines for word in line.words] if isinstance(found, Page) else [found]
    with whole_files(file) as (stream,):
        Image.fromarray(draw_reading(open_picture(picture), words)).save(stream, "PNG")
