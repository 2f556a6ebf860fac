import gzip
import json
import zipfile

import numpy as np
import pytest

from ensemble_hwr import LetterNormalizer, PageReader, WordReader, WordSegmenter, compose_words, generate_letters
from ensemble_hwr._deadlines import check_time, deadline, timed
from ensemble_hwr.canvas import Drawing, load_drawing, render
from ensemble_hwr.datasets import load_emnist, load_index, load_nist, load_npz
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.reading import Lexicon
from ensemble_hwr.reading._lexicon import MAX_BYTES
from ensemble_hwr.segmentation import cut_strokes, cut_word


@pytest.fixture(scope="module")
def word():
    return compose_words(generate_letters(260, writers=5, random_state=0), ["TEN"], random_state=0)[0].picture


def test_loops_end_with_an_error_when_the_time_is_over():
    check_time()
    with deadline(1e-9), pytest.raises(PictureError, match="takes longer than 1e-09 seconds"):
        list(timed(range(100_000)))
    check_time()


def test_of_nested_deadlines_the_earlier_one_counts():
    with deadline(60):
        with deadline(1e-9), pytest.raises(PictureError):
            list(timed(range(100_000)))
        check_time()
        with deadline(None):
            check_time()
    with deadline(1e-9), deadline(60), pytest.raises(PictureError, match="1e-09"):
        list(timed(range(100_000)))


@pytest.mark.parametrize("reader", [WordReader(timeout=1e-9), PageReader(timeout=1e-9)], ids=["word", "page"])
def test_readers_end_with_an_error_when_the_time_of_a_picture_is_over(reader, word):
    with pytest.raises(PictureError, match=r"^array of shape .* takes longer"):
        reader.fit().read(word)
    assert reader.set_params(timeout=None).fit().read(word).text


@pytest.mark.parametrize("kind", [LetterNormalizer, WordSegmenter])
def test_transformers_of_pictures_end_with_an_error_when_the_time_of_a_picture_is_over(kind, word):
    with pytest.raises(PictureError, match="takes longer than 1e-09 seconds"):
        kind(timeout=1e-9).fit_transform([word])
    assert len(kind(timeout=None).fit_transform([word])) == 1


def test_the_timeout_of_a_reader_is_that_of_its_parts(word):
    reader = WordReader(cut="gaps", segmenter=WordSegmenter(timeout=1e-9), timeout=None).fit()
    assert reader.read(word).text


def test_a_comb_has_too_many_marks_to_be_writing():
    picture = np.full((60, 4000), 255, np.uint8)
    picture[10:50, ::3] = 0
    with pytest.raises(PictureError, match="too many marks to be writing"):
        cut_word(picture)


def test_thousands_of_strokes_are_too_many_marks_to_be_writing():
    strokes = [[(9 * x, 0), (9 * x, 90)] for x in range(2000)]
    with pytest.raises(PictureError, match="2,000 strokes are too many marks to be writing"):
        cut_strokes(strokes)


def strokes_file(folder, strokes):
    file = folder / "strokes.json"
    file.write_text(json.dumps({"format": "ensemble_hwr strokes", "version": 1, "strokes": strokes}))
    return file


@pytest.mark.parametrize(
    ("strokes", "reason"),
    [
        ([[[0, 0, 0], [1, 1, 0]]] * 10_000, "10,000 strokes"),
        ([[[0, 0, 0]] * 200_000], "200,000 points"),
        ([[[0, 0, 10**400]]], "must be a list of points"),
    ],
    ids=["strokes", "points", "time"],
)
def test_a_file_of_too_many_strokes_or_of_an_endless_time_is_an_error(strokes, reason, tmp_path):
    with pytest.raises(DataError, match=reason):
        load_drawing(strokes_file(tmp_path, strokes))


def test_strokes_far_apart_are_not_drawn():
    with pytest.raises(DataError, match="too far apart"):
        render(Drawing.from_arrays([[(-20_000, -20_000)], [(20_000, 20_000)]]))


def test_a_long_stroke_is_drawn_in_parts_as_in_one():
    path = [(0, 0), (3000, 1700), (100, 1900), (2900, 300)]
    grey = render(Drawing.from_arrays([path]))
    assert grey.shape == (1932, 3032)
    for x, y in [*path, (1500, 850), (1550, 1800), (1500, 1100)]:
        assert grey[y + 16, x + 16] < 60


def test_an_endless_word_list_is_an_error(tmp_path):
    with pytest.raises(DataError, match="is larger than"):
        Lexicon.from_file("/dev/zero")
    file = tmp_path / "words.txt"
    file.write_bytes(b"A" * (MAX_BYTES - 1))
    with pytest.raises(DataError, match="at most 100 letters"):
        Lexicon.from_file(file)
    file.write_bytes(b"\n".join(b"W%x" % number for number in range(1_100_000)))
    with pytest.raises(DataError, match="at most 500,000 words"):
        Lexicon.from_file(file)


def test_an_index_with_a_missing_picture_is_read_no_further(tmp_path):
    file = tmp_path / "index.csv"
    file.write_text("path,label\nmissing.png,A\n" + "x.png\n" * 10)
    with pytest.raises(DataError, match=r"line 2: 'missing\.png': no such picture"):
        load_index(file)


def test_an_index_of_one_endless_line_is_an_error(tmp_path):
    file = tmp_path / "index.csv"
    file.write_text("path,label\n" + "," * 200_000)
    with pytest.raises(DataError, match="is longer than 100,000 characters"):
        load_index(file)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"target": np.array([0x110000], np.uint32).view("U1")}, "not valid Unicode"),
        ({"target": np.array([0xD800], np.uint32).view("U1")}, "not valid Unicode"),
        ({"name": np.zeros((2, 2, 2))}, "name must be one text"),
        ({"data": np.zeros((300_000, 784), np.uint8), "target": np.repeat(["A"], 300_000)}, "would take"),
    ],
    ids=["beyond Unicode", "surrogate", "name", "blank"],
)
def test_npz_files_with_texts_or_sizes_that_no_letters_have_are_an_error(arrays, reason, tmp_path):
    letters = {"data": np.zeros((1, 784), np.uint8), "target": np.array(["A"]), **arrays}
    np.savez_compressed(tmp_path / "letters.npz", **letters)
    with pytest.raises(DataError, match=reason):
        load_npz(tmp_path / "letters.npz")


def test_an_archive_of_nist_that_expands_is_an_error(tmp_path):
    file = tmp_path / "by_class.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(80):
            archive.writestr(f"by_class/41/hsf_4/{number}.png", bytes(1 << 20))
    with pytest.raises(DataError, match="would take 83,886,080"):
        load_nist(file, letters="A", parts="hsf_4")


def test_a_compressed_idx_file_that_expands_is_an_error(tmp_path):
    count = 100_000
    head = bytes([0, 0, 8, 1]) + count.to_bytes(4, "big")
    labels = gzip.compress(head + bytes([1]) * count)
    (tmp_path / "emnist-letters-test-labels-idx1-ubyte.gz").write_bytes(labels)
    head = bytes([0, 0, 8, 3]) + count.to_bytes(4, "big") + bytes([0, 0, 0, 28] * 2)
    images = gzip.compress(head + bytes(784 * count))
    (tmp_path / "emnist-letters-test-images-idx3-ubyte.gz").write_bytes(images)
    with pytest.raises(DataError, match="would take 78,400,000"):
        load_emnist(tmp_path, "letters", subset="test")
