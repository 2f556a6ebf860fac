"""Training letters and settings of the model "mixed", compared on training sources that are left out.

    python -m benchmarks.mixed_variants --output mixed                    fits two networks per variant
    python -m benchmarks.mixed_variants --output mixed --variant strong   one variant and the first, "shipped"
    python -m benchmarks.mixed_variants --output mixed --kept --update    writes the table into docs/notes/mixed.md

The folder is that of ``python -m benchmarks.mixed``. It keeps the figures, so that a command that was stopped
continues.
The networks are smaller than those of the model, and have fewer epochs, unless a variant says otherwise. No letter of a
test source is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from benchmarks.mixed import GENERATED, ROOT, accuracies, collected, fitted
from benchmarks.mixed_left_out import LEFT_OUT
from benchmarks.pages import put
from ensemble_hwr.config import load_config
from ensemble_hwr.evaluation.metrics import scores

PAGE = ROOT / "docs" / "notes" / "mixed.md"
SMALL = ("flat.params.max_iter=6", "flat.params.hidden_layer_sizes=[200]")  # and the settings of a variant
GROUPS = ("capitals", "small", "digits", "26 letters", "shapes", "all")


class Variant(NamedTuple):
    """Sources that are trained on in addition, or not at all, and settings of the config."""

    added: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


def network(units: str, epochs: int) -> Variant:
    """Return a variant with a network of other hidden layers and another number of epochs."""
    return Variant(changes=(f"flat.params.hidden_layer_sizes=[{units}]", f"flat.params.max_iter={epochs}"))


VARIANTS = {
    "shipped": Variant(),
    "all forms equally often": Variant(added=("forms",)),
    "without generated letters": Variant(without=GENERATED),
    "stronger augmentation": Variant(
        changes=(
            "augmentations.strong.slant=28",
            "augmentations.strong.elastic=0.075",
            "augmentations.strong.stretch=0.38",
        )
    ),
    "20 epochs": Variant(changes=("flat.params.max_iter=20",)),
    "batches of 200": Variant(changes=("flat.params.batch_size=200", "flat.params.learning_rate_init=0.003")),
    "alpha 0.001": Variant(changes=("flat.params.alpha=0.001",)),
    "1,000 more generated writers": Variant(added=("generated_more",)),
    "450 units, 40 epochs": network("450", 40),
    "900 units, 40 epochs": network("900", 40),
    "450 and 450 units, 40 epochs": network("450, 450", 40),
    "450 units, 100 epochs": network("450", 100),
}


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the letters.")
@click.option("--variant", "chosen", type=click.Choice(list(VARIANTS)), multiple=True, help="By default all.")
@click.option("--kept", is_flag=True, help="Fit nothing: print the table of the finished variants.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/mixed.md.")
def main(output: Path, chosen: Sequence[str], kept: bool, update: bool) -> None:
    """Fit the variants, and print their figures on left-out sources."""
    file = output / "variants.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in () if kept else ("shipped", *(chosen or VARIANTS)):
        for left_out in LEFT_OUT:
            if any(f"{name}, {source}" not in found for source in left_out):
                measured = figures(VARIANTS[name], left_out, output)
                found |= {f"{name}, {source}": each for source, each in measured.items()}
                file.write_text(json.dumps(found, indent=1), encoding="utf-8")
    text = table(found)
    click.echo(text)
    if update:
        put(PAGE, "benchmarks/mixed_variants.py", f"{text}\n")


def figures(variant: Variant, left_out: Sequence[str], output: Path) -> dict[str, dict[str, float]]:
    """Return the accuracies and the log-loss of a network on each left-out source."""
    config = load_config(ROOT / "configs" / "mixed.toml", [*SMALL, *variant.changes])
    assert config.flat is not None
    sources = (*config.split.train, *variant.added)
    trained = [source for source in sources if source not in {*variant.without, *left_out}]
    network = fitted(config, config.flat, collected(trained, 1, None, output / "sources"))
    result = {}
    for source in left_out:
        letters = collected([source], 1, None, output / "sources")
        probabilities: Any = network.predict_proba(letters.to_rows())
        result[source] = {
            **accuracies(probabilities, network.classes_, letters.target),
            "log-loss": float(scores(letters.target, probabilities, network.classes_)["log_loss"]),
        }
    return result


def table(found: dict[str, dict[str, float]]) -> str:
    """Return a table with a row per left-out source and variant."""
    lines = [f"| left out | variant | {' | '.join(GROUPS)} | log-loss |", "| --- " * (len(GROUPS) + 3) + "|"]
    for source in (source for left_out in LEFT_OUT for source in left_out):
        for name in VARIANTS:
            measured = found.get(f"{name}, {source}")
            if measured is not None:
                cells = [f"{100 * measured[group]:.2f}" if group in measured else "" for group in GROUPS]
                lines.append(f"| {source} | {name} | {' | '.join(cells)} | {measured['log-loss']:.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
