"""What the library ships: ``ensemble-hwr init``, ``models`` and ``export``."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder, printable, whole_files
from ensemble_hwr.cli._errors import echo
from ensemble_hwr.cli._options import alphabet_option, check_output_file, output_option
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr.persistence import ModelInfo

HELPER_CLASSES = frozenset({"non_letter", "180"})  # of the models that readers use in addition to one of letters


@click.command()
@click.argument("name", required=False)
@output_option(metavar="FILE", help="The new config.  [default: NAME.toml]", default=Path())
@click.option("--force", is_flag=True, help="Replace an existing file.")
def init(name: str | None, output: Path, force: bool) -> None:
    """Write a copy of a config of the library for your own letters.

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
    check_folder(file.parent)
    with whole_files(file) as (stream,):
        stream.write(_adapted(configs[name].read_text("utf-8"), file).encode())
    echo(f"config: {file}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--all",
    "all_models",
    is_flag=True,
    help="Also list the models of non-letters and orientations.",
)
def models(as_json: bool, all_models: bool) -> None:
    """List the shipped models: classes, training letters and figures."""
    from ensemble_hwr.persistence import available_models

    found = [model for model in available_models() if all_models or HELPER_CLASSES.isdisjoint(model.classes)]
    if not found:
        echo("this installation has no shipped models", err=True)
    for model in found:
        click.echo(json.dumps(_as_dict(model)) if as_json else _as_text(model))


@click.command()
@click.argument("model", metavar="MODEL")
@output_option(metavar="FILE", help="The ONNX file.")
@click.option(
    "--after",
    type=click.Choice(["features"]),
    help="Use the features of the members as inputs of the graph, instead of rows of ink.",
)
@alphabet_option
def export(model: str, output: Path, after: str | None, alphabet: str | None) -> None:
    """Write MODEL as an ONNX graph.

    MODEL is the name of a shipped model (see: ensemble-hwr models) or a model file. The graph runs without this library
    and without Python. Its inputs are rows of ink as the model's normalizer returns them, 784 numbers from 0 to 1 per
    letter; its outputs are labels and probabilities.
    """
    from ensemble_hwr.onnx import export_onnx
    from ensemble_hwr.persistence import load_model

    check_output_file(output, [Path(model)])
    file = export_onnx(load_model(model, alphabet=alphabet), output, after=after)
    echo(f"{file} ({file.stat().st_size / 1e6:.1f} MB)")


def _as_dict(model: ModelInfo) -> dict[str, Any]:
    return {
        "name": model.name,
        "file": str(model.file),
        "size": model.size,
        "classes": list(model.classes),
        "trained_on": model.trained_on,
        "figures": model.figures,
    }


def _as_text(model: ModelInfo) -> str:
    facts = {
        "classes": f"{_range(model.classes)} ({len(model.classes)})",
        "size": f"{model.size / 1e6:.1f} MB",
        "trained on": ", ".join(f"{source} {count:,}" for source, count in model.trained_on.items()) or "not stated",
        "accuracy": _accuracies(model.figures) or "not stated",
        "file": str(model.file),
    }
    lines = (f"  {name:<12}{printable(fact)}" for name, fact in facts.items())
    return "\n".join([click.style(printable(model.name), bold=True), *lines])


def _range(classes: tuple[Any, ...]) -> str:
    """Return runs of three or more consecutive characters as the first and the last of them."""
    names = [str(label) for label in classes]
    if not all(len(name) == 1 for name in names):
        return " ".join(names)
    runs: list[list[str]] = []
    for name in names:
        if runs and ord(name) == ord(runs[-1][-1]) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return " ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(run) for run in runs)


def _accuracies(figures: dict[str, Any]) -> str:
    """Return the accuracy on each source of test letters."""
    per_source = figures.get("per_source") or ({"its test letters": figures} if figures else {})
    return ", ".join(f"{found['accuracy']:.2%} on {source}" for source, found in per_source.items())


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
