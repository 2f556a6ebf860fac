"""Gain of an adapted model over the model itself: estimate with interval, and its description."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.evaluation.statistics import mcnemar_interval

CONFIDENCE = 0.95


def estimate_gain(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> dict[str, Any]:
    """Estimate the gain by samples that the expert was not fitted on.

    Parameters
    ----------
    before : ndarray of bool, shape (n_samples,)
        Whether the model classifies each sample correctly.
    after : ndarray of bool, shape (n_samples,)
        Whether the adapted model does.

    Returns
    -------
    dict
        ``n_samples``, ``error_before``, ``error_after``, their ``difference``, its interval from ``low`` to ``high``,
        and whether it is ``significant``: the interval lies above 0.
    """
    if not len(before):
        nothing = dict.fromkeys(("error_before", "error_after", "difference", "low", "high"), math.nan)
        return {"n_samples": 0, **nothing, "significant": False}
    low, high = mcnemar_interval(after, before, confidence=CONFIDENCE)
    return {
        "n_samples": len(before),
        "error_before": float(1 - before.mean()),
        "error_after": float(1 - after.mean()),
        "difference": float(after.mean() - before.mean()),
        "low": float(low),
        "high": float(high),
        "significant": bool(low > 0),
    }


def gain_for_json(gain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a gain with None instead of NaN, which JSON does not have."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in gain.items()}


def describe_gain(gain: Mapping[str, Any]) -> str:
    """Describe a gain in one line.

    Parameters
    ----------
    gain : mapping
        As `estimate_gain` returns it.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.adaptation._gain import describe_gain, estimate_gain
    >>> before, after = np.arange(60) >= 12, np.arange(60) >= 3
    >>> describe_gain(estimate_gain(before, after))
    'error 20.0 % -> 5.0 % on 60 held-out letters: 15.0 points less (95 % interval 4.9 to 24.3)'
    >>> describe_gain(estimate_gain(before[:0], after[:0]))
    'no significant gain yet: it is estimated from two samples of a class on'
    """
    if not gain["n_samples"]:
        return "no significant gain yet: it is estimated from two samples of a class on"
    low, high = 100 * gain["low"], 100 * gain["high"]
    errors = f"error {100 * gain['error_before']:.1f} % -> {100 * gain['error_after']:.1f} %"
    where = f"{errors} on {gain['n_samples']} held-out letters"
    interval = f"95 % interval {low:.1f} to {high:.1f}"
    if gain["significant"]:
        return f"{where}: {100 * gain['difference']:.1f} points less ({interval})"
    return f"no significant gain yet: {where} (points less: {interval})"
