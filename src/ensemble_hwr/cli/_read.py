"""``ensemble-hwr read`` and ``ensemble-hwr draw``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ensemble_hwr._batches import Batch, PageOptions, ReadEach, map_batches
from ensemble_hwr._deadlines import SECONDS
from ensemble_hwr._formats import (
    DOCUMENTS,
    FIELD_COLUMNS,
    WORD_COLUMNS,
    Fields,
    NamedPicture,
    OutputOptions,
    field_printer,
    reading_printer,
)
from ensemble_hwr._writing import check_folder, whole_files
from ensemble_hwr.cli._errors import end_of_reading, loading
from ensemble_hwr.cli._options import (
    jobs_option,
    lexicon_option,
    reading_alphabet_option,
    timeout_option,
    word_model_option,
)
from ensemble_hwr.cli._output import PartOptions, Results, chosen_format, file_name, output_options, part_options
from ensemble_hwr.cli._pictures import (
    LEAST_FOR_A_BAR,
    find_all,
    folder_options,
    page_options,
    picture_model,
)
from ensemble_hwr.exceptions import DataError, PictureError

Result: TypeAlias = "Word | Page | Fields"
WORDS_AT_ONCE = 8
LEAST_WORDS, LEAST_PAGES = 5, 2  # batches of words, and pages, per process that take longer than its start

if TYPE_CHECKING:
    from ensemble_hwr.images.pages import PageRanges
    from ensemble_hwr.reading import Page, PageReader, Word, WordReader
    from ensemble_hwr.reading.fields import FormReader


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@word_model_option
@reading_alphabet_option
@lexicon_option
@click.option(
    "--case",
    type=click.Choice(["as_written", "lexicon", "upper", "lower"]),
    default="as_written",
    show_default=True,
    help="Case of the text, for models that read small letters.",
)
@click.option(
    "--accents",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    show_default=True,
    help="Accents are not read; keep writes words of the lexicon with its accents.",
)
@click.option("--page", is_flag=True, help="Read pages: pictures with lines of words.")
@click.option(
    "--orientation",
    type=click.Choice(["auto", "0", "90", "180", "270"]),
    help="With --page: degrees by which the writing is turned clockwise; auto, the default, finds it for each page.",
)
@click.option(
    "--print",
    type=click.Choice(["ignore", "keep"]),
    default="ignore",
    show_default=True,
    help="Machine print next to handwriting, such as the labels of a form.",
)
@click.option(
    "--fields",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="JSON file with the fields of a form: a list of objects with name, box ([left, top, right, bottom]) and, "
    "optionally, alphabet and lexicon. Results have the names of the fields.",
)
@output_options
@click.option(
    "--debug",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for pictures that show the box of every letter.",
)
@folder_options
@page_options
@timeout_option
@jobs_option
@part_options
def read(
    *,
    paths: tuple[str, ...],
    kind: str,
    as_json: bool,
    output: Path | None,
    debug: Path | None,
    part_size: int | None,
    scheduler: str | None,
    **options: Any,
) -> int:
    """Read the word, or the lines of words, in each picture.

    PATH is a picture, a folder of pictures, or - for a picture on standard input.

    For one picture the text is printed, for several "path<TAB>text" per line; with --page, each text follows a line
    with its path. JSON and CSV hold boxes and probabilities; JSON also holds other readings of each word. hOCR and ALTO
    have one document per file: give one file, or a folder with --output.

    With --fields, "name<TAB>text" is printed per field of a form, after the path if there are several pictures.

    With --output and CSV, JSON or Parquet, the results are files of parts: for folders of very many pictures. The same
    command continues a run that was interrupted.

    Each page of a TIFF, a PDF or an animation is a picture; its number follows the path. A picture that cannot be read
    is reported on standard error. The others are still read, and the exit code is 1. If a picture may have been read
    wrongly, a warning names the likely cause, and the exit code is 3.

    Many pictures are read by several processes; the results are the same, and in the same order.
    """
    _check_folders(output, debug)
    format = chosen_format(kind, as_json)
    _check_fields_options(options["fields"], options["page"], format)
    _check_lexicon_options(options["lexicon"], options["case"], options["accents"], options["fields"])
    if options["orientation"] is not None and not options["page"]:
        raise click.UsageError("--orientation needs --page")
    options["orientation"] = "auto" if options["orientation"] in (None, "auto") else int(options["orientation"])
    parts = PartOptions.of(format, output, part_size, scheduler)
    if parts is None:
        return _read_all(paths, format, output, debug, **options)
    if debug is not None:
        raise click.UsageError("--debug does not go with --output and CSV, JSON or Parquet")
    return _read_parts(parts, paths, **options)


def _read_all(
    paths: tuple[str, ...],
    format: str,
    output: Path | None,
    debug: Path | None,
    *,
    page: bool,
    orientation: str | int,
    fields: Path | None,
    confidence: bool,
    min_confidence: float,
    pattern: str,
    recursive: bool,
    pages: PageRanges | None,
    max_pages: int,
    jobs: int | None,
    **reader_options: Any,
) -> int:
    """Read pictures and print the results, or write documents; return the exit code."""
    from ensemble_hwr.cli._progress import progress

    with progress(transient=True) as steps:
        with loading():
            reader = _word_reader(**reader_options)
        found = find_all(paths, pattern=pattern, recursive=recursive)
        options = OutputOptions(format, confidence, min_confidence, paths=found.several)
        reading = Reading(steps, options, output=output, debug=debug, as_fields=fields is not None)
        if page or fields:
            read = _field_reader(fields, reader) if fields else partial(reader.read_page, orientation=orientation)
            read_each, size, least = ReadEach(read), 1, LEAST_PAGES
        else:
            read_each, size, least = ReadEach(reader.read, reader.read_each), WORDS_AT_ONCE, LEAST_WORDS
            if jobs:  # so that few words are enough for all processes
                size = max(min(size, len(found.pictures) // jobs), 1)
        batches = map_batches(read_each, PageOptions(pages, max_pages), found.pictures, jobs, size=size, least=least)
        with closing(batches), steps.step("reading", total=len(found.pictures), least=LEAST_FOR_A_BAR) as update:
            for batch, results in batches:
                reading(batch, results)
                update(batch[-1][0], "")
            reading.finish()
    return end_of_reading(found.n_problems + reading.n_problems, reading.n_doubtful, reading.n_pictures)


def _read_parts(
    parts: PartOptions,
    paths: tuple[str, ...],
    *,
    model: str,
    page: bool,
    orientation: str | int,
    fields: Path | None,
    timeout: float,
    **options: Any,
) -> int:
    """Read pictures and write the results in parts; return the exit code."""
    names = ("alphabet", "lexicon", "case", "accents", "print")
    settings = {name: options.pop(name) for name in names}

    def make() -> WordReader | PageReader | FormReader:
        from ensemble_hwr.reading import PageReader
        from ensemble_hwr.reading.fields import FormReader, load_fields

        with loading():
            reader = _word_reader(model, timeout=timeout, **settings)
        if fields is not None:
            return FormReader(load_fields(fields), reader)
        return PageReader(reader, orientation=orientation, timeout=timeout).fit() if page else reader

    return parts.write(make, paths, **options)


class Reading:
    """Writes the results of pages one by one, and reports their errors and warnings.

    Parameters
    ----------
    steps : Steps
        Prints results and errors.
    options : OutputOptions
    output, debug : Path or None
        Folders for documents and for pictures with boxes.
    as_fields : bool, default=False
        Whether results are fields by name.

    Attributes
    ----------
    n_pictures, n_problems, n_doubtful : int
        Numbers of pages so far, of those with errors, and of those that may have been read wrongly.
    """

    def __init__(
        self, steps: Any, options: OutputOptions, *, output: Path | None, debug: Path | None, as_fields: bool = False
    ) -> None:
        self._results = Results(options, output, steps.print, FIELD_COLUMNS if as_fields else WORD_COLUMNS)
        if debug is not None:
            debug.mkdir(parents=True, exist_ok=True)
        self._steps, self._options, self._debug = steps, options, debug
        self._show: Any = field_printer(options) if as_fields else reading_printer(options)
        self.n_pictures = self.n_problems = self.n_doubtful = 0

    def __call__(self, batch: Batch, found: list[Result | PictureError | DataError] | PictureError | DataError) -> None:
        """Write the results of a batch of pages, or report their errors."""
        results = [found] if isinstance(found, Exception) else found
        for (number, picture), result in zip(batch, results, strict=True):
            self.n_pictures += 1
            if isinstance(result, (PictureError, DataError)):
                self._steps.report_error(str(result))
                self.n_problems += 1
            else:
                self._write(number, picture, result)

    def _write(self, number: int, picture: NamedPicture, found: Result) -> None:
        """Write the result of a page of the file of a number."""
        issues = [issue for part in _with_issues(found) for issue in part.issues]
        self.n_doubtful += self._steps.report_issues(picture.label, issues)
        text = self._show(picture, found)
        if text or self._options.format == "text":
            self._results.write([(text, picture, number)])
        if self._debug is not None:
            page = f"-page{picture.page}" if picture.several else ""
            _draw_boxes(self._debug / f"{file_name(picture, number)}{page}.png", picture, found)

    def finish(self) -> None:
        """Write what is not yet written."""
        self._results.finish()


def _with_issues(found: Word | Page | Fields) -> Iterable[Word | Page]:
    """Return the parts of a result that have issues of their own."""
    return found.values() if isinstance(found, dict) else [found]


def _check_folders(*folders: Path | None) -> None:
    """Raise an error if files cannot be written to one of the folders."""
    for folder in filter(None, folders):
        check_folder(folder)


def _check_fields_options(fields: Path | None, page: bool, kind: str) -> None:
    """Raise an error for options that do not fit a form."""
    if fields is not None and (page or kind in DOCUMENTS):
        raise click.UsageError("--fields reads words as text, JSON or CSV; leave out --page and other formats")


def _check_lexicon_options(lexicon: Path | None, case: str, accents: str, fields: Path | None) -> None:
    """Raise an error for options of a lexicon without one."""
    needed = [
        name for name, given in (("--case lexicon", case == "lexicon"), ("--accents keep", accents == "keep")) if given
    ]
    if needed and lexicon is None and fields is None:
        raise click.UsageError(f"{needed[0]} needs --lexicon WORDS")


def _word_reader(model: str, *, lexicon: Path | None, timeout: float = SECONDS, **settings: Any) -> WordReader:
    """Return the reader that the options describe."""
    from ensemble_hwr.persistence import load_model
    from ensemble_hwr.reading import Lexicon, WordReader

    words = None if lexicon is None else Lexicon.from_file(lexicon)
    loaded = load_model(model)
    picture_model(loaded, model, timeout)  # refuses a model of rows, as `letters` does
    fitted: WordReader = WordReader(loaded, lexicon=words, timeout=timeout, **settings).fit()
    return fitted


def _field_reader(template: Path, reader: WordReader) -> Callable[[Any], Fields]:
    """Return the function that reads the fields of a form by name."""
    from ensemble_hwr.reading.fields import FormReader, load_fields

    return FormReader(load_fields(template), reader).read


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False))
@word_model_option
@lexicon_option
@click.option(
    "--profile",
    metavar="NAME",
    help="Writer whose corrections are kept in the user's data folder, and adapted to; see: ensemble-hwr profiles.",
)
def draw(file: Path | None, model: str, lexicon: Path | None, profile: str | None) -> None:
    """Open a window to write in; words are read while you write.

    FILE is a picture, or a .json file with the strokes of an earlier session. Ctrl-S saves to FILE if its name ends in
    .json: strokes and text, and a picture next to it. Ctrl-L switches the lexicon off and on.

    With --profile, click the card of a letter and choose the right one: the model is adapted to the writer.

    The window needs a screen and Python's tkinter.
    """
    from ensemble_hwr.canvas import open_window
    from ensemble_hwr.cli._progress import warnings_counted

    with warnings_counted():
        open_window(model=model, file=file, lexicon=lexicon, profile=profile)


def _draw_boxes(file: Path, picture: NamedPicture, found: Word | Page | Fields) -> None:
    """Write a copy of a picture with the boxes of its letters."""
    from PIL import Image

    from ensemble_hwr.images import open_picture
    from ensemble_hwr.reading import Page, draw_reading

    if isinstance(found, dict):
        words = list(found.values())
    else:
        words = [word for line in found.lines for word in line.words] if isinstance(found, Page) else [found]
    with whole_files(file) as (stream,):
        Image.fromarray(draw_reading(open_picture(picture.data), words)).save(stream, "PNG")
