"""Protocol "mixed": one classifier of capitals, small letters and digits, measured on letters of unseen writers.

    python -m benchmarks.mixed collect --output mixed             collects the letters, three minutes
    python -m benchmarks.mixed ladder --output mixed              fits one network per set of sources, and tests it
    python -m benchmarks.mixed ladder --output mixed --held-out   the same on training sources that are left out
    python -m benchmarks.mixed train --output mixed               collects the letters and trains the shipped model
    ensemble-hwr compare configs/mixed.toml --output report --data mixed     all contenders

The letters of configs/mixed.toml are collected from the folder ENSEMBLE_HWR_DATA: all that may train a shipped model,
typefaces and generated letters among them, and those of other writers for the test part. The output folder keeps
the letters of each source, all of them as mixed.npz, the figures of each network, and finished networks of the shipped
model, so that a command that was stopped continues.

Settings are chosen with ``--held-out``, never by figures on the test sources.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from benchmarks.letters import DATA
from benchmarks.pages import put
from ensemble_hwr import LetterNormalizer, generate_letters
from ensemble_hwr.alphabets import parse_alphabet, restrict
from ensemble_hwr.config import ExperimentConfig, load_config
from ensemble_hwr.config.building import build_member
from ensemble_hwr.config.schema import MemberSection
from ensemble_hwr.datasets import (
    LetterSet,
    balance_indices,
    concatenate,
    load_fonts,
    load_index,
    load_npz,
    save_npz,
)
from ensemble_hwr.datasets.handwriting import WriterStyle, allograph_names, letter_strokes, render_strokes
from ensemble_hwr.ensemble import fit_cache, fit_classifier
from ensemble_hwr.evaluation.contenders import with_seed
from ensemble_hwr.persistence import DiskFitCache, save_model
from ensemble_hwr.persistence.models import hash_rows

ROOT = Path(__file__).parent.parent
CLASSES = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
GENERATED_WRITERS = 250
MORE_WRITERS = 1000  # of a variant that is compared by mixed_variants
DOTTED_WRITERS = 200  # of capital I with a dot; most writers make none, but those who do make it always
FORM_WRITERS = 12  # of each allograph, rare ones among them
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
REPORTED = ("capitals", "small", "digits")  # groups in the metadata of the model
REAL = ("photo62", "tablet55", "binary20x16", "omniglot_latin", "sse15", "bhmsds")
GENERATED = ("generated", "dotted_i")
LADDER = {
    "real": REAL,
    "real, generated": (*REAL, *GENERATED),
    "real, typefaces": (*REAL, "fonts"),
    "real, typefaces, generated": (*REAL, "fonts", *GENERATED),
}
HELD_OUT = ("photo62", "tablet55")
RANDOM_STATE = 0
MODEL = ROOT / "models" / "mixed" / "mixed.model"


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
@click.option("--weight", "weights", type=(str, float), multiple=True, help="Source, and weight of its letters.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/mixed.md.")
def ladder(
    *,
    output: Path,
    held_out: bool,
    rungs: tuple[str, ...],
    changes: tuple[str, ...],
    weights: tuple[tuple[str, float], ...],
    update: bool,
) -> None:
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
            key = " | ".join([rung, ",".join(tested), *changes, *(f"{source}={weight}" for source, weight in weights)])
            if key not in found:
                found[key] = figures(config, letters, LADDER[rung], tested, dict(weights))
                file.write_text(json.dumps(found, indent=1), encoding="utf-8")
            rows[rung] |= found[key]
    text = table(rows)
    click.echo(text)
    if update:
        name = "benchmarks/mixed.py ladder --held-out" if held_out else "benchmarks/mixed.py ladder"
        put(ROOT / "docs" / "notes" / "mixed.md", name, f"{text}\n")


@main.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the letters.")
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, help="The model file; default: models/mixed.")
@click.option("--jobs", type=int, default=1, show_default=True, help="Number of processes.")
@click.option(
    "--set", "changes", multiple=True, help="Setting of the config, such as contenders.shipped.params.alpha=0."
)
def train(output: Path, model: Path, jobs: int, changes: tuple[str, ...]) -> None:
    """Collect the letters, train the contender "shipped" of the config and write the model file."""
    config = load_config(ROOT / "configs" / "mixed.toml", changes)
    output.mkdir(parents=True, exist_ok=True)
    letters = collected(config.split.train, jobs, None, output / "sources")
    cache = DiskFitCache(output / "networks")
    with fit_cache(cache):
        classifier = fitted(config, config.contenders["shipped"], letters, jobs)
    tested = {source: collected([source], jobs, None, output / "sources") for source in config.split.test}
    model.parent.mkdir(parents=True, exist_ok=True)
    save_model(
        Pipeline([("normalize", LetterNormalizer(dots=True)), ("classify", classifier)]),
        model,
        metadata=described(config, letters, scored(classifier, tested), changes),
        training_hashes=hash_rows(letters.to_rows()),
    )
    cache.clear()
    click.echo(f"model: {model} ({model.stat().st_size / 1e6:.1f} MB)")


def described(
    config: ExperimentConfig, letters: LetterSet, figures: Mapping[str, Any], changes: Iterable[str]
) -> dict[str, Any]:
    """Return the metadata of the model: the command that trains it, its letters and its figures."""
    assert letters.source is not None
    sources, counts = np.unique(letters.source, return_counts=True)
    command = ["python -m benchmarks.mixed train --output mixed", *(f"--set {change}" for change in changes)]
    return {
        "command": " ".join(command),
        "contender": "shipped",
        "random_state": RANDOM_STATE,
        "config": config.model_dump(mode="json", exclude={"data"}),
        "trained_on": dict(zip(sources.tolist(), counts.tolist(), strict=True)),
        "figures": figures,
    }


def scored(classifier: Any, tested: Mapping[str, LetterSet]) -> dict[str, Any]:
    """Return the accuracy per test source and group of REPORTED, and that among all classes on all test letters."""
    per_source, right, total = {}, 0.0, 0
    for source, letters in tested.items():
        probabilities = classifier.predict_proba(letters.to_rows())
        found = accuracies(probabilities, classifier.classes_, letters.target)
        for group in REPORTED:
            n = int(np.isin(letters.target, parse_alphabet(GROUPS[group][0]).classes).sum())
            if n:
                per_source[f"{source} {group}"] = {"letters": n, "accuracy": found[group]}
        total += len(letters)
        right += found["all"] * len(letters)
    return {"letters": total, "accuracy": right / total, "per_source": per_source}


def fitted(
    config: ExperimentConfig,
    member: MemberSection,
    letters: LetterSet,
    jobs: int | None = None,
    factors: Mapping[str, float] | None = None,
) -> Any:
    """Return a member of the config that is fitted on letters, with weights that balance their classes."""
    classifier = with_seed(build_member(config, member), RANDOM_STATE)
    fit_params = {"sample_weight": weights_of(letters, factors or {})}
    return fit_classifier(classifier, letters.to_rows(), letters.target, n_jobs=jobs, fit_params=fit_params)


def weights_of(letters: LetterSet, factors: Mapping[str, float]) -> NDArray[np.float64]:
    """Return weights that give all classes the same total weight; within a class, letters of a source have its factor.

    The factor is 1 for sources that are not given, and the mean of all weights is 1.
    """
    assert letters.source is not None
    weight = np.array([factors.get(source, 1.0) for source in letters.source.tolist()])
    labels, codes = np.unique(letters.target, return_inverse=True)
    return weight * len(weight) / (len(labels) * np.bincount(codes, weight)[codes])


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
        suspect=letters.suspect,
        name=source,
    )


def letters_of(source: str, limit: int | None = None) -> LetterSet:
    """Return the pictures of a source; of generated letters, at most so many."""
    makers = {
        "generated": lambda: generated_letters(limit),
        "generated_more": lambda: more_generated_letters(MORE_WRITERS),
        "forms": lambda: all_forms(FORM_WRITERS),
        "dotted_i": lambda: dotted_capitals(DOTTED_WRITERS),
        "fonts": lambda: load_fonts(DATA / "fonts"),
        "sd19vowels": lambda: unpacked(DATA / "more" / "sd19vowels.npz"),
    }
    if source in makers:
        return makers[source]()
    if source not in FOLDERS:
        return load_npz(DATA / "more" / f"{source}.npz")
    parts = []
    for place in FOLDERS[source]:
        folder, _, own = place.partition(":")
        parts.append(load_index(DATA / folder, sources=[own] if own else None))
    return concatenate(parts, name=source)


def generated_letters(limit: int | None) -> LetterSet:
    """Return pictures of all classes by generated writers, with allographs as frequent as they are in writing."""
    n = len(CLASSES) * GENERATED_WRITERS
    n = n if limit is None else min(n, limit)
    return generate_letters(n, letters=CLASSES, writers=GENERATED_WRITERS, random_state=0, format="pictures")


def more_generated_letters(writers: int) -> LetterSet:
    """Return a picture of each class by generated writers other than those of `generated_letters`."""
    return generate_letters(len(CLASSES) * writers, letters=CLASSES, writers=writers, random_state=1, format="pictures")


def unpacked(file: Path) -> LetterSet:
    """Return the pictures of a file that is compressed more than `load_npz` accepts, as mostly white pictures are."""
    with np.load(file) as arrays:
        return LetterSet(in_array(list(arrays["data"])), arrays["target"].astype(str), name=file.stem)


def dotted_capitals(writers: int) -> LetterSet:
    """Return pictures of the capital I with a dot above it, one per generated writer."""
    pictures = []
    for writer in range(writers):
        rng = np.random.default_rng([writer, *b"dotted"])
        style = WriterStyle.random(rng)
        capital = letter_strokes("I", style, random_state=rng)
        pictures.append(drawn([*capital, dot_above(capital, style, rng)], style, rng))
    return LetterSet(
        in_array(pictures), np.full(writers, "I"), writer=np.array([f"dotted {writer}" for writer in range(writers)])
    )


def all_forms(writers: int) -> LetterSet:
    """Return pictures of all allographs, rare ones as often as common ones, each by its own generated writers."""
    pictures, labels, names = [], [], []
    for label in CLASSES:
        for form in allograph_names(label):
            for writer in range(writers):
                rng = np.random.default_rng([writer, *f"{label} {form}".encode()])
                style = WriterStyle.random(rng)
                pictures.append(drawn(letter_strokes(label, style, allograph=form, random_state=rng), style, rng))
                labels.append(label)
                names.append(f"form {label} {form} {writer}")
    return LetterSet(in_array(pictures), np.array(labels), writer=np.array(names))


def drawn(strokes: list[NDArray[np.float64]], style: WriterStyle, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture of strokes on white paper, as large as a letter in a scan."""
    ink = render_strokes(
        strokes,
        scale=rng.uniform(28, 64),
        pen_width=style.pen_width,
        pen=style.pen,
        softness=rng.uniform(0.8, 2.2),
        random_state=rng,
    )
    picture: NDArray[np.uint8] = np.rint(255 * (1 - np.pad(ink, 4))).astype(np.uint8)
    return picture


