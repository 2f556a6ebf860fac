"""Gain of each transformer of rows, cross-validated on the training letters: the tables of docs/notes/features.md.

    python -m benchmarks.features --output features            about 5 minutes on two cores
    python -m benchmarks.features --output features --update   also writes them into docs/notes/features.md

Test letters of the protocols are not used. Pooled: the training letters in two halves, each in five folds. Unseen: each
of the three training sources is left out once per seed. The letters must be in the folders of the configs, or in
ENSEMBLE_HWR_DATA. Their rows are cached in the output folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.pages import put
from ensemble_hwr import GradientFeatures, MemberMLPClassifier
from ensemble_hwr.config import load_config, load_letters
from ensemble_hwr.config.letters import build_split
from ensemble_hwr.datasets import LetterSet, load_npz, save_npz
from ensemble_hwr.evaluation import count_macs
from ensemble_hwr.preprocessing import Deskewer, SizeNormalizer, StrokeWidthNormalizer

ROOT = Path(__file__).parent.parent
BASE = "`GradientFeatures()`"
DESKEWED, WIDTHS, SIZED = "`Deskewer`, base", "`StrokeWidthNormalizer`, base", "`SizeNormalizer`, base"
COOPERATED = '`GradientFeatures(aspect="root")`, cooperated'
DESKEWED_SIZED = "`Deskewer`, `SizeNormalizer`, base"
DESKEWED_COOPERATED = "`Deskewer`, cooperated"
ALL = "`Deskewer`, `StrokeWidthNormalizer`, cooperated"
STEPS = {  # pairs of chains, with and without a step
    "`Deskewer` before cooperation": (DESKEWED_COOPERATED, COOPERATED),
    "`StrokeWidthNormalizer` between the two": (ALL, DESKEWED_COOPERATED),
    "cooperation in place of `SizeNormalizer`": (COOPERATED, SIZED),
    "the same after `Deskewer`": (DESKEWED_COOPERATED, DESKEWED_SIZED),
}
SOURCES = ("photo62", "tablet55", "binary20x16")

Fold = tuple[int, NDArray[np.intp], NDArray[np.intp]]  # seed, train, test


def chains() -> dict[str, Pipeline]:
    """Return chains of transformers, by their names in the table."""
    cooperated = GradientFeatures(aspect="root")
    return {
        BASE: make_pipeline(GradientFeatures()),
        DESKEWED: make_pipeline(Deskewer(), GradientFeatures()),
        WIDTHS: make_pipeline(StrokeWidthNormalizer(), GradientFeatures()),
        SIZED: make_pipeline(SizeNormalizer(), GradientFeatures()),
        COOPERATED: make_pipeline(cooperated),
        DESKEWED_SIZED: make_pipeline(Deskewer(), SizeNormalizer(), GradientFeatures()),
        DESKEWED_COOPERATED: make_pipeline(Deskewer(), cooperated),
        ALL: make_pipeline(Deskewer(), StrokeWidthNormalizer(), cooperated),
    }


@dataclass(frozen=True)
class Measured:
    """Accuracy per letter, as a mean over its tests, and cost of the features."""

    right: dict[str, NDArray[np.float64]]  # by protocol
    macs: float


@click.command()
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Folder for the rows and the table."
)
@click.option("--update", is_flag=True, help="Write the tables into docs/notes/features.md.")
@click.option("--seeds", type=click.IntRange(1), default=4, show_default=True, help="Fits per source that is left out.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Processes.")
def main(out: Path, update: bool, seeds: int, jobs: int) -> None:
    """Measure every chain and print the tables."""
    out.mkdir(parents=True, exist_ok=True)
    letters = {protocol: training_letters(protocol, out, jobs) for protocol in ("pooled", "unseen")}
    folds = {"pooled": list(pooled_folds(letters["pooled"])), "unseen": list(unseen_folds(letters["unseen"], seeds))}
    measured = {}
    for name, chain in chains().items():
        start = perf_counter()
        measured[name] = measure(chain, letters, folds, jobs)
        click.echo(f"{name}: {perf_counter() - start:.0f} s", err=True)
    text = table(measured, letters["unseen"].source) + "\n" + steps(measured)
    click.echo(text)
    (out / "features.md").write_text(text, encoding="utf-8")
    if update:
        put(ROOT / "docs" / "notes" / "features.md", "benchmarks/features.py", text)


def training_letters(protocol: str, out: Path, jobs: int) -> LetterSet:
    """Return the training letters of a protocol as rows; test letters are not opened."""
    kept = out / f"{protocol}.npz"
    if kept.exists():
        return load_npz(kept)
    config = load_config(ROOT / "configs" / f"{protocol}.toml")
    letters = load_letters(config)
    letters = letters.take(build_split(config, letters)[0])
    rows = LetterSet(letters.to_rows(n_jobs=jobs), letters.target, source=letters.source, name=protocol)
    save_npz(kept, rows)
    return rows


def pooled_folds(letters: LetterSet) -> Iterator[Fold]:
    """Yield five folds of each half of the letters: half the time, and each letter is tested once."""
    for seed, (_, half) in enumerate(KFold(2, shuffle=True, random_state=0).split(letters.target)):
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(half, letters.target[half]):
            yield seed, half[train], half[test]


def unseen_folds(letters: LetterSet, seeds: int) -> Iterator[Fold]:
    """Yield a fold per source that is left out and per seed."""
    for seed in range(seeds):
        for source in SOURCES:
            out = letters.source == source
            yield seed, np.flatnonzero(~out), np.flatnonzero(out)


def measure(chain: Pipeline, letters: dict[str, LetterSet], folds: dict[str, list[Fold]], jobs: int) -> Measured:
    """Fit one MLP per fold on the features of a chain; the chain is stateless, so it transforms all letters at once."""
    right = {}
    for protocol, found in letters.items():
        features = chain.fit_transform(found.data)
        predicted = Parallel(n_jobs=jobs)(delayed(evaluate)(features, found.target, *fold) for fold in folds[protocol])
        times, tested = np.zeros(len(found)), np.zeros(len(found))
        for (_, _, test), correct in zip(folds[protocol], predicted, strict=True):
            times[test] += correct
            tested[test] += 1
        right[protocol] = times / tested
    return Measured(right, count_macs(chain, letters["unseen"].data[:1]))


def evaluate(
    features: NDArray[np.float32], target: Any, seed: int, train: NDArray[np.intp], test: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return whether an MLP that is fitted on some letters classifies others correctly."""
    mlp = MemberMLPClassifier((300,), batch_size=200, max_iter=30, random_state=seed).fit(
        features[train], target[train]
    )
    return mlp.predict(features[test]) == target[test]


