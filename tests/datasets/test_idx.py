"""idx files, against files written by hand."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest

from ensemble_hwr.datasets._idx import open_idx, read_images, read_labels, righted
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


def test_images_that_are_kept_are_turned_upright_in_order(images):
    keep = np.array([1, 0, 0, 1, 1, 0, 0, 0, 1], dtype=bool)
    out = np.zeros((4, 784), np.uint8)
    read_images(io.BytesIO(images_file(images)), "x", keep, out)
    for row, image in zip(out, images[keep], strict=True):
        np.testing.assert_array_equal(row.reshape(28, 28), image.T)


def test_turning_twice_changes_nothing_and_a_pixel_moves_across_the_diagonal(images):
    rows = images.reshape(-1, 784)
    np.testing.assert_array_equal(righted(righted(rows)), rows)
    one = np.zeros((1, 784), np.uint8)
    one[0, 28 * 2 + 5] = 9
    assert np.flatnonzero(righted(one)).tolist() == [28 * 5 + 2]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "begins with nothing"),
        (b"\0\0\x08\x03\0\0\0\1", "begins with 00000803; .* in 1 dimensions begins with 00000801"),
        (b"\0\0\x0d\x01\0\0\0\1\0", "begins with 00000d01"),
        (b"\0\0\x08\x01\0\0", "ends within its header"),
        (b"\0\0\x08\x01\xff\xff\xff\xff", "promises 4294967295 entries"),
        (labels_file([1, 2, 3])[:-1], "ends after 2 labels"),
        (labels_file([1, 2, 3]) + b"\0", "goes on after the 3 labels"),
    ],
)
def test_labels_that_are_not_as_promised_are_refused(raw, said):
    with pytest.raises(DataError, match=f"place: .*{said}"):
        read_labels(io.BytesIO(raw), "place")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda images: images_file(images[:, :27]), "27x28 pixels; expected 28x28"),
        (lambda images: images_file(images[:8]), "8 images for 9 labels"),
        (lambda images: images_file(images)[:-1], "ends after 8 images of 9"),
        (lambda images: images_file(images) + b"\0", "goes on after the 9 images"),
    ],
)
def test_images_that_are_not_as_promised_are_refused(images, change, said):
    with pytest.raises(DataError, match=f"place: .*{said}"):
        read_images(io.BytesIO(change(images)), "place", np.ones(9, bool), np.zeros((9, 784), np.uint8))


@pytest.mark.parametrize("form", ["bare", "gz", "gzip folder", "zip", "zip of gz"])
def test_a_file_is_found_in_every_form(tmp_path, form):
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


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"neither some-idx1 nor some-idx1\.gz in it"), open_idx(tmp_path, "some-idx1"):
        pass
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("not-some-idx1", "x")
    with pytest.raises(DataError, match="among its 1 members"), open_idx(tmp_path / "a.zip", "some-idx1"):
        pass
