"""Experiments as TOML files: read, checked, and turned into data, divisions and contenders."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ensemble_hwr.config._load import load_config, load_demo
from ensemble_hwr.config._overrides import parse_override
from ensemble_hwr.config._schema import ExperimentConfig

if TYPE_CHECKING:
    from ensemble_hwr.config._build import build_contender, build_contenders, build_hierarchy, views_of_hierarchy
    from ensemble_hwr.config._letters import (
        build_normalizer,
        describe_data,
        divide,
        load_letters,
        locate_data,
        open_letters,
        to_rows,
        training_sources,
        training_weight,
    )
    from ensemble_hwr.config._members import build_member, build_view

__all__ = [
    "ExperimentConfig",
    "build_contender",
    "build_contenders",
    "build_hierarchy",
    "build_member",
    "build_normalizer",
    "build_view",
    "describe_data",
    "divide",
    "load_config",
    "load_demo",
    "load_letters",
    "locate_data",
    "open_letters",
    "parse_override",
    "to_rows",
    "training_sources",
    "training_weight",
    "views_of_hierarchy",
]

# What needs scikit-learn is imported when it is first asked for, so that reading a config stays quick.
_MODULES = {
    "build_contender": "_build",
    "build_contenders": "_build",
    "build_hierarchy": "_build",
    "views_of_hierarchy": "_build",
    "build_member": "_members",
    "build_view": "_members",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, '_letters')}"), name)
