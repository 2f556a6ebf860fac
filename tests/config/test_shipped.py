"""The shipped configs are valid."""

import string
from importlib import resources
from pathlib import Path

import pytest

from ensemble_hwr.config import build_contenders, load_config, load_demo, load_letters
from ensemble_hwr.config.building import build_member
from ensemble_hwr.config.letters import build_split

CONFIGS = Path(__file__).parents[2] / "configs"
CAPITALS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
MIXED = sorted(string.digits + string.ascii_letters)


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("*.toml")), ids=lambda file: file.stem)
def test_a_shipped_config_is_valid_and_builds_its_contenders(file):
    config = load_config(file)
    assert config.name == file.stem
    assert config.description
    trust_learned_from = config.hierarchy.cv if isinstance(config.hierarchy.cv, tuple) else None
    classes = MIXED if file.stem in ("mixed", "unipen62") else CAPITALS
    assert {"flat", "committee", "hierarchical"} <= set(build_contenders(config, classes, sources=trust_learned_from))
    for contender in config.contenders.values():
        assert hasattr(build_member(config, contender), "fit")


def test_all_shipped_configs_are_tested():
    found = sorted(file.stem for file in CONFIGS.glob("*.toml"))
    assert found == [
        *["az", "az_kaggle", "az_tune", "demo", "demo_tune", "folder"],
        *["mixed", "pooled", "tune", "unipen62", "unseen", "writers"],
    ]


@pytest.mark.parametrize("name", ["az", "az_tune", "mixed", "pooled", "tune", "unipen62", "unseen", "writers"])
def test_stored_letters_are_expected_next_to_the_config(name):
    location = Path(load_config(CONFIGS / f"{name}.toml").data.path)
    assert location.parent == CONFIGS
    assert location.name in ("letters", "mixed.npz", "unipen62.npz", "writers.npz")


def test_both_protocols_of_62_classes_have_the_same_settings():
    mixed, unipen62 = (load_config(CONFIGS / f"{name}.toml") for name in ("mixed", "unipen62"))
    for section in (
        "views",
        "augmentations",
        "normalizer",
        "balance",
        "router",
        "specialist",
        "expert",
        "members",
        "flat",
    ):
        assert getattr(mixed, section) == getattr(unipen62, section)
    assert mixed.hierarchy.model_copy(update={"cv": unipen62.hierarchy.cv}) == unipen62.hierarchy
    assert mixed.normalizer == {"dots": True}


def test_no_source_for_research_only_trains_the_protocol_mixed():
    assert set(load_config(CONFIGS / "mixed.toml").split.train) == {
        *["photo62", "tablet55", "binary20x16", "omniglot_latin", "sse15", "bhmsds", "fonts", "generated", "dotted_i"]
    }


def test_the_protocol_writers_has_the_settings_of_unseen():
    writers, unseen = (load_config(CONFIGS / f"{name}.toml") for name in ("writers", "unseen"))
    for section in ("views", "augmentations", "hierarchy", "router", "specialist", "expert", "members", "flat"):
        assert getattr(writers, section) == getattr(unseen, section)
    assert set(unseen.split.train) < set(writers.split.train)


def test_the_shipped_model_has_the_settings_of_the_protocol_unseen_except_for_its_tuned_router():
    shipped, measured = (load_config(CONFIGS / f"{name}.toml") for name in ("az", "unseen"))
    for section in (
        "hierarchy",
        "specialist",
        "expert",
        "members",
        "views",
        "augmentations",
        "extra",
        "split",
    ):
        assert getattr(shipped, section) == getattr(measured, section)
    assert shipped.router.model_copy(update={"params": measured.router.params}) == measured.router
    assert set(shipped.split.train) == {"photo62", "tablet55", "binary20x16"}


def test_the_packaged_demo_equals_the_one_in_configs():
    packaged = resources.files("ensemble_hwr.config").joinpath("demo.toml").read_bytes()
    assert packaged == (CONFIGS / "demo.toml").read_bytes()


def test_writers_of_the_demo_are_in_one_part_only():
    config = load_demo(["data.n=780"])
    letters = load_letters(config)
    train, test = build_split(config, letters)
    assert set(letters.writer[train]).isdisjoint(letters.writer[test])
    assert 0.2 < len(test) / len(letters) < 0.4
