"""Tests of form templates and of reading fields by name."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ensemble_hwr import WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.reading.fields import FormReader, check_fields, load_fields

FIELDS = [
    {"name": "city", "box": [0, 0, 400, 70], "lexicon": ["PARIS", "ROME"]},
    {"name": "country", "box": [0, 70, 400, 150], "alphabet": "AILTY"},
    {"name": "street", "box": [0, 150, 400, 200]},
]


@pytest.fixture(scope="module")
def form():
    letters = generate_letters(260, writers=5, random_state=0)
    grey = np.full((200, 400), 255, np.uint8)
    for top, word in zip((10, 80), compose_words(letters, ["ROME", "ITALY"], gap=0.3, random_state=0), strict=True):
        grey[top : top + len(word.picture), 10 : 10 + word.picture.shape[1]] = word.picture
    return grey


@pytest.fixture(scope="module")
def reader():
    return WordReader(load_model("az")).fit()


def test_fields_are_read_by_name_and_blank_ones_are_empty(form, reader):
    found = FormReader(FIELDS, reader).read(form)
    assert {name: word.text for name, word in found.items()} == {"city": "ROME", "country": "ITALY", "street": ""}
    assert found["street"].letters == ()
    assert found["country"].box.top >= 80  # in pixels of the picture
    assert found["country"].letters[0].box.top >= 80


def test_a_form_that_takes_too_long_is_an_error_and_has_no_blank_fields(form, reader):
    hasty = FormReader(FIELDS, WordReader(reader.classifier, timeout=1e-9).fit())
    with pytest.raises(PictureError, match="takes longer than 1e-09 seconds"):
        hasty.read(form)


def test_the_reader_of_other_pictures_is_unchanged(form, reader):
    before = reader.classes_.tolist()
    FormReader(FIELDS, reader)
    assert reader.classes_.tolist() == before
    assert reader.lexicon_ is None


def test_template_with_a_lexicon_in_a_file_next_to_it(form, reader, tmp_path):
    (tmp_path / "cities.txt").write_text("ROME\nPARIS\n")
    (tmp_path / "form.json").write_text(json.dumps([{**FIELDS[0], "lexicon": "cities.txt"}]))
    assert FormReader(load_fields(tmp_path / "form.json"), reader).read(form)["city"].text == "ROME"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([], "at least one field"),
        ({"name": "city"}, "the fields must be a list of objects with name and box"),
        ([{"name": "city"}], "field 'city', box is missing"),
        ([{"box": [0, 0, 9, 9]}], "field 0, name is missing"),
        ([{"name": "city", "box": [0, 0, 9]}], "field 'city', box must be four whole numbers, 0 or more"),
        ([{"name": "city", "box": [0, 0, 9, "x"]}], "field 'city', box must be four whole numbers"),
        (
            [{"name": "city", "box": [-1, 0, 9, 9]}],
            "must be four whole numbers, 0 or more: left, top, right, bottom, got -1",
        ),
        ([{"name": "city", "box": [9, 0, 3, 9]}], "is empty"),
        (
            [{"name": "city", "box": [0, 0, 9, 9], "letters": "AB"}],
            "field 'city', letters is not a key of a field; the keys are name, box",
        ),
        ([{"name": "city", "box": [0, 0, 9, 9]}] * 2, "occurs twice"),
    ],
)
def test_bad_template_raises_an_error_that_names_field_and_key(fields, message):
    with pytest.raises(DataError, match=message):
        check_fields(fields)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"alphabet": "AB1"}, "field 'city', alphabet: '1' cannot be read"),
        ({"lexicon": []}, "field 'city', lexicon: a lexicon must hold at least one word"),
        ({"lexicon": "missing.txt"}, r"field 'city', lexicon: missing\.txt: cannot be read"),
    ],
)
def test_field_that_the_reader_cannot_read_raises_an_error(field, message, reader):
    with pytest.raises(DataError, match=message):
        FormReader([{"name": "city", "box": [0, 0, 9, 9], **field}], reader)


def test_box_outside_of_the_picture_raises_an_error(form, reader):
    with pytest.raises(
        DataError, match=r"box \(0, 0, 401, 70\) of field 'city' is outside of the picture of 400 x 200"
    ):
        FormReader([{"name": "city", "box": [0, 0, 401, 70]}], reader).read(form)
    with pytest.raises(PictureError):
        FormReader(FIELDS, reader).read("missing.png")


def test_template_that_is_no_json_or_missing_raises_an_error(tmp_path):
    (tmp_path / "form.json").write_text("name = city")
    with pytest.raises(DataError, match="is not JSON"):
        load_fields(tmp_path / "form.json")
    with pytest.raises(DataError, match="cannot be read"):
        load_fields(tmp_path / "missing.json")
    (tmp_path / "form.json").write_text('[{"name": "city"}]')
    with pytest.raises(DataError, match=r"form\.json: field 'city', box"):
        load_fields(tmp_path / "form.json")
