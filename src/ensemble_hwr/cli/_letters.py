"""``ensemble-hwr letters``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from ensemble_hwr.cli._errors import DONE, FAILED
from ensemble_hwr.cli._options import jobs_option, model_option, number_of_jobs
from ensemble_hwr.cli._pictures import complain, find_all, printable

GUESSES = 3
WIDTH_OF_GUESSES = 40

Guesses = list[tuple[Any, float]]


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@jobs_option
def letters(paths: tuple[str, ...], model: str, as_json: bool, jobs: int | None) -> int:
    """Read the letter in each picture: what it is, how probable that is, and the next two guesses.

    PATH is a picture of one letter, or a folder, whose pictures and those of the folders below are read. Pictures may
    be of any size, dark on light or light on dark.

    At a terminal the answers are aligned; elsewhere each is a line of path, letter, probability and the next guesses
    with theirs, separated by tabs. What cannot be read is told on standard error, a line each; the others are read all
    the same, and the exit code is 1.
    """
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.cli._reading import in_batches, take_apart
    from ensemble_hwr.persistence import load_model

    at_terminal = sys.stdout.isatty()  # asked before the bar puts something of its own in its place
    with progress(transient=True) as steps:
        normalizer, classifier = take_apart(load_model(model), model, number_of_jobs(jobs))
        pictures, problems = find_all(paths)
        for problem in problems:
            complain(problem)
        show = _show_json if as_json else _show_aligned(pictures) if at_terminal else _show_plain
        with steps.step("reading", total=len(pictures)) as tell:
            for batch in in_batches(pictures, normalizer):
                answers = zip(batch.positions, _guesses(classifier, batch.rows), strict=True)
                for place, guesses in answers:
                    click.echo(show(pictures[place], guesses))
                for reason in batch.failures.values():
                    complain(reason)
                problems += batch.failures.values()
                tell(batch.stop, "")
    return FAILED if problems else DONE


def _guesses(classifier: Any, rows: Any) -> Iterator[Guesses]:
    """Yield the most probable letters of each row, the first being the answer."""
    if len(rows):
        classes = classifier.classes_.tolist()
        for row in classifier.predict_proba(rows):
            yield [(classes[k], float(row[k])) for k in (-row).argsort(kind="stable")[:GUESSES]]


def _show_json(path: str, guesses: Guesses) -> str:
    (letter, p), *others = [(letter, round(p, 6)) for letter, p in guesses]
    following = [{"letter": letter, "probability": p} for letter, p in others]
    return json.dumps({"path": path, "letter": letter, "probability": p, "alternatives": following})


def _show_plain(path: str, guesses: Guesses) -> str:
    return "\t".join([printable(path), *(f"{letter}\t{p:.4f}" for letter, p in guesses)])


def _show_aligned(pictures: Sequence[str]) -> Any:
    from rich.cells import cell_len

    room = max(shutil.get_terminal_size().columns - WIDTH_OF_GUESSES, 0)
    width = min(max((cell_len(printable(path)) for path in pictures), default=0), room)

    def show(path: str, guesses: Guesses) -> str:
        (letter, p), *others = guesses
        shown = printable(path)
        padding = " " * (width - cell_len(shown))
        rest = "   ".join(f"{other} {share:6.2%}" for other, share in others)
        return f"{shown}{padding}  {click.style(letter, bold=True)} {p:7.2%}   {click.style(rest, dim=True)}"

    return show
