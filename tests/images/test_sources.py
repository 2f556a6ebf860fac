from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import sparse

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import open_picture
from ensemble_hwr.images.sources import as_pictures, map_pictures

ROWS = np.arange(3 * 16, dtype=np.uint8).reshape(3, 16)
SQUARES = ROWS.reshape(3, 4, 4)


@pytest.mark.parametrize(
    "X",
    [ROWS, SQUARES, ROWS.tolist(), list(ROWS), tuple(ROWS), SQUARES.astype(float), ROWS.astype(object)],
    ids=["rows", "pictures", "lists", "list of rows", "tuple", "floats", "objects"],
)
def test_rows_and_arrays_are_split_into_square_pictures(X):
    pictures = as_pictures(X)
    assert len(pictures) == 3
    np.testing.assert_array_equal(np.stack(pictures), SQUARES)


def test_colour_channels_are_kept():
    colour = np.zeros((2, 5, 7, 3), np.uint8)
    assert [picture.shape for picture in as_pictures(colour)] == [(5, 7, 3)] * 2


@pytest.mark.parametrize(
    "X",
    [
        ["a.png", "b.png"],
        [Path("a.png"), b"bytes"],
        np.array(["a.png", "b.png"]),
        [np.zeros((3, 4)), np.zeros((5, 2))],
        [Image.new("L", (3, 3)), "a.png"],
        np.array([np.zeros((3, 4)), "a.png"], dtype=object),
    ],
    ids=["paths", "mixed", "array of paths", "sizes", "images", "objects"],
)
def test_separate_pictures_are_returned_unchanged(X):
    pictures = as_pictures(X)
    assert len(pictures) == 2
    assert all(given is taken for given, taken in zip(X, pictures, strict=True)) or list(X) == list(pictures)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a.png", TypeError, "got one .*put it into a list"),
        (Image.new("L", (3, 3)), TypeError, "put it into a list"),
        (sparse.csr_array(np.eye(4)), TypeError, "sparse matrix; use X.toarray"),
        (3, TypeError, "object of type int"),
        ({"a.png"}, TypeError, "object of type set"),
        ([], ValueError, "at least one picture"),
        (np.zeros((0, 16)), ValueError, "at least one picture"),
        (np.zeros((2, 15)), ValueError, "square picture, .* got 15 columns"),
        (np.zeros((2, 0)), ValueError, "got 0 columns"),
        (np.zeros(16), ValueError, r"got shape \(16,\)"),
        ([1.0, 2.0], ValueError, r"got shape \(2,\)"),
        (np.zeros((1, 2, 2, 2, 2)), ValueError, "2 .rows., 3 or 4 dimensions"),
    ],
)
def test_invalid_sequences_raise_an_error_with_advice(X, error, message):
    with pytest.raises(error, match=message):
        as_pictures(X)


GREY = np.arange(16, dtype=np.uint8).reshape(4, 4)


@pytest.mark.parametrize(("n_jobs", "batch_size"), [(None, 1), (None, 2), (2, 1), (2, 2)])
def test_map_pictures_keeps_order_and_reports_unreadable_pictures(n_jobs, batch_size):
    X = [GREY, "missing.png", GREY.T, b"", GREY + 1]
    results, failures = map_pictures(open_picture, X, blank=list, n_jobs=n_jobs, batch_size=batch_size)
    for place, expected in ((0, GREY), (2, GREY.T), (4, GREY + 1)):
        np.testing.assert_array_equal(results[place], expected)
    assert results[1] == results[3] == []
    assert list(failures) == [1, 3]
    assert failures[1] == "'missing.png': there is no such file"


def test_map_pictures_raises_for_the_first_unreadable_picture():
    with pytest.raises(PictureError, match=r"^picture 1: 'missing.png': there is no such file$"):
        map_pictures(open_picture, [GREY, "missing.png", "gone.png"])


def test_map_pictures_raises_for_an_unreadable_picture_in_another_process():
    with pytest.raises(PictureError, match=r"^picture 1: 'missing.png': there is no such file$"):
        map_pictures(open_picture, [GREY, "missing.png", GREY], n_jobs=2)


def test_map_pictures_accepts_one_array_of_pictures():
    results, failures = map_pictures(np.shape, np.zeros((3, 16)))
    assert (results, failures) == ([(4, 4)] * 3, {})
