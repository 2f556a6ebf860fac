"""The model card of the shipped model: figures, description, and a check by training again.

    python -m benchmarks.model_card            evaluate models/az/az.model and write its card, about a minute
    python -m benchmarks.model_card --check    train the model again by the command in its manifest, and compare

The letters must be in the place that configs/unseen.toml or ENSEMBLE_HWR_DATA names. The manifest of the model
describes its training; this script computes the figures.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.config import load_config
from ensemble_hwr.config.letters import locate_data
from ensemble_hwr.datasets import LetterSet, generate_letters, load_index
from ensemble_hwr.evaluation import count_macs, count_parameters
from ensemble_hwr.evaluation.metrics import confused_pairs, per_class, scores
from ensemble_hwr.persistence import ModelInfo, describe_model, load_model

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "models" / "az" / "az.model"
NOT_TRAINED_ON = ("scan34", "scan30", "cursive28")
SOURCES = {
    "photo62": "colour photographs of letters in pen or pencil on paper; MIT licence, (c) 2025 Bishwaprotap Ray "
    "(TasnimulIntazamAsif/Handwritten_Letter_Indentification)",
    "tablet55": "drawings on a pen tablet by 55 writers; the EnglishHnd part of Chars74K: T. E. de Campos, B. R. Babu "
    "and M. Varma, Character recognition in natural images, VISAPP 2009",
    "binary20x16": "Binary Alphadigits by S. Roweis, 20x16 pixels, black or white; redistributed under the Unlicense",
    "generated extra": "letters of this library's `generate_letters`; no licence is needed",
}
GENERATED, WRITERS, SEED = 5200, 100, 20_301  # a seed that training does not use, so that all writers are unseen


@dataclass(frozen=True)
class Row:
    """Predictions for some letters that the model was not trained on."""

    name: str
    what: str
    letters: LetterSet
    probabilities: NDArray[np.float64]
    classes: NDArray[np.str_]

    @property
    def predicted(self) -> NDArray[np.str_]:
        """The predicted letters."""
        return self.classes[self.probabilities.argmax(axis=1)]

    def accuracy(self, where: NDArray[np.bool_] | None = None) -> float:
        """Return the accuracy, on all letters or on some of them."""
        right = self.predicted == self.letters.target
        return float(right.mean() if where is None else right[where].mean())


@click.command()
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, help="The model file.")
@click.option("--data", type=click.Path(path_type=Path), help="The folder that holds the letters.")
@click.option("--check", is_flag=True, help="Train again and compare figures; write no card.")
def main(model: Path, data: Path | None, check: bool) -> None:
    """Write the model card, or check that training again gives the same figures."""
    info = describe_model(model)
    wrong = [source for source in NOT_TRAINED_ON if info.trained_on.get(source)]
    if wrong or not info.trained_on:
        raise click.ClickException(f"{model} must not have seen {' and '.join(wrong) or 'letters it does not name'}")
    if check:
        click.echo(train_again(info, data))
        return
    fitted = load_model(model)
    rows = measure(fitted, locate_data(load_config(ROOT / "configs" / "unseen.toml"), data))
    agree(info, rows)
    card = model.with_name("MODEL_CARD.md")
    card.write_text(write_card(info, rows, cost(fitted, rows[0].letters)), encoding="utf-8")
    click.echo(f"card: {card}")


def measure(model: Any, data: Path) -> list[Row]:
    """Evaluate the model on all letters that it was not trained on."""
    real = {source: load_index(data, sources=[source]) for source in NOT_TRAINED_ON}
    sets = [
        ("scan34", "protocol *unseen*: a source that is in no training set", real["scan34"]),
        ("scan34, pooled test part", "its letters in the test part of protocol *pooled*", _test_part(real["scan34"])),
        ("scan30", "another source in no training set; parts of some letters are cut off", real["scan30"]),
        ("scan30, pooled test part", "its letters in the test part of protocol *pooled*", _test_part(real["scan30"])),
        (
            "cursive28",
            "letters cut out of joined writing, with parts of their neighbours",
            real["cursive28"],
        ),
        ("generated", f"`generate_letters({GENERATED}, writers={WRITERS}, random_state={SEED})`", generated()),
    ]
    return [
        Row(name, what, letters, model.predict_proba(list(letters.data)), model.classes_)
        for name, what, letters in sets
    ]


def generated() -> LetterSet:
    """Return generated letters of writers that are in no training set."""
    return generate_letters(GENERATED, writers=WRITERS, random_state=SEED, format="pictures")


def _test_part(letters: LetterSet) -> LetterSet:
    assert letters.split is not None
    return letters.take(letters.split == "test")


def agree(info: ModelInfo, rows: list[Row]) -> None:
    """Raise an error if figures differ from those in the manifest."""
    measured = {row.name: row.accuracy() for row in rows}
    for source, found in info.figures.get("per_source", {}).items():
        if source in measured and abs(measured[source] - found["accuracy"]) > 1e-3:
            raise click.ClickException(
                f"{source}: accuracy {found['accuracy']:.4f} in the manifest, {measured[source]:.4f} measured"
            )


def cost(model: Any, letters: LetterSet) -> tuple[int, float]:
    """Return the number of parameters of the classifier, and its MACs per letter."""
    classifier, rows = model[-1], model[:-1].transform(list(letters.data[:2000]))
    return count_parameters(classifier) or 0, count_macs(classifier, rows) or 0.0


def train_again(info: ModelInfo, data: Path | None) -> str:
    """Train by the command in the manifest and compare the figures; raise an error if they differ."""
    metadata = info.manifest["metadata"]
    words = shlex.split(metadata["command"])[1:]
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder, "again.model")
        words[words.index("--output") + 1] = str(again)
        words += [] if data is None else ["--data", str(data)]
        subprocess.run([sys.executable, "-m", "ensemble_hwr", *words], check=True, cwd=ROOT)
        repeated = describe_model(again)
    different = differences(info.figures, repeated.figures)
    if different:
        made_with, here = info.manifest["versions"]["scikit-learn"], version("scikit-learn")
        raise click.ClickException(
            "\n".join(
                [
                    "training again gives different figures:",
                    *different,
                    f"scikit-learn: {made_with}, here {here}",
                    "Figures differ slightly between kinds of processors.",
                ]
            )
        )
    same = (
        "and the same file"
        if info.manifest["sha256"] == repeated.manifest["sha256"]
        else "in a file with different bytes"
    )
    return f"training again gives the same figures {same}"


def differences(one: Any, other: Any, name: str = "figures") -> list[str]:
    """List all figures that differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{name}.{key}")]
    return [] if one == other else [f"{name}: {one} before, {other} now"]


