"""Scores of probabilistic predictions, hierarchical scores, per-class accuracy, and confused pairs of classes."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from ensemble_hwr.hierarchy import NamedSets

SCORES = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")


def predicted_labels(probabilities: NDArray[np.floating], classes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the most probable class of each row.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.

    Returns
    -------
    ndarray of shape (n_samples,)
        Labels.
    """
    labels: NDArray[np.str_] = classes[np.argmax(probabilities, axis=1)]
    return labels


def log_loss(y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_]) -> float:
    """Return the log-loss: the mean of minus the natural logarithm of the probability of the true class.

    As in scikit-learn, probabilities are clipped at the machine epsilon of 64-bit floats (2.2e-16), so that a true
    class of probability 0 adds 36 and not infinity.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True labels, each one of `classes`; at least one.
    probabilities : ndarray of shape (n_samples, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.

    Returns
    -------
    float
        At least 0; lower is better.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation.metrics import log_loss
    >>> round(log_loss(np.array(["B", "P"]), np.array([[0.5, 0.5], [0.0, 1.0]]), np.array(["B", "P"])), 4)
    0.3466
    """
    _check(y, probabilities, classes)
    of_true = np.asarray(probabilities, dtype=np.float64)[np.arange(len(y)), np.searchsorted(classes, y)]
    return float(-np.log(np.clip(of_true, np.finfo(np.float64).eps, 1.0)).mean())


def expected_calibration_error(
    y: NDArray[np.str_],
    probabilities: NDArray[np.floating],
    classes: NDArray[np.str_],
    *,
    n_bins: int = 15,
) -> float:
    """Return the expected calibration error (ECE) of the predicted classes.

    Samples are sorted into `n_bins` equal-width bins (each closed on the right) by the probability of their predicted
    class. In each bin the mean of that probability is compared with the accuracy; ECE is the mean absolute difference,
    weighted by the number of samples of each bin (Guo et al., "On calibration of modern neural networks", ICML 2017).

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True labels; at least one.
    probabilities : ndarray of shape (n_samples, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.
    n_bins : int, default=15
        Number of bins; at least 1.

    Returns
    -------
    float
        Between 0 and 1; lower is better.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import expected_calibration_error
    >>> confident = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> round(expected_calibration_error(np.array(["B", "P"]), confident, np.array(["B", "P"])), 3)
    0.4
    """
    _check(y, probabilities, classes)
    confidence = np.max(probabilities, axis=1).astype(np.float64)
    correct = predicted_labels(probabilities, classes) == y
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=correct - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(y))


def reliability(
    y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_], *, n_bins: int = 10
) -> list[dict[str, float]]:
    """Group samples by the probability of their predicted class, for a reliability diagram.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True labels.
    probabilities : ndarray of shape (n_samples, n_classes)
        One column per class; rows sum to 1.
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    n_bins : int, default=10
        Number of bins of equal width.

    Returns
    -------
    list of dict
        For each bin with samples ``count``, ``confidence`` (mean probability of the predicted class) and ``accuracy``.

    See Also
    --------
    expected_calibration_error : Mean distance of confidence and accuracy.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation.metrics import reliability
    >>> confident = np.array([[0.9, 0.1], [0.9, 0.1]])
    >>> reliability(np.array(["B", "P"]), confident, np.array(["B", "P"]))
    [{'count': 2, 'confidence': 0.9, 'accuracy': 0.5}]
    """
    _check(y, probabilities, classes)
    confidence = np.max(probabilities, axis=1).astype(np.float64)
    correct = predicted_labels(probabilities, classes) == y
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    return [
        {
            "count": int((bins == k).sum()),
            "confidence": float(confidence[bins == k].mean()),
            "accuracy": float(correct[bins == k].mean()),
        }
        for k in np.unique(bins)
    ]


