"""A comparison in figures: one dictionary that the table, the report and report.json are written from."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.evaluation._metrics import SCORES, answers, confused_pairs, per_class, scores
from ensemble_hwr.evaluation._result import Comparison, HierarchyTrace, Run
from ensemble_hwr.evaluation._statistics import PairedTest, bca_interval, holm, mcnemar
from ensemble_hwr.evaluation._verdict import reference_contender, verdict_sentences

PACKAGES = ("ensemble_hwr", "numpy", "scipy", "scikit-learn", "pillow", "joblib")
LEVEL = 0.05

FTests = Mapping[tuple[str, str], PairedTest]


def summarise(comparison: Comparison, *, reference: str | None = None, ftests: FTests | None = None) -> dict[str, Any]:
    """Return everything a comparison showed, ready for JSON.

    Parameters
    ----------
    comparison : Comparison
        What was measured.
    reference : str, default=None
        The contender the verdict is about. None: ``"hierarchical"`` if there is one, else the first hierarchy,
        else the most accurate.
    ftests : mapping of (str, str) to PairedTest, default=None
        Results of :func:`five_by_two` for pairs of contenders, in either order, to stand beside McNemar's.

    Returns
    -------
    dict
        Free of NaN and infinity; unknown figures are None.

        - ``contenders``: for each name ``accuracy``, ``macro_f1``, ``log_loss`` and ``expected_calibration_error``, lists
          with one figure a seed, the same four under ``not_suspect`` where letters are flagged (else None there),
          ``parameters``, ``macs``, ``fit_seconds``, ``size_bytes`` (means over the seeds),
          ``letters_per_second``, and over all seeds ``per_class`` and ``confused_pairs``, and ``hierarchy``
          (None for others): ``router_accuracy`` and ``perfect_router_accuracy``, one a seed, ``groups``,
          ``members`` with their mean trust, the letters they were asked and those they changed for better and worse,
          and ``operating_points``, the mean accuracy and MACs of the same fits at other confidence_thresholds;
        - ``pairs``: for each two contenders ``a``, ``b``, the ``difference`` of their accuracies with its 95 %
          BCa ``interval``, ``only_a_right`` and ``only_b_right``, ``p_value``, ``p_holm``, ``test``, ``better``
          (the name of the better one, None where no difference is shown), and ``p_value_5x2cv`` and
          ``p_holm_5x2cv`` where `ftests` were given;
        - ``frontier``: contenders than which no other is as accurate with fewer MACs;
        - ``verdict``: what that means, in sentences; ``reference``: whom it is about;
        - ``letters``: how many different letters were tested; ``seeds``; ``classes``; ``data``; ``versions``.

    Raises
    ------
    ValueError
        If `reference` is not a contender.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.evaluation import Comparison, Run, summarise
    >>> right = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> runs = tuple(
    ...     Run(name, 0, np.arange(2), p, fit_seconds=1.0, predict_seconds=0.1, size_bytes=100)
    ...     for name, p in [("flat", right[::-1]), ("hierarchical", right)]
    ... )
    >>> summary = summarise(Comparison(runs, np.array(["B", "P"]), np.zeros((2, 784), np.float32)))
    >>> summary["contenders"]["hierarchical"]["accuracy"]
    [1.0]
    """
    contenders = {name: _contender(comparison, comparison.of(name)) for name in comparison.contenders}
    summary: dict[str, Any] = {
        "contenders": contenders,
        "pairs": _pairs(comparison, ftests or {}),
        "frontier": _frontier(contenders),
        "reference": reference_contender(contenders, reference),
        "letters": len(np.unique(np.concatenate([run.test for run in comparison.runs]))),
        "seeds": list(comparison.seeds),
        "classes": [str(label) for label in comparison.classes],
        "data": dict(comparison.data),
        "versions": _versions(),
    }
    summary["verdict"] = " ".join(verdict_sentences(summary))
    plain: dict[str, Any] = _plain(summary)
    return plain


def pareto_frontier(costs: Sequence[float], accuracies: Sequence[float]) -> list[bool]:
    """Say of each point whether none is at least as cheap and as accurate and better in one of the two.

    Parameters
    ----------
    costs, accuracies : sequence of float
        Of the same length.

    Returns
    -------
    list of bool
        True for the points on the frontier.

    Examples
    --------
    >>> from ensemble_hwr.evaluation import pareto_frontier
    >>> pareto_frontier([1, 2, 3], [0.90, 0.95, 0.94])
    [True, True, False]
    """
    points = list(zip(costs, accuracies, strict=True))
    return [
        not any(c <= cost and a >= accuracy and (c, a) != (cost, accuracy) for c, a in points)
        for cost, accuracy in points
    ]


def _contender(comparison: Comparison, runs: Sequence[Run]) -> dict[str, Any]:
    classes = comparison.classes
    y = np.concatenate([comparison.y[run.test] for run in runs])
    answered = np.concatenate([answers(run.probabilities, classes) for run in runs])
    seconds = sum(run.predict_seconds for run in runs)
    return {
        **_scores_by_seed(comparison, runs, None),
        "not_suspect": None if comparison.suspect is None else _scores_by_seed(comparison, runs, ~comparison.suspect),
        "parameters": _rounded(_mean(run.parameters for run in runs)),
        "macs": _mean(run.macs for run in runs),
        "fit_seconds": _mean(run.fit_seconds for run in runs),
        "letters_per_second": len(y) / seconds if seconds > 0 else None,
        "size_bytes": _rounded(_mean(run.size_bytes for run in runs)),
        "per_class": per_class(y, answered, classes),
        "confused_pairs": confused_pairs(y, answered),
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
    """Average each confidence_threshold over the traces of all seeds."""
    return [
        {
            "confidence_threshold": points[0].confidence_threshold,
            "accuracy": _mean(point.accuracy for point in points),
            "macs": _mean(point.macs for point in points),
        }
        for points in zip(*(trace.operating_points for trace in traces), strict=True)
    ]


def _members(traced: Sequence[tuple[HierarchyTrace, int]]) -> list[dict[str, Any]]:
    """Add up what the members with the same name and set did in every seed that had them."""
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
            "seeds": len(seen),
            "trust": _mean(member.trust for member, _ in seen),
            "tested": sum(tested for _, tested in seen),
            "asked": sum(member.asked for member, _ in seen),
            "better": sum(member.better for member, _ in seen),
            "worse": sum(member.worse for member, _ in seen),
        }
        for (name, role, member_classes), seen in found.items()
    ]


def _pairs(comparison: Comparison, ftests: FTests) -> list[dict[str, Any]]:
    letters, right = _paired_answers(comparison)
    pairs: list[dict[str, Any]] = [
        {"a": a, "b": b, **_difference(right[a], right[b], letters)} for a, b in combinations(comparison.contenders, 2)
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
        shown = pair["p_holm"] < LEVEL and not low <= 0 <= high
        pair["better"] = (pair["a"] if pair["difference"] > 0 else pair["b"]) if shown else None
    return pairs


def _difference(a_right: NDArray[np.bool_], b_right: NDArray[np.bool_], letters: NDArray[np.intp]) -> dict[str, Any]:
    test = mcnemar(a_right, b_right, letters)
    return {
        "difference": float(a_right.mean() - b_right.mean()),
        "interval": list(bca_interval(a_right, b_right, letters)),
        "only_a_right": int((a_right & ~b_right).sum()),
        "only_b_right": int((b_right & ~a_right).sum()),
        "p_value": test.p_value,
        "test": test.name,
    }


def _paired_answers(comparison: Comparison) -> tuple[NDArray[np.intp], dict[str, NDArray[np.bool_]]]:
    """Return the letters tested, seed after seed, and whether each contender was right on them."""
    letters: NDArray[np.intp] = np.empty(0, dtype=np.intp)
    right: dict[str, NDArray[np.bool_]] = {}
    for name in comparison.contenders:
        parts = []
        tested = []
        for run in sorted(comparison.of(name), key=lambda run: run.seed):
            order = np.argsort(run.test, kind="stable")
            test = run.test[order]
            answered = answers(run.probabilities[order], comparison.classes)
            parts.append(answered == comparison.y[test])
            tested.append(test)
        letters, right[name] = np.concatenate(tested), np.concatenate(parts)
    return letters, right


def _frontier(contenders: Mapping[str, Mapping[str, Any]]) -> list[str]:
    counted = {name: figures for name, figures in contenders.items() if figures["macs"] is not None}
    costs = [figures["macs"] for figures in counted.values()]
    accuracies = [float(np.mean(figures["accuracy"])) for figures in counted.values()]
    on = pareto_frontier(costs, accuracies)
    return sorted(
        (name for name, is_on in zip(counted, on, strict=True) if is_on),
        key=lambda name: counted[name]["macs"],
    )


def _mean(values: Any) -> float | None:
    """Return the mean, or None if a value is missing."""
    values = list(values)
    return None if any(value is None for value in values) else float(np.mean(values))


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _plain(value: Any) -> Any:
    """Return `value` as JSON knows it: text keys, lists, numbers; None for what is not finite."""
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
