"""Messages of validation errors, for a small schema."""

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ensemble_hwr.config._errors import describe, did_you_mean, raise_errors, setting_error, shorten


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Round(Section):
    form: Literal["round"]
    radius: Annotated[float, Field(gt=0)] = 1.0


class Square(Section):
    form: Literal["square"]
    side: int | None = None
    colour: Literal["red", "blue"] = "red"


class Whole(Section):
    name: str
    shape: Annotated[Round | Square, Field(discriminator="form")]
    shapes: list[Annotated[Round | Square, Field(discriminator="form")]] = []
    named: dict[str, Square] = {}
    flag: bool = False
    pair: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=2)] = (0, 1)


GOOD: dict[str, Any] = {"name": "x", "shape": {"form": "round"}}


def lines(**changes):
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate({**GOOD, **changes})
    return describe(caught.value, Whole)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"nmae": 1}, "nmae: unknown key; did you mean 'name'? allowed: flag, name, named, pair, shape, shapes"),
        (
            {"shape": {"form": "round", "radios": 1}},
            "shape.radios: unknown key; did you mean 'radius'? allowed: form, ",
        ),
        ({"shape": {"form": "square", "radius": 1.0}}, "shape.radius: unknown key; allowed: colour, form, side"),
        ({"shape": {"radius": 1.0}}, "shape.form: is missing; allowed: round, square"),
        ({"shape": {"form": "rund"}}, "shape.form: got 'rund'; did you mean 'round'? allowed: round, square"),
        ({"shape": {"form": "round", "radius": 0.0}}, "shape.radius: got 0.0; it should be greater than 0"),
        ({"shape": 3}, "shape: got 3; it should be a table"),
        ({"shapes": [GOOD["shape"], {"form": "round", "radius": -1.0}]}, "shapes[1].radius: got -1.0; it should be gr"),
        ({"shapes": [{"form": "oval"}]}, "shapes[0].form: got 'oval'; allowed: round, square"),
        ({"named": {"square": {"form": "square", "sid": 1}}}, "named.square.sid: unknown key; did you mean 'side'?"),
        (
            {"named": {"a b": {"form": "square", "side": "1"}}},
            "named.\"a b\".side: got '1'; it should be a valid integer",
        ),
        ({"named": {"x": {"form": "square", "colour": "rad"}}}, "named.x.colour: got 'rad'; allowed: 'red' or 'blue'"),
        ({"named": []}, "named: got []; it should be a valid table"),
        ({"flag": 1}, "flag: got 1; it should be a valid true or false"),
        ({"pair": 3}, "pair: got 3; it should be a valid list"),
        ({"pair": [-1, 2]}, "pair[0]: got -1; it should be greater than or equal to 0"),
        ({"pair": [1]}, "pair: got [1]; "),
        ({"name": "x" * 100}, None),
    ],
)
def test_errors_contain_the_key_as_written(changes, line):
    if line is None:
        assert Whole.model_validate({**GOOD, **changes})
        return
    (found,) = lines(**changes)
    assert found.startswith(line)


def test_missing_keys_are_reported_and_errors_are_in_order():
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate({"shape": {"form": "round", "radius": -1.0}, "flga": True})
    assert [line.split(":")[0] for line in describe(caught.value, Whole)] == ["name", "shape.radius", "flga"]
    assert describe(caught.value, Whole)[0] == "name: is missing; it has no default, so the config must give it"


def test_a_list_with_invalid_items_is_not_reported_as_too_short():
    assert [line.split(":")[0] for line in lines(pair=["a", "b"])] == ["pair[0]", "pair[1]"]


def test_a_value_that_is_not_a_table():
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(3)
    assert describe(caught.value, Whole) == ["the config: got 3; it should be a valid table or instance of Whole"]


def test_custom_errors_keep_their_message():
    with pytest.raises(ValidationError) as caught:
        raise_errors(
            "x", [setting_error(("named", "a", 2), "must not be {odd}", 3), setting_error((), "nor this", None)]
        )
    assert describe(caught.value, Whole) == ["named.a[2]: must not be {odd}", "the config: nor this"]
    raise_errors("x", [])


def test_only_similar_words_are_suggested():
    assert did_you_mean("specialst", ["router", "specialist"]) == (
        "did you mean 'specialist'? allowed: router, specialist"
    )
    assert did_you_mean("xyz", ["router"]) == "allowed: router"
    assert did_you_mean("xyz", []) == "allowed: nothing"


@given(st.one_of(st.text(max_size=200), st.lists(st.integers()), st.none()))
def test_values_are_shortened(value):
    shown = shorten(value)
    assert len(shown) <= 60
    assert shown == repr(value) or (shown.endswith("...") and repr(value).startswith(shown[:-3]))
