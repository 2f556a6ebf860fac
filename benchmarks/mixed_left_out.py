"""Training sources left out of the training of the model "mixed": folding of cases, calibration, confusable sets.

    python -m benchmarks.mixed_left_out --output mixed            fits the committee without each source of LEFT_OUT
    python -m benchmarks.mixed_left_out --output mixed --update   also writes the tables into docs/notes/mixed.md

The output folder is that of ``python -m benchmarks.mixed``. It keeps the probabilities of the left-out letters, so that
the tables are made again without fitting. The networks have fewer epochs than the shipped ones.

The tables show what a choice among foldings, temperatures and confusable sets would be based on: no letter of a test
source is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.mixed import ROOT, accuracies, collected, fitted
from benchmarks.pages import put
from ensemble_hwr.alphabets import parse_alphabet, restrict
from ensemble_hwr.config import ExperimentConfig, load_config
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.ensemble.held_out import learn_temperature, temper
from ensemble_hwr.evaluation.metrics import scores
from ensemble_hwr.hierarchy import derive_confusables

PAGE = ROOT / "docs" / "notes" / "mixed.md"
LEFT_OUT = (("tablet55", "omniglot_latin"), ("photo62",))  # sources that are left out together
EPOCHS = 12
MAX_SETS, MAX_SIZE, MIN_RATE = 15, 4, 0.01  # of the derived confusable sets


class Letters(NamedTuple):
    """Left-out letters of one source, and the probabilities of a committee that was fitted without it."""

    source: str
    target: NDArray[np.str_]
    probabilities: NDArray[np.float64]


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the letters.")
@click.option("--epochs", type=click.IntRange(1), default=EPOCHS, show_default=True, help="Epochs of the networks.")
@click.option("--kept", is_flag=True, help="Fit nothing: print the tables of the finished committees.")
@click.option("--update", is_flag=True, help="Write the tables into docs/notes/mixed.md.")
def main(output: Path, epochs: int, kept: bool, update: bool) -> None:
    """Print the tables of left-out training sources."""
    config = load_config(ROOT / "configs" / "mixed.toml", [f"contenders.shipped.params.max_iter={epochs}"])
    output.mkdir(parents=True, exist_ok=True)
    letters = collected(config.split.train, 1, None, output / "sources")
    classes = np.unique(letters.target)
    folder = output / "left-out"
    found = [part for left_out in LEFT_OUT for part in predicted(config, letters, left_out, folder, kept=kept)]
    if not found:
        raise click.ClickException("no committee is fitted with these settings; leave out --kept")
    sets = {name: set(members) for name, members in config.hierarchy.confusables.items() if members != "*"}
    made = {
        "folding": folding(found, classes, class_shares(letters, classes)),
        "temperature": temperatures(found, classes),
        "sets": shapes(found, classes, sets),
    }
    for name, text in made.items():
        click.echo(f"{name}\n\n{text}\n")
        if update:
            put(PAGE, f"benchmarks/mixed_left_out.py {name}", f"{text}\n")


def predicted(
    config: ExperimentConfig, letters: LetterSet, left_out: tuple[str, ...], folder: Path, *, kept: bool
) -> Iterator[Letters]:
    """Yield the letters of sources that are left out, and their probabilities; `kept` fits nothing."""
    folder.mkdir(exist_ok=True)
    member = config.contenders["shipped"]
    file = folder / f"{'-'.join(left_out)}-{member.params['max_iter']}-{len(letters)}.npz"
    assert letters.source is not None
    parts = {source: letters.take(letters.source == source) for source in left_out}
    if kept and not file.exists():
        return
    if not file.exists():
        committee = fitted(config, member, letters.take(~np.isin(letters.source, left_out)))
        arrays: Any = {source: committee.predict_proba(part.to_rows()) for source, part in parts.items()}
        np.savez_compressed(file, **arrays)
    with np.load(file) as stored:
        for source, part in parts.items():
            yield Letters(source, part.target, stored[source].astype(np.float64))


def class_shares(letters: LetterSet, classes: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return the share of each class in the training letters, relative to equal shares."""
    counts = np.array([np.count_nonzero(letters.target == label) for label in classes])
    return counts / counts.mean()


def folding(found: list[Letters], classes: NDArray[np.str_], shares: NDArray[np.float64]) -> str:
    """Return a table of the accuracy on the 26 letters, case ignored, by the way in which the two cases are joined."""

    def summed(probabilities: NDArray[np.float64], target: NDArray[np.str_]) -> float:
        return accuracies(probabilities, classes, target)["26 letters"]

    ways = {
        "sum of both cases (as shipped)": summed,
        "larger of both cases": lambda p, target: larger_case(p, classes, target),
        "sum, temperature 0.5": lambda p, target: summed(temper(p, 0.5), target),
        "sum, temperature 2": lambda p, target: summed(temper(p, 2.0), target),
        "sum, without class weights": lambda p, target: summed(p * shares, target),
    }
    lines = [
        f"| 26 letters, case ignored | {' | '.join(part.source for part in found)} |",
        f"| --- |{' --- |' * len(found)}",
    ]
    for name, accuracy in ways.items():
        cells = [f"{100 * accuracy(part.probabilities, part.target):.2f}" for part in found]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def larger_case(probabilities: NDArray[np.float64], classes: NDArray[np.str_], target: NDArray[np.str_]) -> float:
    """Return the accuracy, case ignored, of the most probable letter of either case."""
    own = np.char.isalpha(target)
    allowed = np.char.isalpha(classes)
    best = classes[allowed][probabilities[own][:, allowed].argmax(axis=1)]
    return float(np.mean(np.char.upper(best) == np.char.upper(target[own])))


