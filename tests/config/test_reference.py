"""The reference of config files names every key that there is, and no other."""

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from ensemble_hwr.config import ExperimentConfig, _data_schema, _schema, _space_schema, _tune_schema

TEXT = (Path(__file__).parents[2] / "docs" / "user_guide" / "config.md").read_text(encoding="utf-8")
NAMED = {key for row in re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)}
TABLES = {name for heading in re.findall(r"^## (.*)", TEXT, re.MULTILINE) for name in re.findall(r"\[(\w+)", heading)}


def unions(annotated):
    return get_args(get_args(annotated)[0])


SECTIONS = [
    *unions(_data_schema.Data),
    *unions(_data_schema.Split),
    *unions(_data_schema.Balance),
    _data_schema.ExtraLetters,
    _data_schema.MemberExtra,
    _schema.View,
    _schema.Augmentation,
    _schema.Hierarchy,
    _schema.Member,
    _schema.MemberChange,
    _schema.Compare,
    _tune_schema.Tune,
    _space_schema.Range,
    _space_schema.Choices,
    _space_schema.Layers,
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_key_of_every_section_is_named(section):
    assert issubclass(section, BaseModel)
    assert set(section.model_fields) <= NAMED


def test_every_section_is_a_heading_or_a_key_at_the_top():
    assert set(ExperimentConfig.model_fields) == TABLES | {"name", "description", "seeds"}


def test_no_key_is_named_that_does_not_exist():
    assert {key for section in SECTIONS for key in section.model_fields} | {"name", "description", "seeds"} == NAMED
