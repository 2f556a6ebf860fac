"""Conclusions of a comparison as English sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ensemble_hwr.report.formats import listing, p_value, percent, points, quantity

NEARLY = 0.005  # of the accuracy: loss that a recommendation accepts for fewer MACs
ENOUGH_SEEDS = 5
SAME_COST = (0.95, 1.05)  # ratios of costs that count as equal
COSTS = (
    ("parameters", "as many parameters", "the parameters"),
    ("macs", "as many MACs per sample", "the MACs per sample"),
    ("fit_seconds", "the same fit time", "the fit time"),
)


def reference_contender(contenders: Mapping[str, Mapping[str, Any]], wanted: str | None = None) -> str:
    """Return the contender that the conclusions are about.

    Parameters
    ----------
    contenders : mapping of str to mapping
        Figures of each contender, at least ``accuracy`` and ``hierarchy``.
    wanted : str, default=None
        Its name. None: ``"hierarchical"`` if there is one, else the first hierarchy, else the most accurate.

    Returns
    -------
    str
        A name.

    Raises
    ------
    ValueError
        If `wanted` is not a contender.
    """
    if wanted is not None and wanted not in contenders:
        raise ValueError(f"reference: got {wanted!r}; the contenders are {', '.join(contenders)}")
    hierarchies = [name for name, figures in contenders.items() if figures.get("hierarchy")]
    if wanted is None and "hierarchical" in contenders:
        wanted = "hierarchical"
    if wanted is None and hierarchies:
        wanted = hierarchies[0]
    return wanted or max(contenders, key=lambda name: float(np.mean(contenders[name]["accuracy"])))


def verdict_sentences(summary: Mapping[str, Any]) -> list[str]:
    """Return how the reference compares with each other contender: accuracy, costs and significance.

    Parameters
    ----------
    summary : mapping
        Return value of :func:`summarise`.

    Returns
    -------
    list of str
        The headline, one sentence per other contender, a recommendation, then the limits of the figures.
    """
    contenders = summary["contenders"]
    own = contenders[summary["reference"]]
    sentences = [_duel_sentence(duel, own, contenders[duel["rival"]]) for duel in duels(summary)]
    return [headline(summary), *sentences, *recommendation(summary), *cautions(summary)]


def headline(summary: Mapping[str, Any]) -> str:
    """Return the conclusion in one sentence: which contenders are less accurate than the reference, and which more."""
    reference, contenders = summary["reference"], summary["contenders"]
    accuracy = percent(float(np.mean(contenders[reference]["accuracy"])))
    start = f"On {samples_tested(summary)}, {reference} (accuracy {accuracy} %)"
    if contenders[reference].get("did_not_learn"):
        return f"{start} did not learn: {contenders[reference]['did_not_learn']}."
    found = duels(summary)
    if not found:
        only = "the only contender" if len(contenders) == 1 else "the only contender that learned"
        return f"{start} is {only}."
    return f"{start} {_outcome(found)}."


def recommendation(summary: Mapping[str, Any]) -> list[str]:
    """Return which contender is the most accurate, and which one needs the fewest MACs at nearly its accuracy."""
    learned = {name: one for name, one in summary["contenders"].items() if not one.get("did_not_learn")}
    if len(learned) < 2:
        return []
    accuracy = {name: float(np.mean(one["accuracy"])) for name, one in learned.items()}
    best = max(accuracy, key=lambda name: accuracy[name])
    near = [name for name in learned if accuracy[name] >= accuracy[best] - NEARLY and learned[name]["macs"] is not None]
    cheap = min(near, key=lambda name: float(learned[name]["macs"]), default=best)
    sentence = f"Highest accuracy: {best} ({percent(accuracy[best])} %)"
    if cheap != best:
        sentence += (
            f"; fewest MACs within {100 * NEARLY:g} points of it: {cheap} ({quantity(learned[cheap]['macs'])}, "
            f"{percent(accuracy[cheap])} %)"
        )
    return [f"{sentence}."]


def duels(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the corrected pairs with the reference, each with its figures as reference minus other contender."""
    return [_seen_from(summary["reference"], pair) for pair in summary["pairs"] if pair["with_reference"]]