def write_card(info: ModelInfo, rows: list[Row], spent: tuple[int, float]) -> str:
    """Return the text of the card."""
    metadata, versions = info.manifest["metadata"], info.manifest["versions"]
    first = rows[0]
    parameters, operations = spent
    return CARD.format(
        size=f"{info.size / 1e6:.1f}",
        parameters=f"{parameters:,}",
        operations=f"{operations:,.0f}",
        accuracy=percent(first.accuracy()),
        data="\n".join(f"| {name} | {count:,} | {SOURCES[name]} |" for name, count in info.trained_on.items()),
        command=metadata["command"],
        random_state=metadata["random_state"],
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
        figures="\n".join(figures_line(row) for row in rows),
        weakest=weakest(first),
        confused=confused(first),
        cursive=percent(next(row for row in rows if row.name == "cursive28").accuracy()),
        sure=percent(float((first.probabilities.max(axis=1) > 0.99).mean())),
        sure_right=percent(first.accuracy(first.probabilities.max(axis=1) > 0.99)),
    )


def figures_line(row: Row) -> str:
    """Return one row of the table of figures."""
    suspect = row.letters.suspect
    clean = "" if suspect is None or not suspect.any() else percent(row.accuracy(~suspect))
    measured = scores(row.letters.target, row.probabilities, row.classes)
    cells = [
        row.name, row.what, f"{len(row.letters):,}", percent(row.accuracy()), clean,
        f"{measured['log_loss']:.3f}", percent(measured["expected_calibration_error"]),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def weakest(row: Row) -> str:
    """List the letters with the lowest accuracy."""
    of_each = per_class(row.letters.target, row.predicted, row.classes)
    accuracy = {letter: float(str(found["accuracy"])) for letter, found in of_each.items() if found["support"]}
    worst = sorted(accuracy, key=lambda letter: accuracy[letter])[:6]
    return ", ".join(f"{letter} ({percent(accuracy[letter])} %)" for letter in worst)


def confused(row: Row) -> str:
    """List the pairs of letters that are confused most often."""
    pairs = confused_pairs(row.letters.target, row.predicted, n=6)
    return ", ".join(f"{pair['a']}/{pair['b']} ({pair['count']})" for pair in pairs)


def percent(share: float) -> str:
    """Format a share in percent, without the sign."""
    return f"{100 * share:.2f}"


CARD = """\
# Model card: az

Classifies one handwritten capital, A to Z, in a picture of any size. The model is a scikit-learn Pipeline of a
`LetterNormalizer`, which converts the picture to a row of ink, and a hierarchical ensemble of {parameters}
parameters, which needs {operations} MACs per letter on average (scan34). The file `az.model` has {size} MB; loading it
runs no code. This card is written by `python -m benchmarks.model_card`.

```python
from ensemble_hwr import load_model

model = load_model("az")
model.predict(["scan.png"]), model.predict_proba(["scan.png"]), model.classes_
```

## Training data

| source | letters | description and licence |
| --- | --- | --- |
{data}

The model was not trained on scan34, scan30 or cursive28, whose authors state no licence; they are used for evaluation
only. No setting was chosen by the figures below. Settings were chosen within the training letters, by leaving out
sources. Width, step size and alpha of the router come from the study `az_tune/letters/router` of configs/az_tune.toml,
which reduced its log-loss from 0.213 to 0.189. With this router, the whole hierarchy classified 96.70 % of the sources
left out instead of 96.56 %, with a log-loss of 0.153 instead of 0.158 (`python -m benchmarks.settings hierarchies`).
The studies of specialists, `az_tune/letters/specialist:A-E` to `S-V`, found parameters with a lower loss for single
specialists; their effect on the whole hierarchy was not evaluated, and they are not used.

```sh
{command}
```

Random state {random_state}; {versions}. The same command with these versions gives exactly the same figures on the same
kind of processor (`python -m benchmarks.model_card --check`). Other processors round differently: on two kinds of
processors, the accuracy of the same training differed by 0.03 points.

## Figures

All letters are unseen in training. The accuracy without suspected label errors leaves out letters whose label two
simple classifiers both reject; some of these are mislabelled, many are only hard to read.

| letters | description | number | accuracy % | accuracy % without suspected label errors | log-loss | ECE % |
| --- | --- | --- | --- | --- | --- | --- |
{figures}

The card has no figures for the training sources, because accuracy on training letters is too optimistic. The protocol
*pooled* trains on scans too, and this model does not. Of its test part, only the two sources above are unseen by this
model, and they are harder for it than for a model that was trained on other letters of the same sources. The figures of
models trained by that protocol are in docs/notes/accuracy.md.

## Limitations

On scan34 the letters with the lowest accuracy are {weakest}. The pairs confused most often are {confused}.

- Capitals only. Small letters, digits, accents and other marks are classified as some capital; a low probability is the
  only indication. A picture without ink is an error.
- One letter per picture. The model is not made for joined writing: {cursive} % of cursive28.
- Letters must be upright. M and W, or N and Z on its side, differ only by their orientation.
- Letters with missing parts: see scan30.
- Probabilities are estimates. Where the probability is above 99 % ({sure} % of scan34), accuracy is {sure_right} %.
- Few writers, of unknown age, handedness and schooling. Accuracy may be lower for other schools of handwriting and for
  unsteady writing, and no figure here measures this.

## Out of scope

Do not use the model for decisions about people, such as grading or forensic comparison of handwriting, nor for forms,
ballots, prescriptions or addresses without human review. Evaluate it on your own letters first:
`ensemble-hwr evaluate az my-letters/`.
"""


if __name__ == "__main__":
    main()
