"""``ensemble-hwr evaluate``, and the figures of one model as a table."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._formats import csv_lines
from ensemble_hwr._writing import printable, whole_files
from ensemble_hwr.cli._errors import DONE, FAILED, echo, report_error, report_warning
from ensemble_hwr.cli._options import check_output_file, jobs_option, timeout_option
from ensemble_hwr.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ensemble_hwr._typing import FloatArray
    from ensemble_hwr.datasets import LetterSet

MOST_FAILURES = 5
WEAKEST_LETTERS = 6
MOST_MISTAKES = 60
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("model")
@click.argument("data", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--part",
    type=click.Choice(["all", "train", "test"]),
    help="Part of the predefined split to evaluate, if DATA has one; by default test.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--per-class", "show_classes", is_flag=True, help="Also print the accuracy and the errors of each class.")
@click.option(
    "--predictions",
    type=FILE,
    metavar="FILE",
    help="Table in CSV: path, label, prediction and probability of each letter.",
)
@click.option("--report", type=FILE, metavar="FILE", help="HTML page with classes, confusions, reliability and errors.")
@timeout_option
@jobs_option
def evaluate(
    *,
    model: str,
    data: Path,
    part: str | None,
    as_json: bool,
    show_classes: bool,
    predictions: Path | None,
    report: Path | None,
    timeout: float,
    jobs: int | None,
) -> int:
    """Evaluate MODEL on the labelled letters in DATA.

    MODEL is the name of a shipped model or a model file. DATA is a folder with an index.csv, a folder with one
    subfolder per letter, a .csv file (an index, or labels and pixels as in Kaggle's A-Z), or an .npz file.

    Pictures that cannot be read are left out of the figures. They are reported on standard error, and the exit code
    is 1. A warning is printed if the model was trained on some of the letters.
    """
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.persistence.models import share_in_training
    from ensemble_hwr.training import evaluate_predictions

    if predictions is not None and predictions == report:
        raise click.UsageError(f"--predictions and --report name the same file, {predictions}; give two files")
    for file in filter(None, (predictions, report)):
        check_output_file(file, [data, Path(model)])
    watch = Stopwatch()
    with progress(transient=True) as steps:
        found = _predict(model, data, part, jobs=jobs, timeout=timeout, steps=steps)
        with steps.step("evaluating"):
            figures = evaluate_predictions(found.probabilities, found.classes, found.letters)
            share = share_in_training(model, found.rows)
    if share:
        report_warning(_seen(share))
    if as_json:
        echo(json.dumps({**figures, "in_training": share}, indent=2))
    else:
        print_figures(figures)
        if show_classes:
            print_classes(figures)
        echo(f"\n{found.part} of {data} (in {watch})")
    _write_files(found, figures, share, {"model": model, "data": str(data)}, predictions=predictions, report=report)
    _report_failures(found.failures, len(found.letters) + len(found.failures))
    return FAILED if found.failures else DONE


@dataclass(frozen=True)
class Predicted:
    """Letters that were read, with the probabilities of a model.

    Attributes
    ----------
    letters : LetterSet
    rows : ndarray of shape (n, n_pixels)
        The letters as the classifier gets them.
    probabilities : ndarray of shape (n, n_classes)
    classes : ndarray of shape (n_classes,)
    part : str
        Name of the part of the data.
    failures : list of str
        Errors of pictures that cannot be read.
    """

    letters: LetterSet
    rows: NDArray[np.float32]
    probabilities: FloatArray
    classes: NDArray[Any]
    part: str
    failures: list[str]


def _predict(model: str, data: Path, part: str | None, *, jobs: int | None, timeout: float, steps: Any) -> Predicted:
    """Read and classify the letters."""
    import numpy as np

    from ensemble_hwr.cli._pictures import normalized_batches, picture_model
    from ensemble_hwr.datasets import open_letters
    from ensemble_hwr.persistence import load_model
    from ensemble_hwr.training import check_labels

    with steps.step("reading"):
        normalizer, classifier = picture_model(load_model(model), model, timeout)
        letters, part_name = _select_part(open_letters(data), part)
    with steps.step("normalizing", total=len(letters)) as update:
        batches = []
        with closing(normalized_batches(_pictures(letters), normalizer, jobs)) as found:
            for batch in found:
                batches.append(batch)
                update(batch.stop, "")
    failures = [reason for batch in batches for reason in batch.failures.values()]
    if len(failures) == len(letters):
        raise DataError(f"{data}: no letter can be read{_first(failures)}")
    rows = np.concatenate([batch.rows for batch in batches])
    readable = letters.take([position for batch in batches for position in batch.positions])
    check_labels(readable, classifier.classes_)
    with steps.step("classifying"):
        probabilities = classifier.predict_proba(rows)
    return Predicted(readable, rows, probabilities, classifier.classes_, part_name, failures)


def print_classes(figures: dict[str, Any]) -> None:
    """Print the accuracy and the errors of each class on standard output, the weakest class first."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("class")
    for heading in ("letters", "errors", "accuracy"):
        table.add_column(heading, justify="right")
    table.add_column("predicted instead")
    tested = [(label, row) for label, row in figures["per_class"].items() if row["support"]]
    for label, row in sorted(tested, key=lambda item: float(item[1]["accuracy"])):
        instead = "  ".join(f"{printable(other)} {count}" for other, count in row["misclassified_with"].items())
        errors = row["support"] - row["correct"]
        table.add_row(
            Text(printable(label)), f"{row['support']:,}", f"{errors:,}", f"{row['accuracy']:.1%}", Text(instead)
        )
    Console().print(table)


def _seen(share: float) -> str:
    return (
        f"the model was trained on {share:.1%} of these letters, so the figures are too optimistic; "
        "evaluate it on other letters"
    )


def _write_files(
    found: Predicted,
    figures: dict[str, Any],
    share: float | None,
    names: dict[str, str],
    *,
    predictions: Path | None,
    report: Path | None,
) -> None:
    """Write the table of predictions and the HTML page, where they are wanted."""
    if predictions is not None:
        with whole_files(predictions) as (stream,):
            stream.write(_table(found).encode())
        echo(f"predictions: {predictions}", err=True)
    if report is not None:
        from ensemble_hwr.report.evaluation import evaluation_page

        cautions = [f"Caution: {_seen(share)}."] if share else []
        page = evaluation_page(figures, **names, cautions=cautions, mistakes=_mistakes(found))
        with whole_files(report) as (stream,):
            stream.write(page.encode())
        echo(f"report: {report}", err=True)


def _table(found: Predicted) -> str:
    """Return the predictions as CSV; the path of a letter that is no file is its position."""
    rows: list[list[Any]] = [["path", "label", "prediction", "probability", "probability_of_label"]]
    column = {label: k for k, label in enumerate(found.classes.tolist())}
    for k, (row, label) in enumerate(zip(found.probabilities, found.letters.target.tolist(), strict=True)):
        path = found.letters.data[k] if isinstance(found.letters.data[k], str) else k
        best = int(row.argmax())
        rows.append([path, label, found.classes[best], f"{row[best]:.6f}", f"{row[column[label]]:.6f}"])
    return csv_lines(rows) + "\n"


def _mistakes(found: Predicted) -> list[dict[str, Any]]:
    """Return the wrong predictions with the highest probability, with their pictures."""
    import numpy as np

    from ensemble_hwr.report.page import png_uri

    best = found.probabilities.argmax(axis=1)
    true = np.searchsorted(found.classes, found.letters.target)
    wrong = np.flatnonzero(best != true)
    order = wrong[np.argsort(-found.probabilities[wrong, best[wrong]], kind="stable")][:MOST_MISTAKES]
    return [
        {
            "true": str(found.classes[true[k]]),
            "predicted": str(found.classes[best[k]]),
            "probability": float(found.probabilities[k, best[k]]),
            "true_probability": float(found.probabilities[k, true[k]]),
            "picture": png_uri(found.rows[k]),
        }
        for k in order
    ]


def print_figures(figures: dict[str, Any]) -> None:
    """Print figures, as `evaluate_classifier` returns them, on standard output."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column()
    for name, value in _lines(figures):
        table.add_row(name, Text(printable(value)))
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
        raise DataError(f"{letters.name}: has no {wanted} part; leave out --part, or use --part all")
    return letters.take(letters.split == wanted), f"the {wanted} part"
