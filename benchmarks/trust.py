"""Time and accuracy of ways to estimate trust: the table of docs/notes/trust.md.

    python -m benchmarks.trust --output trust --update     ten minutes on one idle core
    python -m benchmarks.trust --repeats 1 --quick         one minute

The letters are training letters (``split == "train"``) of the training sources, split again for each repeat; test
letters of the protocols are not used. In each repeat a hierarchy is fitted once and evaluated with the trust of each
way, so that the rows of the table differ only in trust, not in random fits. Without the real letters, generated ones
are used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any, NamedTuple

import click
import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from benchmarks.letters import DATA, TRAINING_SOURCES
from benchmarks.pages import put
from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, MemberMLPClassifier, generate_letters
from ensemble_hwr.datasets import load_index

PAGE = Path(__file__).parent.parent / "docs" / "notes" / "trust.md"
EPOCHS = 30
AS_USUAL = "3 folds (`cv=3`)"


class Way(NamedTuple):
    """A way to estimate trust: returns trust by member, or a fitted model with its own."""

    estimate: Callable[[Any, Any, Any, int], Any]
    share: str  # member fits in units of the fit on all rows, which is included
    additional: float = 0.0  # share of the measured time that adds to the fit on all rows; 0 if it is all of the time


class Found(NamedTuple):
    """The result of one way on one split of the letters."""

    seconds: float
    wrong: float
    loss: float


def hierarchy(seed: int, epochs: int = EPOCHS, **settings: Any) -> HierarchicalEnsembleClassifier:
    """Return the hierarchy that all ways have in common."""
    fine, coarse = GradientFeatures(grid=7), GradientFeatures(grid=5)
    small = MemberMLPClassifier((20,), batch_size=32, max_iter=epochs, alpha=0.01)
    router = MemberMLPClassifier((60,), batch_size=50, max_iter=epochs)
    second = MemberMLPClassifier((150,), batch_size=100, max_iter=epochs)
    sets = {"second": "*", "B/P": "BP", "D/O": "DO", "U/V/W": "UVW", "I/L": "IL"}
    experts = dict.fromkeys(sets, make_pipeline(fine, small)) | {"second": make_pipeline(fine, second)}
    return HierarchicalEnsembleClassifier(
        make_pipeline(coarse, router),
        make_pipeline(fine, small),
        experts,
        confusables=sets,
        confidence_threshold=0.98,
        random_state=seed,
        **settings,
    )


def refitted(epochs: int = EPOCHS, **settings: Any) -> Callable[[Any, Any, Any, int], dict[str, float]]:
    """Estimate trust by fitting another hierarchy."""

    def estimate(_: Any, X: Any, y: Any, seed: int) -> dict[str, float]:
        trust: dict[str, float] = hierarchy(seed + 1, epochs, **settings).fit(X, y).trust_
        return trust

    return estimate


def from_training_rows(model: Any, X: Any, y: Any, _: int) -> dict[str, float]:
    """Estimate trust on the training rows of the members, which is invalid."""
    trust: dict[str, float] = prefit(model).fit(X, y).trust_
    return trust


def from_held_out_rows(_: Any, X: Any, y: Any, seed: int) -> HierarchicalEnsembleClassifier:
    """Fit members on four fifths and estimate trust on the last one, without fitting them again (``cv="prefit"``)."""
    fit_on, held_out = train_test_split(np.arange(len(y)), test_size=0.2, stratify=y, random_state=seed)
    return prefit(hierarchy(seed, trust=1.0).fit(X[fit_on], y[fit_on])).fit(X[held_out], y[held_out])


def prefit(model: HierarchicalEnsembleClassifier) -> HierarchicalEnsembleClassifier:
    """Return a hierarchy of fitted members whose trust is estimated on other rows."""
    by_role: dict[str, dict[str, Any]] = {"specialist": {}, "expert": {}}
    for name, member in model.members_.items():
        role, _, own = name.partition(":")
        if role in by_role:
            by_role[role][own] = member
    return clone(model).set_params(router=model.members_["router"], **by_role, trust="learned", cv="prefit")


WAYS: Mapping[str, Way] = {
    "trust 1, not estimated": Way(lambda model, *_: dict.fromkeys(model.trust_, 1.0), "1", 1.0),
    "the rows fitted on (invalid)": Way(from_training_rows, "1", 1.0),
    'a fifth, members not fitted again (`cv="prefit"`)': Way(from_held_out_rows, "0.8"),
    "a tenth held out (`cv=0.1`)": Way(refitted(cv=0.1), "1.9"),
    "a fifth held out (`cv=0.2`)": Way(refitted(cv=0.2), "1.8"),
    "a third held out (`cv=1/3`)": Way(refitted(cv=1 / 3), "1.67"),
    "half held out (`cv=0.5`)": Way(refitted(cv=0.5), "1.5"),
    "a fifth held out, a third of the epochs there": Way(refitted(EPOCHS // 3, cv=0.2), "1.27", 0.8 / 1.8),
    "2 folds (`cv=2`)": Way(refitted(cv=2), "2"),
    AS_USUAL: Way(refitted(cv=3), "3"),
    "5 folds (`cv=5`)": Way(refitted(cv=5), "5"),
}


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=6, show_default=True, help="Number of random splits.")
@click.option("--quick", is_flag=True, help="Use few letters.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the table.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/trust.md.")
def main(repeats: int, quick: bool, output: Path | None, update: bool) -> None:
    """Compare ways to estimate trust and print their table."""
    X, y, kind = letters(1300 if quick else 20_000)
    found: dict[str, list[Found]] = {name: [] for name in WAYS}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got `batch_size` less than 1 or larger", UserWarning)
        for seed in range(repeats):
            fit_on, test = train_test_split(np.arange(len(y)), test_size=0.3, stratify=y, random_state=seed)
            for name, one in measured(X[fit_on], y[fit_on], X[test], y[test], 10 * seed):
                found[name].append(one)
            click.echo(f"{seed + 1} of {repeats}", err=True)
    text = f"{kind}: {len(y)}, of which 30 % were tested on, {repeats} splits.\n\n{table(found)}"
    click.echo(text)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "trust.md").write_text(text, encoding="utf-8")
    if update:
        put(PAGE, "python -m benchmarks.trust", text)


def letters(n: int) -> tuple[Any, Any, str]:
    """Return rows, labels and a description of the letters."""
    folder = next((place for place in (DATA, DATA / "letters") if (place / "index.csv").is_file()), None)
    if folder is None:
        made = generate_letters(26 * (min(n, 5200) // 26), writers=40, random_state=0)
        return made.to_rows(), made.target, "Generated letters"
    found = load_index(folder, sources=TRAINING_SOURCES)
    found = found.take(np.flatnonzero(found.split == "train"))
    found = found.take(np.random.default_rng(0).permutation(len(found))[:n])
    return found.to_rows(), found.target, "Real training letters of three sources"


def measured(X: Any, y: Any, test: Any, truth: Any, seed: int) -> list[tuple[str, Found]]:
    """Estimate trust by each way on one split, and evaluate the hierarchy with it."""
    model, alone = timed(lambda: hierarchy(seed, trust=1.0).fit(X, y))
    results = []
    for name, way in WAYS.items():
        estimated, seconds = timed(lambda way=way: way.estimate(model, X, y, seed))  # type: ignore[misc]
        if way.additional:
            seconds = alone + way.additional * seconds
        if isinstance(estimated, dict):
            tested = copy(model)
            tested.trust_ = estimated
        else:
            tested = estimated
        probabilities = tested.predict_proba(test)
        right = tested.classes_[probabilities.argmax(axis=1)] == truth
        loss = log_loss(truth, probabilities, labels=tested.classes_)
        results.append((name, Found(seconds / alone, 1 - right.mean(), loss)))
    return results


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of a function and its processor time in seconds."""
    start = process_time()
    result = work()
    return result, process_time() - start


def table(found: Mapping[str, list[Found]]) -> str:
    """Return a table with a row per way; differences are means over the splits."""
    usual = found[AS_USUAL]
    lines = [
        "| trust estimated on | member fits, by rows | time to fit, measured | errors % | against 3 folds | log-loss "
        "| against 3 folds |",
        "| --- " * 7 + "|",
    ]
    for name, ones in found.items():
        errors = [100 * (one.wrong - other.wrong) for one, other in zip(ones, usual, strict=True)]
        losses = [one.loss - other.loss for one, other in zip(ones, usual, strict=True)]
        cells = [
            name,
            WAYS[name].share,
            f"{mean(one.seconds for one in ones):.2f}",
            f"{100 * mean(one.wrong for one in ones):.2f}",
            difference(errors, 2),
            f"{mean(one.loss for one in ones):.4f}",
            difference(losses, 4),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def difference(values: list[float], digits: int) -> str:
    """Return the mean difference and its standard error over the splits."""
    if not any(values):
        return ""
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{mean(values):+.{digits}f} ({error:.{digits}f})"


if __name__ == "__main__":
    main()
