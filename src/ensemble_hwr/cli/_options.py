"""Arguments and options that several commands share."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ensemble_hwr._writing import check_folder, check_replaceable
from ensemble_hwr.cli._errors import loading
from ensemble_hwr.exceptions import ConfigError, DataError

TRUSTED = "ensemble_hwr.trusted_imports"  # key of the modules in the context of a command
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class NumberRange(click.FloatRange):
    """A range of finite numbers: click's range allows NaN, and infinity where an end is open."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number within the range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number; give one such as {self.min or 1:g}", param, ctx)
        return number


def _parse_seeds(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """Parse ``0,1,2``."""
    try:
        return None if value is None else tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a list of integers separated by commas, such as 0,1,2") from None


def _check_alphabet(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return an alphabet, or raise an error if it cannot be parsed."""
    if value is None:
        return None
    with loading():
        from ensemble_hwr.alphabets import parse_alphabet

    try:
        parse_alphabet(value)
    except DataError as error:
        raise click.BadParameter(str(error), context, parameter) from None
    return value


def _check_reading_alphabet(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return an alphabet of words, which can be "auto", too."""
    return value if value == "auto" else _check_alphabet(context, parameter, value)


config_argument = click.argument("config", type=click.Path(path_type=Path, readable=False))
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, readable=False),
    metavar="PATH",
    help="The letters, or the folder that contains them; takes precedence over ENSEMBLE_HWR_DATA and the config.",
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Override a setting of the config, such as router.params.alpha=1e-3. Can be given several times.",
)


def _trust(context: click.Context, parameter: click.Parameter, modules: tuple[str, ...]) -> None:
    """Allow the config to name classes of these modules until the command ends."""
    for module in modules:
        if not _is_installed(module.partition(".")[0]):
            raise click.BadParameter(f"no module {module!r} is installed", context, parameter)
    if modules:
        from ensemble_hwr.config.trusted_imports import trusted

        context.meta[TRUSTED] = modules
        context.with_resource(trusted(modules))


def _is_installed(module: str) -> bool:
    """Return whether a top-level module can be imported; it is not imported."""
    try:
        return find_spec(module) is not None
    except ValueError:  # an empty name, or a module without a specification
        return module in sys.modules


trust_option = click.option(
    "--trust-imports",
    multiple=True,
    metavar="MODULE",
    is_eager=True,
    expose_value=False,
    callback=_trust,
    help="Allow the config to name estimators of this installed module, whose code is run. Can be given several times; "
    "ENSEMBLE_HWR_TRUST is a list separated by commas.",
)
seeds_option = click.option(
    "--seeds", callback=_parse_seeds, metavar="0,1,2", help="Random states of the fits, in place of the config's seeds."
)


def _model_option(default: str) -> Decorator:
    """Return the option of a model."""
    return click.option(
        "--model",
        "-m",
        default=default,
        show_default=True,
        metavar="NAME_OR_FILE",
        help="A shipped model (see: ensemble-hwr models) or a model file.",
    )


model_option = _model_option("az")
word_model_option = _model_option("mixed")
alphabet_option = click.option(
    "--alphabet",
    callback=_check_alphabet,
    metavar="CHARACTERS",
    help="Characters that can occur, such as A-Z, A-Z0-9 or AEIOU; letters ignores case. By default all of the model.",
)
reading_alphabet_option = click.option(
    "--alphabet",
    callback=_check_reading_alphabet,
    metavar="CHARACTERS",
    help="Characters that can occur, such as A-Z, A-Z0-9 or a-zA-Z0-9; letters ignores case; auto is A-Z if most "
    "letters are capitals. By default all of the model and . , - ' are read; ! ? : & / are read if named: 'A-Z.!'.",
)
lexicon_option = click.option(
    "--lexicon",
    type=click.Path(path_type=Path, readable=False),
    metavar="WORDS",
    help="File of expected words, one per line, each optionally followed by its count. Other words are read only where "
    "they fit much better.",
)
timeout_option = click.option(
    "--timeout",
    type=NumberRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Processor time for a picture, or for a page of a file; one that takes longer is an error.",
)
jobs_option = click.option(
    "--jobs", "-j", type=click.IntRange(min=1), metavar="N", help="Number of processes; by default one per core."
)
scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786; its workers do the fitting.",
)


def output_option(*, metavar: str, help: str, default: Path | None = None) -> Decorator:
    """Return the option ``--output`` (``-o``), which is required unless it has a default."""
    kind = click.Path(path_type=Path, readable=False)
    if default is None:  # click takes a default of None for a value
        return click.option("--output", "-o", type=kind, required=True, metavar=metavar, help=help)
    return click.option(
        "--output", "-o", type=kind, default=default, show_default=default != Path(), metavar=metavar, help=help
    )


def cluster(scheduler: str | None) -> AbstractContextManager[object]:
    """Return a context that uses the workers of a Dask scheduler, if one is given."""
    if scheduler is None:
        return nullcontext()
    from ensemble_hwr.tuning import on_cluster

    return on_cluster(scheduler)


def all_overrides(overrides: tuple[str, ...], seeds: tuple[int, ...] | None) -> list[str]:
    """Return the overrides of ``--set`` and of ``--seeds``."""
    return [*overrides, *([] if seeds is None else [f"seeds={list(seeds)}"])]


def command_line(name: str, config: Path, *, overrides: Iterable[str], **options: Any) -> str:
    """Return the command line that repeats a command; options that are None are left out."""
    words = ["ensemble-hwr", name, str(config)]
    for option, value in options.items():
        words += [] if value is None else [f"--{option.replace('_', '-')}", str(value)]
    for change in overrides:
        words += ["--set", change]
    context = click.get_current_context(silent=True)
    for module in () if context is None else context.meta.get(TRUSTED, ()):
        words += ["--trust-imports", module]
    return shlex.join(words)


def check_output_file(file: Path, inputs: Sequence[Path]) -> None:
    """Raise an error, before long work, for a file that cannot be written or that is one of the inputs."""
    if file.is_dir():
        raise ConfigError(f"{file}: is a folder; give the name of a file")
    check_replaceable(file, *inputs)
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"{file}: there is no folder {file.parent}; create it first")
    check_folder(file.parent)


def number_of_jobs(jobs: int | None) -> int:
    """Return the number of processes, by default the number of cores that this process may use."""
    if jobs is not None:
        return jobs
    from joblib import cpu_count

    return int(cpu_count())
