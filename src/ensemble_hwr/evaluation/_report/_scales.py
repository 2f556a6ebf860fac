"""Round numbers for axes."""

from __future__ import annotations

import math
from itertools import pairwise


def linear_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about `n` round numbers from `low` to `high`."""
    raw = max(high - low, 1e-9) / n
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten from `low` to `high`, with 2 and 5 times them where there are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if math.log10(high / low) < 2.5 else (1,)
    return [m * 10.0**d for d in decades for m in steps if low <= m * 10.0**d <= high]


def digits_between(ticks: list[float]) -> int:
    """Return how many decimals tell `ticks` apart."""
    gaps = [b - a for a, b in pairwise(ticks)]
    return max(0, -math.floor(math.log10(min(gaps)) + 1e-9)) if gaps else 1
