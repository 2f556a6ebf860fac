"""MATLAB files are read as scipy writes them; damaged ones are an error, or numbers, and never end the process."""

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, integer_dtypes, unsigned_integer_dtypes
from scipy.io import savemat

from ensemble_hwr.datasets import load_emnist
from ensemble_hwr.datasets._matlab import MAX_DEPTH, MatlabError, read_matlab
from ensemble_hwr.exceptions import DataError

DTYPES = integer_dtypes(endianness="<") | unsigned_integer_dtypes(endianness="<") | st.sampled_from(["f4", "f8"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: (
        arrays(dtype, array_shapes(min_dims=2, max_dims=3, max_side=4), elements={"allow_nan": False})
        if np.dtype(dtype).kind == "f"
        else arrays(dtype, array_shapes(min_dims=2, max_dims=3, max_side=4))
    )
)
NAMES = st.text("abcxyz_", min_size=1, max_size=12).filter(lambda name: not name.startswith("_"))
STRUCTS = st.dictionaries(
    NAMES, ARRAYS | st.dictionaries(NAMES, ARRAYS, min_size=1, max_size=2), min_size=1, max_size=3
)


def same(ours, theirs):
    if isinstance(theirs, dict):
        return set(ours) == set(theirs) and all(same(ours[key], theirs[key]) for key in theirs)
    return ours.dtype == theirs.dtype and np.array_equal(ours, theirs.reshape(ours.shape))


@settings(max_examples=60, deadline=None)
@given(STRUCTS, st.booleans())
def test_structs_are_read_as_scipy_writes_them(tmp_path_factory, struct, compressed):
    file = tmp_path_factory.mktemp("mat") / "some.mat"
    savemat(file, {"other": np.ones((2, 2)), "dataset": struct}, do_compression=compressed)
    assert same(read_matlab(file, "dataset"), struct)


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    parts = {
        part: {"images": rng.integers(0, 256, (3, 784), np.uint8), "labels": np.array([[1], [2], [26]], np.uint8)}
        for part in ("train", "test")
    }
    savemat(tmp_path / "e.mat", {"dataset": parts})
    return tmp_path / "e.mat"


def test_every_damaged_byte_of_the_structure_is_an_error_or_read(file):
    """With scipy, one changed byte in fifty ended the process."""
    raw = file.read_bytes()
    rng = np.random.default_rng(0)
    outcomes = set()
    for at in range(len(raw)):
        if 900 < at < len(raw) - 900 and at % 16:  # pixels, for the most part
            continue
        file.write_bytes(raw[:at] + bytes([int(rng.integers(256))]) + raw[at + 1 :])
        try:
            load_emnist(file)
            outcomes.add("read")
        except DataError:
            outcomes.add("error")
    assert outcomes == {"read", "error"}


def test_every_truncated_file_is_an_error(file):
    raw = file.read_bytes()
    for size in [*range(0, 600), *range(600, len(raw), 97)]:
        file.write_bytes(raw[:size])
        with pytest.raises(DataError, match="cannot be read as"):
            load_emnist(file)


def test_a_shape_that_the_numbers_do_not_have_is_an_error_before_anything_is_reserved(file):
    raw = bytearray(file.read_bytes())
    shape = np.array([3, 784], "<i4").tobytes()
    at = raw.find(shape)
    raw[at : at + 8] = np.array([2**31 - 1, 2**31 - 1], "<i4").tobytes()
    file.write_bytes(raw)
    tracemalloc.start()
    with pytest.raises(MatlabError, match="numbers for the shape"):
        read_matlab(file, "dataset")
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_a_variable_that_expands_beyond_the_limit_is_an_error(file, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.datasets._matlab.MAX_BYTES", 1_000_000)
    packed = zlib.compress(bytes(5_000_000))
    file.write_bytes(file.read_bytes()[:128] + np.array([15, len(packed)], "<u4").tobytes() + packed)
    with pytest.raises(MatlabError, match="more than 1,000,000 bytes"):
        read_matlab(file, "dataset")


@pytest.mark.parametrize(
    "value", ["text", np.array([1 + 2j]), np.array(["a", 1], object), {"deep": {"er": {"and": {"deeper": {"x": 1}}}}}]
)
def test_other_contents_are_errors(tmp_path, value):
    savemat(tmp_path / "x.mat", {"dataset": value})
    with pytest.raises(MatlabError, match="is no array of real numbers"):
        read_matlab(tmp_path / "x.mat", "dataset")
    assert MAX_DEPTH == 4


def test_a_missing_variable_names_those_that_are_there(tmp_path):
    savemat(tmp_path / "x.mat", {"a": 1, "b": 2})
    with pytest.raises(MatlabError, match="no variable 'dataset'; it has 'a', 'b'"):
        read_matlab(tmp_path / "x.mat", "dataset")
