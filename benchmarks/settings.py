"""Cross-validate settings inside the training letters of the protocol "unseen": the tables of docs/accuracy.md.

    python -m benchmarks.settings recipes --out settings       one flat MLP, trained in other ways; 15 minutes
    python -m benchmarks.settings hierarchies --out settings   other hierarchies; 45 minutes, on two cores
    python -m benchmarks.settings recipes --out settings --update   and writes the table into docs/accuracy.md

Each of the three training sources in turn is left out and tested on; generated letters are learned from each time. No
letter that a protocol tests on is read. What the pooled protocol takes over from here is chosen without its letters.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
import numpy as np

from ensemble_hwr.config import (
    ExperimentConfig,
    build_hierarchy,
    build_member,
    divide,
    load_config,
    load_letters,
    to_rows,
    training_sources,
)
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.evaluation import Run, compare, log_loss

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "configs" / "unseen.toml"
SOURCES = ("photo62", "tablet55", "binary20x16")
WITHOUT_EXTRA = "extra"  # stands for leaving the section out, which no override can say
RECIPES = {
    "as in configs/unseen.toml: 600 units": [],
    "no generated letters": [WITHOUT_EXTRA],
    "no variations": ["flat.augmentation='none'"],
    "variations of `Augmenter()`": ["flat.augmentation='default'"],
    "batches of 100": ["flat.params.batch_size=100"],
    "100 units": ["flat.params.hidden_layer_sizes=[100]"],
    "view `fine`": ["flat.view='fine'"],
}
ONE_EACH = """{
    "expert:second" = { params = { hidden_layer_sizes = [700], batch_size = 50, alpha = 1e-4 } },
    "expert:third" = { view = "fine", params = { hidden_layer_sizes = [500], batch_size = 50, alpha = 1e-4 } }
}""".replace("\n", " ")
HIERARCHIES = {
    "as in configs/unseen.toml": [],
    "two single MLPs in place of the committee": [
        'hierarchy.confusables={ second = "*", third = "*", "B/P" = "BP", "D/O" = "DO", "U/V/W" = "UVW" }',
        f"members={ONE_EACH}",
    ],
    "trust from a random fifth of the letters": ["hierarchy.cv=0.2"],
    "derived groups": ["hierarchy.groups='derived'", "hierarchy.group_size=5"],
}


@click.command()
@click.argument("what", type=click.Choice(["recipes", "hierarchies"]))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the table.")
@click.option("--update", is_flag=True, help="Write the table into docs/accuracy.md.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Fits for each source left out.")
@click.option("--jobs", type=int, default=2, show_default=True, help="Processes.")
def main(what: str, out: Path, update: bool, seeds: int, jobs: int) -> None:
    """Cross-validate candidates and print their table."""
    out.mkdir(parents=True, exist_ok=True)
    candidates = RECIPES if what == "recipes" else HIERARCHIES
    runs: dict[str, list[tuple[Run, np.ndarray]]] = {name: [] for name in candidates}
    for with_extra in (True, False):
        chosen = {name: c for name, c in candidates.items() if (WITHOUT_EXTRA not in c) == with_extra}
        if not chosen:
            continue
        letters = load_letters(configured("photo62", [] if with_extra else [WITHOUT_EXTRA]))
        rows = to_rows(letters, n_jobs=jobs)
        for left_out in SOURCES:
            configs = {name: configured(left_out, changes) for name, changes in chosen.items()}
            contenders = {name: contender(what, config, letters) for name, config in configs.items()}
            split = divide(next(iter(configs.values())), letters)
            found = compare(contenders, rows, letters.target, split=split, seeds=range(seeds), n_jobs=jobs)
            for run in found.runs:
                runs[run.contender].append((run, letters.target[run.test]))
            click.echo(f"{left_out} left out", err=True)
    text = table(runs)
    click.echo(text)
    (out / f"{what}.md").write_text(text, encoding="utf-8")
    if update:
        page = ROOT / "docs" / "accuracy.md"
        begin, end = f"<!-- table: benchmarks/settings.py {what} -->\n", "<!-- end of table -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        page.write_text(
            pattern.sub(lambda _: begin + text + end, page.read_text(encoding="utf-8"), count=1), encoding="utf-8"
        )


def configured(left_out: str, changes: list[str]) -> ExperimentConfig:
    """Return the config with a training source in the place of the test source, which is not read."""
    kept = [source for source in SOURCES if source != left_out]
    config = load_config(
        CONFIG,
        [
            f"data.sources={list(SOURCES)}",
            f"split.train={kept}",
            f"split.test=['{left_out}']",
            f"hierarchy.cv=['{kept[0]}']",
            *(change for change in changes if change != WITHOUT_EXTRA),
        ],
    )
    return config.model_copy(update={"extra": None}) if WITHOUT_EXTRA in changes else config


def contender(what: str, config: ExperimentConfig, letters: LetterSet) -> object:
    """Make what a candidate says: the flat MLP as it is, or the hierarchy."""
    if what == "recipes":
        assert config.flat is not None
        return build_member(config, config.flat)
    return build_hierarchy(config, sorted(set(letters.target.tolist())), sources=training_sources(config, letters))


def table(runs: dict[str, list[tuple[Run, np.ndarray]]]) -> str:
    """Every candidate as a row of a Markdown table; letters, not sources, weigh the same."""
    lines = [
        f"| candidate | accuracy % | {' | '.join(f'{name} left out' for name in SOURCES)} | log-loss | "
        "multiply-adds a letter |",
        "| --- " * 7 + "|",
    ]
    for name, found in runs.items():
        classes = np.unique(np.concatenate([truth for _, truth in found]))
        right = [classes[run.probabilities.argmax(axis=1)] == truth for run, truth in found]
        seeds = len(found) // len(SOURCES)  # the runs of one source stand together
        by_source = [np.concatenate(right[i * seeds : (i + 1) * seeds]) for i in range(len(SOURCES))]
        loss = np.average(
            [log_loss(truth, run.probabilities, classes) for run, truth in found],
            weights=[len(truth) for _, truth in found],
        )
        cells = [name, f"{100 * np.concatenate(right).mean():.2f}", *(f"{100 * part.mean():.2f}" for part in by_source)]
        cells += [f"{loss:.4f}", f"{np.mean([run.multiply_adds or np.nan for run, _ in found]):,.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
