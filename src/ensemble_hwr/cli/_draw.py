"""``ensemble-hwr draw``."""

from __future__ import annotations

from pathlib import Path

import click

from ensemble_hwr.cli._options import lexicon_option, model_option


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False))
@model_option
@lexicon_option
def draw(file: Path | None, model: str, lexicon: Path | None) -> None:
    """Open a window to write a word in, and read it as the pen is lifted.

    FILE holds strokes, which this command saved, or is a picture. If it ends in .json and is not there yet, that is
    where Ctrl-S saves: strokes and text, and beside them a picture. Ctrl-L switches the word list off and on.

    Needs a screen, and Python's tkinter. A model that does not read letters, a list without a word for it, a file that
    cannot be read and a folder that is not there end the command with a line on standard error and exit code 1.
    """
    from ensemble_hwr.canvas import open_window
    from ensemble_hwr.cli._progress import warnings_counted

    with warnings_counted():
        open_window(model=model, file=file, words=lexicon)
