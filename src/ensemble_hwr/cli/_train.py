"""``ensemble-hwr train``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ensemble_hwr._writing import check_folder, check_replaceable
from ensemble_hwr.cli._compare import files_read
from ensemble_hwr.cli._options import (
    all_overrides,
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    output_option,
    scheduler_option,
    set_option,
)
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr.persistence import DiskFitCache


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
    "--resume",
    is_flag=True,
    help="Continue a run that was stopped. The folder MODEL.members keeps finished members until the model is written; "
    "they are reused if config, random state, letters and versions are the same.",
)
@click.option("--random-state", type=click.IntRange(min=0), metavar="N", help="By default the config's first seed.")
@data_option
@set_option
@jobs_option
@scheduler_option
def train(
    *,
    config: Path,
    output: Path,
    contender: str,
    resume: bool,
    random_state: int | None,
    data: Path | None,
    overrides: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Train one contender of CONFIG, evaluate it and write MODEL.

    The contender is trained on the config's training letters. Its figures on the test letters are printed and saved
    with the model. The model classifies pictures, because the normalizer is part of it.
    """
    from ensemble_hwr.cli._evaluate import print_figures
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.config import load_config
    from ensemble_hwr.persistence import DiskFitCache
    from ensemble_hwr.training import train as train_contender

    watch = Stopwatch()
    experiment = load_config(config, all_overrides(overrides, None))
    check_output_file(output, files_read(config, experiment, data))
    fit_cache = DiskFitCache(output.with_name(f"{output.name}.members"), reuse=resume)
    shown = None if contender == "hierarchical" else contender
    command = command_line(
        "train", config, output=output, contender=shown, random_state=random_state, overrides=overrides
    )
    with _resumable(fit_cache):
        with progress() as steps, steps.as_callback() as report, _cluster(scheduler):
            trained = train_contender(
                experiment,
                contender,
                data=data,
                random_state=random_state,
                n_jobs=number_of_jobs(jobs),
                fit_cache=fit_cache,
                on_progress=report,
            )
        trained.save(output, {"command": command})
    print_figures(trained.figures)
    click.echo(f"\nmodel: {output} ({output.stat().st_size / 1e6:.1f} MB, in {watch}{_reused(fit_cache)})")


def check_output_file(file: Path, inputs: Sequence[Path]) -> None:
    """Raise an error, before training, for a model file that cannot be written or that is one of the inputs."""
    if file.is_dir():
        raise ConfigError(f"{file}: is a folder; give the name of a file for the model")
    check_replaceable(file, *inputs)
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"{file}: there is no folder {file.parent}; create it first")
    check_folder(file.parent)


@contextmanager
def _resumable(fit_cache: DiskFitCache) -> Iterator[None]:
    """Remove cached members if the block succeeds; if it fails, print where they are."""
    if len(fit_cache) and not fit_cache.reuse:
        members = _members(len(fit_cache))
        click.echo(f"{fit_cache.folder}: has {members} of an earlier run; --resume would reuse them", err=True)
    try:
        yield
    except BaseException:
        if len(fit_cache):
            members = _members(len(fit_cache))
            click.echo(f"{members} kept in {fit_cache.folder}; to continue, add --resume to the same command", err=True)
        raise
    fit_cache.clear()


def _reused(fit_cache: DiskFitCache) -> str:
    """Return the number of members that an earlier run had fitted, as the end of a sentence; "" for none."""
    return f", with {_members(fit_cache.n_reused)} of an earlier run" if fit_cache.n_reused else ""


def _cluster(scheduler: str | None) -> AbstractContextManager[object]:
    """Return a context that fits members on the workers of a Dask scheduler, if one is given."""
    if scheduler is None:
        return nullcontext()
    from ensemble_hwr.tuning import on_cluster

    return on_cluster(scheduler)


def _members(number: int) -> str:
    return f"{number} finished member{'' if number == 1 else 's'}"
