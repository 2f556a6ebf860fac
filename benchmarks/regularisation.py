"""What regularisation beyond variations does for a network: a table of docs/notes/accuracy.md for each protocol.

    python -m benchmarks.regularisation unseen --output folder            about 12 minutes of one core
    python -m benchmarks.regularisation pooled --output folder            about 12 minutes of one core
    python -m benchmarks.regularisation pooled --output folder --update   and writes the table into docs/notes/accuracy.md

Networks of one hidden layer learn side by side from the same variations of the same letters in the same order, so that
they differ in one thing alone. Parts are left out and tested on as by `benchmarks.settings`; no letter that a protocol
tests on is learned from or tested on. What is measured stays in the folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import cos, pi
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from benchmarks.keeping import kept, settings_of
from benchmarks.pages import put
from benchmarks.settings import FIFTHS, POOLED, ROOT, SOURCES, fifth_of, leaving_out
from ensemble_hwr.config import ExperimentConfig, build_member, build_split, load_config, load_letters
from ensemble_hwr.datasets import LetterSet

UNITS, EPOCHS, BATCH, STEP = 300, 45, 100, 0.002
Rows = NDArray[np.float32]
Codes = NDArray[np.intp]
Found = dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]  # which letters are right, and the loss of each


@dataclass(frozen=True)
class Regularisation:
    """What is done to the features and labels of an epoch, and to the weights."""

    mixed: float = 0.0  # parameter of the Beta distribution that letters are mixed by
    relabelled: float = 0.0  # share of labels that are drawn at random
    lost: float = 0.0  # share of features that are set to 0
    noise: float = 0.0  # standard deviation of what is added to each feature
    alpha: float = 1e-4  # L2 penalty

    def apply(self, rows: Rows, codes: Codes, n_classes: int, draw: np.random.Generator) -> tuple[Rows, Codes]:
        """Return what a network learns from in one epoch; the label of a mixed letter is drawn by its shares."""
        n = len(rows)
        if self.mixed:
            share = draw.beta(self.mixed, self.mixed, size=n).astype(np.float32)
            share = np.maximum(share, 1 - share)
            other = draw.permutation(n)
            rows = share[:, None] * rows + (1 - share)[:, None] * rows[other]
            codes = np.where(draw.random(n) < share, codes, codes[other])
        if self.relabelled:
            codes = np.where(draw.random(n) < self.relabelled, draw.integers(n_classes, size=n), codes)
        if self.lost:
            rows = rows * (draw.random(rows.shape, dtype=np.float32) >= self.lost) / np.float32(1 - self.lost)
        if self.noise:
            rows = rows + np.float32(self.noise) * draw.standard_normal(rows.shape, dtype=np.float32)
        return rows, codes


NONE = "variations alone"
CANDIDATES = {
    NONE: Regularisation(),
    "a fifth of the features lost at random (dropout)": Regularisation(lost=0.2),
    "a tenth of them": Regularisation(lost=0.1),
    "5 % of the labels drawn at random each epoch (in expectation, label smoothing)": Regularisation(relabelled=0.05),
    "letters mixed with others by Beta(0.4, 0.4), the label drawn by their shares (mixup)": Regularisation(mixed=0.4),
    "noise of 0.1 in every feature": Regularisation(noise=0.1),
    "ten times the L2 penalty": Regularisation(alpha=1e-3),
}


@click.command()
@click.argument("protocol", type=click.Choice(["unseen", "pooled"]))
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="Folder for what is measured."
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Fits for each part left out.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/accuracy.md.")
def main(protocol: str, out: Path, seeds: int, update: bool) -> None:
    """Measure every candidate and print their table."""
    out.mkdir(parents=True, exist_ok=True)
    found = [list(measure(protocol, seed, out)) for seed in range(seeds)]
    text = table(found)
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "accuracy.md", f"benchmarks/regularisation.py {protocol}", text)


def measure(protocol: str, seed: int, out: Path) -> Iterator[Found]:
    """Measure all candidates with one seed, each part left out in turn."""
    letters = rows = None
    for part in SOURCES if protocol == "unseen" else FIFTHS:
        config = leaving_out(part, []) if protocol == "unseen" else load_config(POOLED)
        if letters is None or rows is None:
            letters = load_letters(config)
            rows = letters.to_rows()
        train, test = parted(config, letters, part)
        file = out / f"{protocol}-{part.replace(' ', '-')}-{seed}.joblib"
        what = f"{UNITS} {EPOCHS} {BATCH} {STEP} {CANDIDATES} {settings_of(config)}"
        yield kept(file, what, partial(learn, config, rows, letters, (train, test), seed))
        click.echo(f"{part} left out, seed {seed}", err=True)


def parted(config: ExperimentConfig, letters: LetterSet, part: str) -> tuple[Codes, Codes]:
    """Return the letters to learn from and those of the part that is left out."""
    split = build_split(config, letters)
    assert not callable(split)
    return fifth_of(letters, split[0], config.data.sources, FIFTHS.index(part)) if part in FIFTHS else split


def learn(config: ExperimentConfig, rows: Rows, letters: LetterSet, split: tuple[Codes, Codes], seed: int) -> Found:
    """Train a network for each candidate on the same variations, and test them."""
    assert config.flat is not None
    train, test = split
    member = build_member(config, config.flat)
    classes, codes = np.unique(letters.target, return_inverse=True)
    describe = clone(member.features).fit(rows[train], codes[train]).transform
    networks = {
        name: MLPClassifier(
            (UNITS,), alpha=candidate.alpha, batch_size=BATCH, learning_rate_init=STEP, random_state=seed
        )
        for name, candidate in CANDIDATES.items()
    }
    draw, own = np.random.default_rng(seed), {name: np.random.default_rng(seed + 1) for name in CANDIDATES}
    for epoch in range(EPOCHS):
        order = draw.permutation(train)
        described = describe(member.augmenter.augment(rows[order], draw))
        for name, candidate in CANDIDATES.items():
            seen, answers = candidate.apply(described, codes[order], len(classes), own[name])
            if epoch:  # as AugmentedMLPClassifier lets the step fall
                networks[name]._optimizer.learning_rate_init = STEP * (1 + cos(pi * epoch / EPOCHS)) / 2
            networks[name].partial_fit(seen, answers, classes=np.arange(len(classes)))
    described = describe(rows[test])
    return {name: judged(network, described, codes[test]) for name, network in networks.items()}


def judged(network: MLPClassifier, rows: Rows, codes: Codes) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Say which letters are read right, and what each one costs in log-loss."""
    answered = network.predict_proba(rows).astype(np.float64)
    answered /= answered.sum(axis=1, keepdims=True)
    of_truth = answered[np.arange(len(codes)), codes]
    return answered.argmax(axis=1) == codes, -np.log(np.maximum(of_truth, 1e-12))


