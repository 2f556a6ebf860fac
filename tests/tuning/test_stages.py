"""Stages fit the members that a config really has."""

from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.tuning._question import Letters
from ensemble_hwr.tuning._stages import Stages

CONFIGS = Path(__file__).parents[2] / "configs"
CAPITALS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*tune.toml")), ids=lambda file: file.stem)
def test_a_shipped_config_tunes_members_that_there_are(file):
    config = load_config(file)
    stages = Stages(config, Letters(None, CAPITALS), [], sources=["photo62", None] * 13, seed=0, n_jobs=1)
    stages.check()
    assert stages.names()[0] == "router"
    assert (stages.names()[-1] == "hierarchy") == ("hierarchy" in config.tune.spaces)
    assert any(":" in name for name in stages.names())
