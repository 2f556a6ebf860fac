"""TOML is written as it is read back."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning._tuned_file import to_toml

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
