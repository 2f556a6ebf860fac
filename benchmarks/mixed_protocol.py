"""Compare hierarchical, flat and other classifiers of 62 classes: the protocols "unipen62" and "mixed", by group.

    python -m benchmarks.mixed_protocol unipen62 --output mixed               all contenders and seeds of the config
    python -m benchmarks.mixed_protocol unipen62 --output mixed --seed 0 --per-class 100 --epochs 12 --held-out 0.25
    python -m benchmarks.mixed_protocol mixed --output mixed --kept --update  writes the table into docs/notes/mixed.md

The output folder is that of ``python -m benchmarks.mixed``, which keeps the letters of each source. Members of the
hierarchy, finished contenders and seeds are kept there, too, so that a command that was stopped continues. HiClass is
compared if it is installed (``pip install hiclass``), the SVM with ``--contender svm`` only: with all letters it takes
hours. The SVM and logistic regression do not depend on the random state, so they are fitted with the first one only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.fit_cache import Runs, resumed
from benchmarks.mixed import GROUPS, ROOT, accuracies, collected, correct_by_group
from benchmarks.pages import put
from benchmarks.protocols import HICLASS, Bench
from ensemble_hwr.config import ExperimentConfig, load_config
from ensemble_hwr.config.building import build_member, declared_groups
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.ensemble import fit_cache
from ensemble_hwr.evaluation import Comparison, holm, mcnemar
from ensemble_hwr.evaluation.metrics import scores
from ensemble_hwr.evaluation.results import Run
from ensemble_hwr.evaluation.scaling import scale_hidden_layers
from ensemble_hwr.persistence import DiskFitCache
from ensemble_hwr.report.formats import spread

PAGE = ROOT / "docs" / "notes" / "mixed.md"
ORDER = ("hierarchical", "flat", "flat_macs", "committee", "logreg", HICLASS, "svm")  # the first sets the budgets
TRAINED_WITH_EPOCHS = ("router", "specialist", "expert", "flat")
NO_TRUST = 0.005  # a member with less changes nothing
DETERMINISTIC = ("logreg", "svm")
SMALLEST_P = 1e-30
CLASSES_PER_NODE = 5  # about as many as the nodes of the groups have children


@click.command()
@click.argument("protocol", type=click.Choice(["unipen62", "mixed"]))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the letters.")
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    help="Random state; by default those of the config. Can be given several times.",
)
@click.option("--epochs", type=click.IntRange(1), help="Epochs of all networks, for a short run.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Part of the training letters on which trust is fitted, in place of the folds of the config.",
)
@click.option("--set", "changes", multiple=True, help="Setting of the config, such as flat.params.alpha=0.")
@click.option("--per-class", type=click.IntRange(2), help="Most training letters per class, for a short run.")
@click.option(
    "--contender",
    "chosen",
    type=click.Choice(ORDER),
    multiple=True,
    help="Contender to fit; by default all but the SVM. The hierarchy is always fitted.",
)
@click.option("--kept", is_flag=True, help="Fit nothing: print the table of the finished contenders.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/mixed.md.")
def main(  # noqa: PLR0917
    protocol: str, output: Path, seeds: Sequence[int], epochs: int | None, held_out: float | None,
    changes: Sequence[str], per_class: int | None, chosen: Sequence[str], kept: bool, update: bool,
) -> None:  # fmt: skip
    """Fit the contenders of a protocol, and print their accuracies per group of letters."""
    changed = [*changes, *short_run(epochs, held_out)]
    config = load_config(ROOT / "configs" / f"{protocol}.toml", changed)
    wanted = {ORDER[0], *(chosen or ORDER[:-1])} - (set() if find_spec("hiclass") else {HICLASS})
    names = [name for name in ORDER if name in wanted]
    output.mkdir(parents=True, exist_ok=True)
    letters = letters_of(config, output, per_class)
    bench = MixedBench(config, letters, letters.to_rows(), 1)
    folder = output / "-".join([protocol, *(() if per_class is None else (str(per_class),))])
    folder.mkdir(parents=True, exist_ok=True)
    finished = fit_with_each(bench, names, seeds or config.seeds, folder, kept=kept)
    text = "\n".join(
        [*tables(letters, finished), "", note(changed), "", *differences(finished), "", *members(finished)]
    )
    click.echo(text)
    if update:
        shortened = "" if per_class is None else f" --per-class {per_class}"
        put(PAGE, f"benchmarks/mixed_protocol.py {protocol}{shortened}", f"{text}\n")


def short_run(epochs: int | None, held_out: float | None) -> list[str]:
    """Return the changes to the config that options for a short run stand for."""
    changes = [] if epochs is None else [f"{part}.params.max_iter={epochs}" for part in TRAINED_WITH_EPOCHS]
    return changes if held_out is None else [*changes, f"hierarchy.cv={held_out}"]


def letters_of(config: ExperimentConfig, output: Path, per_class: int | None) -> LetterSet:
    """Return the letters of a protocol as rows; of each class, at most so many for training."""
    split: Any = config.split
    sources = [*split.train, *split.test] if split.kind == "sources" else ["unipen62"]
    letters = collected(sources, 1, None, output / "sources")
    if per_class is None:
        return letters
    assert letters.source is not None
    assert letters.split is not None
    training = np.isin(letters.source, split.train) if split.kind == "sources" else letters.split == "train"
    order = np.random.default_rng(0).permutation(np.flatnonzero(training))
    chosen = [order[letters.target[order] == label][:per_class] for label in np.unique(letters.target)]
    return letters.take(np.sort(np.concatenate([*chosen, np.flatnonzero(~training)])))


@dataclass(frozen=True)
class MixedBench(Bench):
    """The letters of a protocol, and comparisons on them; HiClass has the groups of the config."""

    def hiclass(self, parameters: int | None) -> Any:
        """Return HiClass with the groups of the config, and members like the flat contender."""
        from ensemble_hwr.evaluation.peers import HiClassClassifier

        declared = declared_groups(self.config, sorted(set(self.letters.target.tolist())))
        assert declared is not None
        share = (parameters or 0) // (1 + len(declared))  # a node for all classes, and one per group
        template = build_member(self.config, self.config.flat or self.config.router)
        member = scale_hidden_layers(template, share, self.rows[:100], CLASSES_PER_NODE)
        return HiClassClassifier(member, groups=self.config.hierarchy.groups)


def fit_with_each(
    bench: MixedBench, names: Sequence[str], seeds: Sequence[int], folder: Path, *, kept: bool = False
) -> list[Comparison]:
    """Fit contenders with each random state, those that do not depend on it with the first one only."""
    first = fit_in_turn(bench, names, seeds[0], folder, kept=kept)
    if first is None:
        return []
    once = [run for name in DETERMINISTIC for run in first.of(name)]
    random = [name for name in names if name not in DETERMINISTIC]
    others = [(seed, fit_in_turn(bench, random, seed, folder, kept=kept)) for seed in seeds[1:]]
    return [first] + [
        replace(part, runs=(*part.runs, *(replace(run, seed=seed) for run in once)))
        for seed, part in others
        if part is not None
    ]


def fit_in_turn(
    bench: MixedBench, names: Sequence[str], seed: int, folder: Path, *, kept: bool = False
) -> Comparison | None:
    """Fit contenders one after the other, but for those that are stored in a folder; `kept` fits none.

    Returns None if there are no contenders.
    """
    file, cache = folder / f"seed-{seed}.joblib", DiskFitCache(folder / f"members-{seed}")
    found: Comparison | None = None
    for last in range(1, len(names) + 1):
        try:
            with fit_cache(cache):
                fit = nothing if kept else partial(bench.fit, seed)
                found = resumed(file, bench.config, names[:last], fit)
        except NotFittedYetError:
            return found
    cache.clear()
    return found


class NotFittedYetError(Exception):
    """A contender has no stored run."""


def nothing(names: Sequence[str], known: Runs) -> Comparison:
    """Fit no contender."""
    raise NotFittedYetError(", ".join(names))


def tables(letters: LetterSet, found: Sequence[Comparison]) -> list[str]:
    """Return the lines of a table: a row per contender and test source, with means over seeds."""
    lines = [
        f"| tested on | contender | {' | '.join(GROUPS)} | log-loss | ECE | parameters | MACs |",
        "| --- | --- |" + " --- |" * (len(GROUPS) + 4),
    ]
    if not found:
        raise click.ClickException("no contender is fitted with these settings; leave out --kept")
    names = fitted_with_all_seeds(found)
    assert letters.source is not None
    tested = letters.source[found[0].runs[0].test]
    for source in dict.fromkeys(tested.tolist()):
        for name in names:
            runs = [part.of(name)[0] for part in found]
            measured = [figures(run, part, tested == source) for run, part in zip(runs, found, strict=True)]
            cells = [spread([each[key] for each in measured], 100) if key in measured[0] else "" for key in GROUPS]
            cells += [spread([each["log_loss"] for each in measured]), spread([each["ece"] for each in measured], 100)]
            cells += [amount([getattr(run, cost) for run in runs]) for cost in ("parameters", "macs")]
            lines.append(f"| {source} | `{name}` | {' | '.join(cells)} |")
    n_test, states = len(tested), "1 random state" if len(found) == 1 else f"{len(found)} random states"
    return [*lines, "", f"{len(found[0].y) - n_test:,} training letters, {n_test:,} test letters, {states}."]


def fitted_with_all_seeds(found: Sequence[Comparison]) -> list[str]:
    """Return the contenders that all comparisons have."""
    names = dict.fromkeys(run.contender for run in found[0].runs)
    return [name for name in names if all(part.of(name) for part in found)]


def differences(found: Sequence[Comparison]) -> list[str]:
    """Return the differences of the hierarchy from other contenders, by group of letters, as lines of a table."""
    first, *others = fitted_with_all_seeds(found)
    right = {name: correct_of(name, found) for name in (first, *others)}
    tests = {
        (group, name): mcnemar(correct, right[name][group][1], samples)
        for group, (samples, correct) in right[first].items()
        for name in others
    }
    chances = dict(zip(tests, holm([test.p_value for test in tests.values()]), strict=True))
    lines = [
        "Differences of the hierarchy in points, with p of McNemar's test and Holm's correction over all of them:",
        "",
        f"| letters | {' | '.join(f'`{name}`' for name in others)} |",
        "| --- |" + " --- |" * len(others),
    ]
    for group, (_, correct) in right[first].items():
        points = [100 * np.mean(1.0 * correct - right[name][group][1]) for name in others]
        of_group = [chances[group, name] for name in others]
        cells = [f"{point:+.2f} ({rounded(chance)})" for point, chance in zip(points, of_group, strict=True)]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return lines


def rounded(p_value: float) -> str:
    """Return a p-value with two digits; the smallest ones as an upper bound."""
    return f"{p_value:.2g}" if p_value > SMALLEST_P else f"below {SMALLEST_P:g}"


def correct_of(name: str, found: Sequence[Comparison]) -> dict[str, tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Return the test letters of each group, with all random states, and whether a contender is right."""
    parts: dict[str, list[tuple[NDArray[np.intp], NDArray[np.bool_]]]] = {}
    for part in found:
        for run in part.of(name):
            groups = correct_by_group(run.probabilities, part.classes, part.y[run.test])
            for group, (places, correct) in groups.items():
                parts.setdefault(group, []).append((run.test[places], correct))
    return {
        group: (np.concatenate(samples), np.concatenate(right))
        for group, (samples, right) in ((group, zip(*some, strict=True)) for group, some in parts.items())
    }


