"""``ensemble-hwr evaluate``, and the figures of one model as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr.cli._errors import DONE, FAILED, report_error
from ensemble_hwr.cli._options import jobs_option, number_of_jobs
from ensemble_hwr.exceptions import DataError

if TYPE_CHECKING:
    from ensemble_hwr.datasets import LetterSet

MOST_FAILURES = 5
WEAKEST_LETTERS = 6


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--part",
    type=click.Choice(["all", "train", "test"]),
    help="Part of the predefined split to evaluate, if DATA has one; by default test.",
)
@jobs_option
def evaluate(model: str, data: Path, part: str | None, jobs: int | None) -> int:
    """Evaluate MODEL on the labelled letters in DATA.

    MODEL is the name of a shipped model or a model file. DATA is a folder with an index.csv, a folder with one
    subfolder per letter, a .csv file (an index, or labels and pixels as in Kaggle's A-Z), or an .npz file.

    Pictures that cannot be read are left out of the figures. They are reported on standard error, and the exit code
    is 1.
    """
    import numpy as np

    from ensemble_hwr.cli._pictures import normalized_batches, picture_model
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.datasets import open_letters
    from ensemble_hwr.persistence import load_model
    from ensemble_hwr.training import evaluate_classifier

    watch = Stopwatch()
    with progress() as steps:
        with steps.step("reading"):
            normalizer, classifier = picture_model(load_model(model), model, number_of_jobs(jobs))
            letters, part_name = _select_part(open_letters(data), part)
        with steps.step("normalizing", total=len(letters)) as update:
            batches = []
            for batch in normalized_batches(_pictures(letters), normalizer):
                batches.append(batch)
                update(batch.stop, "")
        failures = [reason for batch in batches for reason in batch.failures.values()]
        if len(failures) == len(letters):
            raise DataError(f"{data}: no letter can be read{_first(failures)}")
        with steps.step("evaluating"):
            rows = np.concatenate([batch.rows for batch in batches])
            readable = letters.take([position for batch in batches for position in batch.positions])
            figures = evaluate_classifier(classifier, rows, readable)
    print_figures(figures)
    click.echo(f"\n{part_name} of {data} (in {watch})")
    _report_failures(failures, len(letters))
    return FAILED if failures else DONE


def print_figures(figures: dict[str, Any]) -> None:
    """Print figures, as `evaluate_classifier` returns them, on standard output."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column()
    for name, value in _lines(figures):
        table.add_row(name, Text(value))
    Console().print(table)


def _lines(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and value of each figure; the weakest letters and the confused pairs only where there are errors."""
    lines = [("letters", f"{figures['letters']:,}"), ("accuracy", f"{figures['accuracy']:.2%}")]
    if "accuracy_without_suspected_errors" in figures:
        lines.append(("accuracy without suspected label errors", f"{figures['accuracy_without_suspected_errors']:.2%}"))
    lines.append(("macro-F1", f"{figures['macro_f1']:.4f}"))
    lines.append(("log-loss", f"{figures['log_loss']:.4f}"))
    lines.append(("expected calibration error", f"{figures['expected_calibration_error']:.4f}"))
    sources = figures.get("per_source", {})
    if len(sources) > 1:
        of_each = (f"{source} {found['accuracy']:.2%}" for source, found in sources.items())
        lines.append(("accuracy per source", "  ".join(of_each)))
    per_class = {label: row for label, row in figures["per_class"].items() if row["support"] > row["correct"]}
    weakest = sorted(per_class, key=lambda label: per_class[label]["accuracy"])[:WEAKEST_LETTERS]
    if weakest:
        pairs = (f"{pair['a']}/{pair['b']} {pair['count']}" for pair in figures["confused_pairs"])
        lines.append(("weakest letters", "  ".join(f"{a} {per_class[a]['accuracy']:.1%}" for a in weakest)))
        lines.append(("most confused", "  ".join(pairs)))
    return lines


def _pictures(letters: LetterSet) -> list[Any]:
    """Return the input of the normalizer for each letter."""
    return list(letters.data.reshape(-1, 28, 28) if letters.is_rows else letters.data)


def _first(failures: list[str]) -> str:
    return f"; the first: {failures[0]}" if failures else ""


def _report_failures(failures: list[str], n_letters: int) -> None:
    if failures:
        report_error(f"{len(failures)} of {n_letters} pictures could not be read and are left out of the figures:")
        for reason in failures[:MOST_FAILURES]:
            report_error(reason)
        if len(failures) > MOST_FAILURES:
            report_error(f"and {len(failures) - MOST_FAILURES} more")


def _select_part(letters: LetterSet, part: str | None) -> tuple[LetterSet, str]:
    has_test_part = letters.split is not None and bool((letters.split == "test").any())
    wanted = part or ("test" if has_test_part else "all")
    if wanted == "all":
        return letters, "all letters"
    if letters.split is None or not (letters.split == wanted).any():
        raise DataError(f"{letters!r} has no {wanted} part; leave out --part, or use --part all")
    return letters.take(letters.split == wanted), f"the {wanted} part"
