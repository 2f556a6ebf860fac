"""Options that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _seeds(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Read ``0,1,2``."""
    try:
        return None if value is None else tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not whole numbers joined by commas, such as 0,1,2") from None


config_argument = click.argument("config", type=click.Path(path_type=Path, readable=False))
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, readable=False),
    metavar="PATH",
    help="Where the letters are, or the folder that holds them; wins over ENSEMBLE_HWR_DATA and the config.",
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Change one setting, such as router.params.alpha=1e-3; may be given several times.",
)
seeds_option = click.option("--seeds", callback=_seeds, metavar="0,1,2", help="Seeds, instead of the config's.")
model_option = click.option(
    "--model",
    "-m",
    default="az",
    show_default=True,
    metavar="NAME_OR_FILE",
    help="A shipped model's name (ensemble-hwr models lists them), or a model file.",
)
lexicon_option = click.option(
    "--lexicon",
    type=click.Path(path_type=Path, readable=False),
    metavar="WORDS",
    help="A word list, one word in each line, with its count or without, whose words are expected; others are read "
    "where they fit much better.",
)
jobs_option = click.option(
    "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Processes to work in; by default one for each core."
)

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Of a Dask scheduler whose workers do the fitting, such as tcp://10.0.0.1:8786.",
)


def all_overrides(overrides: tuple[str, ...], seeds: tuple[int, ...] | None) -> list[str]:
    """Return the overrides, `--seeds` among them."""
    return [*overrides, *([] if seeds is None else [f"seeds={list(seeds)}"])]


def command_line(name: str, config: Path, *, overrides: Iterable[str], **options: Any) -> str:
    """Return the command that does the same again; options that are None were not given.

    Parameters
    ----------
    name : str
        Of the command.
    config : Path
    overrides : iterable of str
        What ``--set`` was given.
    **options : str, Path or int, or None
    """
    words = ["ensemble-hwr", name, str(config)]
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    for change in overrides:
        words += ["--set", change]
    return shlex.join(words)


def number_of_jobs(jobs: int | None) -> int:
    """Return how many processes to use: what was asked, or the cores this process may use."""
    if jobs is not None:
        return jobs
    from joblib import cpu_count

    return int(cpu_count())
