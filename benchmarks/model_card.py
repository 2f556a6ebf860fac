"""The shipped model's card: measures it, writes MODEL_CARD.md beside it, or trains it again and compares.

    python -m benchmarks.model_card            measures models/az/az.model and writes its card, about a minute
    python -m benchmarks.model_card --check    trains it again by the command it was made with: the same figures?

The letters must be where configs/unseen.toml or ENSEMBLE_HWR_DATA say. What the card says of the model comes from the
model's own manifest, what it reads from this script.
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
from ensemble_hwr.evaluation import confused_pairs, count_macs, count_parameters, per_class, scores
from ensemble_hwr.persistence import ModelInfo, describe_model, load_model

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "models" / "az" / "az.model"
NEVER_LEARNED_FROM = ("scan34", "scan30", "cursive28")
SOURCES = {
    "photo62": "colour photographs of letters in pen or pencil on paper; MIT licence, (c) 2025 Bishwaprotap Ray "
    "(TasnimulIntazamAsif/Handwritten_Letter_Indentification)",
    "tablet55": "drawings on a pen tablet by 55 writers; the EnglishHnd part of Chars74K: T. E. de Campos, B. R. Babu "
    "and M. Varma, Character recognition in natural images, VISAPP 2009",
    "binary20x16": "Binary Alphadigits by S. Roweis, 20x16 pixels, black or white; redistributed under the Unlicense",
    "generated extra": "letters that this library's `generate_letters` writes itself; no licence is needed",
}
GENERATED, WRITERS, SEED = 5200, 100, 20_301  # a seed of its own: no writer the model can have learned from


@dataclass(frozen=True)
class Row:
    """What the model reads of some letters it did not learn from."""

    name: str
    what: str
    letters: LetterSet
    probabilities: NDArray[np.float64]
    classes: NDArray[np.str_]

    @property
    def answered(self) -> NDArray[np.str_]:
        """The letters answered."""
        return self.classes[self.probabilities.argmax(axis=1)]

    def accuracy(self, where: NDArray[np.bool_] | None = None) -> float:
        """Share of right answers, of all letters or of some."""
        right = self.answered == self.letters.target
        return float(right.mean() if where is None else right[where].mean())


@click.command()
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, help="The model file.")
@click.option("--data", type=click.Path(path_type=Path), help="The folder that holds the letters.")
@click.option("--check", is_flag=True, help="Train again and compare, instead of writing the card.")
def main(model: Path, data: Path | None, check: bool) -> None:
    """Write the card, or check that training again gives the same figures."""
    info = describe_model(model)
    learned = [source for source in NEVER_LEARNED_FROM if info.trained_on.get(source)]
    if learned or not info.trained_on:
        raise click.ClickException(f"{model} must not learn from {' and '.join(learned) or 'letters it does not name'}")
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
    """Read every letter that the model did not learn from."""
    real = {source: load_index(data, sources=[source]) for source in NEVER_LEARNED_FROM}
    sets = [
        ("scan34", "protocol *unseen*: a source nobody learned from", real["scan34"]),
        ("scan34, pooled test part", "its letters in the test part of protocol *pooled*", _test_part(real["scan34"])),
        ("scan30", "another source nobody learned from; parts of some letters are cut off", real["scan30"]),
        ("scan30, pooled test part", "its letters in the test part of protocol *pooled*", _test_part(real["scan30"])),
        ("cursive28", "stress test: letters cut out of joined writing, neighbours visible", real["cursive28"]),
        ("generated", f"`generate_letters({GENERATED}, writers={WRITERS}, random_state={SEED})`", generated()),
    ]
    return [
        Row(name, what, letters, model.predict_proba(list(letters.data)), model.classes_)
        for name, what, letters in sets
    ]


def generated() -> LetterSet:
    """Letters of made-up writers that no model can have learned from."""
    return generate_letters(GENERATED, writers=WRITERS, random_state=SEED, format="pictures")


def _test_part(letters: LetterSet) -> LetterSet:
    assert letters.split is not None
    return letters.take(letters.split == "test")


def agree(info: ModelInfo, rows: list[Row]) -> None:
    """Refuse to write a card that says something else than the manifest."""
    measured = {row.name: row.accuracy() for row in rows}
    for source, found in info.figures.get("per_source", {}).items():
        if source in measured and abs(measured[source] - found["accuracy"]) > 1e-3:
            raise click.ClickException(
                f"{source}: the manifest says {found['accuracy']:.4f}, measured is {measured[source]:.4f}"
            )


def cost(model: Any, letters: LetterSet) -> tuple[int, float]:
    """Parameters of the classifier, and MACs it spends on a letter."""
    classifier, rows = model[-1], model[:-1].transform(list(letters.data[:2000]))
    return count_parameters(classifier) or 0, count_macs(classifier, rows) or 0.0


def train_again(info: ModelInfo, data: Path | None) -> str:
    """Train by the manifest's command and compare the figures; say so, or fail with what differs."""
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
                    "training again gives other figures:",
                    *different,
                    f"scikit-learn: {made_with}, here {here}",
                    "Another kind of processor rounds otherwise, too: the figures are then close, but not the same.",
                ]
            )
        )
    same = "and the same bytes" if info.manifest["sha256"] == repeated.manifest["sha256"] else "but other bytes"
    return f"training again gives the same figures {same}"


