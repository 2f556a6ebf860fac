"""What one model did on some letters, measured and printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_hwr.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ensemble_hwr.datasets import LetterSet

WORST_LETTERS = 6
CONFUSED_PAIRS = 5


def figures(classifier: Any, rows: NDArray[np.float32], letters: LetterSet) -> dict[str, Any]:
    """Measure a classifier on labelled rows.

    Parameters
    ----------
    classifier : classifier
        Fitted, with ``predict_proba``.
    rows : ndarray of shape (n, 784)
    letters : LetterSet
        Labels of the rows, and which of them are doubted.

    Returns
    -------
    dict
        ``letters``, ``accuracy``, ``macro_f1``, ``log_loss``, ``expected_calibration_error``, and ``accuracy_not_suspect`` where
        letters are flagged; the same of each source in ``per_source``, where sources are known; ``per_class`` and
        ``confused_pairs``.

    Raises
    ------
    DataError
        When a label is not one that the classifier knows, or there is no letter.
    """
    from ensemble_hwr.evaluation import confused_pairs, per_class

    classes = classifier.classes_
    unknown = sorted(set(letters.target.tolist()) - set(classes.tolist()))
    if unknown or not len(letters):
        raise DataError(
            f"{letters!r}: label {unknown[0]!r} is not one that the model knows, which are {', '.join(classes)}."
            if unknown
            else f"{letters!r}: there is no letter to test on."
        )
    probabilities = classifier.predict_proba(rows)
    answered = classes[probabilities.argmax(axis=1)]
    return {
        **_scored(letters, probabilities, classes),
        **_of_each_source(letters, probabilities, classes),
        "per_class": per_class(letters.target, answered, classes),
        "confused_pairs": confused_pairs(letters.target, answered, n=CONFUSED_PAIRS),
    }


def _scored(letters: LetterSet, probabilities: NDArray[Any], classes: NDArray[Any]) -> dict[str, Any]:
    from ensemble_hwr.evaluation import scores

    measured: dict[str, Any] = {"letters": len(letters), **scores(letters.target, probabilities, classes)}
    if letters.suspect is not None and letters.suspect.any() and not letters.suspect.all():
        right = classes[probabilities.argmax(axis=1)] == letters.target
        measured["accuracy_not_suspect"] = float(right[~letters.suspect].mean())
    return measured


def _of_each_source(letters: LetterSet, probabilities: NDArray[Any], classes: NDArray[Any]) -> dict[str, Any]:
    if letters.source is None:
        return {}
    places = {source: letters.source == source for source in sorted(set(letters.source.tolist()) - {""})}
    return {
        "per_source": {
            source: _scored(letters.take(there), probabilities[there], classes) for source, there in places.items()
        }
    }


def print_figures(measured: dict[str, Any]) -> None:
    """Print the figures on standard output, the weakest letters last."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column()
    table.add_row("letters", f"{measured['letters']:,}")
    table.add_row("accuracy", f"{measured['accuracy']:.2%}")
    if "accuracy_not_suspect" in measured:
        table.add_row("accuracy, labels not doubted", f"{measured['accuracy_not_suspect']:.2%}")
    table.add_row("macro-F1", f"{measured['macro_f1']:.4f}")
    table.add_row("log-loss", f"{measured['log_loss']:.4f}")
    table.add_row("calibration error", f"{measured['expected_calibration_error']:.4f}")
    sources = measured.get("per_source", {})
    if len(sources) > 1:
        of_each = (f"{source} {found['accuracy']:.2%}" for source, found in sources.items())
        table.add_row("accuracy, each source", Text("  ".join(of_each)))
    tried = {label: row for label, row in measured["per_class"].items() if row["attempts"] > row["right"]}
    weakest = sorted(tried, key=lambda label: tried[label]["accuracy"])[:WORST_LETTERS]
    if weakest:
        table.add_row("weakest letters", Text("  ".join(f"{a} {tried[a]['accuracy']:.1%}" for a in weakest)))
        pairs = measured["confused_pairs"]
        table.add_row("most confused", Text("  ".join(f"{pair['a']}/{pair['b']} {pair['count']}" for pair in pairs)))
    Console().print(table)