def hierarchical_scores(
    y_true: ArrayLike, y_pred: ArrayLike, groups: NamedSets, *, average: str = "micro"
) -> dict[str, float]:
    """Return hierarchical precision, recall and F1 of predicted classes in a tree of groups.

    Each class stands for the set of itself and all groups that hold it; the root is left out. A wrong prediction within
    the true group is then partly correct. Precision is the share of the predicted set that is in the true set, recall
    the share of the true set that is in the predicted set, and F1 is their harmonic mean (Kiritchenko et al., 2006;
    Kosmopoulos et al., 2015). They differ where classes are at different depths.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels; at least one sample.
    groups : mapping of str to ndarray
        Name and classes of each group, of all levels: the result of
        :func:`~ensemble_hwr.hierarchy.resolve_groups`, or ``{**model.groups_, **model.subgroups_}``.
    average : {"micro", "macro"}, default="micro"
        ``"micro"`` divides the sums over all samples, ``"macro"`` averages precision, recall and F1 of each sample.

    Returns
    -------
    dict of str to float
        ``precision``, ``recall`` and ``f1``, between 0 and 1.

    Raises
    ------
    ValueError
        If `average` is another word, or the labels differ in number or are none.

    References
    ----------
    S. Kiritchenko, S. Matwin, R. Nock and A. F. Famili (2006). Learning and evaluation in the presence of class
    hierarchies. Canadian Conference on AI.

    A. Kosmopoulos, I. Partalas, E. Gaussier, G. Paliouras and I. Androutsopoulos (2015). Evaluation measures for
    hierarchical classification. Data Mining and Knowledge Discovery 29, 820-865.

    Examples
    --------
    >>> from ensemble_hwr.evaluation.metrics import hierarchical_scores
    >>> from ensemble_hwr.hierarchy import resolve_groups
    >>> tree = resolve_groups({"letters": {"round": "CO", "straight": "LT"}, "digits": "12"}, list("12CLOT"))
    >>> hierarchical_scores(["C", "1"], ["O", "1"], tree)
    {'precision': 0.8, 'recall': 0.8, 'f1': 0.8}
    """
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if average not in ("micro", "macro"):
        raise ValueError(f"average={average!r}; allowed: 'micro', 'macro'")
    if true.shape != predicted.shape or true.ndim != 1 or not len(true):
        raise ValueError(
            f"y_true and y_pred have the shapes {true.shape} and {predicted.shape}; give one label per sample in both"
        )
    classes, codes = np.unique(np.concatenate([true, predicted]), return_inverse=True)
    of_true, of_predicted = codes[: len(true)], codes[len(true) :]
    within = np.stack([np.isin(classes, labels) for labels in groups.values()], axis=1).astype(float)
    nodes = np.hstack([np.eye(len(classes)), within])  # row: the class itself and the groups that hold it
    common = (nodes @ nodes.T)[of_true, of_predicted]
    n_true, n_predicted = nodes.sum(axis=1)[of_true], nodes.sum(axis=1)[of_predicted]
    if average == "micro":
        common, n_true, n_predicted = common.sum(), n_true.sum(), n_predicted.sum()
    return {
        "precision": float(np.mean(common / n_predicted)),
        "recall": float(np.mean(common / n_true)),
        "f1": float(np.mean(2 * common / (n_true + n_predicted))),
    }


def scores(
    y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_]
) -> dict[str, float | None]:
    """Return accuracy, macro-F1, log-loss and expected calibration error.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        True labels.
    probabilities : ndarray of shape (n_samples, n_classes)
        Rows of probabilities.
    classes : ndarray of shape (n_classes,)
        Sorted labels of the columns.

    Returns
    -------
    dict of str to float or None
        ``accuracy`` (0 to 1), ``macro_f1`` (0 to 1, over the classes that occur as true or predicted class),
        ``log_loss`` and ``expected_calibration_error``; None each without samples.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation.metrics import scores
    >>> scores(np.array(["B", "P"]), np.array([[0.75, 0.25], [0.25, 0.75]]), np.array(["B", "P"]))["accuracy"]
    1.0
    """
    if len(y) == 0:
        return dict.fromkeys(SCORES)
    _check(y, probabilities, classes)
    predicted = predicted_labels(probabilities, classes)
    return {
        "accuracy": float(accuracy_score(y, predicted)),
        "macro_f1": float(f1_score(y, predicted, average="macro", zero_division=0)),
        "log_loss": log_loss(y, probabilities, classes),
        "expected_calibration_error": expected_calibration_error(y, probabilities, classes),
    }


