"""``ensemble-hwr evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr.cli._options import jobs_option, number_of_jobs
from ensemble_hwr.exceptions import DataError, ModelError

if TYPE_CHECKING:
    from ensemble_hwr.datasets import LetterSet


@click.command()
@click.argument("model", type=click.Path(path_type=Path, readable=False))
@click.argument("data", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--part",
    type=click.Choice(["all", "train", "test"]),
    help="Which part of data that come with a division; by default test.",
)
@jobs_option
def evaluate(model: Path, data: Path, part: str | None, jobs: int | None) -> None:
    """Measure MODEL on the letters in DATA.

    DATA is a folder with an index.csv, a folder with one folder for each letter, a .csv file (an index, or labels and
    pixels as in Kaggle's A-Z), or an .npz file.
    """
    from ensemble_hwr import config as configs
    from ensemble_hwr.cli._figures import figures, print_figures
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.persistence import load_model

    watch = Stopwatch()
    with progress() as steps:
        with steps.step("reading"):
            fitted = load_model(model)
            letters, of = _part(configs.open_letters(data), part)
        normalizer, classifier = _take_apart(fitted, model)
        if "n_jobs" in normalizer.get_params():
            normalizer.set_params(n_jobs=number_of_jobs(jobs))
        with steps.step("normalising", total=len(letters)) as tell:
            rows = configs.to_rows(letters, normalizer, on_progress=lambda done, _: tell(done, ""))
        with steps.step("predicting"):
            measured = figures(classifier, rows, letters)
    print_figures(measured)
    click.echo(f"\n{of} of {data} (in {watch})")


def _part(letters: LetterSet, part: str | None) -> tuple[LetterSet, str]:
    divided = letters.split is not None and bool((letters.split == "test").any())
    wanted = part or ("test" if divided else "all")
    if wanted == "all":
        return letters, "all letters"
    if letters.split is None or not (letters.split == wanted).any():
        raise DataError(f"{letters!r} comes without a {wanted} part; leave --part out, or say --part all.")
    return letters.take(letters.split == wanted), f"the {wanted} part"


def _take_apart(model: Any, file: Path) -> tuple[Any, Any]:
    """Return the normalizer and the classifier of a model that reads pictures."""
    steps = getattr(model, "named_steps", {})
    if list(steps) != ["normalize", "classify"]:
        raise ModelError(f"{file}: does not read pictures; evaluate takes models that ensemble-hwr train wrote.")
    return steps["normalize"], steps["classify"]
