import gzip
import io
import string
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from ensemble_hwr.datasets import load_emnist
from ensemble_hwr.datasets._emnist import open_idx, read_images, read_labels, transposed
from ensemble_hwr.exceptions import DataError


def labels_file(labels):
    return b"\0\0\x08\x01" + struct.pack(">I", len(labels)) + bytes(labels)


def images_file(images):
    return b"\0\0\x08\x03" + struct.pack(">III", *images.shape) + images.tobytes()


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, size=(9, 28, 28), dtype=np.uint8)


def test_labels_are_the_bytes_after_the_header():
    assert read_labels(io.BytesIO(labels_file([3, 0, 255])), "x").tolist() == [3, 0, 255]
    assert read_labels(io.BytesIO(labels_file([])), "x").tolist() == []


def test_selected_images_are_transposed_in_order(images):
    keep = np.array([1, 0, 0, 1, 1, 0, 0, 0, 1], dtype=bool)
    out = np.zeros((4, 784), np.uint8)
    read_images(io.BytesIO(images_file(images)), "x", keep, out)
    for row, image in zip(out, images[keep], strict=True):
        np.testing.assert_array_equal(row.reshape(28, 28), image.T)


def test_transposing_twice_is_the_identity(images):
    rows = images.reshape(-1, 784)
    np.testing.assert_array_equal(transposed(transposed(rows)), rows)
    one = np.zeros((1, 784), np.uint8)
    one[0, 28 * 2 + 5] = 9
    assert np.flatnonzero(transposed(one)).tolist() == [28 * 5 + 2]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "begins with nothing"),
        (b"\0\0\x08\x03\0\0\0\1", "begins with 00000803; .* in 1 dimensions begins with 00000801"),
        (b"\0\0\x0d\x01\0\0\0\1\0", "begins with 00000d01"),
        (b"\0\0\x08\x01\0\0", "ends within its header"),
        (b"\0\0\x08\x01\xff\xff\xff\xff", "declares 4294967295 entries"),
        (labels_file([1, 2, 3])[:-1], "ends after 2 labels"),
        (labels_file([1, 2, 3]) + b"\0", "continues after the 3 labels"),
    ],
)
def test_labels_that_do_not_match_the_header_are_rejected(raw, said):
    with pytest.raises(DataError, match=f"place: .*{said}"):
        read_labels(io.BytesIO(raw), "place")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda images: images_file(images[:, :27]), "27x28 pixels; expected 28x28"),
        (lambda images: images_file(images[:8]), "8 images for 9 labels"),
        (lambda images: images_file(images)[:-1], "ends after 8 images of 9"),
        (lambda images: images_file(images) + b"\0", "continues after the 9 images"),
    ],
)
def test_images_that_do_not_match_the_header_are_rejected(images, change, said):
    with pytest.raises(DataError, match=f"place: .*{said}"):
        read_images(io.BytesIO(change(images)), "place", np.ones(9, bool), np.zeros((9, 784), np.uint8))


@pytest.mark.parametrize("form", ["bare", "gz", "gzip folder", "zip", "zip of gz"])
def test_a_file_is_found_in_every_format(tmp_path, form):
    raw = labels_file([7])
    place = tmp_path
    match form:
        case "bare":
            (tmp_path / "some-idx1").write_bytes(raw)
        case "gz":
            (tmp_path / "some-idx1.gz").write_bytes(gzip.compress(raw))
        case "gzip folder":
            (tmp_path / "gzip").mkdir()
            (tmp_path / "gzip" / "some-idx1.gz").write_bytes(gzip.compress(raw))
        case _:
            place = tmp_path / "all.zip"
            packed = form == "zip of gz"
            with zipfile.ZipFile(place, "w") as archive:
                archive.writestr("readme", "x")
                archive.writestr(
                    "deep/some-idx1.gz" if packed else "deep/some-idx1", gzip.compress(raw) if packed else raw
                )
    with open_idx(place, "some-idx1") as (stream, where):
        assert read_labels(stream, where).tolist() == [7]
    assert "some-idx1" in where


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(DataError, match=r"neither some-idx1 nor some-idx1\.gz"), open_idx(tmp_path, "some-idx1"):
        pass
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("not-some-idx1", "x")
    with pytest.raises(DataError, match="among its 1 members"), open_idx(tmp_path / "a.zip", "some-idx1"):
        pass