def in_array(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.object_]:
    """Return pictures of different sizes as an array of objects."""
    data = np.empty(len(pictures), dtype=object)
    data[:] = pictures
    return data


def dot_above(letter: list[NDArray[np.float64]], style: WriterStyle, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the dot of an "i" of a writer, placed above a letter."""
    kind = str(rng.choice(["dotted", "dash", "high-dot", "circle"], p=[0.6, 0.2, 0.1, 0.1]))
    dot = letter_strokes("i", style, allograph=kind, random_state=rng)[-1]  # in writing order, the dot is last
    points = np.concatenate(letter)[:, :2]
    top = points[:, 1].min()
    above = points[points[:, 1] < top + 0.2, 0].mean() + rng.normal(0.03, 0.05)
    gap = rng.uniform(0.06, 0.28) + style.pen_width
    middle, bottom = (dot[:, 0].min() + dot[:, 0].max()) / 2, dot[:, 1].max()
    return dot + np.array([above - middle, top - gap - bottom, 0.0])


def figures(
    config: ExperimentConfig,
    letters: LetterSet,
    trained: Iterable[str],
    tested: Iterable[str],
    factors: Mapping[str, float] | None = None,
) -> dict[str, dict[str, float]]:
    """Fit the flat network, and return its accuracy per test source and group."""
    assert letters.source is not None
    assert config.flat is not None
    own = letters.take(np.isin(letters.source, sorted(set(trained) - set(tested))))
    model = fitted(config, config.flat, own, factors=factors)
    result = {}
    for source in tested:
        own = letters.take(letters.source == source)
        result[source] = accuracies(model.predict_proba(own.to_rows()), model.classes_, own.target)
    return result


def accuracies(probabilities: NDArray[Any], classes: NDArray[Any], target: NDArray[Any]) -> dict[str, float]:
    """Return the accuracy on each group of letters, whose answers are restricted to the group."""
    found = correct_by_group(probabilities, classes, target)
    return {name: float(correct.mean()) for name, (_, correct) in found.items()}


def correct_by_group(
    probabilities: NDArray[Any], classes: NDArray[Any], target: NDArray[Any]
) -> dict[str, tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Return the places of the letters of each group, and whether each answer within the group is right."""
    result = {}
    for name, (members, answers) in GROUPS.items():
        own = np.flatnonzero(np.isin(target, parse_alphabet(members).classes))
        if not len(own):
            continue
        found, labels = restrict(probabilities[own], classes, answers)
        folded = {part: label for label, parts in parse_alphabet(answers).parts for part in parts}
        expected = np.array([folded[label] for label in target[own].tolist()])
        result[name] = own, labels[found.argmax(axis=1)] == expected
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
