"""Stages are the members that a config has."""

from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.tuning._members import Stages
from ensemble_hwr.tuning._objective import TrainingData

CONFIGS = Path(__file__).parents[2] / "configs"
CAPITALS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*tune.toml")), ids=lambda file: file.stem)
def test_shipped_config_has_spaces_of_existing_members_only(file):
    config = load_config(file)
    stages = Stages(config, TrainingData(None, CAPITALS), [], sources=["photo62", None] * 13, random_state=0, n_jobs=1)
    stages.check()
    assert stages.names()[0] == "router"
    assert (stages.names()[-1] == "hierarchy") == ("hierarchy" in config.tune.spaces)
    assert any(":" in name for name in stages.names())
