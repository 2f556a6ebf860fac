"""``ensemble-hwr letters``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from ensemble_hwr.cli._errors import DONE, FAILED, report_error
from ensemble_hwr.cli._options import jobs_option, model_option, number_of_jobs
from ensemble_hwr.cli._pictures import find_all, normalized_batches, omitted_pages, picture_model, printable

N_ALTERNATIVES = 2
WIDTH_OF_PREDICTION = 40  # columns that an aligned line needs after the path

Predictions = list[tuple[Any, float]]  # label and probability, the most probable first


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@jobs_option
def letters(paths: tuple[str, ...], model: str, as_json: bool, jobs: int | None) -> int:
    """Classify the letter in each picture.

    PATH is a picture of one letter, or a folder, which is searched with its subfolders. Pictures may have any size, and
    be dark on light or light on dark.

    Each line has path, letter, probability, and two alternatives with their probabilities, separated by tabs; at a
    terminal the columns are aligned. A picture that cannot be read is reported on standard error. The others are still
    classified, and the exit code is 1.
    """
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.persistence import load_model

    at_terminal = sys.stdout.isatty()  # the progress bar replaces sys.stdout
    with progress(transient=True) as steps:
        normalizer, classifier = picture_model(load_model(model), model, number_of_jobs(jobs))
        pictures, problems = find_all(paths)
        show = _as_json if as_json else _aligned(pictures) if at_terminal else _as_tabs
        with steps.step("reading", total=len(pictures)) as update:
            for batch in normalized_batches(pictures, normalizer):
                for position, found in zip(batch.positions, _predictions(classifier, batch.rows), strict=True):
                    click.echo(show(pictures[position], found))
                    problems += omitted_pages(pictures[position])
                for reason in batch.failures.values():
                    report_error(reason)
                problems += batch.failures.values()
                update(batch.stop, "")
    return FAILED if problems else DONE


def _predictions(classifier: Any, rows: Any) -> Iterator[Predictions]:
    """Yield the most probable letters of each row."""
    if len(rows):
        classes = classifier.classes_.tolist()
        for row in classifier.predict_proba(rows):
            yield [(classes[k], float(row[k])) for k in (-row).argsort(kind="stable")[: 1 + N_ALTERNATIVES]]


def _as_json(path: str, found: Predictions) -> str:
    (letter, probability), *others = [(letter, round(probability, 6)) for letter, probability in found]
    alternatives = [{"letter": letter, "probability": probability} for letter, probability in others]
    return json.dumps({"path": path, "letter": letter, "probability": probability, "alternatives": alternatives})


def _as_tabs(path: str, found: Predictions) -> str:
    return "\t".join([printable(path), *(f"{letter}\t{probability:.4f}" for letter, probability in found)])


def _aligned(pictures: Sequence[str]) -> Callable[[str, Predictions], str]:
    """Return a function that formats lines with columns of the same width."""
    from rich.cells import cell_len

    most = max(shutil.get_terminal_size().columns - WIDTH_OF_PREDICTION, 0)
    width = min(max((cell_len(printable(path)) for path in pictures), default=0), most)

    def show(path: str, found: Predictions) -> str:
        (letter, probability), *others = found
        name = printable(path)
        padding = " " * (width - cell_len(name))
        rest = "   ".join(f"{other} {share:6.2%}" for other, share in others)
        return f"{name}{padding}  {click.style(letter, bold=True)} {probability:7.2%}   {click.style(rest, dim=True)}"

    return show