def members(found: Sequence[Comparison]) -> list[str]:
    """Return the effect of the members of the hierarchy on the test letters, summed over seeds, as lines of text."""
    traces = [run.hierarchy for part in found for run in part.of(ORDER[0]) if run.hierarchy is not None]
    if not traces:
        return []
    gain: dict[str, int] = {}
    for member in (member for trace in traces for member in trace.members):
        gain[member.name] = gain.get(member.name, 0) + member.improved - member.worsened
    used = {member.name for trace in traces for member in trace.members if member.trust >= NO_TRUST}
    unused = [name for name in gain if name not in used]
    best = sorted(used, key=lambda name: (-gain[name], name))
    return [
        f"Accuracy of the router alone: {100 * np.mean([trace.router_accuracy for trace in traces]):.2f}. Errors that "
        f"the members correct, less those they add: {', '.join(f'`{name}` {gain[name]:+d}' for name in best)}.",
        "",
        f"Members without any weight: {', '.join(f'`{name}`' for name in unused) or 'none'}.",
    ]


def figures(run: Run, comparison: Comparison, chosen: NDArray[np.bool_]) -> dict[str, float]:
    """Return the accuracy per group of the chosen test letters, and log-loss and calibration among all classes."""
    target, probabilities = comparison.y[run.test][chosen], run.probabilities[chosen]
    measured = scores(target, probabilities, comparison.classes)
    return {
        **accuracies(probabilities, comparison.classes, target),
        "log_loss": measured["log_loss"],
        "ece": measured["expected_calibration_error"],
    }


def amount(counts: Sequence[float | None]) -> str:
    """Return the mean of counts with thousands separators; "" if one is unknown."""
    known = [count for count in counts if count is not None]
    return f"{np.mean(known):,.0f}" if len(known) == len(counts) else ""


def note(changes: Sequence[str]) -> str:
    """Return a sentence about the settings."""
    if not changes:
        return "Settings of the config."
    return f"Settings of the config but for {', '.join(f'`{change}`' for change in changes)}."


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
