"""The command ``ensemble-hwr``."""

from __future__ import annotations

import sys

import click

from ensemble_hwr import __version__
from ensemble_hwr._versions import package_versions
from ensemble_hwr.cli._compare import compare
from ensemble_hwr.cli._demo import demo
from ensemble_hwr.cli._draw import draw
from ensemble_hwr.cli._errors import run
from ensemble_hwr.cli._evaluate import evaluate
from ensemble_hwr.cli._export import export
from ensemble_hwr.cli._letters import letters
from ensemble_hwr.cli._models import models
from ensemble_hwr.cli._read import read
from ensemble_hwr.cli._train import train
from ensemble_hwr.cli._tune import tune

__all__ = ["cli", "main"]


def _print_versions(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"ensemble-hwr {__version__}")
        for name, version in package_versions(("python", "numpy", "scipy", "scikit-learn", "skops")).items():
            click.echo(f"{name} {version}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Print the versions of ensemble-hwr, Python and the main dependencies.",
)
@click.option("--traceback", is_flag=True, expose_value=False, help="Show where in the code an error came from.")
def cli() -> None:
    """Read handwritten letters with hierarchical ensembles, and compare them with flat ones.

    Results go to standard output, progress and messages to standard error. Exit codes: 0 done, 1 failed (a mistake
    in a config or in the data included), 2 wrong usage, 130 interrupted.
    """


for command in (demo, compare, tune, train, evaluate, letters, read, draw, models, export):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        What follows the command's name; by default what the process was started with.

    Returns
    -------
    int
        The exit code.
    """
    return run(cli, sys.argv[1:] if arguments is None else arguments)