def by_class(character):
    return (string.digits + string.ascii_uppercase + string.ascii_lowercase).index(character)


def store(folder, files, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / (f"{name}.gz" if compress else name)).write_bytes(gzip.compress(raw) if compress else raw)
    return folder


def store_mat(file, parts, mapping=((0, 48),), **extra):
    """EMNIST's .mat: images column by column, 784 a row; labels and writers as columns."""
    dataset = {"mapping": np.array(mapping)}
    for part, (labels, images) in parts.items():
        columns = images.transpose(0, 2, 1).reshape(len(images), 784)
        writers = np.arange(len(labels))[:, None] + 100
        dataset[part] = {"images": columns, "labels": labels[:, None], "writers": writers} | extra
    savemat(file, {"dataset": dataset})
    return file


@pytest.fixture(params=["idx", "gz", "gzip folder", "zip", "mat", "mat folder"])
def stored(request, tmp_path, emnist_bytes, emnist_zip):
    """Store the parts of a split in one of the published formats; return the path to load."""

    def make(split, parts):
        files = emnist_bytes(split, parts)
        match request.param:
            case "idx":
                return store(tmp_path, files)
            case "gz":
                return store(tmp_path, files, compress=True)
            case "gzip folder":
                return store(tmp_path / "gzip", files, compress=True).parent
            case "zip":
                return emnist_zip(split, parts)
            case "mat":
                return store_mat(tmp_path / "some.mat", parts)
            case "mat folder":
                (tmp_path / "matlab").mkdir()
                return store_mat(tmp_path / "matlab" / f"emnist-{split}.mat", parts).parent.parent

    return make


def test_letters_in_every_format(stored, emnist_parts):
    parts = emnist_parts([1, 26, 2], [3])
    letters = load_emnist(stored("letters", parts))
    assert letters.target.tolist() == ["A", "Z", "B", "C"]
    assert letters.split.tolist() == ["train", "train", "train", "test"]
    assert letters.data.dtype == np.uint8
    upright = np.concatenate([parts["train"][1], parts["test"][1]])
    assert (letters.data.reshape(-1, 28, 28) == upright).all()
    assert letters.name == "emnist-letters"


def test_uppercase_only_in_every_format(stored, emnist_parts):
    parts = emnist_parts([by_class(c) for c in "0Aa9Z"], [by_class(c) for c in "zB"])
    letters = load_emnist(stored("byclass", parts), "byclass", uppercase_only=True)
    assert letters.target.tolist() == ["A", "Z", "B"]
    assert (letters.data[1].reshape(28, 28) == parts["train"][1][4]).all()
    assert (letters.data[2].reshape(28, 28) == parts["test"][1][1]).all()


@pytest.mark.parametrize("subset", ["train", "test"])
def test_one_part(tmp_path, emnist_bytes, emnist_parts, subset):
    store(tmp_path, emnist_bytes("letters", emnist_parts([1, 2], [3])))
    assert set(load_emnist(tmp_path, subset=subset).split) == {subset}


@pytest.mark.parametrize(
    ("split", "n", "characters"),
    [
        ("byclass", 62, string.digits + string.ascii_uppercase + string.ascii_lowercase),
        ("bymerge", 47, string.digits + string.ascii_uppercase + "abdefghnqrt"),
        ("balanced", 47, string.digits + string.ascii_uppercase + "abdefghnqrt"),
    ],
)
def test_labels_of_every_split(tmp_path, emnist_bytes, emnist_parts, *, split, n, characters):
    store(tmp_path, emnist_bytes(split, emnist_parts(range(n), [0])))
    letters = load_emnist(tmp_path, split, subset="train")
    assert "".join(letters.target) == characters
    capitals = load_emnist(tmp_path, split, subset="train", uppercase_only=True)
    assert "".join(capitals.target) == string.ascii_uppercase


