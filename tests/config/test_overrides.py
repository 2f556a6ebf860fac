import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.config._errors import show_path
from ensemble_hwr.config.loading import apply_overrides, parse_override
from ensemble_hwr.exceptions import ConfigError

BARE = string.ascii_letters + string.digits + "_-"
keys = st.text(BARE, min_size=1) | st.text(string.printable.strip().replace('"', "") + " äß=:.", min_size=1)
paths = st.lists(keys | st.integers(0, 999_999), min_size=1, max_size=6).filter(lambda path: isinstance(path[0], str))
values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | st.text(BARE),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@given(paths, values)
def test_what_is_written_is_read_back(path, value):
    assert parse_override(f"{show_path(path)}={json.dumps(value)}") == (tuple(path), value)


@given(st.text())
def test_any_text_is_read_or_refused_as_a_config_error(text):
    try:
        path, _ = parse_override(text)
    except ConfigError as error:
        assert str(error).startswith("--set ")  # noqa: PT017
    else:
        assert path
        assert isinstance(path[0], str)


@given(paths, values)
def test_setting_a_key_changes_nothing_else(path, value):
    path = [part for part in path if isinstance(part, str)]
    document = {"other": {"kept": [1, {"x": 2}]}}
    if path[0] == "other":
        path[0] = "another"
    changed = apply_overrides(document, [f"{show_path(path)}={json.dumps(value)}"])
    assert document == {"other": {"kept": [1, {"x": 2}]}}
    assert changed["other"] == document["other"]
    for part in path:
        changed = changed[part]
    assert changed == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=3", 3),
        ("a=1e-4", 1e-4),
        ("a=true", True),
        ("a=mlp", "mlp"),
        ("a=sklearn.svm.SVC", "sklearn.svm.SVC"),
        ("a=/some/folder with spaces", "/some/folder with spaces"),
        ("a='3'", "3"),
        ('a=""', ""),
        ("a = [1, 2]", [1, 2]),
        ("a={ b = 1 }", {"b": 1}),
        ("a=b=c", "b=c"),
    ],
)
def test_values_are_toml_and_bare_words_are_text(text, value):
    assert parse_override(text) == (("a",), value)


@pytest.mark.parametrize(
    "text", ["", "a", "=3", "a=", "a..b=1", ".a=1", "a.=1", "[0]=1", "a.[0]=1", "a[x]=1", 'a"b"=1']
)
def test_an_override_that_cannot_be_read_names_itself(text):
    with pytest.raises(ConfigError) as caught:
        parse_override(text)
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["a=[1, 2", "a='x", "a={b=1", "a=1\nb=2"])
def test_a_broken_value_is_no_bare_word(text):
    with pytest.raises(ConfigError, match="value"):
        parse_override(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("seeds[2]=1", "2 items"), ("seeds.x=1", "not a table"), ("name[0]=1", "not a list"), ("name.x=1", "not a table")],
)
def test_a_path_that_does_not_fit_the_file_says_why(text, reason):
    with pytest.raises(ConfigError, match=reason):
        apply_overrides({"seeds": [0, 1], "name": "x"}, [text])


def test_later_overrides_win_and_missing_tables_are_made():
    assert apply_overrides({}, ["a.b=1", "a.b=2", "a.c=x"]) == {"a": {"b": 2, "c": "x"}}


def test_a_value_of_endless_depth_is_refused():
    with pytest.raises(ConfigError, match="nested too deeply"):
        apply_overrides({}, ["x=" + "[" * 5000])
