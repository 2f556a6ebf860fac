"""Cross-validate settings within the training letters of both protocols: tables of docs/notes/accuracy.md.

    python -m benchmarks.settings recipes --output settings       a flat MLP, trained in other ways; 15 minutes
    python -m benchmarks.settings lengths --output settings       the same, trained for longer; 25 minutes
    python -m benchmarks.settings hierarchies --output settings   other hierarchies; 45 minutes on two cores
    python -m benchmarks.settings pooled --output settings        settings for seen writers; 15 minutes
    python -m benchmarks.settings recipes --output settings --update   also update docs/notes/accuracy.md

The first three use the protocol "unseen": each of its training sources is left out in turn for testing; generated
letters are always used for training. The last uses "pooled": two fifths of its training letters are left out, one after
the other. Test letters of the protocols are used neither for training nor for testing. Results are kept in the folder.
``--only`` measures some of the candidates, and the table lists these.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from sklearn.model_selection import StratifiedKFold

from benchmarks.fit_cache import cached, settings_of
from benchmarks.pages import put
from ensemble_hwr.config import ExperimentConfig, build_hierarchy, load_config, load_letters
from ensemble_hwr.config.building import build_member
from ensemble_hwr.config.letters import build_split, training_sources
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.evaluation import compare
from ensemble_hwr.evaluation.metrics import log_loss
from ensemble_hwr.evaluation.results import Run

ROOT = Path(__file__).parent.parent
UNSEEN, POOLED = (ROOT / "configs" / f"{name}.toml" for name in ("unseen", "pooled"))
SOURCES = ("photo62", "tablet55", "binary20x16")
FIFTHS = ("first fifth", "second fifth")
WITHOUT_EXTRA = "extra"  # leaves out the section, which no override can do
SHORT = "flat.params={ hidden_layer_sizes = [600], max_iter = 30, batch_size = 50 }"
RECIPES = {
    "600 units, 30 epochs in batches of 50": [SHORT],
    "no generated letters": [SHORT, WITHOUT_EXTRA],
    "no augmentation": [SHORT, "flat.augmentation='none'"],
    "augmentation of `Augmenter()`": [SHORT, "flat.augmentation='default'"],
    "batches of 100": [SHORT, "flat.params.batch_size=100"],
    "100 units": [SHORT, "flat.params.hidden_layer_sizes=[100]"],
    "view `fine`": [SHORT, "flat.view='fine'"],
}
LENGTHS = {
    "600 units, 30 epochs in batches of 50": [SHORT],
    "90 epochs": [SHORT, "flat.params.max_iter=90"],
    "as in configs/unseen.toml: 45 epochs in batches of 100, twice the step": [],
    "300 units, 60 epochs in batches of 100, twice the step": [
        "flat.params.hidden_layer_sizes=[300]",
        "flat.params.max_iter=60",
    ],
    "four times as many generated letters": [SHORT, "extra.generated=26000", "extra.writers=1000"],
}
ONE_EACH = """{
    "expert:second" = { params = { hidden_layer_sizes = [700] } },
    "expert:third" = { view = "fine", params = { hidden_layer_sizes = [500] } }
}""".replace("\n", " ")
ONE_WIDE = """{ "expert:second" = { view = "upright",
    params = { hidden_layer_sizes = [700], batch_size = 100, alpha = 1e-4 } } }""".replace("\n", " ")
HIERARCHIES = {
    "as in configs/unseen.toml": [],
    "one MLP of 700 units in place of the committee": [f"members={ONE_WIDE}"],
    "a router as configs/az_tune.toml found it": [
        "router.params={ hidden_layer_sizes = [179], max_iter = 45, batch_size = 100, "
        "learning_rate_init = 0.00296, alpha = 0.00265 }"
    ],
    "two single MLPs in place of the committee": [
        'hierarchy.confusables={ second = "*", third = "*", "B/P" = "BP", "D/O" = "DO", "U/V/W" = "UVW" }',
        f"members={ONE_EACH}",
    ],
    "trust from a random fifth of the letters": ["hierarchy.cv=0.2"],
    "derived groups": ["hierarchy.groups='derived'", "hierarchy.group_size=5"],
}
COMMITTEE = """flat={ estimator = "augmented_mlp", views = ["upright", "fine", "coarse"], augmentation = "strong",
    params = { hidden_layer_sizes = [400], max_iter = 90, batch_size = 100, learning_rate_init = 0.002 } }""".replace(
    "\n", " "
)
SEEN_WRITERS = {
    "one MLP of 1,000 units, 90 epochs": ["flat.params.hidden_layer_sizes=[1000]"],
    "the same, 45 epochs": ["flat.params.hidden_layer_sizes=[1000]", "flat.params.max_iter=45"],
    "a committee of three views, 400 units each, 90 epochs": [COMMITTEE],
    "the committee, 45 epochs": [COMMITTEE, "flat.params.max_iter=45"],
}


@dataclass(frozen=True)
class Kind:
    """Candidates as changes to a config, and the parts that are left out for testing."""

    config: Path
    candidates: Mapping[str, Sequence[str]]
    parts: Sequence[str]
    of_hierarchies: bool = False


KINDS = {
    "recipes": Kind(UNSEEN, RECIPES, SOURCES),
    "lengths": Kind(UNSEEN, LENGTHS, SOURCES),
    "hierarchies": Kind(UNSEEN, HIERARCHIES, SOURCES, of_hierarchies=True),
    "pooled": Kind(POOLED, SEEN_WRITERS, FIFTHS),
}
Found = list[tuple[Run, np.ndarray]]  # the runs of one candidate, each with the true labels


@click.command()
@click.argument("what", type=click.Choice(list(KINDS)))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for results.")
@click.option("--only", type=int, multiple=True, help="Number of a candidate, from 0. Can be given several times.")
@click.option("--update", is_flag=True, help="Write the table into docs/notes/accuracy.md.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Number of fits per part.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Number of processes.")
def main(*, what: str, output: Path, only: tuple[int, ...], update: bool, seeds: int, jobs: int) -> None:
    """Cross-validate candidates and print their table."""
    output.mkdir(parents=True, exist_ok=True)
    kind = KINDS[what]
    bench = Bench(what, output, seeds, jobs)
    chosen = [name for number, name in enumerate(kind.candidates) if not only or number in only]
    found = {name: [run for part in kind.parts for run in bench.runs(name, part)] for name in chosen}
    text = table(found, kind.parts)
    if kind.of_hierarchies:
        text += "\n" + confidence_thresholds(next(iter(found.values())))
    click.echo(text)
    if update:
        put(ROOT / "docs" / "notes" / "accuracy.md", f"benchmarks/settings.py {what}", text)


class Bench:
    """Measurements of the candidates of one kind, which are kept in a folder."""

    def __init__(self, what: str, output: Path, seeds: int, jobs: int) -> None:
        self.what, self.kind, self.output, self.seeds, self.jobs = what, KINDS[what], output, seeds, jobs
        self._extra: object = None
        self._letters: tuple[LetterSet, np.ndarray] | None = None

    def runs(self, name: str, part: str) -> Found:
        """Return the runs of a candidate with one part left out."""
        changes = self.kind.candidates[name]
        config = leaving_out(part, changes) if part in SOURCES else load_config(self.kind.config, changes)
        file = self.output / f"{self.what}-{list(self.kind.candidates).index(name)}-{part.replace(' ', '-')}.joblib"
        found = cached(file, f"{self.seeds} {settings_of(config)}", lambda: self._measure(config, part))
        click.echo(f"{name}: {part} left out", err=True)
        return found

    def _measure(self, config: ExperimentConfig, part: str) -> Found:
        letters, rows = self._read(config)
        split = build_split(config, letters)
        if part in FIFTHS:
            split = fifth_of(letters, split[0], config.data.sources, FIFTHS.index(part))
        contenders = {"candidate": contender(config, letters, of_hierarchies=self.kind.of_hierarchies)}
        found = compare(contenders, rows, letters.target, split=split, seeds=range(self.seeds), n_jobs=self.jobs)
        return [(run, letters.target[run.test]) for run in found.runs]

    def _read(self, config: ExperimentConfig) -> tuple[LetterSet, np.ndarray]:
        """Load the letters once for candidates with the same training letters."""
        if self._letters is None or config.extra != self._extra:
            letters = load_letters(config)
            self._extra, self._letters = config.extra, (letters, letters.to_rows(n_jobs=self.jobs))
        return self._letters


def leaving_out(source: str, changes: Sequence[str]) -> ExperimentConfig:
    """Return the config of "unseen" with a training source in place of the test source, which is not read."""
    kept_sources = [other for other in SOURCES if other != source]
    config = load_config(
        UNSEEN,
        [
            f"data.sources={list(SOURCES)}",
            f"split.train={kept_sources}",
            f"split.test=['{source}']",
            f"hierarchy.cv=['{kept_sources[0]}']",
            *(change for change in changes if change != WITHOUT_EXTRA),
        ],
    )
    return config.model_copy(update={"extra": None}) if WITHOUT_EXTRA in changes else config


def fifth_of(
    letters: LetterSet, train: np.ndarray, sources: Sequence[str], number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return all other training letters, and a fifth of those of some sources for testing."""
    own = train[np.isin(letters.source[train], sources)]
    strata = np.char.add(letters.source[own], letters.target[own])
    _, place = list(StratifiedKFold(5, shuffle=True, random_state=0).split(own, strata))[number]
    return np.setdiff1d(train, own[place]), own[place]


