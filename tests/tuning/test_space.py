import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.config.search_space import parse_entry
from ensemble_hwr.tuning._space import stored_params, suggest_params

SPACE = {
    "solver": ["adam", "sgd"],
    "momentum": {"low": 0.1, "high": 0.9, "when": {"solver": "sgd"}},
    "hidden_layer_sizes": {"n": [1, 3], "width": {"low": 4, "high": 64, "log": True}},
    "groups": {"choices": ["batches", ["AB", "CD"], {"low": "AB"}]},
    "alpha": {"low": 1e-5, "high": 1.0, "log": True},
    "batch_size": {"low": 8, "high": 64, "step": 8},
    "flag": [True, False],
    "mixed": [1, True, "1"],
}


def space():
    return {name: parse_entry(raw) for name, raw in SPACE.items()}


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_stored_parameters_are_read_back_unchanged(seed):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    trial = study.ask()
    params = suggest_params(trial, space())
    assert ("momentum" in params) == (params["solver"] == "sgd")
    assert len(params["hidden_layer_sizes"]) == trial.params["hidden_layer_sizes.n"]
    assert all(4 <= width <= 64 for width in params["hidden_layer_sizes"])
    assert all(type(value) in (str, int, float, bool) for value in trial.params.values())
    assert suggest_params(optuna.trial.FixedTrial(trial.params), space()) == params
    assert stored_params(space(), params) == trial.params


@pytest.mark.parametrize("storage", ["sqlite", "journal"])
def test_parameters_are_read_back_from_every_storage(storage, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db" if storage == "sqlite" else None
    from ensemble_hwr.tuning._storage import open_storage

    opened = open_storage(url or str(tmp_path / "j.log"))
    study = optuna.create_study(study_name="s", storage=opened)
    params = []
    for _ in range(8):
        trial = study.ask()
        params.append(suggest_params(trial, space()))
        study.tell(trial, 0.0)
    again = optuna.load_study(study_name="s", storage=open_storage(url or str(tmp_path / "j.log")))
    assert [suggest_params(optuna.trial.FixedTrial(trial.params), space()) for trial in again.trials] == params


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 2.0},
        {"solver": "lbfgs"},
        {"hidden_layer_sizes": [2]},
        {"hidden_layer_sizes": [8] * 4},
        {"batch_size": 9},
    ],
)
def test_parameters_outside_the_space_are_not_stored(change):
    inside = {
        "solver": "adam", "hidden_layer_sizes": (8, 4), "groups": "batches", "alpha": 0.1, "batch_size": 16,
        "flag": False, "mixed": True,
    }  # fmt: skip
    assert stored_params(space(), inside)["hidden_layer_sizes.2"] == 4
    assert stored_params(space(), inside | change) is None
