"""``ensemble-hwr tune``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder, check_replaceable
from ensemble_hwr.cli._options import (
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    scheduler_option,
    set_option,
)

if TYPE_CHECKING:
    from ensemble_hwr.cli._progress import Stopwatch
    from ensemble_hwr.config import ExperimentConfig
    from ensemble_hwr.tuning import Tuning

TUNED, REPORT = "tuned.toml", "tuning.html"


@click.command()
@config_argument
@click.option(
    "--output",
    "-o",
    "work",
    type=click.Path(path_type=Path, readable=False),
    required=True,
    metavar="DIR",
    help="Folder for the studies, the tuned config and the report. Give it again to go on.",
)
@click.option(
    "--storage",
    metavar="URL",
    help="Where the studies are: sqlite:///FILE, postgresql://..., grpc://HOST:PORT, or a journal file; "
    "by default a journal in DIR. Machines that share it tune together.",
)
@click.option(
    "--fresh/--resume",
    default=False,
    help="Begin new studies beside those there are, or go on with them, which is the default.",
)
@data_option
@set_option
@jobs_option
@scheduler_option
def tune(
    *,
    config: Path,
    work: Path,
    storage: str | None,
    fresh: bool,
    data: Path | None,
    overrides: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Search for better settings of CONFIG's members in cross-validation; write DIR/tuned.toml and DIR/tuning.html.

    What is searched stands in the config's [tune] sections. Test letters are never touched. Ctrl-C ends after the
    running epoch; the same command goes on from there.
    """
    from ensemble_hwr.cli._experiment import files_read
    from ensemble_hwr.cli._progress import Stopwatch
    from ensemble_hwr.config import load_config

    watch = Stopwatch()
    experiment = load_config(config, overrides)
    check_folder(work)
    for written in (work / TUNED, work / REPORT):
        check_replaceable(written, *files_read(config, experiment, data))
    command = command_line(
        "tune", config, output=work, storage=storage, scheduler=scheduler, data=data, overrides=overrides
    )
    studies = {"storage": storage, "fresh": fresh}
    tuning = _search(experiment, work, command, data=data, jobs=number_of_jobs(jobs), scheduler=scheduler, **studies)
    _tell(tuning, work, command, watch)


def _search(
    config: ExperimentConfig,
    work: Path,
    command: str,
    *,
    data: Path | None,
    jobs: int,
    scheduler: str | None,
    **studies: Any,
) -> Tuning:
    """Search, showing how far it is."""
    from ensemble_hwr.cli._experiment import read_rows
    from ensemble_hwr.cli._progress import progress
    from ensemble_hwr.cli._tuning_table import live_table
    from ensemble_hwr.tuning import on_cluster, tune

    with progress() as steps:
        letters, rows = read_rows(config, steps, data=data, jobs=jobs)
    with _going_on_later(command), on_cluster(scheduler) as cluster, live_table() as show:
        return tune(config, letters, rows, work, n_jobs=jobs, cluster=cluster, on_progress=show, **studies)


@contextmanager
def _going_on_later(command: str) -> Iterator[None]:
    """Say how to go on, where the block is interrupted."""
    from ensemble_hwr.cli._errors import Interrupted

    try:
        yield
    except Interrupted:
        click.echo(f"stopped; every finished trial is kept. Go on with:\n  {command}", err=True)
        raise


def _tell(tuning: Tuning, work: Path, command: str, watch: Stopwatch) -> None:
    """Write the tuned config and the report, and print what was found."""
    from ensemble_hwr.tuning import dashboard_command, summary, write_tuned, write_tuning_report

    write_tuned(tuning, work / TUNED, command)
    write_tuning_report(tuning, work / REPORT, command)
    click.echo(summary(tuning))
    if (dashboard := dashboard_command(tuning.address)) is not None:
        click.echo(f"dashboard: {dashboard}")
    click.echo(f"report: {work / REPORT}\nconfig: {work / TUNED} (in {watch})")
