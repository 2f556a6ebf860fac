"""Measured values with bounds, and functions timed in turn.

To add a section to ``python -m benchmarks``, define ``measure(quick: bool) -> list[Figure]`` in a module of this
package and add its name to ``benchmarks.__main__.SECTIONS``.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from ensemble_hwr._versions import package_versions

PACKAGES = ("ensemble_hwr", "numpy", "scipy", "scikit-learn", "joblib")


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Attributes
    ----------
    name : str
        Description of the value. It identifies the value in later releases.
    value : float
        Median over the repeats.
    unit : str
        ``"ms"``, ``"letters/s"``, ``"MB"``; ``"times"`` for a ratio of two things measured in one run.
    target : str
        The target as text; empty if there is none.
    at_least, at_most : float or None
        Bounds: ``--quick`` fails outside them. Only ratios have bounds, and wide ones, since the machine may be busy.
    """

    name: str
    value: float
    unit: str
    target: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.unit != "times" and (self.at_least is not None or self.at_most is not None):
            raise ValueError(f"{self.name!r}: only a ratio may have bounds; {self.unit!r} depends on the machine")

    @property
    def is_within_bounds(self) -> bool:
        """Whether the value is within its bounds."""
        too_low = self.at_least is not None and self.value < self.at_least
        too_high = self.at_most is not None and self.value > self.at_most
        return not (too_low or too_high)


def time_in_turn(
    functions: Mapping[str, Callable[[], Any]], repeats: int, clock: Callable[[], float] = perf_counter
) -> dict[str, list[float]]:
    """Time functions in turn, several rounds after one that is not timed.

    Other load on the machine affects all functions of a round; :func:`ratio` compares them round by round.

    Parameters
    ----------
    functions : mapping of str to callable
    repeats : int
    clock : callable, default=perf_counter
        The clock. ``process_time`` suits functions on one core, since it leaves out other processes.

    Returns
    -------
    dict of str to list of float
        Seconds of each repeat.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for round_ in range(repeats + 1):
        for name, function in functions.items():
            start = clock()
            function()
            if round_:
                seconds[name].append(clock() - start)
    return seconds


def ratio(slow: list[float], fast: list[float]) -> float:
    """Return the ratio of two functions' times: the median over the rounds."""
    return median(a / b for a, b in zip(slow, fast, strict=True))


def environment() -> dict[str, Any]:
    """Return processor, system and versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": package_versions(PACKAGES),
        "blas": _blas(),
    }


@cache
def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _blas() -> str:
    from threadpoolctl import threadpool_info

    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return ", ".join(sorted({f"{b['internal_api']} {b['version']} ({b.get('architecture', '?')})" for b in found}))
