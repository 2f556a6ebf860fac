"""What a comparison showed, in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ensemble_hwr.evaluation._format import listing, p_value, percent, points

ENOUGH_SEEDS = 5
COSTS = (
    ("parameters", "as many parameters", "the parameters"),
    ("macs", "as many MACs per letter", "the MACs per letter"),
    ("fit_seconds", "the same fit time", "the fit time"),
)


def reference_contender(contenders: Mapping[str, Mapping[str, Any]], wanted: str | None = None) -> str:
    """Return the contender a verdict is about.

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

    Examples
    --------
    >>> from ensemble_hwr.evaluation._verdict import reference_contender
    >>> reference_contender({"a": {"accuracy": [0.9]}, "b": {"accuracy": [0.8]}})
    'a'
    """
    if wanted is not None and wanted not in contenders:
        raise ValueError(f"No contender is called {wanted!r}; there are {', '.join(contenders)}.")
    hierarchies = [name for name, figures in contenders.items() if figures.get("hierarchy")]
    if wanted is None and "hierarchical" in contenders:
        wanted = "hierarchical"
    if wanted is None and hierarchies:
        wanted = hierarchies[0]
    return wanted or max(contenders, key=lambda name: float(np.mean(contenders[name]["accuracy"])))


def verdict_sentences(summary: Mapping[str, Any]) -> list[str]:
    """Say how the reference did against each other contender, by how much, at what cost, and how sure that is.

    Parameters
    ----------
    summary : mapping
        ``reference``, ``contenders``, ``pairs``, ``letters`` and ``seeds`` as :func:`summarise` returns them.

    Returns
    -------
    list of str
        The headline, a sentence for each rival, then how far to trust them.

    Examples
    --------
    >>> from ensemble_hwr.evaluation._verdict import verdict_sentences
    >>> alone = {"reference": "flat", "contenders": {"flat": {"accuracy": [0.9]}}, "pairs": [],
    ...          "letters": 1000, "seeds": [0]}
    >>> verdict_sentences(alone)[0]
    'On 1,000 letters, flat (90.00 % right) has nothing to be compared with.'
    """
    reference, contenders = summary["reference"], summary["contenders"]
    duels = [_seen_from(reference, pair) for pair in summary["pairs"] if reference in (pair["a"], pair["b"])]
    right = percent(float(np.mean(contenders[reference]["accuracy"])))
    start = f"On {summary['letters']:,} letters, {reference} ({right} % right)"
    if not duels:
        return [f"{start} has nothing to be compared with.", *_cautions(summary)]
    sentences = [f"{start} {_outcome(duels)}."]
    sentences += [_duel_sentence(duel, contenders[reference], contenders[duel["rival"]]) for duel in duels]
    return sentences + _cautions(summary)


def _seen_from(reference: str, pair: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a pair so that its difference is the reference minus the rival."""
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
        parts.append(f"shows no difference from {listing(equals)}")
    return "; it ".join(parts)


def _duel_sentence(duel: Mapping[str, Any], figures: Mapping[str, Any], rival: Mapping[str, Any]) -> str:
    low, high = (points(end) for end in duel["interval"])
    sure = f"95 % interval {low} to {high}, {p_value(duel['p_holm'])}"
    if duel["won"] is None:
        said = f"Against {duel['rival']} no difference shown: {points(duel['difference'])} points ({sure})"
    else:
        verb = "gains" if duel["won"] else "loses"
        said = f"Against {duel['rival']} it {verb} {100 * abs(duel['difference']):.2f} points ({sure})"
    costs = [_cost(figures, rival, *names) for names in COSTS]
    known = [cost for cost in costs if cost]
    return f"{said}, with {listing(known)}." if known else f"{said}."


def _cost(figures: Mapping[str, Any], rival: Mapping[str, Any], key: str, same: str, thing: str) -> str:
    """Say how a cost of the reference compares with the rival's; nothing where either is unknown."""
    own, other = figures.get(key), rival.get(key)
    if own is None or not other:
        return ""
    ratio = own / other
    if 0.95 <= ratio <= 1.05:
        return same
    if ratio < 1:
        return f"{100 * ratio:.2g} % of {thing}"
    return f"{ratio:.1f} times {thing}" if ratio < 9.95 else f"{ratio:,.0f} times {thing}"


def _cautions(summary: Mapping[str, Any]) -> list[str]:
    n_pairs, seeds = len(summary["pairs"]), len(summary["seeds"])
    said = "Figures of one seed" if seeds == 1 else f"Means of {seeds} seeds"
    cautions = [f"{said}; p-values corrected for {n_pairs} pairs (Holm), intervals not." if n_pairs > 1 else f"{said}."]
    if seeds < ENOUGH_SEEDS:
        few = "one seed says" if seeds == 1 else f"{seeds} seeds say"
        cautions.append(
            f"Caution: {few} little about the luck of the fit, which the tests do not measure; "
            f"use {ENOUGH_SEEDS} or more."
        )
    return cautions