def cautions(summary: Mapping[str, Any]) -> list[str]:
    """Return the limits of the figures as sentences: number of seeds, correction, contenders that did not learn."""
    reference, seeds = summary["reference"], len(summary["seeds"])
    n_pairs = len(duels(summary))
    basis = "Figures of one seed" if seeds == 1 else f"Means of {seeds} seeds"
    correction = (
        f"; p-values and intervals are corrected for the {n_pairs} comparisons with {reference} (Holm)"
        if n_pairs > 1
        else ""
    )
    sentences = [f"{basis}{correction}."]
    for name, figures in summary["contenders"].items():
        if name != reference and figures.get("did_not_learn"):
            sentences.append(f"Caution: {name} did not learn and is not compared: {figures['did_not_learn']}.")
    if seeds < ENOUGH_SEEDS:
        few = "one seed shows" if seeds == 1 else f"{seeds} seeds show"
        sentences.append(
            f"Caution: {few} little of the variance between fits, which the tests do not measure; "
            f"use {ENOUGH_SEEDS} or more."
        )
    return sentences


def samples_tested(summary: Mapping[str, Any]) -> str:
    """Return the number of test samples as text; seeds that test other samples are stated."""
    total, per_seed = summary["n_samples"], summary["samples_per_seed"]
    if all(n == total for n in per_seed):
        return f"{total:,} test samples"
    low, high = min(per_seed), max(per_seed)
    each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{total:,} distinct test samples ({each} per seed)"


def _seen_from(reference: str, pair: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pair with its difference as reference minus other contender."""
    turned = pair["a"] != reference
    low, high = pair["interval"]
    return {
        "rival": pair["a"] if turned else pair["b"],
        "difference": -pair["difference"] if turned else pair["difference"],
        "interval": (-high, -low) if turned else (low, high),
        "confidence": pair["confidence"],
        "p_holm": pair["p_holm"],
        "won": None if pair["better"] is None else pair["better"] == reference,
    }


def _outcome(found: list[dict[str, Any]]) -> str:
    beaten, equals, superiors = (
        [duel["rival"] for duel in found if duel["won"] is outcome] for outcome in (True, None, False)
    )
    parts = []
    if beaten:
        parts.append(f"is more accurate than {listing(beaten)}")
    if superiors:
        parts.append(f"is less accurate than {listing(superiors)}")
    if equals:
        parts.append(f"does not differ significantly from {listing(equals)}")
    return "; it ".join(parts)


def _duel_sentence(duel: Mapping[str, Any], figures: Mapping[str, Any], rival: Mapping[str, Any]) -> str:
    low, high = (points(end) for end in duel["interval"])
    test = f"{confidence_text(duel['confidence'])} interval {low} to {high}, {p_value(duel['p_holm'])}"
    if duel["won"] is None:
        result = (
            f"Compared with {duel['rival']}: no significant difference, {points(duel['difference'])} points ({test})"
        )
    else:
        change = "higher" if duel["won"] else "lower"
        size = f"{100 * abs(duel['difference']):.2f} points"
        result = f"Compared with {duel['rival']}: accuracy {size} {change} ({test})"
    costs = [_cost(figures, rival, *names) for names in COSTS]
    known = [cost for cost in costs if cost]
    return f"{result}, with {listing(known)}." if known else f"{result}."


def confidence_text(confidence: float) -> str:
    """Return a confidence level as a percentage with three digits: 95 %, 99.3 %."""
    return f"{100 * confidence:.3g} %"


def _cost(figures: Mapping[str, Any], rival: Mapping[str, Any], key: str, same: str, thing: str) -> str:
    """Return a cost of the reference relative to the rival's; empty if either is unknown."""
    own, other = figures.get(key), rival.get(key)
    if own is None or not other:
        return ""
    ratio = own / other
    if SAME_COST[0] <= ratio <= SAME_COST[1]:
        return same
    if ratio < 1:
        return f"{100 * ratio:.2g} % of {thing}"
    return f"{ratio:.1f} times {thing}" if ratio < 9.95 else f"{ratio:,.0f} times {thing}"
