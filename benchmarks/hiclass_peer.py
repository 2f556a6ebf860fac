"""Hierarchies of three levels against HiClass with the same members: 62 classes as kind, group and letter.

``python -m benchmarks.hiclass_peer`` needs HiClass, and in the folder ENSEMBLE_HWR_DATA the letters ``letters`` (source
photo62) and ``more/photo62_rest``. Every random state draws another stratified third as its test part. All members are
the same small MLP on gradient features.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from benchmarks.letters import data_file
from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.datasets import concatenate, load_index
from ensemble_hwr.evaluation import compare, summarise
from ensemble_hwr.evaluation.contenders import top_down
from ensemble_hwr.evaluation.peers import HiClassClassifier
from ensemble_hwr.evaluation.results import CompareProgress
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.report.formats import spread

BATCHES = ("ABCDE", "FGHI", "JKLMN", "OPQR", "STUV", "WXYZ")
TREE = {
    "digits": {"round": "035689", "straight": "1247"},
    "capitals": {batch: batch for batch in BATCHES},
    "small": {batch.lower(): batch.lower() for batch in BATCHES},
}
GROUPS = [group for kind in TREE.values() for group in kind.values()]


def contenders() -> dict[str, Any]:
    """Return one network, hierarchies of two and three levels, and HiClass, all of the same members."""
    member = MemberMLPClassifier((60,), max_iter=60, batch_size=50)
    tree = HierarchicalEnsembleClassifier(member, member, groups=TREE, cv=3)
    return {
        "one network": member,
        "hierarchy, two levels": HierarchicalEnsembleClassifier(member, member, groups=GROUPS, cv=3),
        "hierarchy, three levels": tree,
        "top-down, three levels": top_down(tree),
        "HiClass, per parent node": HiClassClassifier(member, groups=TREE),
        "HiClass, per node": HiClassClassifier(member, groups=TREE, policy="node"),
    }


def letters() -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Return gradient features and labels of the 62 classes."""
    capitals = load_index(data_file("letters"), sources=["photo62"])
    others = load_index(data_file("more/photo62_rest"))
    both = concatenate([capitals, others])
    normalizer = LetterNormalizer(errors="blank")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pictures without contrast become blank rows, which are left out
        rows = normalizer.fit_transform(both.data)
    kept = rows.any(axis=1)
    return GradientFeatures(grid=7).fit_transform(rows[kept]), both.target[kept]


def table(summary: dict[str, Any]) -> str:
    """Return the accuracies, hierarchical F1 and costs as a Markdown table."""
    lines = [
        "| contender | accuracy % | hierarchical F1 % | log-loss | MACs | fit s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, figures in summary["contenders"].items():
        macs = "" if figures["macs"] is None else f"{figures['macs']:,.0f}"
        lines.append(
            f"| {name} | {spread(figures['accuracy'], 100)} | {spread(figures['hierarchical_scores']['f1'], 100)} "
            f"| {np.mean(figures['log_loss']):.3f} | {macs} | {figures['fit_seconds']:.0f} |"
        )
    return "\n".join(lines)


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Number of random states.")
def main(seeds: int) -> None:
    """Print the comparison as a Markdown table, and the differences from the hierarchy of three levels."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    warnings.simplefilter("ignore")
    X, y = letters()

    def split(seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        train, test = train_test_split(np.arange(len(y)), test_size=1 / 3, stratify=y, random_state=seed)
        return train, test

    comparison = compare(contenders(), X, y, split=split, seeds=range(seeds), on_progress=_report)
    summary = summarise(comparison, reference="hierarchy, three levels")
    click.echo(f"{len(y)} letters, {len(y) / 3:.0f} tested with each of {seeds} random states\n\n{table(summary)}\n")
    for pair in summary["pairs"]:
        if pair["with_reference"]:
            low, high = (100 * bound for bound in pair["interval"])
            click.echo(
                f"- `{pair['a']}` against `{pair['b']}`: {100 * pair['difference']:+.2f} points "
                f"({low:+.2f} to {high:+.2f}), p = {pair['p_holm']:.2g}"
            )


def _report(event: CompareProgress) -> None:
    click.echo(f"{event.done}/{event.total} {event.contender}, seed {event.seed}: {event.seconds:.0f} s", err=True)


if __name__ == "__main__":
    main()
