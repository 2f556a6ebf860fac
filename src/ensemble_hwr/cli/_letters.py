"""``ensemble-hwr letters``."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import click

from ensemble_hwr._formats import LETTER_COLUMNS, OutputOptions, Predictions, letter_printer
from ensemble_hwr._writing import check_folder
from ensemble_hwr.cli._errors import end_of_reading
from ensemble_hwr.cli._options import alphabet_option, jobs_option, model_option, timeout_option
from ensemble_hwr.cli._output import Results, output_options
from ensemble_hwr.cli._pictures import (
    LEAST_BATCHES,
    LEAST_FOR_A_BAR,
    Found,
    PageOptions,
    find_all,
    folder_options,
    n_pixels,
    page_options,
    picture_model,
)
from ensemble_hwr.exceptions import DataError, PictureError

if TYPE_CHECKING:
    from ensemble_hwr._formats import LetterPrinter, NamedPicture
    from ensemble_hwr.images.pages import PageRanges
    from ensemble_hwr.reading.issues import Issue

Batch: TypeAlias = "list[tuple[int, NamedPicture]]"  # pages, each with the number of its file
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

    Many pictures are classified by several processes; the results are the same, and in the same order.
    """
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.persistence import load_model

    if output is not None:
        check_folder(output)
    with progress(transient=True) as steps:
        classify = Classify(*picture_model(load_model(model, alphabet=alphabet), model, timeout))
        found = find_all(paths, pattern=pattern, recursive=recursive)
        options = OutputOptions("json" if as_json else kind, confidence, min_confidence, paths=found.several)
        results = Results(options, output, steps.print, LETTER_COLUMNS)
        reading = Reading(letter_printer(options), results, steps)
        batches = _classified(classify, PageOptions(pages, max_pages), found, jobs)
        with closing(batches), steps.step("reading", total=len(found.pictures), least=LEAST_FOR_A_BAR) as update:
            for batch, classified in batches:
                reading(batch, classified)
                update(batch[-1][0], "")
            results.finish()
    return end_of_reading(found.n_problems + reading.n_problems, reading.n_doubtful, reading.n_pictures)


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


def _classified(
    classify: Classify, pages: PageOptions, found: Found, jobs: int | None
) -> Generator[tuple[Batch, list[Classified | PictureError] | PictureError | DataError], None, None]:
    """Yield batches with their letters, from several processes if there are many or it is wanted."""
    from ensemble_hwr._workers import map_in_order

    return map_in_order(
        classify,
        pages.batches(found.pictures),
        n_jobs=jobs or -1,
        least=1 if jobs else LEAST_BATCHES,
        weigh=lambda batch: sum(map(n_pixels, batch)),
        split=lambda batch: [[item] for item in batch],
        name=lambda batch: repr(batch[0][1].label),
    )


class Classified(NamedTuple):
    """The most probable letters of a picture, and its issues."""

    predictions: Predictions
    issues: tuple[Issue, ...]


class Classify:
    """Classifies batches of numbered pages, also in another process.

    Parameters
    ----------
    normalizer : LetterNormalizer
    classifier : classifier
        Of its rows.
    """

    def __init__(self, normalizer: Any, classifier: Any) -> None:
        self._normalizer, self._classifier = normalizer, classifier

    def __call__(self, batch: Batch) -> list[Classified | PictureError]:
        """Return the letter of each page, or its error."""
        rows, failures = self._normalizer.transform_readable([page.data for _, page in batch])
        found: list[Classified | PictureError] = []
        predicted = zip(rows, _predictions(self._classifier, rows), strict=True)
        for position, (_, page) in enumerate(batch):
            if position in failures:
                found.append(PictureError(failures[position]))
            else:
                row, predictions = next(predicted)
                found.append(Classified(predictions, _issues(row, predictions, page)))
        return found


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
