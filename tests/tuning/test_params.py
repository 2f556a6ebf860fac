"""Parameters of members are changed in configs without validating the whole config for every trial."""

import numpy as np
import pytest

from ensemble_hwr.config import ExperimentConfig
from ensemble_hwr.config.loading import validate
from ensemble_hwr.exceptions import HierarchyError
from ensemble_hwr.tuning._params import (
    EnsembleFactory,
    MemberFactory,
    drop_unknown_members,
    params_of,
    space_of,
    with_params,
)

CLASSES = np.array(list("ABDO"))
PARAMS = {
    "router": {"alpha": 0.1, "hidden_layer_sizes": [4, 5]},
    "specialist:A/B": {"view.gradient.grid": 5, "extra.generated": 10},
    "expert:B/D": {"view": "coarse", "augmentation": "default", "augmentation.rotation": 7.0, "alpha": 0.01},
    "hierarchy": {"min_mass": 0.1, "groups": ["AO", "BD"]},
}
SPACES = """
[tune.specialist]
"view.gradient.grid" = [3, 5]
[tune."expert:B/D"]
view = ["coarse", "fine"]
augmentation = ["none", "default"]
"augmentation.rotation" = { low = 0.0, high = 20.0 }
"extra.generated" = [0, 40]
[tune.hierarchy]
min_mass = [0.0, 0.1]
"""


@pytest.mark.parametrize("name", PARAMS)
def test_changed_config_is_the_validated_one(write, name):
    config = write()
    changed = with_params(config, name, PARAMS[name])
    assert changed != config
    assert changed == validate(changed.model_dump(exclude_unset=True), "changed")


@pytest.mark.parametrize("name", PARAMS)
def test_factories_do_not_validate_the_whole_config(write, name, monkeypatch):
    config = write()
    make = EnsembleFactory(config, CLASSES) if name == "hierarchy" else MemberFactory(config, name)

    def fail(*_, **__):
        raise AssertionError("the whole config is validated")

    monkeypatch.setattr(ExperimentConfig, "model_validate", fail)
    monkeypatch.setattr(ExperimentConfig, "model_dump", fail)
    assert hasattr(make(PARAMS[name]), "fit")


def test_current_params_are_those_of_the_config_and_defaults(write):
    config = write(SPACES)
    assert params_of(config, "router", space_of(config, "router")) == {"alpha": 1e-4, "hidden_layer_sizes": (6,)}
    expected = {"view": "fine", "augmentation": "none", "augmentation.rotation": None, "extra.generated": 0}
    assert params_of(config, "expert:B/D", space_of(config, "expert:B/D")) == expected
    assert params_of(config, "hierarchy", space_of(config, "hierarchy")) == {"min_mass": 0.0}


def test_space_of_a_role_is_that_of_its_members(write):
    config = write(SPACES)
    assert space_of(config, "specialist:A/B") == space_of(config, "specialist")
    assert space_of(config, "expert") is None
    assert space_of(config, "expert:B/D")["augmentation.rotation"].when == {"augmentation": ["default"]}


def test_members_that_other_groups_do_not_have_are_dropped(write):
    config = with_params(write(), "specialist:A/B", {"alpha": 0.1})
    assert drop_unknown_members(config, CLASSES) is config
    regrouped = with_params(config, "hierarchy", {"groups": ["AO", "BD"]})
    assert drop_unknown_members(regrouped, CLASSES).members == {}
    with pytest.raises(HierarchyError, match="'O' is in no group"):
        EnsembleFactory(config, CLASSES)({"groups": ["AB", "D"]})
