"""The model card of the shipped model "mixed", and the tables of docs/notes/mixed.md about it.

    python -m benchmarks.mixed_card --output mixed            evaluate models/mixed/mixed.model and write its card
    python -m benchmarks.mixed_card --output mixed --store    the same, and store the figures in the model file
    python -m benchmarks.mixed_card --output mixed --check    train the model again, and compare figures and file

The folder is that of ``python -m benchmarks.mixed train``, which keeps the letters of each source.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.letters import DATA
from benchmarks.mixed import GROUPS, MODEL, ROOT, collected, scored
from benchmarks.model_card import differences, percent
from benchmarks.pages import put
from ensemble_hwr.alphabets import parse_alphabet, restrict
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.evaluation import count_macs, count_parameters
from ensemble_hwr.evaluation.metrics import confused_pairs, per_class, scores
from ensemble_hwr.persistence import ModelInfo, describe_model, load_model, save_model

PAGE = ROOT / "docs" / "notes" / "mixed.md"
FONTS = DATA / "fonts"
SOURCES = {
    "photo62": "colour photographs of letters in pen or pencil on paper; MIT licence, (c) 2025 Bishwaprotap Ray "
    "(TasnimulIntazamAsif/Handwritten_Letter_Indentification)",
    "tablet55": "drawings on a pen tablet by 55 writers; the EnglishHnd part of Chars74K: T. E. de Campos, B. R. Babu "
    "and M. Varma, Character recognition in natural images, VISAPP 2009",
    "binary20x16": "Binary Alphadigits by S. Roweis, 20x16 pixels, black or white; redistributed under the Unlicense",
    "omniglot_latin": "small letters drawn with a mouse by 20 writers; Omniglot, MIT licence, (c) 2015 Brenden Lake",
    "sse15": "15 of the capitals, marker and pen on paper, 149 writers; MIT licence, (c) 2025 Leonid Ivanov",
    "bhmsds": "digits and w, x, y, z from photographed sheets, few writers, at most 60 per class; MIT licence, "
    "(c) 2019 wblachowski",
    "fonts": "typefaces drawn from handwriting, listed below; SIL Open Font License 1.1 or Apache License 2.0",
    "generated": "letters of this library's `generate_letters`; no licence is needed",
    "dotted_i": "capital I with a dot, generated from the strokes of this library; no licence is needed",
}
TESTED = {
    "unipen62": "drawn from the pen tracks of hundreds of writers (UNIPEN)",
    "phone36": "photographs by telephone; capitals and digits",
    "sd19vowels": "vowels from the forms of NIST Special Database 19",
    "comnist": "drawn with finger or mouse on a screen; capitals",
    "scan34": "capitals from scanned pages",
}
AIMS = {  # of the protocol, in percent
    ("unipen62", "capitals"): 96.5,
    ("unipen62", "small"): 90.0,
    ("unipen62", "digits"): 98.5,
    ("unipen62", "26 letters"): 91.5,
    ("sd19vowels", "26 letters"): 94.0,
    ("phone36", "capitals"): 98.0,
    ("phone36", "digits"): 98.5,
    ("scan34", "capitals"): 96.0,
}
CALIBRATED = ("capitals", "small", "digits", "all")  # groups with figures of their probabilities


@dataclass(frozen=True)
class Group:
    """Predictions for the letters of one group of one source, restricted to the answers of the group."""

    source: str
    name: str
    target: NDArray[np.str_]
    probabilities: NDArray[np.float64]
    classes: NDArray[np.str_]
    suspect: NDArray[np.bool_] | None = None

    @property
    def predicted(self) -> NDArray[np.str_]:
        """The predicted labels."""
        return self.classes[self.probabilities.argmax(axis=1)]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each prediction is right."""
        return self.predicted == self.target


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the letters.")
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, help="The model file.")
@click.option("--store", is_flag=True, help="Store the figures in the model file, as after a change of the normalizer.")
@click.option("--check", is_flag=True, help="Train again and compare; write nothing.")
def main(output: Path, model: Path, store: bool, check: bool) -> None:
    """Write the model card and the tables, or check that training again gives the same model."""
    info = describe_model(model)
    tested = {source: collected([source], 1, None, output / "sources") for source in TESTED}
    wrong = sorted(set(info.trained_on) - set(SOURCES))
    if wrong or not info.trained_on:
        raise click.ClickException(f"{model} must not have seen {' and '.join(wrong) or 'letters it does not name'}")
    if check:
        click.echo(train_again(info, output))
        return
    fitted = load_model(model)
    repeated = scored(fitted[-1], tested)
    different = differences(info.figures, repeated)
    if different:
        click.echo("\n".join(["figures differ from those in the file:", *different]), err=True)
    if different and store:
        store_figures(model, fitted, info, repeated)
    found = [group for source, letters in tested.items() for group in groups_of(fitted[-1], source, letters)]
    card = model.with_name("MODEL_CARD.md")
    card.write_text(card_text(info, found, cost(fitted[-1], tested["scan34"])), encoding="utf-8")
    put(PAGE, "benchmarks/mixed_card.py", f"{comparison(found, capitals_of_az(tested))}\n")
    click.echo(f"card: {card}")


