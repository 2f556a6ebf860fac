import contextlib
import csv
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ensemble_hwr.datasets import LetterSet, load_npz, open_letters, save_npz
from ensemble_hwr.exceptions import DataError

FIELDS = ("source", "writer", "split", "suspect")
# numpy's text arrays drop NUL characters at the end
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)


def simple(n=2):
    return LetterSet(np.zeros((n, 784), np.uint8), np.array(["A"] * n), name="simple")


@st.composite
def letter_sets(draw):
    n = draw(st.integers(0, 4))
    seed = draw(st.integers(0, 1000))
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 784), np.uint8)
    column = st.lists(texts, min_size=n, max_size=n).map(lambda values: np.array(values, dtype=np.str_))
    splits = st.lists(st.sampled_from(["train", "test", ""]), min_size=n, max_size=n)
    flags = st.lists(st.booleans(), min_size=n, max_size=n)
    return LetterSet(
        pixels if draw(st.booleans()) else (pixels / np.float32(255)),
        draw(column),
        source=draw(st.none() | column),
        writer=draw(st.none() | column),
        split=draw(st.none() | splits.map(lambda values: np.array(values, dtype=np.str_))),
        suspect=draw(st.none() | flags.map(lambda values: np.array(values, dtype=np.bool_))),
        name=draw(texts),
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters=letter_sets())
def test_round_trip(tmp_path, letters):
    file = tmp_path / "any.npz"
    save_npz(file, letters)
    back = load_npz(file)
    assert back.data.dtype == letters.data.dtype
    assert (back.data == letters.data).all()
    assert back.target.tolist() == letters.target.tolist()
    assert back.name == letters.name
    for field in FIELDS:
        before, after = getattr(letters, field), getattr(back, field)
        assert (before is None) == (after is None)
        assert before is None or before.tolist() == after.tolist()
    assert list(tmp_path.iterdir()) == [file]