def table(seeds: list[list[Found]]) -> str:
    """Return every candidate's difference from variations alone: means over seeds, standard errors over letters."""
    right, loss = (
        {
            name: np.mean([np.concatenate([part[name][place] for part in parts]) for parts in seeds], axis=0)
            for name in CANDIDATES
        }
        for place in (0, 1)
    )
    lines = [
        "| what | accuracy % | difference, points | log-loss | difference |",
        "| --- | --- | --- | --- | --- |",
        f"| {NONE} | {100 * right[NONE].mean():.2f} | | {loss[NONE].mean():.4f} | |",
    ]
    lines += [_line(name, right, loss) for name in CANDIDATES if name != NONE]
    return "\n".join(lines) + "\n"


def _line(name: str, right: Mapping[str, NDArray[np.float64]], loss: Mapping[str, NDArray[np.float64]]) -> str:
    gained, lost = 100 * (right[name] - right[NONE]), loss[name] - loss[NONE]
    errors = [values.std(ddof=1) / len(values) ** 0.5 for values in (gained, lost)]
    return (
        f"| {name} | {100 * right[name].mean():.2f} | {gained.mean():+.2f} ± {errors[0]:.2f} "
        f"| {loss[name].mean():.4f} | {lost.mean():+.4f} ± {errors[1]:.4f} |"
    )


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
