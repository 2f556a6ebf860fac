"""Versions of what tuning depends on."""

from __future__ import annotations

import platform
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return the versions that a result depends on, by name."""
    packages = ("ensemble_hwr", "optuna", "scikit-learn", "numpy", "scipy")
    return {package: version(package) for package in packages} | {"Python": platform.python_version()}
