"""Summary of a comparison: one dictionary from which table, report and report.json are made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._versions import package_versions
from ensemble_hwr.evaluation._verdict import reference_contender, verdict_sentences
from ensemble_hwr.evaluation.metrics import SCORES, confused_pairs, per_class, predicted_labels, scores
from ensemble_hwr.evaluation.results import Comparison, HierarchyTrace, Run
from ensemble_hwr.evaluation.statistics import PairedTest, bca_interval, holm, mcnemar

PACKAGES = ("python", "ensemble_hwr", "numpy", "scipy", "scikit-learn", "pillow", "joblib")
LEVEL = 0.05

FTests = Mapping[tuple[str, str], PairedTest]


def summarise(comparison: Comparison, *, reference: str | None = None, ftests: FTests | None = None) -> dict[str, Any]:
    """Return scores, costs, paired tests and conclusions of a comparison as a dict for JSON.

    Parameters
    ----------
    comparison : Comparison
        Return value of :func:`compare`.
    reference : str, default=None
        The contender that the conclusions are about. None: ``"hierarchical"`` if there is one, else the first
        hierarchy, else the most accurate.
    ftests : mapping of (str, str) to PairedTest, default=None
        Results of :func:`five_by_two` for pairs of contenders, in either order.

    Returns
    -------
    dict
        Free of NaN and infinity; unknown figures are None.

        - ``contenders``: for each name ``accuracy``, ``macro_f1``, ``log_loss`` and ``expected_calibration_error``,
          lists with one figure per seed; the same four under ``without_suspected_errors`` if samples are flagged (else
          None there); ``parameters``, ``macs``, ``fit_seconds``, ``size_bytes`` (means over the seeds);
          ``samples_per_second``; over all seeds ``per_class`` and ``confused_pairs``; and ``hierarchy`` (None for other
          classifiers): ``router_accuracy`` and ``perfect_router_accuracy``, one per seed, ``groups``, ``members`` with
          mean trust and the numbers of samples ``tested``, ``routed``, ``improved`` and ``worsened``, and
          ``operating_points``, mean accuracy and MACs of the same fits at other confidence thresholds;
        - ``pairs``: for each two contenders ``a``, ``b``, the ``difference`` of their accuracies with its 95 %
          BCa ``interval``, ``only_a_correct`` and ``only_b_correct``, ``p_value``, ``p_holm``, ``test``, ``better``
          (name of the better one, None without significant difference), and ``p_value_5x2cv`` and ``p_holm_5x2cv`` if
          `ftests` were given;
        - ``frontier``: names of the contenders on the Pareto frontier of accuracy and MACs, in order of MACs;
        - ``verdict``: the conclusions as text; ``reference``: the contender they are about;
        - ``n_samples``: number of different test samples; ``seeds``; ``classes``; ``data``; ``versions``.

    Raises
    ------
    ValueError
        If `reference` is not a contender.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ensemble_hwr.evaluation import compare, summarise
    >>> split = (range(0, 150, 2), range(1, 150, 2))
    >>> comparison = compare({"bayes": GaussianNB()}, *load_iris(return_X_y=True), split=split, seeds=[0])
    >>> summarise(comparison)["contenders"]["bayes"]["accuracy"]
    [0.96]
    """
    contenders = {name: _contender(comparison, comparison.of(name)) for name in comparison.contenders}
    summary: dict[str, Any] = {
        "contenders": contenders,
        "pairs": _pairs(comparison, ftests or {}),
        "frontier": _frontier(contenders),
        "reference": reference_contender(contenders, reference),
        "n_samples": len(np.unique(np.concatenate([run.test for run in comparison.runs]))),
        "seeds": list(comparison.seeds),
        "classes": [str(label) for label in comparison.classes],
        "data": dict(comparison.data),
        "versions": package_versions(PACKAGES),
    }
    summary["verdict"] = " ".join(verdict_sentences(summary))
    plain: dict[str, Any] = _plain(summary)
    return plain


def pareto_frontier(costs: Sequence[float], accuracies: Sequence[float]) -> list[bool]:
    """Return for each point whether it is on the Pareto frontier of low cost and high accuracy.

    Parameters
    ----------
    costs, accuracies : sequence of float
        Of the same length.

    Returns
    -------
    list of bool
        True if no other point is at least as cheap and as accurate, and better in one of the two.
    """
    points = list(zip(costs, accuracies, strict=True))
    return [
        not any(c <= cost and a >= accuracy and (c, a) != (cost, accuracy) for c, a in points)
        for cost, accuracy in points
    ]


def _contender(comparison: Comparison, runs: Sequence[Run]) -> dict[str, Any]:
    classes, suspect = comparison.classes, comparison.suspect
    y = np.concatenate([comparison.y[run.test] for run in runs])
    predicted = np.concatenate([predicted_labels(run.probabilities, classes) for run in runs])
    seconds = sum(run.predict_seconds for run in runs)
    return {
        **_scores_by_seed(comparison, runs, None),
        "without_suspected_errors": None if suspect is None else _scores_by_seed(comparison, runs, ~suspect),
        "parameters": _rounded(_mean(run.parameters for run in runs)),
        "macs": _mean(run.macs for run in runs),
        "fit_seconds": _mean(run.fit_seconds for run in runs),
        "samples_per_second": len(y) / seconds if seconds > 0 else None,
        "size_bytes": _rounded(_mean(run.size_bytes for run in runs)),
        "per_class": per_class(y, predicted, classes),
        "confused_pairs": confused_pairs(y, predicted),
        "hierarchy": _hierarchy(runs),
    }


def _scores_by_seed(
    comparison: Comparison, runs: Sequence[Run], kept: NDArray[np.bool_] | None
) -> dict[str, list[float | None]]:
    by_seed = []
    for run in runs:
        chosen = slice(None) if kept is None else kept[run.test]
        by_seed.append(scores(comparison.y[run.test][chosen], run.probabilities[chosen], comparison.classes))
    return {score: [figures[score] for figures in by_seed] for score in SCORES}


def _hierarchy(runs: Sequence[Run]) -> dict[str, Any] | None:
    traced = [(run.hierarchy, len(run.test)) for run in runs if run.hierarchy is not None]
    if not traced:
        return None
    traces = [trace for trace, _ in traced]
    groups: dict[tuple[str, tuple[str, ...]], int] = {}
    for trace in traces:
        for name, group_classes in trace.groups.items():
            key = name, tuple(group_classes)
            groups[key] = groups.get(key, 0) + 1
    return {
        "router_accuracy": [trace.router_accuracy for trace in traces],
        "perfect_router_accuracy": [trace.perfect_router_accuracy for trace in traces],
        "groups": [
            {"name": name, "classes": list(group_classes), "seeds": seeds}
            for (name, group_classes), seeds in groups.items()
        ],
        "members": _members(traced),
        "operating_points": mean_operating_points(traces),
    }


def mean_operating_points(traces: Sequence[HierarchyTrace]) -> list[dict[str, Any]]:
    """Return the operating points averaged over the traces of all seeds."""
    return [
        {
            "confidence_threshold": points[0].confidence_threshold,
            "accuracy": _mean(point.accuracy for point in points),
            "macs": _mean(point.macs for point in points),
        }
        for points in zip(*(trace.operating_points for trace in traces), strict=True)
    ]


def _members(traced: Sequence[tuple[HierarchyTrace, int]]) -> list[dict[str, Any]]:
    """Return the members with their counts summed over the seeds that have a member of this name and set."""
    found: dict[tuple[str, str, tuple[str, ...]], list[Any]] = {}
    for trace, tested in traced:
        for member in trace.members:
            key = member.name, member.role, tuple(member.classes)
            found.setdefault(key, []).append((member, tested))
    return [
        {
            "name": name,
            "role": role,
            "classes": list(member_classes),
            "seeds": len(traces),
            "trust": _mean(member.trust for member, _ in traces),
            "tested": sum(tested for _, tested in traces),
            "routed": sum(member.routed for member, _ in traces),
            "improved": sum(member.improved for member, _ in traces),
            "worsened": sum(member.worsened for member, _ in traces),
        }
        for (name, role, member_classes), traces in found.items()
    ]


def _pairs(comparison: Comparison, ftests: FTests) -> list[dict[str, Any]]:
    samples, correct = _paired_predictions(comparison)
    pairs: list[dict[str, Any]] = [
        {"a": a, "b": b, **_difference(correct[a], correct[b], samples)}
        for a, b in combinations(comparison.contenders, 2)
    ]
    for pair in pairs:
        ftest = ftests.get((pair["a"], pair["b"])) or ftests.get((pair["b"], pair["a"]))
        if ftest is not None:
            pair["p_value_5x2cv"] = ftest.p_value
    for key in ("p_value", "p_value_5x2cv"):
        with_key = [pair for pair in pairs if key in pair]
        corrected = holm([pair[key] for pair in with_key])
        for pair, p in zip(with_key, corrected, strict=True):
            pair[key.replace("p_value", "p_holm")] = float(p)
    for pair in pairs:
        low, high = pair["interval"]
        significant = pair["p_holm"] < LEVEL and not low <= 0 <= high
        pair["better"] = (pair["a"] if pair["difference"] > 0 else pair["b"]) if significant else None
    return pairs


def _difference(
    a_correct: NDArray[np.bool_], b_correct: NDArray[np.bool_], samples: NDArray[np.intp]
) -> dict[str, Any]:
    test = mcnemar(a_correct, b_correct, samples)
    return {
        "difference": float(a_correct.mean() - b_correct.mean()),
        "interval": list(bca_interval(a_correct, b_correct, samples)),
        "only_a_correct": int((a_correct & ~b_correct).sum()),
        "only_b_correct": int((b_correct & ~a_correct).sum()),
        "p_value": test.p_value,
        "test": test.name,
    }


def _paired_predictions(comparison: Comparison) -> tuple[NDArray[np.intp], dict[str, NDArray[np.bool_]]]:
    """Return the test samples of all seeds and, per contender, whether each prediction was correct."""
    samples: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    correct: dict[str, NDArray[np.bool_]] = {}
    for name in comparison.contenders:
        parts = []
        tested = []
        for run in sorted(comparison.of(name), key=lambda run: run.seed):
            order = np.argsort(run.test, kind="stable")
            test = run.test[order]
            predicted = predicted_labels(run.probabilities[order], comparison.classes)
            parts.append(predicted == comparison.y[test])
            tested.append(test)
        samples, correct[name] = np.concatenate(tested), np.concatenate(parts)
    return samples, correct


def _frontier(contenders: Mapping[str, Mapping[str, Any]]) -> list[str]:
    counted = {name: figures for name, figures in contenders.items() if figures["macs"] is not None}
    costs = [figures["macs"] for figures in counted.values()]
    accuracies = [float(np.mean(figures["accuracy"])) for figures in counted.values()]
    on = pareto_frontier(costs, accuracies)
    return sorted(
        (name for name, is_on in zip(counted, on, strict=True) if is_on),
        key=lambda name: counted[name]["macs"],
    )


def _mean(values: Iterable[float | None]) -> float | None:
    """Return the mean, or None if a value is missing."""
    known = list(values)
    return None if any(value is None for value in known) else float(np.mean(known))  # type: ignore[arg-type]


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _plain(value: Any) -> Any:
    """Return `value` with JSON types only: text keys, lists, numbers; None for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
