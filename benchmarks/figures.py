"""What a benchmark finds, and how it takes time: figures with bounds, and work timed in turn.

A module of benchmarks joins the runner (``python -m benchmarks``) by its name in ``benchmarks.__main__.SECTIONS`` and a
function ``measure(quick: bool) -> list[Figure]``.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

PACKAGES = ("ensemble_hwr", "numpy", "scipy", "scikit-learn", "joblib")


@dataclass(frozen=True)
class Figure:
    """One thing measured.

    Attributes
    ----------
    name : str
        What was measured, in words that stay the same from release to release.
    value : float
        Median over the repeats.
    unit : str
        ``"ms"``, ``"letters/s"``, ``"MB"``; ``"times"`` for a ratio of two things measured in one run.
    asked : str
        What is hoped for, in words; empty where nothing is.
    at_least, at_most : float or None
        Beyond these the quick form fails. Only ratios have any, and wide ones: the machine may be busy.
    """

    name: str
    value: float
    unit: str
    asked: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.unit != "times" and (self.at_least is not None or self.at_most is not None):
            raise ValueError(f"{self.name!r}: only a ratio may have bounds; {self.unit!r} depends on the machine.")

    @property
    def is_kept(self) -> bool:
        """Whether the value is within its bounds."""
        too_low = self.at_least is not None and self.value < self.at_least
        too_high = self.at_most is not None and self.value > self.at_most
        return not (too_low or too_high)


def in_turn(
    works: Mapping[str, Callable[[], Any]], repeats: int, clock: Callable[[], float] = perf_counter
) -> dict[str, list[float]]:
    """Do each work in turn with the others, several times over after a first time that does not count.

    What disturbs one turn disturbs all works alike: compare them by :func:`ratio`, turn by turn.

    Parameters
    ----------
    works : mapping of str to callable
    repeats : int
    clock : callable, default=perf_counter
        What tells the time. ``process_time`` is for work on one core: it leaves out what else the machine does.

    Returns
    -------
    dict of str to list of float
        Seconds of each work's repeats.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            start = clock()
            work()
            if turn:
                seconds[name].append(clock() - start)
    return seconds


def ratio(slow: list[float], fast: list[float]) -> float:
    """Return how many times longer one work takes than another: the median over the turns."""
    return median(a / b for a, b in zip(slow, fast, strict=True))


def environment() -> dict[str, Any]:
    """Say on what was measured."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
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
