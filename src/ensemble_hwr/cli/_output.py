"""Results of ``letters`` and ``read`` on standard output, or as hOCR or ALTO documents in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._formats import DOCUMENTS, FORMATS, NamedPicture, OutputOptions, csv_lines
from ensemble_hwr._writing import whole_files
from ensemble_hwr.cli._pictures import STANDARD_INPUT

if TYPE_CHECKING:
    from ensemble_hwr.reading import Page


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of :class:`OutputOptions` and of :class:`Results` to a command."""
    options = (
        click.option(
            "--format",
            "kind",
            type=click.Choice(FORMATS),
            default="text",
            show_default=True,
            help="Form of the results.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json: one object per line."),
        click.option("--confidence", is_flag=True, help="Add the probability of each result to the text."),
        click.option(
            "--min-confidence",
            type=click.FloatRange(0, 1),
            default=0.0,
            metavar="P",
            help="Print ? in place of a letter or word whose probability is below P.",
        ),
        click.option(
            "--output",
            "-o",
            "output",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Folder for one hOCR or ALTO document per picture, with all pages of its file.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Results:
    """Results on standard output, or as documents in a folder; a document has the pages of one file.

    Parameters
    ----------
    options : OutputOptions
    folder : Path or None
        Folder for one document per picture.
    echo : callable
        Prints a text.
    columns : tuple of str
        Header of CSV.
    """

    def __init__(
        self, options: OutputOptions, folder: Path | None, echo: Callable[[str], None], columns: tuple[str, ...]
    ) -> None:
        if options.format in DOCUMENTS and options.paths and folder is None:
            message = f"--format {options.format} has one document per picture; give one picture, or --output DIR"
            raise click.UsageError(message)
        if folder is not None:
            if options.format not in DOCUMENTS:
                raise click.UsageError(
                    f"--output needs --format {' or '.join(DOCUMENTS)}, got --format {options.format}"
                )
            folder.mkdir(parents=True, exist_ok=True)
        self._suffix = DOCUMENTS.get(options.format, "")
        self._folder, self._echo, self._options = folder, echo, options
        self._document: tuple[NamedPicture, int, dict[int, Page]] | None = None
        if options.format == "csv":
            echo(csv_lines([list(columns)]))

    def write(self, results: Iterable[tuple[str | Page, NamedPicture, int]]) -> None:
        """Print some texts at once, or collect pages; each has its picture, and the number of its file, from 1."""
        texts = []
        for shown, picture, number in results:
            if isinstance(shown, str):
                texts.append(shown)
                continue
            if self._document is None or self._document[1] != number:
                self.finish()
                self._document = (picture, number, {})
            self._document[2][picture.page] = shown
        if texts:
            self._echo("\n".join(texts))

    def finish(self) -> None:
        """Print or write the document of the last file."""
        if self._document is None:
            return
        from ensemble_hwr.reading import to_alto, to_hocr

        (picture, number, pages), self._document = self._document, None
        text = (to_hocr if self._options.format == "hocr" else to_alto)(pages, image=picture.name)
        if self._folder is None:
            self._echo(text.rstrip("\n"))
            return
        with whole_files(self._folder / f"{file_name(picture, number)}{self._suffix}") as (stream,):
            stream.write(text.encode())


def file_name(picture: NamedPicture, number: int) -> str:
    """Return a file name that differs for each picture, also for those of the same name in different folders."""
    return f"{number:04d}-{'stdin' if picture.name == STANDARD_INPUT else Path(picture.name).stem}"
