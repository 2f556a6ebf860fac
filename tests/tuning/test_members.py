"""Stages are the members that a config has."""

from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.config import load_config
from ensemble_hwr.tuning._members import Stages
from ensemble_hwr.tuning._objective import TrainingData
from ensemble_hwr.tuning._out_of_fold import OutOfFold

CONFIGS = Path(__file__).parents[2] / "configs"
CAPITALS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def stages_of(config, labels=CAPITALS, sources=None):
    data = TrainingData(None, labels)
    fits = OutOfFold(data, random_state=0, n_jobs=1, on_fit=lambda *_: None)
    return Stages(config, data, [], sources=sources, fits=fits, has_time=lambda _: True)


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*tune.toml")), ids=lambda file: file.stem)
def test_shipped_config_has_spaces_of_existing_members_only(file):
    config = load_config(file)
    stages = stages_of(config, sources=["photo62", None] * 13)
    stages.check()
    assert stages.names()[0] == "router"
    assert (stages.names()[-1] == "hierarchy") == ("hierarchy" in config.tune.spaces)
    assert any(":" in name for name in stages.names())


SPACE = "{ alpha = [0.1, 0.2] }"


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ([], 0.0),  # router only: no later objective depends on its predictions
        ([f"tune.specialist={SPACE}"], 1.0),
        ([f"tune.expert={SPACE}"], 1.0 + 0.5 + 0.5),
        ([f"tune.expert={SPACE}", 'hierarchy.confusables=["BD", "AO", "BO"]'], 2.0 + 0.5 + 0.5),
        ([f'tune."expert:B/D"={SPACE}', 'hierarchy.confusables=["BD", "AO", "BO"]'], 2.0),
        ([f"tune.expert={SPACE}", "hierarchy.groups=derived"], 2.0),
        ([f"tune.expert={SPACE}", "hierarchy.confusables=derived", "hierarchy.max_confusables=2"], 2.0 + 0.5),
    ],
)
def test_members_before_the_last_tuned_expert_are_fitted_between_stages(write, changes, share):
    assert stages_of(write("", *changes), np.array(list("ABDO"))).share_to_fit() == share
