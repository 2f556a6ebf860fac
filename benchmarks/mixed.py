"""Protocol "mixed": one classifier of capitals, small letters and digits, measured on letters of unseen writers.

    python -m benchmarks.mixed collect --output mixed             collects the letters, three minutes
    python -m benchmarks.mixed ladder --output mixed              fits one network per set of sources, and tests it
    python -m benchmarks.mixed ladder --output mixed --held-out   the same on training sources that are left out
    ensemble-hwr compare configs/mixed.toml --output report --data mixed     all contenders

The letters of configs/mixed.toml are collected from the folder ENSEMBLE_HWR_DATA: all that may train a shipped model,
typefaces and generated letters among them, and those of other writers for the test part. The output folder keeps
the letters of each source, all of them as mixed.npz, and the figures of each network, so that a benchmark that was
stopped continues.

Settings are chosen with ``--held-out``, never by figures on the test sources.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.letters import DATA
from benchmarks.pages import put
from ensemble_hwr import LetterNormalizer, generate_letters
from ensemble_hwr.alphabets import parse_alphabet, restrict
from ensemble_hwr.config import ExperimentConfig, load_config
from ensemble_hwr.config.building import build_member
from ensemble_hwr.datasets import (
    LetterSet,
    balance_indices,
    class_sample_weight,
    concatenate,
    load_fonts,
    load_index,
    load_npz,
    save_npz,
)

ROOT = Path(__file__).parent.parent
CLASSES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
GENERATED_WRITERS = 250
CAPPED = {"bhmsds": 60}  # letters per class of a source with few writers
FOLDERS: Mapping[str, tuple[str, ...]] = {  # sources that are stored in several folders
    "photo62": ("letters:photo62", "more/photo62_rest"),
    "tablet55": ("letters:tablet55", "more/tablet55_rest"),
    "binary20x16": ("letters:binary20x16",),
    "scan34": ("letters:scan34",),
    "omniglot_latin": ("more/omniglot_latin",),
    "phone36": ("more/phone36",),
    "comnist": ("more/comnist",),
}
GROUPS = {  # name of a group of test letters: the letters in it, and the alphabet of the answers
    "capitals": ("A-Z", "A-Z"),
    "small": ("a-z", "a-z"),
    "digits": ("0-9", "0-9"),
    "26 letters": ("A-Za-z", "letters"),
    "shapes": ("0-9A-Za-z", "shapes"),
    "all": ("0-9A-Za-z", "0-9A-Za-z"),
}
REAL = ("photo62", "tablet55", "binary20x16", "omniglot_latin", "sse15", "bhmsds")
LADDER = {
    "real": REAL,
    "real, generated": (*REAL, "generated"),
    "real, typefaces": (*REAL, "fonts"),
    "real, typefaces, generated": (*REAL, "fonts", "generated"),
}
HELD_OUT = ("photo62", "tablet55")


@click.group()
def main() -> None:
    """Collect the letters of the protocol, and fit networks on sets of sources."""


@main.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for mixed.npz.")
@click.option("--jobs", type=int, default=1, show_default=True, help="Number of processes.")
@click.option("--per-source", type=click.IntRange(1), help="Largest number of letters per source, for a trial.")
def collect(output: Path, jobs: int, per_source: int | None) -> None:
    """Collect the letters of all sources as rows."""
    output.mkdir(parents=True, exist_ok=True)
    split = load_config(ROOT / "configs" / "mixed.toml").split
    save_npz(output / "mixed.npz", collected([*split.train, *split.test], jobs, per_source, output / "sources"))


@main.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder with mixed.npz.")
@click.option("--held-out", is_flag=True, help="Test on training sources, each left out of the training.")
@click.option("--rung", "rungs", type=click.Choice(list(LADDER)), multiple=True, help="Set of sources; default: all.")
@click.option("--set", "changes", multiple=True, help="Setting of the config, such as flat.params.max_iter=20.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/mixed.md.")
def ladder(output: Path, held_out: bool, rungs: tuple[str, ...], changes: tuple[str, ...], update: bool) -> None:
    """Fit the flat network of the config on each set of sources, and print its accuracy per group of letters."""
    config = load_config(ROOT / "configs" / "mixed.toml", changes)
    letters = load_npz(output / "mixed.npz")
    tests = [(source,) for source in HELD_OUT] if held_out else [config.split.test]
    file = output / "ladder.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for rung in rungs or LADDER:
        rows[rung] = {}
        for tested in tests:
            key = " | ".join([rung, ",".join(tested), *changes])
            if key not in found:
                found[key] = figures(config, letters, LADDER[rung], tested)
                file.write_text(json.dumps(found, indent=1), encoding="utf-8")
            rows[rung] |= found[key]
    text = table(rows)
    click.echo(text)
    if update:
        name = "benchmarks/mixed.py ladder --held-out" if held_out else "benchmarks/mixed.py ladder"
        put(ROOT / "docs" / "notes" / "mixed.md", name, f"{text}\n")


def collected(sources: Iterable[str], jobs: int, per_source: int | None, folder: Path) -> LetterSet:
    """Return the letters of sources as rows of 8 bits; those of each source are kept in a folder."""
    folder.mkdir(exist_ok=True)
    parts = []
    for source in sources:
        file = folder / f"{source}.npz"
        if not file.exists():
            save_npz(file, normalized(source, jobs, per_source))
        parts.append(load_npz(file))
        click.echo(f"{source}: {len(parts[-1])} letters", err=True)
    return concatenate(parts, name="mixed")


def normalized(source: str, jobs: int, per_source: int | None) -> LetterSet:
    """Return the letters of a source as rows of 8 bits, without blank pictures."""
    letters = letters_of(source, per_source)
    letters = letters.take(np.isin(letters.target, list(CLASSES)))
    if source in CAPPED:
        letters = letters.take(balance_indices(letters.target, "cap", limit=CAPPED[source], random_state=0))
    if per_source is not None and per_source < len(letters):
        letters = letters.take(np.random.default_rng(0).choice(len(letters), per_source, replace=False))
    rows, failures = LetterNormalizer(dots=True, n_jobs=jobs).fit(letters.data).transform_readable(letters.data)
    letters = letters.take(np.delete(np.arange(len(letters)), list(failures)))
    n = len(letters)
    return LetterSet(
        np.rint(255 * rows).astype(np.uint8),
        letters.target,
        source=np.full(n, source),
        writer=np.full(n, "") if letters.writer is None else letters.writer,
        split=np.full(n, "") if letters.split is None else letters.split,
        name=source,
    )


def letters_of(source: str, limit: int | None = None) -> LetterSet:
    """Return the pictures of a source; of generated letters, at most so many."""
    if source == "generated":
        n = len(CLASSES) * GENERATED_WRITERS
        n = n if limit is None else min(n, limit)
        return generate_letters(n, letters=CLASSES, writers=GENERATED_WRITERS, random_state=0, format="pictures")
    if source == "fonts":
        return load_fonts(DATA / "fonts")
    if source not in FOLDERS:
        return load_npz(DATA / "more" / f"{source}.npz")
    parts = []
    for place in FOLDERS[source]:
        folder, _, own = place.partition(":")
        parts.append(load_index(DATA / folder, sources=[own] if own else None))
    return concatenate(parts, name=source)


def figures(
    config: ExperimentConfig, letters: LetterSet, trained: Iterable[str], tested: Iterable[str]
) -> dict[str, dict[str, float]]:
    """Fit the flat network, and return its accuracy per test source and group."""
    assert letters.source is not None
    rows = letters.to_rows()
    train = np.flatnonzero(np.isin(letters.source, sorted(set(trained) - set(tested))))
    assert config.flat is not None
    model = build_member(config, config.flat).set_params(random_state=0)
    fitted = model.fit(rows[train], letters.target[train], sample_weight=class_sample_weight(letters.target[train]))
    result = {}
    for source in tested:
        own = letters.source == source
        result[source] = accuracies(fitted.predict_proba(rows[own]), fitted.classes_, letters.target[own])
    return result


def accuracies(probabilities: NDArray[Any], classes: NDArray[Any], target: NDArray[Any]) -> dict[str, float]:
    """Return the accuracy on each group of letters, whose answers are restricted to the group."""
    result = {}
    for name, (members, answers) in GROUPS.items():
        own = np.isin(target, parse_alphabet(members).classes)
        if not own.any():
            continue
        found, labels = restrict(probabilities[own], classes, answers)
        folded = {part: label for label, parts in parse_alphabet(answers).parts for part in parts}
        expected = np.array([folded[label] for label in target[own].tolist()])
        result[name] = float((labels[found.argmax(axis=1)] == expected).mean())
    return result


def table(rungs: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Return accuracies as a Markdown table: a row per test source and set of training sources."""
    lines = [f"| tested on | trained on | {' | '.join(GROUPS)} |", f"| --- | --- |{' --- |' * len(GROUPS)}"]
    for source in next(iter(rungs.values())):
        for rung, found in rungs.items():
            cells = [f"{100 * found[source][group]:.1f}" if group in found[source] else "" for group in GROUPS]
            lines.append(f"| {source} | {rung} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
