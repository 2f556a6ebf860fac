"""Write a comparison as report.json and report.html, with the pictures that the report shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import whole_files
from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._verdict import verdict_sentences
from ensemble_hwr.evaluation.results import Comparison
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.report.comparison import comparison_page
from ensemble_hwr.report.page import are_pictures, png_uri

MOST_MISTAKES = 24  # pictures of each group of mistakes in the report
SAMPLES_PER_CLASS = 4  # pictures of training samples


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
    """Return the HTML page of a comparison and its summary; pictures are shown if the rows are pictures."""
    shown = are_pictures(comparison.rows)
    return comparison_page(
        summary,
        sentences=verdict_sentences(summary),
        mistakes=_mistake_groups(summary["reference"], comparison) if shown else [],
        samples=_training_samples(comparison) if shown else [],
    )


def mistakes_by_picture(comparison: Comparison, reference: str) -> list[dict[str, Any]]:
    """Return each sample that a contender misclassifies once, with the predictions of all contenders.

    Parameters
    ----------
    comparison : Comparison
        Return value of :func:`compare`.
    reference : str
        The contender whose predictions come first.

    Returns
    -------
    list of dict
        ``sample``, ``true``, ``suspect`` and ``readings``: for each contender its ``name``, ``predicted``, its
        ``probability`` and ``correct``. Probabilities are means over the seeds that test a sample, and the prediction
        is the class with the highest mean. Samples that most contenders misclassify, with the highest probabilities,
        come first.
    """
    classes = comparison.classes
    names = [reference, *(name for name in comparison.contenders if name != reference)]
    tested = np.unique(np.concatenate([run.test for run in comparison.runs]))
    true = np.searchsorted(classes, comparison.y[tested])
    means = {name: _mean_probabilities(comparison, name, tested) for name in names}
    predicted = {name: mean.argmax(axis=1) for name, mean in means.items()}
    found = []
    for i in np.flatnonzero(np.any([codes != true for codes in predicted.values()], axis=0)):
        readings = [
            {
                "name": name,
                "predicted": str(classes[predicted[name][i]]),
                "probability": float(means[name][i].max()),
                "correct": bool(predicted[name][i] == true[i]),
            }
            for name in names
        ]
        flagged = comparison.suspect is not None and bool(comparison.suspect[tested[i]])
        row = {"sample": int(tested[i]), "true": str(classes[true[i]]), "suspect": flagged, "readings": readings}
        found.append(row)
    return sorted(found, key=lambda row: (*_severity(row["readings"]), row["sample"]))


def _mean_probabilities(comparison: Comparison, contender: str, tested: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the mean probabilities of a contender on samples, over the seeds that test them."""
    total = np.zeros((len(tested), len(comparison.classes)))
    n_tests = np.zeros((len(tested), 1))
    for run in comparison.of(contender):
        at = np.searchsorted(tested, run.test)
        total[at] += run.probabilities
        n_tests[at] += 1
    return total / n_tests


def _severity(readings: Sequence[Mapping[str, Any]]) -> tuple[int, float]:
    """Return a sort key: most wrong predictions first, then the highest sum of their probabilities."""
    wrong = [reading["probability"] for reading in readings if not reading["correct"]]
    return -len(wrong), -sum(wrong)


def _mistake_groups(reference: str, comparison: Comparison) -> list[dict[str, Any]]:
    """Return the mistakes with pictures, grouped by the contenders that make them; groups without mistakes left out."""
    groups: dict[str, list[dict[str, Any]]] = {"all": [], "reference": [], "others": []}
    for row in mistakes_by_picture(comparison, reference):
        own, *others = (not reading["correct"] for reading in row["readings"])
        groups["all" if own and all(others) else "reference" if own else "others"].append(row)
    return [
        {
            "kind": kind,
            "n": len(rows),
            "mistakes": [{**row, "picture": png_uri(comparison.rows[row["sample"]])} for row in rows[:MOST_MISTAKES]],
        }
        for kind, rows in groups.items()
        if rows
    ]


def _training_samples(comparison: Comparison) -> list[dict[str, Any]]:
    """Return pictures of training samples of the first seed, evenly spaced, for each class."""
    if comparison.train is None:
        return []
    labels = comparison.y[comparison.train]
    found = []
    for label in np.unique(labels):
        own = comparison.train[labels == label]
        chosen = own[np.linspace(0, len(own) - 1, min(SAMPLES_PER_CLASS, len(own))).astype(int)]
        found.append({"label": str(label), "n": len(own), "pictures": [png_uri(comparison.rows[i]) for i in chosen]})
    return found