def test_pictures_are_rejected(tmp_path):
    with pytest.raises(DataError, match="to_rows"):
        save_npz(tmp_path / "x.npz", LetterSet(["a.png"], np.array(["A"])))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "x.npz"
    save_npz(file, simple(1))

    def interrupted(stream, **arrays):
        stream.write(b"PK half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_npz(file, simple(2))
    assert len(load_npz(file)) == 1
    assert list(tmp_path.iterdir()) == [file]


def test_a_missing_folder_is_reported(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        save_npz(tmp_path / "no" / "x.npz", simple())


def test_pickled_objects_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    file = tmp_path / "x.npz"
    np.savez(file, data=np.zeros((1, 784), np.uint8), target=np.array([Trap()], dtype=object))
    with pytest.raises(DataError, match=r"x\.npz: .*pickled objects are not allowed"):
        load_npz(file)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"data": np.zeros((1, 784), np.uint8)}, "no array 'target'"),
        ({"target": np.array(["A"])}, "no array 'data'"),
        (
            {"data": np.zeros((1, 784), np.uint8), "target": np.array(["A"]), "wrtier": np.array(["1"])},
            "unknown array 'wrtier'; allowed are data, target",
        ),
        ({"data": np.zeros((1, 784), np.uint8), "target": np.array([1])}, r"x\.npz: .*target must be text"),
        ({"data": np.zeros((2, 784), np.uint8), "target": np.array(["A"])}, r"x\.npz: .*target"),
        ({"data": np.zeros((1, 100), np.uint8), "target": np.array(["A"])}, r"x\.npz: .*\(1, 100\)"),
    ],
)
def test_other_contents_are_reported(tmp_path, arrays, message):
    file = tmp_path / "x.npz"
    np.savez(file, **arrays)
    with pytest.raises(DataError, match=message):
        load_npz(file)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"data": np.zeros((100_000, 784), np.uint8)},
            r".*would take 78,400,000 in memory",
        ),
        ({"writer": np.array(["x" * 1001])}, ".*values of type <U1001; expected numbers, or text"),
        ({"data": np.zeros(1, [("a", "u1", 784)])}, ".*expected numbers"),
        ({"name": np.zeros(1, complex)}, ".*expected numbers"),
    ],
)
def test_arrays_that_would_fill_the_memory_are_refused_before_they_are_read(tmp_path, arrays, message):
    file = tmp_path / "x.npz"
    np.savez_compressed(file, **{"data": np.zeros((1, 784), np.uint8), "target": np.array(["A"])} | arrays)
    arrays.clear()
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"x\.npz: {message}"):
        load_npz(file)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_files_of_another_kind(tmp_path):
    file = tmp_path / "x.npz"
    for raw in (b"", b"text", b"PK\3\4 no archive"):
        file.write_bytes(raw)
        with pytest.raises(DataError, match=r"x\.npz: "):
            load_npz(file)
    with open(file, "wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(DataError, match=r"not an \.npz file"):
        load_npz(file)
    with pytest.raises(DataError, match="no such file"):
        load_npz(tmp_path / "none.npz")
    with pytest.raises(DataError, match="is a folder"):
        load_npz(tmp_path)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_truncated_files(tmp_path, keep):
    file = tmp_path / "x.npz"
    save_npz(file, simple(200))
    raw = file.read_bytes()
    file.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(DataError, match=r"x\.npz"):
        load_npz(file)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_raises_a_data_error_or_is_harmless(tmp_path, at, flip):
    file = tmp_path / "x.npz"
    save_npz(file, simple(3))
    raw = bytearray(file.read_bytes())
    raw[int(at * len(raw))] ^= flip
    file.write_bytes(raw)
    with contextlib.suppress(DataError):
        assert load_npz(file).target.tolist() == ["A"] * 3


def test_open_letters_detects_the_format(tmp_path):
    picture = Image.fromarray(np.eye(20, dtype=np.uint8) * 255)
    for label in "AB":
        (tmp_path / "folders" / label).mkdir(parents=True)
        picture.save(tmp_path / "folders" / label / "1.png")
    assert open_letters(tmp_path / "folders").target.tolist() == ["A", "B"]
    index = tmp_path / "folders" / "list.csv"
    with index.open("w", newline="") as stream:
        csv.writer(stream).writerows([["path", "label"], ["B/1.png", "Q"]])
    assert open_letters(index).target.tolist() == ["Q"]
    os.rename(index, index.with_name("index.csv"))
    assert open_letters(tmp_path / "folders").target.tolist() == ["Q"]
    rows = tmp_path / "rows.csv"
    rows.write_text("3," + ",".join(["0"] * 783 + ["9"]) + "\n")
    assert open_letters(rows).target.tolist() == ["D"]
    save_npz(tmp_path / "a.npz", LetterSet(np.zeros((1, 784), np.uint8), np.array(["A"])))
    assert open_letters(tmp_path / "a.npz").target.tolist() == ["A"]


def test_pictures_of_one_size_are_loaded_as_pictures(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    np.savez_compressed(tmp_path / "x.npz", data=pictures, target=np.array(["a", "B", "3"]), name=np.array("pack"))
    letters = load_npz(tmp_path / "x.npz")
    assert repr(letters) == "LetterSet('pack': 3 letters of 3 classes, pictures)"
    np.testing.assert_array_equal(np.stack(list(letters.data)), pictures)
    assert len(open_letters(tmp_path / "x.npz").take([0, 2])) == 2


@pytest.mark.parametrize(
    "pictures",
    [np.zeros((2, 9, 9)), np.zeros((2, 0, 9), np.uint8), np.zeros((2, 9, 9), np.int64), np.zeros((2, 9, 9), "U1")],
)
def test_pictures_of_another_type_or_without_pixels_are_reported(tmp_path, pictures):
    np.savez_compressed(tmp_path / "x.npz", data=pictures, target=np.array(["A", "B"]))
    with pytest.raises(DataError, match=r"pictures must be of shape \(n, height, width\) and type uint8"):
        load_npz(tmp_path / "x.npz")