def differences(one: Any, other: Any, name: str = "figures") -> list[str]:
    """Name every figure that is not the same."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{name}.{key}")]
    return [] if one == other else [f"{name}: {one} before, {other} now"]


def write_card(info: ModelInfo, rows: list[Row], spent: tuple[int, float]) -> str:
    """Fill the card."""
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
    """One line of the table of figures."""
    suspect = row.letters.suspect
    trusted = "" if suspect is None or not suspect.any() else percent(row.accuracy(~suspect))
    measured = scores(row.letters.target, row.probabilities, row.classes)
    cells = [
        row.name, row.what, f"{len(row.letters):,}", percent(row.accuracy()), trusted,
        f"{measured['log_loss']:.3f}", f"{measured['expected_calibration_error']:.3f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def weakest(row: Row) -> str:
    """Name the letters read worst."""
    of_each = per_class(row.letters.target, row.answered, row.classes)
    accuracy = {letter: float(str(found["accuracy"])) for letter, found in of_each.items() if found["support"]}
    worst = sorted(accuracy, key=lambda letter: accuracy[letter])[:6]
    return ", ".join(f"{letter} ({percent(accuracy[letter])} %)" for letter in worst)


def confused(row: Row) -> str:
    """Name the pairs of letters confused most."""
    pairs = confused_pairs(row.letters.target, row.answered, n=6)
    return ", ".join(f"{pair['a']}/{pair['b']} ({pair['count']})" for pair in pairs)


def percent(share: float) -> str:
    """Two decimals, without the sign."""
    return f"{100 * share:.2f}"


CARD = """\
# Model card: az

Reads one handwritten capital, A to Z, from a picture of any size. `az.model` holds numbers and names of types of a
fixed list, {size} MB; reading it runs nothing. It is a scikit-learn Pipeline: a `LetterNormalizer`, which opens the
picture and makes a row of ink, and a hierarchical ensemble of {parameters} parameters, which spends {operations}
MACs on a letter of scan34 on average. Made by `python -m benchmarks.model_card`, like all of this card.

```python
from ensemble_hwr import load_model

model = load_model("az")
model.predict(["scan.png"]), model.predict_proba(["scan.png"]), model.classes_
```

## What it learned from

| source | letters | what they are, licence |
| --- | --- | --- |
{data}

It never learned from scan34, scan30 or cursive28, whose makers state no licence: they are for measuring alone.
Nothing about the model was chosen by its figures below; settings were chosen inside the letters it learned
from, by leaving sources out. The router's width, step and alpha were found so by the study `az_tune/letters/router` of
configs/az_tune.toml: log-loss 0.213 before, 0.189 after; the whole hierarchy then read 96.70 % of the sources left out
instead of 96.56 %, with a log-loss of 0.153 instead of 0.158 (`python -m benchmarks.settings hierarchies`). The studies
of specialists, `az_tune/letters/specialist:A-E` to `S-V`, found better ones at their own questions; they were not
judged in the whole, and are not taken.

```sh
{command}
```

Random state {random_state}; {versions}. The same command with these versions gives the same figures, to the last digit on the same
kind of processor: `python -m benchmarks.model_card --check`. Another kind sums in another order, and the networks end
a little elsewhere: the same training on two kinds differed by 0.03 points of letters read right.

## What it reads

Letters that it did not learn from. *Not suspect* leaves out letters whose label two simple classifiers both reject:
some are mislabelled, many are only hard.

| letters | what they are | how many | right % | not suspect % | log-loss | calibration error |
| --- | --- | --- | --- | --- | --- | --- |
{figures}

There is no figure for the sources it learned from: on those it would be praised for what it has seen. Protocol
*pooled* trains on scans too, which this model may not; of its test part only the two sources it did not learn from
say something of this model, and they are harder for it than for a model that has seen their neighbours. The
project's README has the figures of models trained by that protocol.

## Known weaknesses

On scan34 the weakest letters are {weakest}; most often confused are {confused}.

- Capitals alone. Small letters, digits, accents and other marks are answered with some capital all the same; a low
  probability is the only hint. A picture without ink is refused.
- One letter a picture. Joined writing is not what it is for: {cursive} % of cursive28.
- It knows no upside down: M and W, and Z and N on their side, are told apart by how they stand.
- Letters with parts cut off: see scan30.
- No probability is a promise: where it is more than 99 % sure ({sure} % of scan34), it is right in {sure_right} %.
- The writers it learned from are few, and nobody asked who they are: other schools of handwriting, left-handed and
  unsteady hands may fare worse, and no figure here says how much.

## What it is not for

Decisions about people, such as grading, forensic comparison of hands or who wrote what; reading forms, ballots,
prescriptions or addresses without somebody who checks. Measure it on letters of your own first:
`ensemble-hwr evaluate az my-letters/`.
"""


if __name__ == "__main__":
    main()
