"""Results of ``letters`` and ``read``: on standard output, or in a folder as parts or as hOCR or ALTO documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._formats import DOCUMENTS, FORMATS, NamedPicture, OutputOptions, csv_lines
from ensemble_hwr._parts import PART_FORMATS
from ensemble_hwr._writing import whole_files
from ensemble_hwr.cli._errors import Interrupted, echo, end_of_reading
from ensemble_hwr.cli._options import NumberRange, cluster
from ensemble_hwr.cli._pictures import STANDARD_INPUT
from ensemble_hwr.folders import MOST_PER_PART, PART_SIZE

if TYPE_CHECKING:
    from ensemble_hwr.reading import Page


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of :class:`OutputOptions` and of :class:`Results` to a command."""
    options = (
        click.option(
            "--format",
            "kind",
            type=click.Choice([*FORMATS, "parquet"]),
            default="text",
            show_default=True,
            help="Form of the results. Parquet needs --output and pyarrow.",
        ),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json: one object per line."),
        click.option("--confidence", is_flag=True, help="Add the probability of each result to the text."),
        click.option(
            "--min-confidence",
            type=NumberRange(0, 1),
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
            help="Folder for CSV, JSON or Parquet in parts, or for one hOCR or ALTO document per picture, with all "
            "pages of its file.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def part_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of results in parts."""
    size = click.option(
        "--part-size",
        type=click.IntRange(1, MOST_PER_PART),
        metavar="N",
        help=f"Pictures per part in --output; default {PART_SIZE}.",
    )
    scheduler = click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786; its workers, which need the same folders, read "
        "the pictures. Needs --output.",
    )
    return size(scheduler(command))


def chosen_format(kind: str, as_json: bool) -> str:
    """Return the format of the results, which ``--format`` or ``--json`` chooses."""
    if as_json and kind not in ("text", "json"):
        raise click.UsageError(f"--json is the same as --format json; give --json or --format {kind}, not both")
    return "json" if as_json else kind


@dataclass(frozen=True)
class PartOptions:
    """Results of very many pictures, in parts."""

    format: str
    output: Path
    part_size: int
    scheduler: str | None

    @classmethod
    def of(cls, format: str, output: Path | None, part_size: int | None, scheduler: str | None) -> PartOptions | None:
        """Return the options, or None if results are not in parts."""
        if output is not None and format in PART_FORMATS:
            return cls(format, output, part_size or PART_SIZE, scheduler)
        if format == "parquet":
            raise click.UsageError("--format parquet needs --output DIR")
        for name, value in (("--part-size", part_size), ("--scheduler", scheduler)):
            if value is not None:
                raise click.UsageError(f"{name} needs --output DIR and --format csv, json or parquet")
        return None

    def write(
        self, make: Callable[[], Any], paths: Sequence[str], *, jobs: int | None, confidence: bool, **options: Any
    ) -> int:
        """Read the pictures and write the parts, which have probabilities in any case; return the exit code."""
        from ensemble_hwr.cli._progress import progress
        from ensemble_hwr.folders import read_folders

        if STANDARD_INPUT in paths:
            raise click.UsageError("results in parts need the paths of pictures; - is for a single picture")
        options |= {"format": self.format, "part_size": self.part_size, "n_jobs": jobs or -1}
        with (
            self._resumable(),
            progress(transient=True) as steps,
            cluster(self.scheduler),
            steps.as_callback() as report,
        ):
            options |= {"on_progress": report, "on_error": lambda error: steps.report_error(str(error))}
            found = read_folders(make(), paths, self.output, **options)
        before = f", {found.n_finished_before:,} of them finished before" if found.n_finished_before else ""
        parts = f"{_counted(found.n_parts, 'part')}{before}"
        errors = f"; {_counted(found.n_errors, 'error')}" if found.n_errors else ""
        echo(f"{self.output}: {_counted(found.n_pictures, 'picture')} in {parts}{errors}")
        return end_of_reading(found.n_errors, found.n_doubtful, found.n_pictures)

    @contextmanager
    def _resumable(self) -> Iterator[None]:
        """Say that the same command continues, if the block is interrupted."""
        try:
            yield
        except Interrupted as interrupt:
            message = "interrupted; finished parts are kept, and the same command continues"
            raise Interrupted(message, interrupt.code) from None


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


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
                allowed = f"{', '.join(PART_FORMATS)}, {' or '.join(DOCUMENTS)}"
                raise click.UsageError(f"--output needs --format {allowed}, got --format {options.format}")
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
