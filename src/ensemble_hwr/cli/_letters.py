"""``ensemble-hwr letters``."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._batches import Batch, Classified, Classify, PageOptions, map_batches
from ensemble_hwr._formats import LETTER_COLUMNS, OutputOptions, letter_printer
from ensemble_hwr._writing import check_folder
from ensemble_hwr.cli._errors import end_of_reading, loading
from ensemble_hwr.cli._options import alphabet_option, jobs_option, model_option, timeout_option
from ensemble_hwr.cli._output import PartOptions, Results, chosen_format, output_options, part_options
from ensemble_hwr.cli._pictures import (
    LEAST_BATCHES,
    LEAST_FOR_A_BAR,
    find_all,
    folder_options,
    page_options,
    picture_model,
)
from ensemble_hwr.exceptions import DataError, PictureError

if TYPE_CHECKING:
    from ensemble_hwr._formats import LetterPrinter
    from ensemble_hwr.images.pages import PageRanges


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@alphabet_option
@output_options
@folder_options
@page_options
@timeout_option
@jobs_option
@part_options
def letters(
    *,
    paths: tuple[str, ...],
    kind: str,
    as_json: bool,
    output: Path | None,
    part_size: int | None,
    scheduler: str | None,
    **options: Any,
) -> int:
    """Classify the letter in each picture.

    PATH is a picture of one letter, a folder of pictures, or - for a picture on standard input. Pictures may have any
    size, and be dark on light or light on dark. Each page of a TIFF, a PDF or an animation is a picture.

    For one picture the letter is printed, for several "path<TAB>letter" per line. JSON also holds the next two letters.
    hOCR and ALTO have one document per file: give one file, or a folder with --output.

    With --output and CSV, JSON or Parquet, the results are files of parts: for folders of very many pictures. The same
    command continues a run that was interrupted.

    A picture that cannot be read is reported on standard error. The others are still classified; the exit code is 1. If
    a picture may have been classified wrongly, a warning names the likely cause, and the exit code is 3.

    Many pictures are classified by several processes; the results are the same, and in the same order.
    """
    if output is not None:
        check_folder(output)
    format = chosen_format(kind, as_json)
    parts = PartOptions.of(format, output, part_size, scheduler)
    if parts is None:
        return _classify_all(paths, format, output, **options)
    load = partial(_model, **{name: options.pop(name) for name in ("model", "alphabet", "timeout")})
    return parts.write(load, paths, **options)


def _classify_all(
    paths: tuple[str, ...],
    format: str,
    output: Path | None,
    *,
    confidence: bool,
    min_confidence: float,
    pattern: str,
    recursive: bool,
    pages: PageRanges | None,
    max_pages: int,
    jobs: int | None,
    **model_options: Any,
) -> int:
    """Classify pictures and print the results, or write documents; return the exit code."""
    from ensemble_hwr.cli._progress import progress

    with progress(transient=True) as steps:
        with loading():
            from ensemble_hwr.reading.models import split_pipeline

            classify = Classify(*split_pipeline(_model(**model_options)))
        found = find_all(paths, pattern=pattern, recursive=recursive)
        options = OutputOptions(format, confidence, min_confidence, paths=found.several)
        results = Results(options, output, steps.print, LETTER_COLUMNS)
        reading = Reading(letter_printer(options), results, steps)
        batches = map_batches(classify, PageOptions(pages, max_pages), found.pictures, jobs, least=LEAST_BATCHES)
        with closing(batches), steps.step("reading", total=len(found.pictures), least=LEAST_FOR_A_BAR) as update:
            for batch, classified in batches:
                reading(batch, classified)
                update(batch[-1][0], "")
            results.finish()
    return end_of_reading(found.n_problems + reading.n_problems, reading.n_doubtful, reading.n_pictures)


def _model(model: str, alphabet: str | None, timeout: float) -> Any:
    """Load a model that reads pictures, with a timeout."""
    with loading():
        from ensemble_hwr.persistence import load_model

        loaded = load_model(model, alphabet=alphabet)
        picture_model(loaded, model, timeout)  # sets the timeout of its normalizer
    return loaded


class Reading:
    """Writes the letters of batches, and reports their errors and warnings.

    Parameters
    ----------
    show : callable
        Formats a letter.
    results : Results
    steps : Steps

    Attributes
    ----------
    n_pictures, n_problems, n_doubtful : int
        Numbers of pictures so far, of those with errors, and of those that may have been classified wrongly.
    """

    def __init__(self, show: LetterPrinter, results: Results, steps: Any) -> None:
        self._show, self._results, self._steps = show, results, steps
        self.n_pictures = self.n_problems = self.n_doubtful = 0

    def __call__(self, batch: Batch, classified: list[Classified | PictureError] | PictureError | DataError) -> None:
        """Write the letters of a batch, or report the error of all of it."""
        shown = []
        found = [classified] if isinstance(classified, Exception) else classified
        for (number, page), letter in zip(batch, found, strict=True):
            if isinstance(letter, Exception):
                self._steps.report_error(str(letter))
                self.n_problems += 1
            else:
                self.n_doubtful += self._steps.report_issues(page.label, letter.issues)
                shown.append((self._show(page, letter.predictions, letter.issues), page, number))
        self._results.write(shown)
        self.n_pictures += len(batch)
