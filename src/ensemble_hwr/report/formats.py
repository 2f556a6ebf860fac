"""Numbers as text: percentages, counts, seconds, p-values, lists of names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ABSENT = "–"  # noqa: RUF001
MINUS = "−"  # noqa: RUF001


def percent(share: float | None, digits: int = 2) -> str:
    """Return a share as a percentage without the sign: 0.9734 is 97.34."""
    return ABSENT if share is None else f"{100 * share:.{digits}f}"


def points(difference: float, digits: int = 2) -> str:
    """Return a difference of shares in percentage points, signed: 0.0034 is +0.34."""
    text = f"{abs(100 * difference):.{digits}f}"
    if float(text) == 0:
        return text
    return (MINUS if difference < 0 else "+") + text


def spread(values: Sequence[float | None], scale: float = 1.0, digits: int = 2) -> str:
    """Return the mean and, of two or more values, the standard deviation: 97.34 ± 0.12."""
    known = [value * scale for value in values if value is not None]
    if not known:
        return ABSENT
    mean = f"{np.mean(known):.{digits}f}"
    return mean if len(known) == 1 else f"{mean} ± {np.std(known, ddof=1):.{digits}f}"


def mean(values: Sequence[float | None], digits: int = 3) -> str:
    """Return the mean of the known values: 0.092."""
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.{digits}f}" if known else ABSENT


def quantity(value: float | None) -> str:
    """Return a count with three significant digits and k, M or G: 178926 is 179k."""
    if value is None:
        return ABSENT
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= 0.9995 * size:
            return f"{_three_digits(value / size)}{unit}"
    return _three_digits(value)


def size(n_bytes: float | None) -> str:
    """Return a file size in kB or MB."""
    if n_bytes is None:
        return ABSENT
    return f"{_three_digits(n_bytes / 1e6)} MB" if n_bytes >= 999_500 else f"{_three_digits(n_bytes / 1e3)} kB"


def seconds(value: float | None) -> str:
    """Return seconds with about three significant digits."""
    return ABSENT if value is None else _three_digits(value)


def duration(value: float) -> str:
    """Return a time in seconds, minutes or hours.

    Examples
    --------
    >>> from ensemble_hwr.report.formats import duration
    >>> duration(42.4), duration(200), duration(9000)
    ('42 s', '3.3 min', '2.5 h')
    """
    if value < 90:
        return f"{value:.0f} s"
    return f"{value / 60:.1f} min" if value < 5400 else f"{value / 3600:.1f} h"


def p_number(p: float | None) -> str:
    """Return a p-value: 0.012, < 0.001."""
    if p is None:
        return ABSENT
    return "< 0.001" if p < 0.001 else f"{p:.2f}" if p >= 0.095 else f"{p:.3f}"


def p_value(p: float) -> str:
    """Return a p-value with its relation: p = 0.012, p < 0.001."""
    return f"p {p_number(p)}" if p < 0.001 else f"p = {p_number(p)}"


def listing(names: Sequence[str]) -> str:
    """Return names as a list in a sentence: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _three_digits(value: float) -> str:
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:,.{digits}f}"