def table(measured: dict[str, Measured], source: NDArray[np.str_]) -> str:
    """Return a Markdown table with one row per chain."""
    heads = ["chain", "pooled %", "gain", "unseen %", "gain", *(f"{name} left out" for name in SOURCES)]
    heads.append("MACs per letter")
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    base = measured[BASE].right
    for name, found in measured.items():
        cells = [name]
        for protocol, right in found.right.items():
            cells += [f"{100 * right.mean():.2f}", gain(right - base[protocol])]
        unseen = found.right["unseen"] - base["unseen"]
        cells += [gain(unseen[source == left_out]) for left_out in SOURCES]
        cells.append(f"{found.macs:,.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def steps(measured: dict[str, Measured]) -> str:
    """Return a Markdown table of the gains of steps that are added to chains."""
    lines = ["| step | pooled gain | unseen gain |", "| --- | --- | --- |"]
    for name, (with_it, without) in STEPS.items():
        pairs = [(measured[with_it].right[protocol], right) for protocol, right in measured[without].right.items()]
        lines.append(f"| {name} | {' | '.join(gain(after - before) for after, before in pairs)} |")
    return "\n".join(lines) + "\n"


def gain(differences: NDArray[np.float64]) -> str:
    """Return the mean paired difference and its standard error over letters, in percentage points."""
    if not differences.any():
        return ""
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return f"{100 * differences.mean():+.2f} ({100 * error:.2f})"


if __name__ == "__main__":
    main()
