"""Conclusions of a comparison as English sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ensemble_hwr.report.formats import listing, p_value, percent, points

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
        ``reference``, ``contenders``, ``pairs``, ``n_samples`` and ``seeds`` as :func:`summarise` returns them.

    Returns
    -------
    list of str
        The headline, one sentence per other contender, then the limits of the figures.
    """
    reference, contenders = summary["reference"], summary["contenders"]
    duels = [_seen_from(reference, pair) for pair in summary["pairs"] if reference in (pair["a"], pair["b"])]
    accuracy = percent(float(np.mean(contenders[reference]["accuracy"])))
    start = f"On {summary['n_samples']:,} test samples, {reference} (accuracy {accuracy} %)"
    if not duels:
        return [f"{start} is the only contender.", *_cautions(summary)]
    sentences = [f"{start} {_outcome(duels)}."]
    sentences += [_duel_sentence(duel, contenders[reference], contenders[duel["rival"]]) for duel in duels]
    return sentences + _cautions(summary)


def _seen_from(reference: str, pair: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pair with its difference as reference minus other contender."""
    turned = pair["a"] != reference
    low, high = pair["interval"]
    return {
        "rival": pair["a"] if turned else pair["b"],
        "difference": -pair["difference"] if turned else pair["difference"],
        "interval": (-high, -low) if turned else (low, high),
        "p_holm": pair["p_holm"],
        "won": None if pair["better"] is None else pair["better"] == reference,
    }


def _outcome(duels: list[dict[str, Any]]) -> str:
    beaten, equals, superiors = (
        [duel["rival"] for duel in duels if duel["won"] is outcome] for outcome in (True, None, False)
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
    test = f"95 % interval {low} to {high}, {p_value(duel['p_holm'])}"
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


def _cautions(summary: Mapping[str, Any]) -> list[str]:
    n_pairs, seeds = len(summary["pairs"]), len(summary["seeds"])
    basis = "Figures of one seed" if seeds == 1 else f"Means of {seeds} seeds"
    correction = f"; p-values are corrected for {n_pairs} pairs (Holm), intervals are not" if n_pairs > 1 else ""
    cautions = [f"{basis}{correction}."]
    if seeds < ENOUGH_SEEDS:
        few = "one seed shows" if seeds == 1 else f"{seeds} seeds show"
        cautions.append(
            f"Caution: {few} little of the variance between fits, which the tests do not measure; "
            f"use {ENOUGH_SEEDS} or more."
        )
    return cautions
