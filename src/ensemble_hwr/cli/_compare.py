"""``ensemble-hwr compare``."""

from __future__ import annotations

from pathlib import Path

import click

from ensemble_hwr.cli._options import (
    all_overrides,
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    seeds_option,
    set_option,
)


@click.command()
@config_argument
@click.option(
    "--output",
    "-o",
    "out",
    type=click.Path(path_type=Path, readable=False),
    required=True,
    metavar="DIR",
    help="Folder for the report.",
)
@data_option
@set_option
@seeds_option
@jobs_option
def compare(
    *,
    config: Path,
    out: Path,
    data: Path | None,
    overrides: tuple[str, ...],
    seeds: tuple[int, ...] | None,
    jobs: int | None,
) -> None:
    """Fit every contender of CONFIG for every seed, print the comparison, write DIR/report.json and report.html."""
    from ensemble_hwr.cli._experiment import run_experiment
    from ensemble_hwr.config import load_config

    changes = all_overrides(overrides, seeds)
    command = command_line("compare", config, out=out, data=data, overrides=changes)
    run_experiment(load_config(config, changes), out, data=data, jobs=number_of_jobs(jobs), command=command)
