"""On which letters trust is learned."""

import numpy as np
import pytest

from ensemble_hwr.config import build_contenders, build_hierarchy, build_split, load_config, load_letters
from ensemble_hwr.config.building import _trust_folds
from ensemble_hwr.config.letters import training_sources
from ensemble_hwr.config.schema import HierarchySection
from ensemble_hwr.exceptions import ConfigError

SOURCES = ["b", "a", None, "c", "a"]


@pytest.mark.parametrize("cv", [2, 0.25])
def test_numbers_are_left_to_the_hierarchy(cv):
    assert _trust_folds(HierarchySection(cv=cv), SOURCES) == cv


def test_each_source_named_is_held_out_once_and_the_others_are_always_learned_from():
    folds = list(_trust_folds(HierarchySection(cv=["a", "b"]), SOURCES).split())
    assert [test.tolist() for _, test in folds] == [[1, 4], [0]]
    assert [train.tolist() for train, _ in folds] == [[0, 2, 3], [1, 2, 3, 4]]


@pytest.mark.parametrize(("sources", "known"), [(SOURCES, "'a', 'b', 'c'"), (None, "none"), ([None], "none")])
def test_a_source_that_is_not_there_is_refused(sources, known):
    with pytest.raises(ConfigError, match=f"no training letter of source 'z'; sources: {known}"):
        _trust_folds(HierarchySection(cv=["z"]), sources)


@pytest.mark.parametrize("cv", [[], ["a", 1], "a", True, 0.7])
def test_what_is_no_cv_is_refused(tmp_path, cv):
    with pytest.raises(ConfigError, match=r"hierarchy\.cv.*list of sources"):
        load_config(_config(tmp_path), [f"hierarchy.cv={_toml(cv)}"])


def test_letters_that_every_seed_divides_anew_have_no_sources_to_hold_out(tmp_path):
    with pytest.raises(ConfigError, match=r"hierarchy\.cv.*every seed has another training part"):
        load_config(_config(tmp_path), ["hierarchy.cv=['generated']", "split.redraw=true"])


def test_sources_of_the_training_letters_reach_the_hierarchy(tmp_path):
    config = load_config(
        _config(tmp_path), ["hierarchy.cv=['generated']", "extra={ generated = 26, random_state = 5 }"]
    )
    letters = load_letters(config)
    sources = training_sources(config, letters)
    train, _ = build_split(config, letters)
    assert sources == letters.source[train].tolist()
    hierarchy = build_contenders(config, sorted(set(letters.target)), sources=sources)["hierarchical"]
    ((fitted_on, judged_on),) = hierarchy.cv.split()
    assert set(np.array(sources)[judged_on]) == {"generated"}
    assert set(np.array(sources)[fitted_on]) == {"generated extra"}
    with pytest.raises(ConfigError, match="no training letter of source"):
        build_hierarchy(config, sorted(set(letters.target)))


def _toml(value):
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _config(folder):
    file = folder / "config.toml"
    file.write_text(
        "name = 'small'\ndata = { format = 'generated', n = 104, writers = 4 }\n"
        "split = { kind = 'random', by = 'writer' }\ncompare = { contenders = ['hierarchical'] }\n"
    )
    return file
