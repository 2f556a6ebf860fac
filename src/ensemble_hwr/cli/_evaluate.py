"""``ensemble-hwr evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr.cli._errors import DONE, FAILED
from ensemble_hwr.cli._options import jobs_option, number_of_jobs
from ensemble_hwr.exceptions import DataError

if TYPE_CHECKING:
    from ensemble_hwr.datasets import LetterSet

FAILURES_TOLD = 5


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--part",
    type=click.Choice(["all", "train", "test"]),
    help="Which part of data that come with a division; by default test.",
)
@jobs_option
def evaluate(model: str, data: Path, part: str | None, jobs: int | None) -> int:
    """Measure MODEL, a shipped model's name or a model file, on the letters in DATA.

    DATA is a folder with an index.csv, a folder with one folder for each letter, a .csv file (an index, or labels and
    pixels as in Kaggle's A-Z), or an .npz file.

    Pictures that cannot be read are left out of the figures; how many and which is told on standard error, and the
    exit code is 1.
    """
    import numpy as np

    from ensemble_hwr import config as configs
    from ensemble_hwr.cli._figures import figures, print_figures
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.cli._reading import in_batches, take_apart
    from ensemble_hwr.persistence import load_model

    watch = Stopwatch()
    with progress() as steps:
        with steps.step("reading"):
            fitted = load_model(model)
            letters, of = _part(configs.open_letters(data), part)
        normalizer, classifier = take_apart(fitted, model, number_of_jobs(jobs))
        with steps.step("normalising", total=len(letters)) as tell:
            batches = []
            for batch in in_batches(_pictures(letters), normalizer):
                batches.append(batch)
                tell(batch.stop, "")
        failures = {place: reason for batch in batches for place, reason in batch.failures.items()}
        if len(failures) == len(letters):
            raise DataError(f"{data}: no letter in it can be read{_first(failures)}.")
        with steps.step("predicting"):
            rows = np.concatenate([batch.rows for batch in batches])
            readable = letters.take([place for batch in batches for place in batch.positions])
            measured = figures(classifier, rows, readable)
    print_figures(measured)
    click.echo(f"\n{of} of {data} (in {watch})")
    _tell_failures(failures, len(letters))
    return FAILED if failures else DONE


def _pictures(letters: LetterSet) -> list[Any]:
    """Return what is to be normalised, letter by letter."""
    return list(letters.data.reshape(-1, 28, 28) if letters.is_rows else letters.data)


def _first(failures: dict[int, str]) -> str:
    return f"; the first: {next(iter(failures.values()))}" if failures else ""


def _tell_failures(failures: dict[int, str], of: int) -> None:
    if failures:
        click.echo(f"error: {len(failures)} of {of} pictures could not be read; the figures leave them out:", err=True)
        for reason in list(failures.values())[:FAILURES_TOLD]:
            click.echo(f"error: {reason}", err=True)
        if len(failures) > FAILURES_TOLD:
            click.echo(f"error: and {len(failures) - FAILURES_TOLD} more", err=True)


def _part(letters: LetterSet, part: str | None) -> tuple[LetterSet, str]:
    divided = letters.split is not None and bool((letters.split == "test").any())
    wanted = part or ("test" if divided else "all")
    if wanted == "all":
        return letters, "all letters"
    if letters.split is None or not (letters.split == wanted).any():
        raise DataError(f"{letters!r} comes without a {wanted} part; leave --part out, or say --part all.")
    return letters.take(letters.split == wanted), f"the {wanted} part"
