"""Paired tests of contenders: which differ in accuracy, and which did not learn at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.evaluation.metrics import predicted_labels
from ensemble_hwr.evaluation.results import Comparison, Run
from ensemble_hwr.evaluation.statistics import PairedTest, holm, holm_confidence, mcnemar, mcnemar_interval

LEVEL = 0.05

FTests = Mapping[tuple[str, str], PairedTest]
Correct = Mapping[str, NDArray[np.bool_]]


def paired_tests(comparison: Comparison, reference: str, failed: Iterable[str], ftests: FTests) -> list[dict[str, Any]]:
    """Return the tests of all pairs of contenders; those with the reference are corrected for their number.

    Parameters
    ----------
    comparison : Comparison
    reference : str
        The contender that the conclusions are about.
    failed : iterable of str
        Contenders that did not learn; pairs with them are neither corrected nor decided.
    ftests : mapping of (str, str) to PairedTest
        Results of the 5x2cv test, for pairs in either order.

    Returns
    -------
    list of dict
        As described at :func:`~ensemble_hwr.evaluation.summarise`.
    """
    samples, correct = _paired_predictions(comparison)
    failed = set(failed)
    pairs: list[dict[str, Any]] = []
    for a, b in combinations(comparison.contenders, 2):
        pair: dict[str, Any] = {"a": a, "b": b, "with_reference": reference in (a, b) and not failed & {a, b}}
        ftest = ftests.get((a, b)) or ftests.get((b, a))
        if ftest is not None:
            pair |= {"p_value_5x2cv": ftest.p_value, "p_holm_5x2cv": None}
        pairs.append(pair | _difference(correct[a], correct[b], samples))
    family = [pair for pair in pairs if pair["with_reference"]]
    confidences = holm_confidence([pair["p_value"] for pair in family], LEVEL)
    for key in ("p_value", "p_value_5x2cv"):
        with_key = [pair for pair in family if key in pair]
        for pair, p in zip(with_key, holm([pair[key] for pair in with_key]), strict=True):
            pair[key.replace("p_value", "p_holm")] = float(p)
    for pair, confidence in zip(family, map(float, confidences), strict=True):
        interval = mcnemar_interval(correct[pair["a"]], correct[pair["b"]], samples, confidence=confidence)
        pair |= {"confidence": confidence, "interval": list(interval)}
        if pair["p_holm"] < LEVEL:
            pair["better"] = pair["a"] if pair["difference"] > 0 else pair["b"]
    return pairs


def reason_for_failure(comparison: Comparison, runs: Sequence[Run]) -> str | None:
    """Return why a contender counts as one that did not learn; None if it learned with every seed.

    A fit did not learn if the accuracy on the test samples is not significantly above the share of their most frequent
    class (McNemar's test, p < 0.05), or if the loss of a network never fell below that of its first epoch.
    """
    near_chance = [run for run in runs if not _is_above_chance(comparison, run)]
    seeds = {run.seed for run in near_chance}
    stuck = [run for run in runs if run.loss_fell is False and run.seed not in seeds]
    reasons = []
    if near_chance:
        run = near_chance[0]
        accuracy, chance = (100 * share.mean() for share in _correct_and_constant(comparison, run))
        reasons.append(
            f"the accuracy {accuracy:.1f} % is not significantly above the share of the most frequent class, "
            f"{chance:.1f} %{_seeds(near_chance, runs)}"
        )
    if stuck:
        reasons.append(f"the loss did not fall below that of the first epoch{_seeds(stuck, runs)}")
    return "; ".join(reasons) or None


def _seeds(found: Sequence[Run], runs: Sequence[Run]) -> str:
    if len(found) == len(runs):
        return ""
    seeds = ", ".join(str(run.seed) for run in found)
    return f" (with {len(found)} of {len(runs)} seeds: {seeds})"


def _is_above_chance(comparison: Comparison, run: Run) -> bool:
    correct, constant = _correct_and_constant(comparison, run)
    return bool(correct.mean() > constant.mean() and mcnemar(correct, constant).p_value < LEVEL)


def _correct_and_constant(comparison: Comparison, run: Run) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which predictions are correct, and which would be if the most frequent class was always predicted."""
    y = comparison.y[run.test]
    labels, counts = np.unique(y, return_counts=True)
    return predicted_labels(run.probabilities, comparison.classes) == y, y == labels[np.argmax(counts)]


def _difference(
    a_correct: NDArray[np.bool_], b_correct: NDArray[np.bool_], samples: NDArray[np.intp]
) -> dict[str, Any]:
    test = mcnemar(a_correct, b_correct, samples)
    return {
        "difference": float(a_correct.mean() - b_correct.mean()),
        "interval": list(mcnemar_interval(a_correct, b_correct, samples, confidence=1 - LEVEL)),
        "confidence": 1 - LEVEL,
        "only_a_correct": int((a_correct & ~b_correct).sum()),
        "only_b_correct": int((b_correct & ~a_correct).sum()),
        "p_value": test.p_value,
        "p_holm": None,
        "test": test.name,
        "better": None,
    }


def _paired_predictions(comparison: Comparison) -> tuple[NDArray[np.intp], Correct]:
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