def test_uppercase_only_is_rejected_for_merged_cases(tmp_path):
    with pytest.raises(DataError, match="byclass"):
        load_emnist(tmp_path, "letters", uppercase_only=True)


def test_writers_are_read_from_mat(tmp_path, emnist_parts):
    file = store_mat(tmp_path / "e.mat", emnist_parts([1, 2], [3]))
    assert load_emnist(file).writer.tolist() == ["100", "101", "100"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=st.lists(st.integers(0, 61), min_size=1, max_size=9), seed=st.integers(0, 99), uppercase=st.booleans())
def test_idx_files_round_trip(tmp_path, emnist_bytes, emnist_parts, *, labels, seed, uppercase):
    parts = emnist_parts(labels, [10], seed)
    store(tmp_path, emnist_bytes("byclass", parts), compress=bool(seed % 2))
    letters = load_emnist(tmp_path, "byclass", subset="train", uppercase_only=uppercase)
    keep = [i for i, label in enumerate(labels) if not uppercase or 10 <= label < 36]
    assert (letters.data.reshape(-1, 28, 28) == parts["train"][1][keep]).all()
    assert [by_class(c) for c in letters.target] == [labels[i] for i in keep]
    for file in tmp_path.iterdir():
        file.unlink()


def test_more_images_than_one_block(tmp_path, emnist_bytes, emnist_parts):
    parts = emnist_parts(np.arange(5000) % 26 + 1, [1])
    store(tmp_path, emnist_bytes("letters", parts))
    letters = load_emnist(tmp_path, subset="train")
    assert (letters.data.reshape(-1, 28, 28) == parts["train"][1]).all()


IMAGES, LABELS = "emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte"


@pytest.fixture
def spoiled(tmp_path, emnist_bytes, emnist_parts):
    """Load a split after changing the bytes of one file."""

    def load(name, change, compress=False):
        files = emnist_bytes("letters", emnist_parts([1, 2, 3], [4]))
        if not compress:
            files[name] = change(files[name])
        store(tmp_path, files, compress)
        if compress:
            file = tmp_path / f"{name}.gz"
            file.write_bytes(change(file.read_bytes()))
        return load_emnist(tmp_path)

    return load


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (IMAGES, lambda raw: b"\0\0\x0d\x03" + raw[4:], "begins with 00000d03; .* 00000803"),
        (LABELS, lambda raw: b"PK" + raw[2:], "begins with 504b0801"),
        (IMAGES, lambda raw: b"", "begins with nothing"),
        (IMAGES, lambda raw: raw[:9], "ends within its header"),
        (IMAGES, lambda raw: raw[:-1], "ends after 2 images of 3"),
        (IMAGES, lambda raw: raw + b"\0", "continues after the 3 images"),
        (LABELS, lambda raw: raw[:-1], "ends after 2 labels"),
        (LABELS, lambda raw: raw + b"\1", "continues after the 3 labels"),
        (LABELS, lambda raw: raw[:-1] + b"\0", "label 0 at 2; .* 1 to 26"),
        (LABELS, lambda raw: raw[:-1] + b"\x1b", "label 27 at 2"),
        (IMAGES, lambda raw: raw[:8] + b"\0\0\0\x1d" + raw[12:], "29x28"),
        (LABELS, lambda raw: raw[:4] + b"\xff\xff\xff\xff" + raw[8:], "declares 4294967295"),
    ],
)
def test_malformed_idx_files_are_reported(spoiled, name, change, message):
    with pytest.raises(DataError, match=f"{name}: .*{message}"):
        spoiled(name, change)


