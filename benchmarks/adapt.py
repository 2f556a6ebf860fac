"""Adaptation to a writer: comparison of methods, and figures of the chosen one, for docs/notes/adaptation.md.

    python -m benchmarks.adapt methods            6 minutes of one core; development letters
    python -m benchmarks.adapt missing            1 minute; half of the classes have no samples
    python -m benchmarks.adapt figures            5 minutes; test letters, with the library's defaults
    python -m benchmarks.adapt words              2 minutes; lines of 20 writers
    python -m benchmarks.adapt others             1 minute; letters of other writers, with and without the profile
    python -m benchmarks.adapt figures --update   also writes the table into docs/notes/adaptation.md

Development letters are those of generated writers and of the 82 typefaces in the folder ENSEMBLE_HWR_DATA, each drawn
several times with random variations; the shipped model was trained on none of these writers. Every method has some
settings; for each fifth of the writers, the settings with the lowest log-loss on the other writers are used. Figures
are measured on phone36, on generated writers, and on the lines of words.
"""

from __future__ import annotations

import csv
import os
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.pipeline import Pipeline

from benchmarks.letters import DATA
from benchmarks.pages import put
from benchmarks.writers import CAPITALS, rendered
from ensemble_hwr import (
    AdaptedClassifier,
    Augmenter,
    LetterNormalizer,
    WordReader,
    adapt,
    generate_letters,
    load_model,
    save_model,
)
from ensemble_hwr.adaptation import adapted_classifier
from ensemble_hwr.adaptation._expert import WriterSamples, fit_coefficients
from ensemble_hwr.adaptation._representation import log_probabilities, represent
from ensemble_hwr.datasets import load_index
from ensemble_hwr.ensemble import MemberMLPClassifier
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.persistence.models import locate_model
from ensemble_hwr.preprocessing import StrokeWidthNormalizer
from ensemble_hwr.preprocessing._deskewer import estimate_slant, shear
from ensemble_hwr.reading import character_error_rate

PAGE = Path(__file__).parent.parent / "docs" / "notes" / "adaptation.md"
ALPHABET = np.array(list(CAPITALS))
N_FOLDS = 5
VARIATIONS = Augmenter(rotation=10.0, slant=13.0, stretch=0.22, scale=0.13, elastic=0.07)
"""Of one typeface's letters: they stand for the differences between two letters of one writer."""


