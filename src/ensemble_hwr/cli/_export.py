"""``ensemble-hwr export``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("model", metavar="MODEL")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, readable=False),
    required=True,
    metavar="FILE",
    help="The ONNX file.",
)
@click.option(
    "--after",
    type=click.Choice(["features"]),
    help="Let the graph begin after the features of its members, instead of at rows of ink.",
)
def export(model: str, output: Path, after: str | None) -> None:
    """Write MODEL as an ONNX graph, which runs without this library and without Python.

    MODEL is a shipped model's name (ensemble-hwr models lists them), or a model file. The graph takes rows of ink as
    the model's normalizer makes them, 784 numbers from 0 to 1 for a letter, and gives labels and probabilities.
    """
    from ensemble_hwr._writing import check_replaceable
    from ensemble_hwr.onnx import export_onnx
    from ensemble_hwr.persistence import load_model

    check_replaceable(output, Path(model))
    file = export_onnx(load_model(model), output, after=after)
    click.echo(f"{file} ({file.stat().st_size / 1e6:.1f} MB)")