def store_figures(model: Path, fitted: Any, info: ModelInfo, figures: dict[str, Any]) -> None:
    """Replace the figures in the metadata of a model file."""
    with zipfile.ZipFile(model) as archive:
        hashes = np.frombuffer(archive.read("training_hashes.u8"), "<u8")
    save_model(fitted, model, metadata={**info.manifest["metadata"], "figures": figures}, training_hashes=hashes)


def groups_of(classifier: Any, source: str, letters: LetterSet) -> Iterator[Group]:
    """Yield the predictions for each group of the letters of a source."""
    probabilities = classifier.predict_proba(letters.to_rows())
    for name, (members, answers) in GROUPS.items():
        own = np.isin(letters.target, parse_alphabet(members).classes)
        if not own.any():
            continue
        found, labels = restrict(probabilities[own], classifier.classes_, answers)
        folded = {part: label for label, parts in parse_alphabet(answers).parts for part in parts}
        target = np.array([folded[label] for label in letters.target[own].tolist()])
        yield Group(source, name, target, found, labels, None if letters.suspect is None else letters.suspect[own])


def capitals_of_az(tested: Mapping[str, LetterSet]) -> dict[str, tuple[float, float | None]]:
    """Return the accuracy of the model "az" on the capitals of each source, also without suspected label errors."""
    classifier = load_model("az")[-1]
    result = {}
    for source, letters in tested.items():
        capitals = letters.take(np.isin(letters.target, classifier.classes_))
        right = classifier.predict(capitals.to_rows()) == capitals.target
        clean = capitals.suspect
        result[source] = (
            float(right.mean()),
            None if clean is None or not clean.any() else float(right[~clean].mean()),
        )
    return result


def cost(classifier: Any, letters: LetterSet) -> tuple[int, float]:
    """Return the number of parameters of the classifier, and its MACs per letter."""
    return count_parameters(classifier) or 0, count_macs(classifier, letters.to_rows()[:2000]) or 0.0


def comparison(found: list[Group], az: Mapping[str, tuple[float, float | None]]) -> str:
    """Return the accuracy per source and group, with that of "az" and the aims of the protocol, as a table."""
    lines = [
        "| tested on | group | letters | `mixed` | `az` | aim |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for group in found:
        own, clean = az[group.source] if group.name == "capitals" else (None, None)
        aim = AIMS.get((group.source, group.name))
        lines.append(
            f"| {group.source} | {group.name} | {len(group.target):,} | {percent(float(group.right.mean()))} "
            f"| {'' if own is None else percent(own)} | {'' if aim is None else f'{aim:.1f}'} |"
        )
        if clean is not None and group.suspect is not None:
            sound = ~group.suspect
            lines.append(
                f"| {group.source} | {group.name}, without suspected label errors | {int(sound.sum()):,} "
                f"| {percent(float(group.right[sound].mean()))} | {percent(clean)} | 98.8 |"
            )
    return "\n".join(lines)


def card_text(info: ModelInfo, found: list[Group], spent: tuple[int, float]) -> str:
    """Return the text of the card."""
    metadata, versions = info.manifest["metadata"], info.manifest["versions"]
    by_name = {(group.source, group.name): group for group in found}
    everything = by_name["unipen62", "all"]
    sure = everything.probabilities.max(axis=1) > 0.95
    return CARD.format(
        size=f"{info.size / 1e6:.1f}",
        parameters=f"{spent[0]:,}",
        operations=f"{spent[1]:,.0f}",
        data="\n".join(f"| {name} | {count:,} | {SOURCES[name]} |" for name, count in info.trained_on.items()),
        fonts=", ".join(f"{name} ({licence})" for name, licence in typefaces()),
        command=metadata["command"],
        random_state=metadata["random_state"],
        versions=", ".join(f"{name} {number}" for name, number in versions.items()),
        tested="\n".join(f"- {name}: {what}" for name, what in TESTED.items()),
        figures="\n".join(figures_line(group) for group in found),
        weakest="\n".join(weakest(by_name["unipen62", name]) for name in ("capitals", "small", "digits")),
        confused=confused(everything),
        sure=percent(float(sure.mean())),
        sure_right=percent(float(everything.right[sure].mean())),
    )


def figures_line(group: Group) -> str:
    """Return one row of the table of figures."""
    cells = [group.source, group.name, f"{len(group.target):,}", percent(float(group.right.mean()))]
    if group.name in CALIBRATED:
        measured = scores(group.target, group.probabilities, group.classes)
        cells += [f"{measured['log_loss']:.3f}", percent(measured["expected_calibration_error"])]
    else:
        cells += ["", ""]
    return f"| {' | '.join(cells)} |"


def weakest(group: Group) -> str:
    """Return the characters of a group with the lowest accuracy, as an item of a list."""
    of_each = per_class(group.target, group.predicted, group.classes)
    accuracy = {label: float(str(found["accuracy"])) for label, found in of_each.items() if found["support"]}
    worst = sorted(accuracy, key=lambda label: accuracy[label])[:6]
    pairs = confused_pairs(group.target, group.predicted, n=5)
    return (
        f"- {group.name}: {', '.join(f'{label} ({percent(accuracy[label])} %)' for label in worst)}; confused "
        f"most often: {', '.join(f'''{pair['a']}/{pair['b']}''' for pair in pairs)}"
    )


def confused(group: Group) -> str:
    """Return the pairs of characters that are confused most often."""
    pairs = confused_pairs(group.target, group.predicted, n=12)
    return ", ".join(f"{pair['a']}/{pair['b']} ({pair['count']:,})" for pair in pairs)


def typefaces() -> list[tuple[str, str]]:
    """Return the names of the typefaces and their licences."""
    found = []
    for folder in sorted(place for place in FONTS.iterdir() if place.is_dir()):
        text = "".join(file.read_text(encoding="utf-8", errors="replace") for file in folder.glob("LICENSE*"))
        licence = "OFL" if "SIL OPEN FONT LICENSE" in text.upper() else "Apache" if "Apache" in text else ""
        if not licence:
            raise click.ClickException(f"{folder}: the licence is not recognized")
        found.append((folder.name, licence))
    return found


def train_again(info: ModelInfo, output: Path) -> str:
    """Train by the command in the manifest, and compare; raise an error if figures differ."""
    words = info.manifest["metadata"]["command"].split()[1:]
    words[words.index("--output") + 1] = str(output)
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder, "again.model")
        subprocess.run([sys.executable, *words, "--model", str(again)], check=True, cwd=ROOT)
        repeated = describe_model(again)
    different = differences(info.figures, repeated.figures)
    if different:
        raise click.ClickException("\n".join(["training again gives different figures:", *different]))
    same = info.manifest["sha256"] == repeated.manifest["sha256"]
    return f"training again gives the same figures {'and the same file' if same else 'in a file with different bytes'}"


