"""``ensemble-hwr models``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ensemble_hwr.persistence import ModelInfo


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def models(as_json: bool) -> None:
    """List the models that come with ensemble-hwr: the letters they know, what they learned from, their figures."""
    from ensemble_hwr.persistence import available_models

    found = available_models()
    if not found:
        click.echo("no model is shipped with this installation", err=True)
    for model in found:
        click.echo(json.dumps(_facts(model)) if as_json else _block(model))


def _facts(model: ModelInfo) -> dict[str, Any]:
    return {
        "name": model.name,
        "file": str(model.file),
        "size": model.size,
        "classes": list(model.classes),
        "trained_on": model.trained_on,
        "figures": model.figures,
    }


def _block(model: ModelInfo) -> str:
    facts = {
        "knows": f"{_range(model.classes)} ({len(model.classes)})",
        "size": f"{model.size / 1e6:.1f} MB",
        "trained on": ", ".join(f"{source} {count:,}" for source, count in model.trained_on.items()) or "not said",
        "reads": _accuracies(model.figures) or "not said",
        "file": str(model.file),
    }
    return "\n".join([click.style(model.name, bold=True), *(f"  {name:<12}{fact}" for name, fact in facts.items())])


def _range(classes: tuple[Any, ...]) -> str:
    """Write consecutive characters as their first and last."""
    names = [str(label) for label in classes]
    consecutive = len(names) > 2 and all(len(name) == 1 for name in names)
    consecutive = consecutive and [ord(name) - ord(names[0]) for name in names] == list(range(len(names)))
    return f"{names[0]}-{names[-1]}" if consecutive else " ".join(names)


def _accuracies(figures: dict[str, Any]) -> str:
    """Say how many letters were read right, of each source that it did not learn from."""
    of_each = figures.get("per_source") or ({"its test letters": figures} if figures else {})
    return ", ".join(f"{found['accuracy']:.2%} of {source}" for source, found in of_each.items())
