"""``ensemble-hwr letters``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._formats import LETTER_COLUMNS, OutputOptions, Predictions, letter_printer
from ensemble_hwr._writing import check_folder
from ensemble_hwr.cli._errors import end_of_reading
from ensemble_hwr.cli._options import alphabet_option, jobs_option, model_option, timeout_option
from ensemble_hwr.cli._output import Results, output_options
from ensemble_hwr.cli._pictures import (
    LEAST_FOR_A_BAR,
    PageOptions,
    batch_size,
    find_all,
    folder_options,
    normalized_batches,
    page_options,
    picture_model,
)

if TYPE_CHECKING:
    from ensemble_hwr._formats import LetterPrinter, NamedPicture
    from ensemble_hwr.cli._pictures import Batch
    from ensemble_hwr.images.pages import PageRanges
    from ensemble_hwr.reading import Page
    from ensemble_hwr.reading.issues import Issue

N_ALTERNATIVES = 2
CERTAIN = 0.9  # probability of a letter from which on its contrast is not measured


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@alphabet_option
@output_options
@folder_options
@page_options
@timeout_option
@jobs_option
def letters(
    *,
    paths: tuple[str, ...],
    model: str,
    alphabet: str | None,
    kind: str,
    as_json: bool,
    confidence: bool,
    min_confidence: float,
    output: Path | None,
    pattern: str,
    recursive: bool,
    pages: PageRanges | None,
    max_pages: int,
    timeout: float,
    jobs: int | None,
) -> int:
    """Classify the letter in each picture.

    PATH is a picture of one letter, a folder of pictures, or - for a picture on standard input. Pictures may have any
    size, and be dark on light or light on dark. Each page of a TIFF, a PDF or an animation is a picture.

    For one picture the letter is printed, for several "path<TAB>letter" per line. JSON also holds the next two letters.
    hOCR and ALTO have one document per file: give one file, or a folder with --output.

    A picture that cannot be read is reported on standard error. The others are still classified; the exit code is 1. If
    a picture may have been classified wrongly, a warning names the likely cause, and the exit code is 3.
    """
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.persistence import load_model

    if output is not None:
        check_folder(output)
    with progress(transient=True) as steps:
        normalizer, classifier = picture_model(load_model(model, alphabet=alphabet), model, jobs, timeout)
        found = find_all(paths, pattern=pattern, recursive=recursive)
        options = OutputOptions("json" if as_json else kind, confidence, min_confidence, paths=found.several)
        show, results = letter_printer(options), Results(options, output, steps.print, LETTER_COLUMNS)
        n_pictures, n_doubtful, n_problems = 0, 0, found.n_problems
        with steps.step("reading", total=len(found.pictures), least=LEAST_FOR_A_BAR) as update:
            for pages_read in PageOptions(pages, max_pages).batches(found.pictures, batch_size(normalizer)):
                for batch in normalized_batches([page.data for _, page in pages_read], normalizer):
                    shown, doubtful = _shown(batch, pages_read, classifier, show, steps)
                    results.write(shown)
                    n_doubtful += doubtful
                    for reason in batch.failures.values():
                        steps.report_error(reason)
                    n_problems += len(batch.failures)
                n_pictures += len(pages_read)
                update(pages_read[-1][0], "")
            results.finish()
    return end_of_reading(n_problems, n_doubtful, n_pictures)


def _shown(
    batch: Batch, pages: Sequence[tuple[int, NamedPicture]], classifier: Any, show: LetterPrinter, steps: Any
) -> tuple[list[tuple[str | Page, NamedPicture, int]], int]:
    """Return the formatted letters of a batch, and the number of those with issues, which are printed."""
    shown, doubtful = [], 0
    readable = [pages[position] for position in batch.positions]
    predicted = _predictions(classifier, batch.rows)
    for (number, page), row, predictions in zip(readable, batch.rows, predicted, strict=True):
        issues = _issues(row, predictions, page)
        doubtful += steps.report_issues(page.label, issues)
        shown.append((show(page, predictions, issues), page, number))
    return shown, doubtful


def _predictions(classifier: Any, rows: Any) -> Iterator[Predictions]:
    """Yield the most probable letters of each row."""
    if len(rows):
        classes = classifier.classes_.tolist()
        for row in classifier.predict_proba(rows):
            yield [(classes[k], float(row[k])) for k in (-row).argsort(kind="stable")[: 1 + N_ALTERNATIVES]]


def _issues(row: Any, predictions: Predictions, page: NamedPicture) -> tuple[Issue, ...]:
    """Return the issues of a letter; the contrast is measured for few, since the picture is opened once more."""
    from ensemble_hwr.images import open_picture
    from ensemble_hwr.reading.issues import letter_issues

    probability = predictions[0][1]
    return letter_issues(row, probability, open_picture(page.data) if probability < CERTAIN else None)
