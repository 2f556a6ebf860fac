"""The documentation of config files contains every key, and no other."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from ensemble_hwr.config import ExperimentConfig, data_schema, schema, search_space
from ensemble_hwr.config.loading import shipped_configs

PAGE = Path(__file__).parents[2] / "docs" / "user_guide" / "config.md"
TEXT = PAGE.read_text(encoding="utf-8")
NAMED = {key for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
TABLES = {name for heading in re.findall(r"^## (.*)", TEXT, re.MULTILINE) for name in re.findall(r"\[(\w+)", heading)}


def unions(annotated):
    return get_args(get_args(annotated)[0])


SECTIONS = [
    *unions(data_schema.Data),
    *unions(data_schema.Split),
    *unions(data_schema.Balance),
    data_schema.ExtraLetters,
    data_schema.MemberExtra,
    schema.ViewSection,
    schema.AugmentationSection,
    schema.HierarchySection,
    schema.MemberSection,
    schema.MemberChange,
    schema.CompareSection,
    search_space.TuneSection,
    search_space.Range,
    search_space.Choices,
    search_space.Layers,
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_of_every_section_is_documented(section):
    assert issubclass(section, BaseModel)
    assert set(section.model_fields) <= NAMED


def test_every_section_is_a_heading_or_a_key_at_the_top():
    assert set(ExperimentConfig.model_fields) == TABLES | {"name", "description", "seeds"}


def test_every_documented_key_exists():
    assert {key for section in SECTIONS for key in section.model_fields} | {"name", "description", "seeds"} == NAMED


def test_the_documentation_names_every_shipped_config():
    (names,) = re.findall(r"meant to be copied and changed: ([^.]+)\.", TEXT)
    assert sorted(re.findall(r"`(\w+)`", names)) == sorted(shipped_configs())