CARD = """\
# Model card: mixed

Classifies one handwritten character, a to z, A to Z or 0 to 9, in a picture of any size. The model is a scikit-learn
Pipeline of a `LetterNormalizer`, which converts the picture to a row of ink and keeps the dots of i and j, and a
committee of three networks on different features, with {parameters} parameters together and {operations} MACs per
letter. The file `mixed.model` has {size} MB; loading it runs no code. This card is written by
`python -m benchmarks.mixed_card`.

```python
from ensemble_hwr import load_model

model = load_model("mixed")  # 62 classes
capitals = load_model("mixed", alphabet="A-Z")  # the same model, with capitals as the only answers
letters = load_model("mixed", alphabet="letters")  # 26 letters, case ignored
```

## Training data

| source | letters | description and licence |
| --- | --- | --- |
{data}

The typefaces, each with its licence (OFL: SIL Open Font License 1.1; Apache: Apache License 2.0); their small letters
are left out where they are drawn as capitals: {fonts}.

The model was not trained on the sources below. Settings were chosen on training sources that were left out of the
training, never by the figures of this card; see docs/notes/mixed.md.

```sh
{command}
```

Random state {random_state}; {versions}.
The command collects the letters from the folder in the environment variable `ENSEMBLE_HWR_DATA` and trains the model;
the same versions give the same figures on the same kind of processor (`python -m benchmarks.mixed_card --check`).

## Figures

All letters are of writers that are unseen in training:

{tested}

The answers are restricted to the group: capitals among capitals, small letters among small letters, digits among
digits. "26 letters" ignores case; "shapes" counts characters of one shape, such as o, O and 0, as one class; "all" are
all 62 classes.

| source | group | letters | accuracy % | log-loss | ECE % |
| --- | --- | --- | --- | --- | --- |
{figures}

## Limitations

The lowest accuracies on unipen62, within each group:

{weakest}

Among all 62 classes, the pairs confused most often on unipen62 are {confused}.

- Size is not known: a picture of one letter does not show whether it is o, O or 0, s or S, 1, l or I. Restrict the
  alphabet where you know it. Words decide it by the size of the letters relative to each other.
- One character per picture, upright, without the strokes that join it to its neighbours. Marks, accents and umlauts
  are classified as some letter or digit; a low probability is the only indication. A picture without ink is an error.
- Real small letters and digits in the training are few: most small letters are typefaces or generated.
- Probabilities are estimates and are not recalibrated. Where the probability among all classes is above 95 %
  ({sure} % of unipen62), accuracy is {sure_right} %.
- Writers of unknown age, handedness and schooling. Accuracy may be lower for other schools of handwriting and for
  unsteady writing, and no figure here measures this.

## Out of scope

Do not use the model for decisions about people, such as grading or forensic comparison of handwriting, nor for forms,
ballots, prescriptions or addresses without human review. Evaluate it on your own letters first:
`ensemble-hwr evaluate mixed my-letters/`.
"""


if __name__ == "__main__":
    main()
