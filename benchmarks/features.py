"""What each transformer of rows gains, cross-validated inside the training letters: the tables of docs/notes/features.md.

    python -m benchmarks.features --output features            about 5 minutes on two cores
    python -m benchmarks.features --output features --update   and writes them into docs/notes/features.md

No letter that a protocol tests on is touched. Pooled: the training letters in two halves, each in five folds. Unseen:
each of the three training sources in turn is left out, with every seed. The letters must be where the configs or
ENSEMBLE_HWR_DATA say; their rows are kept in the folder, for the next time.
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
from ensemble_hwr.config import build_split, load_config, load_letters
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
STEPS = {  # what is asked of two chains: the one with the step, the one without
    "`Deskewer` before cooperation": (DESKEWED_COOPERATED, COOPERATED),
    "`StrokeWidthNormalizer` between the two": (ALL, DESKEWED_COOPERATED),
    "cooperation in place of `SizeNormalizer`": (COOPERATED, SIZED),
    "the same after `Deskewer`": (DESKEWED_COOPERATED, DESKEWED_SIZED),
}
SOURCES = ("photo62", "tablet55", "binary20x16")

Fold = tuple[int, NDArray[np.intp], NDArray[np.intp]]  # seed, train, test


def chains() -> dict[str, Pipeline]:
    """Chains of transformers by what the table calls them."""
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
    """Whether each letter was read, on average over the times that it was tested, and what its features cost."""

    right: dict[str, NDArray[np.float64]]  # by protocol
    macs: float


@click.command()
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Folder for the rows and the table."
)
@click.option("--update", is_flag=True, help="Write the tables into docs/notes/features.md.")
@click.option("--seeds", type=click.IntRange(1), default=4, show_default=True, help="Fits for each source left out.")
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
    """Training letters of a protocol as rows; the others are not even opened."""
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
    """Five folds of either half of the letters: half the time, and every letter is tested once."""
    for seed, (_, half) in enumerate(KFold(2, shuffle=True, random_state=0).split(letters.target)):
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(half, letters.target[half]):
            yield seed, half[train], half[test]


def unseen_folds(letters: LetterSet, seeds: int) -> Iterator[Fold]:
    """Each source left out once with each seed."""
    for seed in range(seeds):
        for source in SOURCES:
            out = letters.source == source
            yield seed, np.flatnonzero(~out), np.flatnonzero(out)


def measure(chain: Pipeline, letters: dict[str, LetterSet], folds: dict[str, list[Fold]], jobs: int) -> Measured:
    """Fit one MLP a fold on a chain's features; the chain learns nothing, so all letters may go through it at once."""
    right = {}
    for protocol, found in letters.items():
        features = chain.fit_transform(found.data)
        answers = Parallel(n_jobs=jobs)(delayed(read)(features, found.target, *fold) for fold in folds[protocol])
        times, tested = np.zeros(len(found)), np.zeros(len(found))
        for (_, _, test), answer in zip(folds[protocol], answers, strict=True):
            times[test] += answer
            tested[test] += 1
        right[protocol] = times / tested
    return Measured(right, count_macs(chain, letters["unseen"].data[:1]))


def read(
    features: NDArray[np.float32], target: Any, seed: int, train: NDArray[np.intp], test: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether an MLP fitted on some letters reads others."""
    mlp = MemberMLPClassifier((300,), batch_size=200, max_iter=30, random_state=seed).fit(
        features[train], target[train]
    )
    return mlp.predict(features[test]) == target[test]


def table(measured: dict[str, Measured], source: NDArray[np.str_]) -> str:
    """Every chain as a row of a Markdown table."""
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
    """Say what a step adds to a chain that has others already."""
    lines = ["| step | pooled gain | unseen gain |", "| --- | --- | --- |"]
    for name, (with_it, without) in STEPS.items():
        pairs = [(measured[with_it].right[protocol], right) for protocol, right in measured[without].right.items()]
        lines.append(f"| {name} | {' | '.join(gain(after - before) for after, before in pairs)} |")
    return "\n".join(lines) + "\n"


def gain(differences: NDArray[np.float64]) -> str:
    """Mean paired difference and its standard error over letters, in points."""
    if not differences.any():
        return ""
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return f"{100 * differences.mean():+.2f} ± {100 * error:.2f}"


if __name__ == "__main__":
    main()