def contender(config: ExperimentConfig, letters: LetterSet, *, of_hierarchies: bool) -> object:
    """Return the classifier of a candidate: its flat MLP or its hierarchy."""
    if not of_hierarchies:
        assert config.flat is not None
        return build_member(config, config.flat)
    return build_hierarchy(config, sorted(set(letters.target.tolist())), sources=training_sources(config, letters))


def table(found: dict[str, Found], parts: Sequence[str]) -> str:
    """Return a Markdown table with a row per candidate; MACs per letter are means over the parts."""
    lines = [
        f"| candidate | accuracy % | {' | '.join(f'{name} left out' for name in parts)} | log-loss | MACs per letter |",
        "| --- " * (4 + len(parts)) + "|",
    ]
    for name, runs in found.items():
        classes = np.unique(np.concatenate([truth for _, truth in runs]))
        right = [classes[run.probabilities.argmax(axis=1)] == truth for run, truth in runs]
        seeds = len(runs) // len(parts)  # the runs of one part are consecutive
        by_part = [np.concatenate(right[i * seeds : (i + 1) * seeds]) for i in range(len(parts))]
        loss = np.average(
            [log_loss(truth, run.probabilities, classes) for run, truth in runs],
            weights=[len(truth) for _, truth in runs],
        )
        cells = [name, f"{100 * np.concatenate(right).mean():.2f}", *(f"{100 * part.mean():.2f}" for part in by_part)]
        cells += [f"{loss:.4f}", f"{np.mean([run.macs or np.nan for run, _ in runs]):,.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def confidence_thresholds(runs: Found) -> str:
    """Return accuracy and MACs of one hierarchy at several confidence thresholds, as means over the parts."""
    lines = ["| `confidence_threshold` | accuracy % | MACs per letter |", "| --- | --- | --- |"]
    weights = [len(truth) for _, truth in runs]
    for points in zip(*(run.hierarchy.operating_points for run, _ in runs if run.hierarchy), strict=True):
        accuracy = np.average([point.accuracy for point in points], weights=weights)
        cost = np.average([point.macs or np.nan for point in points], weights=weights)
        lines.append(f"| {100 * points[0].confidence_threshold:g} % | {100 * accuracy:.2f} | {cost:,.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
