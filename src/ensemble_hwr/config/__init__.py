"""Experiments as TOML files: load and validate a config, and build its data, split and contenders.

Besides the names below, there are public submodules: ``schema``, ``data_schema`` and ``search_space`` define the keys
of a config, ``loading`` parses and validates it, ``letters`` loads and splits its data, ``building`` builds its
estimators.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ensemble_hwr.config.loading import load_config, load_demo
from ensemble_hwr.config.schema import ExperimentConfig

if TYPE_CHECKING:
    from ensemble_hwr.config.building import build_contenders, build_hierarchy
    from ensemble_hwr.config.letters import load_letters

__all__ = [
    "ExperimentConfig",
    "build_contenders",
    "build_hierarchy",
    "load_config",
    "load_demo",
    "load_letters",
]

_MODULES = {  # imported on first use, since they import scikit-learn: loading a config stays fast
    "build_contenders": "building",
    "build_hierarchy": "building",
    "load_letters": "letters",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
