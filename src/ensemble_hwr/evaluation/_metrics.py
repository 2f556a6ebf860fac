"""Figures of one contender on the letters it was tested on: scores, per-letter table, confused pairs."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

SCORES = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")


def answers(probabilities: NDArray[np.floating], classes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the likeliest class of each row.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.

    Returns
    -------
    ndarray of shape (n,)
        Labels.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation._metrics import answers
    >>> answers(np.array([[0.2, 0.8], [0.9, 0.1]]), np.array(["B", "P"])).tolist()
    ['P', 'B']
    """
    answered: NDArray[np.str_] = classes[np.argmax(probabilities, axis=1)]
    return answered


def log_loss(y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_]) -> float:
    """Return the mean of minus the natural logarithm of the probability given to the true class.

    Probabilities are clipped at the machine epsilon of 64-bit floats (2.2e-16) first, as scikit-learn does, so
    that a contender which gives the truth no probability at all pays 36 for it and not infinity.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True labels, each one of `classes`; at least one.
    probabilities : ndarray of shape (n, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.

    Returns
    -------
    float
        At least 0; the lower the better.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import log_loss
    >>> round(log_loss(np.array(["B", "P"]), np.array([[0.5, 0.5], [0.0, 1.0]]), np.array(["B", "P"])), 4)
    0.3466
    """
    _check(y, probabilities, classes)
    given = np.asarray(probabilities, dtype=np.float64)[np.arange(len(y)), np.searchsorted(classes, y)]
    return float(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)).mean())


def expected_calibration_error(
    y: NDArray[np.str_],
    probabilities: NDArray[np.floating],
    classes: NDArray[np.str_],
    *,
    n_bins: int = 15,
) -> float:
    """Return the expected calibration error of the answers.

    Letters are sorted into `n_bins` equal-width bins (each closed on the right) of the probability of their
    answer; in each bin the mean of that probability is held against the share of right answers, and the
    absolute differences are averaged with the number of letters in each bin as weights (Guo et al., "On
    calibration of modern neural networks", ICML 2017).

    Parameters
    ----------
    y : ndarray of shape (n,)
        True labels; at least one.
    probabilities : ndarray of shape (n, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.
    n_bins : int, default=15
        Number of bins; at least 1.

    Returns
    -------
    float
        Between 0 and 1; the lower the better.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import expected_calibration_error
    >>> sure = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> round(expected_calibration_error(np.array(["B", "P"]), sure, np.array(["B", "P"])), 3)
    0.4
    """
    _check(y, probabilities, classes)
    confidence = np.max(probabilities, axis=1).astype(np.float64)
    right = answers(probabilities, classes) == y
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(y))


def scores(
    y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_]
) -> dict[str, float | None]:
    """Return accuracy, macro-F1, log-loss and calibration error.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True labels.
    probabilities : ndarray of shape (n, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.

    Returns
    -------
    dict of str to float or None
        ``accuracy`` (0 to 1), ``macro_f1`` (0 to 1, over the classes that occur as truth or as answer),
        ``log_loss`` and ``expected_calibration_error``; None each where there is no letter.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import scores
    >>> scores(np.array(["B", "P"]), np.array([[0.75, 0.25], [0.25, 0.75]]), np.array(["B", "P"]))["accuracy"]
    1.0
    """
    if len(y) == 0:
        return dict.fromkeys(SCORES)
    _check(y, probabilities, classes)
    answered = answers(probabilities, classes)
    return {
        "accuracy": float(accuracy_score(y, answered)),
        "macro_f1": float(f1_score(y, answered, average="macro", zero_division=0)),
        "log_loss": log_loss(y, probabilities, classes),
        "expected_calibration_error": expected_calibration_error(y, probabilities, classes),
    }


def per_class(
    y: NDArray[np.str_], answered: NDArray[np.str_], classes: NDArray[np.str_]
) -> dict[str, dict[str, object]]:
    """Return how each letter fared.

    Parameters
    ----------
    y, answered : ndarray of shape (n,)
        True labels and answers.
    classes : ndarray of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of str to dict
        For each class: ``attempts``, ``right``, ``accuracy`` (None without attempts) and
        ``misclassified_with``, the wrong answers with their counts, most frequent first.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import per_class
    >>> per_class(np.array(["B", "B", "P"]), np.array(["B", "P", "P"]), np.array(["B", "P"]))["B"]
    {'attempts': 2, 'right': 1, 'accuracy': 0.5, 'misclassified_with': {'P': 1}}
    """
    matrix = confusion_matrix(y, answered, labels=classes)
    table: dict[str, dict[str, object]] = {}
    for i, (label, counts) in enumerate(zip(classes, matrix, strict=True)):
        attempts, right = int(counts.sum()), int(counts[i])
        order = [j for j in np.argsort(-counts, kind="stable") if counts[j] and j != i]
        table[str(label)] = {
            "attempts": attempts,
            "right": right,
            "accuracy": right / attempts if attempts else None,
            "misclassified_with": {str(classes[j]): int(counts[j]) for j in order},
        }
    return table


def confused_pairs(y: NDArray[np.str_], answered: NDArray[np.str_], *, n: int = 10) -> list[dict[str, object]]:
    """Return the pairs of letters most often taken for each other.

    Parameters
    ----------
    y, answered : ndarray of shape (n,)
        True labels and answers.
    n : int, default=10
        Number of pairs at most.

    Returns
    -------
    list of dict
        ``a`` and ``b`` (a sorts before b), ``a_as_b``, ``b_as_a`` and their sum ``count``, most frequent first.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import confused_pairs
    >>> confused_pairs(np.array(["B", "B", "P"]), np.array(["B", "P", "B"]))
    [{'a': 'B', 'b': 'P', 'count': 2, 'a_as_b': 1, 'b_as_a': 1}]
    """
    wrong = y != answered
    taken = Counter(zip(y[wrong].tolist(), answered[wrong].tolist(), strict=True))
    pairs = sorted({tuple(sorted(pair)) for pair in taken})
    rows: list[tuple[int, dict[str, object]]] = []
    for a, b in pairs:
        count = taken[a, b] + taken[b, a]
        row = {"a": str(a), "b": str(b), "count": count, "a_as_b": taken[a, b], "b_as_a": taken[b, a]}
        rows.append((count, row))
    return [row for _, row in sorted(rows, key=lambda item: -item[0])[:n]]


def _check(y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_]) -> None:
    """Refuse what would be measured in the wrong column, or not at all."""
    shape, needed = np.shape(probabilities), (len(y), len(classes))
    if shape != needed or not len(y) or not np.isfinite(probabilities).all():
        raise ValueError(f"probabilities must be finite and of shape {needed}, one letter at least; got shape {shape}.")
    known = np.isin(y, classes)
    if not known.all():
        raise ValueError(f"label {y[~known].tolist()[0]!r} is not one of the classes {classes.tolist()}.")
