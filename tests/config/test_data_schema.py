import pytest
from pydantic import TypeAdapter, ValidationError

from ensemble_hwr.config.data_schema import Balance, Data, Split

DATA, SPLIT, BALANCE = TypeAdapter(Data), TypeAdapter(Split), TypeAdapter(Balance)


@pytest.mark.parametrize("form", ["folder", "index", "kaggle", "emnist", "nist", "npz"])
def test_stored_formats_need_only_a_path(form):
    data = DATA.validate_python({"format": form, "path": "p"})
    assert (data.format, data.path, data.letters, data.max_per_class) == (form, "p", None, None)
    for wrong in ({"format": form}, {"format": form, "path": ""}, {"format": form, "path": "p", "letters": "A"}):
        with pytest.raises(ValidationError):
            DATA.validate_python(wrong)


def test_generated_letters_have_no_path():
    assert DATA.validate_python({"format": "generated"}).writers == 40
    with pytest.raises(ValidationError):
        DATA.validate_python({"format": "generated", "path": "p"})


@pytest.mark.parametrize(
    ("test_size", "valid"), [(0.01, True), (0.99, True), (0.0, True), (1.0, False), (1, False), ("0.2", False)]
)
def test_test_size_leaves_training_letters(test_size, valid):
    split = {"kind": "random", "test_size": test_size}
    if valid:
        assert SPLIT.validate_python(split).test_size == test_size
    else:
        with pytest.raises(ValidationError):
            SPLIT.validate_python(split)


def test_a_source_cannot_be_in_both_parts():
    split = SPLIT.validate_python({"kind": "sources", "train": ["a", "b"], "test": ["c"]})
    assert (split.train, split.test) == (("a", "b"), ("c",))
    with pytest.raises(ValidationError, match="source 'b' is in train too"):
        SPLIT.validate_python({"kind": "sources", "train": ["a", "b"], "test": ["c", "b"]})
    with pytest.raises(ValidationError):
        SPLIT.validate_python({"kind": "sources", "train": [], "test": ["c"]})


@pytest.mark.parametrize("method", ["none", "cap", "oversample", "weights"])
def test_only_cap_and_oversample_have_a_limit(method):
    counts = method in ("cap", "oversample")
    assert BALANCE.validate_python({"method": method}).method == method
    if counts:
        assert BALANCE.validate_python({"method": method, "per_class": 1}).per_class == 1
    for wrong in [0] if counts else [1]:
        with pytest.raises(ValidationError):
            BALANCE.validate_python({"method": method, "per_class": wrong})
