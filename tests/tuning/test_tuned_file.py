"""TOML is written as it is read back."""

import tomllib

import pytest
import tomlkit
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ensemble_hwr.config import load_config, load_demo
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning import TuningResult, write_tuned_config, write_tuning_report
from ensemble_hwr.tuning._tuned_file import edit, to_toml

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
SCALARS = (
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3))


@settings(max_examples=60)
@given(st.dictionaries(KEYS, VALUES, max_size=5), st.text(st.characters(exclude_categories=["C"]), max_size=20))
def test_document_is_read_back_unchanged(document, comment):
    assert tomllib.loads(to_toml(document, {(): comment})) == document


def test_named_tables_have_their_own_headings():
    document = {"members": {"expert:B/P": {"params": {"alpha": 0.1}}}, "name": "x"}
    text = to_toml(document, {("members", "expert:B/P"): "One."}, named=["members"])
    assert text == 'name = "x"\n\n# One.\n[members."expert:B/P"]\nparams = { alpha = 0.1 }\n'
    assert tomllib.loads(text) == document


def test_none_is_left_out_and_other_types_are_rejected():
    assert to_toml({"a": None, "b": {"c": None}}) == "[b]\n"
    with pytest.raises(ConfigError, match="which TOML cannot represent"):
        to_toml({"a": object()})


def test_edited_file_keeps_comments_where_they_were_and_has_no_empty_heading():
    """A new view gets a heading like its neighbours; comments stay above the table that they describe."""
    source = """\
name = "x"   # a name

# Features.
[views.a]
steps = [{ use = "gradient", grid = 7 }]   # seven

# Members.
[router]
view = "a"
params = { alpha = 1.0 }   # strong

# Search.
[tune]
folds = 3   # three
"""
    expected = """\
name = "x"   # a name

# Features.
[views.a]
steps = [{ use = "gradient", grid = 7 }]   # seven

[views."router a"]
steps = [{ use = "deskew" }, { use = "gradient", grid = 9 }]

# Members.
[router]
view = "router a"
params = { alpha = 2.0, max_iter = 3 }   # strong

# Search.
[tune]
folds = 3   # three

[members."expert:U-W"]
params = { alpha = 3 }
"""
    document, wanted = tomlkit.parse(source), tomllib.loads(source)
    wanted["views"]["router a"] = {"steps": [{"use": "deskew"}, {"use": "gradient", "grid": 9}]}
    wanted["router"] = {"view": "router a", "params": {"alpha": 2.0, "max_iter": 3}}
    wanted["members"] = {"expert:U-W": {"params": {"alpha": 3}}}
    edit(document, wanted)
    assert tomlkit.dumps(document).rstrip() == expected.rstrip()


TABLES = st.recursive(SCALARS, lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=4), max_leaves=12)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), TABLES, max_size=4), st.dictionaries(st.sampled_from("abcd"), TABLES))
@example({"a": {}, "b": False}, {"b": {"a": False}, "c": {}, "a": False})
@example({"a": {}, "b": False}, {"b": {}, "c": {}, "a": False})
def test_edited_file_has_the_wanted_values(before, after):
    document = tomlkit.parse(to_toml(before))
    edit(document, after)
    assert tomllib.loads(tomlkit.dumps(document)) == after


@pytest.mark.parametrize(
    "name", ["odd\udcff", "odd\x1b]0;title\x07\nforged = 1"], ids=["not UTF-8", "control characters"]
)
def test_names_that_are_not_text_are_escaped_in_the_tuned_config_and_the_report(name, tmp_path):
    """All trials were done before such a name ended the search without a result."""
    config = load_demo()
    data = {"scoring": "neg_log_loss", "folds": 3, "training letters": 180}
    result = TuningResult(config, config, data=data, storage=f"{name}/journal.log")
    folder = tmp_path / name.replace("\n", "")
    folder.mkdir()
    command = f"ensemble-hwr tune '{name}.toml'"
    write_tuned_config(result, folder / "tuned.toml", command)
    assert load_config(folder / "tuned.toml").hierarchy == config.hierarchy
    text = (folder / "tuned.toml").read_text("utf-8")
    assert "forged" not in tomllib.loads(text)
    write_tuning_report(result, folder / "tuning.html", command)
    assert "odd" in (folder / "tuning.html").read_text("utf-8")
