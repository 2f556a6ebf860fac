"""Summary of a comparison: one dictionary from which table, report and report.json are made."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._versions import package_versions
from ensemble_hwr.evaluation._pairs import FTests, paired_tests, reason_for_failure
from ensemble_hwr.evaluation._verdict import reference_contender, verdict_sentences
from ensemble_hwr.evaluation.metrics import (
    SCORES,
    confused_pairs,
    hierarchical_scores,
    per_class,
    predicted_labels,
    reliability,
    scores,
)
from ensemble_hwr.evaluation.results import Comparison, HierarchyTrace, Run
from ensemble_hwr.hierarchy import NamedSets

PACKAGES = ("python", "ensemble_hwr", "numpy", "scipy", "scikit-learn", "pillow", "joblib")


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
          None there); ``hierarchical_scores``, ``precision``, ``recall`` and ``f1``, lists with one figure per seed, in
          the tree of the reference, or of the first hierarchy with groups within groups (None if there is none);
          ``parameters``, ``macs``, ``fit_seconds``, ``size_bytes`` (means over the seeds);
          ``samples_per_second`` and ``seconds_per_sample`` of prediction; ``did_not_learn``, the reason as text, or
          None; ``warnings``, each with ``category``, ``text`` and the number of ``fits``; ``settings``, the estimator
          of the first seed as text; over all seeds ``per_class``
          and ``confused_pairs``; and ``hierarchy`` (None for other classifiers): ``router_accuracy`` and
          ``perfect_router_accuracy``, one per seed, ``groups``, ``subgroups``, ``members`` with mean trust and the
          numbers of samples ``tested``, ``routed``, ``improved`` and ``worsened``, and ``operating_points``, mean
          accuracy and MACs of the same fits at other confidence thresholds;
        - ``pairs``: for each two contenders ``a``, ``b``, the ``difference`` of their accuracies with its ``interval``
          at the level ``confidence``, ``only_a_correct`` and ``only_b_correct``, ``p_value`` and ``test``. Pairs with
          the reference (``with_reference``) also have ``p_holm``, corrected for the number of these pairs, and
          ``better`` (name of the better one, None without significant difference); their interval has the level of
          Holm's method, so that it excludes 0 exactly if ``p_holm`` is below 0.05. In other pairs, and in pairs with a
          contender that did not learn, both are None and the interval is a 95 % interval. ``p_value_5x2cv`` and
          ``p_holm_5x2cv`` if `ftests` were given;
        - ``frontier``: names of the contenders on the Pareto frontier of accuracy and MACs, in order of MACs, without
          those that did not learn;
        - ``verdict``: the conclusions as text; ``reference``: the contender they are about;
        - ``n_samples``: number of different test samples; ``samples_per_seed``, one number per seed; ``seeds``;
          ``classes``; ``data``; ``versions``.

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
    reference = reference_contender(contenders, reference)
    tree = _tree(comparison, reference)
    for name, figures in contenders.items():
        figures["hierarchical_scores"] = _hierarchical_scores(comparison, comparison.of(name), tree)
    learned = {name: figures for name, figures in contenders.items() if not figures["did_not_learn"]}
    summary: dict[str, Any] = {
        "contenders": contenders,
        "pairs": paired_tests(comparison, reference, set(contenders) - set(learned), ftests or {}),
        "frontier": _frontier(learned or contenders),
        "reference": reference,
        "n_samples": len(np.unique(np.concatenate([run.test for run in comparison.runs]))),
        "samples_per_seed": [len(run.test) for run in comparison.of(reference)],
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
        "seconds_per_sample": seconds / len(y),
        "did_not_learn": reason_for_failure(comparison, runs),
        "warnings": _warnings(runs),
        "settings": runs[0].settings,
        "size_bytes": _rounded(_mean(run.size_bytes for run in runs)),
        "per_class": per_class(y, predicted, classes),
        "confused_pairs": confused_pairs(y, predicted),
        "reliability": reliability(y, np.concatenate([run.probabilities for run in runs]), classes),
        "hierarchy": _hierarchy(runs),
    }


def _warnings(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return each different warning with the number of fits that issued it; numbers in its text may differ."""
    found: dict[tuple[str, str], str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for run in runs:
        texts = {(type(warning).__name__, _first_line(warning)) for warning in run.warnings}
        kinds = {(category, re.sub(r"\d[\d,.]*", "0", text)): text for category, text in texts}
        counts.update(list(kinds))
        found = {**kinds, **found}
    return [{"category": kind[0], "text": text, "fits": counts[kind]} for kind, text in found.items()]


def _first_line(warning: Warning) -> str:
    return str(warning).strip().split("\n", 1)[0]


def _scores_by_seed(
    comparison: Comparison, runs: Sequence[Run], kept: NDArray[np.bool_] | None
) -> dict[str, list[float | None]]:
    by_seed = []
    for run in runs:
        chosen = slice(None) if kept is None else kept[run.test]
        by_seed.append(scores(comparison.y[run.test][chosen], run.probabilities[chosen], comparison.classes))
    return {score: [figures[score] for figures in by_seed] for score in SCORES}


def _tree(comparison: Comparison, reference: str) -> NamedSets | None:
    """Return the groups of all levels of the reference, or of the first hierarchy that has groups within groups."""
    for name in (reference, *comparison.contenders):
        trace = comparison.of(name)[0].hierarchy
        if trace is not None and trace.subgroups:
            return {group: np.array(labels) for group, labels in {**trace.groups, **trace.subgroups}.items()}
    return None


def _hierarchical_scores(
    comparison: Comparison, runs: Sequence[Run], tree: NamedSets | None
) -> dict[str, list[float]] | None:
    """Return hierarchical precision, recall and F1 of each run."""
    if tree is None:
        return None
    by_seed = [
        hierarchical_scores(comparison.y[run.test], predicted_labels(run.probabilities, comparison.classes), tree)
        for run in runs
    ]
    return {score: [figures[score] for figures in by_seed] for score in ("precision", "recall", "f1")}


def _hierarchy(runs: Sequence[Run]) -> dict[str, Any] | None:
    traced = [(run.hierarchy, len(run.test)) for run in runs if run.hierarchy is not None]
    if not traced:
        return None
    traces = [trace for trace, _ in traced]
    return {
        "router_accuracy": [trace.router_accuracy for trace in traces],
        "perfect_router_accuracy": [trace.perfect_router_accuracy for trace in traces],
        "groups": _with_seeds(trace.groups for trace in traces),
        "subgroups": _with_seeds(trace.subgroups or {} for trace in traces),
        "members": _members(traced),
        "operating_points": mean_operating_points(traces),
    }


def _with_seeds(by_seed: Iterable[Mapping[str, Sequence[str]]]) -> list[dict[str, Any]]:
    """Return each different group with the number of seeds that have it."""
    seeds: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for groups in by_seed:
        seeds.update((name, tuple(classes)) for name, classes in groups.items())
    return [{"name": name, "classes": list(classes), "seeds": count} for (name, classes), count in seeds.items()]


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