def test_files_of_different_lengths_are_rejected(spoiled):
    with pytest.raises(DataError, match="3 images for 2 labels"):
        spoiled(LABELS, lambda raw: raw[:7] + b"\2\1\1")


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:-4],  # the checksum's end is missing
        lambda raw: raw[:40] + b"\xff\xff\xff\xff" + raw[44:],
        lambda raw: b"no gzip",
        lambda raw: raw[:-8] + b"\0\0\0\0" + raw[-4:],  # wrong checksum
    ],
)
def test_damaged_gzip_files_are_reported(spoiled, change):
    with pytest.raises(DataError, match=rf"{IMAGES}\.gz: "):
        spoiled(IMAGES, change, compress=True)


def test_missing_files_are_reported(tmp_path, emnist_zip, emnist_parts):
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        load_emnist(tmp_path / "nowhere")
    with pytest.raises(DataError, match="neither emnist-letters-train-labels-idx1-ubyte nor"):
        load_emnist(tmp_path)
    archive = emnist_zip("letters", emnist_parts([1], [1]))
    with pytest.raises(DataError, match=r"neither emnist-balanced-train.* among its 4 members"):
        load_emnist(archive, "balanced")


def test_invalid_and_truncated_archives(tmp_path, emnist_zip, emnist_parts):
    archive = emnist_zip("letters", emnist_parts([1, 2], [3]))
    raw = archive.read_bytes()
    archive.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"gzip\.zip: cannot be read"):
        load_emnist(archive)
    spoiled = bytearray(raw)
    with zipfile.ZipFile(emnist_zip("letters", emnist_parts([1, 2], [3]))) as whole:
        spoiled[whole.infolist()[1].header_offset + 200] ^= 0xFF
    archive.write_bytes(spoiled)
    with pytest.raises(DataError, match="emnist-letters-train-images-idx3-ubyte"):
        load_emnist(archive)


@pytest.mark.parametrize(("setting", "value"), [("split", "digits"), ("subset", "validation")])
def test_unknown_settings_are_rejected(tmp_path, setting, value):
    with pytest.raises(DataError, match=f"{setting} must be one of .*{value}"):
        load_emnist(tmp_path, **{setting: value})


def test_malformed_mat_files_are_reported(tmp_path, emnist_parts):
    file = tmp_path / "e.mat"
    for raw in (b"", b"MATLAB 5.0 MAT-file" + bytes(300), bytes(range(200))):
        file.write_bytes(raw)
        with pytest.raises(DataError, match=r"e\.mat: cannot be read"):
            load_emnist(file)
    savemat(file, {"other": 1})
    with pytest.raises(DataError, match="cannot be read"):
        load_emnist(file)
    parts = emnist_parts([1, 2], [3])
    raw = store_mat(file, parts).read_bytes()
    file.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DataError, match=r"e\.mat: cannot be read"):
        load_emnist(file)
    for extra, message in [
        ({"images": np.zeros((2, 784))}, "float64 for 2 labels"),
        ({"images": np.zeros((2, 700), np.uint8)}, r"\(2, 700\)"),
        ({"labels": np.array([[1], [27]])}, "label 27 at 1"),
        ({"labels": np.array([[1.0], [1.5]])}, "dtype float64"),
        ({"writers": np.array([[1]])}, "1 writers for 2 labels"),
    ]:
        store_mat(file, parts, **extra)
        with pytest.raises(DataError, match=rf"dataset\.train: .*{message}"):
            load_emnist(file)


def test_a_missing_field_of_mat_is_reported(tmp_path):
    file = tmp_path / "e.mat"
    savemat(file, {"dataset": {part: {"images": np.zeros((1, 784), np.uint8)} for part in ("train", "test")}})
    with pytest.raises(DataError, match="no field 'labels'"):
        load_emnist(file)
