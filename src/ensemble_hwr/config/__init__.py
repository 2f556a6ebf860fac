"""Experiments as TOML files: read, checked, and turned into data, divisions and contenders."""

from ensemble_hwr.config._load import load_config
from ensemble_hwr.config._overrides import parse_override
from ensemble_hwr.config._schema import ExperimentConfig

__all__ = ["ExperimentConfig", "load_config", "parse_override"]