@dataclass(frozen=True)
class Writers:
    """Letters with all that methods of adaptation use."""

    rows: np.ndarray
    codes: np.ndarray
    writer: np.ndarray
    logs: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, model: Any, rows: np.ndarray, labels: np.ndarray, writer: np.ndarray) -> Writers:
        """Evaluate the model on letters."""
        probability = model.predict_proba(rows)
        vectors = represent(model, rows, probability)
        return cls(rows, np.searchsorted(ALPHABET, labels), writer, log_probabilities(probability), vectors)

    def splits(self, per_class: int, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield, for each writer, the letters to teach with and the letters to test on."""
        for name in np.unique(self.writer):
            own = np.random.default_rng(seed).permutation(np.flatnonzero(self.writer == name))
            nth = np.array([np.count_nonzero(self.codes[own[:k]] == self.codes[own[k]]) for k in range(len(own))])
            yield own[nth < per_class], own[nth >= per_class]


Method = Callable[[Writers, np.ndarray, np.ndarray], np.ndarray]
"""Return the log-probabilities of test letters after teaching."""


def model_alone(letters: Writers, taught: np.ndarray, test: np.ndarray) -> np.ndarray:
    """No adaptation."""
    return letters.logs[test]


def prototypes(
    letters: Writers, taught: np.ndarray, test: np.ndarray, *, sharpness: float, weight: float
) -> np.ndarray:
    """Nearest prototype: similarity to the mean vector of each class."""
    codes = letters.codes[taught]
    present = np.unique(codes)
    means = np.stack([letters.vectors[taught[codes == code]].mean(axis=0) for code in present])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return opinion_pool(letters.logs[test], sharpness * (letters.vectors[test] @ means.T), present, weight)


def neighbours(
    letters: Writers, taught: np.ndarray, test: np.ndarray, *, sharpness: float, weight: float
) -> np.ndarray:
    """Nearest neighbour: similarity to the most similar letter of each class."""
    codes = letters.codes[taught]
    present = np.unique(codes)
    similarity = letters.vectors[test] @ letters.vectors[taught].T
    nearest = np.stack([similarity[:, codes == code].max(axis=1) for code in present], axis=1)
    return opinion_pool(letters.logs[test], sharpness * nearest, present, weight)


def class_bias(letters: Writers, taught: np.ndarray, test: np.ndarray, *, alpha: float) -> np.ndarray:
    """One number for each class, added to the log-probabilities."""
    logs, counts = letters.logs[taught], np.bincount(letters.codes[taught], minlength=26)
    bias = np.zeros(26)
    for _ in range(60):
        predicted = softmax(logs + bias, axis=1)
        curvature = (predicted * (1 - predicted)).sum(axis=0) + alpha
        bias += 0.7 * (counts - predicted.sum(axis=0) - alpha * bias) / curvature
    return log_softmax(letters.logs[test] + bias, axis=1)


def last_layer(
    letters: Writers, taught: np.ndarray, test: np.ndarray, *, alpha: float, temperature: float, degree: int
) -> np.ndarray:
    """Train the last layer further with a penalty on its change; degree 1 is the layer itself."""
    inner = (letters.vectors[taught] @ letters.vectors[taught].T) ** degree
    samples = WriterSamples(inner, letters.logs[taught], letters.codes[taught], alpha, temperature)
    across = (letters.vectors[test] @ letters.vectors[taught].T) ** degree
    return log_softmax(letters.logs[test] + temperature * (across @ fit_coefficients(samples)), axis=1)


def chosen(letters: Writers, taught: np.ndarray, test: np.ndarray, *, model: Any) -> np.ndarray:
    """Use the library's classifier with its defaults: the last layer with a learned weight."""
    adapted = AdaptedClassifier(model).fit(letters.rows[taught], ALPHABET[letters.codes[taught]])
    return log_probabilities(adapted.predict_proba(letters.rows[test]))


def small_network(
    letters: Writers, taught: np.ndarray, test: np.ndarray, *, replay: np.ndarray, copies: int, weight: float
) -> np.ndarray:
    """Train a network of 32 units on augmented letters of the writer and generated ones."""
    rows = np.clip(VARIATIONS.augment(np.repeat(letters.rows[taught], copies, axis=0), 0), 0, 1)
    generated, labels = replay
    network = MemberMLPClassifier((32,), max_iter=12, batch_size=100, random_state=0, learning_rate_init=0.003)
    network.fit(np.concatenate([rows, generated]), np.concatenate([np.repeat(letters.codes[taught], copies), labels]))
    return opinion_pool(
        letters.logs[test], np.log(network.predict_proba(letters.rows[test]) + 1e-6), np.arange(26), weight
    )


def normalised(letters: Writers, taught: np.ndarray, test: np.ndarray, *, model: Any, width: bool) -> np.ndarray:
    """Slant of the writer removed, or the width of the pen set to a common one; the model is not taught."""
    pictures = letters.rows[taught].reshape(-1, 28, 28)
    rows = letters.rows[test]
    if width:
        rows = StrokeWidthNormalizer().fit(rows).transform(rows)
    else:
        slope, _ = estimate_slant(pictures)
        tested = rows.reshape(-1, 28, 28)
        _, pivot = estimate_slant(tested)
        rows = shear(tested, np.full(len(tested), np.median(slope), slope.dtype), pivot).reshape(len(tested), -1)
    return log_probabilities(model.predict_proba(np.clip(rows, 0, 1).astype(np.float32)))


def opinion_pool(logs: np.ndarray, scores: np.ndarray, columns: np.ndarray, weight: float) -> np.ndarray:
    """Pool scores of some classes with the model, with a fixed weight."""
    found = logs.copy()
    inside = found[:, columns]
    total = logsumexp(inside, axis=1, keepdims=True)
    mixed = (1 - weight) * (inside - total) + weight * log_softmax(scores, axis=1)
    found[:, columns] = total + log_softmax(mixed, axis=1)
    return found


def grid(method: Callable[..., np.ndarray], **values: Sequence[Any]) -> list[Method]:
    """Return a method with every combination of its settings."""
    return [partial(method, **dict(zip(values, each, strict=True))) for each in product(*values.values())]


def methods(model: Any) -> dict[str, list[Method]]:
    """Return the methods with their settings."""
    generated = generate_letters(26 * 20, writers=20, random_state=4711)
    replay = (generated.to_rows(), np.searchsorted(ALPHABET, generated.target))
    sharp, weights = (10.0, 17.0, 33.0), (0.2, 0.4, 0.6, 0.8)
    return {
        "no adaptation": [model_alone],
        "nearest prototype": grid(prototypes, sharpness=sharp, weight=weights),
        "nearest neighbour": grid(neighbours, sharpness=sharp, weight=weights),
        "class bias": grid(class_bias, alpha=(0.3, 1.0, 3.0)),
        "last layer": grid(last_layer, alpha=(0.03, 0.1, 0.3), temperature=(1.0, 2.0, 3.0, 4.0), degree=(1,)),
        "last layer, cubic kernel": grid(last_layer, alpha=(0.03, 0.1, 0.3), temperature=(2.0, 3.0, 4.0), degree=(3,)),
        "small network with replay": grid(small_network, replay=[replay], copies=(10,), weight=(0.2, 0.4, 0.6)),
        "slant of the writer removed": grid(normalised, model=[model], width=[False]),
        "width of the pen normalised": grid(normalised, model=[model], width=[True]),
        "`AdaptedClassifier` (weight learned)": grid(chosen, model=[model]),
    }


def development(model: Any) -> dict[str, Writers]:
    """Return letters of writers that the model was not trained on."""
    generated = generate_letters(26 * 40 * 6, writers=40, random_state=779, difficulty=1.5)
    sets = {"generated": Writers.of(model, generated.to_rows(), generated.target, generated.writer)}
    pictures, labels = rendered(sorted((DATA / "fonts").glob("*/*.woff")))
    rows, failures = LetterNormalizer().fit(pictures).transform_readable(pictures)
    kept = np.delete(np.arange(len(pictures)), list(failures))
    labels, owner = np.array(labels)[kept], (kept // 26).astype(str)
    some = kept < 40 * 26
    rng = np.random.default_rng(0)
    copies = [np.clip(VARIATIONS.augment(rows[some], rng), 0, 1) for _ in range(6)]
    sets["typefaces"] = Writers.of(
        model, np.concatenate(copies).astype(np.float32), np.tile(labels[some], 6), np.tile(owner[some], 6)
    )
    return sets


def by_writers(letters: Writers, settings: Sequence[Method], per_class: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return error and log-loss of each writer, by the settings that are best for other writers; and the time."""
    started = time.process_time()
    splits = list(letters.splits(per_class))
    error, loss = np.empty((2, len(settings), len(splits)))
    for place, method in enumerate(settings):
        for who, (taught, test) in enumerate(splits):
            logs = method(letters, taught, test)
            error[place, who] = (logs.argmax(axis=1) != letters.codes[test]).mean()
            loss[place, who] = -logs[np.arange(len(test)), letters.codes[test]].mean()
    fold = np.arange(len(splits)) % N_FOLDS
    best = [loss[:, fold != part].mean(axis=1).argmin() for part in range(N_FOLDS)]
    used = np.array([best[part] for part in fold])
    seconds = (time.process_time() - started) / (len(settings) * len(splits))
    return error[used, np.arange(len(splits))], loss[used, np.arange(len(splits))], seconds


def methods_table() -> str:
    """Compare all methods on the development letters."""
    model = load_model("az")[-1]
    lines = [
        "| method | letters | error %, 1 of each | log-loss | error %, 3 of each | log-loss | writers worse |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, letters in development(model).items():
        alone = {per_class: by_writers(letters, [model_alone], per_class)[0] for per_class in (1, 3)}
        for method, settings in methods(model).items():
            cells, worse = [], 0
            for per_class in (1, 3):
                error, loss, _ = by_writers(letters, settings, per_class)
                cells += [f"{100 * error.mean():.2f}", f"{loss.mean():.3f}"]
                worse += int((error > alone[per_class]).sum())
            lines.append(f"| {method} | {name} | {' | '.join(cells)} | {worse} of {2 * len(error)} |")
            click.echo(lines[-1])
    return "\n".join(lines) + "\n"


def missing_table() -> str:
    """Teach half of the classes with three samples each, and test on other letters of these and of the other half."""
    model = load_model("az")[-1]
    shared = {"alpha": 0.1, "temperature": 3.0}
    compared = {
        "no adaptation": model_alone,
        "last layer, over all classes": partial(last_layer, degree=1, **shared),
        "last layer, cubic kernel, over all classes": partial(last_layer, degree=3, **shared),
        "`AdaptedClassifier`": partial(chosen, model=model),
    }
    lines = [
        "| method | letters | error %, classes with samples | error %, other classes |",
        "| --- | --- | --- | --- |",
    ]
    for name, letters in development(model).items():
        for method, run in compared.items():
            errors = []
            for place, (taught, test) in enumerate(letters.splits(3)):
                half = np.random.default_rng(place).permutation(26)[:13]
                logs = run(letters, taught[np.isin(letters.codes[taught], half)], test)
                wrong, within = logs.argmax(axis=1) != letters.codes[test], np.isin(letters.codes[test], half)
                errors.append([wrong[within].mean(), wrong[~within].mean()])
            inside, outside = 100 * np.mean(errors, axis=0)
            lines.append(f"| {method} | {name} | {inside:.2f} | {outside:.2f} |")
            click.echo(lines[-1])
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Counts:
    """Errors of each writer: of the model alone, adapted, and the number of test letters."""

    before: np.ndarray
    after: np.ndarray
    total: np.ndarray

    def row(self, name: str, target: float | None) -> str:
        """Return a row of the table, with an interval of the ratio from resampled writers."""
        rng = np.random.default_rng(0)
        drawn = rng.integers(len(self.total), size=(2000, len(self.total)))
        before, after = self.before[drawn].sum(axis=1), self.after[drawn].sum(axis=1)
        low, high = np.quantile(after / np.maximum(before, 1), [0.025, 0.975])
        interval = f" ({low:.2f} to {high:.2f})" if len(self.total) > 1 else ""
        ratio = self.after.sum() / max(self.before.sum(), 1)
        shares = [100 * part.sum() / self.total.sum() for part in (self.before, self.after)]
        worse = int((self.after > self.before).sum())
        met = "" if target is None else f"{target:g}: {'met' if ratio <= target else 'missed'}"
        return (
            f"| {name} | {len(self.total)} | {int(self.total.sum()):,} | {shares[0]:.2f} | {shares[1]:.2f} | "
            f"{ratio:.2f}{interval} | {worse} | {met} |"
        )


HEAD = (
    "| letters | writers | test letters | error % before | after | ratio (95 % interval) | writers with more errors | "
    "at most |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)
TARGETS = {1: 0.6, 3: 0.4, 5: None}


def teach(
    model: Any, rows: np.ndarray, labels: np.ndarray, writer: np.ndarray, *, per_class: int, draws: int
) -> Counts:
    """Teach with some letters of each class where there are more, and test on the others; over several draws."""
    found = []
    for name in np.unique(writer):
        own = np.flatnonzero(writer == name)
        sums = np.zeros(3)
        for draw in range(draws):
            order = np.random.default_rng(draw).permutation(own)
            nth = np.array([np.count_nonzero(labels[order[:k]] == labels[order[k]]) for k in range(len(order))])
            count = {label: np.count_nonzero(labels[own] == label) for label in np.unique(labels[own])}
            enough = np.array([count[label] > per_class for label in labels[order]])
            taught, test = order[enough & (nth < per_class)], order[enough & (nth >= per_class)]
            if len(np.unique(labels[taught])) < 2:
                continue
            adapted = AdaptedClassifier(model).fit(rows[taught], labels[taught])
            sums += [
                (model.predict(rows[test]) != labels[test]).sum(),
                (adapted.predict(rows[test]) != labels[test]).sum(),
                len(test),
            ]
        if sums[2]:
            found.append(sums / draws)
    return Counts(*np.array(found).T)


def phone_letters() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, labels and photographs of phone36."""
    letters = load_index(DATA / "more" / "phone36" / "index.csv")
    rows, failures = LetterNormalizer().fit(letters.data).transform_readable(letters.data)
    return rows, np.delete(letters.target, list(failures)), np.delete(letters.writer, list(failures))


def figures_table() -> str:
    """Measure the chosen method on the test letters."""
    model = load_model("az")[-1]
    lines = [HEAD]

    def add(line: str) -> None:
        lines.append(line)
        click.echo(line)

    rows, labels, photo = phone_letters()
    capital = np.isin(labels, ALPHABET)
    for per_class, target in TARGETS.items():
        counts = teach(model, rows[capital], labels[capital], photo[capital], per_class=per_class, draws=5)
        add(counts.row(f"phone36, capitals, by photograph, {per_class} of each", target))
    together = np.full(int(capital.sum()), "all")
    for per_class in (1, 3, 5, 10, 20):
        counts = teach(model, rows[capital], labels[capital], together, per_class=per_class, draws=10)
        add(counts.row(f"phone36, capitals, as one writer, {per_class} of each", TARGETS.get(per_class)))
    for difficulty in (1.0, 1.5, 2.0):
        letters = generate_letters(26 * 30 * 9, writers=30, random_state=90_210, difficulty=difficulty)
        for per_class, target in TARGETS.items():
            counts = teach(model, letters.to_rows(), letters.target, letters.writer, per_class=per_class, draws=1)
            add(counts.row(f"generated, difficulty {difficulty:g}, {per_class} of each", target))
    add(new_classes(model, rows, labels, photo))
    add(others(model, rows[capital], labels[capital], photo[capital]))
    add("")
    for line in costs():
        add(line)
    return "\n".join(lines) + "\n"


def new_classes(model: Any, rows: np.ndarray, labels: np.ndarray, photo: np.ndarray) -> str:
    """Teach one of each capital and digit, the digits as new classes; without them every digit is an error."""
    found = []
    for name in np.unique(photo):
        own = np.random.default_rng(0).permutation(np.flatnonzero(photo == name))
        nth = np.array([np.count_nonzero(labels[own[:k]] == labels[own[k]]) for k in range(len(own))])
        taught, test = own[nth < 1], own[nth >= 1]
        if len(test) and len(np.unique(labels[taught])) > 1:
            adapted = AdaptedClassifier(model, new_classes=True).fit(rows[taught], labels[taught])
            wrong = (part.predict(rows[test]) != labels[test] for part in (model, adapted))
            found.append([*(each.sum() for each in wrong), len(test)])
    return Counts(*np.array(found, float).T).row("phone36, capitals and digits as new classes, 1 of each", None)


def others(model: Any, rows: np.ndarray, labels: np.ndarray, photo: np.ndarray) -> str:
    """Use the profile of one photograph for the letters of another: the wrong profile."""
    names = [name for name in np.unique(photo) if len(np.unique(labels[photo == name])) > 1]
    found = []
    for name, other in zip(names, np.roll(names, 1), strict=True):
        own, strange = photo == name, photo == other
        adapted = AdaptedClassifier(model).fit(rows[own], labels[own])
        wrong = [(part.predict(rows[strange]) != labels[strange]).sum() for part in (model, adapted)]
        found.append([*wrong, strange.sum()])
    return Counts(*np.array(found, float).T).row("phone36, profile of another photograph", None)


N_OTHERS = 5  # other writers on whose letters each profile is tested


def others_table() -> str:
    """Adapt to each writer, and test on letters of other writers: without the profile, and with the wrong one."""
    model = load_model("az")[-1]
    lines = [HEAD.replace("error % before", "error % of the model")]
    for name, letters in development(model).items():
        for per_class in (1, 3, 5):
            counts = {"not used": [], "used": []}
            for taught, strange in other_writers(letters, per_class):
                rows, truth = letters.rows[strange], letters.codes[strange]
                alone = model.predict_proba(rows)
                adapted = AdaptedClassifier(model).fit(letters.rows[taught], ALPHABET[letters.codes[taught]])
                if not np.array_equal(model.predict_proba(rows), alone):
                    raise AssertionError("the model was changed by an adaptation")
                before = (alone.argmax(axis=1) != truth).sum()
                counts["not used"].append([before, before, len(truth)])
                after = (adapted.predict_proba(rows).argmax(axis=1) != truth).sum()
                counts["used"].append([before, after, len(truth)])
            for how, found in counts.items():
                row = Counts(*np.array(found, float).T).row(f"{name}, {per_class} of each, profile {how}", None)
                lines.append(row)
                click.echo(row)
    return "\n".join(lines) + "\n"


def other_writers(letters: Writers, per_class: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the letters to teach with of each writer, and all letters of the writers that follow."""
    names = np.unique(letters.writer)
    for place, (taught, _) in enumerate(letters.splits(per_class)):
        others = np.roll(names, -place - 1)[:N_OTHERS]
        yield taught, np.flatnonzero(np.isin(letters.writer, others))


def costs() -> list[str]:
    """Return times and sizes for 100 letters."""
    letters = generate_letters(26 * 8, writers=1, random_state=5, difficulty=1.5, format="pictures")
    model: Pipeline = load_model("az")
    started = time.process_time()
    mine = adapt(model, letters.data[:100], letters.target[:100])
    whole = time.process_time() - started
    rows = mine[0].transform(letters.data[100:])
    steps = []
    for row, label in zip(rows[:20], letters.target[100:120], strict=True):
        started = time.process_time()
        adapted_classifier(mine).partial_fit(row[None], [label])
        steps.append(time.process_time() - started)
    mine = adapt(model, letters.data[:100], letters.target[:100])
    with TemporaryDirectory() as folder:
        increase = save_model(mine, Path(folder, "mine.model")).stat().st_size - locate_model("az").stat().st_size
    before, after = (speed(part, np.repeat(rows, 10, axis=0)) for part in (model[-1], mine[-1]))
    return [
        f"- 100 pictures: adapted in {whole:.2f} s of one core (at most 2 s)",
        f"- one more sample: {1000 * np.median(steps):.0f} ms (at most 50 ms)",
        f"- increase of the file size: {increase / 1000:.0f} kB (at most 200 kB)",
        f"- prediction of 1,000 letters at once: {1000 * before:.0f} ms before, {1000 * after:.0f} ms adapted",
        "- without the profile, the model is the same object, bit for bit: no loss on any other writer",
    ]


def speed(model: Any, rows: np.ndarray) -> float:
    """Return the time for 1,000 rows."""
    times = []
    for _ in range(5):
        started = time.process_time()
        model.predict_proba(rows)
        times.append(time.process_time() - started)
    return float(np.median(times)) * 1000 / len(rows)


def words_table() -> str:
    """Teach with 10 lines of each of 20 writers, in capital or small letters, and test on their other lines."""
    with (DATA / "words" / "index.csv").open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    reader = WordReader(load_model("az"), errors="empty").fit()
    sums, n_letters, n_out = [], 0, 0
    for writer in sorted({entry["writer"] for entry in entries}):
        own = [entry for entry in entries if entry["writer"] == writer]
        pictures = [DATA / "words" / entry["path"] for entry in own]
        texts = [without_accents(entry["text"]) for entry in own]
        try:
            adapted = reader.adapt(pictures[:10], texts[:10])
            report = adapted.adaptation_
        except DataError:  # no line could be aligned
            adapted, report = reader, {"n_letters": 0, "left_out": texts[:10]}
        n_letters, n_out = n_letters + report["n_letters"], n_out + len(report["left_out"])
        edits = [_edits(part, pictures[10:], texts[10:]) for part in (reader, adapted)]
        sums.append([*edits, sum(map(len, texts[10:]))])
        click.echo(f"{writer}: {sums[-1]}", err=True)
    row = Counts(*np.array(sums, float).T).row("lines of words, 10 to teach with, 30 to test on", None)
    note = (
        f"{n_letters / len(sums):.0f} letters of each writer were aligned, {n_out / len(sums):.1f} of 10 lines left out"
    )
    return f"{HEAD}\n{row}\n\n{note}.\n"


def without_accents(text: str) -> str:
    """Return a text in capitals, its umlauts without dots; a sharp s becomes two letters."""
    return unicodedata.normalize("NFKD", text.upper()).encode("ascii", "ignore").decode()


def _edits(reader: WordReader, pictures: Sequence[Path], texts: Sequence[str]) -> float:
    """Return the number of edits between the lines that are read and their texts."""
    read = [" ".join(page.text.split()) for page in (reader.read_page(picture) for picture in pictures)]
    return character_error_rate(list(texts), read) * sum(map(len, texts))


@click.command()
@click.argument("part", type=click.Choice(["methods", "missing", "figures", "words", "others"]))
@click.option("--update", is_flag=True, help="Write the table into docs/notes/adaptation.md.")
def main(part: str, update: bool) -> None:
    """Compare methods of adaptation, or measure the chosen one."""
    tables = {
        "methods": methods_table,
        "missing": missing_table,
        "figures": figures_table,
        "words": words_table,
        "others": others_table,
    }
    text = tables[part]()
    if part == "words":
        click.echo(text)
    if update:
        put(PAGE, f"python -m benchmarks.adapt {part}", text)


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
