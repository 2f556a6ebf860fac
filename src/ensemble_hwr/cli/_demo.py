"""``ensemble-hwr demo``."""

from __future__ import annotations

from pathlib import Path

import click

from ensemble_hwr.cli._options import jobs_option, number_of_jobs


@click.command()
@click.option(
    "--output",
    "-o",
    "out",
    type=click.Path(path_type=Path, readable=False),
    default=Path("ensemble-hwr-demo"),
    show_default=True,
    metavar="DIR",
    help="Folder for the report.",
)
@jobs_option
def demo(out: Path, jobs: int | None) -> None:
    """Compare flat and hierarchical on generated letters; needs no download, about a minute."""
    from ensemble_hwr.cli._experiment import run_experiment
    from ensemble_hwr.config import load_demo

    run_experiment(load_demo(), out, data=None, jobs=number_of_jobs(jobs), command="ensemble-hwr demo")
