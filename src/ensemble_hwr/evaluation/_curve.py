"""The curve through a hierarchy's mark: what the same fits reach when their members are asked sooner or later."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

DEEPER = 1.25


def operating_curve(points: Sequence[Mapping[str, Any]], macs: float | None, accuracy: float) -> list[dict[str, Any]]:
    """Return the points of a hierarchy's curve from the cheapest to the dearest, the hierarchy itself among them.

    Parameters
    ----------
    points : sequence of mapping
        ``confidence_threshold``, ``accuracy`` and ``macs`` of the same fits; those of unknown cost are left out.
    macs, accuracy : float or None, float
        Of the hierarchy as it was set.

    Returns
    -------
    list of dict
        Points as they were given; the hierarchy's own has no ``confidence_threshold`` if none of `points` is the same. Empty where
        there is no curve: no points, no costs, or no difference between them.
    """
    curve = [dict(point) for point in points if point["macs"]]
    if not curve or not macs:
        return []
    own = {"confidence_threshold": None, "accuracy": accuracy, "macs": macs}
    if not any(_is_same(point, own) for point in curve):
        curve.append(own)
    if all(_is_same(point, own) for point in curve):
        return []
    return sorted(curve, key=lambda point: (point["macs"], point["accuracy"]))


def deepest_error(worst: float) -> float:
    """Return the error to which curves may lower the floor of a plot: a quarter above the worst contender's.

    A router alone may err many times as often as anybody who is compared; with it the contenders would be squeezed.

    Parameters
    ----------
    worst : float
        Error of the worst contender.

    Returns
    -------
    float
    """
    return DEEPER * worst


def _is_same(point: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(math.isclose(point[key], other[key], rel_tol=1e-9) for key in ("accuracy", "macs"))