def temperatures(found: list[Letters], classes: NDArray[np.str_]) -> str:
    """Return a table of the best temperature of each left-out source, and the effect of that of the other sources.

    Sources without letters of some classes are left out: equal shares of the classes are wrong for them.
    """
    found = [part for part in found if len(np.unique(part.target)) == len(classes)]
    best = {part.source: learn_temperature(part.probabilities, columns(part, classes)) for part in found}
    lines = [
        "| left out | best temperature | that of the other sources | log-loss | with it | ECE | with it |",
        "| --- |" + " --- |" * 6,
    ]
    for part in found:
        others = [np.log(value) for source, value in best.items() if source != part.source]
        measured = [scores(part.target, part.probabilities, classes)]
        if others:
            measured.append(scores(part.target, temper(part.probabilities, float(np.exp(np.mean(others)))), classes))
        cells = [f"{best[part.source]:.2f}", f"{np.exp(np.mean(others)):.2f}" if others else ""]
        cells += [f"{each['log_loss']:.3f}" for each in measured] + [""] * (2 - len(measured))
        cells += [f"{100 * float(each['expected_calibration_error'] or 0):.1f}" for each in measured]
        cells += [""] * (2 - len(measured))
        lines.append(f"| {part.source} | {' | '.join(cells)} |")
    return "\n".join(lines)


def columns(part: Letters, classes: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return the column of the true class of each letter."""
    return np.searchsorted(classes, part.target)


def shapes(found: list[Letters], classes: NDArray[np.str_], declared: Mapping[str, set[str]]) -> str:
    """Return a table of confusable sets of shapes: those of the config, and those derived from left-out sources.

    The sets are evaluated on each source by the share of its errors within a set. The derived sets are those of the
    other sources.
    """
    alphabet = parse_alphabet("shapes")
    shape_of = {part: label for label, parts in alphabet.parts for part in parts}
    own = {name: {shape_of[label] for label in members} for name, members in declared.items()}
    own = {name: members for name, members in own.items() if len(members) > 1}
    confusions, labels = {}, np.array([])
    for source, target, probabilities in found:
        shares, labels = restrict(probabilities, classes, alphabet)
        truth = np.array([np.flatnonzero(labels == shape_of[label])[0] for label in target.tolist()])
        confusions[source] = np.zeros((len(labels), len(labels)))
        np.add.at(confusions[source], (truth, shares.argmax(axis=1)), 1)
    lines = [
        "| left out | errors | within the sets of the config | within derived sets |",
        "| --- |" + " --- |" * 3,
    ]
    for source, confusion in confusions.items():
        derived = derived_sets([other for name, other in confusions.items() if name != source], labels)
        errors = confusion.sum() - np.trace(confusion)
        inside = [within(confusion, labels, sets) / errors for sets in (own.values(), derived.values())]
        lines.append(f"| {source} | {errors:,.0f} | {' | '.join(f'{100 * share:.0f} %' for share in inside)} |")
    derived = derived_sets(list(confusions.values()), labels)
    known = [name for name, members in derived.items() if any(members <= each for each in own.values())]
    return "\n".join([
        *lines,
        "",
        f"Sets of the config, as shapes: {', '.join(sorted('/'.join(sorted(each)) for each in own.values()))}.",
        "",
        f"Derived from all left-out sources, the most confused first: {', '.join(derived)}. Of these, "
        f"{', '.join(known) or 'none'} {'is' if len(known) == 1 else 'are'} within a set of the config.",
    ])  # fmt: skip


def derived_sets(confusions: list[NDArray[np.float64]], labels: NDArray[np.str_]) -> dict[str, set[str]]:
    """Return confusable sets of sources with equal weights."""
    total = sum(each / each.sum() for each in confusions)
    found = derive_confusables(total, labels, max_sets=MAX_SETS, max_size=MAX_SIZE, min_rate=MIN_RATE)
    return {name: set(members.tolist()) for name, members in found.items()}


def within(confusion: NDArray[np.float64], labels: NDArray[np.str_], sets: Any) -> float:
    """Return the number of errors whose true and predicted class are in one of the sets."""
    inside = np.zeros(confusion.shape, np.bool_)
    for members in sets:
        chosen = np.isin(labels, list(members))
        inside |= np.outer(chosen, chosen)
    np.fill_diagonal(inside, val=False)
    return float(confusion[inside].sum())


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
