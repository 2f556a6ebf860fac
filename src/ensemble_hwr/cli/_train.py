"""``ensemble-hwr train``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ensemble_hwr._writing import writing_alone
from ensemble_hwr.cli._compare import files_read
from ensemble_hwr.cli._errors import echo
from ensemble_hwr.cli._options import (
    all_overrides,
    check_output_file,
    cluster,
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    output_option,
    scheduler_option,
    set_option,
    trust_option,
)

if TYPE_CHECKING:
    from ensemble_hwr.persistence import DiskFitCache
    from ensemble_hwr.training import TrainedModel


@click.command()
@config_argument
@output_option(metavar="MODEL", help="File for the model.")
@click.option(
    "--contender",
    default="hierarchical",
    show_default=True,
    help="The classifier to train: hierarchical, top_down, baseline, logreg, flat, committee, or a name from the "
    "config's [contenders]. flat and committee get as many parameters as the hierarchy. To count them, the hierarchy "
    "is fitted first: for one epoch, or completely where its groups or confusable sets are derived from the letters.",
)
@click.option(
    "--refit",
    type=click.Choice(["all"]),
    help="After the evaluation, train the model that is written on all letters, the test part included.",
)
@click.option(
    "--fresh/--resume",
    default=False,
    help="Fit everything again, or continue a run that was stopped, which is the default. The folder MODEL.members "
    "keeps finished members until the model is written; they are reused if config, random state, letters and versions "
    "are the same.",
)
@click.option(
    "--random-state", type=click.IntRange(0, 2**32 - 1), metavar="N", help="By default the config's first seed."
)
@data_option
@set_option
@trust_option
@jobs_option
@scheduler_option
def train(
    *,
    config: Path,
    output: Path,
    contender: str,
    refit: Literal["all"] | None,
    fresh: bool,
    random_state: int | None,
    data: Path | None,
    overrides: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Train one contender of CONFIG, evaluate it and write MODEL.

    The contender is trained on the config's training letters. Its figures on the test letters are printed and saved
    with the model. The model classifies pictures, because the normalizer is part of it.

    With --refit all, the figures estimate the accuracy of a model that is then trained on all letters and written. With
    --set split.test_size=0 there is no test part: the model is trained on all letters, without an estimate.
    """
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.config import load_config
    from ensemble_hwr.persistence import DiskFitCache
    from ensemble_hwr.training import train as train_contender

    watch = Stopwatch()
    experiment = load_config(config, all_overrides(overrides, None))
    check_output_file(output, files_read(config, experiment, data))
    fit_cache = DiskFitCache(output.with_name(f"{output.name}.members"), reuse=not fresh)
    with writing_alone(output), _resumable(fit_cache):
        with progress() as steps, steps.as_callback() as report, cluster(scheduler):
            trained = train_contender(
                experiment,
                contender,
                refit=refit,
                data=data,
                random_state=random_state,
                n_jobs=number_of_jobs(jobs),
                fit_cache=fit_cache,
                on_progress=report,
            )
        shown = None if contender == "hierarchical" else contender
        options = {"output": output, "contender": shown, "refit": refit, "random_state": random_state, "data": data}
        trained.save(output, {"command": command_line("train", config, overrides=overrides, **options)})
    _print_result(trained, f"model: {output} ({_megabytes(output)}, in {watch}{_reused(fit_cache)})")


def _print_result(trained: TrainedModel, last_line: str) -> None:
    """Print the figures of a model, the letters it was trained on, and its file."""
    from ensemble_hwr.cli._evaluate import print_figures

    if trained.figures:
        print_figures(trained.figures)
    echo(f"\n{_trained_on(trained)}\n{last_line}")


def _megabytes(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.1f} MB"


def _trained_on(trained: TrainedModel) -> str:
    """Return how many letters the model was trained on, and what the figures above it estimate."""
    n_letters = sum(trained.metadata["trained_on"].values())
    if not trained.figures:
        return f"trained on all {n_letters:,} letters; there is no test part, so no estimate of the accuracy"
    before = trained.metadata.get("evaluated_after_training_on")
    if before is None:
        return f"trained on {n_letters:,} letters"
    return f"evaluated after training on {sum(before.values()):,} letters, then trained on all {n_letters:,}"


@contextmanager
def _resumable(fit_cache: DiskFitCache) -> Iterator[None]:
    """Remove cached members if the block succeeds; if it fails, print where they are."""
    if len(fit_cache) and not fit_cache.reuse:
        members = _members(len(fit_cache))
        echo(f"{fit_cache.folder}: has {members} of an earlier run, which are fitted again (--fresh)", err=True)
    try:
        yield
    except BaseException:
        if len(fit_cache):
            members = _members(len(fit_cache))
            echo(f"{members} kept in {fit_cache.folder}; the same command continues", err=True)
        raise
    fit_cache.clear()
    if len(fit_cache):
        echo(f"{fit_cache.folder}: has {_members(len(fit_cache))} of other settings, which are kept", err=True)


def _reused(fit_cache: DiskFitCache) -> str:
    """Return the number of members that an earlier run had fitted, as the end of a sentence; "" for none."""
    return f", with {_members(fit_cache.n_reused)} of an earlier run" if fit_cache.n_reused else ""


def _members(number: int) -> str:
    return f"{number} finished member{'' if number == 1 else 's'}"
