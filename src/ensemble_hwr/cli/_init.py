"""``ensemble-hwr init``."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from ensemble_hwr._writing import whole_files
from ensemble_hwr.cli._errors import echo
from ensemble_hwr.cli._options import output_option
from ensemble_hwr.exceptions import ConfigError


@click.command()
@click.argument("name", required=False)
@output_option(metavar="FILE", help="The new config.  [default: NAME.toml]", default=Path())
@click.option("--force", is_flag=True, help="Replace an existing file.")
def init(name: str | None, output: Path, force: bool) -> None:
    """Write a config of the library, to be changed for own letters.

    NAME is one of the configs that come with the library. Without it, they are listed with their descriptions. The
    commands in the comments of the copy name the new file.
    """
    from ensemble_hwr.config.loading import shipped_configs

    configs = shipped_configs()
    if name is None:
        echo("\n".join(_listed(configs)))
        return
    if name not in configs:
        raise ConfigError(f"there is no config {name!r}; allowed: {', '.join(configs)}")
    file = Path(f"{name}.toml") if output == Path() else output
    if file.is_dir():
        raise ConfigError(f"{file}: is a folder; give the name of a file")
    if file.exists() and not force:
        raise ConfigError(f"{file}: exists already; give another file with --output, or --force to replace it")
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"{file}: there is no folder {file.parent}; create it first")
    with whole_files(file) as (stream,):
        stream.write(_adapted(configs[name].read_text("utf-8"), file).encode())
    echo(f"config: {file}")


def _adapted(text: str, file: Path) -> str:
    """Name the new file in the commands of the comments."""
    return re.sub(r"(?m)^(#.* )configs/\w+\.toml", lambda found: found[1] + shlex.quote(str(file)), text)


def _listed(configs: dict[str, Path]) -> list[str]:
    """Return a line per config: its name and its description."""
    import tomllib

    width = max(map(len, configs))
    return [
        f"{name:<{width}}  {tomllib.loads(file.read_text('utf-8'))['description']}" for name, file in configs.items()
    ]
