import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.datasets import LetterSet, concatenate
from ensemble_hwr.datasets._letters import BATCH
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.preprocessing import LetterNormalizer


def rows(n, dtype=np.uint8):
    return np.zeros((n, 784), dtype)


def labels(text):
    return np.array(list(text))


def full_set(n=4):
    return LetterSet(
        np.arange(n, dtype=np.uint8)[:, None].repeat(784, axis=1),
        labels("ABCD"[:n]),
        source=labels("pqpq"[:n]),
        writer=labels("1122"[:n]),
        split=np.array(["train", "test", "", "train"][:n]),
        suspect=np.arange(n) % 2 == 0,
        name="full",
    )


@pytest.mark.parametrize("index", [[2, 0], np.array([False, False, True, False]), [3, 3], []])
def test_take_selects_from_every_field(index):
    letters = full_set()
    taken = letters.take(index)
    expected = np.arange(4)[np.asarray(index, dtype=None if len(index) else int)]
    assert taken.data[:, 0].tolist() == expected.tolist()
    for field in ("target", "source", "writer", "split", "suspect"):
        assert getattr(taken, field).tolist() == getattr(letters, field)[expected].tolist()
    assert taken.name == "full"
    assert len(taken) == len(expected)


def test_take_rejects_a_mask_of_another_length():
    with pytest.raises(DataError, match="4 letters"):
        full_set().take([True, False])


def test_unknown_fields_stay_unknown():
    taken = LetterSet(rows(2), labels("AB")).take([1])
    assert taken.source is None
    assert taken.suspect is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": labels("AB")}, "target.*3 letters.*\\(2,\\)"),
        ({"target": np.array([1, 2, 3])}, "target must be text"),
        ({"target": np.array(["A", 2, None], object)}, "target must be text, got 2"),
        ({"data": np.zeros((3, 783), np.uint8)}, "\\(3, 783\\)"),
        ({"data": np.zeros((3, 28, 28), np.uint8)}, "784"),
        ({"data": np.zeros((3, 784), np.int64)}, "int64"),
        ({"data": np.full((3, 784), 255.0)}, "divide by 255"),
        ({"data": np.full((3, 784), np.nan)}, "between 0"),
        ({"data": np.array(["a", "b", "c"])}, "object array"),
        ({"source": labels("AB")}, "source"),
        ({"writer": np.array([1, 2, 3])}, "writer must be text"),
        ({"split": np.array(["train", "valid", ""])}, "'valid'"),
        ({"suspect": np.array([0, 1, 0])}, "True or False"),
    ],
)
def test_malformed_sets_are_rejected(change, message):
    fields = {"data": rows(3), "target": labels("ABC"), "name": "mine"} | change
    with pytest.raises(DataError, match=message):
        LetterSet(**fields)


def test_a_list_of_equal_shapes_is_read_as_pictures():
    letters = LetterSet([np.zeros((5, 5)), np.zeros((5, 5))], labels("AB"))
    assert letters.data.shape == (2,)
    assert not letters.is_rows


def test_object_labels_become_strings():
    letters = LetterSet(rows(2), np.array(["A", "B"], object))
    assert letters.target.dtype.kind == "U"


def test_counts_and_repr():
    letters = LetterSet(rows(3), labels("BAB"))
    assert letters.counts() == {"A": 1, "B": 2}
    assert repr(letters) == "LetterSet(3 letters of 2 classes, rows)"


def test_rows_are_converted_to_ink():
    letters = LetterSet(np.full((1, 784), 255, np.uint8), labels("A"))
    ink = letters.to_rows()
    assert ink.dtype == np.float32
    assert (ink == 1).all()
    half = LetterSet(np.full((1, 784), 0.5), labels("A")).to_rows()
    assert half.dtype == np.float32
    assert (half == 0.5).all()


class MeanShade:
    """A minimal normalizer that shows its input."""

    def __sklearn_clone__(self):
        return MeanShade()

    def fit_transform(self, pictures):
        return np.array([np.full(784, picture.mean()) for picture in pictures])


def test_a_given_normalizer_gets_pictures_and_rows_as_images():
    pictures = LetterSet([np.full((3, 9), 0.25), np.full((40, 4), 0.5)], labels("AB"))
    assert pictures.to_rows(MeanShade())[:, 0].tolist() == [0.25, 0.5]
    drawn = LetterSet(np.full((1, 784), 7, np.uint8), labels("A"))
    assert drawn.to_rows(MeanShade())[0, 0] == 7


def test_pictures_are_normalized_by_default(tmp_path):
    picture = np.full((60, 40), 255, np.uint8)
    picture[10:50, 18:24] = 0
    file = tmp_path / "I.png"
    Image.fromarray(picture).save(file)
    letters = LetterSet([picture, str(file), file.read_bytes()], labels("III"))
    ink = letters.to_rows()
    assert ink.shape == (3, 784)
    assert ink.dtype == np.float32
    assert ink.max() > 0.5
    assert (ink[0] == ink[1]).all()
    assert (ink[0] == ink[2]).all()


def test_no_pictures_give_no_rows():
    assert LetterSet([], labels("")).to_rows().shape == (0, 784)


def test_concatenate_keeps_order_and_fills_unknown_fields():
    known, bare = full_set(), LetterSet(rows(1), labels("Z"), name="bare")
    both = concatenate([bare, known], name="both")
    assert both.target.tolist() == list("ZABCD")
    assert both.source.tolist() == ["bare", *"pqpq"]
    assert both.writer.tolist() == ["", *"1122"]
    assert both.split.tolist() == ["", "train", "test", "", "train"]
    assert both.suspect.tolist() == [False, True, False, True, False]
    assert both.name == "both"


def test_concatenate_converts_bytes_and_floats_to_one_scale():
    a = LetterSet(np.full((1, 784), 255, np.uint8), labels("A"))
    b = LetterSet(np.ones((1, 784), np.float32), labels("B"))
    assert (concatenate([a, b]).data == 1).all()


def test_concatenate_of_unnamed_sets_has_no_source():
    a = LetterSet(rows(1), labels("A"))
    assert concatenate([a, a]).source is None


def test_concatenate_rejects_an_empty_list_and_mixtures():
    with pytest.raises(DataError, match="at least one"):
        concatenate([])
    with pytest.raises(DataError, match="to_rows"):
        concatenate([LetterSet(rows(1), labels("A")), LetterSet(["a.png"], labels("A"))])


def test_progress_is_reported_per_batch_of_pictures_and_not_for_rows():
    rows = LetterSet(np.full((3, 784), 255, np.uint8), np.array(["A", "B", "C"]))
    np.testing.assert_array_equal(rows.to_rows(on_progress=print), np.ones((3, 784), np.float32))
    picture = np.zeros((12, 12), np.uint8)
    picture[3:9, 5:7] = 255
    n = BATCH + 5
    reported = []
    pictures = LetterSet([picture] * n, np.array(["A"] * n))
    ink = pictures.to_rows(LetterNormalizer(), on_progress=lambda *args: reported.append(args))
    assert reported == [(BATCH, n), (n, n)]
    assert (ink == ink[0]).all()
    np.testing.assert_array_equal(ink, pictures.to_rows())


def test_an_unreadable_picture_is_numbered_from_the_first_of_all_batches():
    picture = np.zeros((12, 12), np.uint8)
    picture[3:9, 5:7] = 255
    data = [picture] * (BATCH + 2) + [np.zeros((5, 5), np.uint8)]
    with pytest.raises(PictureError, match=rf"^picture {BATCH + 2}: "):
        LetterSet(data, np.array(["A"] * len(data))).to_rows(on_progress=lambda done, n: None)
