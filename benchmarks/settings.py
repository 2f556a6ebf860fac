"""How the settings of configs/pooled.toml and configs/unseen.toml were chosen: inside their training letters alone.

    python -m benchmarks.settings pooled      the first of five folds of the training letters
    python -m benchmarks.settings unseen      each of the three training sources left out in turn

Test letters are never touched: scan34 is not even read for the second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold

from ensemble_hwr.config import build_hierarchy, build_normalizer, divide, load_config, load_letters, to_rows
from ensemble_hwr.evaluation import compare, log_loss

ROOT = Path(__file__).parent.parent
LOOK_ALIKES = '{ "B/P" = "BP", "D/O" = "DO", "U/V/W" = "UVW" }'
CANDIDATES = {
    "as shipped": [],
    "certainty 0.995": ["hierarchy.certainty=0.995"],
    "one second opinion": [
        'hierarchy.confusables={ second = "*", "B/P" = "BP", "D/O" = "DO", "U/V/W" = "UVW" }',
        'members={ "expert:second" = { params = { hidden_layer_sizes = [200], batch_size = 200, alpha = 1e-4 } } }',
    ],
    "no second opinion": [f"hierarchy.confusables={LOOK_ALIKES}", "members={}"],
    "no second opinion, router of 200": [
        f"hierarchy.confusables={LOOK_ALIKES}",
        "members={}",
        "router.params.hidden_layer_sizes=[200]",
    ],
}


@click.command()
@click.argument("protocol", type=click.Choice(["pooled", "unseen"]))
@click.option("--data", type=click.Path(path_type=Path), help="Where the letters are.")
@click.option("--jobs", type=int, default=2, show_default=True)
def main(protocol: str, data: Path | None, jobs: int) -> None:
    """Cross-validate candidates inside the training letters of PROTOCOL and print a table."""
    file = ROOT / "configs" / f"{protocol}.toml"
    config = load_config(file)
    letters = load_letters(config, data=data)
    train, _ = divide(config, letters)
    letters = letters.take(train)
    rows = to_rows(letters, build_normalizer(config, jobs))
    classes = sorted(set(letters.target.tolist()))
    contenders = {name: build_hierarchy(load_config(file, changes), classes) for name, changes in CANDIDATES.items()}
    click.echo("| candidate | accuracy % | log-loss | multiply-adds a letter |\n| --- | --- | --- | --- |")
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in contenders}
    for split in folds(protocol, letters):
        comparison = compare(contenders, rows, letters.target, split=split, seeds=[0, 1], n_jobs=jobs)
        for run in comparison.runs:
            truth = letters.target[run.test]
            right = comparison.classes[run.probabilities.argmax(axis=1)] == truth
            loss = log_loss(truth, run.probabilities, comparison.classes)
            found[run.contender].append((float(right.mean()), loss, run.multiply_adds or np.nan))
    for name, figures in found.items():
        accuracy, loss, cost = np.mean(figures, axis=0)
        click.echo(f"| {name} | {100 * accuracy:.2f} | {loss:.4f} | {cost:,.0f} |")


def folds(protocol: str, letters: Any) -> Iterator[tuple[Any, Any]]:
    """Divisions of the training letters."""
    if protocol == "pooled":
        yield next(StratifiedKFold(5, shuffle=True, random_state=0).split(letters.target, letters.target))
    else:
        yield from LeaveOneGroupOut().split(letters.target, letters.target, letters.source)


if __name__ == "__main__":
    main()