def per_class(
    y_true: NDArray[np.str_], y_pred: NDArray[np.str_], classes: NDArray[np.str_]
) -> dict[str, dict[str, object]]:
    """Return per-class accuracy and confusions.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_samples,)
        True and predicted labels.
    classes : ndarray of shape (n_classes,)
        Sorted labels.

    Returns
    -------
    dict of str to dict
        For each class ``support`` (number of samples), ``correct``, ``accuracy`` (None without samples) and
        ``misclassified_with``: the wrong predictions with their counts, most frequent first.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation.metrics import per_class
    >>> per_class(np.array(["B", "B", "P"]), np.array(["B", "P", "P"]), np.array(["B", "P"]))["B"]
    {'support': 2, 'correct': 1, 'accuracy': 0.5, 'misclassified_with': {'P': 1}}
    """
    matrix = confusion_matrix(y_true, y_pred, labels=classes)
    table: dict[str, dict[str, object]] = {}
    for i, (label, counts) in enumerate(zip(classes, matrix, strict=True)):
        support, correct = int(counts.sum()), int(counts[i])
        order = [j for j in np.argsort(-counts, kind="stable") if counts[j] and j != i]
        table[str(label)] = {
            "support": support,
            "correct": correct,
            "accuracy": correct / support if support else None,
            "misclassified_with": {str(classes[j]): int(counts[j]) for j in order},
        }
    return table


def confused_pairs(y_true: NDArray[np.str_], y_pred: NDArray[np.str_], *, n: int = 10) -> list[dict[str, object]]:
    """Return the pairs of classes that are most often confused with each other.

    Parameters
    ----------
    y_true, y_pred : ndarray of shape (n_samples,)
        True and predicted labels.
    n : int, default=10
        Largest number of pairs.

    Returns
    -------
    list of dict
        ``a`` and ``b`` (a sorts before b), ``a_as_b``, ``b_as_a`` and their sum ``count``, most frequent first.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation.metrics import confused_pairs
    >>> confused_pairs(np.array(["B", "B", "P"]), np.array(["B", "P", "B"]))
    [{'a': 'B', 'b': 'P', 'count': 2, 'a_as_b': 1, 'b_as_a': 1}]
    """
    wrong = y_true != y_pred
    confusions = Counter(zip(y_true[wrong].tolist(), y_pred[wrong].tolist(), strict=True))
    pairs = sorted({tuple(sorted(pair)) for pair in confusions})
    rows: list[tuple[int, dict[str, object]]] = []
    for a, b in pairs:
        a_as_b, b_as_a = confusions[a, b], confusions[b, a]
        count = a_as_b + b_as_a
        rows.append((count, {"a": str(a), "b": str(b), "count": count, "a_as_b": a_as_b, "b_as_a": b_as_a}))
    return [row for _, row in sorted(rows, key=lambda item: -item[0])[:n]]


def _check(y: NDArray[np.str_], probabilities: NDArray[np.floating], classes: NDArray[np.str_]) -> None:
    """Raise ValueError if labels, probabilities and classes do not match."""
    shape, needed = np.shape(probabilities), (len(y), len(classes))
    if shape != needed or not len(y) or not np.isfinite(probabilities).all():
        raise ValueError(
            f"probabilities must be finite, of shape {needed} and with at least one row; got shape {shape}"
        )
    known = np.isin(y, classes)
    if not known.all():
        raise ValueError(f"label {y[~known].tolist()[0]!r} is not one of the classes {classes.tolist()}")
