"""The command ``ensemble-hwr``."""

from __future__ import annotations

import sys

import click

from ensemble_hwr._versions import package_versions
from ensemble_hwr.cli._adapt import adapt, profiles, sheet
from ensemble_hwr.cli._compare import compare, demo
from ensemble_hwr.cli._errors import run, runs_alone
from ensemble_hwr.cli._evaluate import evaluate
from ensemble_hwr.cli._letters import letters
from ensemble_hwr.cli._models import export, init, models
from ensemble_hwr.cli._read import draw, read
from ensemble_hwr.cli._serve import serve
from ensemble_hwr.cli._train import train
from ensemble_hwr.cli._tune import tune

__all__ = ["main"]

MAIN_PACKAGES = ("ensemble_hwr", "python", "numpy", "scipy", "scikit-learn", "skops")


def _print_versions(context: click.Context, _: click.Parameter, is_given: bool) -> None:
    if is_given and not context.resilient_parsing:
        for name, version in package_versions(MAIN_PACKAGES).items():
            click.echo(f"{name} {version}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Print the versions of this library, Python and the main dependencies.",
)
@click.option("--traceback", is_flag=True, expose_value=False, help="Print the Python traceback of an error.")
def cli() -> None:
    """Recognise handwritten letters with hierarchical ensembles, and compare these with flat models.

    Results are printed on standard output, progress and messages on standard error. Exit codes: 0 success, 1 failure
    (also an error in a config or in data), 2 wrong usage, 3 read with warnings (letters, read), 130 interrupted, 143
    terminated.
    """


for command in (
    demo,
    init,
    compare,
    tune,
    train,
    adapt,
    sheet,
    profiles,
    evaluate,
    letters,
    read,
    draw,
    serve,
    models,
    export,
):
    command.short_help = (command.help or "").partition("\n")[0]  # click cuts a summary that it takes from the help
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        The arguments after the command's name; by default those of the process.

    Returns
    -------
    int
        The exit code.
    """
    if arguments is None:
        runs_alone()
        arguments = sys.argv[1:]
    return run(cli, arguments)
