"""Effect of regularisation in addition to augmentation: a table of docs/notes/accuracy.md for each protocol.

    python -m benchmarks.regularisation unseen --output folder            about 12 minutes of one core
    python -m benchmarks.regularisation pooled --output folder            about 12 minutes of one core
    python -m benchmarks.regularisation pooled --output folder --update   also update docs/notes/accuracy.md

Networks of one hidden layer are trained on the same augmented letters in the same order, so that they differ only in
their regularisation. Parts are left out for testing as in `benchmarks.settings`; test letters of the protocols are used
neither for training nor for testing. Results are kept in the folder.
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

from benchmarks.fit_cache import cached, settings_of
from benchmarks.pages import put
from benchmarks.settings import FIFTHS, POOLED, ROOT, SOURCES, fifth_of, leaving_out
from ensemble_hwr.config import ExperimentConfig, load_config, load_letters
from ensemble_hwr.config.building import build_member
from ensemble_hwr.config.letters import build_split
from ensemble_hwr.datasets import LetterSet

UNITS, EPOCHS, BATCH, STEP = 300, 45, 100, 0.002
Rows = NDArray[np.float32]
Codes = NDArray[np.intp]
Found = dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]]  # of each letter: is it right, and its loss


@dataclass(frozen=True)
class Regularisation:
    """Changes to features and labels in each epoch, and the penalty of the weights."""

    mixup: float = 0.0  # parameter of the Beta distribution of mixing shares
    random_labels: float = 0.0  # share of labels that are drawn at random
    dropout: float = 0.0  # share of features that are set to 0
    noise: float = 0.0  # standard deviation of noise added to each feature
    alpha: float = 1e-4  # L2 penalty

    def apply(self, rows: Rows, codes: Codes, n_classes: int, draw: np.random.Generator) -> tuple[Rows, Codes]:
        """Return features and labels for one epoch; the label of mixed letters is drawn by their shares."""
        n = len(rows)
        if self.mixup:
            share = draw.beta(self.mixup, self.mixup, size=n).astype(np.float32)
            share = np.maximum(share, 1 - share)
            other = draw.permutation(n)
            rows = share[:, None] * rows + (1 - share)[:, None] * rows[other]
            codes = np.where(draw.random(n) < share, codes, codes[other])
        if self.random_labels:
            codes = np.where(draw.random(n) < self.random_labels, draw.integers(n_classes, size=n), codes)
        if self.dropout:
            rows = rows * (draw.random(rows.shape, dtype=np.float32) >= self.dropout) / np.float32(1 - self.dropout)
        if self.noise:
            rows = rows + np.float32(self.noise) * draw.standard_normal(rows.shape, dtype=np.float32)
        return rows, codes


NONE = "augmentation only"
CANDIDATES = {
    NONE: Regularisation(),
    "dropout of a fifth of the features": Regularisation(dropout=0.2),
    "dropout of a tenth of the features": Regularisation(dropout=0.1),
    "label smoothing of 5 %, by random labels in each epoch": Regularisation(random_labels=0.05),
    "mixup with Beta(0.4, 0.4), labels drawn by share": Regularisation(mixup=0.4),
    "noise of 0.1 in every feature": Regularisation(noise=0.1),
    "ten times the L2 penalty": Regularisation(alpha=1e-3),
}


@click.command()
@click.argument("protocol", type=click.Choice(["unseen", "pooled"]))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for results.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Number of fits per part.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/accuracy.md.")
def main(protocol: str, output: Path, seeds: int, update: bool) -> None:
    """Measure every candidate and print their table."""
    output.mkdir(parents=True, exist_ok=True)
    found = [list(measure(protocol, seed, output)) for seed in range(seeds)]
    text = table(found)
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "accuracy.md", f"benchmarks/regularisation.py {protocol}", text)


def measure(protocol: str, seed: int, output: Path) -> Iterator[Found]:
    """Measure all candidates with one seed, leaving out each part in turn."""
    letters = rows = None
    for part in SOURCES if protocol == "unseen" else FIFTHS:
        config = leaving_out(part, []) if protocol == "unseen" else load_config(POOLED)
        if letters is None or rows is None:
            letters = load_letters(config)
            rows = letters.to_rows()
        train, test = split(config, letters, part)
        file = output / f"{protocol}-{part.replace(' ', '-')}-{seed}.joblib"
        what = f"{UNITS} {EPOCHS} {BATCH} {STEP} {CANDIDATES} {settings_of(config)}"
        yield cached(file, what, partial(fit, config, rows, letters, (train, test), seed))
        click.echo(f"{part} left out, seed {seed}", err=True)


def split(config: ExperimentConfig, letters: LetterSet, part: str) -> tuple[Codes, Codes]:
    """Return the training letters, and the letters of the part that is left out."""
    parts = build_split(config, letters)
    assert not callable(parts)
    return fifth_of(letters, parts[0], config.data.sources, FIFTHS.index(part)) if part in FIFTHS else parts


def fit(config: ExperimentConfig, rows: Rows, letters: LetterSet, parts: tuple[Codes, Codes], seed: int) -> Found:
    """Train a network per candidate on the same augmented letters, and evaluate it."""
    assert config.flat is not None
    train, test = parts
    member = build_member(config, config.flat)
    classes, codes = np.unique(letters.target, return_inverse=True)
    transform = clone(member.features).fit(rows[train], codes[train]).transform
    networks = {
        name: MLPClassifier(
            (UNITS,), alpha=candidate.alpha, batch_size=BATCH, learning_rate_init=STEP, random_state=seed
        )
        for name, candidate in CANDIDATES.items()
    }
    draw, own = np.random.default_rng(seed), {name: np.random.default_rng(seed + 1) for name in CANDIDATES}
    for epoch in range(EPOCHS):
        order = draw.permutation(train)
        features = transform(member.augmenter.augment(rows[order], draw))
        for name, candidate in CANDIDATES.items():
            X, y = candidate.apply(features, codes[order], len(classes), own[name])
            if epoch:  # the cosine schedule of AugmentedMLPClassifier
                networks[name]._optimizer.learning_rate_init = STEP * (1 + cos(pi * epoch / EPOCHS)) / 2
            networks[name].partial_fit(X, y, classes=np.arange(len(classes)))
    features = transform(rows[test])
    return {name: evaluated(network, features, codes[test]) for name, network in networks.items()}


def evaluated(network: MLPClassifier, rows: Rows, codes: Codes) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return of each letter whether its prediction is right, and its log-loss."""
    probabilities = network.predict_proba(rows).astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    of_truth = probabilities[np.arange(len(codes)), codes]
    return probabilities.argmax(axis=1) == codes, -np.log(np.maximum(of_truth, 1e-12))


def table(seeds: list[list[Found]]) -> str:
    """Return each candidate's difference from augmentation only: means over seeds, standard errors over letters."""
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
        f"| {name} | {100 * right[name].mean():.2f} | {gained.mean():+.2f} ({errors[0]:.2f}) "
        f"| {loss[name].mean():.4f} | {lost.mean():+.4f} ({errors[1]:.4f}) |"
    )


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
