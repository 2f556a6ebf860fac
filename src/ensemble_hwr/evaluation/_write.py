"""Write a comparison as report.json and report.html."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import whole_files
from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._verdict import verdict_sentences
from ensemble_hwr.evaluation.results import Comparison
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.report.comparison import comparison_page
from ensemble_hwr.report.page import are_pictures, png_uri

REFERENCE_MISTAKES, OTHER_MISTAKES = 24, 12  # pictures in the report


def write_report(
    comparison: Comparison, output: PathLike, *, summary: Mapping[str, Any] | None = None
) -> tuple[Path, Path]:
    """Write report.json and the self-contained report.html.

    Both files are written under temporary names and then renamed, so that an incomplete file is never visible.

    Parameters
    ----------
    comparison : Comparison
        Return value of :func:`compare`. If its ``data`` has ``command`` or ``config``, they are shown as the way to
        reproduce it.
    output : path
        Folder; created if missing.
    summary : mapping, default=None
        Return value of ``summarise(comparison)``, if it was computed before.

    Returns
    -------
    json_path, html_path : pathlib.Path
        The files.

    Raises
    ------
    DataError
        If the files cannot be written; existing files are then unchanged.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.evaluation import compare, write_report
    >>> split = (range(0, 150, 2), range(1, 150, 2))
    >>> comparison = compare({"bayes": GaussianNB()}, *load_iris(return_X_y=True), split=split, seeds=[0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_report(comparison, folder)]
    ['report.json', 'report.html']
    """
    summary = summarise(comparison) if summary is None else summary
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    page = render_report(summary, comparison)
    folder = Path(output)
    json_path, html_path = folder / "report.json", folder / "report.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_files(json_path, html_path) as streams:
            for stream, content in zip(streams, (text, page), strict=True):
                # a label from an undecodable folder name is shown with its bytes escaped
                stream.write(content.encode("utf-8", errors="backslashreplace"))
    except OSError as error:
        raise DataError(
            f"{folder}: the report cannot be written ({error.strerror or error}); choose another folder"
        ) from error
    return json_path, html_path


def render_report(summary: Mapping[str, Any], comparison: Comparison) -> str:
    """Return the HTML page of a comparison and its summary."""
    return comparison_page(summary, sentences=verdict_sentences(summary), mistakes=_mistake_sheets(summary, comparison))


def worst_mistakes(comparison: Comparison, contender: str, n: int) -> list[dict[str, Any]]:
    """Return the `n` samples with the most probable wrong prediction, each once, over all seeds."""
    classes = comparison.classes
    found: dict[int, dict[str, Any]] = {}
    for run in comparison.of(contender):
        predicted = np.argmax(run.probabilities, axis=1)
        true = np.searchsorted(classes, comparison.y[run.test])
        for i in np.flatnonzero(predicted != true):
            sample, probability = int(run.test[i]), float(run.probabilities[i, predicted[i]])
            if sample not in found or probability > found[sample]["probability"]:
                found[sample] = {
                    "sample": sample,
                    "true": str(classes[true[i]]),
                    "predicted": str(classes[predicted[i]]),
                    "probability": probability,
                    "true_probability": float(run.probabilities[i, true[i]]),
                    "suspect": comparison.suspect is not None and bool(comparison.suspect[sample]),
                }
    return sorted(found.values(), key=lambda row: (-row["probability"], row["true_probability"], row["sample"]))[:n]


def _mistake_sheets(summary: Mapping[str, Any], comparison: Comparison) -> Sequence[Mapping[str, Any]]:
    """Return the worst mistakes of each contender with their pictures, the reference first; none without pictures."""
    if not are_pictures(comparison.rows):
        return []
    reference = summary["reference"]
    sheets = []
    for name in [reference, *(name for name in summary["contenders"] if name != reference)]:
        worst = worst_mistakes(comparison, name, REFERENCE_MISTAKES if name == reference else OTHER_MISTAKES)
        if worst:
            pictures = [{**row, "picture": png_uri(comparison.rows[row["sample"]])} for row in worst]
            sheets.append({"name": name, "mistakes": pictures})
    return sheets
