"""``ensemble-hwr tune``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ensemble_hwr.cli._options import (
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    scheduler_option,
    set_option,
)

if TYPE_CHECKING:
    from ensemble_hwr.config import ExperimentConfig

TUNED, REPORT = "tuned.toml", "tuning.html"


@click.command()
@config_argument
@click.option(
    "--work",
    "-w",
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
    from ensemble_hwr.config import load_config

    words = ["ensemble-hwr", "tune", str(config), "--work", str(work)]
    words += [] if storage is None else ["--storage", storage]
    words += [] if scheduler is None else ["--scheduler", scheduler]
    words += [] if data is None else ["--data", str(data)]
    for change in overrides:
        words += ["--set", change]
    _tune(
        load_config(config, overrides),
        work,
        storage=storage,
        fresh=fresh,
        data=data,
        jobs=number_of_jobs(jobs),
        scheduler=scheduler,
        command=shlex.join(words),
    )


def _tune(
    config: ExperimentConfig,
    work: Path,
    *,
    storage: str | None,
    fresh: bool,
    data: Path | None,
    jobs: int,
    scheduler: str | None,
    command: str,
) -> None:
    from ensemble_hwr._writing import check_folder
    from ensemble_hwr.cli._errors import Interrupted
    from ensemble_hwr.cli._experiment import read_rows
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.cli._tuning_table import live_table
    from ensemble_hwr.tuning import dashboard_command, on_cluster, summary, tune, write_tuned, write_tuning_report

    check_folder(work)
    watch = Stopwatch()
    with progress() as steps:
        letters, rows = read_rows(config, steps, data=data, jobs=jobs)
    try:
        with on_cluster(scheduler) as cluster, live_table() as show:
            tuning = tune(
                config,
                letters,
                rows,
                work,
                n_jobs=jobs,
                storage=storage,
                fresh=fresh,
                cluster=cluster,
                on_progress=show,
            )
    except Interrupted:
        click.echo(f"stopped; every finished trial is kept. Go on with:\n  {command}", err=True)
        raise
    write_tuned(tuning, work / TUNED, command)
    write_tuning_report(tuning, work / REPORT, command)
    click.echo(summary(tuning))
    if (dashboard := dashboard_command(tuning.address)) is not None:
        click.echo(f"dashboard: {dashboard}")
    click.echo(f"report: {work / REPORT}\nconfig: {work / TUNED} (in {watch})")
